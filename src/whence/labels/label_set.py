"""The label files of a folder, listed at once and read a part at a time."""

import os
from collections.abc import Sequence
from pathlib import Path

from whence.labels.classes import STARSS23, ClassList
from whence.labels.clips import ClipEvents
from whence.labels.dcase import read_labels, read_named_files
from whence.labels.label_files import list_tree


class LabelSet:
    r"""Label files of many clips in the DCASE 2025 layout.

    Files of a folder are read when they are asked for, so that a folder of any size fits into memory part by part. A
    zip archive and a single file are read at once.

    Args:
        path: a folder, which is searched to any depth, a `.zip` file, or one CSV file.
        classes: the list that the class column points into.

    Raises:
        LabelError: there is nothing to read, or two files have one clip name.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.csv").write_text("frame,class,source,azimuth,distance,onscreen\n0,8,0,-38,200,0\n")
    >>> found = LabelSet(folder)
    >>> found.names, found.read(["a"]).events.azimuth_deg
    (('a',), array([-38.]))
    """

    def __init__(self, path: Path, classes: ClassList = STARSS23) -> None:
        self.classes = classes
        self._paths: dict[str, Path] = {}
        self._clips: ClipEvents | None = None
        if path.is_dir() and path.suffix.lower() != ".csv":
            self._paths = {name: Path(file) for name, file in list_tree(os.fspath(path), ".csv").items()}
        else:
            self._clips = read_labels(path, classes)

    @property
    def names(self) -> tuple[str, ...]:
        """The clips, sorted by name."""
        return tuple(self._paths) if self._clips is None else self._clips.names

    def read(self, names: Sequence[str]) -> ClipEvents:
        """Read the named clips, in this order.

        Raises:
            LabelError: a file cannot be read, or file and line, the value and what to do.
        """
        if self._clips is not None:
            return self._clips.select(names)
        return read_named_files({name: self._paths[name] for name in names}, classes=self.classes)
