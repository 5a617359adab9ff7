"""The cache of decoded sounds: nothing decoded twice, nothing half, nothing stale."""

import logging
import multiprocessing
import os
import pickle
import random
import signal
import time
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from corpora_trees import noise, write_wav
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from whence.audio import read_sound
from whence.corpora import cache as cache_module
from whence.corpora.cache import open_sounds, trim
from whence.corpora.sounds import BACKGROUND, SoundEntry, Sounds
from whence.errors import CorpusError
from whence.labels import STARSS23


def make_entries(folder, count=12):
    entries = []
    for number in range(count):
        waveform = np.random.default_rng([number, 0]).normal(0, 0.1 / (number + 1), 500 + 700 * number)
        path = write_wav(folder / f"{number}.wav", waveform.astype(np.float32))
        entries.append(SoundEntry(path, number % 13, f"recording {number // 2}", f"{number}.wav"))
    return entries


@pytest.fixture
def entries(tmp_path):
    return make_entries(tmp_path / "sounds")


@pytest.fixture
def decodings(monkeypatch):
    """Counts how often anything is decoded."""
    calls = []

    def counted(path, rate):
        calls.append(path)
        return read_sound(path, rate)

    monkeypatch.setattr("whence.corpora.cache.read_sound", counted)
    return calls


def slow_sounds(entries):
    """The obvious way: decode all into memory."""
    waveforms = [trim(read_sound(entry.path), cache_module.SILENCE_LEVEL) for entry in entries]
    return Sounds.from_waveforms(
        [waveform[: round(cache_module.LONGEST_S * 24_000)] for waveform in waveforms],
        [entry.class_index for entry in entries],
        [entry.name for entry in entries],
        [entry.recording for entry in entries],
        STARSS23,
    )


def assert_same(sounds, expected):
    assert np.array_equal(sounds.samples, expected.samples)
    assert np.array_equal(sounds.first_sample, expected.first_sample)
    assert np.array_equal(sounds.scale, expected.scale)
    assert np.array_equal(sounds.class_index, expected.class_index)
    assert (sounds.name, sounds.recording, sounds.classes) == (expected.name, expected.recording, expected.classes)


@pytest.mark.parametrize(("longest_s", "level"), [(30.0, 1e-4), (0.1, 0.002)])
@pytest.mark.parametrize("jobs", [1, 3])
def test_the_cache_holds_what_decoding_gives(entries, tmp_path, monkeypatch, longest_s, level, jobs):
    monkeypatch.setattr(cache_module, "LONGEST_S", longest_s)
    monkeypatch.setattr(cache_module, "SILENCE_LEVEL", level)
    calls = []
    for _ in range(2):
        sounds = open_sounds(
            *(entries, STARSS23, tmp_path / "cache"),
            jobs=jobs,
            progress=lambda *call: calls.append(call),
        )
        assert_same(sounds, slow_sounds(entries))
    assert calls == [("decoding", done, 12) for done in range(1, 13)]


def test_nothing_is_decoded_twice(entries, tmp_path, decodings):
    first = open_sounds(entries, STARSS23, tmp_path / "cache")
    assert sorted(decodings) == sorted(entry.path for entry in entries)
    decodings.clear()
    again = open_sounds(entries, STARSS23, tmp_path / "cache")
    assert decodings == []
    assert isinstance(again.samples, np.memmap)
    assert_same(again, first)


def test_mapped_sounds_are_pickled_by_file_name(tmp_path):
    entries = make_entries(tmp_path / "sounds", 40)
    sounds = open_sounds(entries, STARSS23, tmp_path / "cache")
    sent = pickle.dumps(sounds)
    assert len(sent) < len(sounds.samples) / 10
    received = pickle.loads(sent)
    assert isinstance(received.samples, np.memmap)
    assert_same(received, sounds)
    with pytest.raises(FrozenInstanceError):
        received.samples = None
    # A part of a map, and sounds held in memory, travel as what they hold.
    part = replace(sounds, samples=sounds.samples[: sounds.first_sample[-1]])
    assert_same(pickle.loads(pickle.dumps(part)), sounds)
    assert_same(pickle.loads(pickle.dumps(slow_sounds(entries))), sounds)


def test_classes_recordings_and_splits_change_without_decoding(entries, tmp_path, decodings):
    open_sounds(entries, STARSS23, tmp_path / "cache")
    decodings.clear()
    renamed = [replace(e, class_index=BACKGROUND, recording="one", name=f"new {e.name}", split="x") for e in entries]
    sounds = open_sounds(renamed, STARSS23, tmp_path / "cache")
    assert decodings == []
    assert set(sounds.class_index.tolist()) == {BACKGROUND}
    assert sounds.name[0] == "new 0.wav"
    assert set(sounds.recording) == {"one"}


