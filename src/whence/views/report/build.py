"""A report's folder is filled: the page, its scores as JSON, and the files of the worst clips."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from whence.files import written_whole
from whence.text import counted, shown
from whence.views.report.calibration import calibration_section
from whence.views.report.clip_section import clip_section
from whence.views.report.confusion import confusion_section
from whence.views.report.errors import error_section
from whence.views.report.folder import MARK
from whence.views.report.markup import Markup, element, join
from whence.views.report.page import page
from whence.views.report.scores import class_section, score_section

if TYPE_CHECKING:
    from whence.labels import ClipEvents
    from whence.metrics import Evaluation
    from whence.views.report.predictions import Predictions
    from whence.views.report.ranking import WorstClip


def write_report(
    folder: Path,
    places: tuple[Path, Path],
    evaluation: Evaluation,
    labels: tuple[ClipEvents, Predictions],
    worst: list[WorstClip],
    sounds: dict[str, Path] | None,
    progress: Callable[[int], None],
) -> list[str]:
    """Write everything that a report is made of.

    Args:
        folder: empty; what is written stands in it under names made here, never under those of clips.
        places: where references and predictions come from, for the page's head.
        evaluation: of them.
        labels: references and predictions.
        worst: the clips to show, the worst first.
        sounds: where the sounds of clips lie; None if nobody asked for sound.
        progress: told how many clips are done.

    Returns:
        a sentence for each sound that could not be used.

    Raises:
        OSError: when the disk refuses.
    """
    references, predictions = labels
    (folder / "clips").mkdir()
    parts = [
        ("scores", "Scores", score_section(evaluation)),
        ("classes", "Classes", class_section(evaluation)),
        ("confusion", "Confusion", confusion_section(evaluation)),
        ("errors", "Errors by place", error_section(evaluation)),
        ("calibration", "Calibration", calibration_section(evaluation, references, predictions)),
    ]
    sections: list[Markup] = []
    failures: list[str] = []
    for rank, clip in enumerate(worst, start=1):
        is_predicted = bool(evaluation.pairing.has_prediction[clip.clip])
        said = predictions.clips[clip.name] if is_predicted else None
        sound = sounds.get(clip.name) if sounds is not None else None
        both = (references[clip.name], said)
        section, failure = clip_section(rank, clip, both, sound, folder, evaluation.classes)
        if sounds is not None and sound is None:
            failure = f"{shown(clip.name)}: no sound of this name in the folder of sounds"
        sections.append(section)
        failures += [failure] if failure else []
        progress(rank)
    parts.append(("worst", "The worst clips", join(_about_worst(len(worst), sounds is not None), *sections)))
    scores = {"whence_report": 1, **evaluation.as_json()}
    _write_text(folder / MARK, json.dumps(scores, indent=2, allow_nan=False) + "\n")
    text = page("Where the mistakes are", [_introduction(places, evaluation)], parts)
    _write_text(folder / "index.html", text)
    return failures


def _write_text(path: Path, text: str) -> None:
    """One text file, on the disk when this returns."""
    with written_whole(path) as file:
        file.write(text.encode("utf-8"))


def _introduction(places: tuple[Path, Path], evaluation: Evaluation) -> str:
    """What was compared."""
    references, predictions = (shown(path.name or path) for path in places)
    clips = counted(len(evaluation.pairing.clip_names), "clip")
    recordings = counted(len(evaluation.recordings.names), "recording")
    of = f" of {recordings}" if evaluation.recordings.unit == "recording" else ""
    return f"Predictions in {predictions} against references in {references}: {clips}{of}."


def _about_worst(count: int, with_sound: bool) -> Markup:
    """How clips are ranked and how to read their figures."""
    if not count:
        return element("p", "No clip has a mistake, or none was asked for.")
    how = (
        "Ranked by mistakes, counted in tenths of a second and sources under the strict protocol: references that were "
        "missed, predictions that were invented, pairs that are misplaced. Broad pale bands with hollow shapes are the "
        "reference, thin lines with filled shapes the prediction; the bars below count the mistakes of each moment."
    )
    click = " A click on a figure plays from there." if with_sound else ""
    return element("p", f"{how}{click}")
