"""Whatever maps a signal to events: a network, a joined pair, an ensemble, with thresholds."""

# B clip, L label frame (100 ms), K class

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from whence.inference.errors import InferenceError
from whence.inference.joining import Activity, join
from whence.inference.member import Member
from whence.inference.smoothing import smooth
from whence.inference.windows import cut_windows, frame_count_of, put_together, window_audio
from whence.labels import Events
from whence.models.outputs.classwise import ACTIVITY, Classwise, ClasswiseSettings
from whence.models.outputs.coding import Coding

# Windows of one long recording that go through the networks together.
_WINDOWS_AT_ONCE = 8


class System(Protocol):
    """What scoring, streaming, reports and export are written for."""

    def detect(self, signal: NDArray[np.float32]) -> Events:
        """The events of a (2, sample) signal at 24 kHz, of any length."""


@dataclass(frozen=True, eq=False)
class NetworkSystem:
    """Networks that answer together.

    Args:
        members: networks of one coding, whose values are averaged; the detectors where there are localizers.
        localizers: networks of the classwise coding that say where; none for a system that does all in one.
        activity: of a joined system, see `whence.inference.joining.join`.
        thresholds: (class,) activity above which a class counts; the coding's own when None.
        smoothing_frames: median over the activity of so many frames, odd; 1 for none. Classwise codings only.
        swap: average with the mirrored answer to the mirrored clip.

    Raises:
        InferenceError: no members, or members of unlike codings.
    """

    members: Sequence[Member]
    localizers: Sequence[Member] = ()
    activity: Activity = "detector"
    thresholds: NDArray[np.float64] | None = None
    smoothing_frames: int = 1
    swap: bool = False

    def __post_init__(self) -> None:
        if not self.members:
            raise InferenceError("a system needs at least one network")
        for group in (self.members, self.localizers):
            if len({type(member.coding) for member in group}) > 1:
                raise InferenceError("networks of unlike codings cannot be averaged")
        classwise = isinstance(self.members[0].coding, Classwise)
        if self.localizers and not (classwise and isinstance(self.localizers[0].coding, Classwise)):
            raise InferenceError("only networks of the classwise coding can be joined")
        if self.smoothing_frames != 1 and not classwise:
            raise InferenceError("only classwise activity can be smoothed; leave smoothing_frames at 1")

    @property
    def coding(self) -> Coding:
        """What the values mean."""
        if not self.localizers:
            return self.members[0].coding
        return Classwise(ClasswiseSettings(self.members[0].coding.class_count))

    def values(self, audio: torch.Tensor) -> NDArray[np.float32]:
        """The values of a batch of clips (B, 2, sample), joined, averaged and smoothed."""
        values = _mean(self.members, audio, self.swap)
        if self.localizers:
            values = join(values, _mean(self.localizers, audio, self.swap), self.activity)
        if self.smoothing_frames != 1:
            values[:, :, ACTIVITY] = smooth(values[:, :, ACTIVITY], self.smoothing_frames)
        return values

    def detect(self, signal: NDArray[np.float32]) -> Events:
        """The events of a whole recording: windows of five seconds, each frame from the window it is central in.

        Args:
            signal: (2, sample) float32 at 24 kHz, of any length.

        Raises:
            InferenceError: if the signal has another shape.
        """
        if signal.ndim != 2 or signal.shape[0] != 2:
            raise InferenceError(f"a signal has the shape (2, sample), this one {signal.shape}")
        frame_count = frame_count_of(signal.shape[1])
        if not frame_count:
            return Events.empty()
        windows = cut_windows(frame_count)
        audio = list(window_audio(signal, windows))
        parts: list[NDArray[np.float32]] = []
        for first in range(0, len(audio), _WINDOWS_AT_ONCE):
            some = torch.from_numpy(np.stack(audio[first : first + _WINDOWS_AT_ONCE]))
            parts.extend(self.values(some))
        values = put_together(parts, windows)
        return self.coding.decode(values[None, :frame_count], self.thresholds)[0]


def _mean(members: Sequence[Member], audio: torch.Tensor, swap: bool) -> NDArray[np.float32]:
    """The averaged values of networks of one coding."""
    heard = [member.values(audio, swap=swap) for member in members]
    averaged: NDArray[np.float32] = members[0].coding.average(heard)
    return averaged
