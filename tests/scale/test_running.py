"""Many sounds in processes of their own: the same results, whoever is killed; who kills is given up."""

import os
import signal

import numpy as np
import pytest
import soundfile

from whence.inference import Request, load
from whence.scale import Alone, Processes, ResumeRecord, Worker, predict_all
from whence.scale.workers import Work

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
    results = {result.sound: result for result in predict_all(crew, pairs_of(sounds), record)}
    assert crew.done == [*sounds, sounds[0], sounds[0]]
    assert "was killed 3 times" in results[sounds[0]].failure
    assert [results[sound].failure for sound in sounds[1:]] == [None] * 3
    # A later command knows it, begins nothing, and tries again when asked to.
    crew, record = Scripted(killers=[]), ResumeRecord(tmp_path, REQUEST)
    assert [record.has(sound, None) for sound in sounds] == [False, True, True, True]
    (result,) = predict_all(crew, pairs_of(sounds[:1]), record)
    assert (crew.done, result.failure) == ([], results[sounds[0]].failure)
    record.leave(sounds[:1])
    (result,) = predict_all(crew, pairs_of(sounds[:1]), ResumeRecord(tmp_path, REQUEST))
    assert result.failure is None


def test_a_sound_that_was_begun_by_a_killed_process_comes_last(sounds, tmp_path):
    ResumeRecord(tmp_path, REQUEST).begin(sounds[0])
    crew = Scripted(killers=[])
    list(predict_all(crew, pairs_of(sounds), ResumeRecord(tmp_path, REQUEST)))
    assert crew.done == [*sounds[1:], sounds[0]]


def test_who_is_interrupted_blames_nothing(sounds, tmp_path):
    for _ in range(4):
        results = predict_all(Scripted(killers=[]), pairs_of(sounds[:2]), ResumeRecord(tmp_path, REQUEST))
        next(results)
        results.close()
    assert ResumeRecord(tmp_path, REQUEST).tries(sounds[1]) == 0


def test_processes_find_what_one_finds_though_one_of_them_is_killed(sounds):
    alone = {result.sound: result.rows for result in predict_all(Alone(load(), REQUEST), pairs_of(sounds))}
    crew = Processes(REQUEST, 2)
    found = predict_all(crew, pairs_of(sounds))
    first = next(found)
    busy = list(crew._busy)
    assert busy
    os.kill(crew._processes[busy[0]].pid, signal.SIGKILL)
    results = {result.sound: result.rows for result in [first, *found]}
    assert results == alone
    assert crew._processes
    assert all(not process.is_alive() for process in crew._processes.values())


def test_an_error_of_a_worker_ends_the_run(sounds, tmp_path):
    request = Request(formats=("dcase",))
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        list(predict_all(Processes(request, 1), [(sounds[0], tmp_path / "file" / "a")]))


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
