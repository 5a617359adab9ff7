"""Responses of spaced microphones and of heads, from a room's image sources and the diffuse tail that its bank keeps.

Up to 40 ms after a sound was made, every image source reaches each microphone along its own path. Then the bank's
response takes over: its omni and its sideways figure-of-eight, which are independent in a diffuse field, are mixed by
filters that give the pair the levels and the coherence that it has in such a field.
"""

# S response, N image, K filter, F bin

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from whence.audio import Microphones
from whence.scenes.receivers import diffuse_mixing, directivity_of, filters, high_share, paths_and_weights
from whence.scenes.rooms.bank import RoomBank
from whence.scenes.rooms.simulation import high_pass_mask, octave_masks
from whence.scenes.transforms.room_response import BlockGrid, align_direct_sound, turn_to_stereo
from whence.units import SAMPLE_RATE_HZ, SPEED_OF_SOUND_M_S

# Sound reaches a microphone half a metre from the middle of a pair up to 35 samples sooner than the middle; a pulse
# between two samples begins 20 samples before.
LEAD = 64
# When the image sources hand over to the diffuse tail, seconds after the sound was made.
_FROM_S, _TO_S = 0.040, 0.045
_SINC_HALF = 20
# The early part lies in the middle of its transforms: the filters of octaves ring to both sides.
_AHEAD, _LENGTH, _FFT_LENGTH = 900, 1_280, 3_072


@dataclass(frozen=True, eq=False)
class _Waves:
    """Image sources of several responses, one after the other.

    Args:
        owner: (N,) which response each belongs to.
        offset_m: (N, 3) relative to the turned pair.
        amplitude: (N, band) without the loss by distance.
    """

    owner: NDArray[np.int64]
    offset_m: NDArray[np.float64]
    amplitude: NDArray[np.float64]


def spectra_at_one_point(
    microphones: Microphones,
    rooms: RoomBank,
    picked: Sequence[int],
    turn_deg: torch.Tensor,
    scaled: torch.Tensor,
    grid: BlockGrid,
) -> torch.Tensor:
    """Return the spectra of the responses of a pair at one point, which follow from the bank's alone.

    Arguments and result are those of `pair_spectra`.
    """
    direct = rooms.direct_sample[picked].tolist()
    spectra: torch.Tensor = torch.fft.rfft(
        align_direct_sound(turn_to_stereo(scaled, turn_deg, microphones), direct, grid)
    )
    directivity = directivity_of(microphones)
    if directivity:
        left, right = (replace(c, pattern=c.pattern * (1 - directivity)) for c in (microphones.left, microphones.right))
        narrow = Microphones(microphones.name, left, right)
        high = torch.fft.rfft(align_direct_sound(turn_to_stereo(scaled, turn_deg, narrow), direct, grid))
        share = high_share(np.linspace(0.0, SAMPLE_RATE_HZ / 2, spectra.shape[2]))
        spectra.lerp_(high, torch.from_numpy(share).to(spectra))
    return spectra


def pair_spectra(
    microphones: Microphones,
    rooms: RoomBank,
    picked: Sequence[int],
    turn_deg: NDArray[np.float64],
    scaled: torch.Tensor,
    factor: torch.Tensor,
    grid: BlockGrid,
) -> torch.Tensor:
    """Return the spectra of a pair's responses, their direct sound at the grid's sample for the middle of the pair.

    Args:
        microphones: the pair; not at one point, or in a head.
        rooms: the bank, which knows the walls of the rooms asked for.
        picked: (S,) responses.
        turn_deg: (S,) how far each is turned to the left.
        scaled: (S, 3, tap) the bank's responses W, Y, X times `factor`.
        factor: (S,) of each.
        grid: the blocks.

    Returns:
        (S, 2, bin) complex64.
    """
    device = scaled.device
    early = torch.from_numpy(early_responses(microphones, rooms, picked, turn_deg)).to(device)
    early *= factor[:, None, None]
    direct = rooms.direct_sample[picked].tolist()
    angle = torch.from_numpy(np.radians(turn_deg)).to(scaled)
    side = torch.cos(angle)[:, None] * scaled[:, 1] + torch.sin(angle)[:, None] * scaled[:, 2]
    late = torch.stack([scaled[:, 0], side * 3.0**0.5], dim=1)
    late *= torch.from_numpy(_rise(rooms, picked, scaled.shape[2])).to(device)[:, None]
    spectra = torch.fft.rfft(align_direct_sound(late, direct, grid))
    mixing = torch.from_numpy(diffuse_mixing(microphones, spectra.shape[2])).to(device)
    found: torch.Tensor = torch.fft.rfft(align_direct_sound(early, [LEAD] * len(picked), grid))
    for channel in range(2):
        for signal in range(2):
            found[:, channel].addcmul_(spectra[:, signal], mixing[channel, signal])
    return found


def _rise(rooms: RoomBank, picked: Sequence[int], tap_count: int) -> NDArray[np.float32]:
    """(S, tap) share of the bank's responses."""
    # In samples: the hand-over begins this much after the direct sound, or has begun before it.
    direct_s = rooms.distance_m[picked] / SPEED_OF_SOUND_M_S
    begin = rooms.direct_sample[picked] + (_FROM_S - direct_s) * SAMPLE_RATE_HZ
    share = np.arange(tap_count, dtype=np.float32) - begin[:, None].astype(np.float32)
    share *= np.float32(1 / ((_TO_S - _FROM_S) * SAMPLE_RATE_HZ))
    return np.asarray(np.sin(share.clip(0.0, 1.0, out=share) * np.float32(np.pi / 2)))


