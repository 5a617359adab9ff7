"""Times in films and phone recordings: late starts, holes, damage, changes of form, and memory that does not grow."""

import io
import logging
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest

from whence.audio import check, probe, read, read_blocks
from whence.audio.reading import decoded
from whence.errors import AudioError

av = pytest.importorskip("av", reason="films need PyAV")

RATE_HZ = 48_000
CLICKS_S = (1.5, 6.5)
KINDS = [("ipod", "aac"), ("mov", "aac"), ("ipod", "alac"), ("mp4", "libopus"), ("webm", "libopus")]
KINDS += [("matroska", "flac"), ("matroska", "pcm_s16le"), ("matroska", "aac")]


def clicks(seconds=8.0, rate_hz=RATE_HZ):
    """Silence but for two short tones."""
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    tone = sum(np.where((time_s >= at) & (time_s < at + 0.2), np.sin(2_000 * np.pi * time_s), 0) for at in CLICKS_S)
    return np.stack([0.5 * tone, 0.4 * tone]).astype(np.float32)


def encoded(track, signal, rate_hz=RATE_HZ):
    packets = []
    for start in range(0, signal.shape[1], 960):
        piece = np.ascontiguousarray(signal[:, start : start + 960])
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = rate_hz, start
        packets += track.encode(frame)
    return packets + track.encode()


