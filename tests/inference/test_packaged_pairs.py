"""The packaged localizer for pairs of microphones that the first one was not trained for."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import whence
from whence.audio import Capsule, Microphones, named_microphones, read
from whence.inference import PACKAGED, PACKAGED_PAIRS, load
from whence.inference.packaged_model import PAIRS
from whence.inference.trained_pairs import is_trained_for
from whence.models.outputs import Classwise, Tracks

CALM = Path(whence.__file__).parent / "cli" / "demo_scenes" / "calm.flac"
MINE = Microphones("mine", Capsule(0.01, 0.5, 60.0), Capsule(-0.01, 0.5, -60.0))


@pytest.fixture(scope="module")
def system():
    return load(threads=1)


@pytest.mark.parametrize("pair", ["xy:90", "ortf", "ab:0.20", "phone", "binaural", MINE])
def test_other_pairs_have_a_localizer_of_their_own(system, pair):
    other = system.for_microphones(pair)
    assert isinstance(other.coding, Tracks)
    assert other.microphones == PAIRS
    assert other.classes == system.classes


@pytest.mark.parametrize("pair", [None, "dcase", "foa:30"])
def test_the_pair_of_the_challenge_and_unknown_ones_have_the_first(system, pair):
    same = system.for_microphones(pair)
    assert isinstance(same.coding, Classwise)
    assert np.array_equal(same.values(read(CALM)[None, :, :24_000]), system.values(read(CALM)[None, :, :24_000]))


def test_all_directions_are_views_of_the_first(system):
    circle = system.for_microphones("foa")
    assert circle.channel_count == 4
    assert isinstance(circle.coding, Classwise)


def test_the_file_says_what_the_package_says():
    assert load(PACKAGED_PAIRS).microphones == PAIRS
    assert all(is_trained_for(PAIRS, named_microphones(name)) for name in ("ms", "blumlein", "nos", "ab:0.35"))


def test_a_user_s_threshold_holds_for_both(system):
    strict = system.with_thresholds(0.9)
    assert strict.for_microphones("ortf").thresholds.tolist() == [0.9] * 13
    assert system.for_microphones("ortf").thresholds.tolist() != system.thresholds.tolist()
    events = strict.detect(read(CALM), microphones="ortf")
    assert events.row_count < system.detect(read(CALM), microphones="ortf").row_count


def test_it_brings_no_warning_and_a_model_of_a_user_s_own_does(caplog):
    with caplog.at_level(logging.WARNING, "whence"):
        whence.detect(CALM, microphones="ortf")
        assert not caplog.records
        whence.detect(CALM, model=PACKAGED, microphones="ortf")
    assert "directions may be wrong" in caplog.text


def test_exchanged_channels_of_a_told_pair_are_exchanged_back(system):
    signal = read(CALM)
    swapped = replace(named_microphones("ortf"), swapped=True)
    plain, back = (
        system.detect(signal, microphones="ortf"),
        system.detect(signal[::-1].copy(), microphones=swapped),
    )
    assert np.array_equal(plain.azimuth_deg, back.azimuth_deg)


def test_both_files_are_small():
    assert PACKAGED.stat().st_size + PACKAGED_PAIRS.stat().st_size < 20e6
