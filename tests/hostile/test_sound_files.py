"""Every kind of damaged or unusual sound file: what is read, what is refused and with which message, row by row.

A row is a kind of input; `ROWS` names its test. All files are made here.
"""

import contextlib
import io
import json
import logging
import math
import os
import resource
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import hostile_sounds as make
import numpy as np
import pytest
import soundfile as sf
from hostile_sounds import RATE_HZ, chunk, fmt, noise, pcm16, riff, wav

from whence.audio import check, decoded, probe, read, read_blocks, read_sound
from whence.audio.normalizing import segmented
from whence.errors import AudioError

ROWS = {
    1: "test_refused",
    2: "test_refused",
    3: "test_read_with_warnings",
    4: "test_short_files_keep_every_frame",
    5: "test_read_with_warnings",
    6: "test_refused",
    7: "test_read_with_warnings",
    8: "test_refused",
    9: "test_read_with_warnings",
    10: "test_read_with_warnings",
    11: "test_any_rate_gives_the_same_sound",
    12: "test_refused",
    13: "test_any_coding_gives_the_same_sound",
    14: "test_read_with_warnings",
    15: "test_hot_float_samples_are_scaled_together",
    16: "test_a_constant_offset_makes_no_difference",
    17: "test_samples_that_are_not_numbers",
    18: "test_denormals_change_neither_result_nor_speed",
    19: "test_cut_short_files_are_read_and_reported",
    20: "test_a_promise_of_four_gigabytes_takes_no_memory",
    21: "test_spoiled_files",
    22: "test_unusual_layouts_are_read",
    23: "test_a_day_takes_no_more_memory_than_a_minute",
    24: "test_what_is_no_regular_file_is_refused_at_once",
    25: "test_any_name_works_and_is_escaped_in_messages",
    26: "test_a_loop_of_links_is_refused",
    27: "test_a_file_that_changes_is_refused",
    28: "test_swapped_channels_come_out_swapped",
}


def test_every_row_has_a_test():
    assert sorted(ROWS) == list(range(1, 29))
    assert all(callable(globals()[name]) for name in ROWS.values())


