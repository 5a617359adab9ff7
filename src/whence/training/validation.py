"""Validation of a network on held-out clips: its own part of the task, with the best threshold of every class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from whence.corpora import AudioFrameDataset
from whence.errors import TrainingError, option
from whence.inference import NetworkBundle
from whence.labels import ClassList, ClipEvents, Events
from whence.metrics import IntervalSettings, ScoreSettings, evaluate, number_or_none
from whence.models.outputs import ACTIVITY, AZIMUTH, DISTANCE, Classwise, Coding, Tracks
from whence.training.recipe import Recipe
from whence.training.track_cells import AZIMUTH_DEG, RELATIVE_DISTANCE, track_cells

PAPER_LABEL = "paper protocol: chosen on test clips too"
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
        """Return the reference tables in the form that scoring takes."""
        return ClipEvents.from_mapping(dict(zip(self.names, self.events, strict=True)))


@dataclass(frozen=True, eq=False)
class Validation:
    """The result of one validation.

    Args:
        score: checkpoints are chosen by it, higher is better.
        numbers: all scores, for the record of the run.
        thresholds: (class,) the best ones; None where the coding has its own.
    """

    score: float
    numbers: dict[str, Any]
    thresholds: NDArray[np.float64] | None


@dataclass(frozen=True, eq=False)
class DevTestClips:
    """The test clips that `protocol: paper` also chooses on, read from disk when they are needed.

    Args:
        clips: all of them, with labels.
        classes: the class list.
    """

    clips: AudioFrameDataset
    classes: ClassList

    @cached_property
    def truth(self) -> ValidationClips:
        """Tables and names, without the audio."""
        clips = self.clips.clips
        tables = [clip.read_events(self.classes) for clip in clips]
        return ValidationClips(torch.empty(0), tables, [clip.name for clip in clips], self.classes)

    def score(self, bundle: NetworkBundle, thresholds: NDArray[np.float64] | None) -> Validation:
        """Validate a network on all test clips, with thresholds found on other clips."""
        clips, parts = self.clips.clips, []
        for first in range(0, len(clips), _CLIPS_AT_ONCE):
            signals = [clip.read_signal() for clip in clips[first : first + _CLIPS_AT_ONCE]]
            parts.append(bundle.values(torch.from_numpy(np.stack(signals))))
        return validate(bundle.coding, np.concatenate(parts), self.truth, thresholds)


def label_of(recipe: Recipe) -> Mapping[str, str]:
    """Return the label beside every number of a run whose weights are chosen on test clips; else nothing."""
    return {"protocol": PAPER_LABEL} if recipe.protocol == "paper" else {}


def check_class_count(class_count: int, classes: ClassList, what: str) -> None:
    """Refuse a class list of another length than a network was made for.

    Raises:
        TrainingError: with both numbers.
    """
    if class_count != len(classes):
        raise TrainingError(
            f"{what} has {class_count} classes, the class list {len(classes)}",
            remedy=f"name the right list with {option('classes')}",
        )


def describe_scores(numbers: Mapping[str, Any]) -> str:
    """Describe the numbers of a validation in one phrase, with the label of the paper protocol.

    >>> describe_scores({"f20": 0.228, "doae_deg": 24.5, "rde": None})
    'F20 22.8 %  DOAE 24.5 deg  RDE -'
    """
    label = f"  ({numbers['protocol']})" if "protocol" in numbers else ""
    if "f20" not in numbers:
        distance = f"  RDE {numbers['rde']:.2f}" if numbers.get("rde") is not None else ""
        return f"detection F {100 * numbers['detection_f']:.1f} %{distance}{label}"
    doae_deg, rde = numbers["doae_deg"], numbers["rde"]
    return (
        f"F20 {100 * numbers['f20']:.1f} %  DOAE {'-' if doae_deg is None else f'{doae_deg:.1f} deg'}  "
        f"RDE {'-' if rde is None else f'{rde:.2f}'}{label}"
    )


def predict(bundle: NetworkBundle, clips: ValidationClips, *, swap: bool = False) -> NDArray[np.float32]:
    """Return the values of a network for all clips, (clip, frame, ...)."""
    audio = clips.audio
    parts = [
        bundle.values(audio[first : first + _CLIPS_AT_ONCE], swap=swap)
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
    - a network of activity and distance: that F-score less the mean relative distance error of the reference's cells;
    - a localizer without activity: macro F20 with the activity of the reference;
    - everything else: macro F20, with the best thresholds where the coding is classwise or has tracks.

    Args:
        coding: of the network.
        values: predicted for the clips.
        clips: with their reference.
        thresholds: (class,) found on other clips; None for the best on these.
        allowance: of `best_thresholds`.

    Returns:
        score, numbers, thresholds.
    """
    if isinstance(coding, Tracks):
        if thresholds is None:
            thresholds = best_thresholds(*track_cells(coding, values, clips.events), allowance).threshold
        return _scored(coding, values, thresholds, clips)
    if not isinstance(coding, Classwise):
        return _scored(coding, values, None, clips)
    has_activity = not np.isnan(values[:, :, ACTIVITY]).all()
    has_positions = not np.isnan(values[:, :, AZIMUTH]).all()
    references, misplaced = _cells(coding, values, clips)
    if not has_activity:
        values = values.copy()
        values[:, :, ACTIVITY] = references.reshape(values[:, :, ACTIVITY].shape) > 0
    score = values[:, :, ACTIVITY].reshape(-1, coding.class_count)
    wrong = misplaced if has_positions else None
    best = (
        best_thresholds(score, references, wrong, allowance)
        if thresholds is None
        else at_thresholds(thresholds, score, references, wrong)
    )
    present = references.sum(axis=0) > 0
    if not has_positions:
        detection = float(best.f_score[present].mean()) if present.any() else 0.0
        by_class = dict(zip(clips.classes.names, np.round(best.f_score, 4).tolist(), strict=True))
        numbers = {"detection_f": detection, "by_class": by_class}
        if not coding.settings.distance:
            return Validation(detection, numbers, best.threshold)
        rde = _relative_distance_error(values, clips)
        return Validation(detection - (rde or 0.0), {**numbers, "rde": rde}, best.threshold)
    return _scored(coding, values, best.threshold, clips)


