"""Names and settings as people write them: the nearest known one is told when there is none."""

import dataclasses
import difflib
import types
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from whence.models.errors import ModelError

_Settings = TypeVar("_Settings")


def nearest(name: str, known: Iterable[str], what: str) -> str:
    """Give the name back if it is known.

    Raises:
        ModelError: it is not; the message suggests the nearest, or lists them all.

    >>> nearest("seldnet", ["seldnet", "compact"], "model")
    'seldnet'
    """
    names = list(known)
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1)
    raise ModelError(
        f"no {what} {name!r}; " + (f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names)}")
    )


def from_mapping(kind: type[_Settings], data: Mapping[str, Any], where: str) -> _Settings:
    """A settings dataclass from plain data such as JSON: lists become tuples, objects become nested settings.

    Args:
        kind: the dataclass.
        data: field names and values; what is missing takes its default.
        where: the place of the data, for messages.

    Raises:
        ModelError: a name that is no field (the nearest is told), or a value of the wrong type.

    >>> from whence.models.outputs.accdoa import AccdoaSettings
    >>> from_mapping(AccdoaSettings, {"threshold": 0.4}, "recipe")
    AccdoaSettings(class_count=13, threshold=0.4, distance='relu', official_rows=False)
    """
    hints = get_type_hints(kind)
    fields = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    values = {}
    for name, value in data.items():
        nearest(name, fields, f"setting of {where}")
        values[name] = _typed(hints[name], value, f"{where}.{name}")
    return kind(**values)


def _typed(hint: Any, value: Any, where: str) -> Any:
    """The value as the hint wants it."""
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return value if isinstance(value, hint) else from_mapping(hint, _checked(value, Mapping, where), where)
    origin = get_origin(hint)
    if origin is tuple:
        items = _checked(value, (list, tuple), where)
        inner = get_args(hint)
        kinds = [inner[0]] * len(items) if len(inner) == 2 and inner[1] is Ellipsis else list(inner)
        if len(kinds) != len(items):
            raise ModelError(f"{where} has {len(items)} entries; it needs {len(kinds)}")
        return tuple(
            _typed(kind, item, f"{where}[{i}]") for i, (kind, item) in enumerate(zip(kinds, items, strict=True))
        )
    if origin is types.UnionType and type(None) in get_args(hint):
        return None if value is None else _typed(next(a for a in get_args(hint) if a is not type(None)), value, where)
    if hint is float:
        return float(_checked(value, (int, float), where))
    return _checked(value, hint, where) if isinstance(hint, type) else value


def _checked(value: Any, kind: Any, where: str) -> Any:
    """The value, if it is of the kind; True is no number here."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        wanted = " or ".join(k.__name__ for k in kind) if isinstance(kind, tuple) else kind.__name__
        raise ModelError(f"{where} is {value!r}; it must be {wanted}")
    return value
