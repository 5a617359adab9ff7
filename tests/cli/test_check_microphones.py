"""`whence check` of one sound, and of three claps, as a user types it."""

import numpy as np
import pytest
import scipy.signal

from whence.audio import read, read_microphones, write
from whence.cli.main import main

RATE = 24_000


def clap(path, spaced=0, louder_left=1.0):
    """A clap that is earlier on the left by so many samples, and louder there."""
    signal = np.random.default_rng(1).normal(0, 1e-3, (2, 2 * RATE))
    click = np.random.default_rng(2).normal(0, 0.1, 120)
    for channel, (late, gain) in enumerate(((max(-spaced, 0), louder_left), (max(spaced, 0), 1.0))):
        signal[channel, RATE + late : RATE + late + 120] += gain * click
    write(path, signal.astype(np.float32))
    return str(path)


def test_a_clap_at_the_left_says_which_side_is_left(tmp_path, capsys):
    assert main(["check", clap(tmp_path / "a.wav", 12), "--clap-left"]) == 0
    assert "Left is left: the clap is 0.50 ms earlier there" in capsys.readouterr().out
    assert main(["check", clap(tmp_path / "b.wav", -12), "--clap-left"]) == 1
    assert "Swapped channels: the clap at the left is 0.50 ms earlier on the right" in capsys.readouterr().out


def test_mono_is_said(tmp_path, capsys):
    assert main(["check", clap(tmp_path / "a.wav")]) == 0
    signal = np.random.default_rng(0).normal(0, 0.1, (1, RATE)).repeat(2, axis=0).astype(np.float32)
    write(tmp_path / "mono.wav", signal)
    capsys.readouterr()
    assert main(["check", str(tmp_path / "mono.wav")]) == 1
    assert "mono copied twice" in capsys.readouterr().out


def test_three_claps_become_a_description(tmp_path, capsys):
    names = [clap(tmp_path / f"{spaced}.wav", spaced) for spaced in (14, 0, -14)]
    out = tmp_path / "mine.yaml"
    assert main(["check", "--calibrate", *names, "--out", str(out)]) == 0
    assert "omnis" in capsys.readouterr().out
    assert read_microphones(str(out)).spacing_m == pytest.approx(0.2, abs=0.01)


def test_what_cannot_be_is_one_sentence(tmp_path, capsys):
    names = [clap(tmp_path / f"{number}.wav", spaced) for number, spaced in enumerate((14, 0, 14))]
    out = tmp_path / "mine.yaml"
    assert main(["check", "--calibrate", *names]) == 2
    assert "--out mine.yaml" in capsys.readouterr().err
    assert main(["check", "--calibrate", *names, "--out", str(out)]) == 2
    err = capsys.readouterr().err
    assert "both on the left" in err
    assert err.count("\n") == 1
    assert not out.exists()
    assert main(["check"]) == 2


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--json"], "for folders"),
        (["--out", "mine.yaml"], "add --calibrate"),
        (["--calibrate", "a.wav", "b.wav", "c.wav"], "nothing else than --out"),
        (["--microphones", "foa"], "foa needs four channels"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(flags, words, tmp_path, capsys):
    assert main(["check", clap(tmp_path / "a.wav"), *flags]) == 2
    assert words in capsys.readouterr().err


def test_a_clap_is_in_a_sound_and_not_in_a_folder(tmp_path, capsys):
    assert main(["check", str(tmp_path), "--clap-left"]) == 2
    assert "for one sound" in capsys.readouterr().err


def background(width=0.6, seconds=22):
    """Sound from all around: mid and a fainter side that are independent."""
    mid, side = np.random.default_rng(4).normal(0, 0.02, (2, seconds * RATE))
    return np.stack([mid + width * side, mid - width * side]).astype(np.float32)


def test_the_channels_that_are_named_are_checked(tmp_path, capsys):
    six = np.random.default_rng(0).normal(0, 1e-3, (6, 2 * RATE)).astype(np.float32)
    two = read(clap(tmp_path / "two.wav", 12))
    six[[1, 5]] = two
    write(tmp_path / "six.wav", six)
    words = ["check", str(tmp_path / "six.wav"), "--channels", "2,6"]
    assert main([*words, "--clap-left"]) == 0
    assert "Left is left: the clap is 0.50 ms earlier there" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "six.wav"), "--channels", "6,2", "--clap-left"]) == 1
    assert "Swapped channels" in capsys.readouterr().out


def test_claps_for_a_description_may_be_in_other_channels(tmp_path):
    names = []
    for spaced in (14, 0, -14):
        four = np.zeros((4, 2 * RATE), np.float32)
        four[2:] = read(clap(tmp_path / "two.wav", spaced))
        write(tmp_path / f"{spaced}.wav", four)
        names.append(str(tmp_path / f"{spaced}.wav"))
    out = tmp_path / "mine.yaml"
    assert main(["check", "--channels", "3,4", "--calibrate", *names, "--out", str(out)]) == 0
    assert read_microphones(str(out)).spacing_m == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize(
    ("gains", "words"),
    [
        ((1.0, 0.4), "Wrong: the left channel is "),
        ((0.01, 1.0), "Wrong: the left channel is nearly silent, 40 dB"),
        ((0.0, 1.0), "Wrong: left channel is silent"),
    ],
)
def test_faults_of_the_pair_are_said_first_and_counted(gains, words, tmp_path, capsys):
    write(tmp_path / "a.wav", background() * np.array(gains, np.float32)[:, None])
    assert main(["check", str(tmp_path / "a.wav")]) == 1
    assert capsys.readouterr().out.startswith(words)


def test_a_covered_microphone_is_not_taken_for_a_spaced_one(tmp_path, capsys):
    signal = background(seconds=5)
    low = scipy.signal.butter(2, 3_000, fs=RATE, output="sos")
    signal[1] = scipy.signal.sosfilt(low, signal[1])
    write(tmp_path / "a.wav", signal)
    assert main(["check", str(tmp_path / "a.wav")]) == 1
    out = capsys.readouterr().out
    assert "Wrong: the right channel lacks" in out
    assert "spaced" not in out


def test_what_is_wrong_with_the_sound_is_said_once(tmp_path, capsys):
    signal = background(seconds=3)
    signal[0, 1_000:40_000] = 1.0
    write(tmp_path / "a.wav", signal)
    assert main(["check", str(tmp_path / "a.wav")]) == 1
    captured = capsys.readouterr()
    assert (captured.out + captured.err).count("of samples are clipped") == 1
