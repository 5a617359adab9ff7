"""Read settings as plain data from a file, or from one `FIELD=VALUE` of the command line."""

import json
from pathlib import Path
from typing import Any

from whence.errors import WhenceError
from whence.settings import read_settings_file


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
    if not equals or Path(word).exists():
        return read_settings_file(Path(word))
    if not all(name.split(".")):
        raise WhenceError(f"--settings {word!r}: give FIELD=VALUE with a field of the recipe, or the name of a file")
    try:
        value: Any = json.loads(text)
    except ValueError:
        value = text
    for part in reversed(name.split(".")):
        value = {part: value}
    return dict(value)
