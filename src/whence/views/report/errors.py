"""The page's part on where errors lie: by azimuth, side, distance and polyphony, and along the true place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence.metrics import Along, Dimension, Profile, profile
from whence.views.report.charts import bars, profile_chart
from whence.views.report.markup import Markup, element, join
from whence.views.report.tables import chart, numbers, table
from whence.views.tables import degrees, number, percent

if TYPE_CHECKING:
    from whence.metrics import Evaluation

# The median of fewer errors says little.
_FEWEST_PAIRS = 10
_TABLES: dict[Dimension, str] = {
    "azimuth": "By azimuth of the reference",
    "side": "By side",
    "distance": "By distance of the reference",
    "polyphony": "By how many sources sound at once",
    "same_class": "By how many sources of the same class sound at once",
}


def error_section(evaluation: Evaluation) -> Markup:
    """Two profiles, then a chart and a table for each way to divide the rows."""
    return join(
        element(
            "p",
            "References stand in the band of their own place, a prediction without partner in the band of its own. "
            "All of this is of the strict protocol.",
        ),
        _profile(evaluation, "azimuth"),
        _profile(evaluation, "distance"),
        *[_bands(evaluation, dimension, title) for dimension, title in _TABLES.items()],
    )


def _profile(evaluation: Evaluation, along: Along) -> Markup | None:
    """How the error of pairs grows along the true place."""
    steps = profile(evaluation.pairing, along)
    many = steps.pairs >= _FEWEST_PAIRS
    drawn = Profile(steps.start[many], steps.end[many], steps.pairs[many], steps.quartiles[many])
    if not len(drawn.pairs):
        return None
    unit, error = ("degrees", "to the left") if along == "azimuth" else ("m", "too far")
    title = f"{along.capitalize()} error against the true {along}"
    description = (
        f"Median of the signed error of all pairs (line) and the middle half of them (band), in steps of the true "
        f"{along}; above 0 means said {error}. Steps with fewer than {_FEWEST_PAIRS} pairs stand only in the numbers."
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
    said = "; ".join(f"{band} {words}" for band, _, words in drawn)
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
    drawing = bars(f"{name} {title[0].lower()}{title[1:]}", f"{said}.", drawn, 1.0)  # type: ignore[arg-type]
    return join(element("h3", title), chart(title, drawing), table(title, heading, cells))
