"""WAV, FLAC, Ogg, MP3, AIFF, AU and CAF files as blocks of samples, decoded by libsndfile."""

import contextlib
import itertools
import os
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from whence.audio.channels import channel_names
from whence.audio.flac_frames import frames_behind
from whence.audio.headers import (
    Mp3Header,
    WavHeader,
    corrected_mp3,
    corrected_wav,
    read_mp3_header,
    read_wav_header,
)
from whence.audio.lengths import Longer, longer_file
from whence.audio.ogg_pages import BrokenOgg, broken_ogg
from whence.audio.report import seconds
from whence.audio.sound import FULL_SCALE, Sound, SoundInfo
from whence.audio.sources import OpenFile
from whence.audio.splicing import Splice
from whence.audio.timeline import Timeline
from whence.errors import AudioError

_BLOCK_VALUES = 1 << 18
# What libsndfile says for "not known".
_COUNT_MAX = 2**63 - 1
_EMPTY_WORDS = ("error", "internal", "unspecified", "unknown", "file does not exist")
_LONGEST_OGG_PAGE_BYTES = 65_307
# Tags may follow a FLAC; nothing follows an Ogg.
_LARGEST_TRAILER_BYTES = {"flac": 1 << 17, "ogg": 1 << 12}
# An MP3 cannot be entered in the middle exactly, so it is decoded from its start.
_RUN_UP_SAMPLES = {"ogg": 1 << 14, "mp3": 1 << 62}
# Frames of a damaged FLAC file that are tried; one that is mostly damaged is not worth more.
_MOST_TRIES = 200
_INTEGER_BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
_BITS = {**_INTEGER_BITS, "FLOAT": 32, "DOUBLE": 64, "ULAW": 8, "ALAW": 8}
# libsndfile lowers these formats' promises to what the file holds, and keeps the promise only in its log.
_LOGGED_PROMISE = {"AIFF": r"^ *Frames +: (\d+)", "AU": r"^ *Data Size +: (\d+)", "W64": r"^data : (\d+)"}


class ForwardFile(soundfile.SoundFile):  # type: ignore[misc]  # it comes without types
    """A sound file that is read from front to back.

    After each read, soundfile seeks to where it already is. In an MP3 of varying bit rate that seek misses by
    thousands of samples, so a file read in blocks is another sound than the same file read at once; in a FLAC that
    does not state its length, the last seek fails and takes the last block with it. soundfile does not seek in a file
    that says it cannot. An explicit `seek` still works where the format can do it exactly.
    """

    def seekable(self) -> bool:
        """Return False, which stops soundfile's own seeks."""
        return False


@contextlib.contextmanager
def file_sound(source: OpenFile, start_sample: int = 0) -> Iterator[Sound]:
    """Open a file for decoding by libsndfile.

    Args:
        source: any container but "mp4" and "matroska".
        start_sample: where to begin; the samples from there on are those of the whole.

    Yields:
        the sound, readable while the block lasts.

    Raises:
        AudioError: if the header is damaged or impossible.
    """
    wav, longer, mp3, file = _readable(source)
    with _decoder(source, file) as decoder:
        sound = _sound(source, decoder, wav, longer, start_sample)
        if mp3 is not None and any(damage.lost_count for damage in mp3.damages):
            sound.notes += _damages_of(mp3, sound.info.sample_rate_hz)
        yield sound


def _damages_of(mp3: Mp3Header, sample_rate_hz: int) -> list[str]:
    """What is to be said about lost frames of an MP3 file."""
    timeline = Timeline(sample_rate_hz)
    for damage in mp3.damages:
        timeline.place(None, damage.frames_before * mp3.samples_a_frame - timeline.given)
        timeline.damaged()
        timeline.place(timeline.given + damage.lost_count * mp3.samples_a_frame, 0)
    return timeline.notes()


