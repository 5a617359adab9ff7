"""Listening as a whole, with stand-ins: keys, losses, absences, ends, and eight hours in memory that stays flat."""

import errno
import io
import os
from pathlib import Path

import numpy as np
import pytest
from live_doubles import FRAME, FakeStream, Listening, noise, samples, wav_seconds

from whence.labels import STARSS23, read_dcase
from whence.live.device import UnpluggedError
from whence.live.outputs import JsonLines, Output

SECOND = 24_000
STATM = Path("/proc/self/statm")


def chunks(duration_s, chunk=1_200, seed=0):
    signal = noise(round(duration_s * SECOND), seed)
    return [signal[:, first : first + chunk] for first in range(0, signal.shape[1], chunk)]


def wavs(folder):
    return sorted(folder.glob("*.wav"))


def test_a_sound_is_processed_to_its_end_and_every_output_gets_every_frame_once(tmp_path):
    stream, sent = io.StringIO(), []

    class Collecting:
        def send(self, events, first_frame, end_frame):
            assert events.frame.tolist() == list(range(first_frame, end_frame))
            sent.extend(range(first_frame, end_frame))

        def close(self):
            sent.append("closed")

    listening = Listening(tmp_path, chunks(3.05), outputs=[JsonLines(stream, STARSS23), Collecting()])
    listening.listener.run()
    assert sent == [*range(31), "closed"]
    assert len(stream.getvalue().splitlines()) == 31
    assert listening.stream.finished
    assert wavs(tmp_path) == []


def test_r_records_from_press_to_press(tmp_path):
    keys = {10: "r", 50: "r", 70: "R", 90: "r"}
    listening = Listening(tmp_path, chunks(6.0), keys=[keys.get(look, "") for look in range(200)])
    listening.listener.run()
    assert len(wavs(tmp_path)) == 2
    assert [wav_seconds(path) for path in listening.recorder.written] == pytest.approx([2.0, 1.0], abs=0.11)
    for path in listening.recorder.written:
        labels = read_dcase(path.with_suffix(".csv"))
        assert labels.frame.tolist() == list(range(round(wav_seconds(path) * 10)))


def test_a_recording_holds_the_sound_sample_by_sample(tmp_path):
    listening = Listening(tmp_path, chunks(2.0, chunk=777), keys=["r"])
    listening.listener.run()
    (wav,) = wavs(tmp_path)
    held, whole = samples(wav), noise(2 * SECOND)
    # It begins with the first label frame after the key.
    assert np.abs(held - whole[:, : held.shape[1]]).max() < 1e-4
    assert held.shape[1] == 2 * SECOND


def test_s_saves_the_last_minute(tmp_path):
    listening = Listening(tmp_path, chunks(70.0, chunk=12_000), keys=[""] * 138 + ["s"])
    listening.listener.run()
    (wav,) = wavs(tmp_path)
    assert "last-minute" in wav.name
    assert wav_seconds(wav) == 60.0
    assert read_dcase(wav.with_suffix(".csv")).frame.tolist() == list(range(600))


def test_x_swaps_q_ends_and_other_keys_do_nothing(tmp_path):
    listening = Listening(tmp_path, chunks(5.0), keys=["", "x", "?", "kjh", "q"])
    listening.listener.run()
    assert listening.sound.swapped
    assert listening.stop.asked
    assert not listening.source.ended
    assert listening.listener.state().duration_s == pytest.approx(0.2)


def test_a_running_recording_is_kept_when_the_device_is_unplugged(tmp_path):
    listening = Listening(tmp_path, [*chunks(3.0), 60.0], keys=["r"], shows_page=True)
    with pytest.raises(UnpluggedError, match="was it unplugged"):
        listening.listener.run()
    (wav,) = wavs(tmp_path)
    assert wav_seconds(wav) == pytest.approx(3.0, abs=0.11)
    assert read_dcase(wav.with_suffix(".csv")).row_count == round(wav_seconds(wav) * 10)
    waiting = [line for page in listening.terminal.pages for line in page if "waiting" in line]
    assert any("waiting 9 s more" in line for line in waiting)
    assert any("waiting 0 s more" in line for line in waiting)


def test_a_recording_goes_on_after_an_absence_and_the_loss_is_shown(tmp_path):
    listening = Listening(tmp_path, [*chunks(1.0), 5.0, *chunks(1.0)], keys=["r"], shows_page=True)
    listening.listener.run()
    (wav,) = wavs(tmp_path)
    assert wav_seconds(wav) == pytest.approx(2.0, abs=0.11)
    assert any(line.count("lost 5.") for line in listening.terminal.pages[-1])


