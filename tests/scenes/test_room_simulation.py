import numpy as np
import pyroomacoustics
import pytest
from room_examples import PLACES, brute_force_images, plain_room

from whence.scenes.rooms.acoustics import direct_to_reverberant_db, energy_decay_curve, rt60_of
from whence.scenes.rooms.drawing import draw_room
from whence.scenes.rooms.room import BANDS_HZ, Place
from whence.scenes.rooms.settings import RoomSettings
from whence.scenes.rooms.simulation import DIRECT_SAMPLE, simulate_room


def early_by_spectrum(room, images, place, tap_count):
    """(4, tap) W, Y, Z, X of all images as exact delays, one complex exponential each, in float64."""
    length = 8192
    frequency_hz = np.fft.rfftfreq(length, 1 / 24_000)
    octave = np.log2(np.clip(frequency_hz, 125, 8000) / 125)
    rumble = np.sin(np.clip((frequency_hz - 20) / 40, 0, 1) * np.pi / 2) ** 2
    spectrum = np.zeros((4, len(frequency_hz)), complex)
    for offset, per_band in images:
        distance = np.linalg.norm(offset)
        below = np.minimum(octave.astype(int), 5)
        mix = np.sin((octave - below) * np.pi / 2) ** 2
        gain = np.array(per_band)[below] * (1 - mix) + np.array(per_band)[below + 1] * mix
        late_s = (distance - place.distance_m) / 343.0 + (DIRECT_SAMPLE + 2000) / 24_000
        pulse = gain * rumble * np.exp(-2j * np.pi * frequency_hz * late_s) / distance
        x, y, z = offset / distance
        spectrum += np.array([1.0, y, z, x])[:, None] * pulse
    return np.fft.irfft(spectrum, length)[:, 2000 : 2000 + tap_count]


def their_response(room, place, order):
    """(3, tap) W, Y, X by the library's own directional microphones, and where its direct sound stands."""
    patterns = [pyroomacoustics.directivities.Omnidirectional()]
    for azimuth in (90, 0):
        ahead = pyroomacoustics.directivities.DirectionVector(azimuth=azimuth, colatitude=90, degrees=True)
        patterns.append(pyroomacoustics.directivities.FigureEight(ahead))
    walls = dict(zip(("west", "east", "south", "north", "floor", "ceiling"), room.absorption, strict=True))
    materials = {
        name: pyroomacoustics.Material({"coeffs": list(shares), "center_freqs": list(BANDS_HZ)})
        for name, shares in walls.items()
    }
    box = pyroomacoustics.ShoeBox(room.dimensions_m, fs=24_000, materials=materials, max_order=order)
    box.add_source(room.position_of(place))
    box.add_microphone_array(
        pyroomacoustics.MicrophoneArray(np.tile(np.array(room.listener_m)[:, None], 3), 24_000, patterns)
    )
    box.compute_rir()
    length = min(len(box.rir[channel][0]) for channel in range(3))
    # Half of its pulse between samples comes first.
    delay = place.distance_m / 343 * 24_000 + pyroomacoustics.constants.get("frac_delay_length") // 2
    return np.array([box.rir[channel][0][:length] for channel in range(3)]), delay


def test_the_early_part_equals_the_librarys_own_microphones():
    room = plain_room()
    place = room.places[0]
    theirs, delay = their_response(room, place, order=12)
    ours = simulate_room(room, 2400)[0]
    frequency_hz = np.fft.rfftfreq(8192, 1 / 24_000)
    # Their high-pass at the bottom and their octave filters at the top are other ones than ours.
    kept = (frequency_hz > 150) & (frequency_hz < 7000)
    turned = [
        np.fft.irfft(np.fft.rfft(wave, 8192) * kept * np.exp(2j * np.pi * frequency_hz * (lead - 1000) / 24_000), 8192)
        for wave, lead in ((theirs, delay), (ours, DIRECT_SAMPLE))
    ]
    end = 1000 + int((0.04 - place.distance_m / 343) * 24_000)
    for them, us in zip(*(wave[:, 1000:end] for wave in turned), strict=True):
        assert ((us - them) ** 2).sum() < 10**-3 * (them**2).sum()


def low_passed(wave, highest_hz=8500):
    """Below the edge where a short pulse between samples differs from the exact one."""
    spectrum = np.fft.rfft(wave, 4096)
    spectrum[..., np.fft.rfftfreq(4096, 1 / 24_000) > highest_hz] = 0
    return np.fft.irfft(spectrum, 4096)


