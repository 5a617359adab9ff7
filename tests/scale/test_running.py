"""Many sounds in processes of their own: the same results, whoever is killed; who kills is given up."""

import os
import signal

import numpy as np
import pytest
import soundfile

from whence.inference import NetworkSystem, Request, load, predict_one
from whence.models.outputs import Classwise
from whence.scale import Alone, Processes, ResumeRecord, Work, Worker, predict_all

REQUEST = Request(formats=(), table=True)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sounds")
    rng = np.random.default_rng(1)
    for number in range(4):
        soundfile.write(folder / f"{number}.wav", 0.2 * rng.standard_normal((24_000, 2)), 24_000)
    return sorted(folder.iterdir())


def pairs_of(sounds):
    return [(sound, None) for sound in sounds]


class Scripted:
    """A crew that loses its worker whenever a sound is named that kills."""

    shows_progress = False

    def __init__(self, killers):
        self.killers, self.work, self.done = killers, None, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    @property
    def has_room(self):
        return self.work is None

    def begin(self, work):
        self.work = work

    def wait(self):
        work, self.work = self.work, None
        self.done.append(work.sound)
        killed = work.sound in self.killers
        return [(work, None if killed else Worker.perform(WORKER, work))]


WORKER = Worker.__new__(Worker)


@pytest.fixture(autouse=True, scope="module")
def _one_worker():
    WORKER.__init__(REQUEST)


def test_who_kills_is_given_up_after_three_tries_and_comes_last(sounds, tmp_path):
    record = ResumeRecord(tmp_path, REQUEST)
    crew = Scripted(killers=sounds[:1])
    results = {result.sound: result for result in predict_all(crew, REQUEST, pairs_of(sounds), record)}
    assert crew.done == [*sounds, sounds[0], sounds[0]]
    assert "was killed 3 times" in results[sounds[0]].failure
    assert [results[sound].failure for sound in sounds[1:]] == [None] * 3
    # A later command knows it, begins nothing, and tries again when asked to.
    crew, record = Scripted(killers=[]), ResumeRecord(tmp_path, REQUEST)
    assert [record.has(sound, None) for sound in sounds] == [False, True, True, True]
    (result,) = predict_all(crew, REQUEST, pairs_of(sounds[:1]), record)
    assert (crew.done, result.failure) == ([], results[sounds[0]].failure)
    record.leave(sounds[:1])
    (result,) = predict_all(crew, REQUEST, pairs_of(sounds[:1]), ResumeRecord(tmp_path, REQUEST))
    assert result.failure is None


def test_a_sound_that_was_begun_by_a_killed_process_comes_last(sounds, tmp_path):
    ResumeRecord(tmp_path, REQUEST).begin(sounds[0])
    crew = Scripted(killers=[])
    list(predict_all(crew, REQUEST, pairs_of(sounds), ResumeRecord(tmp_path, REQUEST)))
    assert crew.done == [*sounds[1:], sounds[0]]


def test_who_is_interrupted_blames_nothing(sounds, tmp_path):
    for _ in range(4):
        results = predict_all(Scripted(killers=[]), REQUEST, pairs_of(sounds[:2]), ResumeRecord(tmp_path, REQUEST))
        next(results)
        results.close()
    assert ResumeRecord(tmp_path, REQUEST).tries(sounds[1]) == 0


def test_processes_find_what_one_finds_though_one_of_them_is_killed(sounds):
    alone = {result.sound: result.rows for result in predict_all(Alone(load(), REQUEST), REQUEST, pairs_of(sounds))}
    crew = Processes(REQUEST, 2)
    found = predict_all(crew, REQUEST, pairs_of(sounds))
    first = next(found)
    busy = list(crew._busy)
    assert busy
    os.kill(crew._processes[busy[0]].pid, signal.SIGKILL)
    results = {result.sound: result.rows for result in [first, *found]}
    assert results == alone
    assert crew._processes
    assert all(not process.is_alive() for process in crew._processes.values())


def test_a_result_that_a_worker_cannot_write_fails_its_sound_alone(sounds, tmp_path):
    request = Request(formats=("dcase",))
    (tmp_path / "file").touch()
    places = [(sounds[0], tmp_path / "file" / "a"), (sounds[1], tmp_path / "b")]
    failed, done = list(predict_all(Processes(request, 1), request, places))
    assert "cannot be written" in failed.failure
    assert done.failure is None
    assert (tmp_path / "b.csv").exists()


def test_workers_end_with_the_process_that_started_them(sounds):
    crew = Processes(REQUEST, 1)
    with crew:
        crew.begin(Work(sounds[0], None))
        ((_, result),) = crew.wait()
        assert result.failure is None
        ((connection, process),) = crew._processes.items()
        # What happens to the pipe when that process is killed.
        connection.close()
        process.join(10)
        assert process.exitcode == 0
        crew._processes.clear()