def test_what_is_dropped_is_counted_on_the_page_and_logged_at_the_end(tmp_path, caplog):
    listening = Listening(tmp_path, chunks(2.0), shows_page=True)
    listening.source.lost_s = 1.5
    listening.listener.run()
    assert any("lost 1.5 s" in line for line in listening.terminal.pages[-1])
    assert "1.5 s of sound were lost" in caplog.messages


def test_the_page_is_drawn_ten_times_a_second_at_most(tmp_path):
    listening = Listening(tmp_path, chunks(3.0, chunk=240), shows_page=True)
    listening.listener.run()
    assert 28 <= len(listening.terminal.pages) <= 32


def test_the_real_time_factor_is_work_for_each_second_of_sound(tmp_path):
    listening = Listening(tmp_path, chunks(20.0))

    class Slow(FakeStream):
        def feed(self, signal):
            listening.clock.sleep(0.3 * signal.shape[1] / SECOND)
            return super().feed(signal)

    listening.listener._stream = Slow()
    listening.listener.run()
    state = listening.listener.state()
    assert state.real_time_factor == pytest.approx(0.3)
    assert state.latency_s == 0.4


def test_a_slow_system_is_no_absent_device(tmp_path, caplog):
    """Its work takes longer than a device may be silent, and the page is drawn right after it."""
    listening = Listening(tmp_path, chunks(3.0), shows_page=True)

    class Slow(FakeStream):
        def feed(self, signal):
            listening.clock.sleep(4.0)
            return super().feed(signal)

    listening.listener._stream = Slow()
    listening.listener.run()
    assert not any("waiting" in line for page in listening.terminal.pages for line in page)
    assert listening.listener.state().lost_s == 0
    assert caplog.messages == []


def test_a_closed_pipe_ends_it_with_everything_kept(tmp_path):
    class Closed(Output):
        def send(self, events, first_frame, end_frame):
            if end_frame > 10:
                raise BrokenPipeError

        def close(self):
            pass

    listening = Listening(tmp_path, chunks(5.0), keys=["r"], outputs=[Closed()])
    with pytest.raises(BrokenPipeError):
        listening.listener.run()
    (wav,) = wavs(tmp_path)
    assert wav_seconds(wav) >= 1.0
    assert read_dcase(wav.with_suffix(".csv")).row_count >= 10


def test_a_system_that_fails_leaves_a_whole_recording(tmp_path):
    class Failing(FakeStream):
        def feed(self, signal):
            if self.frame_count > 10:
                raise RuntimeError("bug")
            return super().feed(signal)

    listening = Listening(tmp_path, chunks(5.0), keys=["r"], stream=Failing())
    with pytest.raises(RuntimeError, match="bug"):
        listening.listener.run()
    assert wav_seconds(*wavs(tmp_path)) >= 1.0


def test_a_full_disk_ends_it_with_what_was_kept(tmp_path, monkeypatch):
    listening = Listening(tmp_path, chunks(5.0), keys=["r"])
    add_sound = listening.recorder.add_sound

    def refuse_later(frames):
        if listening.recorder.minute.end_frame > 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        add_sound(frames)

    monkeypatch.setattr(listening.recorder, "add_sound", refuse_later)
    with pytest.raises(OSError, match="No space"):
        listening.listener.run()
    assert wav_seconds(*wavs(tmp_path)) >= 2.0


def memory_bytes():
    """What this process holds now."""
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not STATM.exists(), reason="this system does not say what a process holds")
def test_eight_hours_take_no_more_memory_than_one(tmp_path):
    """Chunks of four seconds, an event in every fourth frame, the page shown, all outputs but the recording."""
    piece, held = noise(4 * SECOND), []

    def script():
        for number in range(8 * 900):
            if number % 900 == 450:
                held.append(memory_bytes())
            yield piece

    class Nowhere(io.StringIO):
        def write(self, text):
            return len(text)

    listening = Listening(tmp_path, script(), outputs=[JsonLines(Nowhere(), STARSS23)], stream=FakeStream(every=4))
    listening.listener.run()
    assert listening.listener.state().duration_s == 8 * 3600
    assert len(held) == 8
    assert max(held[1:]) - held[1] < 2e6
    assert listening.recorder.minute.events.row_count <= 600 + 4 * SECOND // FRAME
