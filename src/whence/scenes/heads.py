"""Heads as delays, a few filters, and the weights of these by direction: a sphere, or the responses of a SOFA file."""

# M measurement, N wave, K filter, T tap

import functools
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whence.errors import SceneError
from whence.scenes.rooms.sofa import SofaContent, read_head
from whence.units import SAMPLE_RATE_HZ, SPEED_OF_SOUND_M_S

_FILTERS = 12
_TAPS, _BEFORE, _FINER = 160, 12, 8
# A response begins where it first reaches this share of its peak.
_ONSET_SHARE = 0.15
# The level of a head is that of low frequencies from ahead, where the head is no obstacle.
_LEVEL_HZ = (150.0, 600.0)
_NEIGHBOURS = 3
# Angles between a direction and the axis of the ears, frequencies, and filters of a sphere.
_SPHERE_ANGLES, _SPHERE_BINS, _SPHERE_FILTERS = 73, 129, 6

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MeasuredHead:
    """Responses of both ears, taken apart.

    Args:
        direction: (M, 3) unit vectors towards the sources: x ahead, y left, z up.
        later_m: (M, 2) how much further sound travels to an ear than to the middle of the head.
        weight: (M, 2, K) of the filters.
        taps: (K, T) the filters.
    """

    direction: Array
    later_m: Array
    weight: Array
    taps: Array

    def at(self, direction: Array) -> tuple[Array, Array]:
        """Return (N, 2) `later_m` and (N, 2, K) `weight` between the measured directions nearest to (N, 3)."""
        from scipy.spatial import cKDTree

        apart, nearest = cKDTree(self.direction).query(direction, k=_NEIGHBOURS)
        share = 1.0 / np.maximum(np.asarray(apart), 1e-6)
        share /= share.sum(axis=1, keepdims=True)
        later = np.einsum("nj,nje->ne", share, self.later_m[nearest])
        return later, np.einsum("nj,njek->nek", share, self.weight[nearest])


@dataclass(frozen=True, eq=False)
class SphericalHead:
    """A rigid sphere with an ear at either side, which knows a direction by its angle to the axis of the ears.

    Args:
        radius_m: of the sphere.
        weight: (angle, K) of the filters, at angles from 0 to 180 degrees.
        taps: (K, T) the filters.
    """

    radius_m: float
    weight: Array
    taps: Array

    def at(self, direction: Array) -> tuple[Array, Array]:
        """Return what `MeasuredHead.at` returns; the way around the sphere is Woodworth's."""
        cosine = np.stack([direction[:, 1], -direction[:, 1]], axis=1).clip(-1.0, 1.0)
        angle = np.arccos(cosine)
        later_m = self.radius_m * np.where(cosine > 0, -cosine, angle - np.pi / 2)
        grid = np.linspace(0.0, np.pi, len(self.weight))
        return later_m, np.stack([np.interp(angle, grid, column) for column in self.weight.T], axis=2)


@functools.lru_cache(maxsize=64)
def sphere(radius_m: float) -> SphericalHead:
    """Compute the pressure at a point of a rigid sphere for plane waves from all sides.

    Source: Duda and Martens, "Range dependence of the response of a spherical head model", 1998, for far sources.
    """
    from scipy.special import spherical_jn, spherical_yn

    angle = np.linspace(0.0, np.pi, _SPHERE_ANGLES)
    frequency_hz = np.linspace(0.0, SAMPLE_RATE_HZ / 2, _SPHERE_BINS)[1:]
    wave = 2 * np.pi * frequency_hz * radius_m / SPEED_OF_SOUND_M_S
    order = np.arange(math.ceil(1.3 * wave.max()) + 12)[:, None]
    slope = spherical_jn(order, wave, True) + 1j * spherical_yn(order, wave, True)
    # Beyond the order that a frequency needs the slopes overflow, and the terms are nothing.
    terms = np.where(np.isfinite(slope), (2 * order + 1) * (-1j) ** (order - 1) / slope, 0.0) / wave**2
    legendre = np.polynomial.legendre.legvander(np.cos(angle), len(order) - 1)
    pressure = np.concatenate([np.ones((len(angle), 1)), (legendre @ terms).conj()], axis=1)
    later_m = radius_m * np.where(angle < np.pi / 2, -np.cos(angle), angle - np.pi / 2)
    advance_s = later_m[:, None] / SPEED_OF_SOUND_M_S - _BEFORE / SAMPLE_RATE_HZ
    pressure *= np.exp(2j * np.pi * np.concatenate([[0.0], frequency_hz]) * advance_s)
    weight, taps = _components(np.fft.irfft(pressure, axis=1), _SPHERE_FILTERS)
    return SphericalHead(radius_m, weight, taps)


