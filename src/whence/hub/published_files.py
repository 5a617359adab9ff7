"""Which files of a model go to the Hub, each looked through for what must not leave this machine."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from whence.errors import WhenceError
from whence.hub.names import ENDINGS, LARGEST_BYTES, SYSTEM_FILE, WEIGHTS_FILE, member_names, token
from whence.text import shown

RECIPE_FILE = "recipe.json"
_BLOCK_BYTES = 1 << 20
_LARGEST_HEADER_BYTES = 100_000_000
# What tokens of the Hub look like; weights hold no such run of letters by chance.
_SECRET = re.compile(rb"hf_[A-Za-z0-9]{30,}")
_LONGEST_SECRET = 256
_MACHINE_PATH = re.compile(r'"((?:/home/|/Users/|/root/|[A-Z]:\\\\Users\\\\)[^"]{0,60})')


@dataclass(frozen=True)
class PublishedFile:
    """A file that would go up.

    Args:
        name: in the repository.
        path: here.
        size: bytes.
        sha256: of the content.
    """

    name: str
    path: Path
    size: int
    sha256: str


@dataclass(frozen=True)
class Selection:
    """What goes up and what stays.

    Args:
        files: that make up the model.
        left_out: a name and why it stays, for everything else in the folder.
        notes: what the publisher should know before anybody else does.
    """

    files: tuple[PublishedFile, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def select_files(model: Path) -> Selection:
    """The files of a model, checked.

    Args:
        model: an exported `.onnx` file, which goes up as `model.onnx`, or the folder of a finished run.

    Raises:
        WhenceError: it is neither, a file of it is missing, too large, not what its ending says, a link that leads out
            of the folder, or holds a token.
        InferenceError: the ONNX file is not a network that would be run by who fetches it.
    """
    if model.is_dir():
        return _run_files(model)
    if model.suffix.lower() != ".onnx":
        what = "no such file" if not model.exists() else f"is not published; only {', '.join(ENDINGS)} ever are"
        raise WhenceError(f"{shown(model)}: {what}. Name an exported .onnx file or the folder of a run")
    from whence.inference import check_onnx

    check_onnx(model)
    return Selection((_looked_through(model, "model.onnx"),))


def holds_secret(content: bytes) -> bool:
    """Whether a token of the Hub stands in some bytes: the one in HF_TOKEN, or what looks like any.

    >>> holds_secret(b"hf_" + b"a" * 34), holds_secret(b"hf:doe/street")
    (True, False)
    """
    secret = (token() or "").encode()
    return bool(_SECRET.search(content)) or (bool(secret) and secret in content)


def _run_files(folder: Path) -> Selection:
    """System, weights and recipe of a run; training states, records and predictions stay."""
    members = member_names(folder)
    if not members:
        raise WhenceError(f"{shown(folder)}: no finished run in here ({SYSTEM_FILE} is missing or damaged)")
    names = [SYSTEM_FILE, *sorted({f"{name}/{WEIGHTS_FILE}" for name in members})]
    if (folder / RECIPE_FILE).exists():
        names.append(RECIPE_FILE)
    files = tuple(_looked_through(folder / name, name, inside=folder) for name in names)
    notes = [note for file in files if file.name.endswith(".json") for note in _paths_in(file)]
    return Selection(files, tuple(_left_out(folder, set(names))), tuple(notes))


def _left_out(folder: Path, taken: set[str]) -> Iterable[tuple[str, str]]:
    """Everything else in the folder; folders of which nothing is taken as one line."""
    for path in sorted(folder.iterdir()):
        inside = sorted(path.rglob("*")) if path.is_dir() and not path.is_symlink() else []
        names = [str(found.relative_to(folder)) for found in inside if not found.is_dir()]
        if names and not taken & set(names) and all(name.endswith(ENDINGS) or name.endswith(".csv") for name in names):
            yield f"{path.name}/", f"{len(names):,} files, no part of the model"
            continue
        for name in names or ([path.name] if not path.is_dir() else []):
            if name not in taken:
                allowed = name.endswith(ENDINGS)
                yield name, "no part of the model" if allowed else f"refused: only {', '.join(ENDINGS)} are published"


def _looked_through(path: Path, name: str, inside: Path | None = None) -> PublishedFile:
    """A file with its sum, once nothing speaks against it."""
    place = shown(path)
    if not path.is_file():
        raise WhenceError(f"{place}: missing; a run is published whole or not at all")
    if inside is not None and not path.resolve().is_relative_to(inside.resolve()):
        raise WhenceError(f"{place}: a link that leads out of the folder; put the file itself there")
    size = path.stat().st_size
    if not 0 < size <= LARGEST_BYTES:
        raise WhenceError(f"{place}: {size:,} bytes; files of 1 to {LARGEST_BYTES:,} are published")
    if path.suffix == ".safetensors":
        _check_safetensors(path, size)
    elif path.suffix == ".json":
        _check_json(path)
    return PublishedFile(name, path, size, _sum_without_secrets(path))


def _check_safetensors(path: Path, size: int) -> None:
    """Raise unless the file begins as its ending says; a renamed pickle does not."""
    with path.open("rb") as file:
        header = int.from_bytes(file.read(8), "little")
        if header > min(size - 8, _LARGEST_HEADER_BYTES):
            raise WhenceError(f"{shown(path)}: not a safetensors file; a pickle is never published")
        try:
            said = json.loads(file.read(header))
        except (ValueError, RecursionError):
            said = None
    if not isinstance(said, dict):
        raise WhenceError(f"{shown(path)}: not a safetensors file; a pickle is never published")


def _check_json(path: Path) -> None:
    """Raise unless the file is JSON."""
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise WhenceError(f"{shown(path)}: no JSON; train again, or take it out of the folder") from None


def _sum_without_secrets(path: Path) -> str:
    """The sha256 of a file that holds no token."""
    digest, before = hashlib.sha256(), b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
            # A token may begin in one block and end in the next.
            if holds_secret(before + block):
                raise WhenceError(f"{shown(path)}: holds a token of the Hub; take it out, and make the token invalid")
            before = block[-_LONGEST_SECRET:]
    return digest.hexdigest()


def _paths_in(file: PublishedFile) -> list[str]:
    """A note for the first path of this machine that a JSON file tells."""
    found = _MACHINE_PATH.search(file.path.read_text(encoding="utf-8"))
    return [f"{file.name} tells a path of this machine: {shown(found.group(1))}"] if found else []
