"""The page's part on confidence: were predictions right as often as their scores say?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whence.metrics import calibration, known_clips
from whence.views.report.charts import calibration_chart
from whence.views.report.markup import Markup, element, join
from whence.views.report.tables import chart, table
from whence.views.tables import percent

if TYPE_CHECKING:
    from whence.labels import ClipEvents
    from whence.metrics import Evaluation
    from whence.views.report.predictions import Predictions


def calibration_section(evaluation: Evaluation, references: ClipEvents, predictions: Predictions) -> Markup:
    """The chart and the numbers, or why there is nothing to show."""
    if predictions.why_no_scores:
        return element(
            "p", f"{predictions.why_no_scores} Predictions in JSON Lines with a score on each line fill this part."
        )
    known, _ = known_clips(references, predictions.clips)
    steps = calibration(known, evaluation.pairing, evaluation.settings)
    description = (
        "How often predictions of each score were right (within all thresholds, all frames), the larger the dot the "
        "more predictions. On the dashed line a score of 0.8 is right in 8 of 10; below it the system is too sure."
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
