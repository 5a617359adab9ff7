"""The sheet of spectrograms is made by its script, and the committed one is small."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from whence.corpora import INTERFERENCE
from whence.synth import procedural_sounds

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("make_sound_pictures", ROOT / "docs" / "make_sound_pictures.py")
script = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(script)

PNG = b"\x89PNG\r\n"


def test_the_script_writes_a_sheet(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(script, "PER_CLASS", 1)
    monkeypatch.setattr(sys, "argv", ["make_sound_pictures.py", str(tmp_path / "sheet.png")])
    script.main()
    written = (tmp_path / "sheet.png").read_bytes()
    assert written.startswith(PNG)
    assert 10_000 < len(written) < 150_000
    assert str(tmp_path / "sheet.png") in capsys.readouterr().out


def test_the_committed_sheet_is_a_small_picture():
    committed = (ROOT / "docs" / "procedural.png").read_bytes()
    assert committed.startswith(PNG)
    assert len(committed) < 150_000


def test_a_tone_shows_in_its_band():
    edges, weights = script.narrow_bands()
    assert weights.shape == (script.FFT // 2 + 1, script.BANDS)
    for hz in (200.0, 1000.0, 5000.0):
        tone = np.sin(2 * np.pi * hz * np.arange(24_000) / 24_000).astype(np.float32)
        loudest = script.level_db(tone)[:, 50].argmax()
        assert edges[loudest] / 1.1 < hz < edges[loudest + 1] * 1.1


def test_a_panel_holds_all_sounds_of_a_class():
    sounds = procedural_sounds(seed=2, per_class=0, interference=3)
    levels, ends_s = script.panel(sounds, INTERFERENCE)
    assert len(ends_s) == 3
    # Each sound is padded by half a window before and a whole one behind.
    assert ends_s[-1] == pytest.approx((sounds.first_sample[-1] / 24_000), abs=0.2)
    assert levels.max() == pytest.approx(0, abs=1e-9)
    assert levels.min() >= -script.RANGE_DB
    assert levels.shape[1] <= script.PANEL_STEPS
