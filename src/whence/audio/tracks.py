"""The sound track of a film or phone recording (mp4, m4a, mov, webm, mkv) as blocks of samples, decoded by PyAV."""

import contextlib
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from whence.audio.sound import Sound, SoundInfo
from whence.audio.sources import OpenFile
from whence.errors import AudioError, MissingExtraError

# The demuxer is named, so that the contents of a stranger's file cannot choose another of FFmpeg's hundreds, some of
# which open further files.
TRACKS = {"mp4": "mov", "matroska": "matroska"}
# Coders fill up their last block; more than this behind the stated end is no padding.
_LONGEST_PADDING_SAMPLES = 4096
# The boxes of an MP4 that hold others on the way to the tables of samples.
_OUTER_BOXES = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf")
# Bits for each field that a `trun` table has for each of its samples, four bytes long.
_RUN_FIELDS = (0x100, 0x200, 0x400, 0x800)
_MOST_BOXES = 1_000_000


@contextlib.contextmanager
def track_sound(source: OpenFile) -> Iterator[Sound]:
    """Open the first sound track of a film or phone recording; time 0 is its first sample.

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
        _refuse_impossible_tables(source)
    source.file.seek(0)
    try:
        container = av.open(
            source.file,
            mode="r",  # else PyAV would write to a file that allows it
            format=TRACKS[source.container],
            metadata_errors="replace",
            options={"enable_drefs": "0"},  # do not open other files that this one names
        )
    except Exception as error:
        source.check_unchanged()
        raise AudioError(f"damaged {source.container} file ({_reason(error)})", where=source.name) from None
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
        raise AudioError("its sound track is in a coding that is not known", where=source.name) from None
    exact = track.duration is not None and track.time_base is not None
    promised = None
    if exact:
        promised = round(track.duration * track.time_base * rate)
    elif container.duration:
        promised = round(container.duration * rate / 1_000_000)
    layout = getattr(track.codec_context, "layout", None)
    names = tuple(channel.name for channel in layout.channels) if layout else ()
    # A container that does not say which is which has the word NONE for each.
    names = names if len(set(names) - {"NONE"}) == channel_count else ()
    info = SoundInfo(rate, channel_count, promised, f"{source.container} {track.codec_context.name}", names)
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
    """Decode the track to its end, without the padding where the header states the end of the sound."""
    given = 0
    behind: list[NDArray[np.float32]] = []  # samples after the stated end: padding, unless there are many
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


def _refuse_impossible_tables(source: OpenFile) -> None:
    """Raise AudioError if a table of an MP4 promises more samples than the file can hold.

    FFmpeg makes an index entry for each promised sample before it reads any, so a file of two kilobytes that promises
    fifty million costs two gigabytes. It checks all tables itself but these two. A compressed header could hide them.
    """
    for walked, (kind, start, end) in enumerate(_boxes(source.file, source.size)):
        source.file.seek(start)
        content = source.file.read(12).ljust(12, b"\0")
        if kind == b"cmov":
            raise AudioError("its header is compressed", where=source.name, remedy="convert it first")
        flags, first, second = (int.from_bytes(content[at : at + 4], "big") for at in (0, 4, 8))
        count, possible = 0, 0
        if kind == b"stsz":  # one size for all, or a table of sizes
            count, possible = second, source.size // first if first else (end - start - 12) // 4
        elif kind == b"trun":
            entry_bytes = 4 * sum(bool(flags & field) for field in _RUN_FIELDS)
            count, possible = first, (end - start - 8) // entry_bytes if entry_bytes else source.size
        if count > possible or walked >= _MOST_BOXES:
            name = kind.decode("ascii", "replace")
            raise AudioError(f"impossible header (its {name} table promises {count} entries)", where=source.name)


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, first byte and end of the content of each box of an MP4, outer boxes before what they hold."""
    ends, position = [size], 0
    while ends:
        if position + 8 > ends[-1]:
            position = ends.pop()
            continue
        file.seek(position)
        head = file.read(16)
        box_bytes, kind, head_bytes = int.from_bytes(head[:4], "big"), head[4:8], 8
        if box_bytes == 1:
            box_bytes, head_bytes = int.from_bytes(head[8:16], "big"), 16
        end = ends[-1] if box_bytes == 0 else min(position + box_bytes, ends[-1])
        if len(head) < 8 or end < position + head_bytes:
            position = ends.pop()  # damaged: a decoder, too, has only the bytes that are there
            continue
        yield kind, position + head_bytes, end
        position = position + head_bytes if kind in _OUTER_BOXES else end
        if kind in _OUTER_BOXES:
            ends.append(end)