def _touch(entries):
    os.utime(entries[3].path, (1, 1))
    return entries


def _rewrite(entries):
    write_wav(entries[3].path, np.full(700, 0.3, np.float32))
    return entries


@pytest.mark.parametrize(
    "change",
    [
        _touch,
        _rewrite,
        lambda entries: entries[:-1],
        lambda entries: entries[::-1],
    ],
    ids=["a time", "a file", "fewer", "another order"],
)
def test_changed_files_make_a_new_cache(entries, tmp_path, decodings, change):
    open_sounds(entries, STARSS23, tmp_path / "cache")
    changed = change(entries)
    decodings.clear()
    sounds = open_sounds(changed, STARSS23, tmp_path / "cache")
    assert len(decodings) == len(changed)
    assert_same(sounds, slow_sounds(changed))


@pytest.mark.parametrize(("name", "value"), [("SILENCE_LEVEL", 0.01), ("LONGEST_S", 0.2)])
def test_another_way_of_decoding_makes_a_new_cache(entries, tmp_path, decodings, monkeypatch, name, value):
    open_sounds(entries, STARSS23, tmp_path / "cache")
    decodings.clear()
    monkeypatch.setattr(cache_module, name, value)
    sounds = open_sounds(entries, STARSS23, tmp_path / "cache")
    assert len(decodings) == len(entries)
    assert_same(sounds, slow_sounds(entries))


def _cut_samples(folder):
    with (folder / "samples.int16").open("r+b") as file:
        file.truncate(1_000)


def _blank_samples(folder):
    size = (folder / "samples.int16").stat().st_size
    (folder / "samples.int16").write_bytes(bytes(size))


def _cut_table(folder):
    table = folder / "table.npz"
    table.write_bytes(table.read_bytes()[:-40])


