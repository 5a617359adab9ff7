"""Pairs of microphones: names, files, what the theory of plane waves says of them, and what is refused."""

import json
import math

import numpy as np
import pytest

from whence.audio import (
    MICROPHONE_NAMES,
    Ambisonics,
    Capsule,
    Head,
    Microphones,
    read_microphones,
)
from whence.errors import AudioError
from whence.settings import from_plain, to_plain


@pytest.mark.parametrize("name", MICROPHONE_NAMES)
def test_every_named_pair_is_symmetric_and_travels_as_plain_data(name):
    pair = read_microphones(name)
    assert pair.name == name
    assert pair.is_symmetric
    azimuth = np.linspace(-180, 180, 73)
    np.testing.assert_allclose(pair.gains(azimuth), pair.gains(-azimuth)[:, ::-1], atol=1e-12)
    np.testing.assert_allclose(pair.delays_s(azimuth), pair.delays_s(-azimuth)[:, ::-1], atol=1e-12)
    plain = json.loads(json.dumps(to_plain(pair)))
    assert from_plain(Microphones, plain, "microphones", AudioError) == pair


@pytest.mark.parametrize(
    ("name", "level_difference_db"),
    # Theory: 20 log10 of the ratio of the two patterns for a wave from 90 degrees to the left.
    [("xy:90", 15.3), ("xy:120", 22.9), ("ortf", 20.0), ("nos", 15.3), ("ab:0.20", 0.0), ("phone", 0.0)],
)
def test_the_level_difference_of_a_wave_from_the_side(name, level_difference_db):
    left, right = read_microphones(name).gains(90.0)
    assert 20 * math.log10(left / right) == pytest.approx(level_difference_db, abs=0.06)


def test_the_dcase_pair_has_no_signal_at_the_far_capsule():
    np.testing.assert_allclose(read_microphones("dcase").gains([90.0, 0.0, -30.0]), [[1, 0], [0.5, 0.5], [0.25, 0.75]])


@pytest.mark.parametrize(
    ("name", "microseconds"), [("ab:0.20", 583.1), ("ortf", 495.6), ("nos", 874.6), ("phone", 437.3), ("xy:90", 0.0)]
)
def test_the_time_difference_of_a_wave_from_the_left_is_the_spacing_over_the_speed_of_sound(name, microseconds):
    left, right = read_microphones(name).delays_s(90.0)
    assert left <= 0 <= right
    assert 1e6 * (right - left) == pytest.approx(microseconds, abs=0.1)
    # A wave from above reaches both at the same time.
    assert read_microphones(name).delays_s(90.0, 90.0) == pytest.approx([0.0, 0.0], abs=1e-12)


def test_mid_side_decoded_is_a_cardioid_plus_and_minus_a_figure_of_eight():
    azimuth = np.radians(np.linspace(-180, 180, 25))
    mid, side = 0.5 + 0.5 * np.cos(azimuth), np.sin(azimuth)
    gains = read_microphones("ms").gains(np.degrees(azimuth))
    scale = (mid + side)[12] / gains[12, 0]
    np.testing.assert_allclose(scale * gains, np.stack([mid + side, mid - side], axis=1), atol=1e-12)


def test_texts_for_people():
    texts = {name: read_microphones(name).text() for name in ("xy:90", "ab:0.20", "blumlein", "binaural", "foa:30")}
    assert texts == {
        "xy:90": "xy:90: cardioids 90° apart, at one point",
        "ab:0.20": "ab:0.20: omnis, 20 cm between them",
        "blumlein": "blumlein: figures of eight 90° apart, at one point",
        "binaural": "binaural: ears of a head",
        "foa:30": "foa:30: four Ambisonic channels (ambix), looking 30° to the right",
    }
    wrong = Microphones("mine", Capsule(), Capsule(), gain_db=-1.5, swapped=True)
    assert wrong.text() == "mine: omnis, at one point, right 1.5 dB softer, channels swapped"