def _relative_distance_error(values: NDArray[np.float32], clips: ValidationClips) -> float | None:
    """Return the mean relative distance error in the cells of the reference; None where no distance is known."""
    errors = []
    for clip, table in enumerate(clips.events):
        known = table[(table.frame < values.shape[1]) & (table.distance_m > 0)]
        predicted_m = values[clip, known.frame, DISTANCE, known.class_index]
        errors.append(np.abs(predicted_m - known.distance_m) / known.distance_m)
    found = np.concatenate(errors) if errors else np.empty(0)
    return float(found.mean()) if len(found) else None


def _cells(
    coding: Classwise, values: NDArray[np.float32], clips: ValidationClips
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return for each (frame, class) cell the number of references, and whether its position is a spatial error.

    Of several references in a cell the nearest in azimuth is the pair, as in the official matching.
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
        predicted_m = values[clip, inside.frame, DISTANCE, inside.class_index]
        relative = np.abs(predicted_m - inside.distance_m) / np.maximum(inside.distance_m, 1e-9)
        wrong = (error_deg > AZIMUTH_DEG) | (relative > RELATIVE_DISTANCE)
        # Farthest first, so that the nearest is what remains.
        order = np.argsort(-error_deg)
        too_far[tuple(index[order] for index in cell)] = wrong[order]
    return references.reshape(-1, coding.class_count), too_far.reshape(-1, coding.class_count)


def _scored(
    coding: Coding, values: NDArray[np.float32], thresholds: NDArray[np.float64] | None, clips: ValidationClips
) -> Validation:
    """Return the scores of the official metric, without intervals."""
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


class BestThresholds(NamedTuple):
    """(class,) thresholds, and the F-score that each class reaches with its own."""

    threshold: NDArray[np.float64]
    f_score: NDArray[np.float64]


def best_thresholds(
    score: NDArray[np.floating],
    references: NDArray[np.integer],
    misplaced: NDArray[np.bool_] | None = None,
    allowance: float = 0.0,
) -> BestThresholds:
    """Find for each class the threshold with the highest F-score; a cell is active if its score exceeds it.

    Sorted by score, the counts of every possible threshold are running sums, so the search is exact and takes one
    sort per class. F = TP / (TP + FP_spatial + (FP + FN) / 2), as in the official metric; without spatial
    errors it is the F-score of detection alone.

    Args:
        score: (cell, class) confidence in each frame of each clip.
        references: (cell, class) how many references of the class there are.
        misplaced: (cell, class) whether an active cell is a spatial error; None for never.
        allowance: take the highest threshold whose F-score is at most this far below the best. F-scores hardly
            change around their maximum, and a higher threshold has fewer false alarms.

    Returns:
        thresholds halfway between two scores that occur, 0.5 for a class without references, and F-scores.

    Source: T. Zhao et al. 2025 (the best threshold of every class in each validation); the counts are those of
        `whence.metrics.counting`.

    >>> score = np.array([[0.9], [0.8], [0.3], [0.1]])
    >>> best_thresholds(score, np.array([[1], [1], [0], [0]]))
    BestThresholds(threshold=array([0.55]), f_score=array([1.]))
    """
    cells, classes = score.shape
    thresholds, f_scores = np.full(classes, 0.5), np.zeros(classes)
    wrong = np.zeros(score.shape, dtype=bool) if misplaced is None else misplaced
    for k in range(classes):
        total = int(references[:, k].sum())
        if total == 0 or cells == 0:
            continue
        order = np.argsort(-score[:, k], kind="stable")
        sorted_score, here = score[order, k].astype(np.float64), references[order, k] > 0
        hits = np.cumsum(here & ~wrong[order, k])
        spatial = np.cumsum(here & wrong[order, k])
        alarms = np.cumsum(~here)
        missed = total - hits - spatial
        f_score = hits / np.maximum(hits + spatial + 0.5 * (alarms + missed), 0.5)
        # Equal scores cannot be told apart: only the last of them is a possible cut.
        f_score[:-1][sorted_score[1:] == sorted_score[:-1]] = -1.0
        best = int(np.flatnonzero(f_score >= f_score.max() - allowance)[0])
        # Even a score of 0 exceeds a threshold below it.
        below = sorted_score[best + 1] if best + 1 < cells else min(0.0, sorted_score[best] - 1e-3)
        thresholds[k], f_scores[k] = 0.5 * (sorted_score[best] + below), f_score[best]
    return BestThresholds(thresholds, f_scores)


def at_thresholds(
    threshold: NDArray[np.float64],
    score: NDArray[np.floating],
    references: NDArray[np.integer],
    misplaced: NDArray[np.bool_] | None = None,
) -> BestThresholds:
    """Return the F-scores that given thresholds reach.

    Args:
        threshold: (class,).
        score: as in `best_thresholds`.
        references: as there.
        misplaced: as there.

    Returns:
        the same thresholds, and F-scores; 0 for a class without references.

    >>> at_thresholds(np.array([0.5]), np.array([[0.9], [0.8]]), np.array([[1], [0]])).f_score.round(3)
    array([0.667])
    """
    wrong = np.zeros(score.shape, dtype=bool) if misplaced is None else misplaced
    active, here = score > threshold, references > 0
    hits = (active & here & ~wrong).sum(axis=0)
    spatial = (active & here & wrong).sum(axis=0)
    alarms = (active & ~here).sum(axis=0)
    total = references.sum(axis=0)
    f_score = hits / np.maximum(hits + spatial + 0.5 * (alarms + total - hits - spatial), 0.5)
    return BestThresholds(threshold, np.where(total > 0, f_score, 0.0))
