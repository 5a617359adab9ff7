"""`hybrid_tracks`: a detector joined with a localizer that separates two sources of one class."""

from whence.features import midside_onsets_settings
from whence.models import CompactLocalizerSettings
from whence.models.outputs import TracksSettings, build_output
from whence.recipes.whence_small import whence_small
from whence.training import NetworkRecipe, OptimizerSettings, Recipe


def hybrid_tracks() -> Recipe:
    """The detector of `whence_small` and a localizer with two tracks for each class: two talkers are two sources.

    Where the detector says that a class is active, the likeliest of its tracks is a source, and each further one whose
    presence is above one half. Tracks closer than 15 degrees are one source.
    `--settings networks.localizer.output.track_count=3` separates three.
    """
    output = TracksSettings(track_count=2)
    localizer = NetworkRecipe(
        "localizer",
        CompactLocalizerSettings(input_maps=6, output_size=build_output(output).output_size),
        midside_onsets_settings(),
        output,
        batch_clips=16,
        epochs=88,
        epoch_clips=4_096,
        optimizer=OptimizerSettings(peak_rate=1.5e-3, warmup_share=0.1, average_decay=0.998),
    )
    return Recipe("hybrid_tracks", (whence_small().networks[0], localizer), precision="bf16")
