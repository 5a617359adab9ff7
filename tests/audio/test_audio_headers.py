"""Headers of WAV and MP3 files: what they promise, what is there, and files behind a corrected header."""

import io
import struct

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given, settings, strategies as st

from whence.audio import probe, read
from whence.audio.headers import (
    _frame_length,
    corrected_mp3,
    corrected_wav,
    read_mp3_header,
    read_wav_header,
)
from whence.audio.sources import OpenFile
from whence.audio.splicing import Splice
from whence.errors import AudioError

PCM = np.arange(200, dtype="<i2").tobytes()  # 100 stereo samples
FORMAT = struct.pack("<HHIIHH", 1, 2, 24_000, 96_000, 4, 16)


def chunk(name, content, size=None):
    return struct.pack("<4sI", name, len(content) if size is None else size) + content


def riff(*chunks, size=None):
    body = b"WAVE" + b"".join(chunks)
    return struct.pack("<4sI", b"RIFF", len(body) if size is None else size) + body


def opened(content, container="wav"):
    return OpenFile(f"a.{container}", io.BytesIO(content), len(content), container)


def written(container, subtype="PCM_16"):
    file = io.BytesIO()
    sf.write(file, np.arange(200).reshape(100, 2) / 32768, 24_000, format=container, subtype=subtype)
    return file.getvalue()


@pytest.mark.parametrize("container", ["WAV", "WAVEX", "RF64"])
@pytest.mark.parametrize("missing", [0, 1, 100])
def test_a_header_is_read_with_what_is_promised_and_what_is_there(container, missing):
    content = written(container)
    content = content[: content.find(PCM) + len(PCM) - missing]
    header = read_wav_header(opened(content))
    assert header.promised == 400
    assert header.held == 400 - missing
    assert header.data_start == content.find(PCM[:50])
    assert header.block_bytes == 4
    assert header.plain
    assert not header.length_unknown


@pytest.mark.parametrize(
    ("content", "plain"),
    [
        (riff(chunk(b"fmt ", FORMAT), chunk(b"data", PCM)), True),
        (riff(chunk(b"JUNK", bytes(8)), chunk(b"fmt ", FORMAT), chunk(b"data", PCM)), True),
        (riff(chunk(b"data", PCM), chunk(b"fmt ", FORMAT)), False),
        (riff(chunk(b"fmt ", FORMAT), chunk(b"JUNK", bytes(3)), chunk(b"data", PCM)), False),
        (riff(chunk(b"fmt ", FORMAT), chunk(b"JUNK", bytes(3)) + b"\0", chunk(b"data", PCM)), True),
        (riff(chunk(b"fmt ", FORMAT), chunk(b"fmt ", FORMAT), chunk(b"data", PCM)), False),
        (riff(chunk(b"fmt ", FORMAT), chunk(b"data", PCM, 0), size=0), False),
        (riff(chunk(b"fmt ", FORMAT), chunk(b"data", PCM, 0), size=36), False),
    ],
)
def test_corrected_files_decode_to_the_same_samples(content, plain):
    source = opened(content)
    header = read_wav_header(source)
    assert header.plain == plain
    assert header.promised == header.held == 400
    samples, rate_hz = sf.read(corrected_wav(source, header), dtype="int16")
    assert rate_hz == 24_000
    assert samples.tobytes() == PCM


def test_an_empty_sound_before_other_chunks_is_empty_not_unfinished():
    header = read_wav_header(opened(riff(chunk(b"fmt ", FORMAT), chunk(b"data", b""), chunk(b"LIST", b"INFO"))))
    assert (header.promised, header.held, header.plain) == (0, 0, True)


@pytest.mark.parametrize(("promise", "unknown"), [(0xFFFFFFFF, True), (0x7FFFF000, True), (0x70000000, False)])
def test_placeholders_for_an_unknown_length(promise, unknown):
    header = read_wav_header(opened(riff(chunk(b"fmt ", FORMAT), chunk(b"data", PCM, promise))))
    assert header.length_unknown == unknown
    assert (header.promised, header.held) == (promise, 400)


