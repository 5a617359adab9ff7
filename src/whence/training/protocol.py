"""How weights may be chosen: honestly, on held-out clips alone, or as the report did, on test clips too."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from whence.corpora import AudioFrameDataset
from whence.inference import NetworkBundle
from whence.labels import ClassList
from whence.training.recipe import Recipe
from whence.training.validation import Validation, ValidationClips, validate

PAPER_LABEL = "paper protocol: chosen on test clips too"
_CLIPS_AT_ONCE = 32


def label_of(recipe: Recipe) -> Mapping[str, str]:
    """What is written beside every number of a run: nothing of an honest one, a warning of one chosen on test clips."""
    return {"protocol": PAPER_LABEL} if recipe.protocol == "paper" else {}


@dataclass(frozen=True, eq=False)
class DevTestClips:
    """The test clips that `protocol: paper` looks at, read from disk as they are needed.

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

    def score(self, member: NetworkBundle, thresholds: NDArray[np.float64] | None) -> Validation:
        """How a network does its part of the task on all test clips, with thresholds that were found elsewhere."""
        clips, parts = self.clips.clips, []
        for first in range(0, len(clips), _CLIPS_AT_ONCE):
            signals = [clip.read_signal() for clip in clips[first : first + _CLIPS_AT_ONCE]]
            parts.append(member.values(torch.from_numpy(np.stack(signals))))
        return validate(member.coding, np.concatenate(parts), self.truth, thresholds)
