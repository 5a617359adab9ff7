"""What is struck: bells ring long and out of tune, knocks and doors are low, claps sharp, steps keep time."""

import numpy as np
import pytest
from sound_measures import (
    centroid_hz,
    envelope,
    flatness_db,
    onsets_s,
    power_spectrum,
    share_between,
    some_of,
    strongest_rate_hz,
    t60_s,
)

from whence.synth.bells import (
    bicycle_bell,
    church_bell,
    cow_bell,
    door_chime,
    hand_bell,
    jingle_bells,
    singing_bowl,
    split_pairs,
    wind_chime,
)
from whence.synth.clapping import clap
from whence.synth.doors import click, creak, door, falls_shut, latch, rattle, thud, whoosh
from whence.synth.footsteps import walk
from whence.synth.household import clink
from whence.synth.knocks import knock


def rng_of(*seed):
    return np.random.default_rng([31, *seed])


def peaks_hz(wave, count):
    """The strongest spectral peaks, at least 3 % apart, in rising order."""
    hz, power = power_spectrum(wave)
    found = []
    for place in power.argsort()[::-1]:
        if all(abs(hz[place] / other - 1) > 0.03 for other in found):
            found.append(hz[place])
        if len(found) == count:
            return np.sort(found)
    return np.sort(found)


def test_a_church_bell_has_the_partials_of_one():
    # Minor third over the prime, octave below and above: 0.5, 1, 1.19, 2.
    hits = 0
    for seed in range(6):
        peaks = peaks_hz(church_bell(rng_of(seed)), 10)
        ratios = peaks[:, None] / peaks
        hits += np.any(np.abs(ratios - 1.19) < 0.02) and np.any(np.abs(ratios - 2.0) < 0.03)
    assert hits >= 5


def test_a_bells_high_partials_die_first():
    for seed in range(5):
        ring = church_bell(rng_of(seed, 1))
        last = ring[: 24_000 * 2]
        early, late = last[2400:14_400], last[-12_000:]
        assert centroid_hz(late) < centroid_hz(early)


def test_bells_are_not_harmonic_but_rung_tones():
    for make in (church_bell, hand_bell, singing_bowl, wind_chime):
        # A tonal sound leaves most of the spectrum empty.
        assert np.median([flatness_db(make(rng_of(seed, 2))) for seed in range(4)]) < -30


def test_an_uneven_bell_beats():
    hz, share = split_pairs(rng_of(0), np.array([400.0, 1000.0]), 0.003)
    assert len(hz) == len(share) == 4
    assert hz[:2] + hz[2:] == pytest.approx([800, 2000])
    assert ((hz[2:] - hz[:2]) / [400, 1000] < 0.02).all()


