"""What is kept: recordings that survive any end, the last minute, sound and labels that belong together."""

import errno
import signal
import subprocess
import sys
import textwrap
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from listen_doubles import FRAME, noise, rows_at, samples, wav_seconds

from whence.audio import read
from whence.errors import WhenceError
from whence.labels import Events, read_dcase
from whence.live.growing_wav import GrowingWav
from whence.live.label_frames import LabelFrames
from whence.live.last_minute import LastMinute
from whence.live.recording import Recording, finish_left_over, free_stem
from whence.live.tape import Tape

NOON = datetime(2026, 5, 1, 12, 0, 0)


def tape_in(folder, **settings):
    tape = Tape(folder, lambda: NOON, **settings)
    tape.open()
    return tape


def frames(first, count):
    """Label frames of which each holds its own number, in steps of 1/1000."""
    levels = np.repeat(np.arange(first, first + count) % 900 / 1_000, FRAME)
    return np.stack([levels, -levels]).astype(np.float32)


def numbers_in(signal):
    """The inverse of `frames`."""
    return np.round(signal[0].reshape(-1, FRAME).mean(axis=1) * 1_000).astype(int).tolist()


@pytest.mark.parametrize("seed", range(5))
def test_a_growing_wav_can_be_played_after_every_piece(seed, tmp_path):
    rng = np.random.default_rng([seed, 0, 0])
    wav, all_of_it = GrowingWav(tmp_path / "a.wav"), noise(24_000, seed)
    first = 0
    assert wav_seconds(tmp_path / "a.wav") == 0
    while first < 24_000:
        count = int(rng.integers(1, 8_000))
        wav.add(all_of_it[:, first : first + count])
        first = min(first + count, 24_000)
        assert wav_seconds(tmp_path / "a.wav") == first / 24_000
    wav.close()
    assert np.abs(read(tmp_path / "a.wav") - all_of_it).max() < 1e-4


def test_a_growing_wav_cuts_off_what_is_over_full_scale(tmp_path):
    wav = GrowingWav(tmp_path / "a.wav")
    wav.add(np.array([[1.5, -1.5], [1.0, -1.0]], np.float32))
    wav.close()
    assert np.frombuffer((tmp_path / "a.wav").read_bytes()[44:], "<i2").tolist() == [32_767, 32_767, -32_768, -32_768]


def test_sound_and_labels_of_a_recording_begin_and_end_together(tmp_path):
    tape = tape_in(tmp_path)
    for first in range(0, 100, 2):
        if first == 20:
            tape.toggle_recording()
        if first == 60:
            tape.toggle_recording()
            # The labels of its last frames are not final yet.
            assert tape.kept == []
        tape.hear(frames(first, 2))
        tape.know(rows_at([number for number in (first - 6, first - 5) if number >= 0]), max(first - 4, 0))
    assert tape.kept == [tmp_path / "whence-2026-05-01-120000.wav"]
    assert numbers_in(samples(tape.kept[0])) == list(range(20, 60))
    assert read_dcase(tape.kept[0].with_suffix(".csv")).frame.tolist() == list(range(40))
    assert len(list(tmp_path.iterdir())) == 2


def test_closing_ends_a_recording_with_the_labels_there_are(tmp_path):
    tape = tape_in(tmp_path)
    tape.toggle_recording()
    tape.hear(frames(0, 10))
    tape.know(rows_at(range(4)), 4)
    tape.close()
    assert wav_seconds(tape.kept[0]) == 1.0
    assert read_dcase(tape.kept[0].with_suffix(".csv")).frame.tolist() == [0, 1, 2, 3]


def test_a_recording_of_nothing_leaves_nothing(tmp_path, caplog):
    tape = tape_in(tmp_path)
    caplog.set_level("INFO", "whence")
    tape.toggle_recording()
    tape.toggle_recording()
    assert list(tmp_path.iterdir()) == tape.kept == []
    assert caplog.messages == ["recording", "too short to be kept"]


