"""A system's thresholds, smoothing and way of joining, chosen together on held-out clips."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from whence.inference import Activity, NetworkBundle, SystemFile, join, smooth
from whence.models.outputs import ACTIVITY, Classwise, ClasswiseSettings, Coding
from whence.training.validation import Validation, ValidationClips, predict, validate


def tune_system(
    system: SystemFile,
    members: Sequence[NetworkBundle],
    held_out: ValidationClips,
    smoothing: Sequence[int] = (1,),
    *,
    swap: bool = False,
    allowance: float = 0.0,
) -> SystemFile:
    """Try every way to join and smooth, each with its best thresholds, and take the one with the highest F20.

    The networks run once; everything else is tried on what they said. Of equals the simplest is taken: the detector's
    own activity, and the least smoothing.

    Args:
        system: which networks there are; its thresholds, smoothing and way of joining are found anew.
        members: the networks in the order of the file, those that say where at the end.
        held_out: clips of recordings that no network was trained on.
        smoothing: frames to try; only classwise activity can be smoothed, other codings take 1.
        swap: average with the mirrored answers to the mirrored clips, as the system will be used.
        allowance: how much of its F-score a class may give up for a higher threshold; see `best_thresholds`.

    Returns:
        the system with what was found, and its scores.
    """
    count = len(system.members)
    said = _mean(members[:count], held_out, swap)
    located = _mean(members[count:], held_out, swap) if system.localizers else None
    coding = _coding(members[0].coding, joined=located is not None)
    tried = [
        (activity, frames, _tried(coding, said, located, activity, frames, held_out))
        for activity in _activities(members[count:])
        for frames in (smoothing if isinstance(coding, Classwise) else (1,))
    ]
    activity, frames, found = max(tried, key=lambda one: one[2].score)
    if allowance:
        found = _tried(coding, said, located, activity, frames, held_out, allowance)
    thresholds = None if found.thresholds is None else tuple(found.thresholds.tolist())
    # Nothing that is tuned makes weights that were chosen on test clips honest again.
    label = {name: system.validation[name] for name in ("protocol",) if name in system.validation}
    numbers = {**found.numbers, **label}
    return replace(system, activity=activity, smoothing_frames=frames, thresholds=thresholds, validation=numbers)


def _coding(coding: Coding, *, joined: bool) -> Coding:
    """What the values of the whole mean; joined networks tell everything."""
    return Classwise(ClasswiseSettings(coding.class_count)) if joined else coding


def _mean(members: Sequence[NetworkBundle], clips: ValidationClips, swap: bool) -> NDArray[np.float32]:
    """The averaged values of networks of one coding."""
    averaged: NDArray[np.float32] = members[0].coding.average([predict(member, clips, swap=swap) for member in members])
    return averaged


def _activities(localizers: Sequence[NetworkBundle]) -> list[Activity]:
    """The ways to join: the detector's activity, and the mean where every localizer tells it too."""
    codings = [localizer.coding for localizer in localizers]
    both = codings and all(isinstance(coding, Classwise) and coding.settings.activity for coding in codings)
    return ["detector", "mean"] if both else ["detector"]


def _tried(
    coding: Coding,
    said: NDArray[np.float32],
    located: NDArray[np.float32] | None,
    activity: Activity,
    frames: int,
    held_out: ValidationClips,
    allowance: float = 0.0,
) -> Validation:
    """One way to join and smooth, with its best thresholds."""
    values = said.copy() if located is None else join(said, located, activity)
    if frames != 1:
        values[:, :, ACTIVITY] = smooth(values[:, :, ACTIVITY], frames)
    return validate(coding, values, held_out, allowance=allowance)
