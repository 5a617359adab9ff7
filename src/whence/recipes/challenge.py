"""`resnet_conformer_2022`, `nercslip_2024`, `nercslip_2024_pair`, `ntu`: earlier systems, as far as reports say."""

from dataclasses import replace

from whence.features import logmel_settings, perceptual_settings
from whence.models import MultiBranchSettings, challenge
from whence.models.outputs import ClasswiseSettings, DistanceScale
from whence.scenes import SceneSettings
from whence.scenes.transforms import SceneMixingSettings, SpecAugmentSettings
from whence.training import NetworkRecipe, OptimizerSettings, Recipe

_EPOCH_CLIPS = 16_384
_OPTIMIZER = OptimizerSettings(peak_rate=1e-3, warmup_share=0.1)
_NERCSLIP = ClasswiseSettings(
    direction="vector",
    scale=DistanceScale("relu", relative=True),
    activity_weight=0.1,
    direction_weight=1.0,
    distance_weight=0.5,
)


def resnet_conformer_2022() -> Recipe:
    """ResNet-Conformer with four stages of augmentation: swapped channels, simulated rooms, mixed scenes, masks.

    Half of all clips have their channels swapped, every event of a scene is convolved with a room's response, half of
    all clips are the sum of two; the features of all clips are masked. Recorded clips are swapped and mixed too
    (`augment_real`). How often each stage is used is our choice. The task of 2022 had no distances; here they have a
    third head.

    Source: Wang et al. 2023, arXiv:2101.02919, for stereo instead of Ambisonic input.
    """
    output = ClasswiseSettings(direction="vector", direction_weight=1.0, distance_weight=0.5)
    network = NetworkRecipe(
        "seld",
        challenge(),
        logmel_settings(),
        output,
        batch_clips=64,
        epochs=100,
        epoch_clips=_EPOCH_CLIPS,
        optimizer=_OPTIMIZER,
        spec_augment=SpecAugmentSettings(probability=1.0),
    )
    scenes = SceneSettings(scene_mixing=SceneMixingSettings(probability=0.5))
    return Recipe("resnet_conformer_2022", (network,), scenes=scenes, augment_real=True, precision="bf16")


def nercslip_2024() -> Recipe:
    """Three branches in one network: activity, direction, distance; loss weights 0.1, 1, 0.5.

    Source: technical report of NERC-SLIP, DCASE 2024 Task 3, for stereo instead of Ambisonic input.
    """
    network = NetworkRecipe(
        "seld",
        MultiBranchSettings(),
        logmel_settings(),
        _NERCSLIP,
        batch_clips=64,
        epochs=100,
        epoch_clips=_EPOCH_CLIPS,
        optimizer=_OPTIMIZER,
    )
    return Recipe("nercslip_2024", (network,), precision="bf16")


def nercslip_2024_pair() -> Recipe:
    """Two networks trained apart and joined: one predicts activity and direction, one activity and distance.

    The direction is that of the first, the distance that of the second. Their activities are averaged where that is
    better on the held-out clips, else the first network's is used; the report does not say how it joins them. Weights
    of losses as in `nercslip_2024`.

    Source: technical report of NERC-SLIP, DCASE 2024 Task 3; arXiv:2501.10755, the first of its three structures.
    """
    direction = NetworkRecipe(
        "direction",
        replace(challenge(), output_size=39, heads=(13, 26)),
        logmel_settings(),
        replace(_NERCSLIP, distance=False),
        batch_clips=64,
        epochs=100,
        epoch_clips=_EPOCH_CLIPS,
        optimizer=_OPTIMIZER,
    )
    distance = replace(
        direction,
        name="distance",
        model=replace(challenge(), output_size=26, heads=(13, 13)),
        output=replace(_NERCSLIP, azimuth=False),
    )
    return Recipe("nercslip_2024_pair", (direction, distance), precision="bf16")


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
        optimizer=_OPTIMIZER,
    )
    return Recipe("ntu", (network,), precision="bf16")
