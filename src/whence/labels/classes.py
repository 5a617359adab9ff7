"""The list of sound classes; tables, files and networks exchange indices into it."""

from dataclasses import dataclass
from pathlib import Path

from whence.errors import LabelError
from whence.labels.label_files import read_text
from whence.text import one_line


@dataclass(frozen=True)
class ClassList:
    """Sound classes in a fixed order; the position is the class index.

    Args:
        names: unique, non-empty, as displayed.

    Raises:
        LabelError: if a name is empty or appears twice.

    >>> STARSS23[12], STARSS23.index("bell"), len(STARSS23)
    ('knock', 11, 13)
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if isinstance(self.names, str):
            raise LabelError(f"a class list is made of several names, not of the one text {self.names!r}")
        object.__setattr__(self, "names", tuple(self.names))
        if not self.names:
            raise LabelError("a class list needs at least one name")
        seen: set[str] = set()
        for position, name in enumerate(self.names):
            if not name.strip():
                raise LabelError(f"class {position} has no name")
            if name in seen:
                raise LabelError(f"class name {name!r} appears twice")
            seen.add(name)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, class_index: int) -> str:
        return self.names[class_index]

    def index(self, name: str) -> int:
        """Return the class index of a name.

        Raises:
            LabelError: if there is no such class; the message lists those there are.
        """
        if name not in self.names:
            raise LabelError(f"no class {name!r}; there are: {', '.join(self.names)}")
        return self.names.index(name)


def read_class_list(path: str | Path) -> ClassList:
    """Read a class list from a text file: one name a line, in index order, `#` starts a comment line.

    Raises:
        LabelError: if the file is missing, not UTF-8, empty, or repeats a name.
    """
    lines = (line.strip() for line in read_text(str(path)).splitlines())
    try:
        return ClassList(tuple(line for line in lines if line and not line.startswith("#")))
    except LabelError as error:
        raise LabelError(error.what, where=path) from None


def class_name(class_index: int, classes: ClassList) -> str:
    """Return the name of a class in one line.

    Raises:
        LabelError: the list has no such class.
    """
    if class_index >= len(classes):
        raise LabelError(f"class {class_index}", remedy=f"this class list has 0..{len(classes) - 1}")
    return one_line(classes[class_index])


# DCASE 2023 to 2025 Task 3, in the order of the official label files.
STARSS23 = ClassList(
    (
        "female speech",
        "male speech",
        "clapping",
        "telephone",
        "laughter",
        "domestic sounds",
        "footsteps",
        "door",
        "music",
        "musical instrument",
        "water tap",
        "bell",
        "knock",
    )
)

# DCASE 2020 and 2021 Task 3.
TAU_NIGENS_2020 = ClassList(
    (
        "alarm",
        "crying baby",
        "crash",
        "barking dog",
        "running engine",
        "female scream",
        "female speech",
        "burning fire",
        "footsteps",
        "knocking on door",
        "male scream",
        "male speech",
        "ringing phone",
        "piano",
    )
)
TAU_NIGENS_2021 = ClassList(
    tuple(name for name in TAU_NIGENS_2020.names if name not in ("running engine", "burning fire"))
)
