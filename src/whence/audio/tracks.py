"""The sound track of a film or phone recording (mp4, m4a, mov, webm, mkv) as blocks of samples, decoded by PyAV."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from whence.audio.sound import Sound, SoundInfo, full_scale_one
from whence.audio.sources import OpenFile
from whence.audio.timeline import MOST_SILENCE_S, Timeline
from whence.errors import AudioError, MissingExtraError

# The demuxer is named, so that the contents of a stranger's file cannot choose another of FFmpeg's hundreds, some of
# which open further files.
TRACKS = {"mp4": "mov", "matroska": "matroska"}
# Coders fill up their last block; more than this behind the stated end is no padding.
_LONGEST_PADDING_SAMPLES = 4096
_BLOCK_VALUES = 1 << 17
# FFmpeg's names of types of numbers; with a "p" behind them the channels are apart.
_TOGETHER: dict[str, Any] = {"u8": np.uint8, "s16": np.int16, "s32": np.int32, "flt": np.float32, "dbl": np.float64}
_SAMPLE_TYPES = _TOGETHER | {name + "p": kind for name, kind in _TOGETHER.items()}
# The boxes of an MP4 that hold others on the way to the tables of samples.
_OUTER_BOXES = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf")
# Bits for each field that a `trun` table has for each of its samples, four bytes long.
_RUN_FIELDS = (0x100, 0x200, 0x400, 0x800)
_MOST_BOXES = 1_000_000


@contextlib.contextmanager
def track_sound(source: OpenFile) -> Iterator[Sound]:
    """Open the first sound track of a film or phone recording; time 0 is that of the film.

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
    if track.codec_context.name == "flac":  # else its decoder makes noise of damaged bytes, whose checksum it knows
        track.codec_context.options = {"err_detect": "crccheck+explode"}
    begin = (track.start_time or 0) * (track.time_base or 0)
    end = promised = None
    if track.duration is not None and track.time_base is not None:
        end = promised = round((begin + track.duration * track.time_base) * rate)
    elif container.duration:
        promised = round(container.duration * rate / 1_000_000)
    if begin > MOST_SILENCE_S:  # a clock, whose beginning is no late start
        end, promised = (None if count is None else max(count - round(begin * rate), 0) for count in (end, promised))
    layout = getattr(track.codec_context, "layout", None)
    names = tuple(channel.name for channel in layout.channels) if layout else ()
    # A container that does not say which is which has the word NONE for each.
    names = names if len(set(names) - {"NONE"}) == channel_count else ()
    info = SoundInfo(rate, channel_count, promised, f"{source.container} {track.codec_context.name}", names)
    sound = Sound(
        name=source.name,
        info=info,
        blocks=lambda: _blocks(sound, source, container, track, end),
        check_unchanged=source.check_unchanged,
    )
    return sound


