"""Every kind of every class, also the rare ones, gives a sound that can be played and follows from its seed."""

import importlib
import re
from pathlib import Path

import numpy as np
import pytest

import whence.synth
from whence.synth import GENERATORS
from whence.synth.footsteps import _GROUNDS, walk
from whence.synth.instruments import INSTRUMENTS, musical_instrument
from whence.synth.knocks import _BODIES, knock
from whence.synth.speech import _CONSONANTS, _VOWEL_WEIGHTS, VOWELS
from whence.synth.waves import finished

FOLDER = Path(whence.synth.__file__).parent
MODULES = {path.stem: importlib.import_module(f"whence.synth.{path.stem}") for path in FOLDER.glob("[a-z]*.py")}
KINDS = [
    pytest.param(kind, id=f"{name}-{kind.__name__.strip('_')}")
    for name, module in sorted(MODULES.items())
    for kind in getattr(module, "_KINDS", {})
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_gives_a_sound_that_follows_from_its_seed(kind):
    for seed in (1, 2):
        wave, again = kind(np.random.default_rng([51, seed])), kind(np.random.default_rng([51, seed]))
        assert wave.tobytes() == again.tobytes()
        sound = finished(wave)
        assert np.isfinite(sound).all()
        assert 0.04 < len(sound) / 24_000 < 13
        # Heard, not only a spike: some hundredths of a second within 30 dB of the peak.
        assert (np.abs(sound) > 0.03).sum() > 100


def test_every_family_has_kinds_or_makes_one():
    assert len(KINDS) > 50
    for module in MODULES.values():
        for weight in getattr(module, "_KINDS", {}).values():
            assert weight > 0


@pytest.mark.parametrize("name", _GROUNDS)
def test_each_ground_can_be_walked_on(name, monkeypatch):
    monkeypatch.setattr("whence.synth.footsteps._GROUNDS", {name: _GROUNDS[name]})
    sound = finished(walk(np.random.default_rng(3), 3, 2.0))
    assert np.isfinite(sound).all()
    assert 1.0 < len(sound) / 24_000 < 2.2


@pytest.mark.parametrize("name", _BODIES)
def test_each_body_can_be_knocked_on(name, monkeypatch):
    monkeypatch.setattr("whence.synth.knocks._BODIES", {name: _BODIES[name]})
    sound = finished(knock(np.random.default_rng(4)))
    assert np.isfinite(sound).all()
    assert len(sound) / 24_000 < 4


def test_tables_of_weights_fit_their_tables():
    assert len(_VOWEL_WEIGHTS) == len(VOWELS)
    assert all(weight > 0 for _, weight in _CONSONANTS.values())
    assert sum(row[0] for row in INSTRUMENTS.values()) == pytest.approx(1)
    assert sum(ground.weight for ground in _GROUNDS.values()) == pytest.approx(1)
    for _, low_hz, high_hz in INSTRUMENTS.values():
        assert 40 < low_hz < high_hz < 3000


def test_vowels_lie_where_mouths_make_them():
    for first, second, third in VOWELS.values():
        assert 200 < first < 900
        assert first < second < third < 3500
    # An open mouth raises the first formant, a tongue in front the second.
    assert VOWELS["a"][0] > VOWELS["i"][0]
    assert VOWELS["i"][1] > VOWELS["u"][1]


def test_instruments_draw_every_voice():
    seen = {len(musical_instrument(np.random.default_rng([5, seed]))) for seed in range(12)}
    assert len(seen) == 12


def test_only_numpy_is_imported_at_the_top():
    # A class list alone must not wait for SciPy.
    for path in FOLDER.glob("*.py"):
        top = re.findall(r"^(?:import|from) ([a-z_]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(top) <= {"collections", "dataclasses", "lazy_loader", "numpy", "typing", "whence"}, path


def test_each_generator_is_the_function_named_after_its_class():
    names = [maker.__name__ for maker in GENERATORS.values()]
    assert names[:4] == ["female_speech", "male_speech", "clapping", "telephone"]
    assert len(set(names)) == len(names) == 15
