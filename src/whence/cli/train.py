"""`whence train`: a recipe and data become a run; Ctrl-C saves, the same command continues."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from whence import models, recipes, training
from whence.cli.command import Command, shown_progress
from whence.cli.inputs import add_classes, read_classes
from whence.cli.machine import add_device, add_render_on, add_workers, worker_count
from whence.cli.recorded_data import gather_test_clips
from whence.cli.settings_file import read_settings
from whence.cli.training_data import add_data, gather_training_data, refuse_idle_settings
from whence.errors import DONE, INTERRUPTED, TERMINATED, MissingExtraError, WhenceError

_log = logging.getLogger("whence.cli")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "recipe", help="its name, as whence models lists them; or a Python file with one, which is run; or a run"
    )
    add_data(parser)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="RUN", help="folder of the run; the same command continues it"
    )
    parser.add_argument(
        "--settings",
        action="append",
        default=[],
        metavar="FILE|FIELD=VALUE",
        help="change the recipe: a YAML or JSON file of fields, or one field, such as protocol=paper",
    )
    parser.add_argument(
        "--encoder",
        action="append",
        default=[],
        metavar="NETWORK=FILE",
        help="initial weights: a pretrained encoder, or a network of an earlier run (tensors that fit are taken)",
    )
    add_classes(parser)
    add_device(parser)
    add_workers(parser)
    add_render_on(parser)


def run(args: argparse.Namespace) -> int:
    """Gather recipe and data, train, return how it ended."""
    try:
        import accelerate  # noqa: F401  (a missing extra ends the command before any work)
    except ImportError:
        raise MissingExtraError("training", "train") from None
    workers = worker_count(args.workers)
    # Of several processes only the first shows how it goes.
    if int(os.environ.get("RANK", "0")):
        args.quiet = True
        logging.getLogger("whence").setLevel(logging.ERROR)
    # A wrong device ends the command before hours of preparing data.
    training.Processes(args.device)
    classes = read_classes(args.classes)
    recipe = training.with_class_count(recipes.find_recipe(args.recipe), len(classes))
    changes = [read_settings(word) for word in args.settings]
    for change in changes:
        recipe = training.with_overrides(recipe, change)
    refuse_idle_settings(args, recipe, changes)
    for network in recipe.networks:
        training.check_class_count(network.output.class_count, classes, f"recipe.networks.{network.name}")
    training.check_recipe(args.out, recipe)
    encoders = _encoders(args.encoder, [network.name for network in recipe.networks])
    test_clips = gather_test_clips(args.data, recipe, classes)
    data, held_out = gather_training_data(args, recipe, classes)
    with _stop_asked() as stop, _shown(args.quiet) as report:
        settings = training.LoopSettings(
            workers=workers, device=args.device, report=report, should_stop=lambda: stop.by is not None
        )
        finished = training.train(recipe, data, held_out, args.out, settings, encoders, test_clips)
    if finished:
        _log.info("finished: %s; predict with: whence predict %s CLIPS --out CSVS", args.out, args.out)
    if stop.by is None:
        return DONE
    # Also where the training had just finished: what should follow it must not begin.
    return TERMINATED if stop.by == signal.SIGTERM else INTERRUPTED


def _encoders(words: list[str], networks: list[str]) -> dict[str, Path]:
    """Read `detector=yamnet.safetensors` as a network and its file."""
    found: dict[str, Path] = {}
    for word in words:
        name, equals, path = word.partition("=")
        if not equals or name not in networks:
            raise WhenceError(
                f"--encoder {word!r}: write a network of the recipe ({', '.join(networks)}), =, and a file"
            )
        found[name] = Path(path)
        models.refuse_pickle(found[name])
    return found


class _Stop:
    """The signal that asked to stop, or None."""

    by: int | None = None


@contextlib.contextmanager
def _stop_asked() -> Iterator[_Stop]:
    """Let the first Ctrl-C or SIGTERM finish the step and save; a second Ctrl-C stops at once."""
    stop = _Stop()

    def remember(number: int, frame: FrameType | None) -> None:
        if stop.by is not None:
            raise KeyboardInterrupt
        stop.by = number
        _log.info("stopping after this step; once more stops at once")

    before = {number: signal.signal(number, remember) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _shown(quiet: bool) -> Iterator[Callable[[training.Progress], None]]:
    """Show a bar over the steps of the network in training, with loss and speed."""
    with shown_progress("step", quiet=quiet) as show:

        def report(progress: training.Progress) -> None:
            what = f"{progress.network}  loss {progress.loss:.3f}  {progress.clips_per_s:.0f} clips/s"
            show(what, progress.step, progress.total_steps)

        yield report


COMMAND = Command(
    summary="train a recipe on clips or on scenes mixed on the fly",
    examples=(
        "whence train tiny --scenes my_sounds/ --rooms rooms.safetensors --out runs/first",
        "whence train whence_small --data dcase2025/ --out runs/small",
        "whence train my_recipe.py --data dcase2025/ --out runs/mine",
        "whence train xiaomi_1 --data dcase2025/ --settings protocol=paper --out runs/as_reported",
        "whence train xiaomi_1 --data dcase2025/ --scenes sounds.csv --rooms rooms.safetensors --out runs/both",
        "whence train xiaomi_1 --scenes sounds.csv --rooms rooms.safetensors --encoder detector=d.safetensors --out x1",
    ),
    add_arguments=add_arguments,
    run=run,
)
