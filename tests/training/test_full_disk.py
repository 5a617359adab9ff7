"""A disk that is full or spoils a file: the last good checkpoint stands, and training goes on from it."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from test_kills import assert_equal_runs
from training_runs import noise_data, noise_recipe, run_training

from whence.training.checkpoints import load_state
from whence.training.loop import LoopSettings
from whence.training.train import train

PROGRAM = Path(__file__).with_name("training_runs.py")
EPOCHS = 2


@pytest.fixture
def stopped_run(tmp_path):
    """A run that was stopped after its second step."""
    recipe, steps = noise_recipe(EPOCHS), iter(range(1, 1_000))
    data, held_out = noise_data(recipe)
    settings = LoopSettings(checkpoint_s=0.0, device="cpu", should_stop=lambda: next(steps) >= 2)
    assert not train(recipe, data, held_out, tmp_path / "run", settings)
    return tmp_path / "run"


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory):
    run = tmp_path_factory.mktemp("whole") / "run"
    assert run_training(run, 0, EPOCHS)
    return run


def test_a_full_disk_ends_the_training_and_more_room_lets_it_go_on(stopped_run, whole_run):
    def no_large_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    words = [sys.executable, str(PROGRAM), str(stopped_run), "0", str(EPOCHS)]
    done = subprocess.run(words, preexec_fn=no_large_files, capture_output=True, text=True, check=False)
    assert done.returncode == 1  # this program knows no exit codes; the command line's are tested with it
    assert "File too large while saving step 3 (needs 0." in done.stderr
    assert "last good: step 2" in done.stderr
    assert int(load_state(stopped_run / "detector")["step"]) == 2
    run_training(stopped_run, 0, EPOCHS)
    assert_equal_runs(stopped_run, whole_run)


@pytest.mark.parametrize("damage", ["flip", "cut"])
def test_a_spoilt_checkpoint_costs_one_interval_and_no_bit(damage, stopped_run, whole_run, caplog):
    newest = max((stopped_run / "detector").glob("state.*.safetensors"), key=lambda path: path.stat().st_mtime_ns)
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content if damage == "flip" else content[:-9])
    with caplog.at_level("INFO", "whence"):
        run_training(stopped_run, 0, EPOCHS)
    assert f"{newest} is damaged; going back to the checkpoint before" in caplog.text
    assert "resuming at step 1 of 8" in caplog.text
    assert_equal_runs(stopped_run, whole_run)
