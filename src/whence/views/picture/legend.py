"""The legend of a clip's picture: what colours and shapes mean, and which layer is which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.legend import Legend
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D

from whence.text import shown
from whence.views.picture.looks import GREY, LOOKS
from whence.views.picture.palette import COLOURS, MARKERS, look_of, short

if TYPE_CHECKING:
    from whence.labels import ClassList, Events

_MOST_IN_LEGEND = 16


def draw_legend(axes: Any, layers: list[tuple[str, Events]], classes: ClassList) -> None:
    """What colours and shapes mean, and which of two layers is which."""
    axes.axis("off")
    present = sorted({index for _, events in layers for index in events.class_index.tolist()})
    if not present:
        axes.text(0.5, 0.9, "no events", ha="center", va="top", color=GREY, transform=axes.transAxes)
        return
    named = [(short(shown(classes[index])), _legend_mark(index)) for index in present[:_MOST_IN_LEGEND]]
    if len(present) > _MOST_IN_LEGEND:
        named.append((f"and {len(present) - _MOST_IN_LEGEND} more", Line2D([], [], ls="")))
    columns = 1 if max(len(name) for name, _ in named) > 20 else 2
    axes.add_artist(_legend(axes, named, columns, 1.0 if len(layers) == 1 else 0.84, 1.2))
    if len(layers) > 1:
        looks = []
        for name, _ in layers:
            line, mark = LOOKS[name]["line"], LOOKS[name]["mark"]
            filling: dict[str, Any] = {"mfc": "white", "mec": GREY} if mark["hollow"] else {"mfc": GREY, "mec": "black"}
            thick = {"lw": line["linewidths"], "alpha": line.get("alpha", 1.0)}
            looks.append((name, (Line2D([], [], color=GREY, **thick), Line2D([], [], ls="", marker="o", **filling))))
        axes.add_artist(_legend(axes, looks, 2, 1.0, 2.6))


def _legend(axes: Any, named: list[tuple[str, Any]], columns: int, top: float, length: float) -> Any:
    """One block of the legend; names are written as they are."""
    handles = [handle for _, handle in named]
    # Names that start with an underscore would be left out, so the texts are put in afterwards.
    legend = Legend(
        axes, handles, ["x" * len(name) for name, _ in named], loc="upper center", bbox_to_anchor=(0.5, top),
        ncols=columns, frameon=False, fontsize=9, handlelength=length, columnspacing=1.2, handler_map=_both_at_once(),
    )  # fmt: skip
    for text, (name, _) in zip(legend.get_texts(), named, strict=True):
        text.set_text(name)
    return legend


def _both_at_once() -> dict[Any, Any]:
    """A pair of handles is drawn one over the other."""
    return {tuple: HandlerTuple(ndivide=1)}


def _legend_mark(class_index: int) -> Any:
    """The shape of a class in its colour."""
    colour, marker = look_of(class_index)
    return Line2D([], [], ls="", marker=MARKERS[marker], ms=8, mfc=COLOURS[colour], mec="#222222", mew=0.6)
