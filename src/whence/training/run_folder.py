"""The folder of one training: its recipe, a lock while it is in use, and a record of every epoch."""

import contextlib
import importlib.util
import json
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import whence
from whence.errors import MissingExtraError, TrainingError
from whence.files import parse_json, read_json, sweep_unfinished, written_whole
from whence.models import model_from_plain, model_to_plain
from whence.models.outputs import output_from_plain, output_to_plain
from whence.settings import to_plain
from whence.text import shown
from whence.training.recipe import Recipe

RECIPE_FILE = "recipe.json"
METRICS_FILE = "metrics.jsonl"
EVENTS_FOLDER = "tensorboard"
# Of the files in a run; a run of another number is refused.
FORMAT = 1
_REMOVE_LINE = "remove the line"
# Fields that old recipes lack, with their values there: of the whole recipe, of each network.
_LATER = {"protocol": "honest", "augment_real": False}
_LATER_IN_NETWORKS: dict[str, Any] = {"frozen_encoder": [], "trainable": [], "told_share": 0.5, "real_share": 0.5}


@contextlib.contextmanager
def opened_run(folder: Path, recipe: Recipe) -> Iterator[None]:
    """Make a run folder, or continue in the one that is there, and lock it while the block lasts.

    Raises:
        TrainingError: another process trains there, or the folder holds a run of another recipe.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        _keep_recipe(folder, recipe)
        for directory in (folder, *(folder / network.name for network in recipe.networks)):
            directory.mkdir(exist_ok=True)
            sweep_unfinished(directory)
        yield


def check_recipe(folder: Path, recipe: Recipe) -> None:
    """Refuse a folder that holds a run of another recipe.

    Raises:
        TrainingError: what differs, or that another version of Whence wrote it.
    """
    path = folder / RECIPE_FILE
    if not path.exists():
        return
    found = read_recipe(folder)
    changed = list(_differences(found, _plain(recipe), ""))
    if changed:
        shown = "; ".join(changed[:4]) + ("; ..." if len(changed) > 4 else "")
        raise TrainingError(f"{folder} holds a run of another recipe ({shown}); choose another folder")


def read_recipe(folder: Path) -> dict[str, Any]:
    """Read the recipe of a run as plain data.

    Raises:
        TrainingError: there is none, or it is damaged, or another version of Whence wrote it.
    """
    path = folder / RECIPE_FILE
    try:
        found = read_json(path, TrainingError, "choose another folder")
    except (FileNotFoundError, NotADirectoryError):
        raise TrainingError(f"{folder}: no run in here ({RECIPE_FILE} is missing)") from None
    if not isinstance(found, dict):
        raise TrainingError("no recipe", where=path, remedy="choose another folder")
    made_by, number = found.pop("version", "another version"), found.pop("format", None)
    if number != FORMAT:
        remedy = "pip install -U whence" if isinstance(number, int) and number > FORMAT else "choose another folder"
        raise TrainingError(f"{folder}: made by whence {shown(made_by, 40)}; this is {whence.__version__}. {remedy}")
    try:
        for network in found["networks"].values():
            if "learns" in network:  # the name of `trainable` before version 0.2
                network["trainable"] = network.pop("learns")
            network.update({**_LATER_IN_NETWORKS, **network})
            # Settings of codings and networks that came later have their defaults.
            network["output"] = to_plain(output_to_plain(output_from_plain(network["output"])))
            network["model"] = to_plain(model_to_plain(model_from_plain(network["model"])))
    except (ValueError, LookupError, AttributeError, TypeError) as error:
        raise TrainingError(f"{path} is damaged ({shown(error, 200)}); choose another folder") from None
    return {**_LATER, **found}


def append_line(folder: Path, numbers: Mapping[str, Any]) -> None:
    """Add one line to the record of the run, after cutting off an unfinished last line that a kill left."""
    path = folder / METRICS_FILE
    with path.open("a+b") as file:
        file.seek(0)
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole != len(content):
            file.truncate(whole)
        file.write(json.dumps(numbers).encode("utf-8") + b"\n")


def read_lines(folder: Path) -> list[dict[str, Any]]:
    """Read the record of the run, one mapping for each line; an unfinished last line is left out."""
    try:
        content = (folder / METRICS_FILE).read_bytes()
    except FileNotFoundError:
        return []
    lines = []
    for number, text in enumerate(content[: content.rfind(b"\n") + 1].splitlines(), start=1):
        line = parse_json(text, f"{shown(folder / METRICS_FILE)}:{number}", TrainingError, _REMOVE_LINE)
        if not isinstance(line, dict):
            raise TrainingError(
                "not a record of numbers", where=folder / METRICS_FILE, line=number, remedy=_REMOVE_LINE
            )
        lines.append(line)
    return lines


def need_tensorboard() -> None:
    """Check that TensorBoard is installed.

    Raises:
        MissingExtraError: it is not.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise MissingExtraError("writing TensorBoard files", "train")


