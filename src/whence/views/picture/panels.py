"""The three panels of a clip's picture: spectrograms, azimuth against time, and the map."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import LineCollection

from whence.labels import fold_to_front
from whence.views.picture.dashes import dashes_of, marked_rows, risers_of
from whence.views.picture.looks import GREY, LOOKS, mark_style
from whence.views.picture.palette import COLOURS, look_of
from whence.views.picture.spectrum import DEPTH_DB, band_of

if TYPE_CHECKING:
    from whence.labels import Events
    from whence.views.picture.spectrum import Spectrum

# Steps too small to see, but they halve the size of the file.
_STEP_DB = 2.0


def draw_spectra(axes: tuple[Any, Any], spectrum: Spectrum, start_s: float) -> None:
    """Level of both channels under one scale, so that the louder side looks brighter."""
    levels_db = spectrum.levels_db()
    half_hop_s = 0.01
    extent = (start_s - half_hop_s, start_s - half_hop_s + levels_db.shape[2] * spectrum.column_s, 0.0, 1.0)
    for channel, (name, place) in enumerate(zip(("left", "right"), axes, strict=True)):
        place.imshow(
            np.rint(levels_db[channel] / _STEP_DB) * _STEP_DB,
            origin="lower",
            aspect="auto",
            extent=extent,
            vmin=-DEPTH_DB,
            vmax=0,
            cmap="magma",
            interpolation="nearest",
        )
        ticks_khz = (0, 0.5, 1, 2, 4, 8)
        place.set_yticks([band_of(1000 * khz) for khz in ticks_khz], [f"{khz:g}" for khz in ticks_khz])
        place.set_ylabel(f"{name} channel\nkHz")
        place.tick_params(labelbottom=False)


def draw_azimuths(axes: Any, layers: list[tuple[str, Events]], shown_s: tuple[float, float]) -> None:
    """Azimuth of every frame against time, left above, one colour and shape for each class."""
    span_s = shown_s[1] - shown_s[0]
    for name, events in layers:
        look, dashes = LOOKS[name], dashes_of(events)
        spans = zip(dashes.start_s, dashes.end_s, dashes.azimuth_deg, strict=True)
        lines = [((start, at), (end, at)) for start, end, at in spans]
        classes = dashes.class_index.tolist()
        if name != "reference":  # broad bands touch without being joined
            risers = risers_of(dashes).tolist()
            lines += [((at_s, before), (at_s, after)) for _, at_s, before, after in risers]
            classes += [int(riser[0]) for riser in risers]
        colours = [COLOURS[look_of(index)[0]] for index in classes]
        axes.add_collection(LineCollection(lines, colors=colours, capstyle="butt", **look["line"]))
        rows = marked_rows(events, max(2, math.ceil(10 * span_s / look["marks"])))
        size = look["mark"]["s"] * _shrunk(rows.row_count, 80)
        for class_index in sorted(set(rows.class_index.tolist())):
            of_class = rows[rows.class_index == class_index]
            azimuth_deg = fold_to_front(of_class.azimuth_deg)
            axes.scatter(of_class.frame * 0.1 + 0.05, azimuth_deg, **mark_style(class_index, look, size))
    axes.set(xlim=shown_s, ylim=(-97, 97), xlabel="time, s", ylabel="azimuth, deg")
    axes.set_yticks((-90, -45, 0, 45, 90), ("right 90", "45", "ahead 0", "45", "left 90"))
    axes.grid(color="#dddddd", lw=0.8)
    axes.set_axisbelow(True)


def draw_map(axes: Any, layers: list[tuple[str, Events]]) -> None:
    """The half plane in front of the listener from above, each event at its mean place."""
    far_m = max((float(np.nanmax(events.distance_m, initial=0.0)) for _, events in layers), default=0.0)
    reach_m = next((ring for ring in (2.0, 4.0, 8.0, 16.0, 32.0) if ring >= far_m), far_m)
    turn = np.linspace(0, np.pi, 181)
    for ring_m in (reach_m / 4, reach_m / 2, reach_m):
        axes.plot(ring_m * np.cos(turn), ring_m * np.sin(turn), color="#cccccc", lw=1, zorder=0)
        axes.text(ring_m, -0.045 * reach_m, f"{ring_m:g} m", fontsize=8, color=GREY, ha="center", va="top")
    axes.plot((-reach_m, reach_m), (0, 0), color="#cccccc", lw=1, zorder=0)
    for name, events in layers:
        whole = list(events)
        size = LOOKS[name]["map_size"] * _shrunk(len(whole), 25)
        for class_index in sorted({event.class_index for event in whole}):
            of_class = [event for event in whole if event.class_index == class_index]
            azimuth = np.radians(fold_to_front([event.azimuth_deg for event in of_class]))
            distance_m = np.nan_to_num([event.distance_m for event in of_class], nan=reach_m)
            places = (-distance_m * np.sin(azimuth), distance_m * np.cos(azimuth))
            axes.scatter(*places, **mark_style(class_index, LOOKS[name], size))
    axes.scatter(0, 0, s=90, color="#222222", zorder=5)
    style = {"fontsize": 9, "color": "#222222"}
    axes.text(0, -0.07 * reach_m, "you", ha="center", va="top", **style)
    axes.text(-1.03 * reach_m, 0, "left", ha="right", va="bottom", **style)
    axes.text(1.03 * reach_m, 0, "right", ha="left", va="bottom", **style)
    axes.text(0, 1.03 * reach_m, "ahead", ha="center", va="bottom", **style)
    axes.set(xlim=(-reach_m * 1.2, reach_m * 1.2), ylim=(-0.15 * reach_m, reach_m * 1.15))
    axes.set_aspect("equal")
    axes.axis("off")


def _shrunk(count: int, fitting: int) -> float:
    """How much smaller marks are drawn where more of them share the place than fit well."""
    return max(0.3, min(1.0, fitting / max(count, 1)))
