"""MP4 tables: promises that cannot be kept are refused before memory is taken for them."""

import io
import struct

import pytest
from hypothesis import given, strategies as st

from whence.audio.mp4_header import refuse_impossible_tables
from whence.audio.sources import OpenFile
from whence.errors import AudioError


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


def look(content):
    refuse_impossible_tables(OpenFile("a.mp4", io.BytesIO(content), len(content), "mp4"))


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
def test_what_can_be_is_let_through(content):
    look(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (film(sizes(0, 6, 5)), "its stsz table promises 6 entries"),
        (film(sizes(1, 50_000_000, 0)), "its stsz table promises 50000000 entries"),
        (film(sizes(16, 2**32 - 1, 0)), "its stsz table promises 4294967295 entries"),
        (film(table(b"stts", 3, 2, 8)), "its stts table promises 3 entries"),
        (film(table(b"stco", 2**31, 2, 4)), "its stco table promises 2147483648 entries"),
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
def test_what_cannot_be_is_refused(content, reason):
    with pytest.raises(AudioError, match=rf"^a\.mp4: impossible header \({reason}\)$"):
        look(content)


@given(st.lists(st.tuples(st.sampled_from([b"moov", b"trak", b"stbl", b"stsz", b"free"]), st.binary(max_size=20))))
def test_any_boxes_end_the_walk(boxes):
    content = b"".join(box(kind, inside, size) for kind, inside in boxes for size in (None, 9, 2**31))
    message = "impossible header"
    try:
        look(content)
    except AudioError as error:
        message = str(error)
    assert "impossible header" in message
