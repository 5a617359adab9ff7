"""Publish a model on the Hugging Face Hub: its files, checked for what must not leave this machine, and its card."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import whence
from whence.errors import GaveUpError, MissingExtraError, WhenceError
from whence.files import read_small
from whence.hub.download import (
    LARGEST_BYTES,
    SYSTEM_FILE,
    WEIGHTS_FILE,
    HubName,
    causes,
    endpoint,
    hub_client,
    is_offline,
    network_names,
    reason,
    token,
)
from whence.text import one_line, shown
from whence.views import degrees, number, percent

CARD_FILE = "README.md"
RECIPE_FILE = "recipe.json"
# Nothing else is ever published: a pickle would run code on the machine that reads it.
ENDINGS = (".safetensors", ".onnx", ".json", ".md")
_BLOCK_BYTES = 1 << 20
_LARGEST_HEADER_BYTES = 100_000_000
_LARGEST_SCORES_BYTES = 10_000_000
# What tokens of the Hub look like; weights hold no such run of letters by chance.
_SECRET = re.compile(rb"hf_[A-Za-z0-9]{30,}")
_LONGEST_SECRET = 256
_MACHINE_PATH = re.compile(r'"((?:/home/|/Users/|/root/|[A-Z]:\\\\Users\\\\)[^"]{0,60})')
_METRICS = (
    ("f20", "F20, location-dependent F-score", percent),
    ("doae_deg", "DOAE, azimuth error in degrees", degrees),
    ("rde", "RDE, relative distance error", number),
)
_TASK = "sound-event-localization-and-detection"
_TAGS = (_TASK, "sound-event-detection", "SELD", "DCASE", "stereo", "audio")
_SCORED_BY = """
Made by `whence evaluate REFERENCES PREDICTIONS --json`, whose defaults are 20 degrees, relative distance 1 and the mean
over classes. "Official" counts as the DCASE 2025 scorer does; "strict" also counts last frames, silent clips and
missing files. Intervals are by recording."""
_NO_DATA = "The publisher has not stated what this model was trained on, nor under which licences those sounds are."


@dataclass(frozen=True)
class PublishedFile:
    """A file to upload: its name in the repository, its path here, its size in bytes and the sum of its content."""

    name: str
    path: Path
    size: int
    sha256: str


@dataclass(frozen=True)
class Selection:
    """Which files are uploaded.

    Args:
        files: that make up the model.
        left_out: name and reason for everything else in the folder.
        notes: what the publisher should know before publishing.
    """

    files: tuple[PublishedFile, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CardFacts:
    """What a model card states.

    Args:
        name: on the Hub, without a commit, since the card is part of it.
        classes: of the model.
        files: of the model.
        license: its identifier on the Hub; empty where not chosen yet.
        scores: what `whence evaluate --json` printed, or None.
        scored_on: the data those scores are of, in words.
        data: Markdown on the training data and its licences; empty where nothing is stated.
        recipe: of a run; empty where unknown.
    """

    name: HubName
    classes: Sequence[str]
    files: Sequence[PublishedFile]
    license: str = ""
    scores: Mapping[str, Any] | None = None
    scored_on: str = ""
    data: str = ""
    recipe: str = ""


def select_files(model: Path) -> Selection:
    """Select and check the files of a model: an exported `.onnx` file, or the folder of a finished run.

    Raises:
        WhenceError: it is neither, or a file of it is missing, too large, not what its ending says, a link that leads
            out of the folder, or holds a token.
        InferenceError: the ONNX file is not a network that whence would run.
    """
    if model.is_dir():
        return _run_files(model)
    if model.suffix.lower() != ".onnx":
        what = "no such file" if not model.exists() else f"is not published; only {', '.join(ENDINGS)} ever are"
        raise WhenceError(f"{what}. Name an exported .onnx file or the folder of a run", where=model)
    from whence.inference import check_onnx

    check_onnx(model)
    return Selection((_checked(model, "model.onnx"),))


def holds_secret(content: bytes) -> bool:
    """Whether a token of the Hub is in some bytes: the user's own, or what looks like any.

    >>> holds_secret(b"hf_" + b"a" * 34), holds_secret(b"hf:doe/street")
    (True, False)
    """
    secret = (token() or "").encode()
    return bool(_SECRET.search(content)) or (bool(secret) and secret in content)


def read_scores(path: Path) -> dict[str, Any]:
    """Read what `whence evaluate --json` printed into a file.

    Raises:
        WhenceError: the file is missing or holds something else; the message says how to make one.
    """
    content = read_small(path, _LARGEST_SCORES_BYTES)
    try:
        scores = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise WhenceError(f"no JSON ({type(error).__name__})", where=path) from None
    for protocol in ("official", "strict"):
        part = scores.get(protocol) if isinstance(scores, dict) else None
        if not isinstance(part, dict) or not all(_is_score(part.get(key)) for key, *_ in _METRICS):
            remedy = "make them with: whence evaluate REFERENCES PREDICTIONS --json"
            raise WhenceError("no scores of whence", where=path, remedy=remedy)
    return dict(scores)


def model_card(facts: CardFacts) -> str:
    """Return the whole card: metadata for the Hub in YAML, and Markdown for people.

    Raises:
        MissingExtraError: the extra `hub` is not installed.
    """
    try:
        from huggingface_hub import EvalResult, ModelCardData
    except ImportError:
        raise MissingExtraError("making a model card", "hub") from None
    short_name = facts.name.repository.split("/")[1]
    official: Mapping[str, Any] = facts.scores["official"] if facts.scores else {}
    results = [
        EvalResult(
            task_type=_TASK,
            task_name="stereo sound event localization and detection",
            dataset_type="stereo-seld",
            dataset_name=one_line(facts.scored_on) or "not stated",
            metric_type=key,
            metric_name=f"{name}, official",
            metric_value=official[key],
        )
        for key, name, _ in _METRICS
        if official.get(key) is not None
    ]
    metadata = ModelCardData(
        license=facts.license or "other",
        library_name="whence",
        tags=list(_TAGS),
        model_name=short_name if results else None,
        eval_results=results or None,
    )
    extras = "hub" if any(file.name.endswith(".onnx") for file in facts.files) else "hub,train"
    template = resources.files("whence.hub").joinpath("card.md").read_text(encoding="utf-8")
    text = Template(template).substitute(
        name=short_name,
        version=whence.__version__,
        recipe=f" Recipe: `{one_line(facts.recipe)}`." if facts.recipe else "",
        class_count=len(facts.classes),
        classes=_class_lines(facts),
        scores=_scores_table(facts),
        data=facts.data.strip() or _NO_DATA,
        license=_plain(facts.license) or "not stated",
        packages=f"whence[{extras}]",
        hub_name=facts.name,
        files="\n".join(f"| {file.name} | {file.size:,} | `{file.sha256}` |" for file in facts.files),
    )
    return f"---\n{metadata.to_yaml()}\n---\n\n{text}"


def upload(files: Sequence[PublishedFile], name: HubName, card: str, *, private: bool) -> str:
    """Upload a model and its card in one commit, or not at all, and return the commit's 40 hex digits.

    Args:
        files: of the model.
        name: the repository, made if it is not there.
        card: uploaded as README.md.
        private: whether a repository that has to be made is private.

    Raises:
        MissingExtraError: the extra `hub` is not installed.
        WhenceError: no token, no network allowed, the token may not write there, or another model is there already.
        GaveUpError: the upload ended early; the repository is unchanged.
    """
    client = hub_client("publishing a model")
    from huggingface_hub import CommitOperationAdd

    if token() is None:
        where = f"{endpoint()}/settings/tokens"
        raise WhenceError(f"set HF_TOKEN to a token that may write, from {where}, or log in with: hf auth login")
    if is_offline():
        raise WhenceError("HF_HUB_OFFLINE forbids uploading; unset it")
    operations = [CommitOperationAdd(file.name, str(file.path)) for file in files]
    operations.append(CommitOperationAdd(CARD_FILE, card.encode("utf-8")))
    try:
        client.create_repo(name.repository, private=private or None, exist_ok=True)
        present = {sibling.rfilename for sibling in client.model_info(name.repository).siblings or ()}
        _refuse_second_model(present - {file.name for file in files}, name)
        done = client.create_commit(name.repository, operations, commit_message="Model and card, by whence publish")
    except WhenceError:
        raise
    except Exception as error:  # the client raises errors of its own, of its web library and of the system
        for cause in causes(error):
            status = getattr(getattr(cause, "response", None), "status_code", 0)
            if status in {401, 403}:
                raise WhenceError(f"the token may not write to {name.repository} ({status})") from None
        what = f"{name.repository}: the upload ended early ({reason(error)})"
        raise GaveUpError(what, remedy="run the same command again") from None
    return str(done.oid)


def _refuse_second_model(others: Iterable[str], name: HubName) -> None:
    """Raise if the repository would hold two models afterwards, of which neither could be loaded."""
    models = sorted(other for other in others if other.endswith(".onnx") or other == SYSTEM_FILE)
    if models:
        what = f"{name.repository} holds {', '.join(map(shown, models))} already, and a repository is one model"
        raise WhenceError(what, remedy="delete it there or choose another name")


def _run_files(folder: Path) -> Selection:
    """System, weights and recipe of a run, without training states, records and predictions."""
    networks = network_names(folder)
    if not networks:
        raise WhenceError(f"no finished run in here ({SYSTEM_FILE} is missing or damaged)", where=folder)
    names = [SYSTEM_FILE, *sorted({f"{name}/{WEIGHTS_FILE}" for name in networks})]
    if (folder / RECIPE_FILE).exists():
        names.append(RECIPE_FILE)
    files = tuple(_checked(folder / name, name, inside=folder) for name in names)
    notes = []
    for file in files:
        found = _MACHINE_PATH.search(file.path.read_text(encoding="utf-8")) if file.name.endswith(".json") else None
        if found:
            notes.append(f"{file.name} has a path of this machine: {shown(found[1])}")
    return Selection(files, tuple(_left_out(folder, set(names))), tuple(notes))


def _left_out(folder: Path, taken: set[str]) -> Iterable[tuple[str, str]]:
    """Everything else in the folder; a folder of harmless files of which none is taken counts as one line."""
    for path in sorted(folder.iterdir()):
        inside = sorted(path.rglob("*")) if path.is_dir() and not path.is_symlink() else []
        names = [str(found.relative_to(folder)) for found in inside if not found.is_dir()]
        if names and not taken & set(names) and all(name.endswith((*ENDINGS, ".csv")) for name in names):
            yield f"{path.name}/", f"{len(names):,} files, no part of the model"
            continue
        for name in names or ([path.name] if not path.is_dir() else []):
            if name not in taken:
                allowed = name.endswith(ENDINGS)
                yield name, "no part of the model" if allowed else f"refused: only {', '.join(ENDINGS)} are published"


def _checked(path: Path, name: str, inside: Path | None = None) -> PublishedFile:
    """A file with its sum, once it is what its ending says and holds no token."""
    if not path.is_file():
        raise WhenceError("missing; a run is published whole or not at all", where=path)
    if inside is not None and not path.resolve().is_relative_to(inside.resolve()):
        raise WhenceError("a link that leads out of the folder; put the file itself there", where=path)
    size = path.stat().st_size
    if not 0 < size <= LARGEST_BYTES:
        raise WhenceError(f"{size:,} bytes; files of 1 to {LARGEST_BYTES:,} are published", where=path)
    if path.suffix == ".safetensors" and not _is_safetensors(path, size):
        raise WhenceError("not a safetensors file; a pickle is never published", where=path)
    if path.suffix == ".json":
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError):
            raise WhenceError("no JSON; train again, or take it out of the folder", where=path) from None
    digest, before = hashlib.sha256(), b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
            # A token may begin in one block and end in the next.
            if holds_secret(before + block):
                raise WhenceError("holds a token of the Hub; take it out, and make the token invalid", where=path)
            before = block[-_LONGEST_SECRET:]
    return PublishedFile(name, path, size, digest.hexdigest())


def _is_safetensors(path: Path, size: int) -> bool:
    """Whether a file begins with a header of safetensors; a renamed pickle does not."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > min(size - 8, _LARGEST_HEADER_BYTES):
            return False
        try:
            return isinstance(json.loads(file.read(length)), dict)
        except (ValueError, RecursionError):
            return False


