"""The training loop of one network: steps, validations and checkpoints, until its last step or a stop."""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from whence.errors import DivergedError, GaveUpError
from whence.files import written_whole
from whence.models import load_initial_weights
from whence.training.checkpoints import keep_if_best, load_state, save_state
from whence.training.data import Batch, TrainingData
from whence.training.encoded import delete_encoded, encode_once
from whence.training.learner import Learner
from whence.training.recipe import NetworkRecipe, Recipe
from whence.training.run_folder import append_line, read_lines
from whence.training.validation import ValidationClips, describe_scores, label_of, predict, validate

_LOG = logging.getLogger("whence.training")
# Names in a checkpoint for the losses of the epoch so far.
_EPOCH_LOSS, _EPOCH_STEPS = "epoch.loss.", "epoch.steps"


@dataclass(frozen=True)
class Progress:
    """The progress of the training of one network.

    Args:
        network: its name.
        step: steps done.
        total_steps: of the whole training.
        loss: mean since the last report.
        clips_per_s: since the last report.
    """

    network: str
    step: int
    total_steps: int
    loss: float
    clips_per_s: float


@dataclass(frozen=True)
class LoopSettings:
    """Settings that do not change the result of a training.

    Args:
        workers: processes that prepare batches.
        checkpoint_s: seconds between two checkpoints within an epoch.
        device: `cpu`, `cuda`, `cuda:1`, `mps`, or None for the best there is.
        report: called with the progress a few times a minute.
        should_stop: called after every step; True saves and ends.
        record: called with every line of the record when it is written.
    """

    workers: int = 0
    checkpoint_s: float = 120.0
    device: str | None = None
    report: Callable[[Progress], None] = lambda progress: None
    should_stop: Callable[[], bool] = lambda: False
    record: Callable[[dict[str, Any]], None] = lambda line: None


def train_network(
    folder: Path,
    recipe: Recipe,
    network: NetworkRecipe,
    data: TrainingData,
    held_out: ValidationClips,
    settings: LoopSettings,
    encoder: Path | None = None,
) -> bool:
    """Train one network of a recipe, or continue an interrupted training.

    Args:
        folder: the run; the network's files go into a folder of its name.
        recipe: of the whole run.
        network: which of its networks.
        data: batches by number.
        held_out: clips for validation, from other recordings.
        settings: workers, checkpoints, progress.
        encoder: initial weights, see `whence.models.load_initial_weights`.

    Returns:
        whether the training is finished; False after a stop.

    Raises:
        DivergedError: if the loss is not finite; `bad_batch.json` names the clips, the last finite weights are saved.
        WorkerDiedError: a process that prepares batches was killed; the last step is saved.
        MemoryError: if one clip alone does not fit.
        OSError: when the disk refuses; the last checkpoint is as it was.
    """
    directory = folder / network.name
    learner = Learner(network, recipe.seed, recipe.precision, settings.device)
    processes = learner.processes
    clock = _Clock(network, settings)
    state = load_state(directory)
    if state is not None:
        clock.restore(state)
        learner.restore(state)
        _LOG.info("%s: resuming at step %d of %d", network.name, learner.step, network.total_steps)
    elif encoder is not None:
        anew = load_initial_weights(learner.bare, encoder)
        _LOG.info("%s: begins with %s; %d tensors begin anew", network.name, encoder, len(anew))
    elif network.frozen_encoder:
        _LOG.warning("%s: its encoder is frozen at first but begins with random weights; give it weights", network.name)
    if not encode_once(directory, learner, data, settings.should_stop):
        return False
    batches = data.batches(
        processes.numbers(learner.step, network.total_steps),
        processes.clips_of(network.batch_clips),
        network.epoch_steps * processes.count,
        settings.workers,
    )
    try:
        for batch in batches:
            _step(directory, learner, batch, clock)
            ends_epoch = learner.step % network.epoch_steps == 0
            if ends_epoch and processes.is_first:
                _finish_epoch(folder, recipe, learner, held_out, clock)
            stopping = processes.any(settings.should_stop())
            if ends_epoch or stopping or clock.checkpoint_is_due():
                _save(directory, learner, clock)
            if stopping:
                _LOG.info("%s: saved at step %d; the same command continues", network.name, learner.step)
                return False
    except GaveUpError:
        _save(directory, learner, clock)
        raise
    if processes.is_first:
        delete_encoded(directory)
    return True


def _save(directory: Path, learner: Learner, clock: "_Clock") -> None:
    """Write a checkpoint, in the first of several processes."""
    if learner.processes.is_first:
        save_state(directory, learner.state() | clock.state())
    clock.saved_at = time.monotonic()


