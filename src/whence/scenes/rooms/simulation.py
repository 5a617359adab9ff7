"""A drawn room becomes its responses: direct sound, mirror images for the early part, a diffuse tail for the rest."""

import numpy as np
from numpy.typing import NDArray

from whence.scenes.rooms.absorption import HANDOVER_S
from whence.scenes.rooms.bands import octave_masks, rumble_mask
from whence.scenes.rooms.images import Images, reflections
from whence.scenes.rooms.room import SPEED_OF_SOUND_M_S, Place, Room
from whence.units import SAMPLE_RATE_HZ

# The direct sound stands here in every simulated response, on a whole sample: it is one exact pulse.
DIRECT_SAMPLE = 32
_FADE_S = 0.04
_SINC_HALF = 20
# Room for what the band filters ring ahead of a reflection; cut away afterwards.
_AHEAD = 1024
_END_FADE = 120
_TAIL = 2


def simulate_room(room: Room, tap_count: int, with_height: bool = False) -> NDArray[np.float32]:
    """Compute what first-order microphones at the listener's place hear of a pulse from every place.

    The direct sound has W = 1/distance, Y = W sin(azimuth) cos(elevation), X = W cos(azimuth) cos(elevation).
    Images carry the same gains for their own directions and the losses of the walls they met, octave by octave.
    Around 60 ms they give way, at equal power, to Gaussian noise with the level and decay that the images of this
    room have on average: W, Y and X are independent there, and a figure-of-eight holds a third of W's energy.

    Args:
        room: the drawn room.
        tap_count: length of the responses in samples at 24 kHz; the last 5 ms fade out.
        with_height: whether to add Z; the order is then W, Y, Z, X.

    Returns:
        (place, 3 or 4, tap) float32; the direct sound stands at DIRECT_SAMPLE.

    Raises:
        MissingExtraError: if pyroomacoustics is not installed.
    """
    channels = [1, 2, 0] if with_height else [1, 0]
    last_image_s = HANDOVER_S + _FADE_S / 2
    responses = np.zeros((len(room.places), 1 + len(channels), tap_count), dtype=np.float32)
    for number, (place, images) in enumerate(zip(room.places, reflections(room, last_image_s), strict=True)):
        # Time of each sample since the sound was made: the travel of the direct sound is cut off the response.
        time_s = (np.arange(tap_count) - DIRECT_SAMPLE) / SAMPLE_RATE_HZ + place.distance_m / SPEED_OF_SOUND_M_S
        rise = ((time_s - HANDOVER_S) / _FADE_S + 0.5).clip(0.0, 1.0) * np.pi / 2
        response = _early(images, place, channels, tap_count) * np.cos(rise)
        rng = np.random.default_rng([*room.seed, _TAIL, number])
        response += _tail(room, time_s, rng, 1 + len(channels)) * np.sin(rise)
        response[:, -_END_FADE:] *= np.cos(np.linspace(0, np.pi / 2, _END_FADE)) ** 2
        # The band filters have no delay, so what they ring ahead of the first reflection could outrun the sound itself.
        response[:, :DIRECT_SAMPLE] = 0.0
        response[:, DIRECT_SAMPLE] += _gains(np.array([place.offset_m()]), channels)[0]
        responses[number] = response
    return responses


def _gains(offset_m: NDArray[np.float64], channels: list[int]) -> NDArray[np.float64]:
    """(image, 1 + channel) amplitude of W and of figures-of-eight along the axes for sources at these offsets."""
    distance = np.linalg.norm(offset_m, axis=1, keepdims=True)
    return np.concatenate([1 / distance, offset_m[:, channels] / distance**2], axis=1)


def _early(images: Images, place: Place, channels: list[int], tap_count: int) -> NDArray[np.float64]:
    """(channel, tap) all images, each a band-limited pulse between the samples where it arrives."""
    from scipy.sparse import csr_array

    late_m = np.linalg.norm(images.offset_m, axis=1) - place.distance_m
    arrival = late_m / SPEED_OF_SOUND_M_S * SAMPLE_RATE_HZ + DIRECT_SAMPLE + _AHEAD
    sample = np.floor(arrival).astype(np.int64)[:, None] + np.arange(1 - _SINC_HALF, _SINC_HALF + 1)
    away = sample - arrival[:, None]
    pulses = np.sinc(away) * np.cos(away * (np.pi / 2 / _SINC_HALF)) ** 2

    fft_length = 1 << int(sample.max(initial=0) + _AHEAD).bit_length()
    image = np.broadcast_to(np.arange(len(arrival))[:, None], sample.shape)
    spread = csr_array((pulses.ravel(), (sample.ravel(), image.ravel())), shape=(fft_length, len(arrival)))
    strength = images.amplitude[:, :, None] * _gains(images.offset_m, channels)[:, None, :]
    trains = (spread @ strength.reshape(len(arrival), -1)).reshape(fft_length, *strength.shape[1:])

    masks = octave_masks(fft_length) * rumble_mask(fft_length)
    spectrum = (np.fft.rfft(trains, axis=0) * masks.T[:, :, None]).sum(axis=1)
    early = np.zeros((strength.shape[2], tap_count))
    wave = np.fft.irfft(spectrum, fft_length, axis=0).T[:, _AHEAD : _AHEAD + tap_count]
    early[:, : wave.shape[1]] = wave
    return early


def _tail(room: Room, time_s: NDArray[np.float64], rng: np.random.Generator, channel_count: int) -> NDArray[np.float64]:
    """(channel, tap) noise with the energy that reflections bring on average at each time since the sound was made.

    In a room of volume V, images within a shell of radius r = c t number 4 pi r^2 dr / V and bring 1/r^2 each:
    4 pi c / V per second, times what the walls have left over.
    """
    from scipy.fft import next_fast_len

    fft_length = next_fast_len(len(time_s) + _AHEAD, real=True)
    spectrum = np.fft.rfft(rng.standard_normal((channel_count, fft_length)), axis=1)
    spectrum[1:] /= np.sqrt(3.0)
    spectrum *= rumble_mask(fft_length) * np.sqrt(4 * np.pi * SPEED_OF_SOUND_M_S / room.volume_m3 / SAMPLE_RATE_HZ)
    tail = np.zeros((channel_count, len(time_s)))
    for mask, rt60_s in zip(octave_masks(fft_length), room.band_rt60_s, strict=True):
        octave = np.fft.irfft(spectrum * mask, fft_length, axis=1)[:, : len(time_s)]
        tail += octave * 10.0 ** (-3.0 * time_s / rt60_s)
    return tail
