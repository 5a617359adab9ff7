"""Write a signal to a sound file that appears whole or not at all."""

import io
import os
import struct
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import soundfile
from numpy.typing import NDArray

from whence.audio.sound import HIGHEST_RATE_HZ, LOWEST_RATE_HZ
from whence.errors import AudioError
from whence.files import written_whole
from whence.text import shown
from whence.units import SAMPLE_RATE_HZ

# What each ending can hold, the usual first.
_SUBTYPES = {
    ".wav": ("PCM_16", "PCM_24", "FLOAT"),
    ".flac": ("PCM_16", "PCM_24"),
    ".ogg": ("VORBIS", "OPUS"),
}
_BITS = {"PCM_16": 16, "PCM_24": 24, "FLOAT": 32}
_PCM_TAG, _FLOAT_TAG = 1, 3
_LARGEST_RIFF_BYTES = 0xFFFFFFFF

Signal: TypeAlias = NDArray[np.floating[Any]]


def write(
    path: str | os.PathLike[str],
    signal: Signal,
    *,
    sample_rate_hz: int = SAMPLE_RATE_HZ,
    subtype: str | None = None,
) -> None:
    """Write a signal to a sound file; the ending of the name chooses the format.

    The samples are not scaled or clipped. Steps of PCM_16 are 1/32768, so samples read from such a file are written
    back exactly. The same signal gives the same bytes, except in Ogg.

    Args:
        path: ends in .wav, .flac or .ogg; its folder must exist, a file of that name is replaced.
        signal: (channel, sample), or (sample,) for one channel.
        sample_rate_hz: of the signal.
        subtype: PCM_16 (the default), PCM_24 or, for .wav only, FLOAT; VORBIS (the default) or OPUS for .ogg.

    Raises:
        AudioError: NaN or infinity in the signal; a peak over 1, except in FLOAT; a wrong shape, ending or subtype; a
            folder that is missing or not writable. An old file is left unchanged.
        OSError: the disk is full or fails. An old file is left unchanged.

    >>> import tempfile
    >>> write(path := tempfile.mkdtemp() + "/a.wav", np.array([[0.5, -0.5], [1.0, 0.0]]))
    >>> Path(path).stat().st_size
    52
    """
    target = Path(os.fsdecode(path))
    name = shown(path)
    suffix = target.suffix.lower()
    if suffix not in _SUBTYPES:
        raise AudioError(f"no sound format has this ending; there are: {', '.join(_SUBTYPES)}", where=name)
    subtype = subtype or _SUBTYPES[suffix][0]
    if subtype not in _SUBTYPES[suffix]:
        raise AudioError(f"{suffix} cannot hold {subtype}; there are: {', '.join(_SUBTYPES[suffix])}", where=name)
    samples = _rows(signal)
    if not (isinstance(sample_rate_hz, int) and LOWEST_RATE_HZ <= sample_rate_hz <= HIGHEST_RATE_HZ):
        raise AudioError(f"no sound has a sample rate of {sample_rate_hz} Hz", where=name)
    _refuse_unfit(samples, name, may_exceed=subtype == "FLOAT")
    encode = _wav if suffix == ".wav" else _compressed
    try:
        encoded = encode(np.ascontiguousarray(samples.T), sample_rate_hz, subtype)
        with written_whole(target) as file:
            for part in encoded:
                file.write(part)
    except (FileNotFoundError, NotADirectoryError):
        raise AudioError("no such folder", where=name) from None
    except (PermissionError, IsADirectoryError) as error:
        raise AudioError(f"cannot be written ({error.strerror})", where=name) from None
    except soundfile.SoundFileError as error:
        reason = str(getattr(error, "error_string", error))
        wrong = f"{subtype} does not take {len(samples)} channels at {sample_rate_hz} Hz ({reason})"
        raise AudioError(wrong, where=name) from None


def _rows(signal: object) -> Signal:
    """Return the signal as (channel, sample)."""
    array: NDArray[Any] = np.asarray(signal)
    return array[None] if array.ndim == 1 else array


