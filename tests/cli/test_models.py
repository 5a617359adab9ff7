"""`whence models` and `whence convert-weights` as a user types them."""

import json
import pickle
import subprocess
import sys
from importlib.resources import files

import torch

from whence.cli.main import main
from whence.cli.models import model_list
from whence.models import MODELS, SeldNetSettings, load_network
from whence.models.seldnet import SeldNet
from whence.recipes import RECIPES


def test_every_network_and_recipe_is_listed(capsys):
    assert main(["models"]) == 0
    out = capsys.readouterr().out
    lines = [line.split() for line in out.splitlines()]
    assert ["seldnet", "734,261", "logmel", "multi_accdoa"] in lines
    for name in (*MODELS, *RECIPES):
        assert any(line[:1] == [name] for line in lines), name


def test_json_holds_the_same(capsys):
    assert main(["models", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [model["name"] for model in found["models"]] == list(MODELS)
    recipes = {recipe["name"]: recipe for recipe in found["recipes"]}
    assert list(recipes) == list(RECIPES)
    assert [network["steps"] for network in recipes["xiaomi_1"]["networks"]] == [128 * 200, 256 * 300]
    assert all(recipe["summary"].endswith(".") for recipe in recipes.values())


def test_the_stored_list_is_that_of_the_networks():
    stored = (files("whence.cli") / "model_list.json").read_text(encoding="utf-8")
    assert stored == model_list(), "python docs/make_model_list.py writes the list anew"


def test_listing_imports_neither_torch_nor_numpy():
    ending = "sys.exit(repr({'torch', 'numpy'} & {*sys.modules}))"
    program = f"import sys; from whence.cli.main import main; main(['models']); {ending}"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.stdout.split()[0] == "network"
    assert ended.stderr == "set()\n"


def official_file(path):
    torch.manual_seed(1)
    net = SeldNet(SeldNetSettings(filters=8, width=16)).eval()
    torch.save({"seld_model": net.state_dict(), "epoch": 3}, path)
    return net


def test_an_official_checkpoint_becomes_safe_weights(tmp_path, capsys):
    net = official_file(tmp_path / "best_model.pth")
    assert main(["convert-weights", str(tmp_path / "best_model.pth"), str(tmp_path / "ours.safetensors")]) == 0
    err = capsys.readouterr().err
    assert err.startswith("warning: ")
    assert "nothing in it is run" in err
    assert "left out nothing" in err
    ours, description = load_network(tmp_path / "ours.safetensors")
    assert description["output"]["name"] == "multi_accdoa"
    features = torch.randn(1, 2, 26, 64)
    assert torch.equal(ours(features), net(features))


class Bomb:
    """What a malicious checkpoint holds: unpickled, it would write a file."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return open, (str(self.target), "w")


def test_a_checkpoint_that_would_run_code_is_refused_unread(tmp_path, capsys):
    for name, write in (("a.pth", torch.save), ("b.pt", lambda held, path: path.write_bytes(pickle.dumps(held)))):
        write({"seld_model": Bomb(tmp_path / "touched")}, tmp_path / name)
        assert main(["convert-weights", str(tmp_path / name), str(tmp_path / "ours.safetensors")]) == 2
        assert "refused" in capsys.readouterr().err
    assert not (tmp_path / "touched").exists()
    assert not (tmp_path / "ours.safetensors").exists()


def test_wrong_arguments_are_reported(tmp_path, capsys):
    official_file(tmp_path / "best_model.pth")
    source, target = str(tmp_path / "best_model.pth"), str(tmp_path / "ours.safetensors")
    for words, sentence in (
        ([str(tmp_path / "no.pth"), target], "no.pth: no such file"),
        ([source, str(tmp_path / "ours.pt")], "weights are written as .safetensors"),
        ([source, target, "--kind", "dashen"], "did you mean dasheng"),
        ([source, target, "--kind", "yamnet"], "best_model.pth: lacks"),
        ([source, str(tmp_path / "no" / "ours.safetensors")], "no such folder; make it first"),
        ([source, source], "exists already"),
    ):
        assert main(["convert-weights", *words]) == 2
        err = capsys.readouterr().err
        assert sentence in err
        assert "Traceback" not in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best_model.pth"]
