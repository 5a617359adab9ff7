"""The picture of a clip: spectrograms of both channels, azimuth against time, and a map from above."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence.errors import MissingExtraError, WhenceError
from whence.files import written_whole
from whence.views.palette import styles_of
from whence.views.spectrogram import SpectrogramImage
from whence.views.tables import short

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from whence.labels import ClassList, Events

FORMATS = (".png", ".svg")
_DPI = 100
# Text of an SVG stays text: searchable, selectable, read aloud. The salt makes the same picture the same bytes.
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "whence",
    "font.family": ["DejaVu Sans"],
    "font.size": 9.5,
    "text.parse_math": False,  # a name with two dollar signs is no formula
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#777777",
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "axes.labelcolor": "#222222",
}


def draw_clip(
    path: Path,
    sound: NDArray[np.float32] | SpectrogramImage,
    events: Events,
    classes: ClassList,
    *,
    title: str = "",
    predicted: Events | None = None,
    start_s: float = 0.0,
    full_circle: bool = False,
) -> None:
    """Write a picture of a clip: spectrograms of both channels, azimuth against time, and a map.

    Args:
        path: a .png or .svg file.
        sound: (2, sample) at 24 kHz, or the spectrogram of a sound that was read block by block.
        events: the reference, or the prediction where there is none; frames count from the start of the recording.
        classes: names for the legend.
        title: above the picture.
        predicted: the prediction, drawn as thin dark lines over the broad pale bands of the reference.
        start_s: seconds from the start of the recording to that of the sound.
        full_circle: draw what is behind the listener there, as in events of Ambisonics, and not in front.

    Raises:
        MissingExtraError: if matplotlib is not installed.
        WhenceError: the name does not end in .png or .svg.
        OSError: when the disk refuses.
    """
    if isinstance(sound, SpectrogramImage):
        spectrogram = sound
    else:
        spectrogram = SpectrogramImage()
        spectrogram.add(sound)
    check_format(path)
    with _matplotlib() as figure_class:
        from whence.views.picture.panels import LAYERS, draw_azimuths, draw_legend, draw_map, draw_spectra

        # From the back to the front.
        layers = [(LAYERS["alone"], events)]
        if predicted is not None:
            layers = [(LAYERS["reference"], events), (LAYERS["prediction"], predicted)]
        styles = styles_of(index for _, table in layers for index in table.class_index.tolist())
        figure = figure_class(figsize=(11.5, 6.6), layout="constrained")
        grid = figure.add_gridspec(3, 2, width_ratios=(2.35, 1), height_ratios=(1, 1, 1.75))
        shown_s = (start_s, start_s + max(spectrogram.duration_s, 0.1))
        left = figure.add_subplot(grid[0, 0])
        right = figure.add_subplot(grid[1, 0], sharex=left)
        draw_spectra((left, right), spectrogram, start_s)
        draw_azimuths(figure.add_subplot(grid[2, 0], sharex=left), layers, styles, shown_s, full_circle)
        draw_map(figure.add_subplot(grid[:2, 1]), layers, styles, full_circle)
        draw_legend(figure.add_subplot(grid[2, 1]), layers, styles, classes)
        if title:
            figure.suptitle(short(title, 110), fontsize=12)
        with written_whole(path) as file:
            form = path.suffix.lower().lstrip(".")
            extra: dict[str, Any] = (
                {"metadata": {"Date": None}} if form == "svg" else {"pil_kwargs": {"optimize": True}}
            )
            figure.savefig(file, format=form, dpi=_DPI, **extra)


def check_format(path: Path) -> None:
    """Refuse a format that cannot be written, before any work is done for the picture.

    Raises:
        MissingExtraError: if matplotlib is not installed.
        WhenceError: the name does not end in .png or .svg.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise MissingExtraError("drawing pictures", "pictures") from None
    if path.suffix.lower() not in FORMATS:
        raise WhenceError(f"pictures are written as {' or '.join(FORMATS)}", where=path, remedy="end the name so")


@contextlib.contextmanager
def _matplotlib() -> Iterator[Any]:
    """The class of figures, drawn without a screen, with the settings of this module."""
    import matplotlib

    matplotlib.use("agg", force=False)
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_SETTINGS), warnings.catch_warnings():
        # A letter that the font lacks is drawn as a box, which needs no warning.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield Figure
