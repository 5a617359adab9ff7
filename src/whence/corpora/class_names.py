"""Class names as people and other corpora write them, matched to the class list."""

import csv
import io
import re
from collections.abc import Collection
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from whence.corpora.sounds import BACKGROUND, INTERFERENCE
from whence.errors import CorpusError
from whence.labels import ClassList

_MAP_HEADER = ["name", "class", "implied_by", "note"]
_SPECIAL_NAMES = {"background": BACKGROUND, "interference": INTERFERENCE}


def match_class(name: str, classes: ClassList) -> int:
    """Find the class a folder name or table cell means.

    People write `Female_speech`, `05`, `6 - walk, footsteps` or `domestic`. A name matches when it is an index, or
    when its words are those of exactly one class, or contain them, or are contained in them. Two candidates are
    refused, never guessed between.

    Args:
        name: any spelling; case, punctuation and a leading index do not matter.
        classes: the class list.

    Returns:
        the class index, or BACKGROUND or INTERFERENCE for those two words.

    Raises:
        CorpusError: no class or more than one is meant, or a leading index contradicts the name.

    >>> from whence.labels import STARSS23
    >>> [match_class(name, STARSS23) for name in ("Female_speech", "05", "6 - walk, footsteps", "domestic")]
    [0, 5, 6, 5]
    >>> match_class("Background", STARSS23)
    -1
    """
    plain = [_plain(class_name) for class_name in classes.names]
    if plain.count(_plain(name)) == 1:
        return plain.index(_plain(name))
    if (number := name.strip()).isdecimal():
        if int(number) >= len(classes):
            raise CorpusError(_refusal(name, [], classes))
        return int(number)
    words = _words(name)
    if " ".join(words) in _SPECIAL_NAMES:
        return _SPECIAL_NAMES[" ".join(words)]
    meant = _meant_by(words, classes)
    if len(meant) != 1:
        raise CorpusError(_refusal(name, meant, classes))
    _check_leading_index(name, meant[0], classes)
    return meant[0]


def _plain(name: str) -> str:
    """A name in lower case with single spaces for everything that is neither letter nor digit."""
    return re.sub(r"[\W_]+", " ", name.casefold()).strip()


def _words(name: str) -> list[str]:
    """The words of a name, in lower case, without numbers and punctuation."""
    return re.findall(r"[^\W\d_]+", name.casefold())


def _meant_by(words: list[str], classes: ClassList) -> list[int]:
    """The classes with exactly these words, or else those of which one contains the other."""
    given = set(words)
    of_class = [set(_words(class_name)) for class_name in classes.names]
    exact = [index for index, own in enumerate(of_class) if given and own == given]
    return exact or [index for index, own in enumerate(of_class) if given and own and (own <= given or given <= own)]


def _check_leading_index(name: str, class_index: int, classes: ClassList) -> None:
    """Refuse `3_bell` where 3 is the telephone; a number that is no class index belongs to the name."""
    leading = re.match(r"\s*(\d+)[\s_.:-]", name)
    index = int(leading.group(1)) if leading else class_index
    if index != class_index and index < len(classes):
        raise CorpusError(f"{name!r} starts with index {index} ({classes[index]}) but names {classes[class_index]!r}")


def _refusal(name: str, meant: list[int], classes: ClassList) -> str:
    """The message for a name that is not exactly one class, with all classes."""
    listed = ", ".join(f"{index} {class_name}" for index, class_name in enumerate(classes.names))
    if meant:
        return f"{name!r} could be {' or '.join(repr(classes[index]) for index in meant)}; the classes are: {listed}"
    return f"no class {name!r}; there are: {listed}, background, interference"


@dataclass(frozen=True)
class ClassMap:
    """A table from another corpus's label names to our classes.

    Args:
        class_index: by label name; None marks a sound that spoils a clip (a crowd, a child speaking).
        implied_by: by label name, the more specific names beside which it is only a parent and does not count.
        origin: the file it was read from, for messages.
    """

    class_index: dict[str, int | None]
    implied_by: dict[str, frozenset[str]]
    origin: str

    def meaning(self, labels: Collection[str]) -> set[int | None]:
        """Return the classes of a clip with these labels: one is a usable clip, several or None are not.

        >>> map_ = ClassMap({"Door": 7, "Knock": 12, "Crowd": None}, {"Door": frozenset({"Knock"})}, "example")
        >>> map_.meaning({"Knock", "Door", "Wood"}), map_.meaning({"Wood"}), map_.meaning({"Door", "Crowd"})
        ({12}, set(), {None, 7})
        """
        given = set(labels)
        nothing: frozenset[str] = frozenset()
        return {
            self.class_index[n] for n in given & set(self.class_index) if not self.implied_by.get(n, nothing) & given
        }

    def unknown_names(self, vocabulary: Collection[str]) -> list[str]:
        """Return the labels of the map that are not in the corpus's own list, sorted."""
        return sorted(set(self.class_index).union(*self.implied_by.values()) - set(vocabulary))


def read_class_map(path: Path, classes: ClassList) -> ClassMap:
    """Read a class map.

    A CSV file with the columns `name,class,implied_by,note`. `class` is any spelling of one of our classes,
    `background`, `interference`, or empty: then a clip with this label is left out. `implied_by` holds names
    separated by `|`. Copy the file that comes with the package and edit it.

    Raises:
        CorpusError: naming file and line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise CorpusError("no such class map", where=path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"not readable as a class map ({error})", where=path) from None
    return _parse(text, str(path), classes)


def packaged_class_map(name: str, classes: ClassList) -> ClassMap:
    """Return the class map that comes with the package, e.g. `fsd50k`.

    Labels of classes that the list lacks spoil a clip, as those without a class do.
    """
    source = resources.files("whence.corpora") / "class_maps" / f"{name}.csv"
    return _parse(source.read_text(encoding="utf-8"), f"class_maps/{name}.csv", classes, others_spoil=True)


def _parse(text: str, origin: str, classes: ClassList, others_spoil: bool = False) -> ClassMap:
    """The map written in a text; a class that the list lacks is refused, or its labels spoil a clip."""
    reader = csv.reader(io.StringIO(text, newline=""))
    if next(reader, []) != _MAP_HEADER:
        raise CorpusError(f"the first line must be {','.join(_MAP_HEADER)}", where=origin, line=1)
    class_index: dict[str, int | None] = {}
    implied_by: dict[str, frozenset[str]] = {}
    for cells in filter(any, reader):
        line = reader.line_num
        if len(cells) != len(_MAP_HEADER):
            what = f"{len(cells)} cells, the header has {len(_MAP_HEADER)}"
            raise CorpusError(what, where=origin, line=line, remedy="quote a note with commas")
        name, class_name, implying, _ = (cell.strip() for cell in cells)
        if not name or name in class_index:
            raise CorpusError(f"{name!r} is there twice" if name else "no name", where=origin, line=line)
        try:
            class_index[name] = match_class(class_name, classes) if class_name else None
        except CorpusError as error:
            if not others_spoil:
                raise CorpusError(str(error), where=origin, line=line) from None
            class_index[name] = None
        implied_by[name] = frozenset(word for word in implying.split("|") if word)
    if not class_index:
        raise CorpusError(f"{origin}: the class map is empty")
    return ClassMap(class_index, implied_by, origin)