def _flip_in_table(folder):
    table = folder / "table.npz"
    data = bytearray(table.read_bytes())
    data[len(data) // 3] ^= 255
    table.write_bytes(data)


@pytest.mark.parametrize(
    "damage",
    [
        *(_cut_samples, _blank_samples, _cut_table, _flip_in_table),
        lambda folder: (folder / "samples.int16").unlink(),
        lambda folder: (folder / "table.npz").write_bytes(b""),
        lambda folder: np.savez(folder / "table.npz", other=np.zeros(3)),
    ],
)
def test_a_damaged_cache_is_made_again_with_a_warning(entries, tmp_path, decodings, caplog, damage):
    open_sounds(entries, STARSS23, tmp_path / "cache")
    (folder,) = (tmp_path / "cache").iterdir()
    damage(folder)
    decodings.clear()
    with caplog.at_level(logging.WARNING, "whence.corpora"):
        sounds = open_sounds(entries, STARSS23, tmp_path / "cache")
    assert len(decodings) == len(entries)
    assert f"{folder}: the cache is damaged" in caplog.text
    assert_same(sounds, slow_sounds(entries))


def test_a_cache_killed_before_its_table_is_made_again_without_a_warning(entries, tmp_path, decodings, caplog):
    open_sounds(entries, STARSS23, tmp_path / "cache")
    (folder,) = (tmp_path / "cache").iterdir()
    (folder / "table.npz").unlink()
    (folder / ".whence-unfinished-0123").write_bytes(b"left by a killed writer")
    decodings.clear()
    open_sounds(entries, STARSS23, tmp_path / "cache")
    assert len(decodings) == len(entries)
    assert sorted(path.name for path in folder.iterdir()) == ["lock", "samples.int16", "table.npz"]
    assert caplog.text == ""


def test_damage_in_any_checked_block_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(cache_module, "_BLOCK_BYTES", 1 << 12)
    entries = make_entries(tmp_path / "sounds", 30)
    open_sounds(entries, STARSS23, tmp_path / "cache")
    (folder,) = (tmp_path / "cache").iterdir()
    size = (folder / "samples.int16").stat().st_size
    assert size > 40 * (1 << 12)
    for position in (0, size - 1):  # the first and the last block are always among those checked
        data = bytearray((folder / "samples.int16").read_bytes())
        data[position] ^= 1
        (folder / "samples.int16").write_bytes(data)
        assert cache_module._load(folder) is None
        open_sounds(entries, STARSS23, tmp_path / "cache")


def test_a_few_unreadable_sounds_are_left_out_and_named_every_time(tmp_path, caplog):
    entries = make_entries(tmp_path / "sounds", 25)
    entries[7].path.write_bytes(b"RIFF nothing")
    write_wav(entries[9].path, np.zeros(2_000, np.float32))
    good = [entry for number, entry in enumerate(entries) if number not in {7, 9}]
    for _ in range(2):
        caplog.clear()
        with caplog.at_level(logging.WARNING, "whence.corpora"):
            sounds = open_sounds(entries, STARSS23, tmp_path / "cache")
        assert_same(sounds, slow_sounds(good))
        assert "1 of 25 sounds cannot be read, left out: 7.wav (the first: " in caplog.text
        assert "1 of 25 sounds are silent, left out: 9.wav" in caplog.text


def test_many_names_are_counted_not_listed(tmp_path, caplog):
    entries = make_entries(tmp_path / "sounds", 10)
    for entry in entries[:8]:
        write_wav(entry.path, np.zeros(100, np.float32))
    with caplog.at_level(logging.WARNING, "whence.corpora"):
        open_sounds(entries, STARSS23, tmp_path / "cache")
    assert "8 of 10 sounds are silent, left out: 0.wav, 1.wav, 2.wav, 3.wav, 4.wav and 3 more" in caplog.text


def test_too_many_unreadable_sounds_are_an_error(entries, tmp_path, monkeypatch):
    for entry in entries[2:4]:
        entry.path.write_bytes(b"RIFF nothing")
    with pytest.raises(CorpusError, match=r"1 of 12 sounds cannot be read, more than 5%; the first: .*2.wav"):
        open_sounds(entries, STARSS23, tmp_path / "cache")
    monkeypatch.setattr(cache_module, "UNREADABLE_SHARE", 0.5)
    assert len(open_sounds(entries, STARSS23, tmp_path / "cache")) == 10


def test_lists_that_make_no_table_are_refused(entries, tmp_path):
    with pytest.raises(CorpusError, match=r"no sounds to open"):
        open_sounds([], STARSS23, tmp_path / "cache")
    with pytest.raises(CorpusError, match=r"0.wav is listed twice among the sounds"):
        open_sounds([*entries, entries[0]], STARSS23, tmp_path / "cache")
    with pytest.raises(CorpusError, match=r"0.wav is listed twice"):
        open_sounds([*entries, replace(entries[0], name="another")], STARSS23, tmp_path / "cache")
    entries[5].path.unlink()
    with pytest.raises(CorpusError, match=r"5.wav: No such file or directory; is the list of sounds older than"):
        open_sounds(entries, STARSS23, tmp_path / "cache")


def test_only_silence_makes_no_table(tmp_path):
    path = write_wav(tmp_path / "x.wav", np.zeros(100, np.float32))
    with pytest.raises(CorpusError, match=r"none of the 1 sounds can be used: all are silent or unreadable"):
        open_sounds([SoundEntry(path, 0, "x", "x")], STARSS23, tmp_path / "cache")


def test_a_folder_that_cannot_be_written_is_named(entries, tmp_path):
    (tmp_path / "cache").write_text("a file in the way")
    with pytest.raises(CorpusError, match=r"cache.*: no cache can be kept here \(.*\); free some space"):
        open_sounds(entries, STARSS23, tmp_path / "cache")


def test_a_full_disk_leaves_no_half_cache(entries, tmp_path):
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(CorpusError, match=r"no cache can be kept here \(File too large\)"):
            open_sounds(entries, STARSS23, tmp_path / "cache")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    (folder,) = (tmp_path / "cache").iterdir()
    assert [path.name for path in folder.iterdir()] == ["lock"]
    assert_same(open_sounds(entries, STARSS23, tmp_path / "cache"), slow_sounds(entries))


def _open(folder, cache_dir, report=None):
    sounds = open_sounds(make_list(folder), STARSS23, cache_dir, jobs=2)
    if report is not None:
        report.put((int(sounds.first_sample[-1]), os.getpid()))


def make_list(folder):
    paths = sorted(Path(folder).glob("*.wav"), key=lambda path: int(path.stem))
    return [SoundEntry(path, int(path.stem) % 13, path.stem, path.name) for path in paths]


def test_processes_that_open_at_once_get_the_same_sounds(tmp_path):
    make_entries(tmp_path / "sounds")
    context = multiprocessing.get_context("fork")
    report = context.Queue()
    workers = [context.Process(target=_open, args=(tmp_path / "sounds", tmp_path / "cache", report)) for _ in range(4)]
    for worker in workers:
        worker.start()
    lengths = {report.get(timeout=60)[0] for _ in workers}
    for worker in workers:
        worker.join()
    assert lengths == {len(slow_sounds(make_list(tmp_path / "sounds")).samples)}


@pytest.mark.parametrize("kills", [4, pytest.param(40, marks=pytest.mark.nightly)])
def test_a_killed_cache_is_whole_or_made_again(tmp_path, kills):
    make_entries(tmp_path / "sounds", 40)
    context = multiprocessing.get_context("fork")
    rng = random.Random(2)
    for _ in range(kills):
        process = context.Process(target=_open, args=(tmp_path / "sounds", tmp_path / "cache"))
        process.start()
        time.sleep(rng.uniform(0.002, 0.08))
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    listed = make_list(tmp_path / "sounds")
    assert_same(open_sounds(listed, STARSS23, tmp_path / "cache"), slow_sounds(listed))


def slow_trim(waveform, level):
    """Take samples off one by one."""
    kept = list(waveform)
    while kept and (abs(kept[0]) < level or kept[0] == 0):
        kept.pop(0)
    while kept and (abs(kept[-1]) < level or kept[-1] == 0):
        kept.pop()
    return kept


@given(
    hnp.arrays(np.float32, st.integers(0, 30), elements=st.sampled_from([0.0, 0.05, -0.05, 0.2, -0.2])),
    st.sampled_from([0.0, 0.05, 0.1]),
)
def test_trimming_takes_silence_off_both_ends_and_nothing_else(waveform, level):
    assert trim(waveform, np.float32(level)).tolist() == slow_trim(waveform, np.float32(level))


def tone(seconds, level=0.5, rate=24_000):
    return (level * np.sin(np.arange(round(seconds * rate)) * 0.05)).astype(np.float32)


def opened(path, folder):
    """The one sound of a list."""
    return open_sounds([SoundEntry(path, 0, path.name, path.name)], STARSS23, folder)


def test_sounds_come_in_the_order_of_the_list(tmp_path):
    lengths = [0.5, 0.01, 0.3, 0.02, 0.4, 0.1, 0.2, 0.05, 0.15]
    paths = [write_wav(tmp_path / f"{n}.wav", tone(length)) for n, length in enumerate(lengths)]
    for jobs in (1, 3):
        entries = [SoundEntry(path, 0, path.name, path.name) for path in paths]
        sounds = open_sounds(entries, STARSS23, tmp_path / f"cache{jobs}", jobs=jobs)
        # The first sample of a sine is zero and goes with the silence.
        assert np.diff(sounds.first_sample).tolist() == [round(length * 24_000) - 1 for length in lengths]


def test_a_decoded_sound_is_within_half_a_step(tmp_path):
    waveform = np.random.default_rng(0).normal(0, 0.01, 5_000).astype(np.float32)
    sounds = opened(write_wav(tmp_path / "x.wav", waveform, subtype="FLOAT"), tmp_path / "cache")
    assert np.abs(sounds.waveform(0) - trim(waveform, 1e-4)).max() <= sounds.scale[0] * 0.501
    assert np.abs(sounds.samples).max() == 32_767


def test_other_rates_channels_and_formats_become_mono_at_24_khz(tmp_path):
    both = np.stack([tone(1.0, rate=44_100), tone(1.0, rate=44_100)], axis=1)
    soundfile.write(tmp_path / "x.flac", both, 44_100)
    soundfile.write(tmp_path / "x.ogg", both[::2], 22_050, format="OGG")
    for name in ("x.flac", "x.ogg"):
        assert len(opened(tmp_path / name, tmp_path / "cache").samples) == pytest.approx(24_000, abs=200)


def test_too_long_a_sound_is_cut_after_its_silence(tmp_path, monkeypatch):
    monkeypatch.setattr(cache_module, "LONGEST_S", 0.5)
    path = write_wav(tmp_path / "x.wav", np.concatenate([np.zeros(24_000, np.float32), tone(2.0)]))
    sounds = opened(path, tmp_path / "cache")
    assert len(sounds.samples) == 12_000
    assert sounds.samples[0] != 0


def test_a_sound_below_the_level_is_silent(tmp_path, monkeypatch):
    quiet = write_wav(tmp_path / "quiet.wav", np.full(1_000, 3e-5, np.float32), subtype="FLOAT")
    with pytest.raises(CorpusError, match="all are silent"):
        opened(quiet, tmp_path / "cache")
    monkeypatch.setattr(cache_module, "SILENCE_LEVEL", 1e-5)
    assert len(opened(quiet, tmp_path / "cache")) == 1


def test_the_first_use_logs_one_line_about_resampling_not_one_a_file(tmp_path, caplog):
    rates = (44_100, 44_100, 44_100, 48_000, 24_000)
    paths = [write_wav(tmp_path / f"{n}.wav", noise(n, 1, rate // 10), rate) for n, rate in enumerate(rates)]
    entries = [SoundEntry(path, 0, path.stem, path.name) for path in paths]
    with caplog.at_level(logging.INFO, "whence.audio"):
        open_sounds(entries, STARSS23, tmp_path / "cache")
        assert [record.message for record in caplog.records] == [
            "resampled 44100 -> 24000 Hz: 3 files",
            "resampled 48000 -> 24000 Hz: 1 file",
        ]
        open_sounds(entries, STARSS23, tmp_path / "cache")
        assert len(caplog.records) == 2
        read_sound(paths[0])
    assert caplog.records[-1].message == f"{paths[0]}: resampled 44100 -> 24000 Hz"
