"""WAV headers: what they promise, what is there, and headers put right."""

import io
import struct

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given, strategies as st

from whence.audio.sources import OpenFile
from whence.audio.wav_header import read_wav_header, straightened
from whence.errors import AudioError

PCM = np.arange(200, dtype="<i2").tobytes()  # 100 stereo samples
FORMAT = struct.pack("<HHIIHH", 1, 2, 24_000, 96_000, 4, 16)


def chunk(name, content, size=None):
    return struct.pack("<4sI", name, len(content) if size is None else size) + content


def riff(*chunks, size=None):
    body = b"WAVE" + b"".join(chunks)
    return struct.pack("<4sI", b"RIFF", len(body) if size is None else size) + body


def opened(content):
    return OpenFile("a.wav", io.BytesIO(content), len(content), "wav")


def written(container, subtype="PCM_16"):
    file = io.BytesIO()
    sf.write(file, np.arange(200).reshape(100, 2) / 32768, 24_000, format=container, subtype=subtype)
    return file.getvalue()


@pytest.mark.parametrize("container", ["WAV", "WAVEX", "RF64", "W64"])
@pytest.mark.parametrize("missing", [0, 1, 100])
def test_promise_and_truth(container, missing):
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
def test_straightened_files_decode_to_the_same_samples(content, plain):
    source = opened(content)
    header = read_wav_header(source)
    assert header.plain == plain
    assert header.promised == header.held == 400
    samples, rate_hz = sf.read(straightened(source, header), dtype="int16")
    assert rate_hz == 24_000
    assert samples.tobytes() == PCM


def test_an_empty_sound_before_other_chunks_is_empty_not_unfinished():
    header = read_wav_header(opened(riff(chunk(b"fmt ", FORMAT), chunk(b"data", b""), chunk(b"LIST", b"INFO"))))
    assert (header.promised, header.held, header.plain) == (0, 0, True)


@pytest.mark.parametrize(("promise", "unknown"), [(0xFFFFFFFF, True), (0x7FFFF000, True), (0x70000000, False)])
def test_stand_ins_for_an_unknown_length(promise, unknown):
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
