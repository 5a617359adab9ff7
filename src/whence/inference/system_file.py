"""The system of a run as a file, `system.json`: its networks, and how their values become events."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from whence.audio import named_microphones
from whence.errors import AudioError, InferenceError, ModelError
from whence.files import read_json, written_whole
from whence.inference.combining import Activity
from whence.inference.system import Networks, NetworkSystem
from whence.inference.trained_pairs import FIRST_PAIRS
from whence.labels import STARSS23, ClassList
from whence.settings import from_plain
from whence.text import shown

SYSTEM_FILE = "system.json"
# A training writes it first.
_RECIPE_FILE = "recipe.json"
# A clip of five seconds has 50 frames.
_MOST_SMOOTHING_FRAMES = 999
_MOST_CLASSES = 10_000


@dataclass(frozen=True)
class SystemFile:
    """The networks of a system, how they are joined, and when a class counts as active.

    Args:
        members: folders of the networks whose values are averaged; the detector where there is a localizer.
        localizers: folders of the networks that predict direction and distance.
        activity: how they are joined, see `whence.inference.combining.join`.
        thresholds: one for each class; None where the coding has its own.
        smoothing_frames: median over the activity of so many frames, odd.
        classes: names of the classes; the 13 of STARSS23 where an old file has none.
        recipe: its name.
        validation: scores on the held-out clips, for people.
        microphones: names of the pairs that the networks were trained for.

    Raises:
        InferenceError: no network, a name that is not a plain word, unknown microphones, or a value out of its range.
    """

    members: tuple[str, ...]
    localizers: tuple[str, ...] = ()
    activity: Activity = "detector"
    thresholds: tuple[float, ...] | None = None
    smoothing_frames: int = 1
    classes: tuple[str, ...] = ()
    recipe: str = ""
    validation: Mapping[str, Any] = field(default_factory=dict)
    microphones: tuple[str, ...] = FIRST_PAIRS

    def __post_init__(self) -> None:
        names = (*self.members, *self.localizers)
        # They become paths below the run: a run from a stranger must not reach beyond its own folder.
        wrong = [name for name in names if not name.isidentifier()]
        if wrong:
            raise InferenceError(f"network {wrong[0][:80]!r}: its name must be a plain word")
        if not self.members:
            raise InferenceError("members is empty; a system needs at least one network")
        if not self.microphones:
            raise InferenceError("microphones is empty; name the pairs that the networks were trained for")
        for pair in self.microphones:
            try:
                named_microphones(pair)
            except AudioError as error:
                raise InferenceError(error.what) from None
        if self.activity not in ("detector", "mean"):
            raise InferenceError(f"activity is {self.activity!r}; it must be detector or mean")
        if not 1 <= self.smoothing_frames <= _MOST_SMOOTHING_FRAMES or self.smoothing_frames % 2 == 0:
            what = f"an odd number from 1 to {_MOST_SMOOTHING_FRAMES}"
            raise InferenceError(f"smoothing_frames is {self.smoothing_frames}; it must be {what}")

    def class_list(self, count: int) -> ClassList:
        """Return the names of `count` classes."""
        if count > _MOST_CLASSES:
            raise InferenceError(f"networks of {count} classes; at most {_MOST_CLASSES} are allowed")
        unnamed = STARSS23 if count == len(STARSS23) else ClassList(tuple(f"class {i}" for i in range(count)))
        return ClassList(self.classes) if self.classes else unnamed

    def system(self, networks: Networks, *, swap: bool = False, name: str = "") -> NetworkSystem:
        """Return the system that this describes, with networks in the order of `members` and `localizers`."""
        thresholds = None if self.thresholds is None else np.array(self.thresholds)
        return NetworkSystem(
            networks,
            len(self.localizers),
            self.activity,
            thresholds,
            self.smoothing_frames,
            swap,
            self.class_list(networks.codings[0].class_count),
            name or self.recipe,
            microphones=self.microphones,
        )


def write_system(folder: Path, system: SystemFile) -> None:
    """Write the system of a run into its folder."""
    with written_whole(folder / SYSTEM_FILE) as file:
        file.write(json.dumps(asdict(system), indent=2).encode("utf-8") + b"\n")


def _why_no_system(folder: Path) -> str:
    """What a folder without a system is, and what to do."""
    if not folder.is_dir():
        return "no such folder"
    if (folder / _RECIPE_FILE).is_file():
        return "an unfinished run; the command that began it continues"
    if (folder.parent / SYSTEM_FILE).is_file():
        return f"a part of a run; name the run, {shown(folder.parent)}"
    return f"not the folder of a run ({SYSTEM_FILE} is missing)"


def read_system(folder: Path) -> SystemFile:
    """Read the system of a run.

    Raises:
        InferenceError: the folder holds no finished run, or the file is damaged.
    """
    path = folder / SYSTEM_FILE
    try:
        data = read_json(path, InferenceError, "train again")
    except (FileNotFoundError, NotADirectoryError):
        raise InferenceError(_why_no_system(folder), where=folder) from None
    if not isinstance(data, dict) or "members" not in data:
        raise InferenceError(f"{path}: does not name its networks; train again")
    try:
        return from_plain(SystemFile, data, "system", ModelError)
    except (ModelError, InferenceError) as error:
        raise InferenceError(f"{path}: {error}") from None