def test_the_last_minute_is_kept_when_its_labels_are_final(tmp_path):
    tape = tape_in(tmp_path)
    for first in range(0, 700, 10):
        tape.hear(frames(first, 10))
        tape.know(rows_at(range(max(first - 10, 0), first)), first)
    tape.save_last_minute()
    assert tape.kept == []
    tape.know(rows_at(range(690, 700)), 700)
    assert tape.kept == [tmp_path / "whence-2026-05-01-120000-last-minute.wav"]
    assert numbers_in(samples(tape.kept[0])) == list(range(100, 700))
    assert read_dcase(tape.kept[0].with_suffix(".csv")).frame.tolist() == list(range(600))


def test_less_than_a_minute_is_kept_as_it_is_and_nothing_is_no_file(tmp_path):
    tape = tape_in(tmp_path)
    tape.save_last_minute()
    tape.hear(frames(0, 7))
    tape.save_last_minute()
    tape.close()
    assert [wav_seconds(path) for path in tape.kept] == [pytest.approx(0.7)]


def test_recordings_of_one_second_get_names_of_their_own(tmp_path):
    tape = tape_in(tmp_path)
    for number in range(3):
        tape.toggle_recording()
        tape.hear(frames(number, 1))
        tape.toggle_recording()
        tape.know(Events.empty(), number + 1)
    assert [path.name for path in tape.kept] == [
        "whence-2026-05-01-120000.wav",
        "whence-2026-05-01-120000-2.wav",
        "whence-2026-05-01-120000-3.wav",
    ]


def test_a_recording_too_long_for_one_file_goes_on_in_the_next(tmp_path):
    tape = tape_in(tmp_path, longest_samples=10 * FRAME)
    tape.toggle_recording()
    for first in range(25):
        tape.hear(frames(first, 1))
        tape.know(rows_at([first]), first + 1)
    tape.close()
    assert [numbers_in(samples(path)) for path in tape.kept] == [
        list(range(10)),
        list(range(10, 20)),
        list(range(20, 25)),
    ]
    assert [read_dcase(path.with_suffix(".csv")).frame.tolist() for path in tape.kept] == [
        list(range(10)),
        list(range(10)),
        list(range(5)),
    ]


def test_events_without_a_distance_are_left_out_of_the_labels_and_told_once(tmp_path, caplog):
    tape = tape_in(tmp_path)
    tape.toggle_recording()
    for first in range(3):
        tape.hear(frames(first, 1))
        tape.know(rows_at([first], distance_m=float("nan") if first else 1.0), first + 1)
    tape.save_last_minute()
    tape.close()
    assert [read_dcase(path.with_suffix(".csv")).row_count for path in tape.kept] == [1, 1]
    assert sum("without a distance" in message for message in caplog.messages) == 1


def test_a_missing_folder_is_said_at_once(tmp_path):
    with pytest.raises(WhenceError, match="no such folder for recordings; make it first"):
        Tape(tmp_path / "gone").open()


