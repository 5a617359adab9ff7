"""The panels of a clip's picture: spectrograms, azimuth over time, the map, and the legend."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap
from matplotlib.legend import Legend
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D

from whence.labels import fold_to_front
from whence.text import shown
from whence.views.palette import COLOURS, MARKERS, Style
from whence.views.spectrogram import DEPTH_DB, band_of, level_colours
from whence.views.strokes import drawn_azimuths, marked_rows, risers_of, strokes_of
from whence.views.tables import short

if TYPE_CHECKING:
    from whence.labels import ClassList, Events
    from whence.views.spectrogram import SpectrogramImage

GREY = "#555555"
# Steps too small to see, but they halve the size of the file.
_STEP_DB = 2.0
_MOST_IN_LEGEND = 16
_TICKS_AHEAD = {-90: "right 90", -45: "45", 0: "ahead 0", 45: "45", 90: "left 90"}
_TICKS_AROUND = {-180: "behind 180", -90: "right 90", 0: "ahead 0", 90: "left 90", 180: "behind 180"}


class Layer(NamedTuple):
    """How one table of events is drawn: alone, or as one of two that lie over each other."""

    name: str
    line: dict[str, Any]
    is_hollow: bool
    """Whether markers are outlines."""
    marker_size: float
    """In the plot of azimuth over time."""
    map_size: float
    markers_across: int
    """About how many markers an event as long as the picture has."""


# Broad, pale and hollow against thin, dark and filled: told apart without any colour.
LAYERS = {
    "alone": Layer("alone", {"linewidths": 3.5, "alpha": 0.8, "zorder": 2}, False, 42, 110, 30),
    "reference": Layer("reference", {"linewidths": 10, "alpha": 0.32, "zorder": 2}, True, 48, 210, 12),
    "prediction": Layer("prediction", {"linewidths": 2.2, "zorder": 4}, False, 32, 60, 22),
}
Drawn = list[tuple[Layer, "Events"]]


def draw_spectra(axes: tuple[Any, Any], spectrogram: SpectrogramImage, start_s: float) -> None:
    """Draw the levels of both channels under one scale, so that the louder side looks brighter."""
    levels_db = spectrogram.levels_db()
    half_hop_s = 0.01
    extent = (start_s - half_hop_s, start_s - half_hop_s + levels_db.shape[2] * spectrogram.column_s, 0.0, 1.0)
    for channel, (name, panel) in enumerate(zip(("left", "right"), axes, strict=True)):
        panel.imshow(
            np.rint(levels_db[channel] / _STEP_DB) * _STEP_DB,
            origin="lower",
            aspect="auto",
            extent=extent,
            vmin=-DEPTH_DB,
            vmax=0,
            cmap=ListedColormap(level_colours() / 255),
            interpolation="nearest",
        )
        ticks_khz = (0, 0.5, 1, 2, 4, 8)
        panel.set_yticks([band_of(1000 * khz) for khz in ticks_khz], [f"{khz:g}" for khz in ticks_khz])
        panel.set_ylabel(f"{name} channel\nkHz")
        panel.tick_params(labelbottom=False)


def draw_azimuths(
    axes: Any, layers: Drawn, styles: dict[int, Style], shown_s: tuple[float, float], full_circle: bool
) -> None:
    """Draw the azimuth of every frame over time, left at the top."""
    span_s = shown_s[1] - shown_s[0]
    for layer, events in layers:
        strokes = strokes_of(events, full_circle)
        spans = zip(strokes.start_s, strokes.end_s, strokes.azimuth_deg, strict=True)
        lines = [((start, at), (end, at)) for start, end, at in spans]
        classes = strokes.class_index.tolist()
        if layer.name != "reference":  # broad bands touch without being joined
            risers = risers_of(strokes).tolist()
            lines += [((at_s, before), (at_s, after)) for _, at_s, before, after in risers]
            classes += [int(riser[0]) for riser in risers]
        colours = [_colour(styles[index]) for index in classes]
        axes.add_collection(LineCollection(lines, colors=colours, capstyle="butt", **layer.line))
        rows = marked_rows(events, max(2, math.ceil(10 * span_s / layer.markers_across)))
        size = layer.marker_size * _shrunk(rows.row_count, 80)
        for class_index in sorted(set(rows.class_index.tolist())):
            of_class = rows[rows.class_index == class_index]
            azimuth_deg = drawn_azimuths(of_class, full_circle)
            axes.scatter(of_class.frame * 0.1 + 0.05, azimuth_deg, **_marker(styles[class_index], layer, size))
    ticks = _TICKS_AROUND if full_circle else _TICKS_AHEAD
    reach_deg = 187 if full_circle else 97
    axes.set(xlim=shown_s, ylim=(-reach_deg, reach_deg), xlabel="time, s", ylabel="azimuth, deg")
    axes.set_yticks(list(ticks), list(ticks.values()))
    axes.grid(color="#dddddd", lw=0.8)
    axes.set_axisbelow(True)


def draw_map(axes: Any, layers: Drawn, styles: dict[int, Style], full_circle: bool) -> None:
    """Draw the half plane in front of the listener, or all around, from above, each event at its mean position."""
    far_m = max((float(np.nanmax(events.distance_m, initial=0.0)) for _, events in layers), default=0.0)
    reach_m = next((ring for ring in (2.0, 4.0, 8.0, 16.0, 32.0) if ring >= far_m), far_m)
    turn = np.linspace(0, 2 * np.pi if full_circle else np.pi, 361 if full_circle else 181)
    for ring_m in (reach_m / 4, reach_m / 2, reach_m):
        axes.plot(ring_m * np.cos(turn), ring_m * np.sin(turn), color="#cccccc", lw=1, zorder=0)
        axes.text(ring_m, -0.045 * reach_m, f"{ring_m:g} m", fontsize=8, color=GREY, ha="center", va="top")
    axes.plot((-reach_m, reach_m), (0, 0), color="#cccccc", lw=1, zorder=0)
    for layer, events in layers:
        whole = list(events)
        size = layer.map_size * _shrunk(len(whole), 25)
        for class_index in sorted({event.class_index for event in whole}):
            of_class = [event for event in whole if event.class_index == class_index]
            mean_deg = [event.azimuth_deg for event in of_class]
            azimuth = np.radians(mean_deg if full_circle else fold_to_front(mean_deg))
            # An event of unknown distance is drawn on the outer ring.
            distance_m = np.nan_to_num([event.distance_m for event in of_class], nan=reach_m)
            positions = (-distance_m * np.sin(azimuth), distance_m * np.cos(azimuth))
            axes.scatter(*positions, **_marker(styles[class_index], layer, size))
    axes.scatter(0, 0, s=90, color="#222222", zorder=5)
    style = {"fontsize": 9, "color": "#222222"}
    axes.text(0, -0.07 * reach_m, "you", ha="center", va="top", **style)
    axes.text(-1.03 * reach_m, 0, "left", ha="right", va="bottom", **style)
    axes.text(1.03 * reach_m, 0, "right", ha="left", va="bottom", **style)
    axes.text(0, 1.03 * reach_m, "ahead", ha="center", va="bottom", **style)
    lowest_m = -1.15 * reach_m if full_circle else -0.15 * reach_m
    if full_circle:
        axes.text(0, -1.03 * reach_m, "behind", ha="center", va="top", **style)
    axes.set(xlim=(-reach_m * 1.2, reach_m * 1.2), ylim=(lowest_m, reach_m * 1.15))
    axes.set_aspect("equal")
    axes.axis("off")


def draw_legend(axes: Any, layers: Drawn, styles: dict[int, Style], classes: ClassList) -> None:
    """Draw which style is which class and, where there are two layers, which is which."""
    axes.axis("off")
    if not styles:
        axes.text(0.5, 0.9, "no events", ha="center", va="top", color=GREY, transform=axes.transAxes)
        return
    named: list[tuple[str, Any]] = []
    for class_index, (colour, marker) in list(styles.items())[:_MOST_IN_LEGEND]:
        handle = Line2D(
            [], [], ls="", marker=MARKERS[marker].matplotlib, ms=8, mfc=COLOURS[colour].light, mec="#222222", mew=0.6
        )
        named.append((short(shown(classes[class_index])), handle))
    if len(styles) > _MOST_IN_LEGEND:
        named.append((f"and {len(styles) - _MOST_IN_LEGEND} more", Line2D([], [], ls="")))
    columns = 1 if max(len(name) for name, _ in named) > 20 else 2
    axes.add_artist(_legend(axes, named, columns, 1.0 if len(layers) == 1 else 0.84, 1.2))
    if len(layers) > 1:
        samples: list[tuple[str, Any]] = []
        for layer, _ in layers:
            face, edge = ("white", GREY) if layer.is_hollow else (GREY, "black")
            line = Line2D([], [], color=GREY, lw=layer.line["linewidths"], alpha=layer.line.get("alpha", 1.0))
            samples.append((layer.name, (line, Line2D([], [], ls="", marker="o", mfc=face, mec=edge))))
        axes.add_artist(_legend(axes, samples, 2, 1.0, 2.6))


def _legend(axes: Any, named: list[tuple[str, Any]], columns: int, top: float, length: float) -> Any:
    """One block of the legend; a pair of handles is drawn one over the other."""
    handles = [handle for _, handle in named]
    # Names that start with an underscore would be left out, so the texts are put in afterwards.
    legend = Legend(
        axes, handles, ["x" * len(name) for name, _ in named], loc="upper center", bbox_to_anchor=(0.5, top),
        ncols=columns, frameon=False, fontsize=9, handlelength=length, columnspacing=1.2,
        handler_map={tuple: HandlerTuple(ndivide=1)},
    )  # fmt: skip
    for text, (name, _) in zip(legend.get_texts(), named, strict=True):
        text.set_text(name)
    return legend


def _colour(style: Style) -> str:
    return COLOURS[style.colour].light


def _marker(style: Style, layer: Layer, size: float) -> dict[str, Any]:
    """Colour, shape and filling of a class's markers, as matplotlib takes them."""
    filling = {"facecolor": _colour(style), "edgecolor": "#111111", "linewidths": 0.7}
    if layer.is_hollow:
        filling = {"facecolor": "white", "edgecolor": _colour(style), "linewidths": 1.6}
    return {**filling, "marker": MARKERS[style.marker].matplotlib, "s": size, "zorder": layer.line["zorder"] + 1}


def _shrunk(count: int, fitting: int) -> float:
    """How much smaller markers are drawn where more of them share the panel than fit well."""
    return max(0.3, min(1.0, fitting / max(count, 1)))
