"""A class name as people write it becomes a class index."""

import re

from whence.corpora.sounds import BACKGROUND, INTERFERENCE
from whence.errors import CorpusError
from whence.labels import ClassList

SPECIAL_NAMES = {"background": BACKGROUND, "interference": INTERFERENCE}


def match_class(name: str, classes: ClassList) -> int:
    """Find the class a folder name or table cell means.

    People write `Female_speech`, `05`, `6 - walk, footsteps` or `domestic`. A name counts when it is an index, or
    when its words are those of exactly one class, or contain them, or are contained in them. Two candidates are
    never decided by a guess.

    Args:
        name: any spelling; case, punctuation and a leading index do not matter.
        classes: the class list.

    Returns:
        the class index, or BACKGROUND or INTERFERENCE for those two words.

    Raises:
        CorpusError: if no class or more than one is meant, or a leading index contradicts the name.

    >>> from whence.labels import STARSS23
    >>> [match_class(name, STARSS23) for name in ("Female_speech", "05", "6 - walk, footsteps", "domestic")]
    [0, 5, 6, 5]
    >>> match_class("Background", STARSS23)
    -1
    """
    plain = [_plain(class_name) for class_name in classes.names]
    if plain.count(_plain(name)) == 1:
        return plain.index(_plain(name))
    if name.strip().isdecimal():
        if int(name) >= len(classes):
            raise CorpusError(_refusal(name, [], classes))
        return int(name)
    words = _words(name)
    if " ".join(words) in SPECIAL_NAMES:
        return SPECIAL_NAMES[" ".join(words)]
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
    """Say why a name is not one class, and what there is."""
    listed = ", ".join(f"{index} {class_name}" for index, class_name in enumerate(classes.names))
    if meant:
        return f"{name!r} could be {' or '.join(repr(classes[index]) for index in meant)}; the classes are: {listed}"
    return f"no class {name!r}; there are: {listed}, background, interference"
