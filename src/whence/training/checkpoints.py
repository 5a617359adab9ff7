"""Checkpoints of a training: its newest state, the weights of its best epochs, and the choice of the final ones."""

import hashlib
import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, load_file, save
from torch import Tensor

from whence.errors import TrainingError
from whence.files import read_json, written_whole
from whence.inference import WEIGHTS_FILE, NetworkBundle
from whence.models import save_weights
from whence.text import shown
from whence.training.learner import Learner
from whence.training.recipe import NetworkRecipe, Recipe
from whence.training.run_folder import append_line, read_lines
from whence.training.validation import (
    PAPER_LABEL,
    DevTestClips,
    Validation,
    ValidationClips,
    label_of,
    predict,
    validate,
)

_LOG = logging.getLogger("whence.training")
# Two files take turns, so that a kill leaves one of them whole.
_NAMES = ("state.a.safetensors", "state.b.safetensors")
_REMOVE_EPOCH = "remove the files of this epoch and continue the training"
_State = dict[str, Tensor]
_Summary = dict[str, Any]
_Weights = list[tuple[_Summary, _State]]


def save_state(folder: Path, tensors: _State) -> Path:
    """Write the state of a training over the older of two files, then its checksum.

    A kill at any moment leaves the other file as it was.

    Args:
        folder: of the network in training.
        tensors: from `Learner.state`, with `step`.

    Returns:
        the file written.

    Raises:
        OSError: when the disk refuses; the message says which step is saved.
    """
    steps = {name: _step_of(folder / name) for name in _NAMES}
    path = folder / min(_NAMES, key=lambda name: steps[name])
    content = save(tensors)
    summary = {"step": int(tensors["step"]), "sha256": hashlib.sha256(content).hexdigest()}
    try:
        # Without its summary a file is ignored, so an unfinished pair is never loaded.
        _summary(path).unlink(missing_ok=True)
        with written_whole(path) as file:
            file.write(content)
        with written_whole(_summary(path)) as file:
            file.write(json.dumps(summary).encode("ascii"))
    except OSError as error:
        last = f"last good: step {max(steps.values())}" if max(steps.values()) >= 0 else "nothing was saved before"
        raise _refused(error, f"saving step {summary['step']}", len(content), folder, last) from None
    return path


def _refused(error: OSError, doing: str, size: int, folder: Path, after: str) -> OSError:
    """An error of the disk with what was being written, how much room that needs, and what is saved."""
    free = shutil.disk_usage(folder).free
    room = f"needs {size / 1e6:.1f} MB, {free / 1e6:.1f} MB free"
    return OSError(error.errno, f"{error.strerror} while {doing} ({room}); {after}", str(folder))


def load_state(folder: Path) -> _State | None:
    """Return the newest undamaged state in a folder; None where there is none. The log names damaged ones."""
    for name in sorted(_NAMES, key=lambda name: _step_of(folder / name), reverse=True):
        path = folder / name
        if _step_of(path) < 0:
            continue
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != _read_summary(path).get("sha256"):
            _LOG.warning("%s is damaged; going back to the checkpoint before", path)
            continue
        try:
            tensors: _State = load(content)
        except SafetensorError as error:
            _LOG.warning("%s cannot be read (%s); going back to the checkpoint before", path, error)
            continue
        # Loaded tensors share one read-only buffer; training needs its own.
        return {key: torch.clone(value) for key, value in tensors.items()}
    return None


def keep_if_best(folder: Path, count: int, learner: Learner, epoch: int, found: Validation) -> None:
    """Save the weights of an epoch if they are among the best, and delete those that no longer are.

    Args:
        folder: of the network.
        count: how many to keep.
        learner: whose weights were validated.
        epoch: counted from 1.
        found: by the validation.

    Raises:
        OSError: when the disk refuses; the last state is as before.
    """
    scores = {path: _best_summary(path)["score"] for path in folder.glob("best.epoch*.json")}
    name = folder / f"best.epoch{epoch:04d}.json"
    scores[name] = found.score
    best = sorted(scores, key=lambda path: (-scores[path], path.name))[:count]
    if name in best:
        tensors = {key: value.cpu().contiguous() for key, value in learner.evaluated.state_dict().items()}
        summary = _summary_of(found, epoch)
        content = save(tensors)
        try:
            with written_whole(name.with_suffix(".safetensors")) as file:
                file.write(content)
            with written_whole(name) as file:
                file.write(json.dumps(summary).encode("utf-8"))
        except OSError as error:
            doing = f"keeping the weights of epoch {epoch}"
            raise _refused(error, doing, len(content), folder, "the last checkpoint is as it was") from None
    for path in scores.keys() - set(best):
        path.unlink(missing_ok=True)
        path.with_suffix(".safetensors").unlink(missing_ok=True)


def best_weights(folder: Path) -> _Weights:
    """Return the weights of the best epochs, best first, with their summaries."""
    found = [
        (_best_summary(path), path.with_suffix(".safetensors")) for path in sorted(folder.glob("best.epoch*.json"))
    ]
    found.sort(key=lambda pair: -pair[0]["score"])
    weights = []
    for summary, path in found:
        try:
            weights.append((summary, load_file(path)))
        except (SafetensorError, OSError, ValueError) as error:
            raise TrainingError(f"damaged ({shown(error, 200)})", where=path, remedy=_REMOVE_EPOCH) from None
    return weights