def test_the_early_part_equals_exact_delays_of_all_images():
    room = plain_room()
    ours = simulate_room(room, 2400, with_height=True)
    bands = [brute_force_images(room, 0.08, band) for band in range(7)]
    for number, place in enumerate(PLACES):
        images = [
            (offset, [bands[b][number][i][1] for b in range(7)]) for i, (offset, _) in enumerate(bands[0][number])
        ]
        slow = early_by_spectrum(room, images, place, 2400)
        # Before the hand-over begins, and after the direct sound.
        end = DIRECT_SAMPLE + int((0.04 - place.distance_m / 343) * 24_000) - 20
        part = slice(DIRECT_SAMPLE + 1, end)
        difference = low_passed((ours[number] - slow)[:, part])
        assert np.abs(difference).max() < 0.01 * np.abs(slow[:, part]).max()


def test_the_direct_sound_is_one_exact_pulse():
    room = draw_room(5, 0, RoomSettings(places_per_room=12))
    for place, (w, y, z, x) in zip(room.places, simulate_room(room, 2400, with_height=True), strict=True):
        azimuth, elevation = np.radians(place.azimuth_deg), np.radians(place.elevation_deg)
        # Half a sample's ringing of near reflections may lie on top.
        assert w[DIRECT_SAMPLE] == pytest.approx(1 / place.distance_m, abs=0.02)
        assert y[DIRECT_SAMPLE] == pytest.approx(np.sin(azimuth) * np.cos(elevation) / place.distance_m, abs=0.02)
        assert x[DIRECT_SAMPLE] == pytest.approx(np.cos(azimuth) * np.cos(elevation) / place.distance_m, abs=0.02)
        assert z[DIRECT_SAMPLE] == pytest.approx(np.sin(elevation) / place.distance_m, abs=0.02)
        assert not w[:DIRECT_SAMPLE].any()


def test_without_walls_nothing_but_the_direct_sound_is_there():
    place = Place(40.0, -10.0, 2.0)
    # Walls that let all sound out, and a tail of next to no duration.
    response = simulate_room(plain_room(1 - 1e-12, places=(place,), rt60_s=0.005), 2400)[0]
    gains = [1.0, np.sin(np.radians(40)) * np.cos(np.radians(10)), np.cos(np.radians(40)) * np.cos(np.radians(10))]
    assert response[:, DIRECT_SAMPLE] == pytest.approx(np.array(gains) / 2, abs=1e-6)
    response[:, DIRECT_SAMPLE] = 0
    assert np.abs(response).max() < 1e-6


def test_a_source_at_the_left_wall_echoes_from_the_left():
    room = plain_room(places=(Place(90.0, 0.0, 1.4),))
    w, y, _ = simulate_room(room, 2400)[0]
    # The image in the left wall at y = 4.5 stands 2.4 m away, the source 1.4 m.
    echo = DIRECT_SAMPLE + round((2 * (4.0 - 2.1) - 1.4 - 1.4) / 343 * 24_000)
    near = slice(echo - 3, echo + 4)
    peak = near.start + int(np.argmax(np.abs(w[near])))
    assert w[peak] > 0.15
    assert y[peak] == pytest.approx(w[peak], rel=0.05)


def test_mirroring_the_room_mirrors_the_response():
    left = plain_room(0.2, places=(Place(35.0, -15.0, 1.7),))
    width = left.dimensions_m[1]
    right = plain_room(0.2, places=(Place(-35.0, -15.0, 1.7),))
    x, y, z = left.listener_m
    right = type(right)(**{**vars(right), "listener_m": (x, width - y, z)})
    # Until the hand-over all is geometry; the tails are drawn, W and Y independently.
    a, b = simulate_room(left, 2400)[0][:, :850], simulate_room(right, 2400)[0][:, :850]
    assert a[0] == pytest.approx(b[0], abs=2e-4)
    assert a[1] == pytest.approx(-b[1], abs=2e-4)
    assert a[2] == pytest.approx(b[2], abs=2e-4)


def measured_times(seed, rooms, places):
    """(room, place) measured over asked reverberation time."""
    chosen = RoomSettings(places_per_room=places)
    drawn = [draw_room(seed, index, chosen) for index in range(rooms)]
    return np.array([[rt60_of(w) / room.rt60_s for w in simulate_room(room, 19_200)[:, 0]] for room in drawn])


def check_times(ratios):
    assert np.abs(ratios.mean(axis=1) - 1).max() < 0.15
    assert abs(ratios.mean() - 1) < 0.03
    assert (np.abs(ratios - 1) < 0.15).mean() > 0.95