def _readable(source: OpenFile) -> tuple[WavHeader | None, Longer | None, Mp3Header | None, BinaryIO | Splice]:
    """What a header says wrongly, and the file, behind a correct header where its own would mislead libsndfile."""
    wav = read_wav_header(source) if source.container == "wav" else None
    if wav is not None and not wav.plain:
        return wav, None, None, corrected_wav(source, wav)
    if (longer := longer_file(source)) is not None:
        return None, longer, None, longer.file
    mp3 = read_mp3_header(source) if source.container == "mp3" else None
    if mp3 is not None and not mp3.plain:
        return None, None, mp3, corrected_mp3(source, mp3)
    return wav, None, None, source.file


@contextlib.contextmanager
def _decoder(source: OpenFile, file: BinaryIO | Splice) -> Iterator[Any]:
    """Open libsndfile's decoder; a real file goes by its descriptor, which saves a call into Python for each read."""
    file.seek(0)
    # Elsewhere a descriptor means something only to the C library that made it.
    real = file is source.file and source.on_disk and os.name == "posix"
    try:
        decoder = ForwardFile(source.file.fileno() if real else file, closefd=False)
    except Exception as error:
        source.check_unchanged()
        raise AudioError(f"damaged {source.container} file ({_reason(error)})", where=source.name) from None
    try:
        yield decoder
    finally:
        # It may complain once more about what it could not read.
        with contextlib.suppress(RuntimeError):
            decoder.close()


def _reason(error: Exception) -> str:
    """Libsndfile's own words, where it has any that help."""
    text = str(getattr(error, "error_string", "")).strip().rstrip(".").removeprefix("Error in WAV file. ")
    if not text or text.lower().startswith(_EMPTY_WORDS):
        return "its header cannot be read"
    return text[:1].lower() + text[1:]


def _sound(source: OpenFile, decoder: Any, wav: WavHeader | None, longer: Longer | None, start_sample: int) -> Sound:
    """What is known about an open decoder."""
    corrected = longer is not None or (wav is not None and not wav.plain)
    info = SoundInfo(
        int(decoder.samplerate),
        int(decoder.channels),
        _promised_samples(decoder, wav) if longer is None else int(decoder.frames),
        f"{source.container.upper() if corrected else decoder.format} {decoder.subtype}",
        channel_names(int(decoder.channels), wav.channel_mask if wav else 0, ogg=source.container == "ogg"),
    )
    bits = _INTEGER_BITS.get(decoder.subtype)
    sound = Sound(
        name=source.name,
        info=info,
        blocks=lambda: _blocks(sound, source, decoder, start_sample),
        check_unchanged=source.check_unchanged,
        clip_level=FULL_SCALE if bits is None else min(FULL_SCALE, 1 - 2.0 ** (1 - bits)),
        integers=bits is not None,
        length_unknown=wav is not None and wav.length_unknown,
    )
    stated, held = None if wav is None else wav.stale, 0 if wav is None else wav.held
    if longer is not None:
        stated, held = longer.stated, longer.held
    if stated is not None and held and info.sample_count is not None:
        stated_s, held_s = info.duration_s * stated / held, info.duration_s
        note = f"holds {seconds(held_s)} s, and its header promises {seconds(stated_s)} s; all of it is read"
        sound.notes.append(note)
    return sound


def _promised_samples(decoder: Any, wav: WavHeader | None) -> int | None:
    """Samples per channel as the header promises them, though the file may hold less; None where it does not say."""
    if decoder.frames >= _COUNT_MAX:
        return None
    held = promised = int(decoder.frames)
    if wav is not None and wav.promised > wav.held:
        # The ratio of bytes to samples is right for any coding.
        promised = int(wav.promised / (wav.held / held if held else wav.block_bytes))
    elif decoder.format in _LOGGED_PROMISE:
        found = re.search(_LOGGED_PROMISE[decoder.format], decoder.extra_info, re.MULTILINE)
        promised = int(found[1]) if found else 0
        if decoder.format != "AIFF":  # bytes; those of a W64 chunk include its head and are rounded up to 8
            data_bytes = promised - (24 + 7 if decoder.format == "W64" else 0)
            bits = _BITS.get(decoder.subtype)
            promised = 8 * data_bytes // (bits * decoder.channels) if bits else 0
    return max(held, promised)


