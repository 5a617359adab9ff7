"""Of the weights that were kept the ones that a run ends with."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from whence.features import build_features
from whence.inference import WEIGHTS_FILE, NetworkBundle
from whence.models import build_model, model_to_plain, save_weights
from whence.models.outputs import build_output, output_to_plain
from whence.training.kept import kept_weights
from whence.training.protocol import PAPER_LABEL, DevTestClips, label_of
from whence.training.recipe import NetworkRecipe, Recipe
from whence.training.run_folder import append_line, read_lines
from whence.training.validation import ValidationClips, predict, validate

_LOG = logging.getLogger("whence.training")
_State = dict[str, Tensor]
_Kept = Sequence[tuple[dict[str, Any], _State]]


def choose_weights(
    folder: Path,
    recipe: Recipe,
    network: NetworkRecipe,
    held_out: ValidationClips,
    device: str,
    test_clips: DevTestClips | None = None,
) -> None:
    """Write the weights that do best, as the recipe's protocol has it.

    - `honest`: on the held-out clips; one of the kept ones, or the mean of them all.
    - `paper`: the kept ones are scored on all test clips too, with the thresholds of the held-out clips; the one with
      the highest mean of both scores is taken, of equals the one that is better on held-out clips.

    Args:
        folder: the run; the file goes into the network's folder.
        recipe: of the whole run.
        network: which of its networks.
        held_out: clips of other recordings.
        device: where to compute.
        test_clips: for `paper`.

    Source: T. Zhao et al. 2025: the best five by validation are scored on test as well, and the final one is chosen
        from both. How both are weighed is not said; the mean is our reading.
    """
    place = folder / network.name
    kept = kept_weights(place)
    if recipe.protocol == "paper":
        assert test_clips is not None
        summary, tensors = _on_both(kept, recipe, network, test_clips, device)
        _note(folder, network.name, summary)
    else:
        summary, tensors = _on_held_out(kept, recipe, network, held_out, device)
    description = {
        "model": model_to_plain(network.model),
        "features": asdict(network.features),
        "output": output_to_plain(network.output),
        "recipe": recipe.name,
        "network": network.name,
        "chosen": {**summary, **label_of(recipe)},
    }
    save_weights(place / WEIGHTS_FILE, tensors, description)
    on_test = f", on test clips {summary['dev_test']['score']:.4f}" if "dev_test" in summary else ""
    label = "".join(f" ({label})" for label in label_of(recipe).values())
    _LOG.info("%s: chosen epoch %s, score %.4f%s%s", network.name, summary["epoch"], summary["score"], on_test, label)


def _on_held_out(
    kept: _Kept, recipe: Recipe, network: NetworkRecipe, held_out: ValidationClips, device: str
) -> tuple[dict[str, Any], _State]:
    """One of the kept weights, or the mean of them all where that is better."""
    summary, tensors = kept[0]
    if len(kept) > 1:
        mean = _mean([weights for _, weights in kept])
        member = _member(mean, recipe, network, device)
        found = validate(member.coding, predict(member, held_out), held_out)
        if found.score > summary["score"]:
            thresholds = None if found.thresholds is None else found.thresholds.tolist()
            epochs = [other["epoch"] for other, _ in kept]
            return {
                "score": found.score, "epoch": epochs, "validation": found.numbers, "thresholds": thresholds
            }, mean  # fmt: skip
    return summary, tensors


def _on_both(
    kept: _Kept, recipe: Recipe, network: NetworkRecipe, test_clips: DevTestClips, device: str
) -> tuple[dict[str, Any], _State]:
    """The kept weights with the highest mean of validation score and test score."""
    scored = []
    for summary, tensors in kept:
        thresholds = None if summary["thresholds"] is None else np.array(summary["thresholds"])
        found = test_clips.score(_member(tensors, recipe, network, device), thresholds)
        on_test = {"score": found.score, **found.numbers}
        scored.append(({**summary, "dev_test": on_test, "mean": 0.5 * (summary["score"] + found.score)}, tensors))
    return max(scored, key=lambda pair: pair[0]["mean"])


def _note(folder: Path, name: str, summary: dict[str, Any]) -> None:
    """A line about the choice in the record of the run, once."""
    line = {"network": name, "chosen_epoch": summary["epoch"]}
    if not any("chosen_epoch" in seen and seen["network"] == name for seen in read_lines(folder)):
        scores = {"score": summary["score"], "dev_test": summary["dev_test"], "mean": summary["mean"]}
        append_line(folder, line | scores | {"protocol": PAPER_LABEL})


def _member(tensors: _State, recipe: Recipe, network: NetworkRecipe, device: str) -> NetworkBundle:
    """A network of a recipe with some of its weights."""
    model = build_model(network.model)
    model.load_state_dict(tensors)
    features, coding = build_features(network.features), build_output(network.output)
    return NetworkBundle(model, features, coding, recipe.precision).on(device)


def _mean(states: list[_State]) -> _State:
    """The mean of every tensor; counters are taken from the first."""
    return {
        name: torch.stack([state[name] for state in states]).mean(dim=0) if first.is_floating_point() else first
        for name, first in states[0].items()
    }
