"""Sound tracks of films and phone recordings, made here with PyAV."""

import builtins
import contextlib
import io
import logging
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from whence.audio import probe, read, read_blocks, read_window
from whence.audio.sources import OpenFile
from whence.audio.tracks import _refuse_impossible_tables
from whence.errors import AudioError, MissingExtraError

av = pytest.importorskip("av", reason="films need PyAV")

RATE_HZ = 48_000


def tones(seconds=2.0, rate_hz=RATE_HZ, channel_count=2):
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    rows = [0.4 * np.sin(2 * np.pi * 300 * (channel + 1) * time_s) for channel in range(channel_count)]
    return (np.stack(rows) * np.hanning(len(time_s))).astype(np.float32)


def made(signal, codec, container, rate_hz=RATE_HZ, layout="stereo", picture=False):
    file = io.BytesIO()
    with av.open(file, "w", format=container) as film:
        if picture:
            video = film.add_stream("mpeg4", rate=10)
            video.width = video.height = 32
            video.pix_fmt = "yuv420p"
        track = film.add_stream(codec, rate=rate_hz) if codec else None
        if track is not None:
            track.layout = layout
        if picture:
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            film.mux([packet for _ in range(5) for packet in video.encode(frame)] + video.encode())
        if track is not None:
            for start in range(0, signal.shape[1], 1024):
                piece = np.ascontiguousarray(signal[:, start : start + 1024])
                frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=layout)
                frame.sample_rate, frame.pts = rate_hz, start
                film.mux(track.encode(frame))
            film.mux(track.encode())
    return file.getvalue()


KINDS = [
    ("a.m4a", "aac", "ipod", False),
    ("a.mp4", "aac", "mp4", True),
    ("a.mov", "aac", "mov", False),
    ("a.m4a", "alac", "ipod", False),
    ("a.webm", "libopus", "webm", False),
    ("a.mkv", "flac", "matroska", False),
    ("a.mkv", "pcm_s16le", "matroska", False),
]


@pytest.mark.parametrize(("name", "codec", "container", "picture"), KINDS)
def test_the_track_is_read_in_full_without_padding(tmp_path, caplog, name, codec, container, picture):
    signal = tones()
    path = tmp_path / name
    path.write_bytes(made(signal, codec, container, picture=picture))
    found, expected = read(path), read((signal, RATE_HZ))
    assert found.shape == expected.shape  # without the coder's padding
    lossless = codec in ("alac", "flac", "pcm_s16le")
    assert np.abs(found - expected).max() < (1e-4 if lossless else 0.03)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    info = probe(path)
    assert (info.sample_rate_hz, info.channel_count) == (RATE_HZ, 2)
    assert info.duration_s == pytest.approx(2.0, abs=0.02)
    assert codec.removeprefix("lib") in info.format


@pytest.mark.parametrize(("name", "codec", "container", "picture"), [KINDS[0], KINDS[4]])
def test_blocks_and_streams_give_the_same_bits(tmp_path, name, codec, container, picture):
    content = made(tones(11.0), codec, container)
    path = tmp_path / name
    path.write_bytes(content)
    whole = read(path)
    assert np.array_equal(read(io.BytesIO(content)), whole)
    for block_s in (0.3, 20.0):
        assert np.array_equal(np.concatenate(list(read_blocks(path, block_s)), axis=1), whole)


def test_mono_and_many_channels_are_told_apart(tmp_path):
    path = tmp_path / "a.m4a"
    path.write_bytes(made(tones(channel_count=1), "aac", "ipod", layout="mono"))
    with pytest.raises(AudioError, match="1 channel; direction needs two"):
        read(path)
    path.write_bytes(made(tones(channel_count=6), "aac", "ipod", layout="5.1"))
    with pytest.raises(AudioError, match="6 channels; choose"):
        read(path)
    assert read(path, channels=(1, 2)).shape == (2, 48_000)


