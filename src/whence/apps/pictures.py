"""Pictures of a clip: what it sounds like, where its events are over time, and where they stand around the listener."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from whence.errors import MissingExtraError
from whence.files import written_whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from whence.labels import ClassList, Events

# Okabe and Ito's palette, told apart by colour-blind eyes, and shapes for who sees no colour at all.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_SAMPLE_RATE_HZ = 24_000


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
        predicted: what a system found, drawn as thin dark lines over the truth.

    Raises:
        MissingExtraError: if matplotlib is not installed.
        OSError: when the disk refuses.
    """
    try:
        import matplotlib
    except ImportError:
        raise MissingExtraError("drawing pictures", "pictures") from None
    matplotlib.use("agg", force=False)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6.2), layout="constrained")
    grid = figure.add_gridspec(3, 2, width_ratios=(2.2, 1), height_ratios=(1, 1, 1.5))
    for row, (name, channel) in enumerate(zip(("left", "right"), signal, strict=True)):
        _draw_spectrogram(figure.add_subplot(grid[row, 0]), channel, name)
    duration_s = signal.shape[1] / _SAMPLE_RATE_HZ
    lanes = figure.add_subplot(grid[2, 0])
    _draw_azimuths(lanes, events, classes, duration_s, predicted)
    _draw_map(figure.add_subplot(grid[:2, 1]), events)
    legend = figure.add_subplot(grid[2, 1])
    legend.axis("off")
    if events or predicted:
        legend.legend(*lanes.get_legend_handles_labels(), loc="upper center", fontsize=9, ncols=2, frameon=False)
    if title:
        figure.suptitle(title, fontsize=11)
    with written_whole(path) as file:
        figure.savefig(file, format=path.suffix.lstrip(".") or "png", dpi=80)


def _draw_spectrogram(axes: Any, channel: NDArray[np.float32], name: str) -> None:
    """Level of one channel in dB over time and frequency, 70 dB deep."""
    import numpy as np
    from scipy.signal import ShortTimeFFT
    from scipy.signal.windows import hann

    transform = ShortTimeFFT(hann(1024, sym=False), hop=480, fs=_SAMPLE_RATE_HZ, scale_to="magnitude")
    padded = channel if channel.size >= 1024 else np.pad(channel, (0, 1024 - channel.size))
    level_db = 20 * np.log10(np.abs(transform.stft(padded)) + 1e-7)
    top = max(float(level_db.max()), -90.0)
    extent = (0.0, channel.size / _SAMPLE_RATE_HZ, 0.0, 12.0)
    axes.imshow(level_db, origin="lower", aspect="auto", extent=extent, vmin=top - 70, vmax=top, cmap="magma")
    axes.set_ylabel(f"{name}, kHz")
    axes.tick_params(labelbottom=False)


def _draw_azimuths(axes: Any, events: Events, classes: ClassList, duration_s: float, predicted: Events | None) -> None:
    """Azimuth of every frame against time, left above, one colour and shape for each class."""
    for class_index, name in _present(events, classes):
        rows = events[events.class_index == class_index]
        axes.scatter(rows.frame * 0.1 + 0.05, rows.azimuth_deg, s=22, label=name, **_style(class_index))
    if predicted is not None:
        axes.scatter(
            predicted.frame * 0.1 + 0.05, predicted.azimuth_deg, s=60, marker="_", color="#333333", label="found"
        )
    axes.set(
        xlim=(0, duration_s),
        ylim=(-95, 95),
        yticks=(-90, -45, 0, 45, 90),
        xlabel="time, s",
        ylabel="azimuth, deg (left up)",
    )
    axes.grid(alpha=0.3)


def _draw_map(axes: Any, events: Events) -> None:
    """The half plane in front of the listener from above, each event at its mean place."""
    import numpy as np

    reach_m = max(4.0, float(np.nanmax(events.distance_m, initial=0.0))) if events else 4.0
    turn = np.linspace(0, np.pi, 181)
    for ring_m in (1, 2, 4, 8):
        if ring_m <= reach_m:
            axes.plot(ring_m * np.cos(turn), ring_m * np.sin(turn), color="0.8", lw=1)
            axes.text(0, ring_m, f" {ring_m} m", fontsize=7, color="0.4", va="bottom")
    for event in events:
        distance_m = event.distance_m if np.isfinite(event.distance_m) else reach_m
        azimuth = np.radians(event.azimuth_deg)
        axes.scatter(-distance_m * np.sin(azimuth), distance_m * np.cos(azimuth), s=70, **_style(event.class_index))
    axes.scatter(0, 0, marker="$\\cup$", s=120, color="black")
    axes.set(
        xlim=(-reach_m * 1.1, reach_m * 1.1),
        ylim=(-0.4, reach_m * 1.15),
        xticks=(),
        yticks=(),
        title="ahead",
        xlabel="left      you      right",
    )
    axes.set_aspect("equal")


def _present(events: Events, classes: ClassList) -> list[tuple[int, str]]:
    """The classes that occur, in order."""
    return [(index, classes[index]) for index in sorted(set(events.class_index.tolist()))]


def _style(class_index: int) -> dict[str, Any]:
    """Colour and shape of a class; no two of 49 classes share both."""
    shift = class_index // len(_COLOURS)
    return {"color": _COLOURS[class_index % len(_COLOURS)], "marker": _MARKERS[(class_index + shift) % len(_MARKERS)]}
