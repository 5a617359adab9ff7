"""Read settings as plain data from a YAML or JSON file, or from one `FIELD=VALUE` of the command line."""

import json
from pathlib import Path
from typing import Any

from whence.errors import MissingExtraError, WhenceError

# No sensible file is larger; aliases in YAML can make small files huge.
_LARGEST_BYTES = 1_000_000


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


def read_settings_file(path: Path) -> dict[str, Any]:
    """Read a mapping of settings.

    Args:
        path: `.json`, or YAML under any other ending; YAML is read with the safe loader, which makes plain data only.

    Raises:
        WhenceError: the file is missing, too large, not YAML or JSON, or holds no mapping.
        MissingExtraError: for YAML, where PyYAML is not installed.
    """
    try:
        import yaml
    except ImportError:
        raise MissingExtraError("reading YAML settings", "scenes") from None
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise WhenceError(f"{path}: {path.stat().st_size} bytes are too many for a settings file")
        # JSON is YAML, so one reader serves both.
        data = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise WhenceError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise WhenceError(f"{path}: not readable as settings ({type(error).__name__})") from None
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f":{where.line + 1}" if where else ""
        raise WhenceError(f"{path}{line}: not YAML: {getattr(error, 'problem', None) or 'cannot be parsed'}") from None
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise WhenceError(f"{path}: settings are names with values, such as 'seed: 3'")
    return data
