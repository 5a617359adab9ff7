"""Read a sound file, an open stream or an array as a stereo signal at 24 kHz, whole or in blocks, or check it."""

import contextlib
import logging
import math
import os
from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from whence.audio.ambisonic_levels import ChannelLevels
from whence.audio.channels import ChannelChoice, Channels, channel_names, read_channels
from whence.audio.correcting import channels_sentence, corrected
from whence.audio.decoding import file_sound
from whence.audio.microphones import Microphones, told_microphones
from whence.audio.normalizing import Mix, Normalizer, frame_samples, joined, regrouped, segmented
from whence.audio.remote import is_url, opened_url
from whence.audio.report import TOLERATED_GAP_S, SampleCounts, SignalReport, seconds
from whence.audio.resampling import Resampling
from whence.audio.sound import HIGHEST_RATE_HZ, LOWEST_RATE_HZ, Sound, array_sound
from whence.audio.sources import OpenFile, opened_path, opened_stream
from whence.audio.tracks import TRACKS, track_sound
from whence.errors import AudioError, option
from whence.units import SAMPLE_RATE_HZ

LOG = logging.getLogger("whence.audio")
_DOUBTFUL = "clipped, of a low sample rate or with a silent channel"

Source: TypeAlias = str | os.PathLike[str] | BinaryIO | tuple[NDArray[Any], int]
"""A path, a URL, a binary file open for reading, or (array, sample rate in Hz)."""


def read(
    source: Source,
    *,
    channels: ChannelChoice = None,
    repair: bool = False,
    microphones: Microphones | str | None = None,
) -> NDArray[np.float32]:
    """Read a whole sound as a stereo signal at 24 kHz.

    A constant offset is removed, and peaks over full scale are lowered with one gain for both channels, as
    `whence.audio.normalizing` describes. What was noticed goes to the log `whence.audio` as warnings.

    Args:
        source: a path, a URL (`https://`, `s3://`, `gs://`, ..., extra `remote`), a binary file open for reading, or
            (array, sample_rate_hz).
        channels: the channels to take for left and right, counted from 1 or by name, as in "3,4" or ("FL", "FR");
            "mono" for the mean of all of them, twice; "foa" for the first four, as they are. Needed where there are not
            two.
        repair: whether samples that are not numbers become zeros, counted in a warning, instead of an error.
        microphones: what the sound was recorded with, see `whence.audio.corrected`; None where that is not known.

    Returns:
        (2, sample) float32, left first; (4, sample) of Ambisonics in all directions; no samples for an empty sound.

    Raises:
        AudioError: whatever is wrong with the source, in one sentence.
        MissingExtraError: for mp4, m4a, mov, webm and mkv without PyAV.

    >>> read((np.full((2, 48_000), 0.25), 48_000)).shape
    (2, 24000)
    """
    told = told_microphones(microphones)
    chosen = read_channels(channels)
    blocks = list(read_blocks(source, channels=chosen, repair=repair, microphones=told))
    return joined(blocks) if blocks else corrected(np.zeros((channel_count_of(chosen, told), 0), np.float32), told)


def read_blocks(
    source: Source,
    block_s: float = 10.0,
    *,
    channels: ChannelChoice = None,
    repair: bool = False,
    microphones: Microphones | str | None = None,
) -> Iterator[NDArray[np.float32]]:
    """Read a sound of any length block by block, in memory that does not grow with it.

    Joined, the blocks are what `read` returns, bit for bit, for any block length. An error is raised where it is
    found, so blocks may come before it. Warnings are logged at the end.

    Args:
        source: as for `read`; opened when the first block is asked for.
        block_s: seconds in each block but the last; memory is needed for two blocks and for 10 s of the file.
        channels: as for `read`.
        repair: as for `read`.
        microphones: as for `read`.

    Yields:
        (2, sample) float32 blocks; of Ambisonics in all directions (4, sample).

    Raises:
        AudioError: as `read` does.
        MissingExtraError: as `read` does.

    >>> [block.shape for block in read_blocks((np.full((2, 60_000), 0.25), 24_000), block_s=1.0)]
    [(2, 24000), (2, 24000), (2, 12000)]
    """
    size = round(block_s * SAMPLE_RATE_HZ) if math.isfinite(block_s) else 0
    if size < 1:
        raise AudioError(f"blocks of {block_s} s hold no sample")
    told = told_microphones(microphones)
    with decoded(source) as sound:
        chosen = read_channels(channels)
        mix, count = pair_of(sound, chosen, told), channel_count_of(chosen, told)
        levels = ChannelLevels() if told is not None and told.is_full_circle else None
        same_twice = chosen is not None and chosen.is_one_twice
        for block in regrouped(_processed(sound, mix, count, SAMPLE_RATE_HZ, repair, quiet=same_twice), size):
            block = corrected(block, told)
            if levels is not None:
                levels.add(block)
            yield block
        if told is not None and levels is not None and (sentence := levels.sentence(told)) is not None:
            LOG.warning("%s: %s", sound.name, sentence, extra={"kind": _DOUBTFUL})