PART_S = 20


class LevelNetworks:
    """Predicts class 0 in every frame that is loud, at the azimuth of its level difference."""

    codings = (Classwise(),)

    def predict(self, audio):
        frames = np.sqrt((audio.reshape(len(audio), 2, -1, 2_400) ** 2).mean(axis=-1))
        left, right = frames[:, 0], frames[:, 1]
        values = np.zeros((len(audio), frames.shape[2], 3, 13), np.float32)
        values[:, :, 0, 0] = frames.max(axis=1)
        values[:, :, 1, 0] = 90 * (left - right) / np.maximum(left + right, 1e-9)
        # Values that depend on the window: where in it a frame is, and what is around it.
        values[:, :, 2, 0] = np.arange(1, frames.shape[2] + 1) + audio.std(axis=(1, 2))[:, None]
        return [values]


SYSTEM = NetworkSystem(LevelNetworks()).with_thresholds(0.1)


@pytest.fixture(scope="module")
def long_sound(tmp_path_factory):
    """A recording of 71 s, louder and louder, at another rate."""
    path = tmp_path_factory.mktemp("long") / "long.wav"
    rng = np.random.default_rng(2)
    signal = 0.3 * rng.standard_normal((71 * 44_100, 2))
    signal *= np.linspace(0.5, 4, len(signal))[:, None] * rng.uniform(0.1, 1, 71 * 4).repeat(44_100 // 4)[:, None]
    soundfile.write(path, signal, 44_100, subtype="FLOAT")
    return path


@pytest.fixture
def _short_parts(monkeypatch):
    for module in ("parts", "resampling"):
        monkeypatch.setattr(f"whence.audio.{module}.STRETCH_S", PART_S)
    monkeypatch.setattr("whence.audio.parts._LEAST_BYTES", 0)


class Here(Scripted):
    """A crew of one, in this process, that does long sounds in parts and ends after some works."""

    def __init__(self, most=99, killers=()):
        super().__init__(killers)
        self.most, self.worker = most, Worker(LONG, PART_S)
        self.worker.system = SYSTEM

    def wait(self):
        work, self.work = self.work, None
        self.done.append(work)
        if len(self.done) > self.most:
            raise KeyboardInterrupt
        number = work.part.number if work.part else None
        return [(work, None if number in self.killers else self.worker.perform(work))]


LONG = Request(formats=("dcase", "json-frames"), table=True)


@pytest.mark.usefixtures("_short_parts")
def test_a_long_sound_in_parts_is_the_whole_sound_though_interrupted(long_sound, tmp_path):
    (tmp_path / "whole").mkdir()
    whole = predict_one(SYSTEM, LONG, long_sound, tmp_path / "whole/long")
    assert len(whole.rows) > 20
    crew, record = Here(most=3), ResumeRecord(tmp_path, LONG)
    with pytest.raises(KeyboardInterrupt):
        list(predict_all(crew, LONG, [(long_sound, tmp_path / "long")], record))
    assert [work.part and work.part.number for work in crew.done] == [None, 0, 1, 2]
    crew, record, seconds = Here(), ResumeRecord(tmp_path, LONG), []
    (result,) = predict_all(crew, LONG, [(long_sound, tmp_path / "long")], record, seconds.append)
    assert [work.part and work.part.number for work in crew.done] == [None, 2, 3]
    assert sum(seconds) == pytest.approx(31)
    assert (result.rows, result.duration_s) == (whole.rows, pytest.approx(71))
    for name in ("long.csv", "long.frames.jsonl"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert ResumeRecord(tmp_path, LONG).has(long_sound, long_sound.with_name("long").relative_to(long_sound.parent))


@pytest.mark.usefixtures("_short_parts")
def test_a_part_that_kills_fails_the_sound_and_a_lost_worker_does_not(long_sound, tmp_path):
    crew = Here(killers=(1,))
    (result,) = predict_all(crew, LONG, [(long_sound, tmp_path / "long")])
    assert "was killed 3 times" in result.failure
    assert [work.part and work.part.number for work in crew.done] == [None, 0, 1, 2, 3, 1, 1]


@pytest.mark.usefixtures("_short_parts")
def test_a_long_sound_that_cannot_be_read_is_one_failure(long_sound, tmp_path):
    bad = tmp_path / "bad.wav"
    signal, rate = soundfile.read(long_sound, dtype="float32")
    signal[60 * rate] = np.nan
    soundfile.write(bad, signal, rate, subtype="FLOAT")
    (result,) = predict_all(Here(), LONG, [(bad, tmp_path / "bad")])
    assert result.failure == predict_one(SYSTEM, LONG, bad, None).failure
    assert not (tmp_path / "bad.csv").exists()
