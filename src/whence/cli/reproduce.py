"""`whence reproduce`: from STARSS23, FSD50K, FMA and Dasheng's weights to Table 1 of the report, in one command."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from whence import corpora, inference, models, training
from whence.cli import convert, convert_weights, rooms, sounds, table, train
from whence.cli.command import Command
from whence.cli.machine import add_device, add_workers, worker_count
from whence.cli.reproduction_cost import describe_cost
from whence.cli.reproduction_plan import OURS, Arguments, Step, steps, trainings, write_settings
from whence.cli.reproduction_table import write_table
from whence.errors import DONE, SOME_FAILED, MissingExtraError, WhenceError
from whence.files import sweep_unfinished, written_whole

_log = logging.getLogger("whence.cli")
_PLAN = "plan.json"
_COMMANDS: dict[str, Command] = {
    "convert": convert.COMMAND,
    "data sounds": sounds.COMMAND,
    "scenes rooms": rooms.COMMAND,
    "convert-weights": convert_weights.COMMAND,
    "train": train.COMMAND,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the data and the output."""
    for name, what in (
        ("--starss23", "folder of STARSS23, with foa_dev/ and metadata_dev/"),
        ("--fsd50k", "folder of FSD50K"),
        ("--fma", "folder of FMA, any size, with fma_metadata/"),
    ):
        parser.add_argument(name, type=Path, required=True, metavar="DIR", help=what)
    parser.add_argument(
        "--dasheng",
        type=Path,
        required=True,
        metavar="FILE",
        help="Dasheng's published checkpoint (.pt), or what convert-weights made of it (.safetensors); any size",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for everything; the same command continues it"
    )
    parser.add_argument(
        "--protocol",
        choices=("honest", "paper"),
        default="honest",
        help="how the weights of the four submissions are chosen: on held-out recordings, or on test clips too, as the "
        "report did; such rows are labelled",
    )
    parser.add_argument("--trial", action="store_true", help="a hundredth of everything, to see that it goes through")
    add_device(parser)
    add_workers(parser)


def run(args: argparse.Namespace) -> int:
    """Check what was given, print the cost, take every step that is not done, write the table."""
    try:
        import accelerate  # noqa: F401  (a missing extra ends the command before any work)
    except ImportError:
        raise MissingExtraError("training", "train") from None
    workers = worker_count(args.workers)
    arguments = Arguments(args.starss23, args.fsd50k, args.fma, args.dasheng, args.protocol, args.trial)
    _check(arguments, args.out)
    runs = trainings(arguments)
    args.out.mkdir(parents=True, exist_ok=True)
    with training.locked(args.out):
        sweep_unfinished(args.out)
        planned = steps(arguments, runs, args.out)
        cost = _begin(args.out, arguments, lambda: describe_cost(arguments, runs, args.out, args.device, workers))
        write_settings(args.out, runs)
        (args.out / "steps").mkdir(exist_ok=True)
        done = [step for step in planned if _is_done(step, args.out)]
        sys.stdout.write(f"{cost}\n{len(planned) - len(done)} of {len(planned)} steps to do, then the table:\n")
        for step in planned:
            sys.stdout.write(f"  {'done' if step in done else '    '}  {step.line}\n")
        sys.stdout.flush()
        for step in planned:
            if step not in done and (code := _take(step, args)) != DONE:
                return code
        return _finish(args, arguments, [run.name for run in runs], planned)


def _check(arguments: Arguments, out: Path) -> None:
    """Refuse a folder of another experiment and data that are not there, before anything is written."""
    path = out / _PLAN
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))["arguments"]
        changed = [
            f"{name} was {found.get(name)!r}, is {value!r}"
            for name, value in arguments.to_plain().items()
            if found.get(name) != value
        ]
        if changed:
            raise WhenceError(
                f"holds an experiment with other arguments ({'; '.join(changed)})",
                where=out,
                remedy="choose another folder",
            )
    elif out.is_dir() and any(out.iterdir()) and not (out / "lock").exists():
        raise WhenceError("is not empty", where=out, remedy="choose another folder")
    corpora.list_recordings(arguments.starss23)
    for folder, wanted in ((arguments.fsd50k, "FSD50K.*"), (arguments.fma, "fma_*")):
        if not any(folder.glob(wanted)):
            raise WhenceError(f"has no folder {wanted}", where=folder, remedy="name the folder that they are in")


