"""The clips with the most mistakes, and how their mistakes lie over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from whence.metrics import HIT, outcomes

if TYPE_CHECKING:
    from whence.metrics import Evaluation


class WorstClip(NamedTuple):
    """A clip and what went wrong in it, counted over (frame, source) rows of all frames."""

    clip: int
    """Position among the reference clips."""
    name: str
    missed: int
    false_alarms: int
    misplaced: int
    references: int
    mistakes_by_frame: NDArray[np.int64]
    """(frame,) all three kinds together; as long as the last frame with a mistake needs."""

    @property
    def mistakes(self) -> int:
        """All three kinds together: what clips are ranked by."""
        return self.missed + self.false_alarms + self.misplaced


def worst_clips(evaluation: Evaluation, most: int) -> list[WorstClip]:
    """Rank clips by misses, false alarms and misplaced pairs under the strict protocol.

    A pair that is misplaced is one mistake, although it has a row on both sides.

    Args:
        evaluation: of all clips.
        most: how many clips at most.

    Returns:
        clips with at least one mistake, the worst first; equal ones by name.
    """
    counts = evaluation.counts["strict"]
    kinds = np.stack([counts.misses, counts.false_alarms, counts.misplaced, counts.references]).sum(axis=2).astype(int)
    total = kinds[:3].sum(axis=0)
    names = evaluation.pairing.clip_names
    order = sorted(np.flatnonzero(total).tolist(), key=lambda clip: (-total[clip], names[clip]))[:most]
    by_frame = _mistakes_by_frame(evaluation, order)
    found = []
    for clip in order:
        missed, false_alarms, misplaced, references = kinds[:, clip].tolist()
        found.append(WorstClip(clip, names[clip], missed, false_alarms, misplaced, references, by_frame[clip]))
    return found


def _mistakes_by_frame(evaluation: Evaluation, clips: list[int]) -> dict[int, NDArray[np.int64]]:
    """For each of the clips, how many mistakes every frame has."""
    pairing = evaluation.pairing
    outcome = outcomes(pairing, evaluation.settings)
    # A misplaced pair is counted on the side of its reference; predictions add their false alarms.
    paired = np.zeros(len(pairing.predictions.frame), dtype=bool)
    paired[pairing.prediction_row] = True
    wrong = (
        (pairing.references, outcome.references != HIT),
        (pairing.predictions, (outcome.predictions != HIT) & ~paired),
    )
    found: dict[int, NDArray[np.int64]] = {}
    for clip in clips:
        frames = []
        for side, mistaken in wrong:  # the rows of a clip stand together
            first, end = np.searchsorted(side.clip, (clip, clip + 1)).tolist()
            frames.append(side.frame[first:end][mistaken[first:end]])
        found[clip] = np.bincount(np.concatenate(frames))
    return found
