"""What the two microphones of a pair make of sound: of one wave, and of a diffuse field.

Every microphone is described by the path from a source to it, and by a few filters with a weight for each direction. A
capsule has one filter, which passes everything, and its pattern as the weight; an ear of a head has several.
"""

# N wave, K filter, F bin

import functools
import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from whence.audio import Capsule, Head, Microphones
from whence.errors import SceneError
from whence.scenes.heads import MeasuredHead, SphericalHead, open_head, spectra_of, sphere
from whence.units import SAMPLE_RATE_HZ, SPEED_OF_SOUND_M_S

# Where capsules begin to become more directional, and where they have.
_DIRECTIVITY_HZ = (3_000.0, 10_000.0)
# Frequencies at which the statistics of a diffuse field are computed; those of transforms lie between them.
_GRID_BINS = 1_025

# Sources are no nearer to a capsule than this: one may stand where a wide pair has a capsule.
_NEAREST_M = 0.1

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
    if microphones.head is not None and microphones.head.file:
        open_head(microphones.head.file)


@dataclass(frozen=True)
class BuiltMicrophones(Microphones):
    """A pair as it was built, whose capsules are not quite what its description says.

    Args:
        directivity: how much of its omnidirectional share a capsule loses at high frequencies, 0 to 1.
    """

    directivity: float = 0.0


def directivity_of(microphones: Microphones) -> float:
    """Return how much more directional the capsules of a pair are at high frequencies; 0 for ideal ones."""
    return microphones.directivity if isinstance(microphones, BuiltMicrophones) else 0.0


def has_mirror_image(microphones: Microphones) -> bool:
    """Whether exchanged channels are those of a pair that can be described; a measured head has two different ears."""
    return microphones.head is None or not microphones.head.file


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
    """
    if microphones.head is not None:
        distance = np.linalg.norm(offset_m, axis=1)
        later_m, weight = _head_of(microphones.head).at(offset_m / distance[:, None])
        # Being near changes the level alone.
        return distance[:, None] + later_m, weight * (2.0 / distance)[:, None, None]
    paths, weights = [], []
    for capsule in (microphones.left, microphones.right):
        facing = math.radians(capsule.facing_deg)
        x, y, z = offset_m[:, 0], offset_m[:, 1] - capsule.left_m, offset_m[:, 2]
        path = np.maximum(np.sqrt(x**2 + y**2 + z**2), _NEAREST_M)
        toward = (x * math.cos(facing) + y * math.sin(facing)) / path
        shares = _omni_shares(microphones, capsule)
        paths.append(path)
        weights.append(np.stack([2.0 * (share + (1.0 - share) * toward) / path for share in shares], axis=1))
    return np.stack(paths, axis=1), np.stack(weights, axis=1)


def _omni_shares(microphones: Microphones, capsule: Capsule) -> tuple[float, ...]:
    """The omnidirectional share of a capsule, for each of its filters."""
    directivity = directivity_of(microphones)
    return (capsule.pattern, capsule.pattern * (1.0 - directivity)) if directivity else (capsule.pattern,)


def _head_of(head: Head) -> MeasuredHead | SphericalHead:
    """The responses of a head."""
    return open_head(head.file) if head.file else sphere(head.radius_m)


def filters(microphones: Microphones, bin_count: int) -> NDArray[np.complex128]:
    """Return the spectra of the pair's filters, (K, F), at F frequencies from 0 Hz to half the sample rate."""
    frequency_hz = np.linspace(0.0, SAMPLE_RATE_HZ / 2, bin_count)
    if microphones.head is None:
        if not directivity_of(microphones):
            return np.ones((1, bin_count), dtype=np.complex128)
        high = high_share(frequency_hz)
        return np.stack([1.0 - high, high]).astype(np.complex128)
    return spectra_of(_head_of(microphones.head), bin_count)


def high_share(frequency_hz: Array) -> Array:
    """Return how far a capsule has become more directional at each frequency: 0 up to 3 kHz, 1 from 10 kHz on.

    >>> high_share(np.array([1_000.0, 10_000.0])).tolist()
    [0.0, 1.0]
    """
    rise = np.log(np.maximum(frequency_hz, 1.0) / _DIRECTIVITY_HZ[0]) / math.log(
        _DIRECTIVITY_HZ[1] / _DIRECTIVITY_HZ[0]
    )
    return np.asarray(np.sin(rise.clip(0.0, 1.0) * np.pi / 2) ** 2)


