"""A table from another corpus's label names to our classes, in a file that users edit."""

import csv
import io
from collections.abc import Collection
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from whence.corpora.class_names import match_class
from whence.errors import CorpusError
from whence.labels import ClassList

_HEADER = ["name", "class", "implied_by", "note"]


@dataclass(frozen=True)
class ClassMap:
    """What each label name of a corpus means here.

    Args:
        class_index: by label name; None marks a sound that spoils a clip (a crowd, a child speaking).
        implied_by: by label name, the more specific names under which it is only a parent and says nothing.
        origin: the file it was read from, for messages.
    """

    class_index: dict[str, int | None]
    implied_by: dict[str, frozenset[str]]
    origin: str

    def meaning(self, labels: Collection[str]) -> set[int | None]:
        """The classes a clip with these labels holds: one is a usable clip, several or None are not.

        >>> map_ = ClassMap({"Door": 7, "Knock": 12, "Crowd": None}, {"Door": frozenset({"Knock"})}, "example")
        >>> map_.meaning({"Knock", "Door", "Wood"}), map_.meaning({"Wood"}), map_.meaning({"Door", "Crowd"})
        ({12}, set(), {None, 7})
        """
        given = set(labels)
        nothing: frozenset[str] = frozenset()
        return {
            self.class_index[n] for n in given & set(self.class_index) if not self.implied_by.get(n, nothing) & given
        }

    def check_names(self, vocabulary: Collection[str], vocabulary_file: Path) -> None:
        """Compare the names with the corpus's own list.

        Raises:
            CorpusError: naming those that the corpus does not have.
        """
        used = set(self.class_index).union(*self.implied_by.values())
        unknown = sorted(used - set(vocabulary))
        if unknown:
            raise CorpusError(f"{self.origin}: not in {vocabulary_file}: {', '.join(unknown)}; correct or remove them")


def read_class_map(path: Path, classes: ClassList) -> ClassMap:
    """Read a class map.

    A CSV file with the columns `name,class,implied_by,note`. `class` is any spelling of one of our classes,
    `background`, `interference`, or empty: then a clip with this label is left out. `implied_by` holds names
    separated by `|`. Copy the file that comes with the package and change it to taste.

    Args:
        path: the file, UTF-8.
        classes: the class list.

    Raises:
        CorpusError: naming file and line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise CorpusError(f"{path}: no such class map") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: not readable as a class map ({error})") from None
    return _parse(text, str(path), classes)


def packaged_class_map(name: str, classes: ClassList) -> ClassMap:
    """The class map that comes with the package, e.g. `fsd50k`."""
    source = resources.files("whence.corpora") / "class_maps" / f"{name}.csv"
    return _parse(source.read_text(encoding="utf-8"), f"class_maps/{name}.csv", classes)


def _parse(text: str, origin: str, classes: ClassList) -> ClassMap:
    """The map written in a text."""
    reader = csv.reader(io.StringIO(text, newline=""))
    if next(reader, []) != _HEADER:
        raise CorpusError(f"{origin}:1: the first line must be {','.join(_HEADER)}")
    class_index: dict[str, int | None] = {}
    implied_by: dict[str, frozenset[str]] = {}
    for cells in filter(any, reader):
        where = f"{origin}:{reader.line_num}"
        if len(cells) != len(_HEADER):
            raise CorpusError(f"{where}: {len(cells)} cells, the header has {len(_HEADER)}; quote a note with commas")
        name, class_name, implying, _ = (cell.strip() for cell in cells)
        if not name or name in class_index:
            raise CorpusError(f"{where}: {name!r} stands twice" if name else f"{where}: no name")
        try:
            class_index[name] = match_class(class_name, classes) if class_name else None
        except CorpusError as error:
            raise CorpusError(f"{where}: {error}") from None
        implied_by[name] = frozenset(word for word in implying.split("|") if word)
    if not class_index:
        raise CorpusError(f"{origin}: the class map is empty")
    return ClassMap(class_index, implied_by, origin)