def film(container, codec, signal=None, *, start_s=0.0, without_s=(0, 0), rate_hz=RATE_HZ):
    """A recording that begins late, or whose packets of some time are missing."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        track = output.add_stream(codec, rate=rate_hz, layout="stereo")
        for packet in encoded(track, clicks() if signal is None else signal, rate_hz):
            if without_s[0] <= packet.pts * packet.time_base < without_s[1]:
                continue
            late = round(start_s / packet.time_base)
            packet.pts, packet.dts = packet.pts + late, packet.dts + late
            output.mux(packet)
    return file.getvalue()


def damaged(content, begin_s=3.0, count=10):
    """The same file, in which the content of some packets from a time on is spoiled."""
    spoiled = bytearray(content)
    with av.open(io.BytesIO(content)) as source:
        (track,) = source.streams.audio
        packets = [packet for packet in source.demux(track) if packet.size and packet.pts * packet.time_base >= begin_s]
        for packet in packets[:count]:
            at = content.index(bytes(packet), packet.pos)
            spoiled[at : at + packet.size] = b"\xff" * packet.size
    return bytes(spoiled)


def onsets_s(signal, rate_hz=24_000):
    """When tones begin after silence, in seconds."""
    loud = np.abs(signal).max(axis=0) > 0.2
    frames = loud[: len(loud) // 240 * 240].reshape(-1, 240).any(axis=1)
    starts = [at for at in np.flatnonzero(frames) if not frames[max(at - 10, 0) : at].any()]
    return [at / 100 for at in starts]


def warned(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(("container", "codec"), KINDS)
@pytest.mark.parametrize("start_s", [0.0, 0.02, 3.0])
def test_a_late_start_is_kept(tmp_path, caplog, container, codec, start_s):
    path = tmp_path / "a"
    path.write_bytes(film(container, codec, start_s=start_s))
    found = read(path)
    assert onsets_s(found) == pytest.approx([at + start_s for at in CLICKS_S], abs=0.051)
    assert found.shape[1] / 24_000 == pytest.approx(8 + start_s, abs=0.06)
    assert probe(path).duration_s == pytest.approx(8 + start_s, abs=0.06)
    assert warned(caplog) == []


@pytest.mark.parametrize(("container", "codec"), KINDS)
def test_a_hole_is_filled_with_silence_and_noticed(tmp_path, caplog, monkeypatch, container, codec):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").write_bytes(film(container, codec, without_s=(4.0, 5.0)))
    found = read("a")
    assert onsets_s(found) == pytest.approx(CLICKS_S, abs=0.03)
    assert found.shape[1] / 24_000 == pytest.approx(8, abs=0.03)
    (warning,) = warned(caplog)
    assert warning.startswith("a has no sound from 4.0 to 5.")
    assert check("a").warnings("a") == [warning]
    assert np.array_equal(np.concatenate(list(read_blocks("a", 0.7)), axis=1), found)


@pytest.mark.parametrize(("container", "codec"), KINDS)
def test_behind_damage_times_are_right_and_the_rest_is_read(tmp_path, caplog, monkeypatch, container, codec):
    monkeypatch.chdir(tmp_path)
    noisy = clicks() + np.random.default_rng(0).normal(0, 1e-3, (2, 8 * RATE_HZ)).astype(np.float32)
    (tmp_path / "a").write_bytes(damaged(film(container, codec, noisy)))
    found = read("a")
    assert found.shape[1] / 24_000 == pytest.approx(8, abs=0.03)
    assert CLICKS_S[1] == pytest.approx(onsets_s(found)[-1], abs=0.03)
    assert onsets_s(found)[0] == pytest.approx(CLICKS_S[0], abs=0.03)
    # Nothing is wrong with any bytes where samples are stored as they are.
    assert len(warned(caplog)) == (0 if codec.startswith("pcm") else 1)


@pytest.mark.parametrize(("container", "codec"), [("matroska", "flac"), ("mp4", "aac"), ("webm", "libopus")])
@pytest.mark.parametrize("place", [0.33, 0.5])
def test_spoiled_bytes_anywhere_leave_times_as_they_are(tmp_path, caplog, container, codec, place):
    noisy = clicks() + np.random.default_rng(0).normal(0, 0.01, (2, 8 * RATE_HZ)).astype(np.float32)
    content = bytearray(film(container, codec, noisy))
    at = int(len(content) * place)
    content[at : at + 3_000] = np.random.default_rng(1).bytes(3_000)
    path = tmp_path / "a"
    path.write_bytes(content)
    found = read(path)
    assert onsets_s(found) == pytest.approx(CLICKS_S, abs=0.03)
    assert found.shape[1] / 24_000 == pytest.approx(8, abs=0.03)
    assert len(warned(caplog)) == 1


def test_damage_at_the_end_is_a_sound_cut_short(tmp_path, caplog, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").write_bytes(damaged(film("ipod", "aac"), 5.0, 1000))
    assert read("a").shape[1] / 24_000 == pytest.approx(5, abs=0.05)
    assert warned(caplog) == ["a is cut short: 5.0 of 8.0 s"]


def test_a_track_of_which_nothing_can_be_decoded_says_why(tmp_path, caplog, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").write_bytes(damaged(film("webm", "libopus"), 0.0, 1000))
    (tmp_path / "b").write_bytes(damaged(film("matroska", "aac"), 0.0, 1000))
    for name in ("a", "b"):
        with pytest.raises(AudioError, match=rf"^{name}: header promises 8.0 s, file holds 0.0 s$"):
            read(name)


def test_a_clock_that_is_set_anew_takes_no_silence_without_end(tmp_path, caplog, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for start_s in (100_000.0, 1.6e9):
        (tmp_path / "a").write_bytes(film("matroska", "pcm_s16le", start_s=start_s))
        assert onsets_s(read("a")) == pytest.approx(CLICKS_S, abs=0.03)
    assert warned(caplog) == []


def test_a_track_that_changes_its_form_is_read_on(tmp_path, caplog):
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as output:
        track = output.add_stream("libmp3lame", rate=RATE_HZ, layout="stereo")
        for packet in encoded(track, clicks(8.0)):
            if packet.pts * packet.time_base < 4:
                output.mux(packet)
        mono = av.CodecContext.create("libmp3lame", "w")
        mono.sample_rate, mono.layout, mono.format, mono.time_base = 32_000, "mono", "fltp", Fraction(1, 32_000)
        frames, signal = [None], clicks(8.0, 32_000)[:1]
        for start in range(0, signal.shape[1] // 1152 * 1152, 1152):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(signal[:, start : start + 1152]), format="fltp", layout="mono"
            )
            frame.sample_rate, frame.pts = 32_000, start
            frames.insert(-1, frame)
        for packet in (packet for frame in frames for packet in mono.encode(frame)):
            if packet.pts * packet.time_base >= 4:
                packet.stream = track
                output.mux(packet)
    path = tmp_path / "a"
    path.write_bytes(file.getvalue())
    found = read(path)
    assert onsets_s(found) == pytest.approx(CLICKS_S, abs=0.06)
    assert found.shape[1] / 24_000 == pytest.approx(8, abs=0.1)


def test_only_one_block_is_held_however_long_the_track(tmp_path):
    kept = []
    for seconds in (30, 300):
        path = tmp_path / f"{seconds}"
        path.write_bytes(film("matroska", "pcm_s16le", np.zeros((2, 8_000 * seconds), np.float32), rate_hz=8_000))
        with decoded(path) as sound:
            tracemalloc.start()
            blocks = sum(1 for _ in sound.blocks())
            kept.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert blocks == -(-seconds * 8_000 // 65_536)
    assert kept[1] < kept[0] + 100_000
    assert kept[1] < 1_500_000
