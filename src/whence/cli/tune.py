"""`whence tune`: thresholds, smoothing and joining of a run, chosen again on held-out clips."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from whence import inference, scenes, training
from whence.cli.command import Command
from whence.cli.inputs import add_classes, read_classes
from whence.cli.machine import add_device
from whence.cli.training_data import add_data, gather_held_out
from whence.errors import DONE, MissingExtraError, WhenceError

_log = logging.getLogger("whence.cli")

# Median filters over up to 0.7 s; longer ones would remove knocks and footsteps.
_SMOOTHING_FRAMES = (1, 3, 5, 7)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("run", type=Path, help="folder of a finished run; its system.json is replaced")
    add_data(parser)
    parser.add_argument(
        "--swap", action="store_true", help="tune for predictions averaged with those for mirrored clips"
    )
    parser.add_argument(
        "--cautious",
        type=float,
        default=0.0,
        metavar="POINTS",
        help="let each class give up this many points of F20 for fewer false alarms (default: %(default)s)",
    )
    add_classes(parser)
    add_device(parser)


def run(args: argparse.Namespace) -> int:
    """Gather the clips that training held out, tune on them, write the system."""
    if not 0 <= args.cautious <= 100:
        raise WhenceError(f"--cautious {args.cautious:g}: give points of F20 from 0 to 100, such as 0.5")
    try:
        import accelerate  # noqa: F401  (a missing extra ends the command before any work)
    except ImportError:
        raise MissingExtraError("tuning", "train") from None
    system, recipe = inference.read_system(args.run), training.read_recipe(args.run)
    names = (*system.members, *system.localizers)
    device = inference.checked_device(args.device)
    bundles = [inference.load_bundle(args.run / name / inference.WEIGHTS_FILE).on(device) for name in names]
    classes = read_classes(args.classes)
    training.check_class_count(bundles[0].coding.class_count, classes, str(args.run))
    scene_settings, count = scenes.SceneSettings.from_plain(recipe["scenes"]), recipe["validation_clips"]
    held_out = gather_held_out(args, recipe["seed"], scene_settings, count, classes)
    allowance = args.cautious / 100
    tuned, before = training.tune_system(
        system, bundles, held_out, _SMOOTHING_FRAMES, swap=args.swap, allowance=allowance
    )
    inference.write_system(args.run, tuned)
    _log.info("both on the same %d held-out clips:", len(held_out.events))
    _log.info("before: %s", training.describe_scores(before))
    _log.info(
        "now:    %s  (activity of the %s, smoothed over %d frames)",
        training.describe_scores(tuned.validation), tuned.activity, tuned.smoothing_frames,
    )  # fmt: skip
    _log.info("the settings were chosen on these clips, so the second line is optimistic; whence table scores others")
    return DONE


COMMAND = Command(
    summary="choose a run's thresholds, smoothing and joining again on held-out clips",
    examples=(
        "whence tune runs/first --data dcase2025/",
        "whence tune runs/first --scenes my_sounds/ --rooms rooms.safetensors",
        "whence tune runs/first --data dcase2025/ --cautious 0.5",
    ),
    add_arguments=add_arguments,
    run=run,
)