def _reason(error: Exception) -> str:
    """FFmpeg's words without number and file."""
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def _blocks(
    sound: Sound, source: OpenFile, container: Any, track: Any, end: int | None
) -> Iterator[NDArray[np.float32]]:
    """Decode the track to its end, each piece at its time.

    Args:
        sound: takes note of damage and pauses.
        source: the file.
        container: as PyAV opened it.
        track: of the container.
        end: the sample with which the header ends the track: a coder fills up its last block beyond it.

    Yields:
        (sample, channel), each valid until the next. One buffer is all that is held.
    """
    timeline = Timeline(sound.info.sample_rate_hz)
    buffer = np.empty((max(_BLOCK_VALUES // sound.info.channel_count, 1024), sound.info.channel_count), np.float32)
    filled = before = 0  # samples in the buffer, and given before it
    for count, piece in _pieces(sound, source, container, track, timeline):
        at = 0
        while at < count:
            step = min(count - at, len(buffer) - filled)
            _copy(piece, at, buffer[filled : filled + step])
            at, filled = at + step, filled + step
            if filled < len(buffer):
                continue
            ready = filled
            if end is not None and end < before + filled:
                # Behind the stated end is padding, unless there is much.
                ready = filled if before + filled - end > _LONGEST_PADDING_SAMPLES else max(end - before, 0)
                end = None if ready == filled else end
            yield buffer[:ready]
            buffer[: filled - ready] = buffer[ready:filled]
            before, filled = before + ready, filled - ready
    if end is not None and 0 < before + filled - end <= _LONGEST_PADDING_SAMPLES:
        filled = max(end - before, 0)
    if filled:
        yield buffer[:filled]
    sound.notes += timeline.notes()


def _copy(piece: Sequence[NDArray[Any]] | None, start: int, out: NDArray[np.float32]) -> None:
    """Fill `out` (sample, channel) with the samples of a piece from `start` on, or with silence."""
    if piece is None:
        out[:] = 0
        return
    for channel, samples in enumerate(piece):
        part = samples if len(samples) == len(out) else samples[start : start + len(out)]
        # Nearly all coders make float32, for which this is the only copy.
        out[:, channel] = part if part.dtype == np.float32 else full_scale_one(part)


def _pieces(
    sound: Sound, source: OpenFile, container: Any, track: Any, timeline: Timeline
) -> Iterator[tuple[int, Sequence[NDArray[Any]] | None]]:
    """Yield how many samples come next, and the channels of them; None for silence."""
    import av

    rate, base = sound.info.sample_rate_hz, track.time_base
    per_tick, ticks = rate * base.numerator, base.denominator
    convert = _Converter(track.codec_context.layout, sound.info)
    try:
        for packet in container.demux(track):
            try:
                frames = packet.decode()
            except av.error.FFmpegError as error:  # the next packet may be sound
                sound.damage = _reason(error)
                timeline.damaged()
                continue
            for frame in frames:
                sound.damage = None
                # Plain numbers, because a fraction takes as long as a tenth of the decoding.
                position = None if frame.pts is None else (2 * frame.pts * per_tick + ticks) // (2 * ticks)
                for same in (frame,) if convert.is_same(frame) else convert(frame):
                    count = same.samples
                    gap = timeline.place(position, count)
                    if gap > 0:
                        yield gap, None
                    planes = _planes(same, sound.info.channel_count)
                    yield count + min(gap, 0), [plane[-gap:] for plane in planes] if gap < 0 else planes
                    position = None  # what follows from one frame follows directly
    except Exception as error:
        source.check_unchanged()
        sound.damage = _reason(error)


def _planes(frame: Any, channel_count: int) -> list[NDArray[Any]]:
    """The samples of each channel, without a copy."""
    name, count = frame.format.name, frame.samples
    dtype = _SAMPLE_TYPES[name]
    if name not in _TOGETHER:
        return [np.frombuffer(plane, dtype, count) for plane in frame.planes]
    return list(np.frombuffer(frame.planes[0], dtype, count * channel_count).reshape(count, channel_count).T)


class _Converter:
    """Gives frames the rate, the channels and a type of numbers that are those of the track, where they differ.

    A broadcast may change from mono to stereo within a track.

    Args:
        layout: of the track.
        info: of the sound.
    """

    def __init__(self, layout: Any, info: SoundInfo) -> None:
        self._layout, self._info = layout, info
        self._resampler: Any = None
        self._kind: tuple[object, ...] = ()

    def is_same(self, frame: Any) -> bool:
        """Whether nothing is to be done."""
        return (
            frame.sample_rate == self._info.sample_rate_hz
            and frame.layout.nb_channels == self._info.channel_count
            and frame.format.name in _SAMPLE_TYPES
        )

    def __call__(self, frame: Any) -> Iterator[Any]:
        """Yield one frame or several like the track's; the resampler may keep some samples for the next."""
        kind = frame.format.name, frame.layout.name, frame.sample_rate
        if kind != self._kind:
            import av

            self._kind = kind
            self._resampler = av.AudioResampler("fltp", self._layout, self._info.sample_rate_hz)
        yield from self._resampler.resample(frame)


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
