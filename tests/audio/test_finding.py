"""What pair recorded a sound, told from sounds that begin at many azimuths."""

import numpy as np
import pytest

from whence.audio import find_microphones, read_microphones
from whence.units import SAMPLE_RATE_HZ as RATE


def bursts(pair, shadow_db=0.0, seed=0):
    """Ten seconds of bursts of noise in a little noise; a head's shadow takes `shadow_db` above 2.5 kHz."""
    rng = np.random.default_rng([3, seed])
    signal = rng.normal(0, 1e-3, (2, 10 * RATE))
    for start in range(RATE // 2, 9 * RATE, RATE // 3):
        azimuth = rng.uniform(-90, 90)
        spectrum = np.fft.rfft(rng.normal(0, 0.1, 4_096) * np.exp(-np.arange(4_096) / 1_500))
        frequencies = np.fft.rfftfreq(4_096, 1 / RATE)
        for channel, (gain, delay_s) in enumerate(zip(pair.gains(azimuth), pair.delays_s(azimuth), strict=True)):
            away = max(0.0, np.sin(np.radians(azimuth)) * (2 * channel - 1))
            shadow = np.where(frequencies > 2_500, 10 ** (-shadow_db * away / 20), 1)
            turned = spectrum * shadow * np.exp(-2j * np.pi * frequencies * (delay_s + 0.002))
            signal[channel, start : start + 4_096] += gain * np.fft.irfft(turned)
    return signal.astype(np.float32)


@pytest.mark.parametrize("name", ["dcase", "xy:90", "blumlein"])
def test_a_pair_at_one_point_has_no_time_differences(name):
    assert find_microphones([bursts(read_microphones(name))]).kind == "one point"


@pytest.mark.parametrize("name", ["ab:0.10", "ab:0.20", "ab:0.40", "ortf", "nos"])
def test_the_spacing_is_what_time_differences_reach(name):
    pair = read_microphones(name)
    found = find_microphones([bursts(pair)])
    assert found.kind == "spaced"
    assert found.spacing_m == pytest.approx(pair.spacing_m, rel=0.15)


def test_a_head_shadows_high_frequencies():
    assert find_microphones([bursts(read_microphones("ab:0.20"), shadow_db=20.0)]).kind == "head"


def test_one_channel_copied_is_mono_and_a_few_seconds_of_noise_tell_nothing():
    signal = bursts(read_microphones("dcase"))
    assert find_microphones([signal[[0, 0]]]).kind == "mono"
    noise = np.random.default_rng(1).normal(0, 0.1, (2, 2 * RATE)).astype(np.float32)
    assert find_microphones([noise]).kind == "unknown"
    assert find_microphones([]).kind == "unknown"


def test_blocks_of_any_length_agree():
    signal = bursts(read_microphones("ortf"))
    short = find_microphones([signal[:, start : start + RATE] for start in range(0, signal.shape[1], RATE)])
    assert short.kind == "spaced"
    assert short.spacing_m == pytest.approx(find_microphones([signal]).spacing_m, abs=0.03)


def test_what_was_told_is_compared():
    at_one_point = find_microphones([bursts(read_microphones("dcase"))])
    apart = find_microphones([bursts(read_microphones("ab:0.40"))])
    assert "no time differences" in at_one_point.contradiction(read_microphones("ab:0.20"))
    assert at_one_point.contradiction(read_microphones("xy:90")) is None
    assert "said to be dcase" in apart.contradiction(read_microphones("dcase"))
    assert apart.contradiction(read_microphones("ab:0.40")) is None
