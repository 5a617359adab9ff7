"""Speech and laughter: the vocal tract as a filter, the glottis as a source, pitch ranges, syllable and laugh rates."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sound_measures import envelope, flatness_db, pitch_hz, share_between, some_of, strongest_rate_hz

from whence.synth.laughs import bout
from whence.synth.speech import VOWELS, smoothed
from whence.synth.voice import (
    STEP_S,
    Controls,
    Speaker,
    filtered_over_time,
    glottal_pulses,
    pulse_period,
    tract_response,
    voiced,
)

EVEN = Speaker(tract=1.0, open_quotient=0.6, tilt_db=-3, breath=0.0, jitter=0.0, shimmer=0.0)


def held(vowel="a", steps=120, pitch=120.0, voicing=1.0, breath=0.0, hiss=0.0, hiss_hz=5000.0):
    """Controls that do not move."""
    flat = np.ones(steps)
    return Controls(
        pitch_hz=pitch * flat,
        voicing=voicing * flat,
        breath=breath * flat,
        hiss=hiss * flat,
        hiss_hz=hiss_hz * flat,
        hiss_octaves=0.4 * flat,
        formant_hz=np.append(VOWELS[vowel], 3500.0) * np.ones((steps, 1)),
        width_hz=np.array([60.0, 80, 120, 180]) * np.ones((steps, 1)),
    )


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(3, 30))
def test_a_filter_that_does_not_change_is_a_convolution(seed, steps):
    rng = np.random.default_rng(seed)
    source = rng.normal(size=steps * round(STEP_S * 24_000))
    impulse = rng.normal(size=200) * np.exp(-np.arange(200) / 40)
    response = np.tile(np.fft.rfft(impulse, 1024), (steps, 1))
    slow = np.convolve(source, impulse)[: len(source)]
    np.testing.assert_allclose(filtered_over_time(source, response), slow, atol=1e-9)


@pytest.mark.parametrize("vowel", ["i", "a", "u", "E"])
@pytest.mark.parametrize("tract", [0.9, 1.0, 1.2])
def test_the_tract_resonates_at_its_formants(vowel, tract):
    speaker = Speaker(tract, 0.6, -3, 0.0, 0.0, 0.0)
    gain = np.abs(tract_response(speaker, held(vowel, steps=1))[0])
    peaks = np.flatnonzero((gain[1:-1] > gain[:-2]) & (gain[1:-1] > gain[2:])) + 1
    peaks_hz = peaks * 24_000 / 1024
    for formant_hz in VOWELS[vowel][:2]:
        assert np.abs(peaks_hz - formant_hz * tract).min() < 60
    assert gain[0] == pytest.approx(1, abs=1e-6)


@given(st.floats(0.4, 0.85))
@settings(deadline=None)
def test_a_glottal_pulse_opens_slowly_and_closes_at_once(open_quotient):
    period = pulse_period(open_quotient)
    closure = period.argmin()
    assert closure / len(period) == pytest.approx(open_quotient, abs=0.01)
    # Flow is the integral of its derivative: it comes back, and never turns inward by much.
    flow = np.cumsum(period - period[0])
    assert period.max() < 1
    assert abs(period.mean()) < 1e-9
    assert flow.argmax() < closure


def test_pulses_have_the_pitch_and_no_aliasing():
    turns = np.arange(24_000) * 150.0 / 24_000
    wave = glottal_pulses(np.random.default_rng(0), EVEN, turns, 150.0)
    assert pitch_hz(wave) == pytest.approx(150, rel=0.01)
    spectrum = np.abs(np.fft.rfft(wave)) ** 2
    harmonics = spectrum[::150].sum()
    assert harmonics > 0.9999 * spectrum.sum()


def test_a_softer_voice_has_fewer_highs():
    turns = np.arange(24_000) * 150.0 / 24_000
    soft = Speaker(1.0, 0.6, -12, 0.0, 0.0, 0.0)
    shares = [
        share_between(glottal_pulses(np.random.default_rng(0), s, turns, 150.0), 4000, 12_000) for s in (EVEN, soft)
    ]
    assert shares[0] > 3 * shares[1]


def test_a_held_vowel_is_voiced_at_its_pitch_and_breath_is_not():
    rng = np.random.default_rng(1)
    vowel = voiced(rng, EVEN, held(pitch=110.0))
    breath = voiced(rng, EVEN, held(voicing=0.0, breath=1.0))
    assert pitch_hz(vowel) == pytest.approx(110, rel=0.02)
    assert flatness_db(breath) > flatness_db(vowel) + 10


def test_a_hiss_lies_where_it_is_made():
    rng = np.random.default_rng(2)
    low, high = (voiced(rng, EVEN, held(voicing=0.0, hiss=1.0, hiss_hz=hz)) for hz in (2500.0, 6500.0))
    assert share_between(low, 1500, 4000) > 0.7
    assert share_between(high, 4500, 9500) > 0.7


def test_smoothing_keeps_length_and_level():
    curve = np.repeat([0.0, 1.0, 0.0], 20)
    smooth = smoothed(curve, 0.05)
    assert len(smooth) == 60
    assert smooth.sum() == pytest.approx(20)
    assert np.abs(np.diff(smooth)).max() < 0.25
    assert smoothed(np.full(10, 3.0), 0.1) == pytest.approx(3.0)


def test_women_speak_higher_than_men():
    women = np.array([pitch_hz(sound) for sound in some_of(0, 10)])
    men = np.array([pitch_hz(sound) for sound in some_of(1, 10)])
    assert ((women > 140) & (women < 300)).all()
    assert ((men > 70) & (men < 190)).all()
    assert np.median(women) > 1.4 * np.median(men)


def test_women_have_the_shorter_tract():
    # Above the pitch harmonics only the tract decides where the energy lies.
    def middle_hz(sound):
        spectrum = np.abs(np.fft.rfft(sound.astype(float))) ** 2
        hz = np.fft.rfftfreq(len(sound), 1 / 24_000)
        inside = (hz > 300) & (hz < 3500)
        return np.exp((np.log(hz[inside]) * spectrum[inside]).sum() / spectrum[inside].sum())

    assert np.median([middle_hz(s) for s in some_of(0, 12)]) > 1.05 * np.median([middle_hz(s) for s in some_of(1, 12)])


def test_speech_moves_at_the_pace_of_syllables():
    rates = [strongest_rate_hz(sound, 1.5, 12) for class_index in (0, 1) for sound in some_of(class_index, 8)]
    assert 1.5 < np.median(rates) < 6.5


def test_speech_mixes_voice_and_hiss():
    brightest = []
    for sound in some_of(0, 6):
        level = envelope(sound, 0.02)
        loud = np.flatnonzero(level > 0.05 * level.max())
        bright = [share_between(sound[step * 480 :][:480], 4000, 12_000) for step in loud]
        assert np.median(bright) < 0.05
        brightest.append(max(bright))
    assert np.median(brightest) > 0.3


@pytest.mark.parametrize("per_second", [4.0, 5.0, 6.5])
def test_a_laugh_comes_in_calls_at_its_rate(per_second):
    found = []
    for seed in range(5):
        laugh = bout(np.random.default_rng([3, seed]), EVEN, 300.0, per_second, 0.9)
        found.append(strongest_rate_hz(laugh, 2.0, 10.0))
    # Calls slow down by a third towards the end of a bout.
    assert 0.7 * per_second < np.median(found) < 1.1 * per_second


def test_the_pitch_of_a_laugh_falls():
    falls = []
    for seed in range(8):
        laugh = bout(np.random.default_rng([4, seed]), EVEN, 240.0, 5.0, 1.0)
        third = len(laugh) // 3
        falls.append(pitch_hz(laugh[-third:]) / pitch_hz(laugh[:third]))
    assert np.median(falls) < 0.95


def test_laughter_is_more_regular_in_level_than_speech():
    def depth_at_the_strongest(sound):
        level = envelope(sound)
        level = (level - level.mean()) * np.hanning(len(level))
        power = np.abs(np.fft.rfft(level, 8192)) ** 2
        hz = np.fft.rfftfreq(8192, 0.005)
        inside = (hz > 3) & (hz < 8)
        return power[inside].sum() / power[hz > 0.3].sum()

    laughs, talk = some_of(4, 10), some_of(0, 10)
    assert np.median([depth_at_the_strongest(s) for s in laughs]) > np.median([depth_at_the_strongest(s) for s in talk])
