"""WAV, FLAC, Ogg, MP3, AIFF, AU and CAF files become blocks of samples, by libsndfile."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from whence.audio.big_endian_headers import promised_samples
from whence.audio.mp3_header import read_mp3_header, recounted
from whence.audio.sound import FULL_SCALE, Sound, SoundInfo
from whence.audio.sources import OpenFile
from whence.audio.wav_header import WavHeader, read_wav_header, straightened
from whence.errors import AudioError

_BLOCK_VALUES = 1 << 18
# What the library says for "not known".
_COUNT_MAX = 2**63 - 1
_HELPLESS_WORDS = ("error", "internal", "unspecified", "unknown", "file does not exist")
_LONGEST_OGG_PAGE_BYTES = 65_307
# Tags may stand behind a FLAC; behind an Ogg nothing does.
_LARGEST_TRAILER_BYTES = {"flac": 1 << 17, "ogg": 1 << 12}
# An MP3 cannot be entered in the middle exactly, so it is decoded from its start.
_RUN_UP_SAMPLES = {"ogg": 1 << 14, "mp3": 1 << 62}
_INTEGER_BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}


@contextlib.contextmanager
def file_sound(source: OpenFile) -> Iterator[Sound]:
    """Open a file for decoding by libsndfile.

    Args:
        source: any container but "mp4" and "matroska".

    Yields:
        the sound, readable while the block lasts.

    Raises:
        AudioError: if the header is damaged or says the impossible.
    """
    wav, file = _helped(source)
    by_header = promised_samples(source)
    with _decoder(source, file) as decoder:
        yield _sound(source, decoder, wav, by_header)


def _helped(source: OpenFile) -> tuple[WavHeader | None, BinaryIO]:
    """The WAV header, if it is one, and the file behind a better header where its own would mislead the decoder."""
    if source.container == "wav":
        wav = read_wav_header(source)
        return wav, source.file if wav is None or wav.plain else straightened(source, wav)
    if source.container == "mp3":
        mp3 = read_mp3_header(source)
        return None, source.file if mp3 is None or mp3.trusted else recounted(source, mp3)
    return None, source.file


@contextlib.contextmanager
def _decoder(source: OpenFile, file: BinaryIO) -> Iterator[Any]:
    """The library's decoder; a real file goes by its descriptor, which spares a call into Python for each read."""
    from whence.audio.forward import ForwardFile  # loads a shared library

    file.seek(0)
    # Elsewhere a descriptor means something only to the C library that made it.
    real = file is source.file and source.on_disk and os.name == "posix"
    try:
        decoder = ForwardFile(file.fileno() if real else file, closefd=False)
    except Exception as error:
        source.check_unchanged()
        reason = _reason(error)
        raise AudioError(f"{source.name}: damaged {source.container} file ({reason})") from None
    try:
        yield decoder
    finally:
        # It may complain once more about what it could not read.
        with contextlib.suppress(RuntimeError):
            decoder.close()


def _reason(error: Exception) -> str:
    """The library's own words, where it has any that help."""
    text = str(getattr(error, "error_string", "")).strip().rstrip(".").removeprefix("Error in WAV file. ")
    if not text or text.lower().startswith(_HELPLESS_WORDS):
        return "its header cannot be read"
    return text[:1].lower() + text[1:]


def _sound(source: OpenFile, decoder: Any, wav: WavHeader | None, by_header: int | None) -> Sound:
    """What is known about an open decoder."""
    promised = None if decoder.frames >= _COUNT_MAX else int(decoder.frames)
    if wav is not None and promised is not None and wav.promised > wav.held:
        # The library silently cuts the promise down to what is there; the ratio holds for any coding.
        frame_bytes = wav.held / promised if promised else wav.block_bytes
        promised = max(promised, int(wav.promised / frame_bytes))
    if promised is not None:
        promised = max(promised, by_header or 0)
    info = SoundInfo(int(decoder.samplerate), int(decoder.channels), promised, f"{decoder.format} {decoder.subtype}")
    bits = _INTEGER_BITS.get(decoder.subtype)
    sound = Sound(
        name=source.name,
        info=info,
        blocks=lambda: _blocks(sound, source, decoder),
        check_unchanged=source.check_unchanged,
        clip_level=FULL_SCALE if bits is None else min(FULL_SCALE, 1 - 2.0 ** (1 - bits)),
        integers=bits is not None,
        length_unknown=wav is not None and wav.length_unknown,
    )
    return sound


def _decode(decoder: Any, buffer: NDArray[np.float32]) -> tuple[NDArray[np.float32], Exception | None]:
    """The next samples, as many as there are and fit, and the error after which there will be no more.

    Where a FLAC file breaks off, an error is raised instead of a count given; a mark shows how far it came.
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


def _blocks(sound: Sound, source: OpenFile, decoder: Any) -> Iterator[NDArray[np.float32]]:
    """Decode to the end of what can be decoded, never asking the header how long that is."""
    buffer = _buffer(sound.info.channel_count)
    while True:
        block, error = _decode(decoder, buffer)
        if error is not None:
            source.check_unchanged()
            if sound.info.sample_count is None and not source.at_end():
                sound.damage = _reason(error)
        if len(block):
            yield block
        if error is not None or not len(block):
            break
    if source.container in _LARGEST_TRAILER_BYTES and sound.damage is None:
        sound.damage = _left_over(source)


def _left_over(source: OpenFile) -> str | None:
    """What speaks against this being the end of all sound in the file; the library passes over both in silence."""
    if source.size - source.file.tell() > _LARGEST_TRAILER_BYTES[source.container]:
        return "another recording follows in the same file"
    if source.container == "ogg" and not _ends_with_last_page(source):
        return "its last page is missing"
    return None


def _ends_with_last_page(source: OpenFile) -> bool:
    """Whether an Ogg file ends with the page that is marked as the last."""
    source.file.seek(max(source.size - _LONGEST_OGG_PAGE_BYTES, 0))
    tail = source.file.read(_LONGEST_OGG_PAGE_BYTES)
    page = tail.rfind(b"OggS")
    return page >= 0 and len(tail) > page + 5 and bool(tail[page + 5] & 4)


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
    _, file = _helped(source)
    # Coders that overlap their blocks need a run-up before they decode exactly what they would have on the way.
    run_up = min(start_sample, _RUN_UP_SAMPLES.get(source.container, 0))
    with _decoder(source, file) as decoder:
        buffer = _buffer(int(decoder.channels))
        try:
            if start_sample > run_up:
                decoder.seek(start_sample - run_up)
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
