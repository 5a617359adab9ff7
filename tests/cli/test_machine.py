"""Flags about the machine: refused before anything is written, and shared by the processes of a machine."""

import pytest

from whence.cli import machine
from whence.cli.main import main


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--device", "gpu"], "device 'gpu' is unknown; choose cpu, cuda, cuda:N or mps"),
        (["--workers", "-1"], "--workers -1: give 0 or more"),
        (["--device", "cpu", "--render-on", "gpu"], "--render-on gpu: this training runs on the CPU"),
    ],
)
def test_a_training_on_no_such_machine_is_refused_before_it_begins(flags, sentence, small_training, tmp_path, capsys):
    assert main(small_training.words(tmp_path / "run", *flags)) == 2
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["tune", "predict", "table"])
def test_other_commands_refuse_a_device_too(command, finished_run, small_training, stereo_set, tmp_path, capsys):
    data = {
        "tune": [finished_run, "--scenes", small_training.sounds, "--rooms", small_training.rooms],
        "predict": [finished_run, stereo_set, "--out", tmp_path / "out"],
        "table": [finished_run, "--data", stereo_set],
    }
    before = (finished_run / "system.json").read_bytes()
    assert main([command, *map(str, data[command]), "--device", "gpu"]) == 2
    assert "device 'gpu' is unknown" in capsys.readouterr().err
    assert (finished_run / "system.json").read_bytes() == before
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("here", "processors", "workers"), [(1, 2, 1), (1, 1, 0), (4, 32, 7), (4, 2, 0)])
def test_the_processors_of_a_machine_are_shared_by_its_processes(here, processors, workers, monkeypatch):
    monkeypatch.setenv("LOCAL_WORLD_SIZE", str(here))
    monkeypatch.setattr("whence.inference.processor_count", lambda: processors)
    assert machine.worker_count(None) == workers
    assert machine.worker_count(3) == 3