def test_a_film_without_sound_is_refused(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(made(None, None, "mp4", picture=True))
    with pytest.raises(AudioError, match=r"a\.mp4 has no sound track$"):
        read(path)


@pytest.mark.parametrize(("codec", "container"), [("pcm_s16le", "matroska"), ("libopus", "webm")])
def test_a_cut_film_is_read_and_reported(tmp_path, caplog, monkeypatch, codec, container):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.mkv"
    content = made(tones(10.0), codec, container)
    path.write_bytes(content[: len(content) * 6 // 10])
    found = read("a.mkv")
    assert 5 < found.shape[1] / 24_000 < 7
    assert np.abs(found - read((tones(10.0), RATE_HZ))[:, : found.shape[1]]).max() < 0.03
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        f"a.mkv is cut short: {found.shape[1] / 24_000:.1f} of 10.0 s"
    ]


@pytest.mark.parametrize("head", [b"\0\0\0\x18ftypM4A \0\0\0\0", b"\x1aE\xdf\xa3"])
def test_a_damaged_film_is_refused(tmp_path, head):
    path = tmp_path / "a.mp4"
    path.write_bytes(head + bytes(3000))
    with pytest.raises(AudioError, match=r"a\.mp4: damaged (mp4|matroska) file \(.+\)$"):
        read(path)


def test_a_film_cannot_be_entered_in_the_middle(tmp_path):
    path = tmp_path / "a.m4a"
    path.write_bytes(made(tones(), "aac", "ipod"))
    with pytest.raises(AudioError, match="windows are read from wav, flac, ogg and mp3"):
        read_window(path, 0, 10)


def test_a_film_that_names_another_file_does_not_open_it(tmp_path):
    # An MP4 may say that its samples lie in another file; FFmpeg must not follow.
    content = bytearray(made(tones(), "pcm_s16le", "mov"))
    assert content.count(b"url \0\0\0\1") == 1  # "here"
    path = tmp_path / "a.mov"
    path.write_bytes(content.replace(b"url \0\0\0\1", b"alis\0\0\0\0"))
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(1000))
    before = secret.stat().st_atime_ns
    with contextlib.suppress(AudioError):  # either outcome is right
        read(path)
    assert secret.stat().st_atime_ns == before


def test_without_pyav_the_extra_is_named(tmp_path, monkeypatch):
    path = tmp_path / "a.m4a"
    path.write_bytes(made(tones(0.1), "aac", "ipod"))
    really = builtins.__import__

    def without(name, *rest):
        if name == "av":
            raise ImportError(name)
        return really(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"a\.m4a: reading mp4 files needs more packages; .*whence\[av\]"):
        read(path)


def box(kind, content, size=None):
    return struct.pack(">I4s", 8 + len(content) if size is None else size, kind) + content


def table(kind, count, entries, entry_bytes):
    return box(kind, bytes(4) + struct.pack(">I", count) + bytes(entries * entry_bytes))


def sizes(one_size, count, entries):
    return box(b"stsz", bytes(4) + struct.pack(">II", one_size, count) + bytes(4 * entries))


def film(*tables, behind=1000):
    nested = b"".join(tables)
    for kind in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        nested = box(kind, nested)
    return box(b"ftyp", b"M4A \0\0\0\0") + nested + box(b"mdat", bytes(behind))


def refuse_impossible(content):
    _refuse_impossible_tables(OpenFile("a.mp4", io.BytesIO(content), len(content), "mp4"))


@pytest.mark.parametrize(
    "content",
    [
        film(sizes(0, 5, 5)),
        film(sizes(100, 10, 0)),
        film(table(b"stts", 2, 2, 8), table(b"stsc", 1, 1, 12), table(b"stco", 3, 3, 4), table(b"co64", 1, 1, 8)),
        film(box(b"free", b"\xff" * 40)),
        box(b"ftyp", b"") + box(b"mdat", bytes(50), size=0),
        box(b"ftyp", b"") + struct.pack(">I4sQ", 1, b"mdat", 16 + 20) + bytes(20),
        b"",
        b"\0\0\0\4ftyp",
    ],
)
def test_tables_that_the_file_can_hold_pass(content):
    refuse_impossible(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (film(sizes(0, 6, 5)), "its stsz table promises 6 entries"),
        (film(sizes(1, 50_000_000, 0)), "its stsz table promises 50000000 entries"),
        (film(sizes(16, 2**32 - 1, 0)), "its stsz table promises 4294967295 entries"),
        (
            box(b"moof", box(b"traf", box(b"trun", bytes(4) + struct.pack(">I", 50_000_000)))),
            "its trun table promises 50000000 entries",
        ),
        (
            box(b"moof", box(b"traf", box(b"trun", b"\0\0\2\0" + struct.pack(">I", 3) + bytes(8)))),
            "its trun table promises 3 entries",
        ),
    ],
)
def test_tables_that_promise_more_than_the_file_can_hold_are_refused(content, reason):
    with pytest.raises(AudioError, match=rf"^a\.mp4: impossible header \({reason}\)$"):
        refuse_impossible(content)


@given(st.lists(st.tuples(st.sampled_from([b"moov", b"trak", b"stbl", b"stsz", b"free"]), st.binary(max_size=20))))
def test_the_search_ends_for_any_boxes(boxes):
    content = b"".join(box(kind, inside, size) for kind, inside in boxes for size in (None, 9, 2**31))
    message = "impossible header"
    try:
        refuse_impossible(content)
    except AudioError as error:
        message = str(error)
    assert "impossible header" in message


def test_a_compressed_header_is_refused():
    # FFmpeg would unpack it, with whatever tables it hides.
    with pytest.raises(AudioError, match=r"^a\.mp4: its header is compressed; convert it first$"):
        refuse_impossible(box(b"moov", box(b"cmov", bytes(40))))


def promising(count, *, table_of_sizes):
    """A recording whose header promises more samples than it holds."""
    content = bytearray(made(tones(0.5), "aac", "ipod"))
    at = content.find(b"stsz")
    if not table_of_sizes:
        content[at + 8 : at + 12] = (16).to_bytes(4, "big")
    content[at + 12 : at + 16] = count.to_bytes(4, "big")
    return bytes(content)


def test_ffmpeg_alone_would_take_memory_for_what_is_promised():
    """If this fails, the tables need not be looked at any more."""
    code = """
import io, sys, av
sys.path.insert(0, sys.argv[1])
from hostile_sounds import most_memory_kib
content = sys.stdin.buffer.read()
before = most_memory_kib()
av.open(io.BytesIO(content), format="mov")
print((most_memory_kib() - before) // 1024)
"""
    hostile = Path(__file__).parents[1] / "hostile"
    grown_mib = [
        int(
            subprocess.run(
                [sys.executable, "-c", code, str(hostile)],
                input=promising(5_000_000, table_of_sizes=table_of_sizes),
                capture_output=True,
                check=True,
            ).stdout
        )
        for table_of_sizes in (False, True)
    ]
    assert grown_mib[0] > 50
    assert grown_mib[1] < 10  # a table is checked by FFmpeg itself
    with pytest.raises(AudioError, match="its stsz table promises 5000000 entries"):
        read(io.BytesIO(promising(5_000_000, table_of_sizes=False)))