@pytest.mark.parametrize("wait_s", [0.0, 0.01, 0.1, 0.25])
def test_a_recording_survives_a_kill(wait_s, tmp_path):
    """Killed while it writes; the next start gives the files their names."""
    script = textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        from test_listen_recording import frames, rows_at
        from whence.live.tape import Tape
        tape = Tape(Path({str(tmp_path)!r})); tape.open(); tape.toggle_recording()
        for first in range(100_000):
            tape.hear(frames(first, 1)); tape.know(rows_at([first]), first + 1)
            if first == 5: print("going", flush=True)
    """)
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"going\n"
    # Somebody else starts meanwhile: a recording that is still being made is left alone.
    assert finish_left_over(tmp_path) == []
    time.sleep(wait_s)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    process.stdout.close()
    (growing,) = tmp_path.glob("*.growing.wav")
    assert read(growing).shape[1] >= 5 * FRAME
    assert read_dcase(growing.with_suffix(".csv")).row_count >= 5
    Tape(tmp_path).open()
    (wav,) = tmp_path.glob("*.wav")
    assert ".growing" not in wav.name
    heard = numbers_in(samples(wav)[:, : samples(wav).shape[1] // FRAME * FRAME])
    labels = read_dcase(wav.with_suffix(".csv"))
    assert heard == [number % 900 for number in range(len(heard))]
    assert labels.frame.tolist() == list(range(labels.row_count))
    assert abs(labels.row_count - len(heard)) <= 1


def test_a_full_disk_keeps_what_was_recorded(tmp_path, monkeypatch):
    tape = tape_in(tmp_path)
    tape.toggle_recording()
    tape.hear(frames(0, 5))
    tape.know(rows_at(range(5)), 5)

    def full(signal):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tape.recording._wav, "add", full)
    with pytest.raises(OSError, match="No space left"):
        tape.hear(frames(5, 5))
    tape.close()
    assert wav_seconds(tape.kept[0]) == 0.5
    assert read_dcase(tape.kept[0].with_suffix(".csv")).row_count == 5


def test_a_disk_that_fills_up_in_the_middle_of_a_piece(tmp_path):
    """A limit on the size of files acts as a disk that is full; in a process of its own."""
    script = textwrap.dedent(f"""
        import resource, signal, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        from test_listen_recording import frames
        from whence.live.tape import Tape
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        tape = Tape(Path({str(tmp_path)!r})); tape.open(); tape.toggle_recording()
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
        try:
            for first in range(100):
                tape.hear(frames(first, 1))
        except OSError as error:
            print("full", first)
        tape.close()
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "full 10\n"
    (wav,) = tmp_path.glob("*.wav")
    assert numbers_in(samples(wav)[:, : 10 * FRAME]) == list(range(10))
    assert read_dcase(wav.with_suffix(".csv")).row_count == 0


def test_a_folder_that_takes_no_files_leaves_nothing(tmp_path):
    (tmp_path / "whence-a.growing.wav").mkdir()
    with pytest.raises(FileExistsError):
        Recording(tmp_path / "whence-a", 0)
    assert [path.name for path in tmp_path.iterdir()] == ["whence-a.growing.wav"]


def test_only_our_own_leftovers_are_named(tmp_path):
    for name in ("mine.growing.wav", "whence-b.wav", "whence-c.growing.csv"):
        (tmp_path / name).write_bytes(b"")
    assert finish_left_over(tmp_path) == []
    assert free_stem(tmp_path, "b").name == "whence-b-2"
    assert free_stem(tmp_path, "c").name == "whence-c-2"


@pytest.mark.parametrize("seed", range(5))
def test_label_frames_equal_cutting_the_whole(seed):
    rng, cut, given, whole = np.random.default_rng([seed, 0, 0]), LabelFrames(), [], noise(40_000, seed)
    first = 0
    while first < 40_000:
        count = int(rng.integers(0, 7_000))
        given.append(cut.push(whole[:, first : first + count]))
        first += count
    joined = np.concatenate(given, axis=1)
    assert cut.count == 40_000 // FRAME == joined.shape[1] // FRAME
    assert (joined == whole[:, : joined.shape[1]]).all()


@pytest.mark.parametrize("seed", range(5))
def test_the_ring_equals_a_list_that_forgets(seed):
    """Chunks shorter and longer than the ring."""
    rng, minute, twin, rows = np.random.default_rng([seed, 0, 0]), LastMinute(kept_frames=7), [], []
    for _ in range(40):
        count, first = int(rng.integers(0, 11)), len(twin)
        twin += range(first, first + count)
        rows += range(first, first + count)
        minute.hear(frames(first, count))
        minute.know(rows_at(range(first, first + count)))
        assert numbers_in(minute.sound()) == [number % 900 for number in twin[-7:]]
        assert (minute.first_frame, minute.end_frame) == (max(len(twin) - 7, 0), len(twin))
        known = minute.events_between(minute.first_frame, minute.end_frame).frame.tolist()
        assert known == twin[-7:]


def test_no_file_stays_open(tmp_path):
    open_files = Path("/proc/self/fd")
    before = len(list(open_files.iterdir())) if open_files.exists() else 0
    for _ in range(20):
        tape = tape_in(tmp_path)
        tape.toggle_recording()
        tape.hear(frames(0, 1))
        tape.close()
    after = len(list(open_files.iterdir())) if open_files.exists() else 0
    assert after <= before