def warned(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def noted(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno == logging.INFO]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working folder, so that messages show bare names."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def mp3_of(signal):
    file = io.BytesIO()
    sf.write(file, signal.T, RATE_HZ, format="MP3")
    return file.getvalue()


# row, name, content (or None for no file), and the whole message after the name.
REFUSED = [
    (1, "missing", None, ": no such file"),
    (2, "empty", b"", r": empty file \(0 bytes\)"),
    (6, "mono", wav(noise(0.5, 1), channel_count=1), ': 1 channel; direction needs two; use channels="mono" to .*'),
    (8, "eight", wav(noise(0.5, 8), channel_count=8), ': 8 channels; choose two with channels="1,2" or by name .*'),
    (12, "rate-0", wav(noise(0.5), rate_hz=0), r": impossible header \(rate 0\)"),
    (12, "rate-1", wav(noise(0.5), rate_hz=1), r": impossible header \(rate 1\)"),
    (12, "rate-10M", wav(noise(0.5), rate_hz=10_000_000), r": impossible header \(rate 10000000\)"),
    (12, "no-channels", wav(noise(0.5), channel_count=0), r": impossible header \(0 channels\)"),
    (12, "65535-channels", wav(noise(0.5), channel_count=65535), r": impossible header \(65535 channels\)"),
    (20, "4-GB", riff(fmt(), chunk(b"data", b"\1\2\3\4", 2**32 - 1)), ": header promises 44739 s, file holds 0.0 s"),
    (20, "10-s", riff(fmt(), chunk(b"data", b"\1\2\3\4", 960_000)), ": header promises 10 s, file holds 0.0 s"),
    (21, "text", b"hello, this is no sound", r": not a sound file \(starts with 'hello,'\)"),
    (21, "one-word", b"hello", r": not a sound file \(starts with 'hello'\)"),
    (21, "picture", b"\x89PNG\r\n\x1a\n" + bytes(50), r": not a sound file \(starts with '\\x89PNG\\r\\n\\x1a\\n'\)"),
    (21, "film-avi", b"RIFF\x24\0\0\0AVI LIST", r": not a sound file .*"),
    (21, "zeros", bytes(5000), r": not a sound file \(starts with '(\\x00){8}'\)"),
    (21, "random", np.random.default_rng(3).bytes(5000), r": not a sound file .*"),
    (21, "riff-only", b"RIFF", r": not a sound file .*"),
    (21, "head-only", wav(noise(0.1))[:30], r": damaged wav file \(.*\)"),
    (21, "no-data", riff(fmt()), r": damaged wav file \(no 'data' chunk marker\)"),
    (21, "short-format", riff(chunk(b"fmt ", b"\1\0\2\0"), chunk(b"data", b"12345678")), ": impossible header .*"),
    (21, "no-coding", riff(fmt(tag=0x1234), chunk(b"data", pcm16(noise(0.5)))), r": damaged wav file \(.*\)"),
    (21, "flac-head", b"fLaC" + bytes(100), r": damaged flac file \(.*\)"),
    (21, "ogg-head", b"OggS" + bytes(100), r": damaged ogg file \(.*\)"),
    (21, "mp3-head", b"ID3\4\0\0\0\0\1\0" + bytes(500), r": damaged mp3 file \(.*\)"),
]


@pytest.mark.parametrize(("row", "name", "content", "message"), REFUSED, ids=lambda value: str(value)[:14])
def test_refused(folder, row, name, content, message):
    assert ROWS[row] == "test_refused" or row in (20, 21)
    path = Path(f"{name}.wav")
    if content is not None:
        path.write_bytes(content)
    for attempt in (read, lambda source: list(read_blocks(source, 0.1)), check):
        with pytest.raises(AudioError, match=rf"^{name}\.wav{message}$"):
            attempt(path)


def clipped_signal():
    signal = noise(2.0)
    signal.flat[: round(signal.size * 0.03)] = 32767 / 32768
    return signal


# row, name, content, samples that come out, and every warning.
READ = [
    (3, "no-sound", wav(np.zeros((2, 0))), 0, ["no-sound.wav holds no sound"]),
    (5, "silence", wav(np.zeros((2, 24_000))), 24_000, []),
    (
        7,
        "same-twice",
        wav(np.repeat(noise(31.0, 1), 2, axis=0)),
        31 * 24_000,
        [
            "same-twice.wav: left and right are identical in 31 of 31 s: "
            "this looks like mono copied twice; every azimuth will be 0"
        ],
    ),
    (9, "dead-right", wav(noise(1.0) * [[1], [0]]), 24_000, ["dead-right.wav: right channel is silent"]),
    (9, "dead-left", wav(noise(1.0) * [[0], [1]]), 24_000, ["dead-left.wav: left channel is silent"]),
    (
        10,
        "8-kHz",
        wav(noise(1.0, rate_hz=8_000), rate_hz=8_000),
        24_000,
        ["8-kHz.wav at 8 kHz holds nothing above 4 kHz; expect worse"],
    ),
    (10, "16-kHz", wav(noise(1.0, rate_hz=16_000), rate_hz=16_000), 24_000, []),
    (14, "clipped", wav(clipped_signal()), 48_000, ["clipped.wav: 3.0 % of samples are clipped"]),
]


@pytest.mark.parametrize(("row", "name", "content", "count", "warnings"), READ, ids=lambda value: str(value)[:14])
def test_read_with_warnings(folder, caplog, row, name, content, count, warnings):
    assert ROWS[row] == "test_read_with_warnings"
    path = Path(f"{name}.wav")
    path.write_bytes(content)
    signal = read(path)
    assert signal.shape == (2, count)
    assert signal.dtype == np.float32
    assert warned(caplog) == warnings
    caplog.clear()
    blocks = list(read_blocks(path, 0.37))
    assert np.array_equal(np.concatenate([signal[:, :0], *blocks], axis=1), signal)
    assert warned(caplog) == warnings
    assert check(path).warnings(path.name) == warnings


@pytest.mark.parametrize(("samples", "frames"), [(1, 1), (2376, 1), (2424, 2), (119_760, 50), (120_000, 50)])
@pytest.mark.parametrize("rate_hz", [24_000, 48_000, 96_000, 44_100])
def test_short_files_keep_every_frame(folder, caplog, samples, frames, rate_hz):
    at_rate = max(round(samples * rate_hz / 24_000), 1) if samples > 1 else 1
    Path("a.wav").write_bytes(wav(noise(at_rate / rate_hz, rate_hz=rate_hz), rate_hz=rate_hz))
    signal = read("a.wav")
    assert signal.shape[1] > 0
    assert math.ceil(signal.shape[1] / 2400) == frames
    assert warned(caplog) == []


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 96_000, 192_000])
def test_any_rate_gives_the_same_sound(folder, caplog, rate_hz):
    caplog.set_level(logging.INFO, "whence.audio")

    def tones(rate):
        time_s = np.arange(rate) / rate
        left = sum(np.sin(2 * np.pi * hz * time_s) for hz in (110, 997, 5_003, 9_001)) / 8
        return np.stack([left, 0.5 * left]) * np.hanning(rate)

    Path("native.wav").write_bytes(wav(tones(24_000)))
    Path("other.wav").write_bytes(wav(tones(rate_hz), rate_hz=rate_hz))
    native, other = read("native.wav"), read("other.wav")
    assert native.shape == other.shape
    assert np.abs(native - other).max() < 1e-4  # three steps of 16 bit
    assert warned(caplog) == []
    assert noted(caplog) == [f"other.wav: resampled {rate_hz} -> 24000 Hz"]


