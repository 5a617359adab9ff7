"""The sound track of a film or phone recording (mp4, m4a, mov, webm, mkv) becomes blocks of samples, by PyAV."""

import contextlib
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from whence.audio.mp4_header import refuse_impossible_tables
from whence.audio.sound import Sound, SoundInfo
from whence.audio.sources import OpenFile
from whence.errors import AudioError, MissingExtraError

# The demuxer is named, so that no other of FFmpeg's hundreds (some of which open further files) can be chosen by
# what a stranger's file contains.
TRACKS = {"mp4": "mov", "matroska": "matroska"}
# Coders fill up their last block; more than this behind the stated end is no padding.
_LONGEST_PADDING_SAMPLES = 4096


@contextlib.contextmanager
def track_sound(source: OpenFile) -> Iterator[Sound]:
    """Open the first sound track of a film or phone recording.

    Time counts from the first sample of the track.

    Args:
        source: a file whose container is "mp4" or "matroska".

    Yields:
        the sound, readable while the block lasts.

    Raises:
        MissingExtraError: if PyAV is not installed.
        AudioError: if the file is damaged or has no sound track.
    """
    try:
        import av
    except ImportError:
        raise MissingExtraError(f"{source.name}: reading {source.container} files", "av") from None
    if source.container == "mp4":
        refuse_impossible_tables(source)
    source.file.seek(0)
    try:
        container = av.open(
            source.file,
            mode="r",  # else a file that could also be written to is taken for one to be written
            format=TRACKS[source.container],
            metadata_errors="replace",
            options={"enable_drefs": "0"},  # do not open other files that this one names
        )
    except Exception as error:
        source.check_unchanged()
        raise AudioError(f"{source.name}: damaged {source.container} file ({_reason(error)})") from None
    with container:
        yield _sound(source, container)


def _sound(source: OpenFile, container: Any) -> Sound:
    """What is known about the first sound track."""
    tracks = container.streams.audio
    if not tracks:
        raise AudioError(f"{source.name} has no sound track")
    track = tracks[0]
    try:
        rate, channel_count = int(track.codec_context.sample_rate), int(track.codec_context.channels)
    except AttributeError:  # a codec it does not know
        raise AudioError(f"{source.name}: its sound track is in a coding that is not known") from None
    exact = track.duration is not None and track.time_base is not None
    promised = None
    if exact:
        promised = round(track.duration * track.time_base * rate)
    elif container.duration:
        promised = round(container.duration * rate / 1_000_000)
    info = SoundInfo(rate, channel_count, promised, f"{source.container} {track.codec_context.name}")
    sound = Sound(
        name=source.name,
        info=info,
        blocks=lambda: _blocks(sound, source, container, track, promised if exact else None),
        check_unchanged=source.check_unchanged,
    )
    return sound


def _reason(error: Exception) -> str:
    """FFmpeg's words without number and file."""
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def _blocks(
    sound: Sound, source: OpenFile, container: Any, track: Any, exact_count: int | None
) -> Iterator[NDArray[np.float32]]:
    """Decode the track to its end, and leave out the padding where the header says where the sound ends."""
    given = 0
    behind: list[NDArray[np.float32]] = []  # what comes after the stated end: padding, unless it goes on and on
    try:
        for block in _decoded(container, track, sound.info):
            room = len(block) if exact_count is None else min(len(block), max(exact_count - given, 0))
            given += room
            if room:
                yield block[:room]
            behind.append(block[room:])
            if sum(map(len, behind)) > _LONGEST_PADDING_SAMPLES:
                exact_count = None
                yield from behind
                behind.clear()
    except Exception as error:
        source.check_unchanged()
        sound.damage = _reason(error)


def _decoded(container: Any, track: Any, info: SoundInfo) -> Iterator[NDArray[np.float32]]:
    """(sample, channel) float32 blocks as the coder made them."""
    import av

    convert = av.AudioResampler(format="flt", layout=track.codec_context.layout, rate=info.sample_rate_hz)
    for frame in container.decode(track):
        for piece in convert.resample(frame):
            yield cast(NDArray[np.float32], piece.to_ndarray()).reshape(-1, info.channel_count)
