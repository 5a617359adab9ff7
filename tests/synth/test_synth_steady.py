"""What goes on for a while: rings in a cadence, water, machines, instruments, music, and the places behind them."""

import numpy as np
import pytest
from sound_measures import (
    centroid_hz,
    envelope,
    flatness_db,
    onsets_s,
    pitch_hz,
    power_spectrum,
    share_between,
    some_of,
    strongest_rate_hz,
)

from whence.corpora import BACKGROUND, INTERFERENCE
from whence.synth.drums import DRUMS, kick, snare
from whence.synth.household import motor, spinning_up
from whence.synth.instruments import INSTRUMENTS, bar, blown, bowed, hammered, plucked, reeds
from whence.synth.telephones import beeps, buzzing, in_cadence, ringtone, struck_bells, trill
from whence.synth.water import bubbles, jet, sizes_mm


def rng_of(*seed):
    return np.random.default_rng([41, *seed])


def test_a_cadence_has_rings_and_pauses():
    steady = np.sin(np.arange(24_000 * 3) / 5)
    for seed in range(12):
        level = envelope(in_cadence(rng_of(seed), steady), 0.02)
        ringing = level > 0.3
        bursts = np.flatnonzero(np.diff(np.concatenate([[0], ringing, [0]])) == 1)
        ends = np.flatnonzero(np.diff(np.concatenate([[0], ringing, [0]])) == -1)
        lengths_s = (ends - bursts) * 0.02
        assert len(bursts) >= 1
        assert ((lengths_s > 0.25) & (lengths_s < 2.5)).all()
        assert (np.diff(bursts) * 0.02 > lengths_s[:-1] + 0.1).all()


def test_a_struck_telephone_is_hit_by_its_ringing_current():
    for seed in range(4):
        ring = struck_bells(rng_of(seed, 1))[2400:9600]
        # Once a period where one gong is louder, twice where they are alike.
        assert 14 < strongest_rate_hz(ring, 14.5, 60) < 55


def test_a_trill_changes_between_few_tones():
    for seed in range(4):
        hz, power = power_spectrum(trill(rng_of(seed, 2)))
        strong = hz[power > 0.05 * power.max()]
        assert strong.min() > 400
        assert flatness_db(trill(rng_of(seed, 2))) < -18


def test_telephones_use_small_loudspeakers():
    for make in (trill, beeps, ringtone):
        for seed in range(4):
            assert share_between(make(rng_of(seed, 3)), 0, 350) < 0.02


def test_beeps_can_be_counted():
    counts = [len(onsets_s(beeps(rng_of(seed, 4)), apart_s=0.05)) for seed in range(10)]
    assert np.median(counts) >= 3
    assert max(counts) <= 33


def test_a_telephone_on_a_table_buzzes_low():
    for seed in range(4):
        assert 100 < pitch_hz(buzzing(rng_of(seed, 5)), 90, 300) < 260


@pytest.mark.parametrize("radius_mm", [0.8, 1.5, 3.0])
def test_a_bubble_rings_at_minnaerts_pitch(radius_mm):
    wave = bubbles(rng_of(0), np.array([0.0]), np.array([radius_mm]), 0.0, 0.2)
    hz, power = power_spectrum(np.concatenate([np.zeros(4800), wave]))
    assert hz[power.argmax()] == pytest.approx(3260 / radius_mm, rel=0.03)


def test_a_bubble_near_the_surface_rises():
    wave = bubbles(rng_of(1), np.array([0.0]), np.array([2.0]), 0.3, 0.2)
    early, late = wave[:300], wave[300:600]
    zero_crossings = [np.count_nonzero(np.diff(np.sign(part)) != 0) for part in (early, late)]
    assert zero_crossings[1] > zero_crossings[0]


def test_larger_bubbles_ring_longer():
    def length(radius_mm):
        wave = np.abs(bubbles(rng_of(2), np.array([0.0]), np.array([radius_mm]), 0.0, 0.3))
        return np.flatnonzero(wave > 0.1 * wave.max())[-1]

    assert length(0.5) < length(1.5) < length(5.0)


def test_bubble_sizes_stay_in_range():
    sizes = sizes_mm(rng_of(3), 5000, 1.5, 1.0)
    assert sizes.min() >= 0.32
    assert sizes.max() <= 9.0
    assert np.median(sizes) == pytest.approx(1.5, rel=0.06)


def test_a_jet_hisses():
    assert flatness_db(jet(rng_of(4), 1.0, 10)) > -8
    assert centroid_hz(jet(rng_of(4), 1.0, 12)) > centroid_hz(jet(rng_of(4), 1.0, 0))


def test_water_is_noise_and_bells_are_tones():
    water = np.median([flatness_db(sound) for sound in some_of(10, 10)])
    bells = np.median([flatness_db(sound) for sound in some_of(11, 10)])
    assert water > -12
    assert bells < water - 15