@functools.lru_cache(maxsize=4)
def open_head(file: str) -> MeasuredHead:
    """Read the responses of a head.

    Each response is shifted to one onset; what differs between directions is then expressed by the few filters that
    explain most of it (principal components), so that many directions at once cost little.

    Raises:
        SceneError: the file is missing, damaged or something else, or it has no sound from ahead and from the sides.
    """
    content = read_head(Path(file))
    direction = content.offset_m / np.linalg.norm(content.offset_m, axis=1, keepdims=True)
    responses = _at_our_rate(content)
    middle = np.abs(direction[:, 1]) < 0.05
    ahead = direction[:, 0] > 0.95
    if len(direction) < 8 or not middle.any() or not ahead.any() or np.abs(direction[:, 1]).max() < 0.8:
        raise SceneError(f"{file}: too few directions for a head; there must be some ahead and at both sides")
    onset = _onsets(responses)
    onset = onset - onset[middle].mean()
    aligned = _shifted(responses)
    aligned /= _level(aligned[ahead].mean(axis=0))
    weight, taps = _components(aligned.reshape(-1, aligned.shape[2]), _FILTERS)
    later_m = onset / SAMPLE_RATE_HZ * SPEED_OF_SOUND_M_S
    return MeasuredHead(direction, later_m, weight.reshape(len(direction), 2, -1), taps)


def _components(responses: Array, count: int) -> tuple[Array, Array]:
    """Weights (response, K) and filters (K, T) whose product comes nearest to (response, T).

    Soft responses count as much as loud ones, and every frequency as much as another: otherwise the resonance of the
    ear at the near side would take all filters.
    """
    size = np.maximum(np.sqrt((responses**2).sum(axis=1, keepdims=True)), 1e-12)
    spectra = np.fft.rfft(responses / size, 2 * responses.shape[1])
    spectra /= np.maximum(np.sqrt((np.abs(spectra) ** 2).mean(axis=0)), 1e-9)
    strengths = np.linalg.svd(np.concatenate([spectra.real, spectra.imag], axis=1), full_matrices=False)[0]
    kept = strengths[:, :count]
    return size * kept, kept.T @ (responses / size)


def _at_our_rate(content: SofaContent) -> Array:
    """(M, 2, sample) at 24 kHz."""
    if content.sample_rate_hz == SAMPLE_RATE_HZ:
        return content.responses
    import soxr

    count, _, length = content.responses.shape
    flat = content.responses.reshape(-1, length).T
    # Silence in front keeps the filter's ringing ahead of the onset.
    flat = np.pad(flat, ((length, 0), (0, 0)))
    resampled = soxr.resample(np.ascontiguousarray(flat), content.sample_rate_hz, SAMPLE_RATE_HZ, quality="VHQ")
    return np.ascontiguousarray(resampled.T).reshape(count, 2, -1)


def _onsets(responses: Array) -> Array:
    """(M, 2) samples until each response begins, to a fraction of one."""
    length = responses.shape[2]
    finer = np.abs(np.fft.irfft(np.fft.rfft(responses, axis=2), length * _FINER, axis=2))
    return np.asarray(np.argmax(finer > _ONSET_SHARE * finer.max(axis=2, keepdims=True), axis=2) / _FINER)


def _shifted(responses: Array) -> Array:
    """(M, 2, T) responses that begin at one sample."""
    length = 2 * responses.shape[2]
    start = _onsets(responses) - _BEFORE
    turns = np.exp(2j * np.pi * np.fft.rfftfreq(length) * start[:, :, None])
    moved = np.fft.irfft(np.fft.rfft(responses, length, axis=2) * turns, length, axis=2)[:, :, :_TAPS]
    moved[:, :, -_TAPS // 4 :] *= np.cos(np.linspace(0, np.pi / 2, _TAPS // 4)) ** 2
    return np.asarray(moved)


def _level(response: Array) -> float:
    """Amplitude of low frequencies in the mean of both ears."""
    spectrum = np.abs(np.fft.rfft(response, 2_048, axis=1))
    frequency_hz = np.fft.rfftfreq(2_048, 1 / SAMPLE_RATE_HZ)
    used = (frequency_hz >= _LEVEL_HZ[0]) & (frequency_hz <= _LEVEL_HZ[1])
    return float(np.sqrt((spectrum[:, used] ** 2).mean()))


def spectra_of(head: MeasuredHead | SphericalHead, bin_count: int) -> NDArray[np.complex128]:
    """Return (K, bin) spectra of the filters, their onset at time 0."""
    length = 2 * (bin_count - 1)
    spectra = np.fft.rfft(head.taps, max(length, 4 * _TAPS))
    if length < 4 * _TAPS:
        frequency = np.linspace(0, 1, spectra.shape[1])
        spectra = np.stack([np.interp(np.linspace(0, 1, bin_count), frequency, row) for row in spectra])
    turns = np.exp(1j * np.pi * np.linspace(0, 1, bin_count) * _BEFORE)
    return np.asarray(spectra * turns)
