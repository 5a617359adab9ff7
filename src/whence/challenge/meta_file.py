"""The meta file of a submission: its keys, a template to fill in, and a check that names everything wrong by line."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from whence.errors import WhenceError
from whence.files import read_small
from whence.text import shown

LARGEST_META_BYTES = 100_000
# The template has it where the user has to write; a meta file that still has it is refused.
TO_FILL = "???"


@dataclass(frozen=True)
class Field:
    """One value of the meta file.

    Args:
        kind: of the value.
        remark: for the template.
        nullable: whether `null` is allowed where nothing applies.
        highest: the largest number, or the longest text.
    """

    kind: Literal["text", "email", "whole", "number", "flag"]
    remark: str = ""
    nullable: bool = False
    highest: float = 1_000


class Entries(NamedTuple):
    """A list whose entries all have the same keys; nullable where there may be nothing to list."""

    fields: Mapping[str, Any]
    nullable: bool = False


_AUTHOR = {
    "lastname": Field("text", "authors in order; repeat the entry for each"),
    "firstname": Field("text"),
    "email": Field("email"),
    "corresponding": Field("flag", "true for exactly one author, false for the others"),
    "affiliation": {
        "abbreviation": Field("text", "of the institute"),
        "institute": Field("text"),
        "department": Field("text", "or null", nullable=True),
        "location": Field("text", "town, country"),
    },
}
_DATASET = {
    "name": Field("text", "one entry for each, or null in place of the list"),
    "url": Field("text", "where it can be had"),
    "total_audio_length": Field("number", "hours", highest=1e9),
}
META_FIELDS: Mapping[str, Any] = {
    "submission": {
        "label": Field("text", "the name of this system, as given by --name"),
        "name": Field("text", "a title for tables with room"),
        "abbreviation": Field("text", "at most 10 characters", highest=10),
        "authors": Entries(_AUTHOR),
    },
    "system": {
        "description": {
            "input_format": Field("text", "such as stereo"),
            "input_sampling_rate": Field("text", "24kHz"),
            "acoustic_features": Field("text", "such as log-mel energies, intensity vectors"),
            "data_augmentation": Field("text", "such as channel swapping, or null", nullable=True),
            "machine_learning_method": Field("text", "such as CRNN, conformer, ensemble"),
            "subsystem_count": Field("whole", "networks of an ensemble, or null", nullable=True, highest=10_000),
        },
        "complexity": {"total_parameters": Field("whole", "of all networks together", highest=1e13)},
        "external_datasets": Entries(_DATASET, nullable=True),
        "source_code": Field("text", "an address, or null", nullable=True),
    },
    "results": {
        "development_dataset": {
            "overall": {
                "F_20_1": Field("number", "F20 on dev-test, percent", highest=100),
                "DOAE_CD": Field("number", "azimuth error, degrees", highest=180),
                "RDE_CD": Field("number", "relative distance error, percent", highest=1e6),
            }
        }
    },
}
_TEMPLATE_HEAD = """\
# Meta information of one system. Replace every ???; null means that nothing applies.
# The keys follow what DCASE has asked for over the years: compare them with the official page of this year.

"""

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_SHOWN = 60


def meta_template() -> str:
    """Return a meta file with every key, to be filled in.

    >>> print(meta_template().splitlines()[4])
      label: ???  # the name of this system, as given by --name
    """
    return _TEMPLATE_HEAD + "".join(f"{line}\n" for line in _template(META_FIELDS))


def check_meta(path: Path, label: str) -> tuple[bytes, list[WhenceError]]:
    """Return the bytes of a meta file, empty where it cannot be read, and everything that is wrong with it.

    Args:
        path: a YAML file with the keys of `meta_template`, without tags and anchors.
        label: the name of the system it describes.
    """
    try:
        content = read_small(path, LARGEST_META_BYTES)
        top = _composed(path, content)
        problems = [*_wrong(top, META_FIELDS, ""), *_wrong_together(top, label)]
    except WhenceError as error:
        return b"", [error if error.where else WhenceError(error.what, where=path, line=error.line)]
    return content, [WhenceError(what, where=path, line=line) for line, what in problems]


def _template(fields: Mapping[str, Any]) -> Iterator[str]:
    """The lines of some keys and everything below them."""
    for key, field in fields.items():
        if isinstance(field, Field):
            yield f"{key}: {TO_FILL}{f'  # {field.remark}' if field.remark else ''}"
            continue
        yield f"{key}:"
        is_list = isinstance(field, Entries)
        for number, line in enumerate(_template(field.fields if isinstance(field, Entries) else field)):
            yield f"  {('- ' if number == 0 else '  ') if is_list else ''}{line}"


def _composed(path: Path, content: bytes) -> Any:
    """The nodes of a YAML mapping. Nothing is made of them yet, and tags and anchors are refused."""
    import yaml

    try:
        text = content.decode("utf-8-sig")
        node, tokens = yaml.compose(text, yaml.SafeLoader), list(yaml.scan(text))
    except UnicodeDecodeError as error:
        raise WhenceError("not UTF-8 text", where=path, line=content[: error.start].count(b"\n") + 1) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = shown(getattr(error, "problem", None) or "cannot be parsed", 120)
        raise WhenceError(f"not YAML: {problem}", where=path, line=mark.line + 1 if mark else None) from None
    except (ValueError, OverflowError, RecursionError) as error:  # impossible letters, brackets without end
        raise WhenceError(f"not YAML: {type(error).__name__}", where=path) from None
    for token in tokens:
        if isinstance(token, yaml.TagToken | yaml.AnchorToken | yaml.AliasToken):
            what = "tags and anchors are not read; write every value out"
            raise WhenceError(what, where=path, line=token.start_mark.line + 1)
    if not isinstance(node, yaml.MappingNode):
        what = "not a meta file; make one with: whence package --template meta.yaml"
        raise WhenceError(what, where=path, line=1)
    return node


def _children(node: Any) -> dict[str, Any]:
    """The nodes below a mapping by key; none below anything else."""
    found: dict[str, Any] = {}
    for key, value in node.value if node.id == "mapping" else ():
        name = str(key.value) if key.id == "scalar" else "a list or mapping"
        if name in found or key.id != "scalar":
            what = f"key {shown(name, _SHOWN)} is repeated or not a name"
            raise WhenceError(what, line=key.start_mark.line + 1)
        found[name] = value
    return found


def _value(node: Any) -> Any:
    """The value of a scalar; of mappings and lists the children's nodes."""
    import yaml

    if node.id != "scalar":
        return _children(node) if node.id == "mapping" else node.value
    try:
        return yaml.SafeLoader("").construct_object(node)
    except ValueError:  # an impossible date
        return node.value


