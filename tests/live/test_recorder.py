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
from live_doubles import FRAME, noise, rows_at, samples, wav_seconds

from whence.audio import read
from whence.errors import WhenceError
from whence.labels import Events, read_dcase
from whence.live.recorder import LabelFrames, LastMinute, Recorder
from whence.live.recording import GrowingWav, Recording, finish_left_over, free_stem

NOON = datetime(2026, 5, 1, 12, 0, 0)


def recorder_in(folder, **settings):
    recorder = Recorder(folder, lambda: NOON, **settings)
    recorder.open()
    return recorder


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
    recorder = recorder_in(tmp_path)
    for first in range(0, 100, 2):
        if first == 20:
            recorder.toggle_recording()
        if first == 60:
            recorder.toggle_recording()
            # The labels of its last frames are not final yet.
            assert recorder.written == []
        recorder.add_sound(frames(first, 2))
        recorder.add_events(rows_at([number for number in (first - 6, first - 5) if number >= 0]), max(first - 4, 0))
    assert recorder.written == [tmp_path / "whence-2026-05-01-120000.wav"]
    assert numbers_in(samples(recorder.written[0])) == list(range(20, 60))
    assert read_dcase(recorder.written[0].with_suffix(".csv")).frame.tolist() == list(range(40))
    assert len(list(tmp_path.iterdir())) == 2


def test_closing_ends_a_recording_with_the_labels_there_are(tmp_path):
    recorder = recorder_in(tmp_path)
    recorder.toggle_recording()
    recorder.add_sound(frames(0, 10))
    recorder.add_events(rows_at(range(4)), 4)
    recorder.close()
    assert wav_seconds(recorder.written[0]) == 1.0
    assert read_dcase(recorder.written[0].with_suffix(".csv")).frame.tolist() == [0, 1, 2, 3]


def test_a_recording_of_nothing_leaves_nothing(tmp_path, caplog):
    recorder = recorder_in(tmp_path)
    caplog.set_level("INFO", "whence")
    recorder.toggle_recording()
    recorder.toggle_recording()
    assert list(tmp_path.iterdir()) == recorder.written == []
    assert caplog.messages == ["recording", "too short to be kept"]


def test_the_last_minute_is_kept_when_its_labels_are_final(tmp_path):
    recorder = recorder_in(tmp_path)
    for first in range(0, 700, 10):
        recorder.add_sound(frames(first, 10))
        recorder.add_events(rows_at(range(max(first - 10, 0), first)), first)
    recorder.save_last_minute()
    assert recorder.written == []
    recorder.add_events(rows_at(range(690, 700)), 700)
    assert recorder.written == [tmp_path / "whence-2026-05-01-120000-last-minute.wav"]
    assert numbers_in(samples(recorder.written[0])) == list(range(100, 700))
    assert read_dcase(recorder.written[0].with_suffix(".csv")).frame.tolist() == list(range(600))


def test_less_than_a_minute_is_kept_as_it_is_and_nothing_is_no_file(tmp_path):
    recorder = recorder_in(tmp_path)
    recorder.save_last_minute()
    recorder.add_sound(frames(0, 7))
    recorder.save_last_minute()
    recorder.close()
    assert [wav_seconds(path) for path in recorder.written] == [pytest.approx(0.7)]


def test_recordings_of_one_second_get_names_of_their_own(tmp_path):
    recorder = recorder_in(tmp_path)
    for number in range(3):
        recorder.toggle_recording()
        recorder.add_sound(frames(number, 1))
        recorder.toggle_recording()
        recorder.add_events(Events.empty(), number + 1)
    assert [path.name for path in recorder.written] == [
        "whence-2026-05-01-120000.wav",
        "whence-2026-05-01-120000-2.wav",
        "whence-2026-05-01-120000-3.wav",
    ]


def test_a_recording_too_long_for_one_file_goes_on_in_the_next(tmp_path):
    recorder = recorder_in(tmp_path, longest_samples=10 * FRAME)
    recorder.toggle_recording()
    for first in range(25):
        recorder.add_sound(frames(first, 1))
        recorder.add_events(rows_at([first]), first + 1)
    recorder.close()
    assert [numbers_in(samples(path)) for path in recorder.written] == [
        list(range(10)),
        list(range(10, 20)),
        list(range(20, 25)),
    ]
    assert [read_dcase(path.with_suffix(".csv")).frame.tolist() for path in recorder.written] == [
        list(range(10)),
        list(range(10)),
        list(range(5)),
    ]


