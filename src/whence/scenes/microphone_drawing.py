"""Microphone drawing: which pair records a scene, drawn from names with weights."""

import functools
import math
from collections.abc import Mapping

import numpy as np

from whence.audio import Microphones, read_microphones
from whence.errors import SceneError, WhenceError
from whence.scenes.receivers import check_renderable

# A stream of its own: scenes of one pair are the same scenes with another.
_STREAM = 0x6D6963


def check_microphones(weights: Mapping[str, float]) -> None:
    """Refuse pairs that are not known or cannot be rendered, and weights that give no chance to any.

    Raises:
        SceneError: naming the pair.
    """
    if not weights or not all(weight >= 0 for weight in weights.values()) or not 0 < sum(weights.values()) < math.inf:
        raise SceneError(f"microphones is {dict(weights)}; at least one weight must be above zero and none below")
    for word in weights:
        try:
            for name in _ends(word):
                check_renderable(read_microphones(name), f"microphones.{word}")
        except SceneError:
            raise
        except WhenceError as error:
            raise SceneError(f"microphones.{word}: {error}") from None


def draw_microphones(seed: int, epoch: int, index: int, weights: Mapping[str, float]) -> Microphones:
    """Draw the pair of the scene at these coordinates.

    >>> draw_microphones(1, 0, 0, {"dcase": 1.0}).name
    'dcase'
    """
    words = list(weights)
    if len(words) == 1 and _ends(words[0])[0] == _ends(words[0])[1]:
        return _read(words[0])
    rng = np.random.default_rng([seed, epoch, index, _STREAM])
    shares = np.array(list(weights.values()), dtype=np.float64)
    word = words[int(rng.choice(len(words), p=shares / shares.sum()))]
    low, high = _ends(word)
    if low == high:
        return _read(word)
    kind = word.partition(":")[0]
    ends = [float(name.partition(":")[2]) for name in (low, high)]
    return read_microphones(f"{kind}:{rng.uniform(min(ends), max(ends)):.4g}")


@functools.lru_cache(maxsize=64)
def _read(word: str) -> Microphones:
    """The pair of a name or a file, which is read once."""
    return read_microphones(word)


def _ends(word: str) -> tuple[str, str]:
    """The names with the least and the most of a span; twice the same name if there is no span.

    >>> _ends("ab:0.05-0.5")
    ('ab:0.05', 'ab:0.5')
    """
    kind, _, rest = word.partition(":")
    low, dash, high = rest.partition("-")
    if kind not in ("xy", "ab") or not dash:
        return word, word
    return f"{kind}:{low}", f"{kind}:{high}"
