import numpy as np
import pytest
import soxr
from hypothesis import given, settings, strategies as st
from room_examples import plain_room, plane_wave

from whence.errors import SceneError
from whence.scenes.rooms.foa import LAYOUTS, as_wyzx, find_direct_sound, tail_balance_db
from whence.scenes.rooms.simulation import DIRECT_SAMPLE, simulate_room


def encoded(wyzx, layout):
    """W, Y, Z, X written down in another layout, case by case."""
    w, y, z, x = wyzx
    third = np.sqrt(3)
    return {
        "ambix": np.stack([w, y, z, x]),
        "n3d": np.stack([w, y * third, z * third, x * third]),
        "fuma": np.stack([w / np.sqrt(2), x, y, z]),
        "wxyz": np.stack([w, x, y, z]),
    }[layout]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_channels(layout):
    wave = np.random.default_rng([2, 2, 2]).standard_normal((4, 50))
    assert as_wyzx(encoded(wave, layout), 24_000, layout, "x") == pytest.approx(wave)


@pytest.mark.parametrize("layout", ["ambix", "n3d"])
def test_higher_orders_are_left_out(layout):
    wave = np.random.default_rng([2, 2, 3]).standard_normal((16, 50))
    wave[:4] = encoded(wave[:4], layout)
    assert np.array_equal(as_wyzx(wave, 24_000, layout, "x"), as_wyzx(wave[:4], 24_000, layout, "x"))


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000, 96_000])
def test_other_rates_are_resampled(rate):
    time_s = np.arange(rate) / rate
    tone = np.sin(2 * np.pi * 1000 * time_s) * np.hanning(rate)
    ours = as_wyzx(np.stack([tone] * 4), rate, "ambix", "x")
    there = np.arange(24_000) / 24_000
    expected = np.sin(2 * np.pi * 1000 * there) * np.interp(there, time_s, np.hanning(rate))
    assert ours.shape == (4, 24_000)
    assert np.abs(ours - expected).max() < 1e-3


@pytest.mark.parametrize(
    ("shape", "rate", "layout", "message"),
    [
        ((4, 9), 24_000, "amb", "x: no layout 'amb'; there are: ambix, n3d, fuma, wxyz"),
        ((3, 9), 24_000, "ambix", "x: 3 channels in layout 'ambix'; a first-order response has 4"),
        ((1, 9), 24_000, "ambix", "1 channels"),
        ((9, 9), 24_000, "fuma", "9 channels"),
        ((4, 9), 0, "ambix", "sample rate 0 Hz"),
        ((4, 9), float("nan"), "ambix", "sample rate nan Hz"),
        ((4, 9), 10_000_000, "ambix", "sample rate 1e"),
    ],
)
def test_impossible_channels_are_refused(shape, rate, layout, message):
    with pytest.raises(SceneError, match=message):
        as_wyzx(np.zeros(shape), rate, layout, "x")


@pytest.mark.parametrize("sample", [np.nan, np.inf, -1e200])
def test_samples_that_are_not_numbers_are_refused(sample):
    wave = np.zeros((4, 9))
    wave[2, 3] = sample
    with pytest.raises(SceneError, match="x: holds samples that are not numbers"):
        as_wyzx(wave, 24_000, "ambix", "x")


@given(st.floats(-180, 179), st.floats(-80, 80), st.sampled_from([24_000, 44_100, 48_000]))
@settings(max_examples=25, deadline=None)
def test_the_direction_of_a_plane_wave_is_found(azimuth, elevation, rate):
    direct = find_direct_sound(as_wyzx(plane_wave(azimuth, elevation, rate), rate, "ambix", "x"), "x")
    a, e = np.radians(azimuth), np.radians(elevation)
    expected = np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])
    assert np.dot(direct.direction, expected) > np.cos(np.radians(2))
    assert direct.sample == pytest.approx(240, abs=1)
    assert direct.gain == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("rate", [24_000, 48_000, 96_000])
def test_the_amplitude_is_that_of_a_pulse_at_24_khz(rate):
    wave = plane_wave(20, 0, rate, late=0.0)
    # A pulse of one sample at a higher rate is a smaller pulse after resampling: the same area under the curve.
    resampled = as_wyzx(wave, rate, "ambix", "x")
    assert find_direct_sound(resampled, "x").amplitude == pytest.approx(24_000 / rate, rel=0.05)


def test_a_loudspeaker_may_be_wired_the_wrong_way_round():
    wave = as_wyzx(plane_wave(-50, 10), 24_000, "ambix", "x")
    straight, crossed = find_direct_sound(wave, "x"), find_direct_sound(-wave, "x")
    assert crossed == straight


def test_a_louder_reflection_is_not_taken_for_the_direct_sound():
    wave = plane_wave(60, 0, late=0.0)
    wave[:, 400] += 2.0 * np.array([1.0, -1.0, 0.0, 0.0])
    direct = find_direct_sound(wave, "x")
    assert direct.sample == 240
    assert direct.direction[1] > 0.8


def test_simulated_responses_point_back_to_their_places():
    room = plain_room()
    for place, wave in zip(room.places, simulate_room(room, 9600, with_height=True), strict=True):
        direct = find_direct_sound(wave.astype(float), "x")
        assert direct.sample == DIRECT_SAMPLE
        assert direct.amplitude == pytest.approx(1 / place.distance_m, rel=0.2)
        towards = np.array(place.offset_m()) / place.distance_m
        assert np.dot(direct.direction, towards) > np.cos(np.radians(8))
        assert max(map(abs, tail_balance_db(wave.astype(float), direct.sample))) < 3


def test_silence_and_capsules_are_refused():
    with pytest.raises(SceneError, match="x: the first channel is silent"):
        find_direct_sound(np.zeros((4, 1000)), "x")
    # Four channels that have nothing to do with each other.
    noise = np.random.default_rng([9, 9, 9]).standard_normal((4, 1000))
    noise[0] = np.roll(noise[1], 40)
    with pytest.raises(SceneError, match="x: the channels do not agree"):
        find_direct_sound(noise, "x")


def test_the_balance_of_a_diffuse_tail_is_even_and_a_hot_channel_shows():
    wave = plane_wave(10, 0, late=0.2, seconds=1.0, rt60_s=0.6)
    assert tail_balance_db(wave, 240) == pytest.approx((0, 0), abs=1.0)
    wave[1] *= 2
    y_db, x_db = tail_balance_db(wave, 240)
    assert y_db == pytest.approx(6, abs=1.0)
    assert x_db == pytest.approx(0, abs=1.0)
    assert tail_balance_db(plane_wave(10, 0, late=0.0), 240) is None


def test_resampling_keeps_the_channels_in_step():
    wave = as_wyzx(plane_wave(45, 0, 48_000, late=0.0), 48_000, "ambix", "x")
    alone = soxr.resample(plane_wave(45, 0, 48_000, late=0.0)[1], 48_000, 24_000, quality="VHQ")
    assert wave[1] == pytest.approx(alone, abs=1e-9)
    assert wave[1] == pytest.approx(wave[3], abs=1e-9)
