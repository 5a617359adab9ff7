"""Sound tracks of films and phone recordings, made here with PyAV."""

import builtins
import contextlib
import io
import logging

import numpy as np
import pytest

from whence.audio import probe, read, read_blocks, read_window
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
def test_the_track_is_read_in_place_and_in_full(tmp_path, caplog, name, codec, container, picture):
    signal = tones()
    path = tmp_path / name
    path.write_bytes(made(signal, codec, container, picture=picture))
    heard, expected = read(path), read((signal, RATE_HZ))
    assert heard.shape == expected.shape  # without the coder's padding
    lossless = codec in ("alac", "flac", "pcm_s16le")
    assert np.abs(heard - expected).max() < (1e-4 if lossless else 0.03)
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
    with pytest.raises(AudioError, match="has 1 channel; direction needs two"):
        read(path)
    path.write_bytes(made(tones(channel_count=6), "aac", "ipod", layout="5.1"))
    with pytest.raises(AudioError, match="has 6 channels"):
        read(path)
    assert read(path, channels=(1, 2)).shape == (2, 48_000)


def test_a_film_without_sound_is_refused(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(made(None, None, "mp4", picture=True))
    with pytest.raises(AudioError, match=r"a\.mp4 has no sound track$"):
        read(path)


@pytest.mark.parametrize(("codec", "container"), [("pcm_s16le", "matroska"), ("libopus", "webm")])
def test_a_cut_film_is_used_and_named(tmp_path, caplog, monkeypatch, codec, container):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.mkv"
    content = made(tones(10.0), codec, container)
    path.write_bytes(content[: len(content) * 6 // 10])
    heard = read("a.mkv")
    assert 5 < heard.shape[1] / 24_000 < 7
    assert np.abs(heard - read((tones(10.0), RATE_HZ))[:, : heard.shape[1]]).max() < 0.03
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        f"a.mkv is cut short: {heard.shape[1] / 24_000:.1f} of 10.0 s"
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
