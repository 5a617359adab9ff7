"""A recipe becomes a run: its networks trained one after the other, the best weights chosen, the thresholds set."""

import contextlib
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from whence.errors import TrainingError
from whence.inference import WEIGHTS_FILE, SystemFile, best_device, load_bundle, write_system
from whence.training.choosing import choose_weights
from whence.training.data import TrainingData
from whence.training.event_files import event_files, need_tensorboard
from whence.training.loop import LoopSettings, train_network
from whence.training.processes import Processes
from whence.training.protocol import DevTestClips, label_of
from whence.training.recipe import Recipe
from whence.training.run_folder import opened_run
from whence.training.tuning import tune_system
from whence.training.validation import ValidationClips, describe_scores

_LOG = logging.getLogger("whence.training")


def train(
    recipe: Recipe,
    data: TrainingData,
    held_out: ValidationClips,
    folder: Path,
    settings: LoopSettings | None = None,
    encoders: Mapping[str, Path] | None = None,
    test_clips: DevTestClips | None = None,
) -> bool:
    """Train a system, or go on where it was left.

    Args:
        recipe: what is trained and how.
        data: training batches.
        held_out: clips of other recordings: checkpoints, their average and thresholds are chosen on them.
        folder: the run; made if missing.
        settings: workers, device, progress; nothing that changes the result.
        encoders: by the name of a network, weights to begin with: of a pretrained encoder, or of a network like it.
        test_clips: what a recipe whose protocol is `paper` chooses on too; no other looks at them.

    Returns:
        whether the run is finished; False after a stop.

    Raises:
        TrainingError: the folder is in use or holds another run, or `paper` has no test clips.
        ModelError: encoder weights that do not fit.
        DivergedError: a loss that is no number.
    """
    if recipe.protocol == "paper" and test_clips is None:
        raise TrainingError("recipe: protocol is 'paper', which chooses on test clips too, and there are none")
    settings = settings or LoopSettings()
    processes = Processes(settings.device)
    device = settings.device or best_device()
    if recipe.tensorboard:
        need_tensorboard()
    with contextlib.ExitStack() as stack:
        if processes.is_first:
            stack.enter_context(opened_run(folder, recipe))
            if recipe.tensorboard:
                settings = replace(settings, record=stack.enter_context(event_files(folder)))
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
                choose_weights(folder, recipe, network, held_out, device, test_clips)
        if processes.is_first:
            _finish(folder, recipe, held_out, device)
        processes.wait()
    return True


def _finish(folder: Path, recipe: Recipe, held_out: ValidationClips, device: str) -> None:
    """Join the networks, find the thresholds of the whole, and write down what the system is."""
    members = [load_bundle(folder / network.name / WEIGHTS_FILE).on(device) for network in recipe.networks]
    names = [network.name for network in recipe.networks]
    untuned = SystemFile((names[0],), tuple(names[1:]), classes=held_out.classes.names, recipe=recipe.name)
    tuned = tune_system(replace(untuned, validation=label_of(recipe)), members, held_out)
    write_system(folder, tuned)
    _LOG.info("%s: finished; on the held-out clips %s", folder, describe_scores(tuned.validation))
