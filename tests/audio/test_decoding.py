"""Decoding by libsndfile: what it hides is found out, and what it breaks off is kept."""

import io
import logging
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from whence.audio import probe, read
from whence.audio.decoding import file_sound
from whence.audio.sources import opened_path
from whence.errors import AudioError

RATE_HZ = 24_000


def noise(seconds=3.0, seed=0):
    return np.random.default_rng(seed).uniform(-0.3, 0.3, (2, round(seconds * RATE_HZ))).astype(np.float32)


def written(signal, container="FLAC", subtype=None):
    file = io.BytesIO()
    sf.write(file, signal.T, RATE_HZ, format=container, subtype=subtype)
    return bytearray(file.getvalue())


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Path("a.sound")


def warned(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("seconds", [0.5, 3.0, 131_072 / RATE_HZ, 11.0])
def test_a_flac_that_does_not_say_its_length_is_read_to_the_end(path, caplog, seconds):
    signal = noise(seconds)
    content = written(signal)
    whole, _ = sf.read(io.BytesIO(content), dtype="float32")
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path.write_bytes(content)
    assert probe(path).sample_count is None
    assert np.array_equal(read(path), whole.T)
    assert warned(caplog) == []


def test_a_flac_damaged_in_the_middle_is_used_up_to_there(path, caplog):
    signal = noise(10.0)
    content = written(signal)
    middle = len(content) // 2
    content[middle : middle + 5000] = np.random.default_rng(1).bytes(5000)
    path.write_bytes(content)
    heard = read(path)
    assert 4 < heard.shape[1] / RATE_HZ < 5.2
    assert np.array_equal(heard, np.round(signal * 32768)[:, : heard.shape[1]] / np.float32(32768))
    assert warned(caplog) == [f"a.sound is cut short: {heard.shape[1] / RATE_HZ:.1f} of 10.0 s"]


@pytest.mark.parametrize(("container", "subtype"), [("OGG", "VORBIS"), ("OGG", "OPUS"), ("FLAC", "PCM_16")])
def test_a_recording_behind_the_first_is_named(path, caplog, container, subtype):
    content = written(noise(12.0), container, subtype)
    path.write_bytes(content)
    alone = read(path)
    assert "follows" not in "".join(warned(caplog))
    path.write_bytes(content + content)
    assert np.array_equal(read(path), alone)
    assert warned(caplog)[-1] == "a.sound is read only up to 12.0 s (another recording follows in the same file)"


def test_the_format_is_what_the_library_calls_it(path):
    path.write_bytes(written(noise(0.1), "AIFF", "PCM_24"))
    assert probe(path).format == "AIFF PCM_24"


@pytest.mark.parametrize(
    ("subtype", "level", "integers"),
    [("PCM_U8", 127 / 128, True), ("PCM_16", 0.9999, True), ("PCM_24", 0.9999, True), ("FLOAT", 0.9999, False)],
)
def test_full_scale_of_each_coding(path, subtype, level, integers):
    path.write_bytes(written(noise(0.1), "WAV", subtype))
    with opened_path(path) as source, file_sound(source) as sound:
        assert (sound.clip_level, sound.integers) == (level, integers)


def test_blocks_hold_the_same_memory_for_any_channel_count(path):
    for channel_count in (1, 2, 64, 1024):
        sf.write(path, np.zeros((5_000, channel_count)), RATE_HZ, format="WAV")
        with opened_path(path) as source, file_sound(source) as sound:
            blocks = [block.size for block in sound.blocks()]
        assert max(blocks) <= 1 << 18
        assert sum(blocks) == 5_000 * channel_count


@pytest.mark.parametrize("container", ["WAV", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF", "W64", "RF64"])
@pytest.mark.parametrize("kept", [5, 13, 40])
def test_the_stump_of_a_header_is_refused_in_words(path, container, kept):
    path.write_bytes(written(noise(0.5), container)[:kept])
    with pytest.raises(AudioError, match=r"^a\.sound: [^\n]{10,90}$") as caught:
        read(path)
    assert "libsndfile" not in str(caught.value).lower()
    assert "  " not in str(caught.value)