def test_events_without_a_distance_are_left_out_of_the_labels_and_reported_once(tmp_path, caplog):
    recorder = recorder_in(tmp_path)
    recorder.toggle_recording()
    for first in range(3):
        recorder.add_sound(frames(first, 1))
        recorder.add_events(rows_at([first], distance_m=float("nan") if first else 1.0), first + 1)
    recorder.save_last_minute()
    recorder.close()
    assert [read_dcase(path.with_suffix(".csv")).row_count for path in recorder.written] == [1, 1]
    assert sum("without a distance" in message for message in caplog.messages) == 1


def test_a_missing_folder_is_an_error_at_once(tmp_path):
    with pytest.raises(WhenceError, match="no such folder for recordings; make it first"):
        Recorder(tmp_path / "gone").open()


@pytest.mark.parametrize("wait_s", [0.0, 0.01, 0.1, 0.25])
def test_a_recording_survives_a_kill(wait_s, tmp_path):
    """Killed while it writes; the next start gives the files their names."""
    script = textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        from test_recorder import frames, rows_at
        from whence.live.recorder import Recorder
        recorder = Recorder(Path({str(tmp_path)!r})); recorder.open(); recorder.toggle_recording()
        for first in range(100_000):
            recorder.add_sound(frames(first, 1)); recorder.add_events(rows_at([first]), first + 1)
            if first == 5: print("going", flush=True)
    """)
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"going\n"
    # Another process starts meanwhile: a recording in progress stays as it is.
    assert finish_left_over(tmp_path) == []
    time.sleep(wait_s)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    process.stdout.close()
    (growing,) = tmp_path.glob("*.growing.wav")
    assert read(growing).shape[1] >= 5 * FRAME
    assert read_dcase(growing.with_suffix(".csv")).row_count >= 5
    Recorder(tmp_path).open()
    (wav,) = tmp_path.glob("*.wav")
    assert ".growing" not in wav.name
    recorded = numbers_in(samples(wav)[:, : samples(wav).shape[1] // FRAME * FRAME])
    labels = read_dcase(wav.with_suffix(".csv"))
    assert recorded == [number % 900 for number in range(len(recorded))]
    assert labels.frame.tolist() == list(range(labels.row_count))
    assert abs(labels.row_count - len(recorded)) <= 1


def test_a_full_disk_keeps_what_was_recorded(tmp_path, monkeypatch):
    recorder = recorder_in(tmp_path)
    recorder.toggle_recording()
    recorder.add_sound(frames(0, 5))
    recorder.add_events(rows_at(range(5)), 5)

    def full(signal):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(recorder.recording._wav, "add", full)
    with pytest.raises(OSError, match="No space left"):
        recorder.add_sound(frames(5, 5))
    recorder.close()
    assert wav_seconds(recorder.written[0]) == 0.5
    assert read_dcase(recorder.written[0].with_suffix(".csv")).row_count == 5


def test_a_disk_that_fills_up_in_the_middle_of_a_piece(tmp_path):
    """A limit on the size of files acts as a disk that is full; in a process of its own."""
    script = textwrap.dedent(f"""
        import resource, signal, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        from test_recorder import frames
        from whence.live.recorder import Recorder
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        recorder = Recorder(Path({str(tmp_path)!r})); recorder.open(); recorder.toggle_recording()
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
        try:
            for first in range(100):
                recorder.add_sound(frames(first, 1))
        except OSError as error:
            print("full", first)
        recorder.close()
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
def test_the_last_minute_equals_a_list_that_forgets(seed):
    """Chunks shorter and longer than what it holds."""
    rng, minute, twin, rows = np.random.default_rng([seed, 0, 0]), LastMinute(frame_count=7), [], []
    for _ in range(40):
        count, first = int(rng.integers(0, 11)), len(twin)
        twin += range(first, first + count)
        rows += range(first, first + count)
        minute.add_sound(frames(first, count))
        minute.add_events(rows_at(range(first, first + count)))
        assert numbers_in(minute.sound()) == [number % 900 for number in twin[-7:]]
        assert (minute.first_frame, minute.end_frame) == (max(len(twin) - 7, 0), len(twin))
        known = minute.events.frame.tolist()
        assert known == twin[-7:]


def test_no_file_stays_open(tmp_path):
    open_files = Path("/proc/self/fd")
    before = len(list(open_files.iterdir())) if open_files.exists() else 0
    for _ in range(20):
        recorder = recorder_in(tmp_path)
        recorder.toggle_recording()
        recorder.add_sound(frames(0, 1))
        recorder.close()
    after = len(list(open_files.iterdir())) if open_files.exists() else 0
    assert after <= before
