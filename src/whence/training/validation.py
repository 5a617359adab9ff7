"""How good a network in training is on held-out clips: its own part of the task, with the best thresholds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from whence.errors import TrainingError
from whence.inference import NetworkBundle
from whence.labels import ClassList, ClipEvents, Events
from whence.metrics import IntervalSettings, ScoreSettings, evaluate, number_or_none
from whence.models.outputs import ACTIVITY, AZIMUTH, DISTANCE, Classwise, Coding
from whence.training.thresholds import at_thresholds, best_thresholds

# A hit of the official metric.
_AZIMUTH_DEG, _RELATIVE_DISTANCE = 20.0, 1.0
_CLIPS_AT_ONCE = 32


@dataclass(frozen=True, eq=False)
class ValidationClips:
    """Held-out clips in memory.

    Args:
        audio: (clip, 2, sample) float32.
        events: one table per clip.
        names: of the clips, telling their recordings.
        classes: the class list.
    """

    audio: torch.Tensor
    events: Sequence[Events]
    names: Sequence[str]
    classes: ClassList

    def truth(self) -> ClipEvents:
        """The reference tables in the form that scoring works on."""
        return ClipEvents.from_mapping(dict(zip(self.names, self.events, strict=True)))


@dataclass(frozen=True, eq=False)
class Validation:
    """What one look at the held-out clips showed.

    Args:
        score: what checkpoints are chosen by, higher is better.
        numbers: everything worth a line in the record.
        thresholds: (class,) the best ones; None where the coding has its own.
    """

    score: float
    numbers: dict[str, Any]
    thresholds: NDArray[np.float64] | None


def check_class_count(class_count: int, classes: ClassList, what: str) -> None:
    """Refuse a class list of another length than a network was made for.

    Raises:
        TrainingError: with both numbers.
    """
    if class_count != len(classes):
        raise TrainingError(
            f"{what} has {class_count} classes, the class list {len(classes)}; name the right list with --classes"
        )


def describe_scores(numbers: Mapping[str, Any]) -> str:
    """The numbers of a validation in one phrase, with the label of a protocol that is not honest.

    >>> describe_scores({"f20": 0.228, "doae_deg": 24.5, "rde": None})
    'F20 22.8 %  DOAE 24.5 deg  RDE -'
    """
    label = f"  ({numbers['protocol']})" if "protocol" in numbers else ""
    if "f20" not in numbers:
        return f"detection F {100 * numbers['detection_f']:.1f} %{label}"
    doae_deg, rde = numbers["doae_deg"], numbers["rde"]
    return (
        f"F20 {100 * numbers['f20']:.1f} %  DOAE {'-' if doae_deg is None else f'{doae_deg:.1f} deg'}  "
        f"RDE {'-' if rde is None else f'{rde:.2f}'}{label}"
    )


def predict(member: NetworkBundle, clips: ValidationClips, *, swap: bool = False) -> NDArray[np.float32]:
    """The values of a network for all clips, (clip, frame, ...)."""
    audio = clips.audio
    parts = [
        member.values(audio[first : first + _CLIPS_AT_ONCE], swap=swap)
        for first in range(0, len(audio), _CLIPS_AT_ONCE)
    ]
    return np.concatenate(parts)


def validate(
    coding: Coding,
    values: NDArray[np.float32],
    clips: ValidationClips,
    thresholds: NDArray[np.float64] | None = None,
    allowance: float = 0.0,
) -> Validation:
    """Score the part of the task that a network does.

    - a detector: macro F-score of detection in frames, with the best threshold of every class;
    - a localizer without activity: macro F20 if the detector were perfect (the truth's activity);
    - everything else: macro F20, with the best thresholds where the coding is classwise.

    Args:
        coding: of the network.
        values: its answer to the clips.
        clips: with their truth.
        thresholds: (class,) found on other clips; None for the best on these.
        allowance: of `best_thresholds`.

    Returns:
        score, numbers, thresholds.
    """
    if not isinstance(coding, Classwise):
        return _scored(coding, values, None, clips)
    knows_activity = not np.isnan(values[:, :, ACTIVITY]).all()
    knows_place = not np.isnan(values[:, :, AZIMUTH]).all()
    references, misplaced = _cells(coding, values, clips)
    if not knows_activity:
        values = values.copy()
        values[:, :, ACTIVITY] = references.reshape(values[:, :, ACTIVITY].shape) > 0
    score = values[:, :, ACTIVITY].reshape(-1, coding.class_count)
    wrong = misplaced if knows_place else None
    best = (
        best_thresholds(score, references, wrong, allowance)
        if thresholds is None
        else at_thresholds(thresholds, score, references, wrong)
    )
    present = references.sum(axis=0) > 0
    if not knows_place:
        detection = float(best.f_score[present].mean()) if present.any() else 0.0
        by_class = dict(zip(clips.classes.names, np.round(best.f_score, 4).tolist(), strict=True))
        return Validation(detection, {"detection_f": detection, "by_class": by_class}, best.threshold)
    return _scored(coding, values, best.threshold, clips)


def _cells(
    coding: Classwise, values: NDArray[np.float32], clips: ValidationClips
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """For each (frame, class) cell the number of references, and whether its place would be a spatial error.

    Of several references in a cell the one nearest in azimuth is the pair, as the official matching has it.
    """
    clip_count, frames = values.shape[:2]
    shape = (clip_count, frames, coding.class_count)
    references = np.zeros(shape, dtype=np.int64)
    too_far = np.zeros(shape, dtype=bool)
    for clip, table in enumerate(clips.events):
        inside = table[table.frame < frames]
        cell = (np.full(inside.row_count, clip), inside.frame, inside.class_index)
        np.add.at(references, cell, 1)
        error_deg = np.abs(values[clip, inside.frame, AZIMUTH, inside.class_index] - inside.azimuth_deg)
        said_m = values[clip, inside.frame, DISTANCE, inside.class_index]
        relative = np.abs(said_m - inside.distance_m) / np.maximum(inside.distance_m, 1e-9)
        wrong = (error_deg > _AZIMUTH_DEG) | (relative > _RELATIVE_DISTANCE)
        # Farthest first, so that the nearest is what remains.
        order = np.argsort(-error_deg)
        place = tuple(index[order] for index in cell)
        too_far[place] = wrong[order]
    return references.reshape(-1, coding.class_count), too_far.reshape(-1, coding.class_count)


def _scored(
    coding: Coding, values: NDArray[np.float32], thresholds: NDArray[np.float64] | None, clips: ValidationClips
) -> Validation:
    """The scores of the official metric, without intervals."""
    evaluation = evaluate(
        clips.truth(),
        coding.decode_clips(values, list(clips.names), thresholds),
        ScoreSettings(class_count=len(clips.classes)),
        classes=clips.classes,
        interval_settings=IntervalSettings(method="none"),
    )
    scores = evaluation.official.scores
    by_class = dict(zip(clips.classes.names, np.round(scores.by_class.f20, 4).tolist(), strict=True))
    numbers: dict[str, Any] = {
        "f20": scores.f20,
        "doae_deg": number_or_none(scores.doae_deg),
        "rde": number_or_none(scores.rde),
        "by_class": by_class,
    }
    return Validation(scores.f20, numbers, thresholds)