def read_sound(source: Source, sample_rate_hz: int = SAMPLE_RATE_HZ) -> NDArray[np.float32]:
    """Read a whole sound as the mean of its channels, the form in which scenes use it.

    Args:
        source: as for `read`; any number of channels.
        sample_rate_hz: of the result.

    Returns:
        (sample,) float32, without constant offset and without peaks over full scale.

    Raises:
        AudioError: as `read` does.
        MissingExtraError: as `read` does.

    >>> read_sound((np.full((3, 48_000), 0.25), 48_000)).shape
    (24000,)
    """
    if not LOWEST_RATE_HZ <= sample_rate_hz <= HIGHEST_RATE_HZ:
        raise AudioError(f"no sound has a sample rate of {sample_rate_hz} Hz")
    with decoded(source) as sound:
        whole = joined(list(_processed(sound, _mean, 1, sample_rate_hz, repair=False, quiet=True)))
    return whole.reshape(-1)


def check(
    source: Source | NDArray[Any],
    *,
    sample_rate_hz: int = SAMPLE_RATE_HZ,
    channels: ChannelChoice = None,
    microphones: Microphones | str | None = None,
) -> SignalReport:
    """Report whether a sound is stereo, whole, loud enough and unclipped, in constant memory.

    The sound is looked at as recorded, before any correction. What can be counted is no error here: samples that are
    not numbers are counted and left out.

    Args:
        source: a (2, sample) signal, or anything `whence.audio.read` takes.
        sample_rate_hz: of a bare signal.
        channels: as for `read`.
        microphones: as for `read`.

    Returns:
        the report; `report.warnings()` are its sentences.

    Raises:
        AudioError: if it cannot be read at all.
        MissingExtraError: for mp4, m4a, mov, webm and mkv without PyAV.

    >>> check(np.array([[0.5, -0.5, 0.25], [0.5, -0.5, 0.25]], np.float32)).warnings()[0][:28]
    'left and right are identical'
    """
    told = told_microphones(microphones)
    with decoded((source, sample_rate_hz) if isinstance(source, np.ndarray) else source) as sound:
        chosen = read_channels(channels)
        # One channel that is read twice is no stereo sound whose channels are the same by mistake.
        count = 1 if chosen is not None and chosen.is_one_twice else channel_count_of(chosen, told)
        mix = pair_of(sound, chosen, told)
        counts = SampleCounts(count, sound.info.sample_rate_hz, frame_samples(sound.info), sound.clip_level)
        for segment in segmented(sound, mix):
            counts.add(segment[:count])
        sound.check_unchanged()
        return report_of(sound, counts)


def opened(source: str | os.PathLike[str] | BinaryIO) -> contextlib.AbstractContextManager[OpenFile]:
    """Open a path, a URL or the rest of a stream.

    Raises:
        AudioError: if it cannot be opened.
        MissingExtraError: a URL without fsspec.
    """
    if is_url(source):
        return opened_url(str(source))
    if isinstance(source, str | bytes | os.PathLike):
        return opened_path(source)
    return opened_stream(source)


@contextlib.contextmanager
def decoded(source: Source) -> Iterator[Sound]:
    """Open any source for decoding.

    Raises:
        AudioError: if it cannot be opened as a sound.
        MissingExtraError: for mp4, m4a, mov, webm and mkv without PyAV.
    """
    if isinstance(source, tuple):
        yield array_sound(source)
        return
    if isinstance(source, np.ndarray):
        raise AudioError("an array does not say its sample rate; give (array, sample_rate_hz)")
    with opened(source) as file, (track_sound if file.container in TRACKS else file_sound)(file) as sound:
        yield sound


