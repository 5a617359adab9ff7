"""A submission's meta file: every key that is missing, empty or impossible, with its line."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from whence.challenge.submission_rules import LARGEST_META_BYTES, META_FIELDS, NULLABLE_LISTS, TO_FILL, MetaField
from whence.errors import MissingExtraError
from whence.text import shown

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_DEEPEST = 20
_STANDARD_TAG = re.compile(r"tag:yaml\.org,2002:[a-z]+")
# What PyYAML lets through: an impossible date, a yes that is none, brackets without end.
_ODD_VALUES = (ValueError, LookupError, AttributeError, TypeError, OverflowError, RecursionError)
_SHOWN = 60


class Located(NamedTuple):
    """A value and the line where it stands; mappings and lists hold located values in turn."""

    value: Any
    line: int


class _RefusedError(Exception):
    """The file is no meta file at all; carries the line and the sentence."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(f":{line}: {sentence}" if line else f": {sentence}")


def check_meta(path: Path, label: str) -> tuple[bytes, list[str]]:
    """The bytes of a meta file and what is wrong with it.

    Args:
        path: a YAML file as `submission_rules.meta_template` has it; read as plain data and nothing else.
        label: the name of the system it is about.

    Returns:
        its content, empty where it cannot be read; and one sentence for each problem, with file and line.

    Raises:
        MissingExtraError: PyYAML is not installed.
    """
    place = shown(path)
    try:
        content = _content(path)
        top = _located(content)
    except _RefusedError as refused:
        return b"", [f"{place}{refused}"]
    problems = [f"{place}:{line}: {sentence}" for field in META_FIELDS for line, sentence in _field(top, field)]
    problems += [f"{place}:{line}: {sentence}" for line, sentence in _whole(top, label)]
    return content, problems


def _content(path: Path) -> bytes:
    """A small regular file."""
    try:
        if not path.is_file():
            raise _RefusedError(0, "no such file" if not path.exists() else "not a regular file")
        if path.stat().st_size > LARGEST_META_BYTES:
            raise _RefusedError(0, f"{path.stat().st_size:,} bytes; at most {LARGEST_META_BYTES:,} are read")
        return path.read_bytes()
    except OSError as error:
        raise _RefusedError(0, f"cannot be read ({error.strerror})") from None


def _located(content: bytes) -> Located:
    """YAML as values with their lines; without tags that make objects, anchors or keys that stand twice."""
    try:
        import yaml
    except ImportError:
        raise MissingExtraError("reading a meta file", "hub") from None
    try:
        loader = yaml.SafeLoader(content.decode("utf-8-sig"))
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise _RefusedError(1, "not a meta file; make one with: whence package --template meta.yaml")
        return _value(loader, node, set(), 0)
    except UnicodeDecodeError as error:
        raise _RefusedError(content[: error.start].count(b"\n") + 1, "not UTF-8 text") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "cannot be parsed"
        raise _RefusedError(mark.line + 1 if mark else 0, f"not YAML: {shown(problem, 120)}") from None
    except _ODD_VALUES as error:
        raise _RefusedError(0, f"not YAML: {type(error).__name__}") from None


def _value(loader: Any, node: Any, seen: set[int], depth: int) -> Located:
    """One node and all below it."""
    line = node.start_mark.line + 1
    # An anchor used again is the same node again; a few of them in one another grow without limit.
    if id(node) in seen or depth > _DEEPEST:
        raise _RefusedError(line, "write every value out; anchors and deep nesting are not read")
    if not _STANDARD_TAG.fullmatch(node.tag):
        raise _RefusedError(line, f"{shown(node.tag, _SHOWN)} is no plain value; write it without a tag")
    seen.add(id(node))
    if node.id == "mapping":
        found: dict[str, Located] = {}
        for key, value in node.value:
            name = str(key.value) if key.id == "scalar" else "a list or mapping"
            if name in found or key.id != "scalar":
                raise _RefusedError(key.start_mark.line + 1, f"key {shown(name, _SHOWN)} stands twice or is no name")
            found[name] = _value(loader, value, seen, depth + 1)
        return Located(found, line)
    if node.id == "sequence":
        return Located([_value(loader, item, seen, depth + 1) for item in node.value], line)
    return Located(loader.construct_object(node), line)


