"""Ogg files with damaged and lost pages: what follows keeps its time."""

import io
import logging

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given, settings, strategies as st

from whence.audio import check, probe, read, read_blocks, read_window
from whence.audio.ogg_pages import broken_ogg, checksum, ogg_pages
from whence.audio.sources import opened_stream

CLICKS_S = (1.5, 4.5, 7.5)


def clicks(rate_hz=24_000, seconds=10.0):
    """Three short tones, in faint noise."""
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    tone = sum(np.where((time_s >= at) & (time_s < at + 0.2), np.sin(2_000 * np.pi * time_s), 0) for at in CLICKS_S)
    noise = np.random.default_rng(0).normal(0, 0.01, (2, len(time_s)))
    return (np.stack([0.5 * tone, 0.4 * tone]) + noise).astype(np.float32)


def written(subtype, rate_hz=24_000, seconds=10.0):
    file = io.BytesIO()
    sf.write(file, clicks(rate_hz, seconds).T, rate_hz, format="OGG", subtype=subtype)
    return file.getvalue()


def pages_of(content):
    return list(ogg_pages(io.BytesIO(content), len(content)))


def page_at(content, rate_hz, second):
    """The page that ends behind a time."""
    return next(page for page in pages_of(content) if page.position / rate_hz > second)


def onsets_s(signal):
    loud = (np.abs(signal).max(axis=0) > 0.25)[: signal.shape[1] // 240 * 240].reshape(-1, 240).any(axis=1)
    return [at / 100 for at in np.flatnonzero(loud) if not loud[max(at - 10, 0) : at].any()]


def warned(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


FILES = {kind: written(*kind) for kind in [("VORBIS", 24_000), ("VORBIS", 44_100), ("OPUS", 48_000), ("OPUS", 24_000)]}


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "a"


def test_the_checksum_is_that_of_the_slow_twin():
    for page in (b"", b"a", bytes(range(256)) * 3):
        slow = 0
        for byte in page:
            slow ^= byte << 24
            for _ in range(8):
                slow = (slow << 1 ^ 0x04C11DB7 if slow >> 31 else slow << 1) & 0xFFFFFFFF
        assert checksum(page) == slow


@pytest.mark.parametrize("kind", FILES)
def test_a_whole_file_is_not_broken(kind):
    content = FILES[kind]
    pages = pages_of(content)
    assert [page.start for page in pages] == [0, *(page.end for page in pages[:-1])]
    assert pages[-1].end == len(content)
    assert [page.number for page in pages] == list(range(len(pages)))
    for whole in (content, content * 2, content[: len(content) // 2]):
        with opened_stream(io.BytesIO(whole)) as source:
            assert broken_ogg(source) is None


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("what", ["spoiled", "lost"])
def test_behind_a_damaged_page_times_are_right(path, caplog, kind, what):
    content = FILES[kind]
    path.write_bytes(content)
    whole = read("a")
    assert warned(caplog) == []
    rate_hz = 48_000 if kind[0] == "OPUS" else kind[1]
    page = page_at(content, rate_hz, 3.2)
    spoiled = bytearray(content)
    spoiled[page.start + 60] ^= 255
    path.write_bytes(spoiled if what == "spoiled" else content[: page.start] + content[page.end :])
    found = read("a")
    assert found.shape == whole.shape
    assert onsets_s(found) == pytest.approx(CLICKS_S, abs=0.011)
    (warning,) = warned(caplog)
    assert warning.startswith("a is damaged at ")
    assert warning.endswith(" s of silence stand there")
    assert check("a").warnings("a") == [warning]
    late = slice(6 * 24_000, None)
    assert np.abs(found[:, late] - whole[:, late]).max() < 1e-3  # the coder's memory fades
    assert np.array_equal(np.concatenate(list(read_blocks("a", 0.7)), axis=1), found)
    if kind[1] == 24_000:
        for start in (0, 70_000, 80_000, 150_000):
            assert np.array_equal(read_window("a", start, 20_000), found[:, start : start + 20_000])
    assert probe("a").duration_s == pytest.approx(10, abs=0.001)


@pytest.mark.parametrize("kind", [("VORBIS", 24_000), ("OPUS", 24_000)])
def test_damage_in_several_places_is_told_once(path, caplog, kind):
    content = bytearray(FILES[kind])
    rate_hz = 48_000 if kind[0] == "OPUS" else kind[1]
    path.write_bytes(content)
    whole = read("a")
    for second in (0.1, 3.2, 6.2):
        content[page_at(FILES[kind], rate_hz, second).start + 60] ^= 255
    path.write_bytes(content)
    found = read("a")
    assert onsets_s(found) == pytest.approx(CLICKS_S, abs=0.011)
    for second in (2, 5, 8):
        late = slice(second * 24_000, second * 24_000 + 18_000)
        assert np.abs(found - whole)[:, late].max() < 1e-3
    (warning,) = warned(caplog)
    assert warning.startswith("a is damaged in 3 places, first at 0.0 s; ")


def test_the_library_alone_would_give_later_sounds_early():
    """If this fails, pages need not be looked at any more."""
    content = bytearray(FILES["VORBIS", 24_000])
    content[page_at(content, 24_000, 3.2).start + 60] ^= 255
    samples, _ = sf.read(io.BytesIO(content))
    assert onsets_s(samples.T)[-1] < 7.4


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 60_000), st.integers(0, 255)), max_size=20), st.integers(0, 3))
def test_any_damage_gives_runs_within_the_file(changes, kind):
    content = bytearray(list(FILES.values())[kind])
    for at, byte in changes:
        content[at % len(content)] = byte
    with opened_stream(io.BytesIO(b"OggS" + content[4:])) as source:
        broken = broken_ogg(source)
    assert broken is None or all(
        0 < run.start < run.end <= len(content) and len(broken.header) <= run.start for run in broken.runs
    )


def test_a_file_of_false_starts_is_given_up_soon():
    content = FILES["OPUS", 24_000][:2_000] + b"OggS" + b"\0" * 22 + b"\xff" * 600_000
    content += (b"OggS" + b"\xff" * 40) * 30_000
    assert len(pages_of(content)) < 10