@contextlib.contextmanager
def event_files(folder: Path) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Write the record of a run as TensorBoard's event files into `RUN/tensorboard` while the block lasts.

    The files are made anew from `metrics.jsonl` each time, so they hold every epoch once, whatever a kill left of them.

    Args:
        folder: the run.

    Yields:
        a function that takes every further line of the record.
    """
    from torch.utils.tensorboard import SummaryWriter

    shutil.rmtree(folder / EVENTS_FOLDER, ignore_errors=True)
    writer: Any = SummaryWriter(str(folder / EVENTS_FOLDER))

    def write(line: Mapping[str, Any]) -> None:
        for name, value in _curves(line):
            writer.add_scalar(name, value, line["step"])
        writer.flush()

    try:
        for line in read_lines(folder):
            write(line)
        yield write
    finally:
        writer.close()


def _curves(line: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield the names and values that one line of the record adds; none if the line is not about an epoch.

    Raises:
        TrainingError: values are missing or damaged.
    """
    if "step" not in line:
        return
    label = f" ({line['protocol']})" if "protocol" in line else ""
    try:
        curve = f"{line['network']}{label}"
        for name, value in line["losses"].items():
            yield f"{curve}/{name if name == 'loss' else f'loss {name}'}", float(value)
        for name in ("score", "clips_per_s"):
            yield f"{curve}/{name}", float(line[name])
        for name, value in line["validation"].items():
            if isinstance(value, float):
                yield f"{curve}/validation {name}", value
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        what = f"a line without its numbers ({shown(error, 80)})"
        raise TrainingError(what, where=METRICS_FILE, remedy=_REMOVE_LINE) from None


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder; the operating system gives it back when a process dies, however it dies.

    Raises:
        TrainingError: another process holds it.
    """
    import fcntl

    with (folder / "lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise TrainingError(f"{folder} is in use by {lock.read().strip() or 'another process'}") from None
        lock.truncate(0)
        lock.write(f"pid {os.getpid()} on host {socket.gethostname()} (started {time.strftime('%H:%M')})\n")
        lock.flush()
        yield


def _keep_recipe(folder: Path, recipe: Recipe) -> None:
    """Write the recipe of a new run; refuse to continue with another one."""
    check_recipe(folder, recipe)
    if not (folder / RECIPE_FILE).exists():
        plain = {"format": FORMAT, "version": whence.__version__, **recipe.to_plain()}
        with written_whole(folder / RECIPE_FILE) as file:
            file.write(json.dumps(plain, indent=2).encode("utf-8") + b"\n")


def _plain(recipe: Recipe) -> Any:
    """Return the recipe as it is read back from a file, with lists for tuples."""
    return json.loads(json.dumps(recipe.to_plain()))


def _differences(found: Any, wanted: Any, field: str) -> Iterator[str]:
    """Yield the dotted names of fields that differ, with both values."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        for name in {**found, **wanted}:
            yield from _differences(found.get(name), wanted.get(name), f"{field}.{name}".lstrip("."))
    elif found != wanted:
        yield f"{field} was {shown(repr(found), 60)}, is {shown(repr(wanted), 60)}"
