"""Read settings as plain data from a file, or from one `FIELD=VALUE` of the command line."""

import os
from pathlib import Path
from typing import Any

from whence.errors import WhenceError
from whence.files import parse_json
from whence.settings import read_settings_file
from whence.text import shown

# Groups around a field; recipes have three.
_DEEPEST = 20


def read_settings(word: str) -> dict[str, Any]:
    """Read settings from a file, or from one field with its value.

    Args:
        word: a path, or `FIELD=VALUE` where dots lead into groups; the value is JSON or else a plain word.

    Raises:
        WhenceError: as `read_settings_file`, or there is no field in front of the equals sign.

    >>> read_settings("networks.detector.epochs=5"), read_settings("protocol=paper")
    ({'networks': {'detector': {'epochs': 5}}}, {'protocol': 'paper'})
    """
    name, equals, text = word.partition("=")
    # pathlib raises for a name that is too long.
    if not equals or os.path.exists(word):  # noqa: PTH110
        return read_settings_file(Path(word))
    if not all(name.split(".")) or name.count(".") > _DEEPEST:
        what = "give FIELD=VALUE with a field of the recipe, or the name of a file"
        raise WhenceError(f"--settings {shown(word, 100)}: {what}")
    try:
        value: Any = parse_json(text, "--settings")
    except WhenceError:
        value = text
    for part in reversed(name.split(".")):
        value = {part: value}
    return dict(value)