def _wrong(node: Any, field: Any, path: str) -> Iterator[tuple[int, str]]:
    """Line and sentence for everything wrong with a value and below it."""
    value, line = _value(node), node.start_mark.line + 1
    if isinstance(field, Field):
        yield from ((line, f"{path} {sentence}") for sentence in _wrong_value(value, field))
    elif isinstance(field, Entries):
        if isinstance(value, list) and value:
            for index, entry in enumerate(value):
                yield from _wrong(entry, field.fields, f"{path}[{index}]")
        elif not (value is None and field.nullable):
            null = ", or null" if field.nullable else ""
            yield line, f"{path} is {_described(value)}; it is a list with an entry for each{null}"
    elif not isinstance(value, dict):
        yield line, f"{path} is {_described(value)}; it holds keys of its own"
    else:
        for key, below in field.items():
            name = f"{path}.{key}".lstrip(".")
            if key in value:
                yield from _wrong(value[key], below, name)
            else:
                yield line, f"{name} is missing"


def _wrong_value(value: object, field: Field) -> Iterator[str]:
    """What is wrong with a single value."""
    if value is None and field.nullable:
        return
    null = ", or null where nothing applies" if field.nullable else ""
    if value is None or value == "" or (isinstance(value, str) and TO_FILL in value):
        yield f"is not filled in{null}"
    elif isinstance(value, dict | list):
        yield f"is {_described(value)}; it is one value"
    elif field.kind == "flag":
        if not isinstance(value, bool):
            yield f"is {_described(value)}; write true or false"
    elif field.kind in ("text", "email"):
        if len(str(value)) > field.highest:
            yield f"has {len(str(value)):,} characters; at most {field.highest:,.0f} fit"
        elif field.kind == "email" and not _EMAIL.fullmatch(str(value)):
            yield f"is {_described(value)}, which is not an email address"
    else:
        kinds = (int,) if field.kind == "whole" else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not math.isfinite(value):
            yield f"is {_described(value)}; write a {'whole ' if field.kind == 'whole' else ''}number{null}"
        elif not 0 <= value <= field.highest:
            yield f"is {_described(value)}; it must be between 0 and {field.highest:,.0f}"


def _wrong_together(top: Any, label: str) -> Iterator[tuple[int, str]]:
    """What no single value shows: the label is that of the system, and exactly one author is the corresponding one."""
    submission = _value(top).get("submission")
    fields = {} if submission is None else _children(submission)
    if "label" in fields:
        given = _value(fields["label"])
        if isinstance(given, str) and TO_FILL not in given and given != label:
            line = fields["label"].start_mark.line + 1
            yield line, f"submission.label is {_described(given)}; this system is {label}"
    if "authors" in fields and fields["authors"].id == "sequence":
        authors = [_children(author) for author in fields["authors"].value if author.id == "mapping"]
        flags = [_value(author["corresponding"]) for author in authors if "corresponding" in author]
        count = sum(flag is True for flag in flags)
        if authors and count != 1 and TO_FILL not in flags:
            line = fields["authors"].start_mark.line + 1
            yield line, f"submission.authors has {count} corresponding authors; exactly one is true"


def _described(value: object) -> str:
    """A value as a sentence shows it."""
    if value is None:
        return "null"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else f"a list of {len(value)}"
    return shown(value, _SHOWN)
