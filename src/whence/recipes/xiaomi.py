"""`xiaomi_1` to `xiaomi_4`: the report's hybrid, a Dasheng detector joined with a ResNet-Conformer localizer.

The report describes how the networks are trained, and that its four submissions differ slightly in augmentation. The
four sets here are our reading: MixedAudioDataset alone; with masks on the features; with masks and filters; and with
these and scenes mixed in pairs.

Nor does it describe how Dasheng is tuned. In our reading the encoder is frozen during the warm-up of the head, then its
last four blocks are trained, and after a tenth of all steps the whole network.

The localizer's loss is the mean squared error of azimuth and distance, as reported. Whether silent cells count is not;
`mean_squared_localization` has both readings: here they do not, `--settings networks.localizer.output.cells=all`
counts them.

Nor does it say which network learns from which data. Where there are recorded clips and sounds for scenes (`whence
train xiaomi_1 --data CLIPS --scenes SOUNDS`), our reading is: the detector is trained on scenes alone, as
MixedAudioDataset is described with it, and the localizer on batches of which half is recorded, because simulated rooms
cannot replace the rooms of the recordings. `networks.detector.real_share=0.5` and the like choose another reading.
Recorded clips have the augmentation of the scenes too, as far as a finished clip allows (`augment_real`).
"""

from dataclasses import replace

from whence.features import dasheng_mel_settings, logmel_settings
from whence.models import DashengDetectorSettings, ResnetConformerSettings
from whence.models.outputs import detection, mean_squared_localization
from whence.scenes import SceneSettings
from whence.scenes.transforms import FilterAugmentSettings, SceneMixingSettings, SpecAugmentSettings
from whence.training import NetworkRecipe, OptimizerSettings, Recipe

# Warm-up from 0 to 1e-3, then a cosine to 0; the report does not give the length of the warm-up.
_OPTIMIZER = OptimizerSettings(peak_rate=1e-3, warmup_share=0.05, schedule="cosine")
_EPOCH_CLIPS = 16_384
_FROZEN = ((0.05, 12), (0.1, 8))


def xiaomi_1() -> Recipe:
    """The hybrid with the augmentation of MixedAudioDataset; `--encoder` should give the detector Dasheng's weights."""
    detector = NetworkRecipe(
        "detector",
        DashengDetectorSettings(),
        dasheng_mel_settings(),
        detection(),
        batch_clips=128,
        epochs=200,
        epoch_clips=_EPOCH_CLIPS,
        optimizer=_OPTIMIZER,
        frozen_encoder=_FROZEN,
        real_share=0.0,
    )
    localizer = NetworkRecipe(
        "localizer",
        ResnetConformerSettings(),
        logmel_settings(),
        mean_squared_localization(),
        batch_clips=64,
        epochs=300,
        epoch_clips=_EPOCH_CLIPS,
        optimizer=_OPTIMIZER,
        real_share=0.5,
    )
    return Recipe("xiaomi_1", (detector, localizer), augment_real=True, precision="bf16")


def xiaomi_2() -> Recipe:
    """Add time-frequency masks."""
    return _varied(xiaomi_1(), "xiaomi_2", SpecAugmentSettings(), None)


def xiaomi_3() -> Recipe:
    """Add time-frequency masks and random filters."""
    return _varied(xiaomi_1(), "xiaomi_3", SpecAugmentSettings(), FilterAugmentSettings())


def xiaomi_4() -> Recipe:
    """Add masks, filters, and scenes mixed in pairs."""
    recipe = _varied(xiaomi_1(), "xiaomi_4", SpecAugmentSettings(), FilterAugmentSettings())
    return replace(recipe, scenes=SceneSettings(scene_mixing=SceneMixingSettings(probability=0.3)))


def _varied(
    recipe: Recipe, name: str, masks: SpecAugmentSettings | None, filters: FilterAugmentSettings | None
) -> Recipe:
    """Return a recipe with another augmentation of features."""
    networks = tuple(replace(network, spec_augment=masks, filter_augment=filters) for network in recipe.networks)
    return replace(recipe, name=name, networks=networks)
