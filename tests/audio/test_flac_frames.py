"""Headers of FLAC frames: those that an encoder writes are found with their times, and few others."""

import contextlib
import io

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given, strategies as st

from whence.audio.decoding import ForwardFile
from whence.audio.flac_frames import first_sample, frames_behind
from whence.audio.sources import OpenFile

RATE_HZ = 24_000


def written(rate_hz=RATE_HZ, channel_count=2, subtype="PCM_16", seconds=4.0):
    file = io.BytesIO()
    signal = np.random.default_rng(0).uniform(-0.3, 0.3, (round(seconds * rate_hz), channel_count))
    sf.write(file, signal, rate_hz, format="FLAC", subtype=subtype)
    return file.getvalue()


def opened(content):
    return OpenFile("a", io.BytesIO(content), len(content), "flac")


@pytest.mark.parametrize(
    ("rate_hz", "channel_count", "subtype"),
    [(24_000, 2, "PCM_16"), (44_100, 1, "PCM_24"), (8_000, 8, "PCM_16"), (11_025, 2, "PCM_S8"), (96_000, 2, "PCM_24")],
)
def test_every_frame_is_found_at_its_sample(rate_hz, channel_count, subtype):
    content = written(rate_hz, channel_count, subtype, 1.0)
    whole, _ = sf.read(io.BytesIO(content), dtype="float32", always_2d=True)
    block = int.from_bytes(content[8:10], "big")
    right = set()
    for start, file in frames_behind(opened(content), 0, 0, len(whole)):
        with contextlib.suppress(sf.LibsndfileError), ForwardFile(file) as decoder:
            buffer = np.empty((len(whole) - start, channel_count), np.float32)
            if np.array_equal(decoder.read(out=buffer), whole[start:]):
                right.add(start)
    assert right == set(range(0, len(whole), block))


def test_only_frames_between_two_samples_are_given():
    content = written()
    starts = [start for start, _ in frames_behind(opened(content), 0, 20_000, 60_000)]
    assert starts
    assert all(20_000 <= start < 60_000 for start in starts)


@pytest.mark.parametrize("content", [b"", b"fLaC", b"fLaC\x81" + bytes(100), written()[:42]])
def test_without_a_header_there_are_no_frames(content):
    assert list(frames_behind(opened(content), 0, 0, 10**9)) == []


@given(st.binary(max_size=20))
def test_any_bytes_are_a_frame_or_none(tail):
    first = first_sample(b"\xff\xf9" + tail, 4096)
    assert first is None or 0 <= first < 2**36


def test_chance_makes_few_headers():
    bytes_in = np.random.default_rng(1).bytes(1 << 20)
    content = written()[:42] + bytes_in.replace(b"\xff", b"\xff\xf8")
    found = list(frames_behind(opened(content), 0, 0, 10**6))
    assert len(found) < 40  # of 4,100 beginnings
