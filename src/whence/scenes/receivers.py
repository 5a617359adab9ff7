"""What the two microphones of a pair make of sound: of one wave, and of a diffuse field.

Every microphone is described by the path from a source to it, and by a few filters with a weight for each direction. A
capsule has one filter, which passes everything, and its pattern as the weight; an ear of a head has two.
"""

# N wave, K filter, F bin

import functools
import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from whence.audio import Microphones
from whence.errors import SceneError
from whence.units import SAMPLE_RATE_HZ, SPEED_OF_SOUND_M_S

# Where the shadow of a head is deepest, and what is left of high frequencies there.
_DEEPEST_RAD, _LEAST = math.radians(150.0), 0.1
# Frequencies at which the statistics of a diffuse field are computed; those of transforms lie between them.
_GRID_BINS = 1_025

Array = NDArray[np.float64]


def check_renderable(microphones: Microphones, where: str) -> None:
    """Refuse pairs that scenes cannot be rendered for.

    Raises:
        SceneError: it begins with `where`.
    """
    if microphones.ambisonics is not None:
        raise SceneError(
            f"{where}: {microphones.name} has four channels and scenes have two; its views are pairs like dcase"
        )


def mirrored(microphones: Microphones) -> Microphones:
    """Return the mirror image of a pair, which is the pair itself if it is symmetric.

    >>> from whence.audio import read_microphones
    >>> mirrored(read_microphones("ortf")) == read_microphones("ortf")
    True
    """
    left, right = (
        replace(capsule, left_m=-capsule.left_m, facing_deg=-capsule.facing_deg)
        for capsule in (microphones.right, microphones.left)
    )
    return replace(microphones, left=left, right=right, gain_db=-microphones.gain_db)


def paths_and_weights(microphones: Microphones, offset_m: Array) -> tuple[Array, Array]:
    """Return how sound from point sources reaches both microphones.

    Args:
        microphones: the pair, in the origin, looking along x.
        offset_m: (N, 3) x ahead, y left, z up.

    Returns:
        (N, 2) metres that the sound travels, and (N, 2, K) weights of the filters of `filters`, with the loss by
        distance; capsules have gain 2 for their front, as the stereo conversion of the DCASE 2025 Task 3 data has.

    Source: for heads, Brown and Duda, "A structural model for binaural sound synthesis", 1998: the delay of Woodworth's
    formula and a shadow of one pole and one zero.
    """
    if microphones.head is not None:
        return _at_ears(microphones.head.radius_m, offset_m)
    paths, weights = [], []
    for capsule in (microphones.left, microphones.right):
        facing = math.radians(capsule.facing_deg)
        x, y, z = offset_m[:, 0], offset_m[:, 1] - capsule.left_m, offset_m[:, 2]
        path = np.sqrt(x**2 + y**2 + z**2)
        toward = (x * math.cos(facing) + y * math.sin(facing)) / path
        paths.append(path)
        weights.append(2.0 * (capsule.pattern + (1.0 - capsule.pattern) * toward) / path)
    return np.stack(paths, axis=1), np.stack(weights, axis=1)[:, :, None]


def _at_ears(radius_m: float, offset_m: Array) -> tuple[Array, Array]:
    """Paths and weights of the ears of a sphere, which are at its left and right."""
    distance = np.linalg.norm(offset_m, axis=1)
    cosine = np.stack([offset_m[:, 1], -offset_m[:, 1]], axis=1) / distance[:, None]
    angle = np.arccos(cosine.clip(-1.0, 1.0))
    detour = np.where(cosine > 0, -cosine, angle - np.pi / 2)
    high = (1 + _LEAST / 2) + (1 - _LEAST / 2) * np.cos(angle * (np.pi / _DEEPEST_RAD))
    weights = np.stack([np.ones_like(high), high], axis=2) * (2.0 / distance)[:, None, None]
    return distance[:, None] + radius_m * detour, weights


def filters(microphones: Microphones, frequency_hz: Array) -> NDArray[np.complex128]:
    """Return the spectra of the pair's filters, (K, F)."""
    if microphones.head is None:
        return np.ones((1, len(frequency_hz)), dtype=np.complex128)
    pole = 1.0 / (1.0 + 1j * np.pi * frequency_hz * microphones.head.radius_m / SPEED_OF_SOUND_M_S)
    return np.stack([pole, 1.0 - pole])


