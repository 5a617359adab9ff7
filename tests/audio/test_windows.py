"""Windows: exactly the same samples as in the decoded whole, for every format, start and channel count."""

import numpy as np
import pytest
import soundfile as sf

from whence.audio import probe, read_window
from whence.errors import AudioError

RATE_HZ = 24_000


def noise(seconds=4.0, channel_count=2):
    generator = np.random.default_rng(0)
    return generator.uniform(-0.3, 0.3, (channel_count, round(seconds * RATE_HZ))).astype(np.float32)


@pytest.mark.parametrize(
    ("container", "subtype"),
    [
        ("WAV", "PCM_16"),
        ("WAV", "FLOAT"),
        ("RF64", "PCM_24"),
        ("FLAC", "PCM_16"),
        ("OGG", "VORBIS"),
        ("OGG", "OPUS"),
        ("MP3", "MPEG_LAYER_III"),
    ],
)
def test_a_window_is_a_slice_of_the_whole(tmp_path, container, subtype):
    path = tmp_path / "a.sound"
    signal = noise(12.0)
    if subtype == "OPUS":  # a gliding tone makes the decoder depend longest on what came before
        time_s = np.arange(signal.shape[1]) / RATE_HZ
        signal = signal / 6 + 0.3 * np.sin(2 * np.pi * (200 + 50 * time_s) * time_s)
    sf.write(path, signal.T, RATE_HZ, format=container, subtype=subtype)
    with sf.SoundFile(path) as file:
        whole = file.read(dtype="float32")
    last = 12 * RATE_HZ - 5_000
    starts = np.random.default_rng(1).integers(0, last, 150).tolist()
    # Without a run-up, Opus decodes slightly differently, but of these starts only from the 118th.
    for start in [0, 1, 999, *starts[:30], starts[117], last]:
        window = read_window(path, start, 5_000)
        assert window.shape == (2, 5_000)
        assert window.flags.c_contiguous
        assert np.array_equal(window, whole[start : start + 5_000].T), start


def test_a_window_of_an_mp3_of_varying_bit_rate(tmp_path):
    path = tmp_path / "a.mp3"
    time_s = np.arange(12 * RATE_HZ)[:, None] / RATE_HZ
    signal = np.where(time_s % 2 < 1, noise(12.0).T, 0.001 * np.sin(1000 * time_s))
    with sf.SoundFile(path, "w", RATE_HZ, 2, format="MP3", bitrate_mode="VARIABLE", compression_level=0.5) as encoder:
        encoder.write(signal)
    with sf.SoundFile(path) as file:
        whole = file.read(dtype="float32")
    for start in (0, 1, 30_000, 150_000, 250_000):
        assert np.array_equal(read_window(path, start, 5_000), whole[start : start + 5_000].T), start


def test_four_channels_of_a_long_recording(tmp_path):
    path = tmp_path / "foa.wav"
    signal = noise(10.0, 4)
    sf.write(path, signal.T, RATE_HZ, subtype="FLOAT")
    assert np.array_equal(read_window(path, 50_000, 120_000), signal[:, 50_000:170_000])
    assert np.array_equal(read_window(path, 0, signal.shape[1]), signal)


def test_only_the_window_is_read(tmp_path):
    # An hour of recording whose rest is not there would be no obstacle; decoding it all would be.
    path = tmp_path / "a.wav"
    sf.write(path, noise(1.0, 4).T, RATE_HZ)
    with path.open("r+b") as file:
        file.truncate(40_000_000_000)  # sparse
        file.seek(40)
        file.write((0xFFFFFF00).to_bytes(4, "little"))
    assert read_window(path, 500_000_000, 1_000).shape == (4, 1_000)


def test_a_window_of_nothing(tmp_path):
    path = tmp_path / "a.wav"
    sf.write(path, noise(1.0).T, RATE_HZ)
    assert read_window(path, 100, 0).shape == (2, 0)


@pytest.mark.parametrize(("start", "count"), [(23_000, 1_001), (24_000, 1), (10**9, 5), (2**62, 1)])
@pytest.mark.parametrize("container", ["WAV", "FLAC", "OGG"])
def test_refuses_what_lies_behind_the_end(tmp_path, monkeypatch, container, start, count):
    monkeypatch.chdir(tmp_path)
    sf.write("a.sound", noise(1.0).T, RATE_HZ, format=container)
    with pytest.raises(AudioError, match=rf"^a\.sound ends before sample {start + count} \(asked from {start} on\)$"):
        read_window("a.sound", start, count)


@pytest.mark.parametrize(("start", "count"), [(-1, 10), (0, -1)])
def test_refuses_negative_starts_and_lengths(tmp_path, start, count):
    with pytest.raises(AudioError, match="starts at sample 0 or later"):
        read_window(tmp_path / "a.wav", start, count)


def test_refuses_a_window_with_samples_that_are_not_numbers(tmp_path):
    path = tmp_path / "a.wav"
    signal = noise(1.0)
    signal[0, 500] = np.nan
    sf.write(path, signal.T, RATE_HZ, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"a\.wav: 1 samples from 400 to 600 are not numbers$"):
        read_window(path, 400, 200)
    assert read_window(path, 501, 200).shape == (2, 200)


def test_refuses_a_window_that_a_cut_file_lost(tmp_path):
    path = tmp_path / "a.wav"
    sf.write(path, noise(1.0).T, RATE_HZ)
    path.write_bytes(path.read_bytes()[:50_000])
    assert probe(path).sample_count == 24_000
    with pytest.raises(AudioError, match="ends before sample"):
        read_window(path, 20_000, 1_000)


def test_a_probe_reads_only_the_header(tmp_path):
    path = tmp_path / "a.flac"
    sf.write(path, noise(4.0, 4).T, RATE_HZ)
    path.write_bytes(path.read_bytes()[:5_000])
    info = probe(path)
    assert (info.sample_rate_hz, info.channel_count, info.sample_count) == (RATE_HZ, 4, 96_000)
    assert info.duration_s == 4.0
