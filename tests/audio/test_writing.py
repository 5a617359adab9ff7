"""Writing: what is written is what is read back, and what cannot be is refused before anything is touched."""

import os
import resource
import subprocess
import sys

import numpy as np
import pytest
import soundfile as sf
from hypothesis import HealthCheck, given, settings, strategies as st

from whence.audio import read, read_window, write, writing
from whence.errors import AudioError


def noise(count=4_800, channel_count=2, level=0.5):
    return np.random.default_rng(0).uniform(-level, level, (channel_count, count)).astype(np.float32)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(-32768, 32767), min_size=1, max_size=50),
    st.integers(1, 5),
    st.sampled_from([".wav", ".flac"]),
    st.sampled_from([np.float32, np.float64]),
)
def test_sixteen_bit_samples_come_back_exactly(tmp_path, steps, channel_count, suffix, dtype):
    signal = (np.array([steps] * channel_count) / 32768).astype(dtype)
    path = tmp_path / f"a{suffix}"
    write(path, signal)
    again, rate_hz = sf.read(path, dtype="int16", always_2d=True)
    assert rate_hz == 24_000
    assert np.array_equal(again.T, np.array([steps] * channel_count))
    assert np.array_equal(read_window(path, 0, len(steps)), signal.astype(np.float32))


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_twenty_four_bit_samples_come_back_exactly(tmp_path, suffix):
    steps = np.array([[0, 1, -1, 2**23 - 1, -(2**23), 12345], [5, 4, 3, 2, 1, 0]])
    write(tmp_path / f"a{suffix}", steps / 2**23, subtype="PCM_24")
    again, _ = sf.read(tmp_path / f"a{suffix}", dtype="int32")
    assert np.array_equal(again.T >> 8, steps)
    assert sf.info(tmp_path / f"a{suffix}").subtype == "PCM_24"


def test_float_samples_come_back_exactly_even_beyond_full_scale(tmp_path):
    signal = noise(level=30.0)
    write(tmp_path / "a.wav", signal, subtype="FLOAT", sample_rate_hz=48_000)
    again, rate_hz = sf.read(tmp_path / "a.wav", dtype="float32")
    assert rate_hz == 48_000
    assert np.array_equal(again.T, signal)


@pytest.mark.parametrize(("subtype", "rate_hz"), [(None, 24_000), ("VORBIS", 44_100), ("OPUS", 48_000)])
def test_ogg_comes_back_about_the_same(tmp_path, subtype, rate_hz):
    time_s = np.arange(rate_hz) / rate_hz
    signal = np.stack([np.sin(2 * np.pi * 440 * time_s), np.cos(2 * np.pi * 440 * time_s)]) * 0.3
    write(tmp_path / "a.ogg", signal, subtype=subtype, sample_rate_hz=rate_hz)
    again, _ = sf.read(tmp_path / "a.ogg")
    assert again.T.shape == signal.shape
    assert np.abs(again.T - signal)[:, 1_000:-1_000].max() < 0.05


def test_full_scale_is_the_last_step(tmp_path):
    write(tmp_path / "a.wav", np.array([[1.0, -1.0]]))
    assert sf.read(tmp_path / "a.wav", dtype="int16")[0].tolist() == [32767, -32768]


def test_one_row_needs_no_second_axis(tmp_path):
    write(tmp_path / "a.wav", noise()[0])
    assert sf.info(tmp_path / "a.wav").channels == 1


def test_an_odd_number_of_bytes_is_padded(tmp_path):
    write(tmp_path / "a.wav", noise(3, 1), subtype="PCM_24")
    assert (tmp_path / "a.wav").stat().st_size == 44 + 10
    assert sf.info(tmp_path / "a.wav").frames == 3


def test_nothing_is_a_file_too(tmp_path):
    write(tmp_path / "a.wav", np.zeros((2, 0)))
    assert read(tmp_path / "a.wav").shape == (2, 0)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_the_same_signal_gives_the_same_bytes_at_any_time(tmp_path, subtype):
    write(tmp_path / "a.wav", noise(), subtype=subtype)
    write(tmp_path / "b.wav", noise(), subtype=subtype)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    assert b"PEAK" not in (tmp_path / "a.wav").read_bytes()[:100]  # the chunk in which libsndfile writes the time