@functools.lru_cache(maxsize=256)
def diffuse_mixing(microphones: Microphones, bin_count: int) -> NDArray[np.complex64]:
    """Return the filters that make the pair's sound of a diffuse field from two independent signals.

    The covariance of left and right, as half sum and half difference, is taken apart into two triangular factors
    (Cholesky). Of a symmetric pair half sum and half difference are independent, so it becomes L = a A + b B,
    R = a A - b B with real a and b: mirroring B exchanges the channels.

    Args:
        microphones: the pair.
        bin_count: of spectra from 0 Hz to half the sample rate.

    Returns:
        (2, 2, F) left and right from A and B, which have unit power each; the field has unit power at a point.
    """
    grid = np.linspace(0.0, SAMPLE_RATE_HZ / 2, min(_GRID_BINS, bin_count))
    left, right, cross = diffuse_field(microphones, grid)
    half_sum, half_difference = (left + right) / 2 + cross.real, (left + right) / 2 - cross.real
    # Of the sum with the difference: S = (L + R) / sqrt(2), D = (L - R) / sqrt(2).
    both = (left - right) / 2 - 1j * cross.imag
    a = np.sqrt(np.maximum(half_sum, 1e-12))
    c = both.conj() / a
    b = np.sqrt(np.maximum(half_difference - np.abs(c) ** 2, 0.0))
    mixing = np.array([[a + c, b], [a - c, -b]]) / math.sqrt(2.0)
    wanted = np.linspace(0.0, SAMPLE_RATE_HZ / 2, bin_count)
    if len(grid) == bin_count:
        return mixing.astype(np.complex64)
    spread = [np.interp(wanted, grid, row) for row in mixing.reshape(4, -1)]
    return np.array(spread).reshape(2, 2, bin_count).astype(np.complex64)


def diffuse_field(microphones: Microphones, frequency_hz: Array) -> tuple[Array, Array, NDArray[np.complex128]]:
    """Return power of left and right and their cross-power in a diffuse field that has unit power at a point.

    Every direction of space brings the same power. For capsules the mean over directions n of
    (p + q u.n)(p' + q' u'.n) exp(j k d n) is written with spherical Bessel functions of k d; two omnis have
    sin(kd)/(kd). For a head it is summed over directions.

    Returns:
        (F,) of the left, of the right, and of left times the conjugate of right; gains as in `paths_and_weights`.
    """
    if microphones.head is not None:
        return _diffuse_at_ears(microphones, frequency_hz)
    one, other = microphones.left, microphones.right
    p, s = one.pattern, other.pattern
    q, r = 1 - p, 1 - s
    u, v = math.radians(one.facing_deg), math.radians(other.facing_deg)
    kd = 2 * np.pi * frequency_hz / SPEED_OF_SOUND_M_S * (one.left_m - other.left_m)
    j0, j1, j1_over, j2 = _spherical_bessel(kd)
    real = p * s * j0 + q * r * (math.cos(u - v) * j1_over - math.sin(u) * math.sin(v) * j2)
    cross = real + 1j * j1 * (p * r * math.sin(v) + s * q * math.sin(u))
    ones = np.ones_like(kd)
    return 4 * (p**2 + q**2 / 3) * ones, 4 * (s**2 + r**2 / 3) * ones, 4 * cross


def _spherical_bessel(x: Array) -> tuple[Array, Array, Array, Array]:
    """j0(x), j1(x), j1(x) / x and j2(x); series near 0, where the closed forms cancel."""
    near = np.abs(x) < 1e-2
    safe = np.where(near, 1.0, x)
    j0 = np.where(near, 1 - x**2 / 6, np.sin(safe) / safe)
    j1_over = np.where(near, 1 / 3 - x**2 / 30, (np.sin(safe) / safe - np.cos(safe)) / safe**2)
    return j0, j1_over * x, j1_over, 3 * j1_over - j0


def _diffuse_at_ears(microphones: Microphones, frequency_hz: Array) -> tuple[Array, Array, NDArray[np.complex128]]:
    """The same for a sphere, by Gauss's rule: its ears know a direction by the angle to their axis alone."""
    cosine, share = np.polynomial.legendre.leggauss(96)
    distance = 1_000.0
    offset = np.stack([np.sqrt(1 - cosine**2), cosine, np.zeros_like(cosine)], axis=1) * distance
    path, weight = paths_and_weights(microphones, offset)
    late = np.exp(-2j * np.pi * frequency_hz * ((path - distance) / SPEED_OF_SOUND_M_S)[:, :, None])
    response = np.einsum("nek,kf->nef", weight * distance, filters(microphones, frequency_hz)) * late
    left, right = response[:, 0], response[:, 1]
    mean = share[:, None] / 2
    return (
        (mean * np.abs(left) ** 2).sum(axis=0),
        (mean * np.abs(right) ** 2).sum(axis=0),
        (mean * left * right.conj()).sum(axis=0),
    )
