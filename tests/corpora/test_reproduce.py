"""`whence reproduce --trial` on small trees of the real layouts: from the corpora to the table, killed and resumed."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from corpora_trees import FSD50K_VOCABULARY_EXTRA, fma_tree, fsd50k_tree, starss_tree

from whence import corpora
from whence.cli import reproduction_plan
from whence.cli.main import main
from whence.features import dasheng_mel_settings, mel_filterbank
from whence.labels import STARSS23
from whence.models.dasheng import DashengEncoder, DashengSettings

# Of everything, instead of a hundredth.
SHARE = 0.0005


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """The command without its output, on small trees and a Dasheng of a thousand parameters."""
    folder = tmp_path_factory.mktemp("owned")
    known = corpora.packaged_class_map("fsd50k", STARSS23)
    names = set(known.class_index).union(*known.implied_by.values(), FSD50K_VOCABULARY_EXTRA)
    torch.manual_seed(2)
    encoder = DashengEncoder(DashengSettings(width=12, depth=3, heads=3, positions=10, overlap=2))
    bank = torch.from_numpy(mel_filterbank(dasheng_mel_settings()).T.copy())
    entries = {"front_end.0.mel_scale.fb": bank, **encoder.state_dict()}
    torch.save({"model": entries, "config": {"num_heads": 3}}, folder / "dasheng.pt")
    return [
        *("reproduce", "--starss23", str(starss_tree(folder / "STARSS23"))),
        *("--fsd50k", str(fsd50k_tree(folder / "FSD50K", sorted(names)))),
        *("--fma", str(fma_tree(folder / "FMA", decodable=True)), "--dasheng", str(folder / "dasheng.pt")),
        *("--workers", "0"),
    ]


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(reproduction_plan, "TRIAL_SHARE", SHARE)


def start_and_stop(command, line, number, code):
    """Run the command in a process of its own, and send it a signal when its log has the line."""
    begin = f"import sys; from whence.cli import main, reproduction_plan as p; p.TRIAL_SHARE = {SHARE}; "
    words = [sys.executable, "-c", begin + "sys.exit(main.main(sys.argv[1:]))", *command]
    with subprocess.Popen(
        words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, start_new_session=True
    ) as process:
        assert any(line in found for found in process.stderr)
        os.killpg(process.pid, number)
        rest = process.stderr.read()
    assert process.returncode == code, rest
    assert "Traceback" not in rest


def table_of(folder):
    found = json.loads((folder / "table1.json").read_text())
    assert list(found["systems"]) == [
        *("baseline_real", "baseline", "xiaomi_1", "xiaomi_2", "xiaomi_3", "xiaomi_4"),
        *("whence_small", "whence_small_localizer"),
    ]
    return found["systems"]


def test_a_killed_trial_continues_to_the_table_of_an_undisturbed_one(words, small, tmp_path, capsys):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    start_and_stop([*words, "--out", str(killed), "--trial"], "detector: epoch 1", signal.SIGKILL, -signal.SIGKILL)
    start_and_stop([*words, "--out", str(killed), "--trial"], "localizer: epoch 1", signal.SIGINT, 130)
    assert main([*words, "--out", str(whole), "--trial"]) == 0
    out, err = capsys.readouterr()
    assert "15 stereo clips are cut from STARSS23" in out
    assert "11 of 11 steps to do" in out
    assert "measured here and now" in out
    row = next(line for line in out.splitlines() if line.strip().startswith("xiaomi_3") and "deg" in line)
    assert row.split()[-5:] == ["37.0", "%", "16.9", "deg", "0.39"]
    assert "the table is in" in err
    assert main([*words, "--out", str(killed), "--trial"]) == 0
    out, _ = capsys.readouterr()
    assert "5 of 11 steps to do" in out  # a run that ended just after Ctrl-C is not marked, but finished
    assert table_of(killed) == table_of(whole)
    page = (whole / "table1.md").read_text()
    assert "| xiaomi_2 |" in page
    assert "whence train xiaomi_1" in page
    assert "detector alone: it predicts no direction" in page
    assert main([*words, "--out", str(whole), "--trial"]) == 0  # nothing is left to do
    assert "0 of 11 steps to do" in capsys.readouterr().out
    assert main([*words, "--out", str(whole)]) == 2
    assert "holds an experiment with other arguments (trial was True, is False)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"--starss23": "{tmp}/none"}, "none/foa_dev: no such folder; unpack foa_dev.zip"),
        ({"--fsd50k": "{tmp}/none"}, "none: has no folder FSD50K.*"),
        ({"--fma": "{tmp}/none"}, "none: has no folder fma_*"),
        ({"--dasheng": "{tmp}/none.pt"}, "none.pt: no such file"),
        ({"--dasheng": "{tmp}/none.safetensors"}, "none.safetensors: no such file"),
    ],
)
def test_data_that_are_not_there_are_named_and_nothing_is_written(change, sentence, words, tmp_path, capsys):
    changed = list(words)
    for flag, value in change.items():
        changed[changed.index(flag) + 1] = value.format(tmp=tmp_path)
    assert main([*changed, "--out", str(tmp_path / "out"), "--trial"]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_with_other_files_is_refused(words, tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("keep")
    assert main([*words, "--out", str(tmp_path), "--trial"]) == 2
    assert "is not empty; choose another folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_full_plan_is_the_report_s_experiment(words, tmp_path):
    paths = {flag.strip("-"): Path(value) for flag, value in zip(words[1::2], words[2::2], strict=True)}
    del paths["workers"]
    arguments = reproduction_plan.Arguments(**paths, protocol="paper")
    runs = reproduction_plan.trainings(arguments)
    lines = {step.name: step.line for step in reproduction_plan.steps(arguments, runs, tmp_path)}
    assert "--clips 30000" in lines["clips"]
    assert lines["sounds"].endswith("--share 1")
    assert lines["rooms"].endswith("--rooms 400")
    assert "--scenes" not in lines["baseline_real"]
    recipes = {run.name: run.full_recipe for run in runs}
    assert recipes["baseline"].networks[0].real_share == pytest.approx(16_214 / 31_214, abs=1e-4)
    assert {name: recipe.protocol for name, recipe in recipes.items()} == {
        **dict.fromkeys(("baseline_real", "baseline", "whence_small"), "honest"),
        **dict.fromkeys(reproduction_plan.SUBMISSIONS, "paper"),
    }
    detector, localizer = recipes["xiaomi_2"].networks
    assert (detector.epochs, localizer.epochs) == (200, 300)
    # The sizes and the frozen phases are those of the file.
    assert (detector.model.encoder.width, detector.frozen_encoder) == (12, ((0.05, 3), (0.1, 2)))
