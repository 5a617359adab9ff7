"""The training of one network: steps, validations, checkpoints, until its last step or until it is told to stop."""

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
from whence.inference import NetworkBundle
from whence.models import load_initial_weights
from whence.training.checkpoints import load_state, save_state
from whence.training.data import Batch, TrainingData
from whence.training.encoded import encode_once, sweep
from whence.training.kept import keep_if_best
from whence.training.learner import Learner
from whence.training.protocol import label_of
from whence.training.recipe import NetworkRecipe, Recipe
from whence.training.run_folder import append_line, read_lines
from whence.training.validation import ValidationClips, describe_scores, predict, validate

_LOG = logging.getLogger("whence.training")
# What a checkpoint calls the losses of the epoch so far.
_EPOCH_LOSS, _EPOCH_STEPS = "epoch.loss.", "epoch.steps"


@dataclass(frozen=True)
class Progress:
    """How far the training of one network is.

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
    """What does not change the result of a training.

    Args:
        workers: processes that make batches ahead.
        checkpoint_s: seconds between two checkpoints within an epoch.
        device: `cpu`, or None for the best there is.
        report: told the progress a few times a minute.
        should_stop: asked after every step; True saves and ends.
        record: told every line of the record when it is written.
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
    """Train one network of a recipe, or go on where it was left.

    Args:
        folder: the run; the network's files go into a folder of its name.
        recipe: of the whole run.
        network: which of its networks.
        data: batches by number.
        held_out: clips for validation, from other recordings.
        settings: workers, checkpoints, progress.
        encoder: weights to begin with, see `whence.models.weights.load_initial_weights`.

    Returns:
        whether the training is finished; False after a stop.

    Raises:
        DivergedError: if the loss is no number; `bad_batch.json` names the clips, the last finite weights are kept.
        WorkerDiedError: a process that makes batches was killed; the last step is saved.
        MemoryError: if one clip alone does not fit.
        OSError: when the disk refuses; the last checkpoint is kept.
    """
    place = folder / network.name
    learner = Learner(network, recipe.seed, recipe.precision, settings.device)
    processes = learner.processes
    clock = _Clock(network, settings)
    state = load_state(place)
    if state is not None:
        clock.restore(state)
        learner.restore(state)
        _LOG.info("%s: resuming at step %d of %d", network.name, learner.step, network.total_steps)
    elif encoder is not None:
        anew = load_initial_weights(learner.bare, encoder)
        _LOG.info("%s: begins with %s; %d tensors begin anew", network.name, encoder, len(anew))
    elif network.frozen_encoder:
        _LOG.warning("%s: its encoder is frozen at first but begins with random weights; give --encoder", network.name)
    if not encode_once(place, learner, data, settings.should_stop):
        return False
    batches = data.batches(
        processes.numbers(learner.step, network.total_steps),
        processes.clips_of(network.batch_clips),
        network.epoch_steps * processes.count,
        settings.workers,
    )
    try:
        for batch in batches:
            _step(place, learner, batch, clock)
            ends_epoch = learner.step % network.epoch_steps == 0
            if ends_epoch and processes.is_first:
                _finish_epoch(folder, place, recipe, learner, held_out, clock)
            stopping = processes.any(settings.should_stop())
            if ends_epoch or stopping or clock.checkpoint_is_due():
                _save(place, learner, clock)
            if stopping:
                _LOG.info("%s: saved at step %d; the same command continues", network.name, learner.step)
                return False
    except GaveUpError:
        _save(place, learner, clock)
        raise
    if processes.is_first:
        sweep(place)
    return True


def _save(place: Path, learner: Learner, clock: "_Clock") -> None:
    """Write a checkpoint; one of several processes is enough."""
    if learner.processes.is_first:
        save_state(place, learner.state() | clock.state())
    clock.saved_at = time.monotonic()


class _Clock:
    """Mean losses, speed, and when the next checkpoint is due."""

    def __init__(self, network: NetworkRecipe, settings: LoopSettings) -> None:
        self.network, self.settings = network, settings
        self.saved_at = self.reported_at = self.epoch_began = time.monotonic()
        self.losses: list[float] = []
        self.epoch_sums: dict[str, float] = {}
        # Of this epoch, and since this process began: in a resumed epoch some steps took no time here.
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
        """Mean losses and speed of the epoch, which ends now."""
        seconds = time.monotonic() - self.epoch_began
        numbers = {
            "losses": {name: total / self.epoch_steps for name, total in self.epoch_sums.items()},
            "seconds": round(seconds, 1),
            "clips_per_s": round(self.steps_here * self.network.batch_clips / seconds, 2),
        }
        self.epoch_sums, self.epoch_steps, self.steps_here, self.epoch_began = {}, 0, 0, time.monotonic()
        return numbers

    def state(self) -> dict[str, Tensor]:
        """The losses of the epoch so far, so that an interrupted epoch has the mean of an uninterrupted one."""
        sums = {_EPOCH_LOSS + name: torch.tensor(total, dtype=torch.float64) for name, total in self.epoch_sums.items()}
        return {**sums, _EPOCH_STEPS: torch.tensor(self.epoch_steps)}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take up what `state` gave."""
        self.epoch_sums = {
            name.removeprefix(_EPOCH_LOSS): value.item()
            for name, value in tensors.items()
            if name.startswith(_EPOCH_LOSS)
        }
        self.epoch_steps = int(tensors[_EPOCH_STEPS])


def _step(place: Path, learner: Learner, batch: Batch, clock: _Clock) -> None:
    """One step; a loss that is no number leaves the names of the clips behind."""
    had_vectors = learner.encoded is not None
    try:
        losses = learner.learn(batch)
    except DivergedError as error:
        with written_whole(place / "bad_batch.json") as file:
            file.write(json.dumps({"step": learner.step, "clips": list(batch.names)}, indent=2).encode("utf-8"))
        raise DivergedError(
            f"{error}; the clips are named in {place / 'bad_batch.json'}, the weights before are kept"
        ) from None
    clock.count(losses, learner.step)
    if had_vectors and learner.encoded is None:
        sweep(place)


def _finish_epoch(
    folder: Path, place: Path, recipe: Recipe, learner: Learner, held_out: ValidationClips, clock: _Clock
) -> None:
    """Validate, write a line of numbers, keep the weights if they are among the best."""
    network = learner.recipe
    numbers = clock.epoch_numbers()
    learner.evaluated.eval()
    member = NetworkBundle(learner.evaluated, learner.features, learner.coding, recipe.precision)
    found = validate(learner.coding, predict(member, held_out), held_out)
    epoch = learner.step // network.epoch_steps
    line = {"network": network.name, "epoch": epoch, "step": learner.step, **numbers, "score": found.score}
    # An epoch that was validated just before a kill is validated again; the record keeps one line of it.
    if not any((seen["network"], seen.get("epoch")) == (network.name, epoch) for seen in read_lines(folder)):
        line |= {"validation": found.numbers, **label_of(recipe)}
        append_line(folder, line)
        clock.settings.record(line)
    keep_if_best(place, recipe.kept_checkpoints, learner, epoch, found)
    shown = describe_scores({**found.numbers, **label_of(recipe)})
    _LOG.info(
        "%s: epoch %d/%d  loss %.4f  %s  %.1f clips/s",
        network.name, epoch, network.epochs, numbers["losses"]["loss"], shown, numbers["clips_per_s"],
    )  # fmt: skip
