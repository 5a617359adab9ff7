"""TensorBoard's files hold the record of a run, each point once, whatever happened in between."""

import sys
from dataclasses import replace

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from whence.errors import MissingExtraError
from whence.training import event_files as event_files_module
from whence.training.event_files import event_files
from whence.training.loop import LoopSettings
from whence.training.run_folder import append_line, read_lines
from whence.training.train import train

CPU = LoopSettings(device="cpu")


def curves(run):
    """Points of each curve, as TensorBoard reads them."""
    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    return {name: [(point.step, point.value) for point in events.Scalars(name)] for name in events.Tags()["scalars"]}


def test_a_stopped_and_continued_run_has_every_point_once(tmp_path, tiny_recipe, tiny_data, tiny_clips):
    recipe, steps = replace(tiny_recipe, tensorboard=True), iter(range(1, 100))
    stopped = replace(CPU, should_stop=lambda: next(steps) >= 6)
    assert not train(recipe, tiny_data, tiny_clips, tmp_path, stopped)
    assert len(curves(tmp_path)["localizer/loss"]) == 1
    # The rest of a file that a kill cut in the middle of a point.
    [path] = (tmp_path / "tensorboard").iterdir()
    path.write_bytes(path.read_bytes()[:-7])
    assert train(recipe, tiny_data, tiny_clips, tmp_path, CPU)
    lines, found = read_lines(tmp_path), curves(tmp_path)
    for key in lines[0]["losses"]:
        wanted = [(line["step"], pytest.approx(line["losses"][key], rel=1e-6)) for line in lines]
        assert found[f"localizer/{'' if key == 'loss' else 'loss '}{key}"] == wanted
    assert found["localizer/score"] == [(line["step"], pytest.approx(line["score"])) for line in lines]
    assert "localizer/validation f20" in found
    # A setting that changes no weights may change while a run goes on.
    assert train(tiny_recipe, tiny_data, tiny_clips, tmp_path, CPU)


def test_there_are_no_files_unless_asked_for(tmp_path, tiny_recipe, tiny_data, tiny_clips):
    train(tiny_recipe, tiny_data, tiny_clips, tmp_path, CPU)
    assert not (tmp_path / "tensorboard").exists()


def test_curves_of_numbers_chosen_on_test_clips_are_labelled(tmp_path):
    line = {"network": "detector", "step": 4, "losses": {"loss": 1.0}, "score": 0.5, "clips_per_s": 2.0}
    append_line(tmp_path, line | {"validation": {"by_class": {}}, "protocol": "such and such"})
    append_line(tmp_path, {"network": "detector", "chosen_epoch": 1})
    with event_files(tmp_path):
        pass
    assert set(curves(tmp_path)) == {f"detector (such and such)/{name}" for name in ("loss", "score", "clips_per_s")}


def test_without_tensorboard_nothing_is_begun(tmp_path, tiny_recipe, tiny_data, tiny_clips, monkeypatch):
    monkeypatch.setattr(event_files_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="TensorBoard"):
        train(replace(tiny_recipe, tensorboard=True), tiny_data, tiny_clips, tmp_path / "run", CPU)
    assert not (tmp_path / "run").exists()


def test_the_writer_is_imported_only_when_asked_for():
    assert event_files_module.__name__ in sys.modules
    assert "SummaryWriter" not in vars(event_files_module)