@pytest.mark.parametrize(
    ("word", "ambisonics"),
    [
        ("foa", Ambisonics()),
        ("foa:ambix", Ambisonics()),
        ("foa:fuma", Ambisonics("fuma")),
        ("foa:30", Ambisonics("ambix", 30.0)),
        ("foa:fuma:-90", Ambisonics("fuma", -90.0)),
    ],
)
def test_ambisonic_names(word, ambisonics):
    pair = read_microphones(word)
    assert pair.ambisonics == ambisonics
    assert pair.channel_count == 4


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        (
            "left: {left_m: 0.05, pattern: 0.5, facing_deg: 60}\nright: {left_m: -0.05, pattern: 0.5, facing_deg: -60}",
            Microphones("mine", Capsule(0.05, 0.5, 60.0), Capsule(-0.05, 0.5, -60.0)),
        ),
        (
            '{"name": "hat", "left": {"left_m": 0.1}, "right": {"left_m": -0.1}, "gain_db": 1.5}',
            Microphones("hat", Capsule(0.1), Capsule(-0.1), gain_db=1.5),
        ),
        ("head: {}", Microphones("mine", Capsule(0.0875), Capsule(-0.0875), head=Head())),
    ],
)
def test_a_file_describes_a_pair(tmp_path, text, pair):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    assert read_microphones(str(path)) == pair


def test_the_file_of_a_head_is_beside_the_description(tmp_path):
    (tmp_path / "kemar.yaml").write_text("head: {file: kemar.sofa}")
    assert read_microphones(str(tmp_path / "kemar.yaml")).head == Head(file=str(tmp_path / "kemar.sofa"))


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("otrf", "no microphones 'otrf'; did you mean ortf? Or name a YAML file"),
        ("xy:5", "microphones 'xy:5': '5' must be degrees between the capsules, 20 to 180"),
        ("xy:wide", "microphones 'xy:wide': 'wide' must be degrees between the capsules, 20 to 180"),
        ("ab:3", "microphones 'ab:3': '3' must be metres between the capsules, 0.01 to 1"),
        ("ab:nan", "microphones 'ab:nan': 'nan' must be metres between the capsules, 0.01 to 1"),
        ("ortf:110", "microphones 'ortf:110': ortf takes no number; write ortf, or describe a YAML file"),
        ("foa:30:60", "microphones 'foa:30:60': give one layout and one angle at most, such as foa:fuma:30"),
        ("foa:sideways", "microphones 'foa:sideways': 'sideways' must be degrees, -360 to 360"),
    ],
)
def test_a_wrong_name_is_refused_in_one_sentence(word, sentence):
    with pytest.raises(AudioError) as caught:
        read_microphones(word)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("left: {left_m: 0.1}", "no right capsule; give left and right, or head, or ambisonics"),
        ("left: {left_m: 0.9}\nright: {left_m: -0.9}", "capsules 1.8 m apart; a pair is at most 1 m wide"),
        ("left: {left_m: 3}\nright: {}", "a capsule's left_m is 3; it lies in -1 to 1"),
        ("left: {pattern: .nan}\nright: {}", "a capsule's pattern is nan; it lies in 0 to 1"),
        ("left: {patern: 1}\nright: {}", "microphones.left.patern is not a field; did you mean pattern?"),
        ("head: {radius_m: 2}", "a head's radius_m is 2; it lies in 0.04 to 0.15"),
        ("head: {}\nambisonics: {}", "microphones are in a head or Ambisonic, not both; leave one out"),
        ("ambisonics: {}\ngain_db: 3", "gain_db is of a pair"),
        ("ambisonics: {layout: n4d}", "microphones.ambisonics.layout"),
        ("ambisonics: {w_db: 30}", "w_db is 30; it lies in -20 to 20"),
        ("left: {}\nright: {}\ngain_db: 90", "gain_db is 90; it lies in -40 to 40"),
        ("- left", "settings are names with values"),
        ("left: [", "not YAML"),
    ],
)
def test_a_file_that_describes_no_pair_is_named(tmp_path, text, sentence):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(AudioError if "YAML" not in sentence and "names" not in sentence else ValueError) as caught:
        read_microphones(str(path))
    assert sentence in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_a_missing_file_is_named():
    with pytest.raises(ValueError, match=r"^nowhere\.yaml: no such file"):
        read_microphones("nowhere.yaml")


@pytest.mark.parametrize("name", [name for name in MICROPHONE_NAMES if name != "auto"])
def test_the_numbers_of_a_pair_give_its_gains_and_its_spacing(name):
    example = {"xy": "xy:100", "ab": "ab:0.3"}.get(name.partition(":")[0], name)
    pair = read_microphones(example)
    known, omni, front, left, spacing, head = pair.numbers().tolist()
    assert known == 1.0
    assert spacing * 0.2 == pytest.approx(0.175 if pair.head else pair.spacing_m)
    assert head == (pair.head is not None)
    if pair.head is None:
        azimuth = np.radians([-80.0, 0.0, 35.0])
        gains = omni + front * np.cos(azimuth) + left * np.sin(azimuth)
        assert gains == pytest.approx(pair.gains(np.degrees(azimuth))[:, 0], abs=1e-6)
