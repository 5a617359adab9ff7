"""`whence_small`: the system of the report in small, five million parameters in two networks."""

from dataclasses import replace

from whence.features import (
    efficientat_mel_settings,
    midside_onsets_settings,
    midside_pairs_settings,
    yamnet_mel_settings,
)
from whence.models import (
    CompactDetectorSettings,
    CompactLocalizerSettings,
    EfficientatDetectorSettings,
    YamnetSettings,
)
from whence.models.outputs import ClasswiseSettings, DistanceScale, TracksSettings, detection
from whence.scenes import SceneSettings
from whence.scenes.transforms import (
    AutomaticGainSettings,
    BandLimitsSettings,
    LossyCodingSettings,
    MicrophoneMismatchSettings,
    RecorderNoiseSettings,
)
from whence.training import NetworkRecipe, OptimizerSettings, Recipe

_OPTIMIZER = OptimizerSettings(peak_rate=2e-3, warmup_share=0.1, average_decay=0.995)


def whence_small() -> Recipe:
    """A compact detector from scratch, and a mid/side localizer that also predicts activity."""
    return _recipe("whence_small", YamnetSettings(batch_norm=True), _OPTIMIZER)


def whence_small_pretrained() -> Recipe:
    """The same with a detector that starts from YAMNet's published weights (`--encoder detector=FILE`).

    Those weights have their batch norms folded in, so the rate is lower.
    """
    optimizer = OptimizerSettings(peak_rate=5e-4, warmup_share=0.1, average_decay=0.995)
    return _recipe("whence_small_pretrained", YamnetSettings(), optimizer)


def whence_small_efficientat() -> Recipe:
    """The same with a detector that starts from EfficientAT's mn04 (`--encoder detector=FILE`), a third of the size."""
    recipe = whence_small_pretrained()
    detector, localizer = recipe.networks
    detector = replace(
        detector,
        model=EfficientatDetectorSettings(),
        features=replace(efficientat_mel_settings(), peak_normalized=True),
        optimizer=replace(_OPTIMIZER, peak_rate=1e-3),
    )
    return replace(recipe, name="whence_small_efficientat", networks=(detector, localizer))


def whence_pairs() -> Recipe:
    """The same with a localizer for any pair of microphones, trained on pairs with the faults of real recorders.

    It is told the pair in half of the clips and has two tracks for each class.
    A third of the scenes are of the challenge's pair. Its maps hold time differences between the channels.
    """
    recipe = whence_small_efficientat()
    detector, localizer = recipe.networks
    localizer = replace(
        localizer,
        model=CompactLocalizerSettings(input_maps=8, output_size=78, tracks=2, place_width=96, told=True),
        # Gains of recorders differ, so that absolute levels tell nothing of distance.
        features=replace(midside_pairs_settings(), peak_normalized=True),
        # Errors of position are averaged over all cells, of which one in twenty has a source.
        output=TracksSettings(
            scale=DistanceScale("log", absolute=True),
            presence_weight=2.0,
            azimuth_weight=40.0,
            azimuth_absolute=True,
            distance_weight=20.0,
        ),
    )
    scenes = SceneSettings(
        microphones={
            **{"dcase": 0.34, "xy:70-135": 0.14, "ms": 0.05, "blumlein": 0.03, "ortf": 0.06, "nos": 0.06},
            **{"ab:0.05-0.5": 0.14, "phone": 0.08, "binaural": 0.1},
        },
        microphone_mismatch=MicrophoneMismatchSettings(probability=0.5),
        recorder_noise=RecorderNoiseSettings(probability=0.3),
        band_limits=BandLimitsSettings(probability=0.1),
        automatic_gain=AutomaticGainSettings(probability=0.1),
        # Coding takes several times as long as the rest of a scene.
        lossy_coding=LossyCodingSettings(probability=0.05),
    )
    return replace(recipe, name="whence_pairs", networks=(detector, localizer), scenes=scenes)


def _recipe(name: str, encoder: YamnetSettings, detector_optimizer: OptimizerSettings) -> Recipe:
    """A detector for 22 epochs of 4,096 scenes and a localizer for 88.

    The packaged model was trained on as many, before its localizer was also trained on sounds at other speeds.
    """
    detector = NetworkRecipe(
        "detector",
        CompactDetectorSettings(encoder),
        # Scenes and recordings are quieter than YAMNet's training data, by different amounts.
        replace(yamnet_mel_settings(), peak_normalized=True),
        detection(),
        batch_clips=32,
        epochs=22,
        epoch_clips=4_096,
        optimizer=detector_optimizer,
    )
    localizer = NetworkRecipe(
        "localizer",
        CompactLocalizerSettings(input_maps=6, place_width=96, symmetric=True),
        midside_onsets_settings(),
        # The official metric averages absolute errors of angles and relative errors of distances.
        ClasswiseSettings(direction_absolute=True, distance_weight=1.0, scale=DistanceScale("log", absolute=True)),
        # Half the batch gives twice as many steps: the network learns distances late.
        batch_clips=16,
        epochs=88,
        epoch_clips=4_096,
        optimizer=replace(_OPTIMIZER, peak_rate=1.5e-3, average_decay=0.998),
    )
    return Recipe(name, (detector, localizer), precision="bf16")