@pytest.mark.parametrize(
    ("container", "subtype", "tolerance"),
    [
        ("WAV", "PCM_U8", 1 / 128),
        ("WAV", "PCM_16", 1 / 32768),
        ("WAV", "PCM_24", 1 / 2**23),
        ("WAV", "PCM_32", 1 / 2**23),
        ("WAV", "FLOAT", 0),
        ("WAV", "DOUBLE", 0),
        ("AIFF", "PCM_16", 1 / 32768),
        ("AU", "PCM_16", 1 / 32768),
        ("CAF", "PCM_24", 1 / 2**23),
        ("FLAC", "PCM_16", 1 / 32768),
        ("OGG", "VORBIS", 0.05),
        ("OGG", "OPUS", 0.05),
        ("MP3", "MPEG_LAYER_III", 0.05),
    ],
)
def test_any_coding_gives_the_same_sound(folder, caplog, container, subtype, tolerance):
    time_s = np.arange(2 * RATE_HZ) / RATE_HZ
    left = 0.4 * np.sin(2 * np.pi * 440 * time_s) * np.hanning(len(time_s))
    signal = np.stack([left, 0.5 * left]).astype(np.float32)
    sf.write("a.sound", signal.T, RATE_HZ, format=container, subtype=subtype)
    signal_read = read("a.sound")
    assert signal_read.shape == signal.shape
    assert np.abs(signal_read - signal).max() <= tolerance
    assert warned(caplog) == []


def test_hot_float_samples_are_scaled_together(folder, caplog):
    signal = noise(2.0, level=30.0)
    signal[0, 1000], signal[1] = 30.0, signal[1] / 4
    sf.write("hot.wav", signal.T, RATE_HZ, subtype="FLOAT")
    signal_read = read("hot.wav")
    assert warned(caplog) == ["hot.wav: peak 30.0, scaled"]
    assert np.abs(signal_read).max() == 1
    assert np.allclose(signal_read, signal / 30, atol=1e-6)