def _field(top: Located, field: MetaField) -> Iterator[tuple[int, str]]:
    """What is wrong with one key, wherever it should stand."""
    yield from _below(top, field.path.split("."), "", field)


def _below(at: Located, keys: list[str], path: str, field: MetaField) -> Iterator[tuple[int, str]]:
    """Follow the keys down, through every entry of a list."""
    name, rest = keys[0].removesuffix("[]"), keys[1:]
    here = f"{path}.{name}".lstrip(".")
    if not isinstance(at.value, dict):
        # Told once, by the first key below it.
        if field == _first_below(path):
            yield at.line, f"{path} is {_said(at.value)}; it holds keys of its own"
        return
    if name not in at.value:
        yield at.line, f"{here} is missing"
        return
    found: Located = at.value[name]
    if not rest:
        yield from ((found.line, f"{here} {sentence}") for sentence in _wrong(found.value, field))
    elif not keys[0].endswith("[]"):
        yield from _below(found, rest, here, field)
    elif isinstance(found.value, list) and found.value:
        for index, entry in enumerate(found.value):
            yield from _below(entry, rest, f"{here}[{index}]", field)
    elif not (found.value is None and here in NULLABLE_LISTS) and field == _first_below(here):
        null = ", or null" if here in NULLABLE_LISTS else ""
        yield found.line, f"{here} is {_said(found.value)}; it is a list with an entry for each{null}"


def _first_below(path: str) -> MetaField | None:
    """The first key below a place, for what is to be said only once."""
    plain = re.sub(r"\[\d+\]", "[]", path)
    return next((field for field in META_FIELDS if re.match(rf"{re.escape(plain)}(\[\])?\.", field.path)), None)


def _wrong(value: object, field: MetaField) -> Iterator[str]:
    """What is wrong with a value."""
    if value is None and field.nullable:
        return
    null = ", or null where nothing applies" if field.nullable else ""
    if value is None or value == "" or (isinstance(value, str) and TO_FILL in value):
        yield f"is not filled in{null}"
    elif isinstance(value, dict | list):
        yield f"is {_said(value)}; it is one value"
    elif field.kind == "flag":
        if not isinstance(value, bool):
            yield f"is {_said(value)}; write true or false"
    elif field.kind in ("text", "email"):
        text = str(value)
        if len(text) > field.highest:
            yield f"has {len(text):,} characters; at most {field.highest:,.0f} fit"
        elif field.kind == "email" and not _EMAIL.fullmatch(text):
            yield f"is {_said(value)}, no address of electronic mail"
    else:
        yield from _wrong_number(value, field, null)


def _wrong_number(value: object, field: MetaField, null: str) -> Iterator[str]:
    """What is wrong with a value that should be a number."""
    kind = "a whole number" if field.kind == "whole" else "a number"
    wanted = (int,) if field.kind == "whole" else (int, float)
    if isinstance(value, bool) or not isinstance(value, wanted) or not math.isfinite(value):
        yield f"is {_said(value)}; write {kind}{null}"
    elif not 0 <= value <= field.highest:
        yield f"is {_said(value)}; it lies between 0 and {field.highest:,.0f}"


def _whole(top: Located, label: str) -> Iterator[tuple[int, str]]:
    """What no single key can tell: the label is that of the system, and one author answers letters."""
    submission = top.value.get("submission")
    if submission is None or not isinstance(submission.value, dict):
        return
    said = submission.value.get("label")
    if said is not None and isinstance(said.value, str) and TO_FILL not in said.value and said.value != label:
        yield said.line, f"submission.label is {_said(said.value)}; this system is {label}"
    authors = submission.value.get("authors")
    if authors is not None and isinstance(authors.value, list):
        entries = [entry.value for entry in authors.value if isinstance(entry.value, dict)]
        count = sum(entry["corresponding"].value is True for entry in entries if "corresponding" in entry)
        unfilled = any(entry["corresponding"].value == TO_FILL for entry in entries if "corresponding" in entry)
        if entries and count != 1 and not unfilled:
            yield authors.line, f"submission.authors has {count} corresponding authors; exactly one is true"


def _said(value: object) -> str:
    """A value as a sentence shows it."""
    if value is None:
        return "null"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else f"a list of {len(value)}"
    return shown(value, _SHOWN)