def pair_of(sound: Sound, channels: ChannelChoice, microphones: Microphones | None = None) -> Mix:
    """Return how left and right, or the four channels of Ambisonics, are taken from the channels of a sound."""
    count, chosen = sound.info.channel_count, read_channels(channels)
    names = sound.info.channel_names or channel_names(count)
    if chosen is not None and chosen.is_ambisonic:
        if microphones is not None and microphones.ambisonics is None:
            raise AudioError(channels_sentence(microphones, 4), where=sound.name)
        four = chosen.places(names, sound.name)
        return lambda block: block[:, four].T
    if microphones is not None and microphones.ambisonics is not None:
        if chosen is not None or count < microphones.channel_count:
            given = count if chosen is None else max(len(chosen.chosen), 1)
            raise AudioError(channels_sentence(microphones, given), where=sound.name)
        return lambda block: block[:, :4].T
    if chosen is None:
        if count == 1:
            remedy = f"use {option('channels', 'mono')} to detect without direction"
            raise AudioError("1 channel; direction needs two", where=sound.name, remedy=remedy)
        if count != 2:
            ambisonic = f"; of Ambisonics, say {option('microphones', 'foa')}" if count >= 4 else ""
            named = f" or by name ({', '.join(names)})" if "FL" in names else ""
            remedy = f"choose two with {option('channels', '1,2')}{named}{ambisonic}"
            raise AudioError(f"{count} channels", where=sound.name, remedy=remedy)
        return lambda block: block.T
    if chosen.is_mono:
        return lambda block: np.repeat(_mean(block), 2, axis=0)
    wanted = chosen.places(names, sound.name)
    return lambda block: block[:, wanted].T


def channel_count_of(channels: Channels | None, microphones: Microphones | None) -> int:
    """Return how many channels `pair_of` takes."""
    if channels is not None and channels.is_ambisonic:
        return 4
    return microphones.channel_count if microphones else 2


def _mean(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """(1, sample): the mean of all channels; infinities of both signs meet without a warning and are refused later."""
    with np.errstate(invalid="ignore", over="ignore"):
        mean: NDArray[np.float32] = block.mean(axis=1, dtype=np.float64)[None].astype(np.float32)
    return mean


def _processed(
    sound: Sound, mix: Mix, channel_count: int, sample_rate_hz: int, repair: bool, quiet: bool
) -> Iterator[NDArray[np.float32]]:
    """Yield the sound mixed, normalized and resampled; at its end, write the log."""
    info = sound.info
    frame = frame_samples(info)
    counts = SampleCounts(channel_count, info.sample_rate_hz, frame, sound.clip_level)
    normalizer = Normalizer(frame)
    resampling = Resampling(channel_count, info.sample_rate_hz, sample_rate_hz)
    segments = segmented(sound, mix)
    for segment in segments:
        counts.add(segment)
        if counts.not_numbers.any():
            if not repair:
                refuse_not_numbers(sound, counts, segments)
            segment = np.where(np.isfinite(segment), segment, np.float32(0))
        yield resampling.push(normalizer.apply(segment))
    yield resampling.finish()
    sound.check_unchanged()
    log_noticed(sound, counts, normalizer, sample_rate_hz, quiet)


def refuse_not_numbers(sound: Sound, counts: SampleCounts, rest: Iterator[NDArray[np.float32]]) -> NoReturn:
    """Count to the end and raise AudioError."""
    for segment in rest:
        counts.add(segment)
    sound.check_unchanged()
    raise AudioError(counts.report().not_numbers_sentence(), where=sound.name)


def report_of(sound: Sound, counts: SampleCounts) -> SignalReport:
    """The report on a sound that has been read to its end.

    Raises:
        AudioError: if the header promises a sound and there is next to none.
    """
    promised = sound.info.sample_count
    held_s = counts.sample_count / sound.info.sample_rate_hz
    if promised is not None and held_s < TOLERATED_GAP_S <= promised / sound.info.sample_rate_hz - held_s:
        promise = f"header promises {seconds(sound.info.duration_s)} s, file holds {held_s:.1f} s"
        raise AudioError(promise, where=sound.name)
    return counts.report(None if sound.length_unknown else promised, sound.damage, sound.notes)


def log_noticed(sound: Sound, counts: SampleCounts, normalizer: Normalizer, sample_rate_hz: int, quiet: bool) -> None:
    """Log a line for each thing that was noticed, corrected or converted; `summarized_log` counts them by kind."""
    report = report_of(sound, counts)
    for sentence in report.losses(sound.name):
        LOG.warning("%s", sentence)
    for sentence in report.doubts(sound.name):
        LOG.log(logging.DEBUG if quiet else logging.WARNING, "%s", sentence, extra={"kind": _DOUBTFUL})
    if any(report.not_numbers):
        LOG.warning("%s: samples that are not numbers were set to zero", sound.name)
    if any(normalizer.offset):
        offsets = " ".join(f"{offset:+.3f}" for offset in normalizer.offset)
        LOG.info("%s: constant offset removed: %s", sound.name, offsets, extra={"kind": "constant offset removed"})
    if normalizer.gain < 1:
        lowered_db = -20 * math.log10(normalizer.gain)
        LOG.info("%s: lowered by %.1f dB", sound.name, lowered_db, extra={"kind": "lowered to full scale"})
    if sound.info.sample_rate_hz != sample_rate_hz:
        done = f"resampled {sound.info.sample_rate_hz} -> {sample_rate_hz} Hz"
        LOG.info("%s: %s", sound.name, done, extra={"kind": done})