def _handed_over(time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the hand-over to the tail has gone, 0 to 1."""
    return np.asarray(((time_s - _FROM_S) / (_TO_S - _FROM_S)).clip(0.0, 1.0))


def early_responses(
    microphones: Microphones, rooms: RoomBank, picked: Sequence[int], turn_deg: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return direct sound and early reflections at both microphones.

    Args:
        microphones: the pair.
        rooms: the bank.
        picked: (S,) responses of rooms with known walls.
        turn_deg: (S,) how far each is turned to the left.

    Returns:
        (S, 2, tap); the direct sound reaches the middle of the pair at sample LEAD.
    """
    count = len(picked)
    distance = rooms.distance_m[picked].astype(np.float64)
    source = _turned(_offsets(rooms, picked), turn_deg)
    waves = _reflections(rooms, picked, turn_deg)
    bin_count = _FFT_LENGTH // 2 + 1
    basis = filters(microphones, bin_count).astype(np.complex64)
    masks = (octave_masks(_FFT_LENGTH) * high_pass_mask(_FFT_LENGTH)).astype(np.float32)
    both = (masks[:, None] * basis).reshape(-1, bin_count)

    found = np.zeros((count, 2, _LENGTH), dtype=np.float32)
    path, weight = paths_and_weights(microphones, waves.offset_m)
    weight = weight * np.cos(_handed_over(path / SPEED_OF_SOUND_M_S) * (np.pi / 2))[:, :, None]
    direct_path, direct_weight = paths_and_weights(microphones, source)
    for ear in range(2):
        strength = waves.amplitude[:, :, None] * weight[:, ear, None, :]
        arrival = _samples(path[:, ear] - distance[waves.owner])
        early = _filtered(arrival, waves.owner, strength.reshape(len(arrival), both.shape[0]), both, count)
        arrival = _samples(direct_path[:, ear] - distance)
        # The filters of octaves ring ahead of what they filter; nothing arrives before the direct sound.
        early[np.arange(_LENGTH) < np.ceil(arrival)[:, None]] = 0.0
        found[:, ear] = early + _filtered(arrival, np.arange(count), direct_weight[:, ear], basis, count)
    return found


def _samples(later_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where sound arrives that travels this much further than to the middle of the pair."""
    return later_m / SPEED_OF_SOUND_M_S * SAMPLE_RATE_HZ + LEAD


def _offsets(rooms: RoomBank, picked: Sequence[int]) -> NDArray[np.float64]:
    """(S, 3) of the sources from the listener."""
    azimuth, elevation = (
        np.radians(column[picked].astype(float)) for column in (rooms.azimuth_deg, rooms.elevation_deg)
    )
    flat = np.cos(elevation)
    direction = np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), np.sin(elevation)], axis=1)
    return direction * rooms.distance_m[picked].astype(np.float64)[:, None]


def _turned(offset_m: NDArray[np.float64], turn_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Offsets turned to the left about the vertical."""
    cosine, sine = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    x, y, z = offset_m.T
    return np.stack([cosine * x - sine * y, sine * x + cosine * y, z], axis=1)


def _reflections(rooms: RoomBank, picked: Sequence[int], turn_deg: NDArray[np.float64]) -> _Waves:
    """All image sources that are needed, without the direct sound."""
    assert rooms.shoeboxes is not None
    # Half a metre beyond the hand-over: what arrives later at the middle of the pair may arrive sooner at one side.
    reach_m = _TO_S * SPEED_OF_SOUND_M_S + 0.5
    offsets = _offsets(rooms, picked)
    images = [
        rooms.shoeboxes.images(int(rooms.room[response]), offset, reach_m)
        for response, offset in zip(picked, offsets, strict=True)
    ]
    owner = np.repeat(np.arange(len(picked)), [len(found.offset_m) for found in images])
    offset_m = _turned(np.concatenate([found.offset_m for found in images]), np.asarray(turn_deg)[owner])
    return _Waves(owner, offset_m, np.concatenate([found.amplitude for found in images]))


def _filtered(
    arrival: NDArray[np.float64],
    owner: NDArray[np.int64],
    strength: NDArray[np.float64],
    spectra: NDArray[np.complex64],
    count: int,
) -> NDArray[np.float32]:
    """(S, tap) the sum over waves of band-limited pulses, filtered by each spectrum with the strength for it."""
    from scipy.fft import irfft, rfft
    from scipy.sparse import csc_array

    first = np.floor(arrival).astype(np.int64) - (_SINC_HALF - 1)
    sample = first[:, None] + np.arange(2 * _SINC_HALF)
    away = (sample - arrival[:, None]).astype(np.float32)
    pulse = np.sinc(away) * np.cos(away * np.float32(np.pi / 2 / _SINC_HALF)) ** 2
    row = (sample + (owner * _FFT_LENGTH + _AHEAD)[:, None]).astype(np.int32)
    starts = np.arange(0, row.size + 1, 2 * _SINC_HALF, dtype=np.int32)
    pulses = csc_array((pulse.ravel(), row.ravel(), starts), shape=(count * _FFT_LENGTH, len(arrival)))
    trains = (pulses @ strength.astype(np.float32)).reshape(count, _FFT_LENGTH, -1)
    spectrum = np.einsum("sfk,kf->sf", rfft(trains, axis=1), spectra)
    return np.asarray(irfft(spectrum, _FFT_LENGTH, axis=1)[:, _AHEAD : _AHEAD + _LENGTH], dtype=np.float32)