def _is_score(value: object) -> bool:
    """A finite number or nothing."""
    if value is None:
        return True
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _class_lines(facts: CardFacts) -> str:
    """One line for each class, with its score where there is one."""
    rows = facts.scores.get("per_class") if facts.scores else None
    known = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    f20_of = {row["name"]: row.get("f20") for row in known if isinstance(row.get("name"), str)}
    lines = []
    for index, name in enumerate(facts.classes):
        f20 = f20_of.get(name)
        lines.append(f"- {index} {_plain(name)}{'' if f20 is None or not _is_score(f20) else f' (F20 {percent(f20)})'}")
    return "\n".join(lines)


def _scores_table(facts: CardFacts) -> str:
    """Both protocols side by side, with intervals where there are any."""
    if facts.scores is None:
        return "None are stated."
    lines = [f"On: {_plain(facts.scored_on) or 'data that the publisher has not named'}.\n"]
    lines += ["| | official | 95 % interval | strict | 95 % interval |", "|---|---|---|---|---|"]
    for key, name, written in _METRICS:
        cells = []
        for protocol in ("official", "strict"):
            part = facts.scores[protocol]
            intervals = part.get("intervals")
            ends = intervals.get(key) if isinstance(intervals, dict) else None
            interval = "-"
            if isinstance(ends, list) and len(ends) == 2 and None not in ends and all(map(_is_score, ends)):
                interval = f"{written(ends[0])} .. {written(ends[1])}"
            cells += [written(part.get(key)), interval]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join((*lines, _SCORED_BY))


def _plain(text: str) -> str:
    """Text with every letter escaped that Markdown would read as markup."""
    line = one_line(text)
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>#|!" else letter for letter in line)
