"""Every command of the pages about the challenge is run as written, on small trees of the real layouts."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import soundfile
import torch
from corpora_trees import FSD50K_VOCABULARY_EXTRA, fma_tree, fsd50k_tree, starss_tree, stereo_tree

from whence import corpora
from whence.cli.main import COMMANDS, main
from whence.corpora.fetch import CATALOGUE
from whence.features import dasheng_mel_settings, mel_filterbank
from whence.labels import STARSS23
from whence.models import SeldNetSettings
from whence.models.dasheng import DashengEncoder, DashengSettings
from whence.models.seldnet import SeldNet

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorials" / "enter-dcase.md"
SMALL_ENCODER = {"width": 12, "depth": 3, "heads": 3, "positions": 140, "overlap": 28}
# What is made small: everything else of a line stays as the page has it.
FEW_STEPS = {
    "seldnet": {"networks": {"seld": {"batch_clips": 2, "epoch_clips": 2, "epochs": 1}}},
    "xiaomi_1": {
        "validation_clips": 2,
        "networks": {
            "detector": {
                **{"batch_clips": 2, "epoch_clips": 2, "epochs": 1, "frozen_encoder": [[0.5, 3]]},
                "model": {"encoder": SMALL_ENCODER, "hidden": [16]},
            },
            "localizer": {
                **{"batch_clips": 2, "epoch_clips": 2, "epochs": 1},
                "model": {"channels": [8, 8, 8, 8], "depth": 1, "conformer": {"width": 16, "heads": 2}},
            },
        },
    },
}
FEW_ROOMS = ["--rooms", "2", "--places", "4", "--rt60", "0.15", "0.2", "--jobs", "1"]


def commands_of(page: Path) -> list[str]:
    """The command lines in the shell blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    lines = []
    for block in re.findall(r"^```sh\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE):
        lines += [line.partition("  #")[0].strip() for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line]


def owned(folder: Path) -> dict[str, object]:
    """What `whence data fetch` would bring, by its name."""
    known = corpora.packaged_class_map("fsd50k", STARSS23)
    names = set(known.class_index).union(*known.implied_by.values(), FSD50K_VOCABULARY_EXTRA)
    return {
        "dcase2025_stereo": lambda: stereo_tree(folder / "dcase2025"),
        "starss23": lambda: starss_tree(folder / "STARSS23"),
        "fsd50k": lambda: fsd50k_tree(folder / "FSD50K", sorted(names)),
        "fma_small": lambda: fma_tree(folder / "FMA", decodable=True),
        "dasheng_base": lambda: dasheng(folder / "dasheng"),
    }


def dasheng(folder: Path) -> None:
    """A checkpoint of a Dasheng of a thousand parameters."""
    torch.manual_seed(2)
    encoder = DashengEncoder(DashengSettings(**SMALL_ENCODER))
    bank = torch.from_numpy(mel_filterbank(dasheng_mel_settings()).T.copy())
    folder.mkdir()
    entries = {"front_end.0.mel_scale.fb": bank, **encoder.state_dict()}
    torch.save({"model": entries, "config": {"num_heads": 3}}, folder / "dasheng_base.pt")


def made_small(words: list[str], folder: Path) -> list[str]:
    """A command line with few clips, few steps, few rooms and in this process."""
    if words[0] == "convert":
        return [*words, "--clips", "12"]
    if words[0] == "train":
        settings = folder / f"{words[1]}.json"
        settings.write_text(json.dumps(FEW_STEPS[words[1]]))
        return [*words, "--settings", str(settings), "--workers", "0"]
    return [*words, *FEW_ROOMS] if words[:2] == ["scenes", "rooms"] else words


def test_every_command_of_the_tutorial_runs_as_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    torch.save({"seld_model": SeldNet(SeldNetSettings()).state_dict()}, tmp_path / "best_model.pth")
    soundfile.write(tmp_path / "street.wav", np.random.default_rng(1).normal(0, 0.1, (48_000, 2)), 24_000)
    brought = owned(tmp_path)
    ran = []
    for line in commands_of(PAGE):
        name, *words = shlex.split(line)
        assert name == "whence", line
        if words[:2] == ["data", "fetch"]:
            assert words[2] in CATALOGUE, line
            brought.pop(words[2])()
            continue
        if "runs/x2" in line and not (tmp_path / "runs" / "x2").exists():
            # The page leaves the second model to the reader.
            (tmp_path / "runs" / "x2").symlink_to(tmp_path / "runs" / "x1")
        code = main(made_small(words, tmp_path))
        _, err = capsys.readouterr()
        # A tree of a few clips is not whole, and this is what verify says.
        assert code == (1 if words[:2] == ["data", "verify"] else 0), f"{line}\n{err}"
        ran.append(" ".join(words[:2]) if " ".join(words[:2]) in COMMANDS else words[0])
    assert not brought
    assert {"convert", "train", "tune", "table", "predict", "export", "detect", "data sounds", "scenes rooms"} <= set(
        ran
    )
    assert (tmp_path / "both.onnx").stat().st_size > 10_000
    assert sorted(path.name for path in (tmp_path / "eval_predictions").glob("*.csv")) == ["eval_00001.csv"]


def test_the_page_of_the_experiment_has_the_commands_that_another_test_runs():
    trial, whole = (shlex.split(line) for line in commands_of(ROOT / "docs" / "reproduce.md"))
    assert trial[:2] == ["whence", "reproduce"]
    # test_reproduce.py runs the first with these arguments, and checks the plan of the second.
    assert [word for word in trial if word.startswith("--")] == [
        *("--starss23", "--fsd50k", "--fma", "--dasheng", "--out", "--trial"),
    ]
    assert [word for word in trial if word not in ("trial/", "--trial")] == [w for w in whole if w != "table1/"]
