"""The picture of a clip: spectrograms of both channels, azimuth against time, and a map of the half circle in front."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence.errors import MissingExtraError, WhenceError
from whence.files import written_whole
from whence.views.picture.palette import short

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from whence.labels import ClassList, Events
    from whence.views.picture.spectrum import Spectrum

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
    signal: NDArray[np.float32],
    events: Events,
    classes: ClassList,
    *,
    title: str = "",
    predicted: Events | None = None,
) -> None:
    """Write a picture of a clip: spectrograms of both channels, azimuth against time, and a map.

    Args:
        path: a .png or .svg file.
        signal: (2, sample) at 24 kHz.
        events: the truth, or what was found where there is none.
        classes: names for the legend.
        title: above the picture.
        predicted: what a system found, drawn as thin dark lines over the broad pale bands of the truth.

    Raises:
        MissingExtraError: if matplotlib is not installed.
        WhenceError: the name of the file ends otherwise.
        OSError: when the disk refuses.
    """
    from whence.views.picture.spectrum import Spectrum

    spectrum = Spectrum()
    spectrum.add(signal)
    draw_picture(path, spectrum, events, classes, title=title, predicted=predicted)


def draw_picture(
    path: Path,
    spectrum: Spectrum,
    events: Events,
    classes: ClassList,
    *,
    title: str = "",
    predicted: Events | None = None,
    start_s: float = 0.0,
) -> None:
    """Write the same picture of a sound that was heard block by block.

    Args:
        path: a .png or .svg file.
        spectrum: of both channels.
        events: as for `draw_clip`, frames counted from the start of the recording.
        classes: names for the legend.
        title: above the picture.
        predicted: as for `draw_clip`.
        start_s: where in the recording the spectrum begins, seconds.

    Raises:
        MissingExtraError: if matplotlib is not installed.
        WhenceError: the name of the file ends otherwise.
        OSError: when the disk refuses.
    """
    check_format(path)
    with _matplotlib() as figure_class:
        from whence.views.picture.legend import draw_legend
        from whence.views.picture.panels import draw_azimuths, draw_map, draw_spectra

        figure = figure_class(figsize=(11.5, 6.6), layout="constrained")
        grid = figure.add_gridspec(3, 2, width_ratios=(2.35, 1), height_ratios=(1, 1, 1.75))
        shown_s = (start_s, start_s + max(spectrum.duration_s, 0.1))
        left = figure.add_subplot(grid[0, 0])
        right = figure.add_subplot(grid[1, 0], sharex=left)
        draw_spectra((left, right), spectrum, start_s)
        layers = _layers(events, predicted)
        lanes = figure.add_subplot(grid[2, 0], sharex=left)
        draw_azimuths(lanes, layers, shown_s)
        draw_map(figure.add_subplot(grid[:2, 1]), layers)
        draw_legend(figure.add_subplot(grid[2, 1]), layers, classes)
        if title:
            figure.suptitle(short(title, 110), fontsize=12)
        with written_whole(path) as file:
            form = path.suffix.lower().lstrip(".")
            extra: dict[str, Any] = (
                {"metadata": {"Date": None}} if form == "svg" else {"pil_kwargs": {"optimize": True}}
            )
            figure.savefig(file, format=form, dpi=_DPI, **extra)


def check_format(path: Path) -> None:
    """Refuse a picture that cannot be written, before any work is done for it.

    Raises:
        MissingExtraError: if matplotlib is not installed.
        WhenceError: the name ends neither in .png nor in .svg.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise MissingExtraError("drawing pictures", "pictures") from None
    if path.suffix.lower() not in FORMATS:
        from whence.text import shown

        raise WhenceError(f"{shown(path)}: pictures are written as {' or '.join(FORMATS)}; end the name so")


@contextlib.contextmanager
def _matplotlib() -> Iterator[Any]:
    """The class of figures, drawn without a screen, under our settings."""
    import matplotlib

    matplotlib.use("agg", force=False)
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_SETTINGS), warnings.catch_warnings():
        # A letter the font lacks is drawn as a box; that is no news to who named the file so.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield Figure


def _layers(events: Events, predicted: Events | None) -> list[tuple[str, Events]]:
    """What is drawn, from the back to the front, each with the name of its look."""
    if predicted is None:
        return [("alone", events)]
    return [("reference", events), ("prediction", predicted)]