def _decode(decoder: Any, buffer: NDArray[np.float32]) -> tuple[NDArray[np.float32], Exception | None]:
    """Decode the next samples, as many as there are and fit; an error means that there will be no more.

    Where a FLAC file breaks off, an error is raised instead of a count returned; marks show how far it came.
    """
    if decoder.format == "FLAC":
        buffer[:, 0] = np.nan
    try:
        return decoder.read(out=buffer), None
    except Exception as error:
        unwritten = np.isnan(buffer[:, 0]) if decoder.format == "FLAC" else np.ones(1, dtype=bool)
        return buffer[: int(unwritten.argmax()) if unwritten.any() else len(buffer)], error


def _buffer(channel_count: int) -> NDArray[np.float32]:
    """Room for one block, of the same size in bytes for any number of channels."""
    return np.empty((max(_BLOCK_VALUES // channel_count, 64), channel_count), dtype=np.float32)


def _blocks(sound: Sound, source: OpenFile, decoder: Any, start_sample: int) -> Iterator[NDArray[np.float32]]:
    """Decode to the end of what can be decoded, whatever length the header states."""
    if source.container == "ogg":
        position = source.file.tell()  # the decoder's, too
        broken = broken_ogg(source)
        source.file.seek(position)
        if broken is not None:
            yield from _broken_blocks(sound, source, broken, start_sample)
            return
    buffer = _buffer(sound.info.channel_count)
    try:
        before = _entered(source, decoder, start_sample)
    except soundfile.LibsndfileError:
        if source.container != "flac":
            raise
        source.file.seek(0)
        yield from _flac_rest(sound, source, start_sample)  # the start is within damage
        return
    position = start_sample - before
    while True:
        block, error = _decode(decoder, buffer)
        position += len(block)
        if error is not None:
            source.check_unchanged()
            if sound.info.sample_count is None and not source.at_end():
                sound.damage = _reason(error)
        if len(block) > before:
            yield block[before:]
        before = max(before - len(block), 0)
        if error is not None and source.container == "flac" and position < (sound.info.sample_count or 0):
            yield from _flac_rest(sound, source, position)
        if error is not None or not len(block):
            break
    if source.container in _LARGEST_TRAILER_BYTES and sound.damage is None:
        sound.damage = _damage_at_end(source)


def _broken_blocks(
    sound: Sound, source: OpenFile, broken: BrokenOgg, start_sample: int
) -> Iterator[NDArray[np.float32]]:
    """Decode the runs of pages of a damaged Ogg file, each at its time."""
    rate, timeline = sound.info.sample_rate_hz, Timeline(sound.info.sample_rate_hz)
    per_count = 1.0 if broken.opus_rate is None else rate / broken.opus_rate
    origin = round(broken.origin * per_count)
    for number, run in enumerate(broken.runs):
        if number or not run.follows:
            timeline.damaged()
        try:
            header = broken.later_header if number or not run.follows else broken.header
            decoder = ForwardFile(Splice(header, source.file, run.start, run.end))
        except soundfile.LibsndfileError:  # less than one packet
            continue
        with decoder:
            count = int(decoder.frames)
            begin = round(run.position * per_count) - count
            if not number and run.follows:  # a recording that was cut out of a longer one counts from there
                origin = begin
            before = timeline.given
            gap = timeline.place(begin - origin, count)
            silence = _silence(max(gap, 0), sound.info.channel_count)
            run_blocks = itertools.chain(silence, _counted(decoder, count, max(-gap, 0)))
            for block in run_blocks if timeline.given > start_sample else ():
                yield block[max(start_sample - before, 0) :]
                before += len(block)
    sound.notes += timeline.notes()
    source.file.seek(broken.runs[-1].end)
    sound.damage = _damage_at_end(source)


def _flac_rest(sound: Sound, source: OpenFile, position: int) -> Iterator[NDArray[np.float32]]:
    """Go on behind the damage at a sample of a FLAC file, with silence for what cannot be decoded."""
    timeline, buffer, tries = Timeline(sound.info.sample_rate_hz), _buffer(sound.info.channel_count), 0
    timeline.given, found, end = position, True, sound.info.sample_count or 0
    while found and tries < _MOST_TRIES:
        found = False
        for start, file in frames_behind(source, source.file.tell(), timeline.given, end):
            tries += 1
            with contextlib.suppress(soundfile.LibsndfileError), ForwardFile(file) as decoder:
                block, error = _decode(decoder, buffer)
                found = len(block) > 0
                if found:
                    timeline.damaged()
                    yield from _silence(timeline.place(start, len(block)), sound.info.channel_count)
                while len(block):
                    yield block
                    if error is not None:
                        break
                    block, error = _decode(decoder, buffer)
                    timeline.place(None, len(block))
            if found or tries >= _MOST_TRIES:
                break
    source.check_unchanged()
    sound.notes += timeline.notes()


def _counted(decoder: Any, count: int, left_out: int) -> Iterator[NDArray[np.float32]]:
    """Decode so many samples, without the first; silence for what cannot be decoded."""
    buffer = _buffer(decoder.channels)
    while count:
        block, error = _decode(decoder, buffer[:count])
        if error is not None or not len(block):
            yield from _silence(count - left_out, decoder.channels)
            return
        yield block[left_out:]
        count, left_out = count - len(block), max(left_out - len(block), 0)


def _silence(count: int, channel_count: int) -> Iterator[NDArray[np.float32]]:
    """Yield blocks of zeros, `count` samples in all."""
    zeros = np.zeros_like(_buffer(channel_count))
    for start in range(0, count, len(zeros)):
        yield zeros[: count - start]


def _entered(source: OpenFile, decoder: Any, start_sample: int) -> int:
    """Go to a sample, and return how many samples before it are decoded first."""
    # Coders that overlap their blocks need a run-up before they decode exactly what they would have on the way.
    run_up = min(start_sample, _RUN_UP_SAMPLES.get(source.container, 0))
    if start_sample > run_up:
        decoder.seek(start_sample - run_up)
    return run_up


def _damage_at_end(source: OpenFile) -> str | None:
    """Why this may not be the end of all sound in the file; libsndfile says nothing in either case."""
    if source.size - source.file.tell() > _LARGEST_TRAILER_BYTES[source.container]:
        return "another recording follows in the same file"
    if source.container == "ogg":
        source.file.seek(max(source.size - _LONGEST_OGG_PAGE_BYTES, 0))
        tail = source.file.read(_LONGEST_OGG_PAGE_BYTES)
        page = tail.rfind(b"OggS")
        if page < 0 or len(tail) <= page + 5 or not tail[page + 5] & 4:  # the mark of the last page
            return "its last page is missing"
    return None


def file_window(source: OpenFile, start_sample: int, sample_count: int) -> NDArray[np.float32]:
    """Decode a stretch in the middle, without what is before it.

    Args:
        source: any container but "mp4" and "matroska".
        start_sample: the first sample wanted, from 0.
        sample_count: how many.

    Returns:
        (sample, channel) float32; fewer samples than wanted where the file ends or breaks off.

    Raises:
        AudioError: if the header is damaged.
    """
    if source.container == "ogg" and broken_ogg(source) is not None:
        return _broken_window(source, start_sample, sample_count)
    source.file.seek(0)
    *_, file = _readable(source)
    with _decoder(source, file) as decoder:
        buffer = _buffer(int(decoder.channels))
        try:
            run_up = _entered(source, decoder, start_sample)
        except Exception:  # behind the end
            return buffer[:0]
        blocks, position, end = [buffer[:0]], -run_up, sample_count
        while position < end:
            block, error = _decode(decoder, buffer[: end - position])
            blocks.append(block[max(-position, 0) :].copy())
            position += len(block)
            if error is not None or not len(block):
                break
    return np.concatenate(blocks)


def _broken_window(source: OpenFile, start_sample: int, sample_count: int) -> NDArray[np.float32]:
    """The stretch of a damaged Ogg file, whose samples are not where libsndfile looks for them."""
    with file_sound(source, start_sample) as sound:
        found = [_buffer(sound.info.channel_count)[:0]]
        for block in sound.blocks():
            found.append(block[:sample_count].copy())
            sample_count -= len(found[-1])
            if not sample_count:
                break
    return np.concatenate(found)
