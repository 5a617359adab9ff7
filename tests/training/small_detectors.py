"""Detectors on encoders of a few hundred numbers, frozen at first."""

from whence.features import dasheng_mel_settings, yamnet_mel_settings
from whence.models import CompactDetectorSettings, DashengDetectorSettings, YamnetSettings
from whence.models.dasheng import DashengSettings
from whence.models.outputs import detection
from whence.training.recipe import NetworkRecipe, OptimizerSettings

DASHENG = DashengDetectorSettings(DashengSettings(width=8, depth=2, heads=2), hidden=(8,))
YAMNET = CompactDetectorSettings(YamnetSettings(width=1 / 32, batch_norm=True), width=8, recurrent=8)


def detector(model=DASHENG, phases=((0.25, 2), (0.5, 1)), **more):
    """12 steps: 3 with the whole encoder frozen, 3 with its first layers, 6 with all free."""
    features = dasheng_mel_settings() if model is DASHENG else yamnet_mel_settings()
    settings = OptimizerSettings(peak_rate=1e-2, weight_decay=0.1, average_decay=0.5)
    return NetworkRecipe("detector", model, features, detection(), 4, 3, 16, settings, frozen_encoder=phases, **more)
