"""A long recording in parts that are read by themselves: joined, they are what `read_blocks` reads, bit for bit."""

import contextlib
import itertools
import math
import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whence.audio.ambisonic_levels import ChannelLevels
from whence.audio.channels import Channels
from whence.audio.correcting import corrected
from whence.audio.decoding import file_sound
from whence.audio.microphones import Microphones
from whence.audio.normalizing import Normalizer, frame_samples, regrouped, segment_samples, segmented
from whence.audio.reading import LOG, channel_count_of, log_noticed, opened, pair_of, refuse_not_numbers
from whence.audio.remote import source_size, source_state
from whence.audio.report import SampleCounts
from whence.audio.resampling import STRETCH_S, Resampling
from whence.audio.sources import OpenFile
from whence.errors import AudioError
from whence.units import SAMPLE_RATE_HZ

# An MP3 must be decoded from its start, and so must films and phone recordings.
_ENTERED = {"wav", "flac", "ogg", "aiff", "au", "caf"}
# In fewer bytes no coding that can be entered holds an hour of two channels.
_LEAST_BYTES = 8 << 20
BLOCK_S = 10


@dataclass(frozen=True)
class Survey:
    """What a part must know of all that is before it, found by decoding the whole once.

    Args:
        state: of the file, to notice that it changed.
        sample_rate_hz: of the file.
        sample_count: samples of each channel that it holds.
        offset: what is subtracted from each channel.
        gains: (segment, gain before it) where that changes; before the first of them it is 1.
    """

    state: str | None
    sample_rate_hz: int
    sample_count: int
    offset: tuple[float, ...]
    gains: tuple[tuple[int, float], ...]

    @property
    def duration_s(self) -> float:
        """Seconds that the file holds."""
        return self.sample_count / self.sample_rate_hz

    def gain_before(self, segment: int) -> float:
        """Return the gain with which a segment begins."""
        return next((gain for first, gain in reversed(self.gains) if first <= segment), 1.0)


def may_be_long(source: str | os.PathLike[str]) -> bool:
    """Return whether a file is so large that `survey` looks at it."""
    return source_size(source) >= _LEAST_BYTES


def survey(
    source: str | os.PathLike[str],
    least_s: float,
    *,
    channels: Channels | None = None,
    microphones: Microphones | None = None,
) -> Survey | None:
    """Decode a long recording once, so that its parts can be read; what was noticed goes to the log.

    Args:
        source: a path or a URL.
        least_s: recordings that are shorter by their header are not decoded.
        channels: left and right, or all as one; None for the two that there are.
        microphones: as for `whence.audio.read`.

    Returns:
        None for a short recording, and for one that must be decoded from its start.

    Raises:
        AudioError: as `whence.audio.read` does.
        MissingExtraError: as `whence.audio.read` does.
    """
    if not may_be_long(source):
        return None
    with opened(source) as file:
        if file.container not in _ENTERED:
            return None
        state = source_state(source)
        with file_sound(file) as sound:
            info = sound.info
            if not info.duration_s >= least_s:  # NaN is unknown
                return None
            mix, count = pair_of(sound, channels, microphones), channel_count_of(channels, microphones)
            counts = SampleCounts(count, info.sample_rate_hz, frame_samples(info), sound.clip_level)
            normalizer, gains = Normalizer(frame_samples(info)), []
            levels = ChannelLevels(info.sample_rate_hz) if microphones and microphones.is_full_circle else None
            segments = segmented(sound, mix)
            for number, segment in enumerate(segments, start=1):
                counts.add(segment)
                if counts.not_numbers.any():
                    refuse_not_numbers(sound, counts, segments)
                if levels is not None:
                    levels.add(corrected(segment, microphones))
                before = normalizer.gain
                normalizer.look(segment)
                if normalizer.gain != before:
                    gains.append((number, normalizer.gain))
            sound.check_unchanged()
            log_noticed(sound, counts, normalizer, SAMPLE_RATE_HZ, channels is not None and channels.is_one_twice)
            if microphones and levels is not None and (sentence := levels.sentence(microphones)) is not None:
                LOG.warning("%s: %s", sound.name, sentence)
    return Survey(state, info.sample_rate_hz, counts.sample_count, tuple(normalizer.offset), tuple(gains))


