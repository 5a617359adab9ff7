"""Containers recognized by content, and the message for other files."""

import io

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given, strategies as st

from whence.audio.containers import recognize
from whence.errors import AudioError


@pytest.mark.parametrize(
    ("container", "subtype", "expected"),
    [
        ("WAV", "PCM_16", "wav"),
        ("WAVEX", "PCM_24", "wav"),
        ("RF64", "PCM_16", "wav"),
        ("W64", "PCM_16", "wav"),
        ("FLAC", "PCM_16", "flac"),
        ("OGG", "VORBIS", "ogg"),
        ("OGG", "OPUS", "ogg"),
        ("MP3", "MPEG_LAYER_III", "mp3"),
        ("AIFF", "PCM_16", "aiff"),
        ("AU", "PCM_16", "au"),
        ("CAF", "PCM_16", "caf"),
    ],
)
def test_files_of_libsndfile_are_recognized(container, subtype, expected):
    file = io.BytesIO()
    sf.write(file, np.zeros((2400, 2)), 24_000, format=container, subtype=subtype)
    assert recognize(file.getvalue()[:4096], "a") == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"ID3\4\0", "mp3"),
        (b"\xff\xfb\x90\x64", "mp3"),
        (b"\xff\xf3\x40\xc0", "mp3"),
        (b"\0\0\0\x20ftypM4A ", "mp4"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "mp4"),
        (b"\x1aE\xdf\xa3\x01", "matroska"),
        (b"FORM\0\0\0\0AIFC", "aiff"),
    ],
)
def test_by_hand(head, expected):
    assert recognize(head, "a") == expected


@pytest.mark.parametrize(
    ("head", "shown"),
    [
        (b"hello world", "'hello'"),
        (b"RIFF\0\0\0\0AVI ", r"'RIFF\\x00"),
        (b"FORM\0\0\0\x008SVX", r"'FORM\\x00"),
        (b"a" * 50, "'aaaaaaaaaaaa'"),
        (b"\xff\xff\xff\xff", r"'\\xff\\xff\\xff\\xff'"),  # sync bits, but no layer or rate that exists
        (b"\xff\xe9\x90\x64", r"'\\xff"),
        ("é".encode() * 9, r"'\\xc3\\xa9"),
        (b"  \n ", r"'  \\n '"),
    ],
)
def test_the_start_of_another_file_is_shown(head, shown):
    with pytest.raises(AudioError, match=rf"^a: not a sound file \(starts with {shown}"):
        recognize(head, "a")


@given(st.binary(max_size=64))
def test_any_start_is_recognized_or_refused_in_ascii(head):
    message = ""
    try:
        recognize(head, "a")
    except AudioError as error:
        message = str(error)
    assert message.isascii()
    assert message.isprintable()