def test_a_constant_offset_makes_no_difference(folder, caplog):
    caplog.set_level(logging.INFO, "whence.audio")
    signal = noise(12.0)
    signal -= signal[:, :240_000].mean(axis=1, keepdims=True)
    Path("offset.wav").write_bytes(wav(signal + np.float32([[0.5], [-0.25]])))
    Path("plain.wav").write_bytes(wav(signal))
    assert np.abs(read("offset.wav") - read("plain.wav")).max() < 4e-5
    assert warned(caplog) == []
    assert noted(caplog) == ["offset.wav: constant offset removed: +0.500 -0.250"]


@pytest.mark.parametrize("block_s", [0.1, 3.0, 100.0])
def test_samples_that_are_not_numbers(folder, caplog, block_s):
    signal = noise(15.0)
    signal[1, 76_800:76_810] = np.nan
    signal[0, 300_000] = np.inf
    signal[0, 300_001] = -np.inf
    sf.write("x.wav", signal.T, RATE_HZ, subtype="FLOAT")
    message = r"^x\.wav: 12 samples are not numbers, first at 3\.20 s \(right\)$"
    for attempt in (read, lambda path: list(read_blocks(path, block_s))):
        with pytest.raises(AudioError, match=message):
            attempt("x.wav")
    whole = read("x.wav", repair=True)
    assert warned(caplog) == [
        "x.wav: 12 samples are not numbers, first at 3.20 s (right)",
        "x.wav: samples that are not numbers were set to zero",
    ]
    assert np.array_equal(whole, np.where(np.isfinite(signal), signal, 0))
    assert np.array_equal(np.concatenate(list(read_blocks("x.wav", block_s, repair=True)), axis=1), whole)


@pytest.mark.parametrize("rate_hz", [24_000, 48_000])
def test_denormals_change_neither_result_nor_speed(folder, rate_hz):
    signal = noise(20.0, rate_hz=rate_hz)
    signal[:, ::3] = 0
    tiny = signal.copy()
    tiny[0, ::3], tiny[1, ::3] = 1e-40, -0.0
    sf.write("plain.wav", signal.T, rate_hz, subtype="FLOAT")
    sf.write("tiny.wav", tiny.T, rate_hz, subtype="FLOAT")
    assert np.array_equal(read("plain.wav"), read("tiny.wav"))
    assert not np.signbit(read("tiny.wav")[read("tiny.wav") == 0]).any()
    # Processors take about a hundred times as long for denormals, so none may reach the corrections and the resampler.
    with decoded("tiny.wav") as sound:
        segments = np.concatenate(list(segmented(sound, lambda block: block.T)), axis=1)
    assert np.abs(segments[segments != 0]).min() >= np.finfo(np.float32).tiny


@pytest.mark.parametrize("container", ["WAV", "RF64", "W64", "AIFF", "AU", "FLAC", "MP3", "OGG"])
def test_cut_short_files_are_read_and_reported(folder, caplog, container):
    signal = noise(10.0)
    sf.write("whole.wav", signal.T, RATE_HZ, format=container)
    content = Path("whole.wav").read_bytes()
    Path("x.wav").write_bytes(content[: round(len(content) * 0.62)])
    whole = read("whole.wav")
    assert warned(caplog) == []
    signal_read = read("x.wav")
    assert 5.8 < signal_read.shape[1] / RATE_HZ <= 6.25
    (warning,) = warned(caplog)
    if container == "OGG":  # does not state its length
        assert warning == f"x.wav is read only up to {signal_read.shape[1] / RATE_HZ:.1f} s (its last page is missing)"
    else:
        assert warning == f"x.wav is cut short: {signal_read.shape[1] / RATE_HZ:.1f} of 10.0 s"
    assert np.allclose(signal_read, whole[:, : signal_read.shape[1]], atol=1e-6)
    if container in ("WAV", "RF64", "W64"):
        assert abs(signal_read.shape[1] - 148_800) < 30


