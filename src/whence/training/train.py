"""A recipe becomes a run: its networks trained one after the other, the best weights chosen, the thresholds set."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from whence.features.registry import build_features
from whence.files import written_whole
from whence.inference.joining import Activity
from whence.inference.member import Member
from whence.inference.run import SYSTEM_FILE, WEIGHTS_FILE, load_member
from whence.inference.system import NetworkSystem
from whence.models.outputs.classwise import Classwise
from whence.models.outputs.registry import build_output, output_to_json
from whence.models.registry import build_model, model_to_json
from whence.models.weights import save_weights
from whence.training.data import TrainingData
from whence.training.loop import LoopSettings, kept_weights, train_network
from whence.training.recipe import NetworkRecipe, Recipe
from whence.training.run_folder import opened_run
from whence.training.validation import Validation, ValidationClips, predict, validate

_LOG = logging.getLogger("whence.training")


def train(
    recipe: Recipe,
    data: TrainingData,
    held_out: ValidationClips,
    folder: Path,
    settings: LoopSettings | None = None,
    encoders: Mapping[str, Path] | None = None,
) -> bool:
    """Train a system, or go on where it was left.

    Args:
        recipe: what is trained and how.
        data: training batches.
        held_out: clips of other recordings: checkpoints, their average and thresholds are chosen on them.
        folder: the run; made if missing.
        settings: workers, device, progress; nothing that changes the result.
        encoders: by the name of a network, weights of a pretrained encoder to begin with.

    Returns:
        whether the run is finished; False after a stop.

    Raises:
        TrainingError: the folder is in use or holds another run.
        ModelError: encoder weights that do not fit.
        DivergedError: a loss that is no number.
    """
    settings = settings or LoopSettings()
    with opened_run(folder, recipe):
        for network in recipe.networks:
            place = folder / network.name
            if (place / WEIGHTS_FILE).exists():
                continue
            encoder = (encoders or {}).get(network.name)
            if not train_network(folder, recipe, network, data, held_out, settings, encoder):
                return False
            _choose(place, recipe, network, held_out)
        _finish(folder, recipe, held_out)
    return True


def _choose(place: Path, recipe: Recipe, network: NetworkRecipe, held_out: ValidationClips) -> None:
    """Write the weights that do best on the held-out clips: one of the kept ones, or the mean of them all."""
    kept = kept_weights(place)
    summary, tensors = kept[0]
    if len(kept) > 1:
        mean = _mean([weights for _, weights in kept])
        model = build_model(network.model)
        model.load_state_dict(mean)
        coding = build_output(network.output)
        member = Member(model.eval(), build_features(network.features), coding, recipe.precision)
        found = validate(coding, predict(member, held_out), held_out)
        if found.score > summary["score"]:
            thresholds = None if found.thresholds is None else found.thresholds.tolist()
            epochs = [other["epoch"] for other, _ in kept]
            summary = {"score": found.score, "epoch": epochs, "validation": found.numbers, "thresholds": thresholds}
            tensors = mean
    description = {
        "model": model_to_json(network.model),
        "features": asdict(network.features),
        "output": output_to_json(network.output),
        "recipe": recipe.name,
        "network": network.name,
        "chosen": summary,
    }
    save_weights(place / WEIGHTS_FILE, tensors, description)
    _LOG.info("%s: chosen epoch %s, score %.4f", network.name, summary["epoch"], summary["score"])


def _mean(states: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of every tensor; counters are taken from the first."""
    return {
        name: torch.stack([state[name] for state in states]).mean(dim=0) if first.is_floating_point() else first
        for name, first in states[0].items()
    }


def _finish(folder: Path, recipe: Recipe, held_out: ValidationClips) -> None:
    """Join the networks, find the thresholds of the whole, and write down what the system is."""
    members = [load_member(folder / network.name / WEIGHTS_FILE) for network in recipe.networks]
    tried = {activity: _validate_system(members, activity, held_out) for activity in _activities(members)}
    activity, found = max(tried.items(), key=lambda pair: pair[1].score)
    names = [network.name for network in recipe.networks]
    system = {
        "members": names[:1],
        "localizers": names[1:],
        "activity": activity,
        "thresholds": None if found.thresholds is None else found.thresholds.tolist(),
        "recipe": recipe.name,
        "validation": found.numbers,
    }
    with written_whole(folder / SYSTEM_FILE) as file:
        file.write(json.dumps(system, indent=2).encode("utf-8") + b"\n")
    _LOG.info("%s: finished, F20 on the held-out clips %.1f %%", folder, 100 * found.score)


def _activities(members: Sequence[Member]) -> list[Activity]:
    """The ways to join: the detector's activity, and the mean where the localizer tells it too."""
    localizer = members[-1].coding
    both = len(members) == 2 and isinstance(localizer, Classwise) and localizer.settings.activity
    return ["detector", "mean"] if both else ["detector"]


def _validate_system(members: Sequence[Member], activity: Activity, held_out: ValidationClips) -> Validation:
    """Score a joined system with its best thresholds."""
    system = NetworkSystem(members[:1], members[1:], activity)
    values = np.concatenate([system.values(audio) for audio in torch.split(held_out.audio, 32)])
    return validate(system.coding, values, held_out)
