"""The page's parts on errors: by position and polyphony, by class (confusions), and by score (calibration)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from whence.metrics import Along, Confusion, Dimension, Profile, calibration, confusion, known_clips, profile
from whence.text import shown
from whence.views.report.charts import bars, calibration_chart, profile_chart
from whence.views.report.markup import Markup, chart, element, join, numbers, scrollable, table
from whence.views.tables import degrees, number, percent, short

if TYPE_CHECKING:
    from whence.labels import ClipEvents
    from whence.metrics import Evaluation

_MOST_IN_WORDS = 5
# The median of fewer errors is not drawn.
_FEWEST_PAIRS = 10
_TABLES: dict[Dimension, str] = {
    "azimuth": "By azimuth of the reference",
    "side": "By side",
    "distance": "By distance of the reference",
    "polyphony": "By how many sources sound at once",
    "same_class": "By how many sources of the same class sound at once",
}


def error_section(evaluation: Evaluation) -> Markup:
    """Return two error profiles, then a chart and a table for each way to divide the rows."""
    return join(
        element(
            "p",
            "A reference counts in the band of its own position, a prediction without partner in the band of its "
            "own. All numbers are those of the strict protocol.",
        ),
        _profile(evaluation, "azimuth"),
        _profile(evaluation, "distance"),
        *[_bands(evaluation, dimension, title) for dimension, title in _TABLES.items()],
    )


def _profile(evaluation: Evaluation, along: Along) -> Markup | None:
    """The signed error of pairs along the true azimuth or distance."""
    steps = profile(evaluation.pairing, along)
    many = steps.pairs >= _FEWEST_PAIRS
    drawn = Profile(steps.start[many], steps.end[many], steps.pairs[many], steps.quartiles[many])
    if not len(drawn.pairs):
        return None
    unit, error = ("degrees", "to the left") if along == "azimuth" else ("m", "too far")
    title = f"{along.capitalize()} error against the true {along}"
    description = (
        f"Median of the signed error of all pairs (line) and the middle half of them (band), in steps of the true "
        f"{along}; above 0 means predicted {error}. "
        f"Steps with fewer than {_FEWEST_PAIRS} pairs are in the numbers only."
    )
    x_name = "true azimuth, degrees (left is left)" if along == "azimuth" else "true distance, m"
    drawing = profile_chart(title, description, drawn, x_name, f"error, {unit} {error}", along == "azimuth")
    rows = [
        [
            f"{start:g} to {end:g}" if end < float("inf") else f"beyond {start:g}",
            *[f"{quartile:+.1f}" if along == "azimuth" else f"{quartile:+.2f}" for quartile in quartiles],
            f"{pairs:,}",
        ]
        for start, end, pairs, quartiles in zip(*(column.tolist() for column in steps), strict=True)
    ]
    heading = [f"true {along}, {unit}", "lower quartile", "median", "upper quartile", "pairs"]
    return join(
        element("h3", title),
        element("p", description, class_="note"),
        chart(title, drawing),
        numbers(title, heading, rows),
    )


def _bands(evaluation: Evaluation, dimension: Dimension, title: str) -> Markup:
    """The scores of every band that occurs."""
    settings = evaluation.settings
    name = f"F{settings.azimuth_threshold_deg:g}"
    rows = evaluation.table(dimension, "strict").as_json(settings)
    drawn = [(str(row["band"]), row["f20"], percent(row["f20"])) for row in rows]  # type: ignore[arg-type]
    description = "; ".join(f"{band} {words}" for band, _, words in drawn)
    cells = [
        [
            str(row["band"]),
            percent(row["f20"]),  # type: ignore[arg-type]
            degrees(row["doae_deg"]),  # type: ignore[arg-type]
            number(row["rde"]),  # type: ignore[arg-type]
            f"{row['references']:,}",
            f"{row['predictions']:,}",
        ]
        for row in rows
    ]
    heading = [dimension.replace("_", " "), name, "DOAE", "RDE", "references", "predictions"]
    drawing = bars(f"{name} {title[0].lower()}{title[1:]}", f"{description}.", drawn, 1.0)  # type: ignore[arg-type]
    return join(element("h3", title), chart(title, drawing), table(title, heading, cells))


def confusion_section(evaluation: Evaluation) -> Markup:
    """Return how confusions are counted, the most frequent in words, and the whole table."""
    counted = confusion(evaluation.pairing, evaluation.settings)
    threshold = f"{evaluation.settings.azimuth_threshold_deg:g}"
    names = [shown(name) for name in evaluation.classes.names]
    explanation = (
        "A row is a true class; its cells divide its references (one for each tenth of a second and source), in per "
        "cent, and add up to 100. Found: a prediction of the class within all thresholds. Misplaced: the class was "
        "predicted in that tenth of a second, but too far away. Under a class name: the class was missed, and a "
        f"prediction of that other class, which belongs to no reference of its own, was within {threshold} degrees "
        "(nearest pairs first, each row used once). Missed: no prediction of any class was near. The last row counts "
        "predictions that are near no missed reference."
    )
    return join(
        element("p", explanation), _worst(counted, names), scrollable("confusion by class", _table(counted, names))
    )


def _worst(counted: Confusion, names: list[str]) -> Markup:
    """The most frequent confusions in words."""
    order = np.argsort(-counted.confused, axis=None, kind="stable")[:_MOST_IN_WORDS]
    items = []
    for true, other in zip(*np.unravel_index(order, counted.confused.shape), strict=True):
        times, references = int(counted.confused[true, other]), int(counted.references[true])
        if times:
            share = f"{times:,} of {references:,} references, {100 * times / references:.0f} %"
            items.append(element("li", f"{names[true]} predicted as {names[other]}: {share}"))
    if not items:
        return element("p", "No class was predicted as another.")
    return join(element("p", "Most often:"), element("ol", *items))


def _table(counted: Confusion, names: list[str]) -> Markup:
    """Shaded cells; green is right, orange is wrong, and the numbers say it without colour."""
    references = counted.references
    # A class without references and predictions gets no column.
    columns = np.flatnonzero((references + counted.confused.sum(axis=0) + counted.false_alarms) > 0)
    heads = ["references", "found", "misplaced", "missed", *[names[column] for column in columns]]
    head = element(
        "tr",
        element("th", "true class", scope="col"),
        *[element("th", element("span", short(text, 24)), scope="col", title=text) for text in heads],
    )
    rows = []
    blank = element("td", "", class_="plain")
    for true in np.flatnonzero(references > 0):
        total = int(references[true])
        cells = [element("td", f"{total:,}", class_="plain"), _cell(counted.hits[true], total, "good")]
        cells += [_cell(counted.misplaced[true], total, "bad"), _cell(counted.missed[true], total, "bad")]
        # Where row and column are one class, the cell is empty: that is counted under found and misplaced.
        cells += [blank if other == true else _cell(counted.confused[true, other], total, "bad") for other in columns]
        rows.append(element("tr", element("th", names[true], scope="row"), *cells))
    unmatched = [element("td", f"{int(counted.false_alarms[other]):,}", class_="plain") for other in columns]
    last = element(
        "th", "no reference", scope="row", title="predictions near no missed reference; numbers, not per cent"
    )
    rows.append(element("tr", last, *[blank] * 4, *unmatched))
    caption = element("caption", "Per cent of the references of each true class; empty cells are zero")
    return element("table", caption, element("thead", head), element("tbody", *rows), class_="confusion")


def _cell(times: int, total: int, class_: str) -> Markup:
    """A share in whole per cent, its colour as strong as it is large."""
    share = 100 * int(times) / total
    words = "" if not times else "<1" if share < 0.5 else f"{share:.0f}"
    return element(
        "td", words, class_=class_, style=f"--share: {share / 100:.3f}", title=f"{int(times):,} of {total:,}"
    )


def calibration_section(
    evaluation: Evaluation, references: ClipEvents, predictions: ClipEvents, why_none: str
) -> Markup:
    """Return the chart and the numbers, or why there are none."""
    if why_none:
        return element("p", f"{why_none} Predictions in JSON Lines with a score on each line fill this part.")
    known, _ = known_clips(references, predictions)
    steps = calibration(known, evaluation.pairing, evaluation.settings)
    description = (
        "How often predictions of each score were right (within all thresholds, all frames), the larger the dot the "
        "more predictions. On the dashed line a score of 0.8 is right in 8 of 10 cases; below it the system is "
        "overconfident."
    )
    rows = [
        [f"{low:.1f} to {high:.1f}", f"{count:,}", f"{score:.2f}" if count else "-", percent(share)]
        for low, high, count, score, share in zip(
            steps.edges[:-1].tolist(), steps.edges[1:].tolist(), steps.predictions.tolist(),
            steps.mean_score.tolist(), steps.precision.tolist(), strict=True,
        )
    ]  # fmt: skip
    return join(
        element("p", description),
        chart("Calibration", calibration_chart("Calibration", description, steps)),
        element("p", f"Mean distance between score and share, weighted by predictions: {steps.error:.3f}."),
        table("Predictions by score", ["score", "predictions", "mean score", "right"], rows),
    )
