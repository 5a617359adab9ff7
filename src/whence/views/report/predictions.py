"""Predictions from CSV files, or from JSON Lines, which also carry scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from whence.errors import WhenceError

if TYPE_CHECKING:
    from whence.labels import ClassList, ClipEvents

_ENDING = ".jsonl"


class Predictions(NamedTuple):
    """Predictions, and whether their scores can be compared with reality."""

    clips: ClipEvents
    why_no_scores: str
    """Why there is no calibration to show, as a sentence; empty where the files carry scores."""


def read_predictions(path: Path, classes: ClassList) -> Predictions:
    """Read predictions: a folder, zip or file of CSV, or a folder or file of JSON Lines.

    A folder that holds both is read as CSV, the form that other commands score too.

    Raises:
        WhenceError: nothing is found, or a file breaks its layout (the message names file and line).
    """
    from whence.labels import ClipEvents, read_json_lines, read_labels
    from whence.text import shown

    lines = _json_files(path)
    if path.suffix.lower() != _ENDING and not (lines and not _has_csv(path)):
        beside = "; a folder of JSON Lines alone would be read with its scores" if lines else ""
        reason = f"The predictions are CSV files, which carry no score{beside}."
        return Predictions(read_labels(path, classes), reason)
    tables = {}
    for file in lines:
        name = file.name[: -len(_ENDING)].removesuffix(".frames")
        if name in tables:
            raise WhenceError(f"{shown(path)}: two files for clip {shown(name)}; keep events and frames in two folders")
        tables[name] = read_json_lines(file, classes)
    clips = ClipEvents.from_mapping(tables)
    score = clips.events.score
    if not len(score) or (score == score[0]).all():
        return Predictions(clips, "All predictions have the same score, so there is nothing to compare.")
    if ((score < 0) | (score > 1)).any():
        return Predictions(clips, "Some scores are outside of 0 to 1, so they are not confidences.")
    return Predictions(clips, "")


def _json_files(path: Path) -> list[Path]:
    """The JSON Lines files of a path, without hidden ones."""
    if path.is_file():
        return [path] if path.suffix.lower() == _ENDING else []
    found = [file for file in path.rglob("*") if file.suffix.lower() == _ENDING and file.is_file()]
    shown = [file for file in found if not any(part.startswith(".") for part in file.relative_to(path).parts)]
    return sorted(shown, key=lambda file: file.name)


def _has_csv(path: Path) -> bool:
    """Whether a folder holds a CSV file that is not hidden."""
    return any(file.suffix.lower() == ".csv" and not file.name.startswith(".") for file in path.rglob("*"))