def read_part(
    source: str | os.PathLike[str],
    whole: Survey,
    start_s: int,
    end_s: int | None,
    *,
    channels: Channels | None = None,
    microphones: Microphones | None = None,
) -> Iterator[NDArray[np.float32]]:
    """Read a part of a recording in blocks of 10 s; nothing is logged.

    Args:
        source: as for `survey`.
        whole: what `survey` found.
        start_s: seconds from the start, a multiple of 10.
        end_s: likewise; None for the end of the recording.
        channels: as for `survey`.
        microphones: as for `survey`.

    Yields:
        (channel, sample) float32 at 24 kHz: the blocks that `read_blocks` yields from there on.

    Raises:
        AudioError: as `whence.audio.read` does; also when the file has changed since it was surveyed.
    """
    if source_state(source) != whole.state:
        raise AudioError("changed while it was read", where=os.fspath(source))
    stretch_s = start_s // STRETCH_S * STRETCH_S
    with opened(source) as file:
        samples = _resampled(file, whole, stretch_s, channels, microphones)
        blocks = regrouped(samples, BLOCK_S * SAMPLE_RATE_HZ)
        last = None if end_s is None else math.ceil((end_s - stretch_s) / BLOCK_S)
        with contextlib.closing(samples):
            for block in itertools.islice(blocks, (start_s - stretch_s) // BLOCK_S, last):
                yield corrected(block, microphones)


def _resampled(
    file: OpenFile,
    whole: Survey,
    start_s: int,
    channels: Channels | None,
    microphones: Microphones | None,
) -> Generator[NDArray[np.float32], None, None]:
    """Yield the recording from the beginning of a stretch on, normalized and resampled."""
    rate = whole.sample_rate_hz
    # The second before belongs to the filter.
    first_sample = max(start_s - 1, 0) * rate
    count = channel_count_of(channels, microphones)
    with file_sound(file) as sound:
        segment_count = segment_samples(sound.info)
        frame, mix = frame_samples(sound.info), pair_of(sound, channels, microphones)
    segment = first_sample // segment_count
    normalizer = Normalizer(frame, whole.offset, whole.gain_before(segment)) if segment else Normalizer(frame)
    file.file.seek(0)
    with file_sound(file, segment * segment_count) as sound:
        corrected_segments = (normalizer.apply(each) for each in segmented(sound, mix))
        wanted = _without(corrected_segments, first_sample - segment * segment_count)
        before = None
        if start_s and rate != SAMPLE_RATE_HZ:
            before, wanted = _split(wanted, rate)
        elif start_s:
            wanted = _without(wanted, rate)
        resampling = Resampling(count, rate, SAMPLE_RATE_HZ, before)
        for piece in wanted:
            yield resampling.push(piece)
        yield resampling.finish()
        sound.check_unchanged()


def _without(pieces: Iterator[NDArray[np.float32]], count: int) -> Iterator[NDArray[np.float32]]:
    """Yield pieces without the first samples."""
    for piece in pieces:
        if piece.shape[1] > count:
            yield piece[:, count:]
        count = max(count - piece.shape[1], 0)


def _split(
    pieces: Iterator[NDArray[np.float32]], count: int
) -> tuple[NDArray[np.float32], Iterator[NDArray[np.float32]]]:
    """Return the first samples, and the rest."""
    held: list[NDArray[np.float32]] = []
    while sum(piece.shape[1] for piece in held) < count and (piece := next(pieces, None)) is not None:
        held.append(piece)
    start = np.concatenate(held, axis=1)
    return start[:, :count], itertools.chain([start[:, count:]], pieces)
