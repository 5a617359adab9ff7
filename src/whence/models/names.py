"""Names and settings as people write them: the nearest known one is told when there is none."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from whence.errors import ModelError
from whence.settings import from_plain

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
    settings: _Settings = from_plain(kind, data, where, ModelError)
    return settings
