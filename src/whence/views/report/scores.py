"""The page's first parts: the scores with their intervals, and the classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence.text import counted, shown
from whence.views.report.charts import bars, whiskers
from whence.views.report.markup import Markup, chart, element, join, table
from whence.views.tables import degrees, number, percent

if TYPE_CHECKING:
    from whence.metrics import Evaluation


def score_section(evaluation: Evaluation) -> Markup:
    """Return both protocols side by side, what the official one leaves out, and what each score means."""
    settings = evaluation.settings
    name = f"F{settings.azimuth_threshold_deg:g}"
    unit = evaluation.recordings.unit
    rows: list[list[str]] = []
    for title, key, form in ((name, "f20", percent), ("DOAE", "doae_deg", degrees), ("RDE", "rde", number)):
        row = [title]
        for result in (evaluation.official, evaluation.strict):
            low, high = getattr(result.interval, key)
            row += [form(getattr(result, key)), "-" if low != low else f"{form(low)} to {form(high)}"]
        rows.append(row)
    heading = ["", "official", f"95 % interval (by {unit})", "strict", f"95 % interval (by {unit})"]
    dots = [
        (f"{name} {protocol}", result.f20, *result.interval.f20, percent(result.f20))
        for protocol, result in (("official", evaluation.official), ("strict", evaluation.strict))
    ]
    words = "; ".join(f"{label} {value}" for label, *_, value in dots)
    dotted = whiskers(f"{name} with intervals", f"{words}. The table below has the intervals.", dots)
    limits = (
        f"its azimuth is off by at most {settings.azimuth_threshold_deg:g} degrees and its distance by at most "
        f"{settings.relative_distance_threshold:g} times the true distance"
    )
    metre = f" and {settings.distance_threshold_m:g} m" if settings.distance_threshold_m < float("inf") else ""
    return join(
        chart(f"{name} with intervals", dotted),
        table(f"Scores, {settings.average} average over {len(evaluation.classes)} classes", heading, rows),
        element(
            "p",
            f"{name} is the F-score in which a detection counts only if {limits}{metre}; higher is better. DOAE is the "
            "mean azimuth error, RDE the mean distance error as a part of the true distance; lower is better. Official "
            "is what the DCASE 2025 scorer computes; strict also counts what that scorer leaves out.",
        ),
        [element("p", note, class_="note") for note in evaluation.notes()],
        _partnerless(evaluation),
    )


def class_section(evaluation: Evaluation) -> Markup:
    """Return the scores of every class under the strict protocol, and which classes are missing."""
    strict, official = evaluation.per_class("strict"), evaluation.per_class("official")
    name = f"F{evaluation.settings.azimuth_threshold_deg:g}"
    predicted = evaluation.strict.scores.predictions.tolist()
    rows, drawn, missing = [], [], []
    for row, other, predictions in zip(strict, official, predicted, strict=True):
        label, references = shown(row["name"]), int(str(row["references"]))
        if not references:
            missing.append(label + (f" (yet predicted {predictions:,} times)" if predictions else ""))
        present = bool(references or predictions)
        f20 = row["f20"] if present else None
        drawn.append((label, f20, percent(f20) if present else "absent"))  # type: ignore[arg-type]
        rows.append(
            [
                label,
                percent(f20) if present else "absent",  # type: ignore[arg-type]
                percent(other["f20"]),  # type: ignore[arg-type]
                degrees(row["doae_deg"]),  # type: ignore[arg-type]
                number(row["rde"]),  # type: ignore[arg-type]
                f"{references:,}",
                f"{predictions:,}",
            ]
        )
    heading = ["class", f"{name} strict", f"{name} official", "DOAE", "RDE", "references", "predictions"]
    description = "; ".join(f"{label} {words}" for label, _, words in drawn)
    drawing = bars(f"{name} of each class", f"Strict protocol: {description}.", drawn, 1.0)  # type: ignore[arg-type]
    return join(
        chart(f"{name} of each class", drawing),
        table("Classes; errors and counts are those of the strict protocol", heading, rows),
        element("p", f"Not in the references: {', '.join(missing)}.") if missing else None,
    )


def _partnerless(evaluation: Evaluation) -> Markup | None:
    """The clips that have only a reference or only a prediction."""
    parts = []
    for names, what in (
        (evaluation.missing_clips, "without a prediction file, all missed under strict"),
        (evaluation.unknown_clips, "predicted but not in the references, counted nowhere"),
    ):
        if names:
            some = ", ".join(shown(name) for name in names[:5]) + (", ..." if len(names) > 5 else "")
            parts.append(element("p", f"{counted(len(names), 'clip')} {what}: {some}", class_="warn"))
    return join(*parts) if parts else None
