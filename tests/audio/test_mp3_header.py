"""MP3: counted frames, and notes put right where a decoder would stop early."""

import io

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given, strategies as st

from whence.audio import probe, read
from whence.audio.forward import ForwardFile
from whence.audio.mp3_header import _frame_length, read_mp3_header, recounted
from whence.audio.sources import OpenFile

RATE_HZ = 44_100


def encoded(seconds=6.0, rate_hz=RATE_HZ, channel_count=2, bitrate_mode="VARIABLE"):
    """An MP3 whose bit rate varies a lot: noise by turns with a faint tone."""
    time_s = np.arange(round(seconds * rate_hz))[:, None] / rate_hz
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, (len(time_s), channel_count))
    signal = np.where(time_s % 2 < 1, noise, 0.001 * np.sin(1000 * time_s))
    file = io.BytesIO()
    with sf.SoundFile(
        file, "w", rate_hz, channel_count, format="MP3", bitrate_mode=bitrate_mode, compression_level=0.5
    ) as encoder:
        encoder.write(signal)
    return file.getvalue()


def opened(content):
    return OpenFile("a.mp3", io.BytesIO(content), len(content), "mp3")


def without_note(content):
    return content[_frame_length(content[:4]) :]


def slow_count(content):
    """Frames by their lengths, for a file that holds nothing else."""
    position = count = 0
    while position < len(content):
        position += _frame_length(content[position : position + 4])
        count += 1
    return count


VARIABLE = encoded()


def test_counts_like_the_slow_twin_and_trusts_a_true_note():
    header = read_mp3_header(opened(VARIABLE))
    assert header.frame_count == slow_count(VARIABLE) - 1
    assert abs(header.noted_count - header.frame_count) <= 1
    assert header.trusted


@pytest.mark.parametrize(
    ("rate_hz", "channel_count"), [(44_100, 2), (48_000, 1), (24_000, 2), (16_000, 1), (11_025, 2)]
)
@pytest.mark.parametrize("bitrate_mode", ["VARIABLE", "CONSTANT"])
def test_without_a_note_all_of_it_is_read(tmp_path, rate_hz, channel_count, bitrate_mode):
    content = without_note(encoded(6.0, rate_hz, channel_count, bitrate_mode))
    path = tmp_path / "a.mp3"
    path.write_bytes(content)
    heard = read(path, channels=None if channel_count == 2 else (1, 1))
    assert heard.shape[1] / 24_000 == pytest.approx(6.0, abs=0.15)
    assert np.abs(heard[:, 4 * 24_000 + 6_000 : 5 * 24_000 - 6_000]).max() > 0.1  # the third loud second is there
    assert probe(path).duration_s == pytest.approx(6.0, abs=0.15)


def test_the_library_alone_would_stop_early():
    """Guards the point of it all: should this fail, the detour is no longer needed."""
    samples, _ = sf.read(io.BytesIO(without_note(VARIABLE)))
    assert len(samples) / RATE_HZ < 5


def test_a_varying_bit_rate_is_the_same_sound_in_blocks_of_any_size(tmp_path):
    path = tmp_path / "a.mp3"
    path.write_bytes(VARIABLE)
    with sf.SoundFile(path) as file:
        whole = file.read(dtype="float32")
    for size in (1_000, 4_096, 65_536):
        with ForwardFile(path) as file:
            buffer, blocks = np.empty((size, 2), np.float32), []
            while len(block := file.read(out=buffer)):
                blocks.append(block.copy())
        assert np.array_equal(np.concatenate(blocks), whole)
    heard, expected = read(path), read((whole.T, RATE_HZ))
    assert np.array_equal(heard, expected)


def test_soundfile_alone_would_give_another_sound_in_blocks(tmp_path):
    """Guards the point of it all: should this fail, the detour is no longer needed."""
    path = tmp_path / "a.mp3"
    path.write_bytes(VARIABLE)
    with sf.SoundFile(path) as file:
        whole = file.read(dtype="float32")
    blocks = np.concatenate(list(sf.blocks(path, 4_096, dtype="float32")))
    assert np.abs(blocks - whole).max() > 0.1


def test_files_joined_end_to_end_are_read_to_the_end(tmp_path):
    path = tmp_path / "a.mp3"
    path.write_bytes(VARIABLE * 3)
    assert read(path).shape[1] / 24_000 == pytest.approx(18.0, abs=0.3)


def test_tags_in_front_and_behind_are_stepped_over(tmp_path):
    header = read_mp3_header(opened(b"ID3\4\0\0\0\0\x02\0" + bytes(256) + VARIABLE + b"TAG" + bytes(125)))
    assert header.frame_count == slow_count(VARIABLE) - 1
    assert header.trusted


def test_rubbish_between_frames_is_stepped_over():
    frames = without_note(VARIABLE)
    first = _frame_length(frames[:4])
    content = frames[:first] + b"\xff\xfb\x00rubbish" * 40 + frames[first:]
    assert read_mp3_header(opened(content)).frame_count == slow_count(frames)


def test_recounted_says_the_count():
    source = opened(without_note(VARIABLE))
    header = read_mp3_header(source)
    again = io.BufferedReader(recounted(source, header)).read()
    note = read_mp3_header(opened(again))
    assert note.noted_count == header.frame_count == slow_count(VARIABLE) - 1


def test_a_file_of_false_starts_is_given_up_soon():
    # Each looks like a frame that is followed by none: the search must be bounded.
    content = VARIABLE[:4000] + b"\xff\xfb\x90\x64" * 500_000
    header = read_mp3_header(opened(content))
    assert header.frame_count > 0


@pytest.mark.parametrize("content", [b"", b"ID3", b"\xff\xfb", b"ID3\4\0\0\0\0\1\0" + bytes(200), bytes(3000)])
def test_what_has_no_frame_has_no_header(content):
    assert read_mp3_header(opened(content)) is None


@given(st.binary(max_size=200), st.integers(0, 3000))
def test_any_bytes_after_a_good_start_do_no_harm(rest, cut):
    header = read_mp3_header(opened(VARIABLE[:cut] + rest))
    assert header is None or header.frame_count >= 0