@pytest.mark.parametrize(("subtype", "channel_count"), [("PCM_16", 2), ("PCM_24", 4), ("FLOAT", 2)])
def test_long_files_get_long_lengths(tmp_path, monkeypatch, subtype, channel_count):
    monkeypatch.setattr(writing, "_LARGEST_RIFF_BYTES", 1_000)
    signal = noise(channel_count=channel_count)
    write(tmp_path / "a.wav", signal, subtype=subtype)
    assert (tmp_path / "a.wav").read_bytes()[:4] == b"RF64"
    info = sf.info(tmp_path / "a.wav")
    assert (info.format, info.frames, info.subtype) == ("RF64", 4_800, subtype)
    assert np.abs(read_window(tmp_path / "a.wav", 0, 4_800) - signal).max() < 1e-4


@pytest.mark.parametrize(
    ("name", "signal", "options", "message"),
    [
        ("a.mp3", noise(), {}, r"^a\.mp3: no sound format has this ending; there are: \.wav, \.flac, \.ogg$"),
        ("a", noise(), {}, "no sound format has this ending"),
        (
            "a.wav",
            noise(),
            {"subtype": "PCM_8"},
            r"^a\.wav: \.wav cannot hold PCM_8; there are: PCM_16, PCM_24, FLOAT$",
        ),
        ("a.flac", noise(), {"subtype": "FLOAT"}, r"\.flac cannot hold FLOAT"),
        ("a.ogg", noise(), {"subtype": "PCM_16"}, r"\.ogg cannot hold PCM_16; there are: VORBIS, OPUS$"),
        ("a.wav", noise() * 3, {}, r"^a\.wav: peak 1\.[0-9]+ would be cut off at 1; scale the signal, or"),
        ("a.flac", np.array([[1.0001]]), {}, r"^a\.flac: peak 1 would be cut off|^a\.flac: peak 1\.0"),
        (
            "a.wav",
            np.array([[0, np.nan], [0, np.inf]]),
            {},
            "2 samples are not numbers, first in channel 1 at sample 1$",
        ),
        ("a.wav", np.array([[np.nan]]), {"subtype": "FLOAT"}, "1 samples are not numbers"),
        ("a.wav", np.zeros((2, 3), np.int16), {}, r"a signal is float, shaped \(channel, sample\), not int16 \(2, 3\)"),
        ("a.wav", np.zeros((2, 2, 3)), {}, "a signal is float, shaped"),
        ("a.wav", np.float32(0.5), {}, "a signal is float, shaped"),
        ("a.wav", "noise", {}, "a signal is float, shaped"),
        ("a.wav", np.zeros((4_800, 2)), {}, "has its axes exchanged; channels come first$"),
        ("a.wav", noise(), {"sample_rate_hz": 0}, "no sound has a sample rate of 0 Hz$"),
        ("a.wav", noise(), {"sample_rate_hz": 44_100.5}, r"no sound has a sample rate of 44100\.5 Hz$"),
        (
            "a.ogg",
            noise(),
            {"subtype": "OPUS", "sample_rate_hz": 44_100},
            r"OPUS does not take 2 channels at 44100 Hz \(",
        ),
        ("a.flac", noise(channel_count=12), {}, r"PCM_16 does not take 12 channels at 24000 Hz \("),
        ("none/a.wav", noise(), {}, r"^none/a\.wav: no such folder$"),
    ],
)
def test_refuses_and_touches_nothing(tmp_path, monkeypatch, name, signal, options, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.wav").write_bytes(b"old")
    with pytest.raises(AudioError, match=message):
        write(name, signal, **options)
    assert (tmp_path / "a.wav").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


def test_refuses_a_folder_of_that_name(tmp_path):
    (tmp_path / "a.wav").mkdir()
    with pytest.raises(AudioError, match=r"a\.wav: cannot be written \(Is a directory\)$"):
        write(tmp_path / "a.wav", noise())
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="asks the system to cap file sizes")
@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_a_full_disk_leaves_the_old_file_and_says_so(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"old")
    script = """
import resource, signal, sys
import numpy as np
from whence.errors import AudioError
from whence.audio import write
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    write(sys.argv[1], np.random.default_rng(0).uniform(-1, 1, (2, 240_000)))
except AudioError:
    print("a fault of the signal")
except OSError as error:
    print("a fault of the disk", error.errno)
"""
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("a fault of the disk"), done.stdout + done.stderr
    assert done.stderr == ""
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == [path.name]  # noqa: PTH208
