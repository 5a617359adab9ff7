"""`whence train my_recipe.py`: a stranger's file with one function, and every way in which it can be wrong."""

import json
from dataclasses import replace

import pytest

from whence.cli.main import main
from whence.errors import TrainingError
from whence.inference import load_run
from whence.recipes import find_recipe, recipe_named
from whence.training import recipe_from_plain

MINE = """
from dataclasses import replace
from whence.recipes import recipe_named
from whence.training import Recipe

def _larger(recipe):
    return replace(recipe, seed=7)

def my_recipe() -> Recipe:
    return replace(_larger(recipe_named("tiny")), name="mine")
"""


def write(folder, text):
    path = folder / "my_recipe.py"
    path.write_text(text)
    return str(path)


def test_a_file_with_one_function_is_a_recipe(tmp_path):
    recipe = find_recipe(write(tmp_path, MINE))
    assert (recipe.name, recipe.seed) == ("mine", 7)


def test_of_several_functions_the_one_named_recipe_is_taken(tmp_path):
    text = "from whence.recipes import recipe_named\ndef other(): pass\ndef recipe(): return recipe_named('ntu')\n"
    assert find_recipe(write(tmp_path, text)).name == "ntu"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x = 1", "my_recipe.py: a recipe is one function; it has none; write one function that returns a Recipe"),
        ("def a(): pass\ndef b(): pass", "a recipe is one function; it has a, b"),
        ("def a(): return 3", r"a\(\) returned a int; it must return a Recipe"),
        ("import nothing_of_this_name", "my_recipe.py:1: ModuleNotFoundError: No module named"),
        ("\ndef a(:", "my_recipe.py:2: "),
        ("def a():\n    return 1 / 0", "my_recipe.py:2: ZeroDivisionError: division by zero"),
        ("def a(b): pass", "TypeError: a.. missing 1 required positional argument"),
        ("raise SystemExit(3)", "my_recipe.py:1: SystemExit: 3"),
        (
            "from whence.training import Recipe\ndef a():\n    return Recipe('a', ())",
            "my_recipe.py:3: recipe: networks is .* one or more",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_one_sentence(text, sentence, tmp_path):
    with pytest.raises(TrainingError, match=sentence):
        find_recipe(write(tmp_path, text))


def test_a_missing_file_and_a_folder_without_a_run_are_named(tmp_path, capsys):
    assert main(["train", str(tmp_path / "no.py"), "--scenes", "x", "--out", str(tmp_path / "run")]) == 2
    assert "no.py: no such file" in capsys.readouterr().err
    with pytest.raises(TrainingError, match="no recipe"):
        find_recipe(str(tmp_path))


def test_a_name_comes_before_a_run_of_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("tiny", "mine"):
        (tmp_path / folder).mkdir()
        plain = {"format": 1, "version": "0", **replace(recipe_named("tiny"), seed=9).to_plain()}
        (tmp_path / folder / "recipe.json").write_text(json.dumps(plain))
    assert (find_recipe("tiny").seed, find_recipe("mine").seed, find_recipe("./tiny").seed) == (1, 9, 9)


def test_a_run_of_a_file_needs_the_file_no_more(tmp_path, small_training, capsys):
    path, run = write(tmp_path, MINE), tmp_path / "run"
    words = small_training.words(run)
    assert main([*words[:1], path, *words[2:]]) == 0
    assert json.loads((run / "recipe.json").read_text())["name"] == "mine"
    (tmp_path / "my_recipe.py").unlink()
    # The run itself is the recipe: the same command with it goes on, and another folder begins the same training.
    plain = [word for at, word in enumerate(words[2:]) if word != "--settings" and words[1 + at] != "--settings"]
    assert main(["train", str(run), *plain]) == 0
    assert "finished" in capsys.readouterr().err
    assert load_run(run).name == str(run)
    data = ["--scenes", str(small_training.sounds), "--rooms", str(small_training.rooms)]
    assert main(["tune", str(run), *data]) == 0


@pytest.mark.parametrize("name", ["tiny", "xiaomi_4", "seldnet_accdoa", "nercslip_2024_pair", "hybrid_tracks"])
def test_the_plain_data_of_a_recipe_is_the_recipe(name):
    recipe = recipe_named(name)
    assert recipe_from_plain(json.loads(json.dumps(recipe.to_plain()))) == recipe
