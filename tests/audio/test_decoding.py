"""Decoding by libsndfile: what it does not report is found, and what it decodes before an error is kept."""

import io
import logging
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from whence.audio import probe, read
from whence.audio.decoding import ForwardFile, file_sound
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
def test_a_flac_without_a_length_is_read_to_the_end(path, caplog, seconds):
    signal = noise(seconds)
    content = written(signal)
    whole, _ = sf.read(io.BytesIO(content), dtype="float32")
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path.write_bytes(content)
    assert probe(path).sample_count is None
    assert np.array_equal(read(path), whole.T)
    assert warned(caplog) == []


@pytest.mark.parametrize("places", [(0.5,), (0.2, 0.7), (0.002,)])
@pytest.mark.parametrize("length", [300, 5_000, 40_000])
def test_a_flac_is_read_on_behind_damage_and_keeps_its_times(path, caplog, places, length):
    signal = noise(20.0)
    whole = written(signal)
    path.write_bytes(whole)
    expected = read("a.sound")
    content = whole
    for place in places:
        middle = int(len(content) * place)
        content[middle : middle + length] = np.random.default_rng(1).bytes(length)
    path.write_bytes(content)
    sound = read(path)
    assert sound.shape == expected.shape
    same = (sound == expected).all(axis=0)
    assert same.mean() > 1 - len(places) * (0.05 + 2 * length / len(content))
    assert same[-24_000:].all()
    assert not sound[:, ~same].any()  # nothing but silence
    (warning,) = warned(caplog)
    where = "" if len(places) == 1 else "in 2 places, first "
    assert warning.startswith(f"a.sound is damaged {where}at {np.argmin(same) / RATE_HZ:.1f} s; ")
    assert probe(path).duration_s == 20
    for start in (np.argmin(same) - 5_000, np.argmin(same) + 500, 440_000):
        with opened_path(path) as source, file_sound(source, max(start, 0)) as later:
            rest = np.concatenate([block.copy() for block in later.blocks()])
        assert np.array_equal(rest.T, sound[:, max(start, 0) :])


def test_a_flac_damaged_to_its_end_is_used_up_to_there(path, caplog):
    content = written(noise(10.0))
    middle = len(content) // 2
    content[middle:] = np.random.default_rng(1).bytes(len(content) - middle)
    path.write_bytes(content)
    sound = read(path)
    assert 4 < sound.shape[1] / RATE_HZ < 5.2
    assert warned(caplog) == [f"a.sound is cut short: {sound.shape[1] / RATE_HZ:.1f} of 10.0 s"]


@pytest.mark.parametrize(("container", "subtype"), [("OGG", "VORBIS"), ("OGG", "OPUS"), ("FLAC", "PCM_16")])
def test_a_recording_that_follows_the_first_is_reported(path, caplog, container, subtype):
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


@pytest.mark.parametrize("container", ["AIFF", "AU", "W64"])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "ULAW"])
@pytest.mark.parametrize("channel_count", [1, 2, 5])
def test_the_promise_of_a_cut_file_is_known(path, container, subtype, channel_count):
    sf.write(path, np.zeros((1_234, channel_count)), RATE_HZ, format=container, subtype=subtype)
    assert probe(path).sample_count == 1_234
    path.write_bytes(path.read_bytes()[:200])
    # W64 lengths are known up to 7 bytes.
    assert 1_234 - (7 if container == "W64" else 0) <= probe(path).sample_count <= 1_234


@pytest.mark.parametrize(("data_bytes", "count"), [(0xFFFFFFFF, 10), (8, 2), (40, 10), (100, 25)])
def test_an_au_file_that_promises_nothing_has_what_it_holds(path, data_bytes, count):
    path.write_bytes(struct.pack(">4s5I", b".snd", 24, data_bytes, 3, RATE_HZ, 2) + bytes(40))
    assert probe(path).sample_count == count


def varying_mp3(path):
    """An MP3 whose bit rate varies a lot, and its samples decoded at once: noise by turns with a faint tone."""
    time_s = np.arange(6 * RATE_HZ)[:, None] / RATE_HZ
    signal = np.where(time_s % 2 < 1, noise(6.0).T, 0.001 * np.sin(1000 * time_s))
    with sf.SoundFile(path, "w", RATE_HZ, 2, format="MP3", bitrate_mode="VARIABLE", compression_level=0.5) as encoder:
        encoder.write(signal)
    with sf.SoundFile(path) as file:
        return file.read(dtype="float32")


def test_a_varying_bit_rate_is_the_same_sound_in_blocks_of_any_size(path):
    whole = varying_mp3(path)
    for size in (1_000, 4_096, 65_536):
        with ForwardFile(path) as file:
            buffer, blocks = np.empty((size, 2), np.float32), []
            while len(block := file.read(out=buffer)):
                blocks.append(block.copy())
        assert np.array_equal(np.concatenate(blocks), whole)
    assert np.array_equal(read(path), read((whole.T, RATE_HZ)))


def test_soundfile_alone_would_give_another_sound_in_blocks(path):
    """If this fails, ForwardFile is not needed any more."""
    whole = varying_mp3(path)
    blocks = np.concatenate(list(sf.blocks(path, 4_096, dtype="float32")))
    assert np.abs(blocks - whole).max() > 0.1