class _Clock:
    """Mean losses, speed, and when the next checkpoint is due."""

    def __init__(self, network: NetworkRecipe, settings: LoopSettings) -> None:
        self.network, self.settings = network, settings
        self.saved_at = self.reported_at = self.epoch_began = time.monotonic()
        self.losses: list[float] = []
        self.epoch_sums: dict[str, float] = {}
        # Of this epoch, and of these the ones in this process, which alone count for its speed.
        self.epoch_steps = self.steps_here = 0

    def count(self, losses: dict[str, float], step: int) -> None:
        self.losses.append(losses["loss"])
        for name, loss in losses.items():
            self.epoch_sums[name] = self.epoch_sums.get(name, 0.0) + loss
        self.epoch_steps += 1
        self.steps_here += 1
        now = time.monotonic()
        if now - self.reported_at >= 5.0:
            speed = len(self.losses) * self.network.batch_clips / (now - self.reported_at)
            mean = sum(self.losses) / len(self.losses)
            self.settings.report(Progress(self.network.name, step, self.network.total_steps, mean, speed))
            self.losses, self.reported_at = [], now

    def checkpoint_is_due(self) -> bool:
        return time.monotonic() - self.saved_at >= self.settings.checkpoint_s

    def epoch_numbers(self) -> dict[str, Any]:
        """Return mean losses and speed of the epoch that ends now."""
        seconds = time.monotonic() - self.epoch_began
        numbers = {
            "losses": {name: total / self.epoch_steps for name, total in self.epoch_sums.items()},
            "seconds": round(seconds, 1),
            "clips_per_s": round(self.steps_here * self.network.batch_clips / seconds, 2),
        }
        self.epoch_sums, self.epoch_steps, self.steps_here, self.epoch_began = {}, 0, 0, time.monotonic()
        return numbers

    def state(self) -> dict[str, Tensor]:
        """Return the losses of the epoch so far, so that an interrupted epoch has the mean of an uninterrupted one."""
        sums = {_EPOCH_LOSS + name: torch.tensor(total, dtype=torch.float64) for name, total in self.epoch_sums.items()}
        return {**sums, _EPOCH_STEPS: torch.tensor(self.epoch_steps)}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Continue from what `state` returned."""
        self.epoch_sums = {
            name.removeprefix(_EPOCH_LOSS): value.item()
            for name, value in tensors.items()
            if name.startswith(_EPOCH_LOSS)
        }
        self.epoch_steps = int(tensors[_EPOCH_STEPS])


def _step(directory: Path, learner: Learner, batch: Batch, clock: _Clock) -> None:
    """Take one step; if its loss is not finite, write the names of the clips."""
    had_vectors = learner.encoded is not None
    try:
        losses = learner.learn(batch)
    except DivergedError as error:
        # Each process has clips of its own.
        rank = learner.processes.rank
        path = directory / (f"bad_batch_{rank}.json" if rank else "bad_batch.json")
        with written_whole(path) as file:
            file.write(json.dumps({"step": learner.step, "clips": list(batch.names)}, indent=2).encode("utf-8"))
        raise DivergedError(f"{error}; the clips are named in {path}, the weights before are saved") from None
    clock.count(losses, learner.step)
    if had_vectors and learner.encoded is None:
        delete_encoded(directory)


def _finish_epoch(folder: Path, recipe: Recipe, learner: Learner, held_out: ValidationClips, clock: _Clock) -> None:
    """Validate, write a line into the record, save the weights if they are among the best."""
    network = learner.recipe
    numbers = clock.epoch_numbers()
    found = validate(learner.coding, predict(learner.evaluated_bundle(), held_out), held_out)
    epoch = learner.step // network.epoch_steps
    line = {"network": network.name, "epoch": epoch, "step": learner.step, **numbers, "score": found.score}
    # An epoch that was validated just before a kill is validated again; the record has it once.
    if not any((seen["network"], seen.get("epoch")) == (network.name, epoch) for seen in read_lines(folder)):
        line |= {"validation": found.numbers, **label_of(recipe)}
        append_line(folder, line)
        clock.settings.record(line)
    keep_if_best(folder / network.name, recipe.kept_checkpoints, learner, epoch, found)
    shown = describe_scores({**found.numbers, **label_of(recipe)})
    _LOG.info(
        "%s: epoch %d/%d  loss %.4f  %s  %.1f clips/s",
        network.name, epoch, network.epochs, numbers["losses"]["loss"], shown, numbers["clips_per_s"],
    )  # fmt: skip
