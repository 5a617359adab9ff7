"""A training that is killed at any moment goes on, and ends at the weights of one that was never disturbed."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from training_runs import noise_data, noise_recipe, run_training

from whence.errors import WorkerDiedError
from whence.files import _UNFINISHED
from whence.models.weights import load_weights
from whence.training.checkpoints import load_state
from whence.training.loop import LoopSettings
from whence.training.run_folder import read_lines
from whence.training.train import train

PROGRAM = Path(__file__).with_name("training_runs.py")
EPOCHS = 3


def weights_of(run):
    return {
        f"{name}.{key}": tensor
        for name in ("detector", "localizer")
        for key, tensor in load_weights(run / name / "weights.safetensors").tensors.items()
    }


def assert_equal_runs(run, other):
    """Bit for bit, and the same record but for the clock."""
    ours, theirs = weights_of(run), weights_of(other)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []
    timing = ("seconds", "clips_per_s")
    records = [[{k: v for k, v in line.items() if k not in timing} for line in read_lines(r)] for r in (run, other)]
    assert records[0] == records[1]
    assert (run / "system.json").read_bytes() == (other / "system.json").read_bytes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    run = tmp_path_factory.mktemp("undisturbed") / "run"
    done = start(run)
    _, err = done.communicate(timeout=300)
    assert done.returncode == 0, err
    return run


@pytest.fixture
def one_thread():
    """As in the other process: sums over several threads are rounded otherwise."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def start(run, workers=0):
    words = [sys.executable, str(PROGRAM), str(run), str(workers), str(EPOCHS)]
    return subprocess.Popen(words, stderr=subprocess.PIPE, text=True, start_new_session=True)


def newest_checkpoint(run):
    """When the newest was written."""
    times = [0]
    for path in run.glob("*/state.*.json"):
        with contextlib.suppress(FileNotFoundError):  # about to be replaced
            times.append(path.stat().st_mtime_ns)
    return max(times)


def wait_for_steps(process, run, count):
    """Until a process has done so many steps, or some more, or is through."""
    lock, last, seen = run / "lock", 0, -1
    while process.poll() is None and seen < count:
        if lock.exists() and f"pid {process.pid} " in lock.read_text():
            newest = newest_checkpoint(run)
            seen += newest != last or seen < 0
            last = newest
        time.sleep(0.001)


def kill_and_go_on(run, kills, seed):
    """Let a training begin its work, kill it with all its processes, again and again; then let it end."""
    rng = random.Random(seed)
    killed = resumed = 0
    for number in range(kills):
        process = start(run, workers=number % 2)
        # Killed while it starts it would have nothing to lose; each step leaves a checkpoint.
        wait_for_steps(process, run, rng.randint(0, 4))
        time.sleep(rng.uniform(0, 0.06))
        os.killpg(process.pid, signal.SIGKILL)
        _, err = process.communicate(timeout=60)
        killed += process.returncode == -signal.SIGKILL
        resumed += "resuming at step" in err
        assert process.returncode in (0, -signal.SIGKILL), err
    last = start(run)
    _, err = last.communicate(timeout=300)
    assert last.returncode == 0, err
    assert not list(run.rglob(f"{_UNFINISHED}*"))
    return killed, resumed


def test_three_kills_leave_no_trace_in_the_weights(undisturbed, tmp_path):
    killed, resumed = kill_and_go_on(tmp_path / "run", 3, seed=1)
    assert killed >= 2
    assert resumed >= 1
    assert_equal_runs(tmp_path / "run", undisturbed)


@pytest.mark.nightly
def test_thirty_kills_leave_no_trace_in_the_weights(undisturbed, tmp_path):
    """Five runs, six kills each."""
    counts = []
    for number in range(5):
        counts.append(kill_and_go_on(tmp_path / f"run{number}", 6, seed=10 + number))
        assert_equal_runs(tmp_path / f"run{number}", undisturbed)
    assert sum(killed for killed, _ in counts) >= 20
    assert sum(resumed for _, resumed in counts) >= 10


@pytest.mark.filterwarnings("ignore:This DataLoader will create 4 worker processes")  # on a machine of two cores
@pytest.mark.parametrize("workers", [1, 4])
def test_any_number_of_workers_trains_the_same_weights(workers, undisturbed, one_thread, tmp_path):
    run_training(tmp_path / "run", workers, EPOCHS)
    assert_equal_runs(tmp_path / "run", undisturbed)


def test_a_killed_worker_ends_the_training_with_a_sentence_and_a_checkpoint(undisturbed, one_thread, tmp_path):
    recipe = noise_recipe(EPOCHS)
    data, held_out = noise_data(recipe)
    steps = iter(range(1, 1_000))

    def kill_a_worker():
        if next(steps) == 3:
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            os.kill(int(children[-1]), signal.SIGKILL)
        return False

    # Any loader used before leaves torch's handler behind, which raises wherever training is.
    list(torch.utils.data.DataLoader([1, 2], num_workers=1))
    settings = LoopSettings(workers=1, device="cpu", should_stop=kill_a_worker)
    with pytest.raises(WorkerDiedError, match=r"was killed \(out of memory, or /dev/shm is full\?\)"):
        train(recipe, data, held_out, tmp_path / "run", settings)
    assert int(load_state(tmp_path / "run" / "detector")["step"]) >= 3
    run_training(tmp_path / "run", 0, EPOCHS)
    assert_equal_runs(tmp_path / "run", undisturbed)
