"""A recipe becomes a run: its networks trained one after the other, the best weights chosen, the thresholds set."""

import contextlib
import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from whence.features.registry import build_features
from whence.inference.member import Member, best_device
from whence.inference.run import WEIGHTS_FILE, load_member
from whence.inference.system_file import SystemFile, write_system
from whence.models.outputs.registry import build_output, output_to_json
from whence.models.registry import build_model, model_to_json
from whence.models.weights import save_weights
from whence.training.data import TrainingData
from whence.training.loop import LoopSettings, kept_weights, train_network
from whence.training.processes import Processes
from whence.training.recipe import NetworkRecipe, Recipe
from whence.training.run_folder import opened_run
from whence.training.tuning import tune_system
from whence.training.validation import ValidationClips, predict, said, validate

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
    processes = Processes(settings.device)
    device = settings.device or best_device()
    with opened_run(folder, recipe) if processes.is_first else contextlib.nullcontext():
        for network in recipe.networks:
            place = folder / network.name
            # Nobody writes between this and the next waiting, so all see the same.
            processes.wait()
            if (place / WEIGHTS_FILE).exists():
                continue
            encoder = (encoders or {}).get(network.name)
            if not train_network(folder, recipe, network, data, held_out, settings, encoder):
                return False
            if processes.is_first:
                _choose(place, recipe, network, held_out, device)
        if processes.is_first:
            _finish(folder, recipe, held_out, device)
        processes.wait()
    return True


def _choose(place: Path, recipe: Recipe, network: NetworkRecipe, held_out: ValidationClips, device: str) -> None:
    """Write the weights that do best on the held-out clips: one of the kept ones, or the mean of them all."""
    kept = kept_weights(place)
    summary, tensors = kept[0]
    if len(kept) > 1:
        mean = _mean([weights for _, weights in kept])
        model = build_model(network.model)
        model.load_state_dict(mean)
        coding = build_output(network.output)
        member = Member(model, build_features(network.features), coding, recipe.precision).on(device)
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


def _finish(folder: Path, recipe: Recipe, held_out: ValidationClips, device: str) -> None:
    """Join the networks, find the thresholds of the whole, and write down what the system is."""
    members = [load_member(folder / network.name / WEIGHTS_FILE).on(device) for network in recipe.networks]
    names = [network.name for network in recipe.networks]
    tuned = tune_system(SystemFile((names[0],), tuple(names[1:]), classes=held_out.classes.names, recipe=recipe.name), members, held_out)
    write_system(folder, tuned)
    _LOG.info("%s: finished; on the held-out clips %s", folder, said(tuned.validation))
