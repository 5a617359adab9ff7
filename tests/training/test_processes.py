"""Several processes that train together: the same clips, the same weights, one record."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from whence.errors import GaveUpError, TrainingError
from whence.models.weights import load_weights
from whence.training.checkpoints import load_state
from whence.training.processes import Processes
from whence.training.run_folder import read_lines

HERE = Path(__file__).parent


def together(count, *program):
    """A program (a file or a module, and its words) in so many processes."""
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count)]
    alone = [] if count == 1 else launcher
    words = [sys.executable, *alone, *map(str, program)]
    return subprocess.Popen(
        words, stderr=subprocess.PIPE, text=True, start_new_session=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )


def finished(process):
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return err


def shared_between(monkeypatch, count, rank):
    processes = Processes("cpu")
    monkeypatch.setitem(processes.__dict__, "count", count)
    monkeypatch.setitem(processes.__dict__, "rank", rank)
    return processes


@pytest.mark.parametrize("count", [1, 2, 4])
def test_the_parts_of_all_processes_are_the_clips_of_one(count, tiny_clip_positions, monkeypatch):
    alone = tiny_clip_positions(range(3, 7), 8)
    parts = []
    for rank in range(count):
        processes = shared_between(monkeypatch, count, rank)
        parts.append(tiny_clip_positions(processes.numbers(3, 7), processes.clips_of(8)))
    joined = [clip for batch in zip(*parts, strict=True) for part in batch for clip in part]
    assert joined == [clip for batch in alone for clip in batch]


@pytest.fixture
def tiny_clip_positions():
    """The positions that batches of some size have, as scenes and clips count them."""
    return lambda numbers, clips: [list(range(number * clips, (number + 1) * clips)) for number in numbers]


def test_a_batch_that_cannot_be_shared_is_refused(monkeypatch):
    with pytest.raises(TrainingError, match="batches of 8 clips cannot be shared by 3 processes"):
        shared_between(monkeypatch, 3, 0).clips_of(8)


def test_a_process_alone_is_the_first_and_waits_for_nobody():
    processes = Processes("cpu")
    processes.wait()
    assert (processes.count, processes.rank, processes.is_first) == (1, 0, True)
    assert [processes.any(flag) for flag in (True, False)] == [True, False]


@pytest.fixture(scope="module")
def together_and_alone(tmp_path_factory):
    """The same training by two processes, which were not told a device, and by one; the states at its end."""
    folder = tmp_path_factory.mktemp("shared")
    for count in (1, 2):
        finished(together(count, HERE / "shared_training.py", folder / str(count)))
    return folder


def reports(folder, count):
    return [json.loads((folder / str(count) / f"rank{rank}.json").read_text()) for rank in range(count)]


def test_processes_without_a_gpu_share_the_clips_and_hold_the_same_weights(together_and_alone):
    (alone,), pair = reports(together_and_alone, 1), reports(together_and_alone, 2)
    assert [report["count"] for report in pair] == [2, 2]
    assert not set(pair[0]["clips"]) & set(pair[1]["clips"])
    assert sorted(pair[0]["clips"] + pair[1]["clips"]) == sorted(alone["clips"])
    assert pair[0]["weights"] == pair[1]["weights"]


def test_batch_norms_of_two_processes_see_the_clips_of_both(together_and_alone):
    assert max(report["norm_error"] for report in reports(together_and_alone, 2)) < 1e-10
    losses = [[line["losses"]["loss"] for line in read_lines(together_and_alone / count)] for count in "12"]
    assert losses[0] == pytest.approx(losses[1], rel=2e-3)


@pytest.mark.nightly
@pytest.mark.parametrize("word", ["plain", "frozen"])
def test_two_processes_train_the_weights_of_one(word, tmp_path):
    for count in (1, 2):
        finished(together(count, HERE / "shared_training.py", tmp_path / str(count), word))
    one, two = (load_state(tmp_path / str(count) / "detector") for count in (1, 2))
    assert int(one["step"]) == int(two["step"]) == 8
    weights = [name for name in one if name.startswith("network.")]
    assert len(weights) >= 20
    for name in weights:
        # Key biases of attention have no gradient but rounding errors, which Adam blows up.
        most = 1e-4 if name.endswith("qkv.bias") else 2e-6
        torch.testing.assert_close(two[name], one[name], rtol=0, atol=most, msg=name)


@pytest.mark.nightly
def test_the_command_in_two_processes_is_written_once_and_survives_a_stop_and_a_kill(small_training, tmp_path):
    run = tmp_path / "run"
    command = ["-m", "whence", *small_training.words(run, "--workers", "0")]
    for lines, number in ((1, signal.SIGTERM), (3, signal.SIGKILL)):
        process = together(2, *command)
        while len(read_lines(run)) < lines:
            assert process.poll() is None
            time.sleep(0.01)
        if number == signal.SIGKILL:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            os.kill(int(children[-1]), number)
        else:
            process.send_signal(number)  # the launcher hands it on
        _, err = process.communicate(timeout=60)
        assert process.returncode
        assert ("another process of this training has ended" if number == signal.SIGKILL else "saved at step") in err
    err = finished(together(2, *command))
    assert err.count("finished; on the held-out clips") == 1
    assert [(line["network"], line["epoch"]) for line in read_lines(run)] == [
        (network, epoch) for network in ("detector", "localizer") for epoch in (1, 2)
    ]
    # The same command in two processes that nothing disturbs gives the same run.
    whole = tmp_path / "whole"
    finished(together(2, "-m", "whence", *small_training.words(whole, "--workers", "0")))
    for name in ("detector", "localizer"):
        ours, theirs = (load_weights(each / name / "weights.safetensors").tensors for each in (run, whole))
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)


@pytest.mark.parametrize(("device", "gpus"), [("cuda:0", 2), ("mps", 0), ("cuda", 1)])
def test_two_processes_on_one_device_are_refused(device, gpus, monkeypatch):
    for name, value in {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "LOCAL_RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: not gpus)
    with pytest.raises(TrainingError, match="2 processes"):
        Processes(device)


def test_a_lost_process_is_said_in_one_sentence(monkeypatch):
    processes = shared_between(monkeypatch, 2, 0)
    with pytest.raises(GaveUpError, match="another process of this training has ended"), processes.all_alive():
        raise RuntimeError("[gloo/transport/tcp/pair.cc:538] Connection closed by peer [127.0.0.1]:1234")
    with pytest.raises(RuntimeError, match="shapes"), processes.all_alive():
        raise RuntimeError("shapes do not fit")
