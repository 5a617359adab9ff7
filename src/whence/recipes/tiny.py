"""`tiny`: a detector and a localizer of a few thousand parameters, trained in seconds; for tests and first steps."""

from dataclasses import replace

from whence.features import midside_settings
from whence.models import CompactLocalizerSettings
from whence.models.outputs import ClasswiseSettings, detection
from whence.training import NetworkRecipe, OptimizerSettings, Recipe


def tiny() -> Recipe:
    """Two epochs of 64 clips: the result detects next to nothing, but every part of a real training has run."""
    model = CompactLocalizerSettings(
        channels=(8, 8, 8, 16), width=32, heads=2, sequence=("transformer",), output_size=13
    )
    detector = NetworkRecipe(
        "detector",
        model,
        midside_settings(),
        detection(),
        batch_clips=8,
        epochs=2,
        epoch_clips=64,
        optimizer=OptimizerSettings(peak_rate=3e-3, average_decay=0.9),
    )
    localizer = replace(detector, name="localizer", model=replace(model, output_size=39), output=ClasswiseSettings())
    return Recipe("tiny", (detector, localizer), validation_clips=32)