@pytest.mark.parametrize(
    "content", [b"RIFF", riff(), riff(chunk(b"fmt ", FORMAT)), riff(chunk(b"data", PCM)), b"riff" + bytes(60)]
)
def test_headers_without_format_or_sound_are_left_to_the_decoder(content):
    assert read_wav_header(opened(content)) is None


@pytest.mark.parametrize(
    ("offset", "number", "reason"),
    [(2, 0, "0 channels"), (2, 2000, "2000 channels"), (4, 0, "rate 0")],
)
def test_refuses_impossible_numbers(offset, number, reason):
    format_chunk = bytearray(FORMAT)
    format_chunk[offset : offset + 2] = number.to_bytes(2, "little")
    with pytest.raises(AudioError, match=rf"^a\.wav: impossible header \({reason}\)$"):
        read_wav_header(opened(riff(chunk(b"fmt ", bytes(format_chunk)), chunk(b"data", PCM))))


def test_refuses_a_format_too_short_to_say_anything():
    with pytest.raises(AudioError, match=r"impossible header \(format of 8 bytes\)$"):
        read_wav_header(opened(riff(chunk(b"fmt ", FORMAT[:8]), chunk(b"data", PCM))))


@given(st.sampled_from([b"RIFF", b"RF64", b"riff"]), st.binary(max_size=300))
def test_any_bytes_give_a_header_or_nothing_or_our_error(start, rest):
    content = start + rest
    try:
        header = read_wav_header(opened(content))
    except AudioError:
        return
    assert header is None or 0 <= header.held <= len(content)


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


def opened_mp3(content):
    return opened(content, "mp3")


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


def test_frames_are_counted_like_the_slow_twin_and_a_true_note_is_trusted():
    header = read_mp3_header(opened_mp3(VARIABLE))
    assert header.frame_count == slow_count(VARIABLE) - 1
    assert abs(header.noted_count - header.frame_count) <= 1
    assert header.plain


@pytest.mark.parametrize(
    ("rate_hz", "channel_count"), [(44_100, 2), (48_000, 1), (24_000, 2), (16_000, 1), (11_025, 2)]
)
@pytest.mark.parametrize("bitrate_mode", ["VARIABLE", "CONSTANT"])
def test_without_a_note_all_of_it_is_read(tmp_path, rate_hz, channel_count, bitrate_mode):
    content = without_note(encoded(6.0, rate_hz, channel_count, bitrate_mode))
    path = tmp_path / "a.mp3"
    path.write_bytes(content)
    sound = read(path, channels=None if channel_count == 2 else (1, 1))
    assert sound.shape[1] / 24_000 == pytest.approx(6.0, abs=0.15)
    assert np.abs(sound[:, 4 * 24_000 + 6_000 : 5 * 24_000 - 6_000]).max() > 0.1  # the third loud second is there
    assert probe(path).duration_s == pytest.approx(6.0, abs=0.15)


def test_the_library_alone_would_stop_early():
    """If this fails, frames need not be counted any more."""
    samples, _ = sf.read(io.BytesIO(without_note(VARIABLE)))
    assert len(samples) / RATE_HZ < 5


def test_files_joined_end_to_end_are_read_to_the_end(tmp_path):
    path = tmp_path / "a.mp3"
    path.write_bytes(VARIABLE * 3)
    assert read(path).shape[1] / 24_000 == pytest.approx(18.0, abs=0.3)


def test_tags_in_front_and_behind_are_skipped():
    header = read_mp3_header(opened_mp3(b"ID3\4\0\0\0\0\x02\0" + bytes(256) + VARIABLE + b"TAG" + bytes(125)))
    assert header.frame_count == slow_count(VARIABLE) - 1
    assert header.plain


def test_rubbish_between_frames_is_skipped():
    frames = without_note(VARIABLE)
    first = _frame_length(frames[:4])
    content = frames[:first] + b"\xff\xfb\x00rubbish" * 40 + frames[first:]
    assert read_mp3_header(opened_mp3(content)).frame_count == slow_count(frames)