# Half a megabyte each; pairs drawn from spans come once.
@functools.lru_cache(maxsize=24)
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
    left, right, cross = diffuse_field(microphones, len(grid))
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


def diffuse_field(microphones: Microphones, bin_count: int) -> tuple[Array, Array, NDArray[np.complex128]]:
    """Return power of left and right and their cross-power in a diffuse field that has unit power at a point.

    Every direction of space brings the same power. For capsules the mean over directions n of
    (p + q u.n)(p' + q' u'.n) exp(j k d n) is written with spherical Bessel functions of k d; two omnis have
    sin(kd)/(kd). For a head it is summed over directions.

    Returns:
        (F,) of the left, of the right, and of left times the conjugate of right; gains as in `paths_and_weights`.
    """
    if microphones.head is not None:
        return _diffuse_at_ears(microphones, bin_count)
    frequency_hz = np.linspace(0.0, SAMPLE_RATE_HZ / 2, bin_count)
    one, other = microphones.left, microphones.right
    less = 1.0 - directivity_of(microphones) * high_share(frequency_hz)
    p, s = one.pattern * less, other.pattern * less
    q, r = 1 - p, 1 - s
    u, v = math.radians(one.facing_deg), math.radians(other.facing_deg)
    kd = 2 * np.pi * frequency_hz / SPEED_OF_SOUND_M_S * (one.left_m - other.left_m)
    j0, j1, j1_over, j2 = _spherical_bessel(kd)
    real = p * s * j0 + q * r * (math.cos(u - v) * j1_over - math.sin(u) * math.sin(v) * j2)
    cross = real + 1j * j1 * (p * r * math.sin(v) + s * q * math.sin(u))
    return 4 * (p**2 + q**2 / 3), 4 * (s**2 + r**2 / 3), 4 * cross


def _spherical_bessel(x: Array) -> tuple[Array, Array, Array, Array]:
    """j0(x), j1(x), j1(x) / x and j2(x); series near 0, where the closed forms cancel."""
    near = np.abs(x) < 1e-2
    safe = np.where(near, 1.0, x)
    j0 = np.where(near, 1 - x**2 / 6, np.sin(safe) / safe)
    j1_over = np.where(near, 1 / 3 - x**2 / 30, (np.sin(safe) / safe - np.cos(safe)) / safe**2)
    return j0, j1_over * x, j1_over, 3 * j1_over - j0


def _diffuse_at_ears(microphones: Microphones, bin_count: int) -> tuple[Array, Array, NDArray[np.complex128]]:
    """The same for a head: the mean over directions that are spread evenly, and their mirror images."""
    frequency_hz = np.linspace(0.0, SAMPLE_RATE_HZ / 2, bin_count)
    basis, distance = filters(microphones, bin_count), 1_000.0
    path, weight = paths_and_weights(microphones, _even_directions() * distance)
    later_s = (path - distance) / SPEED_OF_SOUND_M_S
    powers, cross = np.zeros((2, bin_count)), np.zeros(bin_count, dtype=np.complex128)
    # Part by part: all directions at all frequencies would take 100 MB.
    for part in np.array_split(np.arange(len(path)), 16):
        late = np.exp(-2j * np.pi * frequency_hz * later_s[part][:, :, None])
        response = (weight[part] * distance @ basis) * late
        powers += (np.abs(response) ** 2).sum(axis=0)
        cross += (response[:, 0] * response[:, 1].conj()).sum(axis=0)
    return powers[0] / len(path), powers[1] / len(path), cross / len(path)


@functools.cache
def _even_directions() -> Array:
    """(N, 3) unit vectors on a spiral from pole to pole (Fibonacci), each with its mirror image."""
    count = 1_000
    height = 1 - (2 * np.arange(count) + 1) / count
    turn = np.arange(count) * np.pi * (1 + math.sqrt(5.0))
    flat = np.sqrt(1 - height**2)
    half = np.stack([flat * np.cos(turn), flat * np.sin(turn), height], axis=1)
    return np.concatenate([half, half * [1, -1, 1]])
