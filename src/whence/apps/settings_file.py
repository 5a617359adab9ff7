"""A YAML or JSON file of settings, read as plain data and nothing else."""

from pathlib import Path
from typing import Any

from whence.errors import MissingExtraError, WhenceError

# No sensible file is larger; aliases in YAML can make small files huge.
_LARGEST_BYTES = 1_000_000


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
            raise WhenceError(f"{path}: {path.stat().st_size} bytes are no settings file; name the right one")
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
