"""Hostile sounds through `whence detect`: files, messages and exit codes."""

import numpy as np
import pytest
import soundfile
from hostile_sounds import noise, wav

from whence.cli.demo import SCENES
from whence.cli.main import main
from whence.labels import read_dcase

HEADER = "frame,class,source,azimuth,distance,onscreen\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def detect(path, *words):
    return main(["detect", str(path), "--out", "out", *words])


# name, content, exit code, message
ROWS = [
    ("no-bytes", b"", 1, "empty file (0 bytes)"),
    ("no-sound", wav(np.zeros((2, 0))), 0, "holds no sound"),
    ("silence", wav(np.zeros((2, 240_000))), 0, ""),
    ("mono", wav(noise(0.5, 1), channel_count=1), 1, "direction needs two; use --channels mono"),
    ("eight", wav(noise(0.5, 8), channel_count=8), 1, "8 channels; choose two with --channels 1,2"),
    ("twice", wav(np.repeat(noise(6.0, 1), 2, axis=0)), 0, "left and right are identical"),
    ("dead", wav(noise(2.0) * [[1], [0]]), 0, "right channel is silent"),
    ("rate-0", wav(noise(0.5), rate_hz=0), 1, "impossible header (rate 0)"),
    ("slow", wav(noise(2.0, rate_hz=8_000), rate_hz=8_000), 0, "holds nothing above 4 kHz"),
    ("cut", wav(noise(10.0))[: 44 + 4 * 148_800], 0, "is cut short"),
    ("text", b"hello, this is no sound", 1, "not a sound file (starts with 'hello,')"),
]


@pytest.mark.parametrize(("name", "content", "code", "message"), ROWS, ids=[row[0] for row in ROWS])
def test_a_hostile_sound_ends_as_promised(folder, capsys, name, content, code, message):
    (folder / f"{name}.wav").write_bytes(content)
    assert detect(f"{name}.wav") == code
    err = capsys.readouterr().err
    assert message in err
    assert "Traceback" not in err
    assert (folder / "out" / f"{name}.csv").exists() == (code == 0)


@pytest.mark.parametrize("name", ["no-sound", "silence"])
def test_no_events_are_a_result(folder, name):
    (folder / f"{name}.wav").write_bytes({row[0]: row[1] for row in ROWS}[name])
    assert detect(f"{name}.wav") == 0
    assert (folder / "out" / f"{name}.csv").read_text() == HEADER


@pytest.mark.parametrize(("seconds", "frames"), [(1 / 24_000, 1), (0.099, 1), (0.101, 2), (4.99, 50)])
def test_short_sounds_have_every_frame_that_begins(folder, seconds, frames):
    soundfile.write("short.wav", noise(seconds, level=0.5).T, 24_000)
    assert detect("short.wav", "--threshold", "0") == 0
    events = read_dcase(folder / "out" / "short.csv")
    assert events.frame.max() == frames - 1


def test_a_sound_with_samples_that_are_not_numbers_is_refused(folder, capsys):
    signal = noise(4.0)
    signal[1, 76_800] = np.nan
    soundfile.write("nan.wav", signal.T, 24_000, subtype="FLOAT")
    assert detect("nan.wav") == 1
    assert "1 sample is not a number" in capsys.readouterr().err.replace(
        "samples are not numbers", "sample is not a number"
    )


def test_offset_level_and_depth_hardly_change_the_events(folder):
    signal = soundfile.read(SCENES / "calm.flac", dtype="float32")[0]
    soundfile.write("plain.wav", signal, 24_000, subtype="FLOAT")
    soundfile.write("offset.wav", signal + 0.3, 24_000, subtype="FLOAT")
    soundfile.write("loud.wav", signal * 100, 24_000, subtype="FLOAT")
    soundfile.write("deep.wav", signal, 24_000, subtype="PCM_24")
    assert main(["detect", ".", "--out", "out"]) == 0
    plain = read_dcase(folder / "out" / "plain.csv")
    expected = {*zip(plain.frame, plain.class_index, strict=True)}
    assert expected
    # An offset is taken out and depth does not matter; how loud a sound is does a little.
    for name, share in (("offset", 0.02), ("deep", 0.02), ("loud", 0.4)):
        other = read_dcase(folder / "out" / f"{name}.csv")
        found = {*zip(other.frame, other.class_index, strict=True)}
        assert len(expected ^ found) <= share * len(expected), name


@pytest.mark.parametrize("name", ["new\nline", "esc\x1b[31m", "quo'\"te", "<img src=x>", "-dash", "=1+1", "x" * 240])
def test_strange_names_are_only_names(folder, capsys, name):
    soundfile.write(folder / "s.wav", noise(1.0).T, 24_000)
    (folder / "in").mkdir()
    (folder / "s.wav").rename(folder / "in" / f"{name}.wav")
    assert main(["detect", "in", "--out", "out"]) == 0
    assert (folder / "out" / f"{name}.csv").is_file()
    assert "\x1b" not in capsys.readouterr().err


def test_a_failure_is_no_formula_in_a_spreadsheet(folder):
    (folder / "in").mkdir()
    (folder / "in" / "=1+1.wav").write_bytes(b"hello")
    monster = folder / "in"
    assert main(["detect", str(monster / "=1+1.wav"), "in", "--out", "out"]) == 1
    cells = (folder / "out" / "failures.csv").read_text().splitlines()[1:]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


def test_a_pipe_is_refused_at_once(folder, capsys):
    import os

    os.mkfifo(folder / "pipe.wav")
    assert detect("pipe.wav") == 1
    assert "not a regular file" in capsys.readouterr().err


def test_strict_treats_warnings_as_failures(folder, capsys):
    (folder / "cut.wav").write_bytes(wav(noise(10.0))[: 44 + 4 * 148_800])
    assert detect("cut.wav", "--strict") == 1
    assert "warnings: 1, which --strict treats as failures" in capsys.readouterr().err
    assert detect("cut.wav", "--strict", "--quiet", "--again") == 1
    assert "is cut short" not in capsys.readouterr().err