def _best_summary(path: Path) -> _Summary:
    """Return what is stored beside the weights of one of the best epochs.

    Raises:
        TrainingError: it is missing or damaged.
    """
    summary = read_json(path, TrainingError, _REMOVE_EPOCH)
    rules: dict[str, Callable[[Any], bool]] = {
        "score": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
        "epoch": lambda value: isinstance(value, int | list),
        "validation": lambda value: isinstance(value, dict),
        "thresholds": lambda value: value is None or isinstance(value, list),
    }
    wrong = not isinstance(summary, dict) or [
        n for n, holds in rules.items() if n not in summary or not holds(summary[n])
    ]
    if wrong:
        raise TrainingError("not the scores of an epoch", where=path, remedy=_REMOVE_EPOCH)
    found: _Summary = summary
    return found


def _summary_of(found: Validation, epoch: int | list[int]) -> _Summary:
    """Return what is stored beside weights: their validation, and the epoch or epochs that they are from."""
    thresholds = None if found.thresholds is None else found.thresholds.tolist()
    return {"score": found.score, "epoch": epoch, "validation": found.numbers, "thresholds": thresholds}


def choose_weights(
    folder: Path,
    recipe: Recipe,
    network: NetworkRecipe,
    held_out: ValidationClips,
    device: str,
    test_clips: DevTestClips | None = None,
) -> None:
    """Choose the final weights of a network by the recipe's protocol, and write them.

    - `honest`: on the held-out clips: those of one of the best epochs, or the mean of them all.
    - `paper`: the best epochs are scored on all test clips too, with the thresholds of the held-out clips; the one with
      the highest mean of both scores is chosen, of equals the one that is better on held-out clips.

    Args:
        folder: the run; the file goes into the network's folder.
        recipe: of the whole run.
        network: which of its networks.
        held_out: clips of other recordings.
        device: where to compute.
        test_clips: for `paper`.

    Source: T. Zhao et al. 2025: the best five by validation are scored on test as well, and the final one is chosen
        from both. How both are weighed is not reported; the mean is our reading.
    """

    def bundle_with(tensors: _State) -> NetworkBundle:
        bundle = NetworkBundle.build(network.bundle_settings, recipe.precision)
        bundle.network.load_state_dict(tensors)
        return bundle.on(device)

    best = best_weights(folder / network.name)
    if recipe.protocol == "paper":
        assert test_clips is not None
        summary, tensors = _on_both(best, bundle_with, test_clips)
        _note(folder, network.name, summary)
    else:
        summary, tensors = _on_held_out(best, bundle_with, held_out)
    description = network.bundle_settings.to_plain() | {
        "recipe": recipe.name,
        "network": network.name,
        "chosen": {**summary, **label_of(recipe)},
    }
    save_weights(folder / network.name / WEIGHTS_FILE, tensors, description)
    on_test = f", on test clips {summary['dev_test']['score']:.4f}" if "dev_test" in summary else ""
    label = "".join(f" ({label})" for label in label_of(recipe).values())
    _LOG.info("%s: chosen epoch %s, score %.4f%s%s", network.name, summary["epoch"], summary["score"], on_test, label)


def _on_held_out(
    best: _Weights, bundle_with: Callable[[_State], NetworkBundle], held_out: ValidationClips
) -> tuple[_Summary, _State]:
    """Return the weights of the best epoch, or the mean of all where that is better."""
    if len(best) > 1:
        mean = _mean([weights for _, weights in best])
        bundle = bundle_with(mean)
        found = validate(bundle.coding, predict(bundle, held_out), held_out)
        if found.score > best[0][0]["score"]:
            return _summary_of(found, [summary["epoch"] for summary, _ in best]), mean
    return best[0]


def _on_both(
    best: _Weights, bundle_with: Callable[[_State], NetworkBundle], test_clips: DevTestClips
) -> tuple[_Summary, _State]:
    """Return the weights with the highest mean of validation score and test score."""
    scored = []
    for summary, tensors in best:
        thresholds = None if summary["thresholds"] is None else np.array(summary["thresholds"])
        found = test_clips.score(bundle_with(tensors), thresholds)
        on_test = {"score": found.score, **found.numbers}
        scored.append(({**summary, "dev_test": on_test, "mean": 0.5 * (summary["score"] + found.score)}, tensors))
    return max(scored, key=lambda pair: pair[0]["mean"])


def _note(folder: Path, name: str, summary: _Summary) -> None:
    """Write the choice into the record of the run, once."""
    line = {"network": name, "chosen_epoch": summary["epoch"]}
    if not any("chosen_epoch" in seen and seen["network"] == name for seen in read_lines(folder)):
        scores = {"score": summary["score"], "dev_test": summary["dev_test"], "mean": summary["mean"]}
        append_line(folder, line | scores | {"protocol": PAPER_LABEL})


def _mean(states: list[_State]) -> _State:
    """Return the mean of every tensor; counters are taken from the first."""
    return {
        name: torch.stack([state[name] for state in states]).mean(dim=0) if first.is_floating_point() else first
        for name, first in states[0].items()
    }


def _summary(path: Path) -> Path:
    return path.with_suffix(".json")


def _read_summary(path: Path) -> dict[str, object]:
    """Return step and checksum of a state; empty where there are none, or the file is damaged."""
    try:
        found = json.loads(_summary(path).read_text(encoding="ascii"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _step_of(path: Path) -> int:
    """Return the step of a state; -1 where there is none."""
    step = _read_summary(path).get("step", -1) if path.is_file() else -1
    return step if isinstance(step, int) else -1
