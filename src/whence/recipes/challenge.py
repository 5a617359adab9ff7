"""`nercslip_2024`, `ntu`: two systems of earlier challenges, as far as their reports describe them."""

from dataclasses import replace

from whence.features import logmel_settings, perceptual_settings
from whence.models import MultiBranchSettings, challenge
from whence.models.outputs import ClasswiseSettings, DistanceScale
from whence.training import NetworkRecipe, OptimizerSettings, Recipe

_EPOCH_CLIPS = 16_384


def nercslip_2024() -> Recipe:
    """Three branches in one network: activity, direction, distance; loss weights 0.1, 1, 0.5.

    Source: technical report of NERC-SLIP, DCASE 2024 Task 3, for stereo instead of Ambisonic input.
    """
    output = ClasswiseSettings(
        direction="vector",
        scale=DistanceScale("relu", relative=True),
        activity_weight=0.1,
        direction_weight=1.0,
        distance_weight=0.5,
    )
    network = NetworkRecipe(
        "seld",
        MultiBranchSettings(),
        logmel_settings(),
        output,
        batch_clips=64,
        epochs=100,
        epoch_clips=_EPOCH_CLIPS,
        optimizer=OptimizerSettings(peak_rate=1e-3, warmup_share=0.1),
    )
    return Recipe("nercslip_2024", (network,), precision="bf16")


def ntu() -> Recipe:
    """Mid/side, intensity and coherence in front of a ResNet-Conformer, distances standardized.

    Source: Yeow et al. 2025, arXiv:2507.00874. The network is the widely used form; theirs has about 4 M parameters.
    """
    output = ClasswiseSettings(direction="vector", scale=DistanceScale("standard", relative=False))
    network = NetworkRecipe(
        "seld",
        # Features every 12.5 ms: eight of them are one label frame.
        replace(challenge(input_maps=6), final_time_pool=8),
        perceptual_settings(),
        output,
        batch_clips=64,
        epochs=100,
        epoch_clips=_EPOCH_CLIPS,
        optimizer=OptimizerSettings(peak_rate=1e-3, warmup_share=0.1),
    )
    return Recipe("ntu", (network,), precision="bf16")
