"""Compute room responses: direct sound, image sources for the early part, a diffuse tail; and whole banks of them."""

import math
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import numpy as np
from numpy.typing import NDArray

from whence.errors import MissingExtraError, SceneError
from whence.scenes.rooms.bank import RoomBank
from whence.scenes.rooms.drawing import draw_room
from whence.scenes.rooms.room import (
    BANDS_HZ,
    DIRECT_SAMPLE,
    HANDOVER_S,
    WALLS,
    Room,
    RoomSettings,
    SourcePosition,
)
from whence.scenes.rooms.shoeboxes import Images, Shoeboxes
from whence.units import SAMPLE_RATE_HZ, SPEED_OF_SOUND_M_S

_FADE_S = 0.04
_SINC_HALF = 20
# Space for the pre-ringing of the band filters; cut away afterwards.
_AHEAD = 1024
_END_FADE = 120
_TAIL = 2
# Lengths of responses are multiples of 10 ms.
_STEP = 240
# Reflections are high-passed: an image source model of perfect walls would pile up pressure at 0 Hz.
_STOP_HZ, _PASS_HZ = 20.0, 60.0


def make_room_bank(
    seed: int,
    room_count: int,
    settings: RoomSettings | None = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> RoomBank:
    """Draw and compute rooms 0 up to `room_count`; a longer bank of the same seed begins with the same rooms.

    The bank is the same for any number of processes (`jobs`). With more than 1, a script needs
    `if __name__ == "__main__":`, as always with multiprocessing. `progress` is called with (rooms done, rooms wanted)
    after each room, in this process.

    Returns:
        the bank; its responses are as long as the longest room needs, at most settings.tap_count.

    Raises:
        SceneError: if a number is out of range, or a process was killed.
        MissingExtraError: if pyroomacoustics is not installed.
    """
    if room_count < 1 or jobs < 1:
        raise SceneError(f"rooms: {room_count} rooms by {jobs} jobs; ask for at least one of each")
    settings = settings or RoomSettings()
    rooms = [draw_room(seed, index, settings) for index in range(room_count)]
    taps = [_taps_needed(room, settings) for room in rooms]
    responses = np.zeros((room_count, settings.positions_per_room, 3, max(taps)), dtype=np.float16)
    for index, computed in enumerate(_computed(rooms, taps, jobs)):
        responses[index, :, :, : taps[index]] = computed
        if progress is not None:
            progress(index + 1, room_count)
    return RoomBank.from_positions(
        responses.reshape(-1, 3, max(taps)),
        [position for room in rooms for position in room.positions],
        room=np.repeat(np.arange(room_count), settings.positions_per_room),
        room_name=[room.name for room in rooms],
        rt60_s=[room.rt60_s for room in rooms],
        shoeboxes=Shoeboxes.of(rooms),
    )


def _taps_needed(room: Room, settings: RoomSettings) -> int:
    """Samples until the room has decayed as far as wanted."""
    decay_s = room.rt60_s * settings.decay_kept_db / 60.0
    whole = math.ceil((DIRECT_SAMPLE + decay_s * SAMPLE_RATE_HZ) / _STEP) * _STEP
    return min(whole, settings.tap_count)


def _compute(room: Room, tap_count: int) -> NDArray[np.float16]:
    """(position, 3, tap) as the bank stores it; small enough to travel between processes."""
    return simulate_room(room, tap_count).astype(np.float16)


def _computed(rooms: list[Room], taps: list[int], jobs: int) -> Iterator[NDArray[np.float16]]:
    """The rooms' responses in order, as they become ready."""
    if jobs == 1:
        yield from map(_compute, rooms, taps)
        return
    # A fresh interpreter per process: a forked one may hang on the locks of threads that PyTorch has started.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(rooms)), mp_context=context) as pool:
        try:
            yield from pool.map(_compute, rooms, taps)
        except BrokenProcessPool as error:
            raise SceneError(
                "rooms: a process was killed while it computed a room, most likely for want of memory; "
                "run again with fewer jobs"
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def simulate_room(room: Room, tap_count: int, with_height: bool = False) -> NDArray[np.float32]:
    """Compute the first-order responses from every source position to the listener.

    The direct sound has W = 1/distance, Y = W sin(azimuth) cos(elevation), X = W cos(azimuth) cos(elevation).
    Image sources have the same gains for their own directions, and the losses of the walls they met, octave by octave.
    Around 60 ms they are cross-faded, at equal power, into Gaussian noise with the level and decay that the images of
    this room have on average: W, Y and X are independent there, and a figure-of-eight has a third of W's energy.

    Args:
        room: the drawn room.
        tap_count: length of the responses in samples at 24 kHz; the last 5 ms fade out.
        with_height: whether to add Z; the order is then W, Y, Z, X.

    Returns:
        (position, 3 or 4, tap) float32; the direct sound is at DIRECT_SAMPLE.

    Raises:
        MissingExtraError: if pyroomacoustics is not installed.
    """
    channels = [1, 2, 0] if with_height else [1, 0]
    last_image_s = HANDOVER_S + _FADE_S / 2
    responses = np.zeros((len(room.positions), 1 + len(channels), tap_count), dtype=np.float32)
    for number, (position, images) in enumerate(zip(room.positions, image_sources(room, last_image_s), strict=True)):
        # Time of each sample since the sound was made: the response leaves out the travel time of the direct sound.
        time_s = (np.arange(tap_count) - DIRECT_SAMPLE) / SAMPLE_RATE_HZ + position.distance_m / SPEED_OF_SOUND_M_S
        rise = ((time_s - HANDOVER_S) / _FADE_S + 0.5).clip(0.0, 1.0) * np.pi / 2
        response = _early(images, position, channels, tap_count) * np.cos(rise)
        rng = np.random.default_rng([*room.seed, _TAIL, number])
        response += _tail(room, time_s, rng, 1 + len(channels)) * np.sin(rise)
        response[:, -_END_FADE:] *= np.cos(np.linspace(0, np.pi / 2, _END_FADE)) ** 2
        # The band filters have no delay, so their pre-ringing could arrive ahead of the direct sound.
        response[:, :DIRECT_SAMPLE] = 0.0
        response[:, DIRECT_SAMPLE] += _gains(np.array([position.offset_m()]), channels)[0]
        responses[number] = response
    return responses


def image_sources(room: Room, until_s: float) -> list[Images]:
    """Mirror every source position in the six walls, complete up to arrivals `until_s` after the sound was made.

    Raises:
        MissingExtraError: if pyroomacoustics is not installed.

    Source: Allen and Berkley, "Image method for efficiently simulating small-room acoustics", 1979.
    """
    try:
        import pyroomacoustics
    except ImportError as error:
        raise MissingExtraError("Computing rooms", "scenes") from error

    # The library's x axis runs west to east, its y axis south to north.
    theirs = dict(zip(WALLS, ("west", "east", "south", "north", "floor", "ceiling"), strict=True))
    materials = {
        theirs[wall]: pyroomacoustics.Material({"coeffs": list(shares), "center_freqs": list(BANDS_HZ)})
        for wall, shares in zip(WALLS, room.absorption, strict=True)
    }
    reach_m = until_s * SPEED_OF_SOUND_M_S
    # n mirrorings along a side of length l carry an image at least (n - 1) * l away; by Cauchy and Schwarz all
    # images within reach have no more than this many mirrorings over the three axes.
    order = math.ceil(reach_m * math.sqrt(sum(1 / side**2 for side in room.dimensions_m))) + 3
    box = pyroomacoustics.ShoeBox(
        room.dimensions_m, fs=SAMPLE_RATE_HZ, materials=materials, max_order=order, air_absorption=False
    )
    for position in room.positions:
        box.add_source(room.coordinates_of(position))
    box.add_microphone(room.listener_m)
    box.image_source_model()
    return [_within(source, np.array(room.listener_m), reach_m) for source in box.sources]


def _within(source: object, listener_m: NDArray[np.float64], reach_m: float) -> Images:
    """The images within reach, nearest first: the library promises no order."""
    offsets = np.asarray(source.images, dtype=np.float64).T - listener_m  # type: ignore[attr-defined]
    distance = np.linalg.norm(offsets, axis=1)
    order = np.asarray(source.orders)  # type: ignore[attr-defined]
    kept = np.flatnonzero((order > 0) & (distance <= reach_m))
    kept = kept[np.argsort(distance[kept], kind="stable")]
    amplitude = np.asarray(source.damping, dtype=np.float64).T  # type: ignore[attr-defined]
    return Images(offsets[kept], amplitude[kept])


def _gains(offset_m: NDArray[np.float64], channels: list[int]) -> NDArray[np.float64]:
    """(image, 1 + channel) amplitude of W and of figures-of-eight along the axes for sources at these offsets."""
    distance = np.linalg.norm(offset_m, axis=1, keepdims=True)
    return np.concatenate([1 / distance, offset_m[:, channels] / distance**2], axis=1)


def _early(images: Images, position: SourcePosition, channels: list[int], tap_count: int) -> NDArray[np.float64]:
    """(channel, tap) all images, each a band-limited pulse at its exact arrival time between samples."""
    from scipy.sparse import csr_array

    late_m = np.linalg.norm(images.offset_m, axis=1) - position.distance_m
    arrival = late_m / SPEED_OF_SOUND_M_S * SAMPLE_RATE_HZ + DIRECT_SAMPLE + _AHEAD
    sample = np.floor(arrival).astype(np.int64)[:, None] + np.arange(1 - _SINC_HALF, _SINC_HALF + 1)
    away = sample - arrival[:, None]
    pulses = np.sinc(away) * np.cos(away * (np.pi / 2 / _SINC_HALF)) ** 2

    fft_length = 1 << int(sample.max(initial=0) + _AHEAD).bit_length()
    image = np.broadcast_to(np.arange(len(arrival))[:, None], sample.shape)
    spread = csr_array((pulses.ravel(), (sample.ravel(), image.ravel())), shape=(fft_length, len(arrival)))
    strength = images.amplitude[:, :, None] * _gains(images.offset_m, channels)[:, None, :]
    trains = (spread @ strength.reshape(len(arrival), -1)).reshape(fft_length, *strength.shape[1:])

    masks = octave_masks(fft_length) * high_pass_mask(fft_length)
    spectrum = (np.fft.rfft(trains, axis=0) * masks.T[:, :, None]).sum(axis=1)
    early = np.zeros((strength.shape[2], tap_count))
    wave = np.fft.irfft(spectrum, fft_length, axis=0).T[:, _AHEAD : _AHEAD + tap_count]
    early[:, : wave.shape[1]] = wave
    return early


def _tail(room: Room, time_s: NDArray[np.float64], rng: np.random.Generator, channel_count: int) -> NDArray[np.float64]:
    """(channel, tap) noise with the energy that reflections bring on average at each time since the sound was made.

    In a room of volume V, images within a shell of radius r = c t number 4 pi r^2 dr / V and bring 1/r^2 each:
    4 pi c / V per second, times what is left after the walls.
    """
    from scipy.fft import next_fast_len

    fft_length = next_fast_len(len(time_s) + _AHEAD, real=True)
    spectrum = np.fft.rfft(rng.standard_normal((channel_count, fft_length)), axis=1)
    spectrum[1:] /= np.sqrt(3.0)
    spectrum *= high_pass_mask(fft_length) * np.sqrt(4 * np.pi * SPEED_OF_SOUND_M_S / room.volume_m3 / SAMPLE_RATE_HZ)
    tail = np.zeros((channel_count, len(time_s)))
    for mask, rt60_s in zip(octave_masks(fft_length), room.band_rt60_s, strict=True):
        octave = np.fft.irfft(spectrum * mask, fft_length, axis=1)[:, : len(time_s)]
        tail += octave * 10.0 ** (-3.0 * time_s / rt60_s)
    return tail


def octave_masks(fft_length: int) -> NDArray[np.float64]:
    """Weight each frequency by how near it is to each octave's centre.

    Multiplying a spectrum by the masks and summing with one gain per octave interpolates the gains over the
    logarithm of frequency (raised cosines), without delay. Below 125 Hz and above 8 kHz the outer gains hold.

    Returns:
        (band, fft_length // 2 + 1), columns sum to 1.

    >>> bool(np.allclose(octave_masks(512).sum(axis=0), 1.0))
    True
    """
    frequency_hz = np.fft.rfftfreq(fft_length, 1 / SAMPLE_RATE_HZ)
    octave = np.log2(np.maximum(frequency_hz, BANDS_HZ[0]) / BANDS_HZ[0]).clip(max=len(BANDS_HZ) - 1)
    away = np.abs(octave - np.arange(len(BANDS_HZ))[:, None])
    return np.asarray(np.where(away < 1.0, np.cos(np.minimum(away, 1.0) * np.pi / 2) ** 2, 0.0))


def high_pass_mask(fft_length: int) -> NDArray[np.float64]:
    """(fft_length // 2 + 1,) 0 below 20 Hz, rising to 1 at 60 Hz."""
    frequency_hz = np.fft.rfftfreq(fft_length, 1 / SAMPLE_RATE_HZ)
    rise = ((frequency_hz - _STOP_HZ) / (_PASS_HZ - _STOP_HZ)).clip(0.0, 1.0)
    return np.asarray(np.sin(rise * np.pi / 2) ** 2)
