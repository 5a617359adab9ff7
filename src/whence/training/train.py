"""Training of a whole recipe: its networks one after the other, then the choice of weights and thresholds."""

import contextlib
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from whence.errors import TrainingError
from whence.inference import FIRST_PAIRS, WEIGHTS_FILE, SystemFile, load_bundle, write_system
from whence.training.checkpoints import choose_weights
from whence.training.data import TrainingData
from whence.training.loop import LoopSettings, train_network
from whence.training.mixed_data import MixedData
from whence.training.processes import Processes
from whence.training.real_data import RealData
from whence.training.recipe import Recipe
from whence.training.run_folder import event_files, need_tensorboard, opened_run
from whence.training.tuning import tune_system
from whence.training.validation import DevTestClips, ValidationClips, describe_scores, label_of

_LOG = logging.getLogger("whence.training")


def train(
    recipe: Recipe,
    data: TrainingData | MixedData,
    held_out: ValidationClips,
    folder: Path,
    settings: LoopSettings | None = None,
    encoders: Mapping[str, Path] | None = None,
    test_clips: DevTestClips | None = None,
) -> bool:
    """Train a system, or continue an interrupted training.

    Args:
        recipe: what is trained and how.
        data: training batches; of mixed data each network gets its share of recorded clips.
        held_out: clips of other recordings, for the choice of weights and thresholds.
        folder: the run; made if missing.
        settings: workers, device, progress; nothing that changes the result.
        encoders: initial weights by the name of a network: of a pretrained encoder, or of a similar network.
        test_clips: for a recipe whose protocol is `paper`, which chooses on them too.

    Returns:
        whether the run is finished; False after a stop.

    Raises:
        TrainingError: the folder is in use or holds another run, `paper` has no test clips, or the processes cannot
            share the devices.
        InferenceError: there is no such device.
        ModelError: encoder weights that do not fit.
        DivergedError: the loss is not finite.
        GaveUpError: another process of the training has ended.
    """
    if recipe.protocol == "paper" and test_clips is None:
        raise TrainingError("recipe: protocol is 'paper', which chooses on test clips too, and there are none")
    settings = settings or LoopSettings()
    processes = Processes(settings.device)
    device = str(processes.device)
    if recipe.tensorboard:
        need_tensorboard()
    with contextlib.ExitStack() as stack:
        stack.enter_context(processes.all_alive())
        if processes.is_first:
            stack.enter_context(opened_run(folder, recipe))
            if recipe.tensorboard:
                settings = replace(settings, record=stack.enter_context(event_files(folder)))
        for network in recipe.networks:
            # No process writes until the next wait, so all see the same files.
            processes.wait()
            if (folder / network.name / WEIGHTS_FILE).exists():
                continue
            encoder = (encoders or {}).get(network.name)
            if isinstance(data, MixedData):
                _LOG.info("%s: %s", network.name, data.describe(network.real_share))
            batches = data.with_share(network.real_share) if isinstance(data, MixedData) else data
            if not train_network(folder, recipe, network, batches, held_out, settings, encoder):
                return False
            if processes.is_first:
                choose_weights(folder, recipe, network, held_out, device, test_clips)
        if processes.is_first:
            mixed, recorded = isinstance(data, MixedData), isinstance(data, RealData)
            pairs = trained_pairs(recipe.scenes.microphones, only_recorded=recorded, also_recorded=mixed)
            _finish(folder, recipe, held_out, device, pairs)
        processes.wait()
    return True


def trained_pairs(scenes: Mapping[str, float], *, only_recorded: bool, also_recorded: bool) -> tuple[str, ...]:
    """Return the names of the pairs of microphones that a system is trained for.

    Args:
        scenes: names of pairs with their weights; those with spans of numbers stand for all of their kind.
        only_recorded: whether no scenes are trained on; recorded clips are of the challenge's pair.
        also_recorded: whether both are.

    >>> trained_pairs({"ortf": 0.2, "xy:60-135": 0.5, "phone": 0.0}, only_recorded=False, also_recorded=True)
    ('dcase', 'ortf', 'xy')
    """
    recorded = FIRST_PAIRS if only_recorded or also_recorded else ()
    # A description in a file is the user's own and has no name that others would know.
    files = (".yaml", ".yml", ".json")
    kept = () if only_recorded else [name for name, weight in scenes.items() if weight and not name.endswith(files)]
    mixed = [name.partition(":")[0] if "-" in name else name for name in kept]
    return tuple(dict.fromkeys((*recorded, *mixed))) or FIRST_PAIRS


def _finish(folder: Path, recipe: Recipe, held_out: ValidationClips, device: str, pairs: tuple[str, ...]) -> None:
    """Join the networks, find the thresholds of the system, and write it."""
    bundles = [load_bundle(folder / network.name / WEIGHTS_FILE).on(device) for network in recipe.networks]
    names = [network.name for network in recipe.networks]
    untuned = SystemFile((names[0],), tuple(names[1:]), classes=held_out.classes.names, recipe=recipe.name)
    untuned = replace(untuned, microphones=pairs)
    tuned = tune_system(replace(untuned, validation=label_of(recipe)), bundles, held_out).system
    write_system(folder, tuned)
    _LOG.info("%s: finished; on the held-out clips %s", folder, describe_scores(tuned.validation))
