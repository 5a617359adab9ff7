"""Settings: frozen dataclasses to plain data (what JSON holds) and back, changed, chosen by name, read from files."""

import dataclasses
import difflib
import functools
import math
import reprlib
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, overload

from whence.errors import SceneError, WhenceError
from whence.files import check_plain
from whence.text import shown

_Settings = TypeVar("_Settings")

# No sensible file is larger; aliases in YAML can make small files huge.
_LARGEST_FILE_BYTES = 1_000_000
_DEEPEST = 50
_LONGEST_NAME = 1000
_REASONS = {UnicodeDecodeError: "not UTF-8 text", RecursionError: "nested too deeply"}

# Values in messages are cut: a stranger's may be long.
_BRIEF = reprlib.Repr()
_BRIEF.maxstring = _BRIEF.maxother = _BRIEF.maxlong = 80


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return a hint for an unknown name: the nearest known one, or all of them.

    >>> suggestion("widht", ["width", "depth"]), suggestion("colour", ["width", "depth"])
    ('did you mean width?', 'there are: width, depth')
    """
    names = list(known)
    name = name[:100]  # a stranger's may be long, and comparing takes the square of the length
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {near[0]}?" if near else f"there are: {', '.join(names)}"


def known_name(name: str, known: Iterable[str], what: str, error: type[WhenceError] = WhenceError) -> str:
    """Return the name if it is known.

    Raises:
        WhenceError: of the type asked for, with a suggestion.

    >>> known_name("bell", ["bell", "dog"], "class")
    'bell'
    """
    names = list(known)
    if name not in names:
        raise error(f"no {what} {_BRIEF.repr(name)}", remedy=suggestion(name, names))
    return name


def to_plain(value: Any) -> Any:
    """Return nested dataclasses and tuples as dicts and lists.

    >>> from whence.labels import ClassList
    >>> to_plain([ClassList(("dog", "cat"))])
    [{'names': ['dog', 'cat']}]
    """
    if dataclasses.is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    return value


def named_to_plain(settings: Any, kinds: Mapping[str, type]) -> dict[str, Any]:
    """Return settings of one of several types as plain data that begins with the name of the type.

    Args:
        settings: an instance of one of the types.
        kinds: the dataclasses by name.

    >>> from whence.labels import ClassList
    >>> named_to_plain(ClassList(("dog", "cat")), {"classes": ClassList})
    {'name': 'classes', 'names': ['dog', 'cat']}
    """
    name = next(name for name, kind in kinds.items() if kind is type(settings))
    return {"name": name, **to_plain(settings)}


def named_from_plain(
    data: Mapping[str, Any], kinds: Mapping[str, type], what: str, error: type[WhenceError] = WhenceError
) -> Any:
    """Invert `named_to_plain`; what is missing takes its default.

    Args:
        data: a "name" and fields of that type.
        kinds: the dataclasses by name.
        what: the kind of thing that has these settings, for messages: "model", "output".
        error: what to raise.

    Raises:
        WhenceError: of the type asked for: no name, an unknown name or field (with the nearest), an ill-typed value.
    """
    if not isinstance(data, Mapping):
        raise error(f"{what} is {_BRIEF.repr(data)}; it must be settings with a name")
    if "name" not in data:
        raise error(f"{what} settings need a 'name'; there are: {', '.join(kinds)}")
    name = known_name(str(data["name"]), kinds, what, error)
    return from_plain(kinds[name], {key: data[key] for key in data if key != "name"}, f"{what} {name}", error)


def with_changes(settings: _Settings, data: Any, field: str, error: type[WhenceError] = WhenceError) -> _Settings:
    """Return settings with some fields changed, in nested dataclasses too.

    Args:
        settings: a dataclass; stays as it is.
        data: names and values; a mapping changes fields of a nested dataclass and leaves its others alone.
        field: dotted name of the settings, for messages.
        error: what to raise.

    Raises:
        WhenceError: of the type asked for; an unknown or ill-typed field, the message has its dotted name.

    >>> from whence.labels import ClassList
    >>> with_changes(ClassList(("dog", "cat")), {"names": ["owl"]}, "classes")
    ClassList(names=('owl',))
    """
    if not isinstance(data, Mapping):
        raise error(f"{field} is {_BRIEF.repr(data)}; it must be names with values")
    annotations = _annotations(type(settings))  # type: ignore[arg-type]
    values = {}
    for name, value in data.items():
        if name not in annotations:
            raise error(f"{field}.{shown(name, 80)} is not a field; {suggestion(str(name), annotations)}")
        now, where = getattr(settings, name), f"{field}.{name}"
        nested = dataclasses.is_dataclass(now) and isinstance(value, Mapping)
        change = with_changes if nested else from_plain
        values[name] = change(now if nested else annotations[name], value, where, error)
    return dataclasses.replace(settings, **values)  # type: ignore[type-var]


@overload
def from_plain(kind: type[_Settings], data: Any, field: str, error: type[WhenceError] = ...) -> _Settings: ...
@overload
def from_plain(kind: Any, data: Any, field: str, error: type[WhenceError] = ...) -> Any: ...
def from_plain(kind: Any, data: Any, field: str, error: type[WhenceError] = WhenceError) -> Any:
    """Build a value of the annotated type `kind` from plain data.

    The annotations of the dataclasses are the schema, so no second list of fields has to be kept in step.

    Args:
        kind: a dataclass, a scalar type, or tuple, Mapping, Literal and `X | None` of these.
        data: what `json.loads` gave.
        field: dotted name of this value, for messages.
        error: the type of error to raise.

    Returns:
        a value of that type; equal to the one that `to_plain` was given.

    Raises:
        WhenceError: of the type asked for; an unknown, missing or ill-typed field, the message has its dotted name.

    >>> from_plain(tuple[float, float], [0, 1], "gain.level_dbfs")
    (0.0, 1.0)
    """
    if kind is Any:
        return data
    if dataclasses.is_dataclass(kind):
        return _dataclass_from(kind, data, field, error)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        chosen = next(argument for argument in arguments if argument is not types.NoneType)
        return None if data is None else from_plain(chosen, data, field, error)
    if origin is tuple:
        return _tuple_from(arguments, data, field, error)
    if origin is typing.Literal:
        if data not in arguments:
            raise error(f"{field} is {_BRIEF.repr(data)}; it must be one of {', '.join(map(repr, arguments))}")
        return data
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(data, Mapping):
            raise error(f"{field} is {_BRIEF.repr(data)}; it must be names with values")
        return {key: from_plain(arguments[1], item, f"{field}.{key}", error) for key, item in data.items()}
    return _scalar_from(kind, data, field, error)


def _dataclass_from(kind: Any, data: Any, field: str, error: type[WhenceError]) -> Any:
    """An instance of the dataclass `kind`; fields with a default may be left out."""
    if not isinstance(data, Mapping):
        raise error(f"{field} is {_BRIEF.repr(data)}; it must be a group of named fields")
    annotations = _annotations(kind)
    known = [entry.name for entry in dataclasses.fields(kind)]
    for name in data:
        if name not in known:
            raise error(f"{field}.{shown(name, 80)} is not a field; {suggestion(str(name), known)}")
    for entry in dataclasses.fields(kind):
        optional = entry.default is not dataclasses.MISSING or entry.default_factory is not dataclasses.MISSING
        if entry.name not in data and not optional:
            raise error(f"{field}.{entry.name} is missing")
    values = {name: from_plain(annotations[name], item, f"{field}.{name}", error) for name, item in data.items()}
    try:
        return kind(**values)
    except WhenceError:
        raise
    except (TypeError, ValueError, ArithmeticError, LookupError) as reason:
        raise error(f"{field} cannot be used ({reason})") from None


@functools.cache
def _annotations(kind: type) -> dict[str, Any]:
    """Field types of a dataclass; resolving them again for each part of a scene would take most of the time."""
    return typing.get_type_hints(kind)


def _tuple_from(arguments: tuple[Any, ...], data: Any, field: str, error: type[WhenceError]) -> tuple[Any, ...]:
    """A tuple of one repeated type (`tuple[X, ...]`) or of fixed length."""
    if not isinstance(data, list | tuple):
        raise error(f"{field} is {_BRIEF.repr(data)}; it must be a list")
    if arguments[-1] is Ellipsis:
        kinds = (arguments[0],) * len(data)
    elif len(arguments) == len(data):
        kinds = arguments
    else:
        raise error(f"{field} has {len(data)} values; it must have {len(arguments)}")
    return tuple(
        from_plain(kind, item, f"{field}.{i}", error) for i, (kind, item) in enumerate(zip(kinds, data, strict=True))
    )


def _scalar_from(kind: Any, data: Any, field: str, error: type[WhenceError]) -> Any:
    """A str, bool, int or float; a whole number is fine where a float is asked for."""
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        try:
            return float(data)
        except OverflowError:
            raise error(f"{field} has too many digits") from None
    if kind is str and isinstance(data, str) and len(data) > _LONGEST_NAME:
        raise error(f"{field} has {len(data):,} characters; at most {_LONGEST_NAME} are allowed")
    if type(data) is not kind:
        raise error(f"{field} is {_BRIEF.repr(data)}; it must be of type {kind.__name__}")
    return data


def check_probability(field: str, value: float) -> None:
    """Raise SceneError for what is no probability.

    Raises:
        SceneError: unless 0 <= value <= 1.

    >>> check_probability("channel_swap.probability", 1.5)
    Traceback (most recent call last):
    whence.errors.SceneError: channel_swap.probability is 1.5; it must lie between 0 and 1
    """
    check_number(field, value, 0, 1)


def check_number(field: str, value: float, least: float, most: float = math.inf) -> None:
    """Raise SceneError for a number that is below `least`, above `most` or not finite.

    Raises:
        SceneError: unless least <= value <= most and value is finite.
    """
    if not (least <= value <= most and math.isfinite(value)):
        raise SceneError(f"{field} is {value}; it must {_allowed(least, most)}")


def check_span(field: str, span: Sequence[float], least: float = -math.inf, most: float = math.inf) -> None:
    """Raise SceneError for a (low, high) pair that falls or leaves its limits.

    Raises:
        SceneError: unless least <= low <= high <= most and both are finite.
    """
    if len(span) != 2:
        raise SceneError(f"{field} is {tuple(span)}; it must be two numbers, the lowest and the highest")
    low, high = span
    if not (math.isfinite(low) and math.isfinite(high)):
        raise SceneError(f"{field} is {(low, high)}; both must be finite numbers")
    if low > high:
        raise SceneError(f"{field} is {(low, high)}; the first must not be above the second")
    if low < least or high > most:
        raise SceneError(f"{field} is {(low, high)}; both must {_allowed(least, most)}")


def _allowed(least: float, most: float) -> str:
    """The limits in words."""
    if math.isinf(most):
        return "be a finite number" if math.isinf(least) else f"be at least {least}"
    return f"lie between {least} and {most}"


def read_settings_file(path: Path) -> dict[str, Any]:
    """Read a mapping of settings.

    Args:
        path: `.json`, or YAML under any other ending; YAML is read with the safe loader, which makes plain data only.

    Raises:
        WhenceError: the file is missing, too large, not YAML or JSON, or holds no mapping.
    """
    import yaml

    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise WhenceError(f"{path}: {path.stat().st_size} bytes are too many for a settings file")
        if not path.is_file():
            raise WhenceError("not a regular file", where=path)
        # JSON is YAML, so one reader serves both.
        text = path.read_text(encoding="utf-8-sig")
        # The YAML reader takes the square of the depth before it gives up.
        if any(bracket * _DEEPEST in "".join(text.split()) for bracket in "[{"):
            raise RecursionError
        data = yaml.safe_load(text)
        check_plain(data)
    except FileNotFoundError:
        raise WhenceError(f"{path}: no such file") from None
    except WhenceError:
        raise
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or _REASONS.get(type(error), "unreadable")
        raise WhenceError(f"not readable as settings ({reason})", where=shown(path, 200)) from None
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f":{where.line + 1}" if where else ""
        raise WhenceError(f"{path}{line}: not YAML: {getattr(error, 'problem', None) or 'cannot be parsed'}") from None
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
        # Of values that look like numbers or dates and are none, and of limits.
        raise WhenceError(f"not readable as settings ({shown(error, 100)})", where=path) from None
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise WhenceError(f"{path}: settings are names with values, such as 'seed: 3'")
    return data
