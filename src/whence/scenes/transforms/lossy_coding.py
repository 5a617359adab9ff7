"""Lossy coding: the clip was an MP3, AAC or Opus file, as most recordings of phones and cameras are.

Coders in joint stereo keep what both channels have in common more exactly than what makes them differ. PyAV codes and
decodes; the delay of each coder is measured once and taken away.
"""

import functools
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from whence.errors import MissingExtraError, SceneError
from whence.settings import check_number, check_probability, check_span, known_name
from whence.units import SAMPLE_RATE_HZ

# The encoders and decoders of FFmpeg.
_CODERS = {"mp3": ("libmp3lame", "mp3float"), "aac": ("aac", "aac"), "opus": ("libopus", "libopus")}
# Longer than the delay of any of them.
_LONGEST_DELAY = 4_800


@dataclass(frozen=True)
class LossyCodingSettings:
    """How often and how much is lost.

    Args:
        probability: share of scenes that were coded, 0 to 1.
        codecs: how often each of mp3, aac and opus is chosen.
        kbps: lowest and highest bit rate, thousands of bits a second.
    """

    probability: float = 0.0
    codecs: Mapping[str, float] = field(default_factory=lambda: {"mp3": 1.0, "aac": 1.0, "opus": 1.0})
    kbps: tuple[float, float] = (48.0, 160.0)

    def __post_init__(self) -> None:
        check_probability("lossy_coding.probability", self.probability)
        for name, weight in self.codecs.items():
            known_name(name, _CODERS, "codec in lossy_coding.codecs", SceneError)
            check_number(f"lossy_coding.codecs.{name}", weight, 0)
        if not sum(self.codecs.values()) > 0:
            raise SceneError("lossy_coding.codecs is empty; give at least one codec a weight above zero")
        check_span("lossy_coding.kbps", self.kbps, 16, 320)


@dataclass(frozen=True)
class LossyCoding:
    """The coder of one clip and its bit rate, bits a second."""

    codec: Literal["mp3", "aac", "opus"]
    bit_rate: int


def draw_lossy_coding(rng: np.random.Generator, settings: LossyCodingSettings) -> LossyCoding | None:
    """Draw the coder of a scene; None for none."""
    if rng.random() >= settings.probability:
        return None
    names, weights = list(settings.codecs), np.array(list(settings.codecs.values()), dtype=np.float64)
    codec: Any = names[int(rng.choice(len(names), p=weights / weights.sum()))]
    return LossyCoding(codec, round(float(rng.uniform(*settings.kbps))) * 1_000)


def apply_lossy_coding(clip: torch.Tensor, coding: LossyCoding) -> torch.Tensor:
    """Code and decode a (2, sample) clip.

    Returns:
        (2, sample), in time with the clip.

    Raises:
        MissingExtraError: if PyAV is not installed.
    """
    delay = _delay(coding.codec)
    coded = _there_and_back(clip.cpu().numpy(), coding.codec, coding.bit_rate)
    return torch.from_numpy(coded[:, delay : delay + clip.shape[1]].copy()).to(clip.device)


@functools.cache
def _delay(codec: str) -> int:
    """Samples by which a coder is late, from what it makes of noise."""
    noise = np.random.default_rng(0).normal(size=(1, SAMPLE_RATE_HZ)).astype(np.float32) * 0.1
    noise = np.repeat(noise, 2, axis=0)
    coded = _there_and_back(noise, codec, 128_000)[0]
    length = 2 * len(coded)
    likeness = np.fft.irfft(np.fft.rfft(coded, length) * np.fft.rfft(noise[0], length).conj())
    return int(np.argmax(likeness[:_LONGEST_DELAY]))


def _there_and_back(sound: NDArray[np.float32], codec: str, bit_rate: int) -> NDArray[np.float32]:
    """(2, sample) with the coder's delay, and at least as much longer."""
    if importlib.util.find_spec("av") is None:
        raise MissingExtraError("lossy coding of scenes", "av")
    import av
    import soxr

    writer, reader = _CODERS[codec]
    encoder: Any = av.CodecContext.create(writer, "w")
    encoder.sample_rate, encoder.layout, encoder.bit_rate = SAMPLE_RATE_HZ, "stereo", bit_rate
    encoder.format = encoder.codec.audio_formats[0].name if codec == "aac" else ("fltp" if codec == "mp3" else "flt")
    encoder.open()
    decoder: Any = av.CodecContext.create(reader, "r")
    decoder.sample_rate, decoder.layout = SAMPLE_RATE_HZ, "stereo"
    if encoder.extradata:
        decoder.extradata = encoder.extradata
    decoded: list[Any] = []
    size = encoder.frame_size
    padded = np.pad(sound, ((0, 0), (0, _LONGEST_DELAY + -(sound.shape[1] + _LONGEST_DELAY) % size)))
    for first in range(0, padded.shape[1], size):
        part = np.ascontiguousarray(padded[:, first : first + size])
        if encoder.format.is_planar:
            frame = av.AudioFrame.from_ndarray(part, "fltp", "stereo")
        else:
            frame = av.AudioFrame.from_ndarray(part.T.reshape(1, -1).copy(), "flt", "stereo")
        frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, first
        for packet in encoder.encode(frame):
            decoded += decoder.decode(packet)
    for packet in encoder.encode(None):
        decoded += decoder.decode(packet)
    decoded += decoder.decode(None)
    whole: NDArray[np.float32] = np.concatenate([_planar(frame) for frame in decoded], axis=1)
    if decoded[0].sample_rate != SAMPLE_RATE_HZ:
        # Opus decodes to 48 kHz.
        whole = soxr.resample(whole.T, decoded[0].sample_rate, SAMPLE_RATE_HZ).T
    missing = max(0, padded.shape[1] - whole.shape[1])
    return np.asarray(np.pad(whole, ((0, 0), (0, missing))), dtype=np.float32)


def _planar(frame: Any) -> NDArray[np.float32]:
    """(2, sample) of a decoded frame."""
    values = frame.to_ndarray()
    values = values if frame.format.is_planar else values.reshape(-1, 2).T
    scale = 1.0 if values.dtype.kind == "f" else 1.0 / 32_768.0
    return np.asarray(values * scale, dtype=np.float32)
