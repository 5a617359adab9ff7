"""Systems map a signal to events: a network, a joined pair or an ensemble, with thresholds."""

# B clip, L label frame (100 ms), K class, S sample

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whence.audio import Microphones, told_microphones
from whence.errors import InferenceError
from whence.inference.circle import CircleNetworks
from whence.inference.combining import Activity, join, joined_coding, smooth
from whence.inference.streaming import Stream
from whence.inference.trained_pairs import FIRST_PAIRS, is_trained_for, warn_of_untrained
from whence.labels import STARSS23, ClassList, Events
from whence.models.outputs import ACTIVITY, Classwise, Coding, MultiAccdoaSettings, Tracks, TracksSettings


class Networks(Protocol):
    """Trained networks that take the same clips, whichever engine runs them.

    Networks that are told the pair of microphones have a method `told` that returns the same networks for a pair.
    """

    @property
    def codings(self) -> Sequence[Coding]:
        """What the values of each network mean, in order."""

    def predict(self, audio: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return the values of every network, in order.

        Args:
            audio: (B, 2, S) at 24 kHz, left first.

        Returns:
            for each network what its coding's `activate` gives, (B, L, ...).
        """


def told_networks(networks: Networks, microphones: Microphones) -> Networks:
    """Return networks for clips of a pair: those that have a method `told`, told; others as they are."""
    told: Networks = networks.told(microphones) if hasattr(networks, "told") else networks
    return told


class OtherPairs(Protocol):
    """A second system, for pairs of microphones that a first one was not trained for."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the pairs that it was trained for."""

    def system(self) -> "NetworkSystem":
        """Return the system; it is loaded when it is first needed."""

    def with_thresholds(self, thresholds: NDArray[np.float64]) -> Self:
        """Return the same with other thresholds."""


@dataclass(frozen=True, eq=False)
class NetworkSystem:
    """Networks with all that turns their values into events.

    Args:
        networks: those whose values are averaged (the detectors, where there are localizers), then the localizers.
        localizer_count: how many networks at the end predict direction and distance; 0 where each predicts all.
        activity: of a joined system, see `whence.inference.combining.join`.
        thresholds: (K,) activity above which a class counts; the coding's own when None.
        smoothing_frames: median over the activity of so many frames, odd; 1 for none. Classwise codings only.
        swap: average with the mirrored prediction for the mirrored clip.
        classes: names of the classes.
        name: of the model, for people.
        most_sources: of one class in one frame; the most certain are kept. None for as many as the coding has.
        microphones: names of the pairs that the networks were trained for.
        other_pairs: a system that takes over for pairs that this one was not trained for.

    Raises:
        InferenceError: no networks, different codings among those that are averaged, or another number of classes.
    """

    networks: Networks
    localizer_count: int = 0
    activity: Activity = "detector"
    thresholds: NDArray[np.float64] | None = None
    smoothing_frames: int = 1
    swap: bool = False
    classes: ClassList = STARSS23
    name: str = ""
    most_sources: int | None = None
    microphones: tuple[str, ...] = FIRST_PAIRS
    other_pairs: OtherPairs | None = None

    def __post_init__(self) -> None:
        codings = self.networks.codings
        count = len(codings) - self.localizer_count
        if count < 1:
            raise InferenceError("a system needs at least one network")
        for group in (codings[:count], codings[count:]):
            if len({type(coding) for coding in group}) > 1:
                raise InferenceError("networks of different codings cannot be averaged")
        if self.localizer_count:
            joined_coding(codings[0], codings[-1])
        if self.smoothing_frames != 1 and not isinstance(codings[0], Classwise):
            raise InferenceError("only classwise activity can be smoothed; leave smoothing_frames at 1")
        if codings[0].class_count != len(self.classes):
            raise InferenceError(f"networks of {codings[0].class_count} classes, a list of {len(self.classes)} names")

    @property
    def coding(self) -> Coding:
        """What the values mean."""
        codings = self.networks.codings
        return joined_coding(codings[0], codings[-1]) if self.localizer_count else codings[0]

    @property
    def channel_count(self) -> int:
        """How many channels its clips have: two, or four for Ambisonics of all directions."""
        return getattr(self.networks, "channel_count", 2)

    def for_microphones(self, microphones: Microphones | str | None) -> "NetworkSystem":
        """Return the system for sound of these microphones, after `whence.audio.corrected`.

        Pairs that it was not trained for may have a system of their own, with the thresholds of this one where a user
        has set them; networks are told the pair, if they ask for it. Ambisonics of all directions have a system that
        takes four channels and predicts azimuths of the whole circle. None changes nothing.

        Raises:
            AudioError: there are no such microphones.
        """
        told = told_microphones(microphones)
        if told is None or self.channel_count == 4:
            return self
        other = self.other_pairs
        if other is not None and not is_trained_for(self.microphones, told) and is_trained_for(other.names, told):
            return other.system().for_microphones(told)
        own = told_networks(self.networks, replace(told, ambisonics=None))
        if not told.is_full_circle:
            return replace(self, networks=own)
        networks = CircleNetworks(replace(self, networks=own, swap=False))
        return replace(self, networks=networks, localizer_count=0, smoothing_frames=1, swap=False)

    def with_thresholds(self, thresholds: ArrayLike | None) -> Self:
        """Return the same system with one threshold for all classes, or one for each; None changes nothing.

        Raises:
            InferenceError: a threshold is not in 0..1, or the coding has no activity to compare with one.
        """
        if thresholds is None:
            return self
        given = np.asarray(thresholds, dtype=np.float64)
        if not ((given >= 0) & (given <= 1)).all():
            raise InferenceError(f"a threshold lies in 0..1, not at {thresholds}")
        if not isinstance(self.coding, Classwise | Tracks):
            raise InferenceError("this model's coding decides by itself what is active; leave the threshold out")
        for_all = np.broadcast_to(given, (len(self.classes),)).copy()
        other = None if self.other_pairs is None else self.other_pairs.with_thresholds(for_all)
        return replace(self, thresholds=for_all, other_pairs=other)

    def with_tracks(self, count: int | None) -> Self:
        """Return the same system with at most so many sources of a class in a frame; None changes nothing.

        Raises:
            InferenceError: the count is below 1, or the coding has one source of a class anyway.
        """
        if count is None:
            return self
        if count < 1:
            raise InferenceError(f"tracks are {count}; keep at least 1")
        if not isinstance(self.coding.settings, MultiAccdoaSettings | TracksSettings):
            raise InferenceError("this model predicts one source of a class at a time; leave the number of tracks out")
        return replace(self, most_sources=count)

    def values(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the values of a batch of clips (B, channel, S), averaged, joined and smoothed."""
        if self.swap:
            both = self.networks.predict(np.concatenate([audio, audio[:, ::-1]]))
            # Swapping the channels of the input then mirrors the result exactly.
            predicted = [
                coding.average([values[: len(audio)], coding.mirror(values[len(audio) :])])
                for coding, values in zip(self.networks.codings, both, strict=True)
            ]
        else:
            predicted = self.networks.predict(audio)
        count = len(predicted) - self.localizer_count
        values: NDArray[np.float32] = self.networks.codings[0].average(predicted[:count])
        if self.localizer_count:
            localizer = self.networks.codings[-1]
            located = localizer.average(predicted[count:])
            tracks = localizer if isinstance(localizer, Tracks) else None
            return join(values, located, self.activity, smoothing_frames=self.smoothing_frames, tracks=tracks)
        if self.smoothing_frames != 1:
            values[:, :, ACTIVITY] = smooth(values[:, :, ACTIVITY], self.smoothing_frames)
        return values

    def decode(self, values: NDArray[np.float32]) -> Events:
        """Return the events of one clip's values (L, ...), with this system's thresholds."""
        events = self.coding.decode(values[None], self.thresholds)[0]
        if self.most_sources is None:
            return events
        # The most certain first within each frame and class; of equals, the first track.
        order = np.lexsort((-events.score, events.class_index, events.frame))
        cell = np.stack([events.frame, events.class_index])[:, order]
        starts = np.flatnonzero(np.append(True, (np.diff(cell) != 0).any(axis=0)))[: events.row_count]
        rank = np.arange(events.row_count) - np.repeat(starts, np.diff(np.append(starts, events.row_count)))
        return events[np.sort(order[rank < self.most_sources])]

    def detect(self, signal: NDArray[np.float32], *, microphones: Microphones | str | None = None) -> Events:
        """Return the events of a whole recording: windows of five seconds, each frame from the window it is central in.

        Args:
            signal: (channel, sample) float32 at 24 kHz, of any length; digital silence holds no events.
            microphones: what it was recorded with, as `Stream` takes it; another pair than the networks were trained
                for is a warning in the log.

        Raises:
            AudioError: there are no such microphones.
            InferenceError: if the signal has another shape.
        """
        stream = Stream(self, microphones=microphones)
        warn_of_untrained(self.for_microphones(stream.microphones).microphones, stream.microphones)
        return Events.concatenate([stream.feed(signal), stream.finish()])
