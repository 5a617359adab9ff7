"""The run folder: its lock, its recipe, its record, and the record as TensorBoard's files."""

import json
import multiprocessing
import shutil
from dataclasses import replace

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import whence
from whence.errors import MissingExtraError, TrainingError
from whence.training import run_folder
from whence.training.loop import LoopSettings
from whence.training.run_folder import METRICS_FILE, append_line, event_files, opened_run, read_lines
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


def test_there_are_no_event_files_by_default(whole_run):
    assert not (whole_run / "tensorboard").exists()


def test_curves_of_numbers_chosen_on_test_clips_are_labelled(tmp_path):
    line = {"network": "detector", "step": 4, "losses": {"loss": 1.0}, "score": 0.5, "clips_per_s": 2.0}
    append_line(tmp_path, line | {"validation": {"by_class": {}}, "protocol": "such and such"})
    append_line(tmp_path, {"network": "detector", "chosen_epoch": 1})
    with event_files(tmp_path):
        pass
    assert set(curves(tmp_path)) == {f"detector (such and such)/{name}" for name in ("loss", "score", "clips_per_s")}


def test_without_tensorboard_no_run_is_begun(tmp_path, tiny_recipe, tiny_data, tiny_clips, monkeypatch):
    monkeypatch.setattr(run_folder.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="TensorBoard"):
        train(replace(tiny_recipe, tensorboard=True), tiny_data, tiny_clips, tmp_path / "run", CPU)
    assert not (tmp_path / "run").exists()


def hold(folder, recipe, inside, leave):
    with opened_run(folder, recipe):
        inside.set()
        leave.wait(30)


def test_two_trainings_cannot_use_one_folder(tmp_path, tiny_recipe):
    context = multiprocessing.get_context("spawn")
    inside, leave = context.Event(), context.Event()
    other = context.Process(target=hold, args=(tmp_path / "run", tiny_recipe, inside, leave))
    other.start()
    try:
        assert inside.wait(60)
        with (
            pytest.raises(TrainingError, match=f"is in use by pid {other.pid} on host"),
            opened_run(tmp_path / "run", tiny_recipe),
        ):
            pass
    finally:
        leave.set()
        other.join(30)
    with opened_run(tmp_path / "run", tiny_recipe):
        pass


def test_a_run_is_not_continued_with_another_recipe(tmp_path, tiny_recipe):
    with opened_run(tmp_path, tiny_recipe):
        pass
    before = (tmp_path / "recipe.json").read_bytes()
    with pytest.raises(TrainingError, match="seed was 1, is 2"), opened_run(tmp_path, replace(tiny_recipe, seed=2)):
        pass
    assert (tmp_path / "recipe.json").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": 99, "version": "2.1"}, rf"made by whence 2.1; this is {whence.__version__}. pip install -U whence"),
        ({"format": 0, "version": "0.0.1"}, r"made by whence 0.0.1; this is .*. choose another folder"),
        ({"format": None}, "choose another folder"),
        ({"networks": {"localizer": {}}}, r"recipe.json is damaged \('output'\); choose another folder"),
        ({"networks": {"localizer": {"output": {"name": "ears"}}}}, "is damaged .no output 'ears'"),
        ({"networks": []}, "is damaged"),
    ],
)
def test_a_run_of_another_version_is_refused_and_left_alone(change, sentence, tmp_path, tiny_recipe):
    with opened_run(tmp_path, tiny_recipe):
        pass
    stored = {**json.loads((tmp_path / "recipe.json").read_text()), **change}
    (tmp_path / "recipe.json").write_text(json.dumps(stored))
    with pytest.raises(TrainingError, match=sentence), opened_run(tmp_path, tiny_recipe):
        pass
    assert json.loads((tmp_path / "recipe.json").read_text()) == stored


def test_an_unfinished_line_of_the_record_is_cut_off(tmp_path):
    append_line(tmp_path, {"epoch": 1})
    with (tmp_path / METRICS_FILE).open("ab") as file:
        file.write(b'{"epoch": 2, "lo')
    assert read_lines(tmp_path) == [{"epoch": 1}]
    append_line(tmp_path, {"epoch": 2})
    assert read_lines(tmp_path) == [{"epoch": 1}, {"epoch": 2}]


def test_a_run_with_the_fields_of_an_old_recipe_continues(tmp_path, whole_run, tiny_recipe, tiny_data, tiny_clips):
    shutil.copytree(whole_run, tmp_path, dirs_exist_ok=True)
    plain = json.loads((tmp_path / "recipe.json").read_text())
    del plain["protocol"]
    localizer = plain["networks"]["localizer"]
    del localizer["frozen_encoder"], localizer["output"]["cells"]
    localizer["learns"] = localizer.pop("trainable")
    (tmp_path / "recipe.json").write_text(json.dumps(plain))
    assert train(tiny_recipe, tiny_data, tiny_clips, tmp_path, CPU)


def test_a_run_from_before_networks_were_told_the_pair_is_continued(tmp_path, tiny_recipe):
    with opened_run(tmp_path, tiny_recipe):
        pass
    path = tmp_path / "recipe.json"
    older = json.loads(path.read_text())
    for network in older["networks"].values():
        del network["told_share"]
        for name in ("tracks", "told"):
            del network["model"][name]
    path.write_text(json.dumps(older))
    with opened_run(tmp_path, tiny_recipe):
        pass