def test_a_motor_has_its_shafts_harmonics():
    wave = motor(rng_of(5), np.full(48_000, 100.0), 20, 0.0)
    hz, power = power_spectrum(wave)
    near = np.abs(hz / 100 - np.round(hz / 100)) < 0.02
    assert power[near].sum() > 0.999 * power.sum()


def test_a_motor_spins_up_and_down_but_never_stops():
    shapes = {tuple(np.round(np.array([speed[0], speed[24_000], speed[-1]]) / 80, 1)) for speed in (
        spinning_up(rng_of(seed, 6), 48_000, 80.0) for seed in range(30)
    )}  # fmt: skip
    assert len(shapes) >= 3
    assert min(spinning_up(rng_of(seed, 6), 48_000, 80.0).min() for seed in range(30)) >= 4


def test_most_household_machines_are_steady():
    def unsteadiness_db(sound):
        level = envelope(sound[len(sound) // 4 : -len(sound) // 4], 0.1)
        return np.ptp(20 * np.log10(level + 1e-6))

    assert np.median([unsteadiness_db(sound) for sound in some_of(5, 16)]) < 8
    assert np.median([unsteadiness_db(sound) for sound in some_of(0, 8)]) > 15


PITCHED = {plucked: 0.01, hammered: 0.01, blown: 0.015, bowed: 0.015, reeds: 0.015}


@pytest.mark.parametrize("build", PITCHED)
@pytest.mark.parametrize("played_hz", [165.0, 247.0])
def test_instruments_play_the_pitch_they_are_asked_for(build, played_hz):
    found = []
    for seed in range(5):
        played = pitch_hz(build(rng_of(seed, 7))(played_hz, 1.0, 0.9))
        # An organ may double at the octave.
        found.append(played / played_hz * 2 ** -round(np.log2(played / played_hz)))
    assert np.median(found) == pytest.approx(1, abs=PITCHED[build])


def test_a_mallet_bar_sounds_an_octave_up():
    hz, power = power_spectrum(bar(rng_of(0, 8))(300.0, 1.0, 0.8))
    assert hz[power.argmax()] == pytest.approx(600, rel=0.02)


@pytest.mark.parametrize("build", [plucked, hammered])
def test_plucked_and_struck_strings_fade_and_lose_highs_first(build):
    for seed in range(4):
        note = build(rng_of(seed, 9))(196.0, 1.5, 0.9)
        start, end = note[1200:9600], note[-14_400:-2400]
        assert (start**2).mean() > 1.5 * (end**2).mean()
        assert centroid_hz(start) > centroid_hz(end)


@pytest.mark.parametrize("build", [blown, bowed, reeds])
def test_blown_and_bowed_tones_are_held(build):
    for seed in range(4):
        note = build(rng_of(seed, 10))(262.0, 1.5, 0.9)
        level = envelope(note[6000:-6000], 0.1)
        # Mistuned ranks of a reed organ beat, but never die away.
        assert level.min() > 0.2 * level.max()


def test_every_voice_is_louder_when_played_harder():
    for build in INSTRUMENTS:
        soft, loud = (np.abs(build(rng_of(1, 11))(262.0, 0.6, force)).max() for force in (0.4, 1.0))
        assert loud > 1.3 * soft


def test_drums_lie_in_their_range():
    assert centroid_hz(kick(rng_of(0, 12))(1.0)) < 300
    assert centroid_hz(snare(rng_of(0, 12))(1.0)) > 700
    assert centroid_hz(DRUMS["cymbal"](rng_of(0, 12))(1.0)) > 3000


@pytest.mark.parametrize("name", DRUMS)
def test_a_drum_is_louder_when_it_is_hit_harder(name):
    hit = DRUMS[name](rng_of(2, 13))
    assert np.abs(hit(1.0)).max() > 1.5 * np.abs(hit(0.4)).max()


def test_music_keeps_going_and_has_many_pitches():
    for sound in some_of(8, 6):
        level = envelope(sound, 0.25)
        assert (level > 0.02 * level.max()).mean() > 0.8
        hz, power = power_spectrum(sound)
        # Semitone bands that hold power: far more than one instrument's note would fill.
        semitones = np.round(12 * np.log2(np.maximum(hz, 1) / 55)).astype(int)
        filled = np.bincount(semitones[(hz > 55) & (hz < 2000)], power[(hz > 55) & (hz < 2000)])
        assert (filled > 1e-4 * filled.max()).sum() > 12


def test_music_is_longer_than_an_instruments_phrase():
    assert np.median([len(s) for s in some_of(8, 8)]) > 1.5 * np.median([len(s) for s in some_of(9, 8)])


def test_backgrounds_are_steady_and_long():
    for sound in some_of(BACKGROUND, 8):
        middle = envelope(sound[12_000:-12_000], 0.5)
        assert len(sound) > 4.5 * 24_000
        assert middle.max() < 12 * middle.min()


def test_interference_is_short_and_varied():
    sounds = some_of(INTERFERENCE, 24)
    assert np.median([len(sound) for sound in sounds]) < 3 * 24_000
    centroids = [centroid_hz(sound) for sound in sounds]
    assert max(centroids) > 6 * min(centroids)