def under_limit(code, *arguments, limit_mib=400):
    """Run Python with little address space beyond what the libraries take, and return what it prints."""
    script = f"""
import resource, sys
import numpy, soundfile, soxr
import whence.audio as audio
from whence.errors import AudioError
audio.read, audio.probe  # load them before the limit
taken = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + {limit_mib} * 2**20,) * 2)
{code}
"""
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="asks Linux for the address space taken")
def test_a_promise_of_four_gigabytes_takes_no_memory(folder):
    promises = {
        "riff.wav": riff(fmt(), chunk(b"data", b"\1\2\3\4", 2**32 - 1)),
        "rf64.wav": b"RF64\xff\xff\xff\xffWAVE"
        + chunk(b"ds64", (2**40).to_bytes(8, "little") * 2 + (2**38).to_bytes(8, "little") + bytes(4))
        + fmt()
        + chunk(b"data", b"\1\2\3\4", 2**32 - 1),
        "many-channels.wav": riff(fmt(channel_count=1024), chunk(b"data", bytes(4096), 2**32 - 1)),
    }
    sf.write("a.flac", noise(1.0).T, RATE_HZ)
    flac = bytearray(Path("a.flac").read_bytes())
    flac[21], flac[22:26] = flac[21] | 0x0F, b"\xff" * 4  # 2 ** 36 - 1 samples
    promises["a.flac"] = bytes(flac)
    for name, content in promises.items():
        Path(name).write_bytes(content)
    code = """
for name in sys.argv[1:]:
    try:
        print(name, audio.read(name).shape)
    except AudioError as error:
        print(error)
    print(audio.probe(name).channel_count)
"""
    assert under_limit(code, *promises, limit_mib=64).splitlines() == [
        "riff.wav: header promises 44739 s, file holds 0.0 s",
        "2",
        f"rf64.wav: header promises {2**38 / 24_000:.0f} s, file holds 0.0 s",
        "2",
        'many-channels.wav: 1024 channels; choose two with channels="1,2"; of Ambisonics, say microphones="foa"',
        "1024",
        "a.flac (2, 24000)",
        "2",
    ]


def spoil(folder, first_seed, count, kinds):
    """Read spoiled files in a process of its own, so that even a crash inside a library is found and named."""
    done = subprocess.run(
        [sys.executable, make.__file__, str(folder), str(first_seed), str(count), kinds],
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )
    assert done.returncode == 0, f"at {(folder / 'now').read_text()}: {done.stderr[-2000:]}"
    return json.loads(done.stdout)


def assert_harmless(found, count):
    assert found["strangers"] == []
    assert set(found["outcomes"]) <= {"read", "AudioError"}
    assert sum(found["outcomes"].values()) == count
    assert min(found["outcomes"].values()) > count / 20  # both outcomes occur, else this tests nothing
    assert found["longest_s"] < 2, found["longest_case"]
    assert found["grown_mib"] < 200


def test_spoiled_files(tmp_path):
    assert_harmless(spoil(tmp_path, 0, 300, "sounds"), 300)


def test_spoiled_films(tmp_path):
    pytest.importorskip("av", reason="films need PyAV")
    assert_harmless(spoil(tmp_path, 1_000_000, 100, "films"), 100)


@pytest.mark.nightly
def test_ten_thousand_spoiled_files(tmp_path, capsys):
    found = spoil(tmp_path, 10_000, 10_000, "sounds")
    with capsys.disabled():
        sys.stdout.write(f"\nspoiled files: {found}\n")
    assert_harmless(found, 10_000)


@pytest.mark.nightly
def test_many_spoiled_films(tmp_path, capsys):
    pytest.importorskip("av", reason="films need PyAV")
    found = spoil(tmp_path, 2_000_000, 5_000, "films")
    with capsys.disabled():
        sys.stdout.write(f"\nspoiled films: {found}\n")
    assert_harmless(found, 5_000)