def _refuse_unfit(samples: Signal, name: str, may_exceed: bool) -> None:
    """Raise AudioError for a signal that a sound file cannot hold."""
    if samples.ndim != 2 or samples.dtype.kind != "f" or not samples.shape[0]:
        raise AudioError(
            f"a signal is float, shaped (channel, sample), not {samples.dtype} {samples.shape}", where=name
        )
    if samples.shape[0] > 64 >= samples.shape[1] > 0:
        raise AudioError(f"a signal shaped {samples.shape} has its axes exchanged; channels come first", where=name)
    finite = np.isfinite(samples)
    if not finite.all():
        channel, sample = (int(axis[0]) for axis in np.nonzero(~finite))
        count = int((~finite).sum())
        raise AudioError(
            f"{count} samples are not numbers, first in channel {channel + 1} at sample {sample}", where=name
        )
    peak = float(np.abs(samples).max(initial=0))
    if peak > 1 and not may_exceed:
        raise AudioError(
            f"peak {peak:.4g} would be cut off at 1; scale the signal, or write .wav with FLOAT", where=name
        )


def _steps(samples: Signal, bits: int) -> NDArray[np.int32]:
    """Whole steps of 2 ** (1 - bits); 1.0 is one step beyond the last and becomes the last."""
    full = 2 ** (bits - 1)
    return np.clip(np.round(samples * np.float64(full)), -full, full - 1).astype(np.int32)


def _wav(samples: Signal, sample_rate_hz: int, subtype: str) -> tuple[bytes, bytes, bytes]:
    """Header, sound and padding of a WAV file; libsndfile would write the time of day into a FLOAT one."""
    if subtype == "FLOAT":
        data = samples.astype("<f4").tobytes()
    elif subtype == "PCM_16":
        data = _steps(samples, 16).astype("<i2").tobytes()
    else:
        data = _steps(samples, 24).astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    channel_count, bits = samples.shape[1], _BITS[subtype]
    tag, block = (_FLOAT_TAG if subtype == "FLOAT" else _PCM_TAG), channel_count * bits // 8
    chunks = struct.pack(
        "<4sIHHIIHH", b"fmt ", 16, tag, channel_count, sample_rate_hz, sample_rate_hz * block, block, bits
    )
    if subtype == "FLOAT":
        chunks += struct.pack("<4sII", b"fact", 4, min(len(samples), 0xFFFFFFFF))
    padding = bytes(len(data) % 2)
    return _riff_head(chunks, len(data), len(padding), len(samples)), data, padding


def _riff_head(chunks: bytes, data_bytes: int, padding_bytes: int, sample_count: int) -> bytes:
    """Everything before the sound; RF64, the form with long lengths, where RIFF's are too short."""
    size = 4 + len(chunks) + 8 + data_bytes + padding_bytes
    if size <= _LARGEST_RIFF_BYTES:
        return struct.pack("<4sI4s", b"RIFF", size, b"WAVE") + chunks + struct.pack("<4sI", b"data", data_bytes)
    long_lengths = struct.pack("<4sIQQQI", b"ds64", 28, size + 36, data_bytes, sample_count, 0)
    unknown = 0xFFFFFFFF
    return (
        struct.pack("<4sI4s", b"RF64", unknown, b"WAVE") + long_lengths + chunks + struct.pack("<4sI", b"data", unknown)
    )


def _compressed(samples: Signal, sample_rate_hz: int, subtype: str) -> tuple[memoryview]:
    """A whole FLAC or Ogg file, made in memory, because libsndfile does not report errors of the disk."""
    packed: NDArray[np.generic] = samples
    if subtype in ("PCM_16", "PCM_24"):
        packed = _steps(samples, _BITS[subtype]) << (32 - _BITS[subtype])
    file = io.BytesIO()
    container = "FLAC" if subtype in ("PCM_16", "PCM_24") else "OGG"
    soundfile.write(file, packed, sample_rate_hz, format=container, subtype=subtype)
    return (file.getbuffer(),)