def _begin(out: Path, arguments: Arguments, describe: Callable[[], str]) -> str:
    """Write what the folder is for; return the cost, which is measured once."""
    path = out / _PLAN
    if path.exists():
        return str(json.loads(path.read_text(encoding="utf-8"))["cost"])
    plan = {"arguments": arguments.to_plain(), "cost": describe()}
    with written_whole(path) as file:
        file.write(json.dumps(plan, indent=2).encode() + b"\n")
    return str(plan["cost"])


def _mark(step: Step, out: Path) -> Path:
    return out / "steps" / f"{step.name}.json"


def _is_done(step: Step, out: Path) -> bool:
    return _mark(step, out).is_file() and step.result.exists()


def _take(step: Step, args: argparse.Namespace) -> int:
    """Run the command of a step, and mark it as done."""
    _log.info("%s: %s", step.name, step.line)
    began = monotonic()
    if step.command == "convert-weights":
        step.result.unlink(missing_ok=True)  # left by a kill between the file and its mark; the command would refuse
    code = _run(_COMMANDS[step.command], step.command, step.words, args)
    if code == DONE:
        with written_whole(_mark(step, args.out)) as file:
            file.write(json.dumps({"command": step.line, "seconds": round(monotonic() - began)}).encode() + b"\n")
    return code


def _run(command: Command, name: str, words: tuple[str, ...], args: argparse.Namespace) -> int:
    return command.run(_parsed(command, name, words, args))


def _parsed(command: Command, name: str, words: tuple[str, ...], args: argparse.Namespace) -> argparse.Namespace:
    """The arguments of a command, as quiet as this one and on the same device."""
    parsed = command.parser(name).parse_args(words)
    for flag in {"quiet", "device", "workers"} & vars(parsed).keys():
        setattr(parsed, flag, getattr(args, flag))
    return parsed


def _finish(args: argparse.Namespace, arguments: Arguments, names: list[str], planned: list[Step]) -> int:
    """Score every run on dev-test, write and print the table."""
    folders = {name: args.out / "runs" / name for name in names}
    alone = f"{OURS}_localizer"
    folders[alone] = args.out / "runs" / alone
    _write_alone(folders[OURS], "localizer", folders[alone])
    words = (*map(str, folders.values()), "--data", str(args.out / "dcase2025"))
    scored, labels = table.score_systems(_parsed(table.COMMAND, "table", words, args))
    by_name = {name: scored[str(folder)] for name, folder in folders.items()}
    labels = {name: labels[str(folder)] for name, folder in folders.items() if str(folder) in labels}
    sys.stdout.write(write_table(args.out, arguments, by_name, labels, planned))
    _log.info("the table is in %s and %s", args.out / "table1.md", args.out / "table1.json")
    return SOME_FAILED if any(evaluation.missing_clips for evaluation in by_name.values()) else DONE


def _write_alone(run: Path, network: str, target: Path) -> None:
    """Write one network of a run as a system of its own, with the thresholds that its validation chose."""
    source = run / network / inference.WEIGHTS_FILE
    chosen = models.load_weights(source).description["chosen"]
    (target / network).mkdir(parents=True, exist_ok=True)
    link = target / network / inference.WEIGHTS_FILE
    if not link.exists():
        os.link(source, link)
    whole = inference.read_system(run)
    system = inference.SystemFile(
        (network,), thresholds=tuple(chosen["thresholds"]), classes=whole.classes, recipe=whole.recipe
    )
    inference.write_system(target, system)


COMMAND = Command(
    summary="run the report's experiment: from STARSS23, FSD50K, FMA and Dasheng to Table 1",
    examples=(
        "whence reproduce --starss23 STARSS23/ --fsd50k FSD50K/ --fma FMA/ --dasheng dasheng_base.pt --out table1/",
        "whence reproduce --starss23 S/ --fsd50k F/ --fma M/ --dasheng d.safetensors --out trial/ --trial",
    ),
    add_arguments=add_arguments,
    run=run,
)