def test_reverberation_times_are_what_was_asked():
    check_times(measured_times(21, rooms=12, places=6))


@pytest.mark.nightly
def test_reverberation_times_are_what_was_asked_in_many_rooms():
    check_times(measured_times(22, rooms=100, places=40))


def test_treble_dies_before_bass():
    room = draw_room(8, 1, RoomSettings(places_per_room=4, rt60_s=(0.6, 0.6), treble_ratio=(0.5, 0.5)))
    responses = simulate_room(room, 19_200)[:, 0]
    for band, edges in ((2, (353, 707)), (5, (2828, 5657)), (6, (6500, 11_000))):
        measured = np.mean([rt60_of(w, band_hz=edges) for w in responses])
        assert measured == pytest.approx(room.band_rt60_s[band], rel=0.15)


def test_the_hand_over_leaves_no_step_in_the_decay():
    ratios = []
    for index in range(12):
        room = draw_room(31, index, RoomSettings(places_per_room=6, bass_ratio=(1, 1), treble_ratio=(1, 1)))
        for place, (w, *_) in zip(room.places, simulate_room(room, 9600), strict=True):
            time_s = (np.arange(9600) - DIRECT_SAMPLE) / 24_000 + place.distance_m / 343
            expected = 4 * np.pi * 343 / room.volume_m3 / 24_000 * 10 ** (-6 * time_s / room.rt60_s)
            parts = [(time_s >= start) & (time_s < start + 0.01) for start in np.arange(0.02, 0.12, 0.01)]
            ratios.append([(w[part].astype(float) ** 2).sum() / expected[part].sum() for part in parts])
    level_db = 10 * np.log10(np.mean(ratios, axis=0))
    assert np.abs(level_db).max() < 0.8


def test_the_tail_is_a_diffuse_field():
    room = plain_room(0.15, rt60_s=0.6)
    tails = simulate_room(room, 14_400, with_height=True)[:, :, 2400:9600].astype(float)
    energy = (tails**2).sum(axis=-1)
    assert energy[:, 1:] / energy[:, :1] == pytest.approx(np.full((3, 3), 1 / 3), rel=0.12)
    for tail in tails:
        assert np.abs(np.corrcoef(tail) - np.eye(4)).max() < 0.06
    # Other places hear other tails.
    assert abs(np.corrcoef(tails[0, 0], tails[1, 0])[0, 1]) < 0.06


def test_direct_to_reverberant_ratio_falls_with_distance_and_crosses_zero_near_the_critical_distance():
    distances = (0.4, 0.8, 1.6, 3.2)
    places = tuple(Place(azimuth, 0.0, d) for d in distances for azimuth in (-20.0, 10.0))
    room = draw_room(1, 0, RoomSettings(depth_m=(9, 9), width_m=(7, 7), rt60_s=(0.5, 0.5), places_per_room=1))
    room = type(room)(**{**vars(room), "places": places, "listener_m": (3.0, 3.5, 1.5)})
    ratios = [direct_to_reverberant_db(w, DIRECT_SAMPLE) for w in simulate_room(room, 12_000)[:, 0]]
    by_distance = np.reshape(ratios, (4, 2)).mean(axis=1)
    assert (np.diff(by_distance) < -3).all()
    critical_m = 0.057 * np.sqrt(room.volume_m3 / 0.5)
    crossing_m = np.exp(np.interp(0, by_distance[::-1], np.log(distances)[::-1]))
    # The formula counts reverberation from the first moment on, so the true crossing lies a little farther.
    assert 0.9 * critical_m < crossing_m < 1.8 * critical_m


def test_the_same_room_gives_the_same_bits_and_ends_in_silence():
    room = plain_room()
    once = simulate_room(room, 4800)
    assert once.dtype == np.float32
    assert once.shape == (3, 3, 4800)
    assert np.array_equal(once, simulate_room(room, 4800))
    assert np.abs(once[..., -1]).max() < 1e-9
    assert energy_decay_curve(once[0, 0])[-60] < -20


def test_height_is_an_extra_channel_and_changes_nothing_early():
    room = plain_room()
    flat, high = simulate_room(room, 2400), simulate_room(room, 2400, with_height=True)
    # With a channel more, a product of matrices may sum in another order.
    np.testing.assert_allclose(flat[..., :600], high[:, [0, 1, 3], :600], rtol=1e-5, atol=1e-7)
