"""The choice of a system's thresholds, smoothing and way of joining on held-out clips."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from whence.inference import Activity, NetworkBundle, SystemFile, join, joined_coding, smooth
from whence.models.outputs import ACTIVITY, Classwise, Coding, Tracks
from whence.training.validation import Validation, ValidationClips, predict, validate


class Tuned(NamedTuple):
    """A system with its new settings and scores, and the scores of its old settings on the same clips."""

    system: SystemFile
    before: Mapping[str, Any]


def tune_system(
    system: SystemFile,
    bundles: Sequence[NetworkBundle],
    held_out: ValidationClips,
    smoothing: Sequence[int] = (1,),
    *,
    swap: bool = False,
    allowance: float = 0.0,
) -> Tuned:
    """Try every way to join and smooth, each with its best thresholds, and choose the one with the highest F20.

    The networks run once. Of equals the simplest is chosen: the detector's own activity, and the least smoothing.

    Args:
        system: names the networks; its thresholds, smoothing and way of joining are replaced.
        bundles: the networks in the order of the file, localizers at the end.
        held_out: clips of recordings that no network was trained on.
        smoothing: widths to try, in frames; only classwise activity can be smoothed, other codings take 1.
        swap: average with the mirrored predictions for the mirrored clips, as the system will be used.
        allowance: how much of its F-score a class may give up for a higher threshold; see `best_thresholds`.

    Returns:
        the system with its new settings and scores, and the scores before; both from these clips, on which the new
        settings were chosen, so that clips of other recordings will score lower.
    """
    count = len(system.members)
    detected = _mean(bundles[:count], held_out, swap)
    located = _mean(bundles[count:], held_out, swap) if system.localizers else None
    first = bundles[0].coding
    coding = first if located is None else joined_coding(first, bundles[-1].coding)
    given = np.full(first.class_count, 0.5) if system.thresholds is None else np.array(system.thresholds)
    before = _tried(coding, detected, located, system.activity, system.smoothing_frames, held_out, given)
    tried = [
        (activity, frames, _tried(coding, detected, located, activity, frames, held_out))
        for activity in _activities(bundles[count:])
        for frames in (smoothing if isinstance(first, Classwise) else (1,))
    ]
    activity, frames, found = max(tried, key=lambda one: one[2].score)
    if allowance:
        found = _tried(coding, detected, located, activity, frames, held_out, allowance=allowance)
    thresholds = None if found.thresholds is None else tuple(found.thresholds.tolist())
    # The label of weights that were chosen on test clips stays, whatever is tuned.
    label = {name: system.validation[name] for name in ("protocol",) if name in system.validation}
    numbers = {**found.numbers, **label}
    tuned = replace(system, activity=activity, smoothing_frames=frames, thresholds=thresholds, validation=numbers)
    return Tuned(tuned, {**before.numbers, **label})


def _mean(bundles: Sequence[NetworkBundle], clips: ValidationClips, swap: bool) -> NDArray[np.float32]:
    """Return the averaged values of networks of one coding."""
    averaged: NDArray[np.float32] = bundles[0].coding.average([predict(bundle, clips, swap=swap) for bundle in bundles])
    return averaged


def _activities(localizers: Sequence[NetworkBundle]) -> list[Activity]:
    """Return the ways to join: the detector's activity, and the mean where every localizer predicts it too."""
    codings = [localizer.coding for localizer in localizers]
    both = codings and all(
        isinstance(coding, Tracks) or (isinstance(coding, Classwise) and coding.settings.activity) for coding in codings
    )
    return ["detector", "mean"] if both else ["detector"]


def _tried(
    coding: Coding,
    detected: NDArray[np.float32],
    located: NDArray[np.float32] | None,
    activity: Activity,
    frames: int,
    held_out: ValidationClips,
    thresholds: NDArray[np.float64] | None = None,
    allowance: float = 0.0,
) -> Validation:
    """Validate one way to join and smooth, with given thresholds or its best."""
    if located is None:
        values = detected.copy()
        if frames != 1:
            values[:, :, ACTIVITY] = smooth(values[:, :, ACTIVITY], frames)
    else:
        tracks = coding if isinstance(coding, Tracks) else None
        values = join(detected, located, activity, smoothing_frames=frames, tracks=tracks)
    return validate(coding, values, held_out, thresholds, allowance)
