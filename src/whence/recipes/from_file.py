"""Recipes from files: a Python file with one function, or the folder of a run."""

import runpy
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from whence.errors import TrainingError, WhenceError
from whence.recipes.registry import RECIPES, recipe_named
from whence.training import RECIPE_FILE, Recipe, read_recipe, recipe_from_plain


def find_recipe(word: str) -> Recipe:
    """Return the recipe of a name, of a Python file, or of a run.

    A Python file is run. It has one function that takes nothing and returns a Recipe; names with a leading underscore
    and imported functions are not looked at, and of several functions the one with the name `recipe` is taken.

    Args:
        word: a name, a path that ends in .py, or a folder that `whence train` made; names come before folders.

    Raises:
        TrainingError: there is no such recipe or file, or the file holds no recipe or fails; the message says where.

    >>> find_recipe("tiny").name
    'tiny'
    """
    path = Path(word)
    if path.suffix == ".py":
        return _recipe_of(path)
    if word not in RECIPES and (path / RECIPE_FILE).is_file():
        return recipe_from_plain(read_recipe(path))
    return recipe_named(word)


def _recipe_of(path: Path) -> Recipe:
    """Run a file and call its function."""
    if not path.is_file():
        raise TrainingError("no such file", where=path)
    names = _called(path, lambda: runpy.run_path(str(path), run_name="whence_recipe"))
    functions = {
        name: value
        for name, value in names.items()
        if not name.startswith("_")
        and callable(value)
        and getattr(value, "__module__", "") == "whence_recipe"
        and not isinstance(value, type)
    }
    if len(functions) > 1 and "recipe" in functions:
        functions = {"recipe": functions["recipe"]}
    if len(functions) != 1:
        found = f"it has {', '.join(functions)}" if functions else "it has none"
        remedy = "write one function that returns a Recipe, such as def recipe(), and begin other names with _"
        raise TrainingError(f"a recipe is one function; {found}", where=path, remedy=remedy)
    [(name, function)] = functions.items()
    recipe = _called(path, function)
    if not isinstance(recipe, Recipe):
        raise TrainingError(f"{name}() returned a {type(recipe).__name__}; it must return a Recipe", where=path)
    return recipe


def _called(path: Path, function: Callable[[], Any]) -> Any:
    """Call a function of somebody's file; whatever it raises becomes one sentence with the line of the file."""
    try:
        return function()
    except (Exception, SystemExit) as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
        message = error.msg if isinstance(error, SyntaxError) else " ".join(str(error).split())
        what = message if isinstance(error, WhenceError) else f"{type(error).__name__}: {message}"
        raise TrainingError(what, where=path, line=line) from None
