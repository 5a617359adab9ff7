"""Lengths in headers that are stale, missing or wrapped: all the sound is read, and what is no sound is not."""

import io
import logging
import struct

import numpy as np
import pytest
import soundfile as sf

from whence.audio import check, probe, read, read_blocks, read_window
from whence.audio.lengths import longer_file, sound_follows
from whence.audio.sources import opened_path

RATE_HZ = 24_000
SIGNAL = np.random.default_rng(0).uniform(-0.3, 0.3, (2, 4 * RATE_HZ)).astype(np.float32)
BYTES = {"PCM_U8": 1, "PCM_S8": 1, "PCM_16": 2, "PCM_24": 3, "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8, "ULAW": 1, "ALAW": 1}


def written(container, subtype="PCM_16", endian=None):
    file = io.BytesIO()
    sf.write(file, SIGNAL.T, RATE_HZ, format=container, subtype=subtype, endian=endian)
    return bytearray(file.getvalue())


def stating(content, container, data_bytes):
    """The same file with another length of the sound in its header."""
    content, data = bytearray(content), content.find(b"data")
    if container in ("WAV", "WAVEX"):
        content[4:8], content[data + 4 : data + 8] = (struct.pack("<I", more + data_bytes) for more in (data, 0))
    elif container == "RF64":
        at = content.find(b"ds64")
        content[at + 16 : at + 24] = struct.pack("<Q", data_bytes)
    elif container == "AIFF":
        at = content.find(b"SSND")
        content[at + 4 : at + 8] = struct.pack(">I", data_bytes + 8)
    elif container == "AU":
        content[8:12] = struct.pack(">I", data_bytes)
    elif container == "CAF":
        content[data + 4 : data + 12] = struct.pack(">q", data_bytes + 4)
    return bytes(content)


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "a"


def warned(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


CODINGS = [("WAV", subtype) for subtype in ("PCM_U8", "PCM_16", "PCM_24", "FLOAT", "ULAW")]
CODINGS += [("WAVEX", "PCM_24"), ("RF64", "PCM_16"), ("RF64", "FLOAT")]
CODINGS += [("AIFF", subtype) for subtype in ("PCM_S8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAW")]
CODINGS += [("AU", subtype) for subtype in ("PCM_S8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW")]
CODINGS += [("CAF", subtype) for subtype in ("PCM_16", "PCM_24", "FLOAT", "ALAW")]


@pytest.mark.parametrize(("container", "subtype"), CODINGS)
@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_sound_behind_a_stale_length_is_read_and_told(path, caplog, container, subtype, seconds):
    whole = written(container, subtype)
    path.write_bytes(whole)
    expected = read("a")
    assert warned(caplog) == []
    assert longer_of(path) is None
    path.write_bytes(stating(whole, container, round(seconds * RATE_HZ) * 2 * BYTES[subtype]))
    found = read("a")
    assert np.array_equal(found, expected)
    warning = f"a holds 4.0 s, and its header promises {seconds:.1f} s; all of it is read"
    assert warned(caplog) == [warning]
    assert check("a").warnings("a") == [warning]
    assert probe("a").duration_s == 4
    assert probe("a").format.endswith(f" {subtype}")
    assert np.array_equal(read_window("a", 3 * RATE_HZ, RATE_HZ), expected[:, 3 * RATE_HZ :])


def longer_of(path):
    with opened_path(path) as source:
        return longer_file(source)


@pytest.mark.parametrize("endian", ["LITTLE", "BIG"])
def test_the_order_of_bytes_of_an_aiff_is_kept(path, endian):
    path.write_bytes(stating(written("AIFF", endian=endian), "AIFF", 4 * RATE_HZ))
    assert np.abs(read("a") - SIGNAL).max() < 2**-14


def chunk(name, content, order="<"):
    return struct.pack(f"{order}4sI", name, len(content)) + content + bytes(len(content) % 2)


STUFF = bytes(range(256)) * 100
NAMES = {"WAV": b"LIST", "RF64": b"id3 ", "AIFF": b"APPL", "CAF": b"info", "AU": b""}


def chunks(container, *names):
    """Chunks of 25 kB as they follow the sound."""
    if container == "CAF":
        return b"".join(struct.pack(">4sq", name, len(STUFF)) + STUFF for name in names)
    return b"".join(chunk(name, STUFF, ">" if container == "AIFF" else "<") for name in names)


@pytest.mark.parametrize("container", ["WAV", "RF64", "AIFF", "AU", "CAF"])
def test_what_is_no_sound_is_left_out(path, caplog, container):
    known = NAMES[container]
    behind = [b"TAG" + STUFF, b"ID3\4" + STUFF, bytes(50_000), b"rubbish" * 1_300]  # the last is 95 ms
    if known:
        behind += [chunks(container, known), chunks(container, known)[:-1_000], chunks(container, b"xYz9", b"last")]
    for content in behind:
        path.write_bytes(bytes(written(container)) + content)
        assert read("a").shape == SIGNAL.shape
    assert warned(caplog) == []
    path.write_bytes(bytes(written(container)) + b"rubbish" * 1_400)  # more than anyone can tell from sound
    assert read("a").shape[1] > SIGNAL.shape[1]
    assert len(warned(caplog)) == 1


def sparse(path, head, data_bytes, tail):
    with path.open("wb") as file:
        file.write(head)
        file.seek(data_bytes - len(tail), io.SEEK_CUR)
        file.write(tail)


LONG = (1 << 32) + 4 * 10 * RATE_HZ  # bytes; ten seconds by a length of 32 bits


@pytest.mark.parametrize(("container", "order"), [("WAV", "<i2"), ("AIFF", ">i2"), ("AU", ">i2")])
@pytest.mark.parametrize("stated", [LONG % (1 << 32), 0, "pipe"])
def test_lengths_that_begin_anew_after_4_gib(path, container, order, stated):
    unknown = {"WAV": 0xFFFFFFFF, "AU": 0xFFFFFFFF}.get(container, 0)
    whole = written(container)
    data_start = len(whole) - SIGNAL.size * 2
    stated = stating(whole, container, 0 if stated == "pipe" else stated)[:data_start]
    if stated == "pipe" and unknown:
        stated = stated.replace(bytes(4), b"\xff" * 4)
    tail = np.round(SIGNAL.T * 32_768).astype(order).tobytes()
    sparse(path, stated, LONG, tail)
    assert probe(path).sample_count == LONG // 4
    found = read_window(path, LONG // 4 - SIGNAL.shape[1], SIGNAL.shape[1])
    assert np.array_equal(found, np.round(SIGNAL * 32_768) / np.float32(32_768))


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_bw64_is_read_as_rf64_is(path, caplog, subtype):
    content = written("RF64", subtype)
    path.write_bytes(content)
    expected = read("a")
    content[:4] = b"BW64"
    path.write_bytes(bytes(content) + chunk(b"axml", b"<a/>") + chunk(b"chna", bytes(40)))
    assert np.array_equal(read("a"), expected)
    assert np.array_equal(np.concatenate(list(read_blocks("a", 0.3)), axis=1), expected)
    assert warned(caplog) == []
    path.write_bytes(stating(content, "RF64", 100_000))
    assert read("a").shape == expected.shape
    assert len(warned(caplog)) == 1


def test_a_search_among_chunks_ends():
    content = chunk(b"aaaa", b"") * 30_000
    assert sound_follows(io.BytesIO(content), len(content), 0, 100) is True  # more chunks than any file has
    assert sound_follows(io.BytesIO(content[:800]), 800, 0, 100) is False
