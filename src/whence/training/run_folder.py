"""The folder of one training: its recipe, a lock while it is in use, and a line of numbers for each epoch."""

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import whence
from whence.errors import TrainingError
from whence.files import sweep_unfinished, written_whole
from whence.training.recipe import Recipe

RECIPE_FILE = "recipe.json"
METRICS_FILE = "metrics.jsonl"
# Of the files a run keeps; a run of another number is refused, not guessed at.
FORMAT = 1
# Fields that recipes did not always have, with what they are in a recipe from before: of the whole, of each network.
_LATER = {"protocol": "honest"}
_LATER_IN_NETWORKS: dict[str, Any] = {"frozen_encoder": [], "learns": []}


@contextlib.contextmanager
def opened_run(folder: Path, recipe: Recipe) -> Iterator[None]:
    """Make a run folder, or take up the one that is there, and keep others out while the block lasts.

    Raises:
        TrainingError: another process trains there, or the folder holds a run of another recipe.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        _keep_recipe(folder, recipe)
        for place in (folder, *(folder / network.name for network in recipe.networks)):
            place.mkdir(exist_ok=True)
            sweep_unfinished(place)
        yield


def check_recipe(folder: Path, recipe: Recipe) -> None:
    """Refuse a folder that holds a run of another recipe, before anything is gathered or written.

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
    """The recipe that a run folder keeps, as plain data.

    Raises:
        TrainingError: there is none, or it cannot be used.
    """
    path = folder / RECIPE_FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TrainingError(f"{folder}: no run in here ({RECIPE_FILE} is missing)") from None
    except ValueError as error:
        raise TrainingError(f"{path} is no JSON ({error}); choose another folder") from None
    made_by, number = found.pop("version", "another version"), found.pop("format", None)
    if number != FORMAT:
        remedy = "pip install -U whence" if isinstance(number, int) and number > FORMAT else "choose another folder"
        raise TrainingError(f"{folder}: made by whence {made_by}; this is {whence.__version__}. {remedy}")
    for network in found.get("networks", {}).values():
        network.update({**_LATER_IN_NETWORKS, **network})
    return {**_LATER, **found}


def append_line(folder: Path, numbers: Mapping[str, Any]) -> None:
    """Add one line to the record of the run; a torn last line, left by a kill, is cut off first."""
    path = folder / METRICS_FILE
    with path.open("a+b") as file:
        file.seek(0)
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole != len(content):
            file.truncate(whole)
        file.write(json.dumps(numbers).encode("utf-8") + b"\n")


def read_lines(folder: Path) -> list[dict[str, Any]]:
    """The record of the run, one mapping for each line; a torn last line is left out."""
    try:
        content = (folder / METRICS_FILE).read_bytes()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in content[: content.rfind(b"\n") + 1].splitlines()]


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the run's lock; the operating system gives it back when a process dies, however it dies."""
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
    """Write the recipe of a new run; refuse to go on with another one."""
    check_recipe(folder, recipe)
    if not (folder / RECIPE_FILE).exists():
        kept = {"format": FORMAT, "version": whence.__version__, **recipe.to_plain()}
        with written_whole(folder / RECIPE_FILE) as file:
            file.write(json.dumps(kept, indent=2).encode("utf-8") + b"\n")


def _plain(recipe: Recipe) -> Any:
    """The recipe as reading it back from a file gives it: lists and not tuples."""
    return json.loads(json.dumps(recipe.to_plain()))


def _differences(found: Any, wanted: Any, place: str) -> Iterator[str]:
    """The dotted names of what differs, with both values."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        for name in {**found, **wanted}:
            yield from _differences(found.get(name), wanted.get(name), f"{place}.{name}".lstrip("."))
    elif found != wanted:
        yield f"{place} was {found!r}, is {wanted!r}"