def tones(rate_hz, mode):
    """Three short tones in faint noise, as MP3."""
    time_s = np.arange(10 * rate_hz) / rate_hz
    tone = sum(
        np.where((time_s >= at) & (time_s < at + 0.2), np.sin(2_000 * np.pi * time_s), 0) for at in (1.5, 4.5, 7.5)
    )
    signal = 0.5 * np.stack([tone, tone * 0.8], axis=1) + np.random.default_rng(0).normal(0, 0.001, (len(time_s), 2))
    file = io.BytesIO()
    with sf.SoundFile(file, "w", rate_hz, 2, format="MP3", bitrate_mode=mode) as encoder:
        encoder.write(signal)
    return file.getvalue()


@pytest.mark.parametrize("rate_hz", [48_000, 24_000])
@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
@pytest.mark.parametrize("note", [True, False])
@pytest.mark.parametrize(
    ("length", "filling"), [(300, "random"), (3_000, "random"), (10_000, "zeros"), (3_000, "lost")]
)
def test_behind_damage_the_rest_is_read_and_keeps_its_times(tmp_path, caplog, rate_hz, mode, note, length, filling):
    whole = tones(rate_hz, mode)
    whole = whole if note else without_note(whole)
    at = len(whole) // 3
    middle = {"random": np.random.default_rng(1).bytes(length), "zeros": bytes(length), "lost": b""}[filling]
    path = tmp_path / "a.mp3"
    path.write_bytes(whole[:at] + middle + whole[at + length :])
    found = read(path)
    loud = (np.abs(found).max(axis=0) > 0.3)[: found.shape[1] // 240 * 240].reshape(-1, 240).any(axis=1)
    onsets = [at / 100 for at in np.flatnonzero(loud) if not loud[max(at - 10, 0) : at].any()]
    # Nobody knows where bytes that are gone were; three frames are 72 ms.
    late = 0.9 if filling == "lost" else 0.08
    assert onsets[0] == pytest.approx(1.5, abs=0.08)
    assert onsets[-2:] == pytest.approx([4.5, 7.5], abs=late)
    assert found.shape[1] / 24_000 == pytest.approx(10, abs=late + 0.1)
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) <= 1
    if length > 300 and filling != "lost":
        assert " is damaged at " in warnings[0]


def test_a_corrected_file_notes_the_true_count():
    source = opened_mp3(without_note(VARIABLE))
    header = read_mp3_header(source)
    note = read_mp3_header(opened_mp3(corrected_mp3(source, header).read()))
    assert note.noted_count == header.frame_count == slow_count(VARIABLE) - 1


def test_a_file_of_false_starts_is_given_up_soon():
    # Each looks like a frame that is followed by none: the search must be bounded.
    content = VARIABLE[:4000] + b"\xff\xfb\x90\x64" * 500_000
    header = read_mp3_header(opened_mp3(content))
    assert header.frame_count > 0


@pytest.mark.parametrize("content", [b"", b"ID3", b"\xff\xfb", b"ID3\4\0\0\0\0\1\0" + bytes(200), bytes(3000)])
def test_what_has_no_frame_has_no_header(content):
    assert read_mp3_header(opened_mp3(content)) is None


@given(st.binary(max_size=200), st.integers(0, 3000))
def test_any_bytes_after_a_good_start_are_harmless(rest, cut):
    header = read_mp3_header(opened_mp3(VARIABLE[:cut] + rest))
    assert header is None or header.frame_count >= 0


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.integers(0, 30), st.just(0)),
        st.tuples(st.just("seek"), st.integers(-40, 40), st.sampled_from([io.SEEK_SET, io.SEEK_CUR, io.SEEK_END])),
    ),
    max_size=20,
)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=20), st.binary(max_size=40), st.integers(0, 40), st.integers(0, 40), MOVES)
def test_equals_the_joined_bytes(front, behind, start, end, moves):
    whole = front + behind[start:end]
    # A file holds no more than it holds: the end is where the caller found it.
    splice, twin = Splice(front, io.BytesIO(behind), start, min(end, len(behind))), io.BytesIO(whole)
    for kind, amount, whence in moves:
        if kind == "read":
            found = b""
            while (more := splice.read(amount - len(found))) and len(found) < amount:
                found += more
            assert found == twin.read(amount)
        else:
            base = {io.SEEK_SET: 0, io.SEEK_CUR: twin.tell(), io.SEEK_END: len(whole)}[whence]
            assert splice.seek(amount, whence) == twin.seek(max(base + amount, 0))
        assert splice.tell() == twin.tell()
