"""Sounds on disk that nobody has decoded yet: what every event set is read into."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from whence.corpora.sounds import BACKGROUND, INTERFERENCE
from whence.labels import ClassList


@dataclass(frozen=True)
class SoundEntry:
    """One sound file with its class.

    Args:
        path: the file.
        class_index: position in the class list, or BACKGROUND or INTERFERENCE.
        recording: the original recording, speaker, uploader or artist; splits never cut through one.
        name: unique within its corpus, for people and logs.
        split: the corpus's own word for the part it belongs to, empty where it has none.
        licence: as the corpus says it, empty where it does not.
    """

    path: Path
    class_index: int
    recording: str
    name: str
    split: str = ""
    licence: str = ""


def class_word(class_index: int, classes: ClassList) -> str:
    """The name of a class index for people, the two special ones included.

    >>> from whence.labels import STARSS23
    >>> class_word(3, STARSS23), class_word(BACKGROUND, STARSS23)
    ('telephone', 'background')
    """
    special = {BACKGROUND: "background", INTERFERENCE: "interference"}
    return special[class_index] if class_index in special else classes[class_index]


def count_classes(entries: Sequence[SoundEntry], classes: ClassList) -> dict[str, int]:
    """How many sounds each class has, in class order, zeros included; the two special ones last."""
    counts = Counter(entry.class_index for entry in entries)
    order = [*range(len(classes)), BACKGROUND, INTERFERENCE]
    return {class_word(class_index, classes): counts[class_index] for class_index in order}
