"""Several models as one: the values that they predict for a clip are averaged."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from whence.audio import Microphones
from whence.errors import InferenceError
from whence.inference.system import NetworkSystem
from whence.models.outputs import AccdoaSettings, Coding, MultiAccdoaSettings, output_to_plain

# Settings of codings that values can only be averaged with, or decoded by, if they are equal.
_MUST_FIT = ("name", "activity", "azimuth", "threshold", "merge_deg", "track_count", "official_rows")


@dataclass(frozen=True, eq=False)
class _Systems:
    """Systems in the part of networks: the values of each are its own, joined and smoothed as it was trained."""

    systems: Sequence[NetworkSystem]

    @property
    def codings(self) -> list[Coding]:
        """What the values of each system mean, in order."""
        return [system.coding for system in self.systems]

    def predict(self, audio: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return the values of every system for clips (B, 2, S)."""
        return [system.values(audio) for system in self.systems]

    def told(self, microphones: Microphones) -> Self:
        """Return the same systems for clips of this pair."""
        return replace(self, systems=[system.for_microphones(microphones) for system in self.systems])


def average_systems(systems: Sequence[NetworkSystem]) -> NetworkSystem:
    """Return the system whose values are the mean of those of several systems.

    Tracks are put in the order that fits the first system best before they are averaged. The threshold of a class is
    the mean of the systems' own, so that each decides with the same weight. It counts as trained for the pairs of
    microphones that all of them were trained for.

    Args:
        systems: of the same classes and the same coding, whatever networks they have.

    Returns:
        one system; the only one, where there is one.

    Raises:
        InferenceError: none, or two that differ in their classes or codings; the message names both.
    """
    if not systems:
        raise InferenceError("no model is named; name one or more")
    first, *others = systems
    if not others:
        return first
    for other in others:
        both = f"{first.name} and {other.name} cannot be averaged"
        if first.classes.names != other.classes.names:
            raise InferenceError(
                f"{both}: their classes differ ({', '.join(first.classes.names[:3])} ...; "
                f"{', '.join(other.classes.names[:3])} ...)"
            )
        if differing := _differing(first.coding, other.coding):
            raise InferenceError(f"{both}: their codings differ in {differing}; name models of one coding")
    return NetworkSystem(
        _Systems(systems),
        thresholds=_mean_thresholds(systems),
        classes=first.classes,
        name=" + ".join(system.name for system in systems),
        microphones=tuple(pair for pair in first.microphones if all(pair in system.microphones for system in systems)),
    )


def _mean_thresholds(systems: Sequence[NetworkSystem]) -> NDArray[np.float64] | None:
    """Return (K,) thresholds, 0.5 counted where a system has none; None if all codings have their own rule."""
    if all(system.thresholds is None for system in systems):
        return None
    given = [np.full(len(s.classes), 0.5) if s.thresholds is None else s.thresholds for s in systems]
    mean: NDArray[np.float64] = np.mean(given, axis=0)
    return mean


def _differing(first: Coding, second: Coding) -> str:
    """Return the first setting that must be equal and is not, with both values; empty if there is none."""
    ours, theirs = _fitting(first), _fitting(second)
    for name in dict.fromkeys((*ours, *theirs)):
        if ours.get(name) != theirs.get(name):
            return f"{name} ({ours.get(name)}, {theirs.get(name)})"
    return ""


def _fitting(coding: Coding) -> dict[str, Any]:
    """Return what must be equal: how a network states its distance may differ, but not whether it does."""
    plain = output_to_plain(coding.settings)
    has_distance = isinstance(coding.settings, AccdoaSettings | MultiAccdoaSettings) or plain.get("distance", True)
    return {name: plain[name] for name in _MUST_FIT if name in plain} | {"distance": bool(has_distance)}
