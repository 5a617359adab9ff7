"""The page's table of confusions: which class was said where another was true."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whence.metrics import Confusion, confusion
from whence.text import shown
from whence.views.picture.palette import short
from whence.views.report.markup import Markup, element, join
from whence.views.report.tables import scrollable

if TYPE_CHECKING:
    from whence.metrics import Evaluation

_MOST_IN_WORDS = 5


def confusion_section(evaluation: Evaluation) -> Markup:
    """How mistakes of class are counted, the worst in words, and the whole table."""
    counted = confusion(evaluation.pairing, evaluation.settings)
    threshold = f"{evaluation.settings.azimuth_threshold_deg:g}"
    names = [shown(name) for name in evaluation.classes.names]
    explanation = (
        "A row is a class that was truly there; its cells say what became of its references (one for each tenth of a "
        "second and source), in per cent, and add up to 100. Found: a prediction of the class within all thresholds. "
        "Misplaced: the class was said in that tenth of a second, but too far away. Under a class name: the class was "
        "missed, and a prediction of that other class, which belongs to no reference of its own, stood within "
        f"{threshold} degrees (nearest couples first, each row used once). Unheard: missed, and nothing like it near. "
        "The last row counts predictions that stand near no missed reference at all."
    )
    return join(
        element("p", explanation),
        _worst(counted, names),
        scrollable("confusion by class", _table(counted, names)),
    )


def _worst(counted: Confusion, names: list[str]) -> Markup:
    """The most frequent confusions in words."""
    order = np.argsort(-counted.confused, axis=None, kind="stable")[:_MOST_IN_WORDS]
    items = []
    for true, said in zip(*np.unravel_index(order, counted.confused.shape), strict=True):
        times, references = int(counted.confused[true, said]), int(counted.references[true])
        if times:
            share = f"{times:,} of {references:,} references, {100 * times / references:.0f} %"
            items.append(element("li", f"{names[true]} was called {names[said]}: {share}"))
    if not items:
        return element("p", "No class was taken for another.")
    return join(element("p", "Most often:"), element("ol", *items))


def _table(counted: Confusion, names: list[str]) -> Markup:
    """Shaded cells; green is right, orange is wrong, and the numbers say it without colour."""
    references = counted.references
    # A class that neither was true nor was said anywhere is no column.
    columns = np.flatnonzero((references + counted.confused.sum(axis=0) + counted.false_alarms) > 0)
    heads = ["references", "found", "misplaced", "unheard", *[names[column] for column in columns]]
    head = element(
        "tr",
        element("th", "true class", scope="col"),
        *[element("th", element("span", short(text, 24)), scope="col", title=text) for text in heads],
    )
    rows = []
    for true in np.flatnonzero(references > 0):
        total = int(references[true])
        cells = [element("td", f"{total:,}", class_="plain"), _cell(counted.hits[true], total, "good")]
        cells += [_cell(counted.misplaced[true], total, "bad"), _cell(counted.missed[true], total, "bad")]
        cells += [_cell(counted.confused[true, said], total, "bad") if said != true else _same() for said in columns]
        rows.append(element("tr", element("th", names[true], scope="row"), *cells))
    invented = [element("td", f"{int(counted.false_alarms[said]):,}", class_="plain") for said in columns]
    blank = element("td", "", class_="plain")
    last = element("th", "invented", scope="row", title="predictions near no missed reference; numbers, not per cent")
    rows.append(element("tr", last, *[blank] * 4, *invented))
    caption = element("caption", "Per cent of the references of each true class; empty where it never happened")
    return element("table", caption, element("thead", head), element("tbody", *rows), class_="confusion")


def _cell(times: int, total: int, class_: str) -> Markup:
    """A share in whole per cent, its colour as strong as it is large."""
    share = 100 * int(times) / total
    words = "" if not times else "<1" if share < 0.5 else f"{share:.0f}"
    return element(
        "td", words, class_=class_, style=f"--share: {share / 100:.3f}", title=f"{int(times):,} of {total:,}"
    )


def _same() -> Markup:
    """Where row and column are one class: counted under found and misplaced."""
    return element("td", "", class_="plain")
