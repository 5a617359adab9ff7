"""Any class gives finished sounds, the same for the same seed, and classes can be told apart."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from sound_measures import RATE_HZ, made, some_of

from whence.corpora import BACKGROUND, INTERFERENCE
from whence.errors import SceneError
from whence.labels import STARSS23
from whence.synth import GENERATORS, PEAK, generate, procedural_sounds

ALL = list(GENERATORS)

# Shortest and longest in seconds that a class may give; in 300 of each all lay well inside.
DURATION_S = {
    0: (0.7, 10),
    1: (0.7, 10),
    2: (0.05, 11),
    3: (0.1, 10),
    4: (0.3, 11),
    5: (0.2, 9),
    6: (0.1, 11),
    7: (0.15, 6),
    8: (1.5, 10),
    9: (0.05, 8),
    10: (1.0, 7),
    11: (0.1, 12),
    12: (0.05, 4),
    BACKGROUND: (4.5, 10.5),
    INTERFERENCE: (0.04, 9),
}


def test_there_is_a_generator_for_every_class_and_for_what_carries_no_label():
    assert sorted(GENERATORS) == sorted([*range(len(STARSS23)), BACKGROUND, INTERFERENCE])


def check_finished(sound, class_index):
    shortest_s, longest_s = DURATION_S[class_index]
    assert sound.dtype == np.float32
    assert sound.ndim == 1
    assert np.isfinite(sound).all()
    assert shortest_s <= len(sound) / RATE_HZ <= longest_s
    assert np.abs(sound).max() == pytest.approx(PEAK, rel=1e-5)
    assert abs(sound.mean(dtype=float)) < 1e-6
    # The first and last 2 ms: no click.
    assert np.abs(sound[:48]).max() < 0.01
    assert np.abs(sound[-48:]).max() < 0.01


@pytest.mark.parametrize("class_index", ALL)
def test_sounds_are_finished(class_index):
    for sound in some_of(class_index, 4):
        check_finished(sound, class_index)


@pytest.mark.nightly
@pytest.mark.parametrize("class_index", ALL)
def test_hundreds_of_sounds_are_finished(class_index):
    for number in range(300):
        check_finished(generate(class_index, np.random.default_rng([77, class_index + 2, number])), class_index)


@pytest.mark.parametrize("class_index", ALL)
def test_a_sound_follows_from_its_seed_alone(class_index):
    first, other = made(class_index, 0), made(class_index, 0, seed=8)
    again = generate(class_index, np.random.default_rng([7, class_index + 2, 0]))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


@pytest.mark.parametrize("class_index", ALL)
def test_sounds_of_a_class_differ(class_index):
    sounds = some_of(class_index, 4)
    assert len({len(sound) for sound in sounds}) > 1
    assert len({sound.tobytes() for sound in sounds}) == 4


HASH = """
import hashlib, numpy as np
from whence.synth import generate
total = hashlib.sha256()
for class_index in (0, 3, 6, 10, 11):
    total.update(generate(class_index, np.random.default_rng([7, class_index + 2, 0])).tobytes())
print(total.hexdigest())
"""


def test_another_process_with_other_threads_makes_the_same_samples(monkeypatch):
    threads = "3" if os.environ.get("OMP_NUM_THREADS") == "1" else "1"
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, threads)
    ran = subprocess.run([sys.executable, "-c", HASH], capture_output=True, text=True, check=True)
    ours = hashlib.sha256(b"".join(made(class_index, 0).tobytes() for class_index in (0, 3, 6, 10, 11)))
    assert ran.stdout.strip() == ours.hexdigest()


def test_generators_do_not_touch_the_global_chance():
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    for class_index in (2, 7, 12):
        generate(class_index, np.random.default_rng(0))
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002


def test_an_unknown_class_is_refused():
    with pytest.raises(SceneError, match=r"no procedural sound of class 13; there are: 0, 1, .*-2"):
        generate(13, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": -1, "per_class": 1}, "seed is -1; it must be at least 0"),
        ({"seed": 1, "per_class": -2}, "the number of female_speech sounds is -2"),
        ({"seed": 1, "per_class": 0, "background": -3}, "the number of background sounds is -3"),
        ({"seed": 1, "per_class": 0, "interference": -3}, "the number of interference sounds is -3"),
    ],
)
def test_negative_numbers_are_refused(arguments, message):
    with pytest.raises(SceneError, match=message):
        procedural_sounds(**arguments)


@pytest.fixture(scope="module")
def small():
    return procedural_sounds(seed=5, per_class=1)


def test_a_bank_holds_what_was_asked_for_in_class_order(small):
    assert small.class_index.tolist() == ALL
    assert small.classes == STARSS23
    assert small.name[0] == "procedural/female_speech/0000"
    assert small.name[11] == "procedural/bell/0000"
    assert small.name[-2:] == ("procedural/background/0000", "procedural/interference/0000")
    assert small.recording == small.name


def test_sound_i_does_not_depend_on_how_many_are_made(small):
    larger = procedural_sounds(seed=5, per_class=2, background=0, interference=1)
    for number, name in enumerate(small.name):
        if "background" not in name:
            assert small.waveform(number).tobytes() == larger.waveform(larger.name.index(name)).tobytes()
    assert "procedural/background/0000" not in larger.name


def test_another_seed_gives_other_sounds(small):
    other = procedural_sounds(seed=6, per_class=0, background=0, interference=1)
    ours = small.waveform(len(small) - 1)
    assert ours.tobytes() != other.waveform(0).tobytes()


def test_a_bank_of_nothing_is_empty():
    assert len(procedural_sounds(seed=1, per_class=0)) == 0


def test_a_bank_keeps_sixteen_bits_of_each_sound(small):
    made = generate(ALL[3], np.random.default_rng([5, 3, 0]))
    np.testing.assert_allclose(small.waveform(3), made, atol=PEAK / 32_767)