@pytest.mark.parametrize("make", [church_bell, hand_bell, door_chime, singing_bowl, wind_chime])
def test_bells_ring_on_after_the_last_stroke(make):
    for seed in range(4):
        level = envelope(make(rng_of(seed, 3)), 0.02)
        last_tenth = level[-len(level) // 10 :].max()
        assert 1e-5 * level.max() < last_tenth < level.max()


@pytest.mark.parametrize(("make", "low_hz", "high_hz"), [
    (jingle_bells, 2500, 12_000),
    (bicycle_bell, 1200, 12_000),
    (cow_bell, 300, 9000),
    (singing_bowl, 100, 4000),
])  # fmt: skip
def test_kinds_of_bells_lie_in_their_range(make, low_hz, high_hz):
    for seed in range(4):
        assert share_between(make(rng_of(seed, 4)), low_hz, high_hz) > 0.85


def test_knocks_are_low_and_dry():
    for seed in range(8):
        sound = knock(rng_of(seed, 5))
        assert share_between(sound, 0, 3500) > 0.9
        assert t60_s(sound[: round(0.12 * 24_000)], 60, 4000) < 0.6


def test_knocks_come_in_countable_blows_at_a_human_pace():
    counts, gaps = [], []
    for seed in range(24):
        onsets = onsets_s(knock(rng_of(seed, 6)), apart_s=0.06, below_peak=0.15)
        counts.append(len(onsets))
        gaps += np.diff(onsets).tolist()
    assert min(counts) >= 1
    assert max(counts) <= 9
    assert len(set(counts)) >= 4
    assert 0.1 < np.median(gaps) < 0.5


def test_a_slammed_leaf_is_brighter_than_one_pushed_to():
    soft = [centroid_hz(thud(rng_of(seed, 7), 80.0, 0.0)) for seed in range(8)]
    hard = [centroid_hz(thud(rng_of(seed, 7), 80.0, 1.0)) for seed in range(8)]
    assert np.median(hard) > 1.5 * np.median(soft)


def test_a_thud_is_mostly_low():
    for seed in range(6):
        assert share_between(thud(rng_of(seed, 8), 70.0, 0.3), 0, 1000) > 0.8


def test_hardware_is_short_and_bright():
    for seed in range(5):
        assert centroid_hz(click(rng_of(seed, 9))) > 400
        assert len(latch(rng_of(seed, 9))) < 0.6 * 24_000
    assert centroid_hz(whoosh(rng_of(0), 0.5)) < 400


def test_a_leaf_falls_shut_after_it_has_rubbed():
    for seed in range(6):
        level = envelope(falls_shut(rng_of(seed, 10), 80.0, 0.5))
        assert level.argmax() * 0.005 > 0.02


def test_a_rattle_dies_away():
    shares = []
    for seed in range(10):
        wave = rattle(rng_of(seed, 11), 0.6)
        half = len(wave) // 2
        shares.append((wave[:half] ** 2).sum() / (wave**2).sum())
    assert np.median(shares) > 0.8


def test_a_creak_is_made_of_slips():
    for seed in range(5):
        wave = creak(rng_of(seed, 12), 1.0)
        assert len(wave) == 24_000
        # Pulses: the level at a millisecond's grain varies far more than that of noise (0.2).
        level = envelope(wave[4800:19_200], 0.001)
        assert level.std() / level.mean() > 0.4


def test_doors_are_lower_than_claps_and_keys():
    doors = np.median([centroid_hz(door(rng_of(seed, 13))) for seed in range(16)])
    claps = np.median([centroid_hz(clap(rng_of(seed, 13), 1200.0, 0.5)) for seed in range(8)])
    clinks = np.median([centroid_hz(clink(rng_of(seed, 13), 2500.0, 0.2)) for seed in range(8)])
    assert doors < 0.5 * claps
    assert doors < 0.5 * clinks


@pytest.mark.parametrize("cavity_hz", [600.0, 1200.0, 2400.0])
def test_a_clap_peaks_at_its_cavity_and_is_broad(cavity_hz):
    total = 0
    for seed in range(12):
        hz, power = power_spectrum(np.pad(clap(rng_of(seed, 14), cavity_hz, 0.4), (2000, 2000)))
        total = total + power / power.sum()
    third = np.array([total[(hz >= c / 1.12) & (hz < c * 1.12)].sum() / c for c in 250 * 2 ** (np.arange(16) / 3)])
    peak_hz = 250 * 2 ** (third.argmax() / 3)
    assert 0.6 < peak_hz / cavity_hz < 1.7
    # Within 20 dB of the peak over more than two octaves.
    assert (third > 0.01 * third.max()).sum() >= 7


def test_a_clap_is_sharp_and_over_soon():
    for seed in range(6):
        level = envelope(clap(rng_of(seed, 15), 1200.0, 0.5), 0.002)
        assert level.argmax() <= 3
        assert level[25:].max() < 0.2 * level.max()


def test_sharper_hands_are_brighter():
    dull, bright = (
        np.median([centroid_hz(clap(rng_of(seed, 16), 1200.0, sharpness)) for seed in range(10)])
        for sharpness in (0.0, 1.0)
    )
    assert bright > 1.3 * dull


def test_clapping_reaches_from_one_clap_to_applause():
    sounds = some_of(2, 28)
    crest = [20 * np.log10(np.abs(s).max() / s.std()) for s in sounds]
    # Single claps are all peak; a hall is nearly noise.
    assert max(crest) > 26
    assert min(crest) < 18


@pytest.mark.parametrize("per_second", [1.4, 1.9, 2.8])
def test_steps_keep_their_tempo(per_second):
    found = []
    for seed in range(7):
        sound = walk(rng_of(seed, 18), 10, per_second)
        found.append(strongest_rate_hz(sound, 0.6 * per_second, 1.6 * per_second))
    assert np.median(found) == pytest.approx(per_second, rel=0.1)


def test_one_step_is_short_and_many_are_long():
    assert len(walk(rng_of(0, 19), 1, 2.0)) < 1.0 * 24_000
    assert len(walk(rng_of(0, 19), 12, 2.0)) > 4.5 * 24_000


def test_steps_are_not_copies_of_each_other():
    sound = walk(rng_of(1, 20), 6, 2.0)
    first, second = sound[:6000], sound[12_000:18_000]
    likeness = np.correlate(first, second, "full").max() / np.sqrt((first**2).sum() * (second**2).sum())
    assert likeness < 0.9


def test_floors_differ():
    shares = [share_between(sound, 2000, 12_000) for sound in some_of(6, 30)]
    assert min(shares) < 0.05
    assert max(shares) > 0.3
