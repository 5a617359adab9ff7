"""AIFF and AU: what the header promises, though the file may hold less."""

import io
import struct

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given, strategies as st

from whence.audio.big_endian_headers import promised_samples
from whence.audio.sources import OpenFile


def opened(content, container):
    return OpenFile("a", io.BytesIO(content), len(content), container)


@pytest.mark.parametrize("container", ["AIFF", "AU"])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "ULAW"])
@pytest.mark.parametrize("channel_count", [1, 2, 5])
def test_the_promise_outlives_the_sound(container, subtype, channel_count):
    file = io.BytesIO()
    sf.write(file, np.zeros((1_234, channel_count)), 24_000, format=container, subtype=subtype)
    for content in (file.getvalue(), file.getvalue()[:200]):
        assert promised_samples(opened(content, container.lower())) == 1_234


@pytest.mark.parametrize(
    ("content", "container"),
    [
        (b"FORM\0\0\0\0AIFF", "aiff"),
        (b"FORM\0\0\0\0AIFFSSND\0\0\0\x08" + bytes(8), "aiff"),
        (b".snd", "au"),
        (struct.pack(">4s5I", b".snd", 24, 0xFFFFFFFF, 3, 24_000, 2), "au"),
        (struct.pack(">4s5I", b".snd", 24, 100, 99, 24_000, 2), "au"),
        (struct.pack(">4s5I", b".snd", 24, 100, 3, 24_000, 0), "au"),
        (b"fLaC" + bytes(100), "flac"),
    ],
)
def test_what_does_not_say_promises_nothing(content, container):
    assert promised_samples(opened(content, container)) is None


@given(st.binary(max_size=200), st.sampled_from(["aiff", "au"]))
def test_any_bytes_promise_something_or_nothing(rest, container):
    start = b"FORM\0\0\0\0AIFF" if container == "aiff" else b".snd"
    promised = promised_samples(opened(start + rest, container))
    assert promised is None or promised >= 0
