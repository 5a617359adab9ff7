"""`whence models`: list the networks and the recipes that train them, with their sizes."""

from __future__ import annotations

import argparse
import functools
import json
import sys
from importlib.resources import files
from typing import Any

from whence import models, recipes
from whence.cli.command import Command
from whence.errors import DONE
from whence.views import aligned


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--json", action="store_true", help="one JSON object for machines instead of tables")


def run(args: argparse.Namespace) -> int:
    """Print both tables."""
    # Stored, because importing torch and building every network takes seconds.
    stored = (files("whence.cli") / "model_list.json").read_text(encoding="utf-8")
    if args.json:
        sys.stdout.write(stored)
        return DONE
    listed = json.loads(stored)
    model_rows, recipe_rows = listed["models"], listed["recipes"]
    rows = [["network", "parameters", "features", "output"]]
    rows += [[m["name"], f"{m['parameters']:,}", m["features"], m["output"]] for m in model_rows]
    sys.stdout.write(f"{aligned(rows)}\n")
    rows = [["recipe", "networks", "parameters", "steps", "precision"]]
    for recipe in recipe_rows:
        networks = recipe["networks"]
        names = " + ".join(network["model"] for network in networks)
        parameters, steps = (sum(network[key] for network in networks) for key in ("parameters", "steps"))
        rows.append([recipe["name"], names, f"{parameters:,}", f"{steps:,}", recipe["precision"]])
    sys.stdout.write(f"{aligned(rows)}\n")
    for recipe in recipe_rows:
        sys.stdout.write(f"{recipe['name']}: {recipe['summary']}\n")
    return DONE


def model_list() -> str:
    """Return what `model_list.json` must hold: every network and recipe, counted anew with torch."""
    return json.dumps({"models": _models(), "recipes": _recipes()}, indent=2) + "\n"


def _models() -> list[dict[str, Any]]:
    """Each network with its default settings, and the front end and coding it was designed for."""
    return [
        {
            "name": name,
            "parameters": parameter_count(kind.settings_type()),
            "features": kind.features,
            "output": kind.output,
        }
        for name, kind in models.MODELS.items()
    ]


def _recipes() -> list[dict[str, Any]]:
    """Each recipe with its networks."""
    recipe_rows = []
    for name, make in recipes.RECIPES.items():
        recipe = make()
        networks = [
            {
                "name": network.name,
                "model": models.model_name(network.model),
                "features": network.features.name,
                "parameters": parameter_count(network.model),
                "batch_clips": network.batch_clips,
                "steps": network.total_steps,
            }
            for network in recipe.networks
        ]
        summary = (make.__doc__ or "").partition("\n")[0]
        recipe_rows.append({"name": name, "summary": summary, "precision": recipe.precision, "networks": networks})
    return recipe_rows


@functools.cache
def parameter_count(settings: Any) -> int:
    """Count the parameters of a network without allocating them."""
    import torch

    with torch.device("meta"):
        return models.build_model(settings).parameter_count()


COMMAND = Command(
    summary="list the networks and recipes, with their sizes",
    examples=("whence models", "whence models --json"),
    add_arguments=add_arguments,
    run=run,
)