def extensible(signal):
    body = (
        b"\xfe\xff" + fmt()[10:24] + b"\x16\0\x10\0\3\0\0\0" + b"\1\0" + bytes.fromhex("000000001000800000aa00389b71")
    )
    return riff(chunk(b"fmt ", body), chunk(b"data", pcm16(signal)))


LAYOUT_SIGNAL = noise(1.0)
SOUND = chunk(b"data", pcm16(LAYOUT_SIGNAL))
LAYOUTS = {
    "odd-count": riff(fmt(), chunk(b"data", pcm16(LAYOUT_SIGNAL) + b"\x7f")),
    "missing-byte": riff(fmt(), SOUND)[:-1],
    "sound-before-format": riff(SOUND, fmt()),
    "junk-first": riff(chunk(b"JUNK", bytes(28)), fmt(), SOUND),
    "junk-between": riff(fmt(), chunk(b"JUNK", bytes(7)) + b"\0", chunk(b"LIST", b"INFOabcd"), SOUND),
    "odd-junk-unpadded": riff(fmt(), chunk(b"JUNK", bytes(7)), SOUND),
    "list-after": riff(fmt(), SOUND, chunk(b"LIST", b"INFO")),
    "trailing-rubbish": riff(fmt(), SOUND) + b"rubbish" * 9,
    "format-twice": riff(fmt(), fmt(rate_hz=8_000), SOUND),
    "extensible": extensible(LAYOUT_SIGNAL),
    "riff-size-0": riff(fmt(), SOUND, size=0),
    "unfinished": riff(fmt(), chunk(b"data", pcm16(LAYOUT_SIGNAL), 0), size=0),
    "unfinished-36": riff(fmt(), chunk(b"data", pcm16(LAYOUT_SIGNAL), 0), size=36),
    "from-a-pipe": riff(fmt(), chunk(b"data", pcm16(LAYOUT_SIGNAL), 2**32 - 1), size=2**32 - 1),
    "from-a-sox-pipe": riff(fmt(), chunk(b"data", pcm16(LAYOUT_SIGNAL), 0x7FFFF000), size=0x7FFFF024),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_unusual_layouts_are_read(folder, caplog, name):
    Path("a.wav").write_bytes(LAYOUTS[name])
    signal_read = read("a.wav")
    expected = np.round(LAYOUT_SIGNAL * 32768) / np.float32(32768)
    assert signal_read.shape[1] >= 23_999
    assert np.array_equal(signal_read, expected[:, : signal_read.shape[1]])
    stale = ["a.wav holds 1.0 s, and its header promises 0.0 s; all of it is read"]
    assert warned(caplog) == (stale if name.startswith("unfinished") else [])
    assert np.array_equal(read(io.BytesIO(LAYOUTS[name])), signal_read)


@pytest.mark.parametrize("container", ["RF64", "W64", "WAVEX"])
def test_long_forms_of_wav_are_read(folder, caplog, container):
    sf.write("a.wav", LAYOUT_SIGNAL.T, RATE_HZ, format=container, subtype="PCM_24")
    assert np.abs(read("a.wav") - LAYOUT_SIGNAL).max() < 2**-22
    assert warned(caplog) == []
    assert probe("a.wav").sample_count == 24_000


def write_silent_day(path, hours=24):
    """A day of silence in a sparse file, of which only the head is written."""
    data_bytes = hours * 3600 * RATE_HZ * 4
    lengths = (data_bytes + 72).to_bytes(8, "little") + data_bytes.to_bytes(8, "little")
    head = b"RF64\xff\xff\xff\xffWAVE" + chunk(b"ds64", lengths + (data_bytes // 4).to_bytes(8, "little") + bytes(4))
    head += fmt() + chunk(b"data", b"", 2**32 - 1)
    with path.open("wb") as file:
        file.write(head)
        file.seek(len(head))
        file.write(pcm16(noise(60.0)))  # a minute of sound, so that the first blocks are not silent
        file.truncate(len(head) + data_bytes)


DAY = """
import time
sys.path.insert(0, sys.argv[4])
from hostile_sounds import most_memory_kib
started, seconds, first_s, early = time.process_time(), 0.0, None, 0
for block in audio.read_blocks(sys.argv[1], float(sys.argv[2])):
    seconds += block.shape[1] / 24_000
    if first_s is None:
        first_s = time.process_time() - started
    peak = most_memory_kib()
    if seconds <= 60:
        early = peak
    if seconds >= float(sys.argv[3]):
        break
print(seconds, first_s, (peak - early) / 1024)
"""


def assert_flat(path, until_s):
    seconds, first_s, grown_mib = map(
        float, under_limit(DAY, path, 5.0, until_s, Path(make.__file__).parent, limit_mib=128).split()
    )
    assert seconds == until_s
    assert first_s < 1  # seconds of processor time until the first block
    assert grown_mib < 4


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="asks Linux for the address space taken")
def test_a_day_takes_no_more_memory_than_a_minute(tmp_path):
    path = tmp_path / "day.wav"
    write_silent_day(path)
    assert probe(path).duration_s == 24 * 3600
    assert_flat(path, 600)  # the nightly form reads the whole day


@pytest.mark.nightly
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="asks Linux for the address space taken")
def test_a_whole_day_is_read_in_constant_memory(tmp_path):
    path = tmp_path / "day.wav"
    write_silent_day(path)
    assert_flat(path, 24 * 3600)


def test_what_is_no_regular_file_is_refused_at_once(folder):
    os.mkfifo("pipe.wav")
    Path("folder.wav").mkdir()
    server = socket.socket(socket.AF_UNIX)
    with contextlib.closing(server):
        server.bind("socket.wav")
        for name in ("pipe.wav", "folder.wav", "socket.wav", "/dev/zero", "/dev/null"):
            started = time.monotonic()
            for attempt in (read, check, probe, read_sound):
                with pytest.raises(AudioError, match=rf"^{name}: not a regular file$"):
                    attempt(name)
            assert time.monotonic() - started < 2
    with open("/dev/zero", "rb") as endless, pytest.raises(AudioError, match=r"^/dev/zero: not a regular file$"):  # noqa: PTH123
        read(endless)


def test_a_file_without_permission_is_refused(folder, monkeypatch):
    Path("x.wav").write_bytes(wav(noise(0.5)))
    Path("x.wav").chmod(0)
    if os.geteuid() == 0:  # may read everything, so the system's answer is given for it
        monkeypatch.setattr(os, "open", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    with pytest.raises(AudioError, match=r"^x\.wav: no permission to read it$"):
        read("x.wav")


def test_an_open_pipe_is_read_to_its_end():
    reader, writer = os.pipe()
    content = wav(noise(0.2))
    with os.fdopen(writer, "wb") as file:
        file.write(content)
    with os.fdopen(reader, "rb") as file:
        assert read(file).shape == (2, 4800)


NAMES = [
    "line\nbreak.wav",
    "esc\x1b[2J.wav",
    "quo'te\".wav",
    "<img src=x>.wav",
    "-rf.wav",
    "=1+1.wav",
    "ä" * 125 + ".wav",
    b"not-utf8-\xff.wav",
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_any_name_works_and_is_escaped_in_messages(folder, caplog, name):
    content = wav(noise(0.5) * [[1], [0]])
    with open(name, "wb") as file:  # noqa: PTH123 - names that are bytes too
        file.write(content)
    assert read(name).shape == (2, 12_000)
    (warning,) = warned(caplog)
    assert warning.endswith(": right channel is silent")
    assert warning.isprintable()
    os.remove(name)  # noqa: PTH107
    with pytest.raises(AudioError, match=r"no such file$") as caught:
        read(name)
    assert str(caught.value).isprintable()


def test_names_that_the_system_refuses_are_refused(folder):
    with pytest.raises(AudioError, match=r"^'a\\x00b\.wav': cannot be opened"):
        read("a\0b.wav")
    with pytest.raises(AudioError, match="cannot be opened"):
        read("a" * 300 + ".wav")
    Path("a.wav").write_bytes(b"")
    with pytest.raises(AudioError, match="no such file"):
        read("a.wav/b.wav")


def test_a_loop_of_links_is_refused(folder):
    Path("a.wav").symlink_to("b.wav")
    Path("b.wav").symlink_to("a.wav")
    with pytest.raises(AudioError, match=r"^a\.wav: cannot be opened \(.*links"):
        read("a.wav")
    Path("real.wav").write_bytes(wav(noise(0.2)))
    Path("link.wav").symlink_to("real.wav")
    assert np.array_equal(read("link.wav"), read("real.wav"))


def longer(path):
    with path.open("ab") as file:
        file.write(b"more")


def rewritten(path):
    path.write_bytes(wav(noise(30.0, seed=9)))


def shortened(path):
    os.truncate(path, 100_000)


@pytest.mark.parametrize("change", [longer, rewritten, shortened, Path.unlink])
def test_a_file_that_changes_is_refused(folder, change):
    path = Path("x.wav")
    path.write_bytes(wav(noise(30.0)))
    os.utime(path, (1_000_000_000, 1_000_000_000))  # clocks tick in milliseconds; a change must show
    blocks = read_blocks(path, 1.0)
    next(blocks)
    change(path)
    with pytest.raises(AudioError, match=r"^x\.wav changed while it was read$"):
        list(blocks)


def test_a_file_that_is_only_read_by_others_has_not_changed(folder):
    path = Path("x.wav")
    path.write_bytes(wav(noise(30.0)))
    blocks = read_blocks(path, 1.0)
    first = next(blocks)
    assert path.stat().st_mode & stat.S_IRUSR
    path.read_bytes()
    assert first.shape[1] + sum(block.shape[1] for block in blocks) == 30 * RATE_HZ


@pytest.mark.parametrize("rate_hz", [24_000, 44_100])
@pytest.mark.parametrize("offset", [0.0, 0.3])
@pytest.mark.parametrize("level", [0.1, 3.0])
def test_swapped_channels_come_out_swapped(folder, rate_hz, offset, level):
    signal = noise(12.0, rate_hz=rate_hz, level=level) + np.float32([[offset], [0.0]])
    sf.write("a.wav", signal.T, rate_hz, subtype="FLOAT")
    sf.write("b.wav", signal[::-1].T, rate_hz, subtype="FLOAT")
    straight = read("a.wav")
    assert np.array_equal(read("b.wav"), straight[::-1])
    assert np.array_equal(read("a.wav", channels=(2, 1)), straight[::-1])


def test_no_file_stays_open_after_reading(folder):
    if not (descriptors := Path("/proc/self/fd")).exists():
        pytest.skip("asks Linux for the open files")
    before = len(list(descriptors.iterdir()))
    Path("good.wav").write_bytes(wav(noise(25.0)))
    Path("bad.wav").write_bytes(b"RIFF\0\0\0\0WAVE")
    for _ in range(20):
        read("good.wav")
        blocks = read_blocks("good.wav", 0.5)
        next(blocks)
        blocks.close()
        with pytest.raises(AudioError):
            read("bad.wav")
    assert len(list(descriptors.iterdir())) <= before + 1


def test_memory_limits_can_be_set_here():
    """Guards the tests above: without a working limit they would always pass."""
    with pytest.raises(AssertionError, match="MemoryError"):
        under_limit("numpy.ones(100 * 2**20, dtype=numpy.float32)", limit_mib=64)
    assert resource.getrlimit(resource.RLIMIT_AS)[0] in (
        resource.RLIM_INFINITY,
        resource.getrlimit(resource.RLIMIT_AS)[1],
    )
