"""How a layer of a picture looks: events alone, a reference, a prediction."""

from typing import Any

from whence.views.picture.palette import COLOURS, MARKERS, look_of

GREY = "#555555"
# Broad, pale and hollow against thin, dark and filled: told apart without any colour.
LOOKS: dict[str, dict[str, Any]] = {
    "alone": {
        "line": {"linewidths": 3.5, "alpha": 0.8, "zorder": 2},
        "mark": {"hollow": False, "s": 42, "zorder": 3},
        "map_size": 110,
        "marks": 30,
    },
    "reference": {
        "line": {"linewidths": 10, "alpha": 0.32, "zorder": 2},
        "mark": {"hollow": True, "s": 48, "zorder": 3},
        "map_size": 210,
        "marks": 12,
    },
    "prediction": {
        "line": {"linewidths": 2.2, "zorder": 4},
        "mark": {"hollow": False, "s": 32, "zorder": 5},
        "map_size": 60,
        "marks": 22,
    },
}


def mark_style(class_index: int, look: dict[str, Any], size: float) -> dict[str, Any]:
    """Colour, shape and filling of a class in a layer."""
    colour, marker = look_of(class_index)
    mark = dict(look["mark"])
    hollow = mark.pop("hollow")
    filling = {"facecolor": "white", "edgecolor": COLOURS[colour], "linewidths": 1.6}
    if not hollow:
        filling = {"facecolor": COLOURS[colour], "edgecolor": "#111111", "linewidths": 0.7}
    return {**mark, **filling, "marker": MARKERS[marker], "s": size}
