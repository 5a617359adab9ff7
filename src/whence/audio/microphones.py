"""Pairs of microphones: what a recording was made with, by name, by a description in a file, or by its parts."""

import contextlib
import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whence.audio.foa import FOA_LAYOUTS
from whence.errors import AudioError, WhenceError
from whence.settings import from_plain, read_settings_file, suggestion
from whence.units import SPEED_OF_SOUND_M_S

_WIDEST_M = 1.0
_LARGEST_GAIN_DB = 40.0
_LARGEST_W_DB = 20.0
# The spacing that counts 1 in `Microphones.numbers`.
_UNIT_SPACING_M = 0.2
# Names of first-order patterns by their omnidirectional share.
_PATTERNS = (
    ("omnis", 1.0),
    ("subcardioids", 0.7),
    ("cardioids", 0.5),
    ("supercardioids", 0.37),
    ("hypercardioids", 0.25),
    ("figures of eight", 0.0),
)


@dataclass(frozen=True)
class Capsule:
    """One microphone of a pair.

    Its gain for a plane wave is `pattern + (1 - pattern) * cos(angle between the wave and where it faces)`.

    Args:
        left_m: metres left of the middle of the pair, negative to the right.
        pattern: omnidirectional share of a first-order pattern: 1 omni, 0.5 cardioid, 0 figure of eight.
        facing_deg: azimuth of its front, positive to the left; omnis have none.

    Raises:
        AudioError: a value out of range; the message names the field.
    """

    left_m: float = 0.0
    pattern: float = 1.0
    facing_deg: float = 0.0

    def __post_init__(self) -> None:
        for name, value, least, most in (
            ("left_m", self.left_m, -_WIDEST_M, _WIDEST_M),
            ("pattern", self.pattern, 0.0, 1.0),
            ("facing_deg", self.facing_deg, -360.0, 360.0),
        ):
            if not least <= value <= most:
                raise AudioError(f"a capsule's {name} is {value:g}; it lies in {least:g} to {most:g}")


@dataclass(frozen=True)
class Head:
    """A head or a dummy head with a microphone in each ear.

    Args:
        radius_m: of the sphere that stands for the head.
        file: a SOFA file of measured head-related responses, which takes the place of the sphere; empty for none.

    Raises:
        AudioError: no head has this radius.
    """

    radius_m: float = 0.0875
    file: str = ""

    def __post_init__(self) -> None:
        if not 0.04 <= self.radius_m <= 0.15:
            raise AudioError(f"a head's radius_m is {self.radius_m:g}; it lies in 0.04 to 0.15")


@dataclass(frozen=True)
class Ambisonics:
    """Four first-order channels, from which pairs that look in any direction are computed.

    Args:
        layout: "ambix" (W Y Z X, SN3D), "n3d" (the same order, Y, Z and X 4.8 dB up), "fuma" (W X Y Z, W 3 dB down) or
            "wxyz" (W X Y Z, SN3D).
        view_deg: where the pair looks: a source at azimuth a appears at a + view_deg. None for all directions at once.
        w_db: how much louder W is recorded than the layout says; negative for a microphone whose W is too weak.

    Raises:
        AudioError: the angle is not in -360 to 360 degrees, or w_db not in -20 to 20.
    """

    layout: Literal["ambix", "n3d", "fuma", "wxyz"] = "ambix"
    view_deg: float | None = None
    w_db: float = 0.0

    def __post_init__(self) -> None:
        if self.view_deg is not None and not -360.0 <= self.view_deg <= 360.0:
            raise AudioError(f"view_deg is {self.view_deg:g}; it lies in -360 to 360")
        if not -_LARGEST_W_DB <= self.w_db <= _LARGEST_W_DB:
            raise AudioError(f"w_db is {self.w_db:g}; it lies in -{_LARGEST_W_DB:g} to {_LARGEST_W_DB:g}")


@dataclass(frozen=True)
class Microphones:
    """A pair of microphones, seen from above with azimuth 0 ahead and left positive.

    Args:
        name: for people; one of those that `read_microphones` knows, or the user's own.
        left: the capsule whose signal is the left channel.
        right: the capsule of the right channel.
        head: a head around the ears; the capsules then only say where the ears are.
        ambisonics: four channels in place of two; the capsules are then those of one view.
        gain_db: how much louder the second channel is recorded than the first, for the same sound.
        swapped: whether the recording has left and right exchanged.

    Raises:
        AudioError: capsules too far apart, an impossible gain, or a head that is Ambisonic.

    >>> ORTF = read_microphones("ortf")
    >>> ORTF.text()
    'ortf: cardioids 110° apart, 17 cm between them'
    >>> ORTF.delays_s(90.0).round(6).tolist()
    [-0.000248, 0.000248]
    """

    name: str
    left: Capsule
    right: Capsule
    head: Head | None = None
    ambisonics: Ambisonics | None = None
    gain_db: float = 0.0
    swapped: bool = False

    def __post_init__(self) -> None:
        if self.spacing_m > _WIDEST_M:
            raise AudioError(f"capsules {self.spacing_m:g} m apart; a pair is at most {_WIDEST_M:g} m wide")
        if not -_LARGEST_GAIN_DB <= self.gain_db <= _LARGEST_GAIN_DB:
            raise AudioError(f"gain_db is {self.gain_db:g}; it lies in {-_LARGEST_GAIN_DB:g} to {_LARGEST_GAIN_DB:g}")
        if self.head is not None and self.ambisonics is not None:
            raise AudioError("microphones are in a head or Ambisonic, not both; leave one out")
        if self.ambisonics is not None and self.gain_db:
            raise AudioError("gain_db is of a pair; the four channels of Ambisonics have none, leave it out")

    @property
    def spacing_m(self) -> float:
        """Metres between the capsules."""
        return abs(self.left.left_m - self.right.left_m)

    @property
    def is_coincident(self) -> bool:
        """Whether both capsules are at one point, so that no direction arrives at one earlier than at the other."""
        return self.spacing_m == 0.0 and self.head is None

    @property
    def is_symmetric(self) -> bool:
        """Whether the right capsule is the mirror image of the left one."""
        left, right = self.left, self.right
        faces = left.pattern == 1.0 or math.isclose(math.cos(math.radians(left.facing_deg + right.facing_deg)), 1.0)
        return left.left_m == -right.left_m and left.pattern == right.pattern and faces

    @property
    def is_full_circle(self) -> bool:
        """Whether a recording tells front from back: Ambisonics of all directions."""
        return self.ambisonics is not None and self.ambisonics.view_deg is None

    @property
    def channel_count(self) -> int:
        """Channels that a recording needs: two, or the four of Ambisonics."""
        return 2 if self.ambisonics is None else 4

    def gains(self, azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> NDArray[np.float64]:
        """Return the gains of both capsules for plane waves: (..., 2), left first; 1 for a wave from a capsule's front.

        Args:
            azimuth_deg: (...) where the waves come from, positive to the left.
            elevation_deg: (...) the same, positive upwards.
        """
        azimuth, elevation = np.broadcast_arrays(np.radians(azimuth_deg), np.radians(elevation_deg))
        gains = [
            capsule.pattern
            + (1.0 - capsule.pattern) * np.cos(azimuth - math.radians(capsule.facing_deg)) * np.cos(elevation)
            for capsule in (self.left, self.right)
        ]
        return np.stack(gains, axis=-1)

    def delays_s(self, azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> NDArray[np.float64]:
        """Return when plane waves reach the capsules, seconds after the middle of the pair: (..., 2), left first."""
        azimuth, elevation = np.broadcast_arrays(np.radians(azimuth_deg), np.radians(elevation_deg))
        ahead_m = np.sin(azimuth) * np.cos(elevation)
        delays = [-capsule.left_m * ahead_m / SPEED_OF_SOUND_M_S for capsule in (self.left, self.right)]
        return np.stack(delays, axis=-1)

    def numbers(self) -> NDArray[np.float32]:
        """Return the pair as a network is told it: (MICROPHONE_NUMBERS,) float32; zeros stand for an unknown pair.

        1; the omnidirectional, front and left components of the left capsule's pattern, averaged with the mirrored
        right one; the spacing in units of 20 cm; 1 for a head, whose patterns count as omnidirectional.

        >>> named_microphones("dcase").numbers().round(2).tolist()
        [1.0, 0.5, 0.0, 0.5, 0.0, 0.0]
        """
        spacing_m, components = self.spacing_m, np.zeros(3)
        if self.head is not None:
            # A wave from the side travels around half of the head.
            spacing_m, components[0] = max(spacing_m, 2 * self.head.radius_m), 1.0
        else:
            for capsule, mirror in ((self.left, 1.0), (self.right, -1.0)):
                facing, figure = math.radians(capsule.facing_deg), 1.0 - capsule.pattern
                parts = capsule.pattern, figure * math.cos(facing), mirror * figure * math.sin(facing)
                components += np.array(parts) / 2
        return np.array([1.0, *components, spacing_m / _UNIT_SPACING_M, float(self.head is not None)], np.float32)

    def text(self) -> str:
        """Return the pair in one line, for people."""
        return f"{self.name}: {self._what()}{self._corrections()}"

    def _what(self) -> str:
        """What the pair is made of."""
        if self.ambisonics is not None:
            view = self.ambisonics.view_deg
            seen = "all directions" if view is None else f"looking {_side(-view)}"
            return f"four Ambisonic channels ({self.ambisonics.layout}), {seen}"
        if self.head is not None:
            return f"ears of a head ({self.head.file})" if self.head.file else "ears of a head"
        apart = f"{100 * self.spacing_m:.3g} cm between them" if self.spacing_m else "at one point"
        if self.left.pattern != self.right.pattern:
            return f"two different capsules, {apart}"
        kind = min(_PATTERNS, key=lambda pattern: abs(pattern[1] - self.left.pattern))[0]
        if self.left.pattern == 1.0:
            return f"{kind}, {apart}"
        between = abs((self.left.facing_deg - self.right.facing_deg + 180.0) % 360.0 - 180.0)
        return f"{kind} {between:g}° apart, {apart}"

    def _corrections(self) -> str:
        """What is wrong with the recording."""
        gain = (
            f", right {abs(self.gain_db):.1f} dB {'louder' if self.gain_db > 0 else 'softer'}" if self.gain_db else ""
        )
        return f"{gain}{', channels swapped' if self.swapped else ''}"


def _side(azimuth_deg: float) -> str:
    """An azimuth in words."""
    azimuth = (azimuth_deg + 180.0) % 360.0 - 180.0
    return "ahead" if azimuth == 0 else f"{abs(azimuth):g}° to the {'left' if azimuth > 0 else 'right'}"


def _pair(name: str, pattern: float, facing_deg: float, spacing_m: float, **more: Any) -> Microphones:
    """A symmetric pair."""
    left = Capsule(spacing_m / 2, pattern, facing_deg)
    return Microphones(name, left, Capsule(-spacing_m / 2, pattern, -facing_deg), **more)


# The mid of an MS pair is a cardioid; mid plus side is a first-order pattern again, with this share and direction.
_MS_WIDTH = math.hypot(0.5, 1.0)
_NAMED = {
    "dcase": _pair("dcase", 0.5, 90.0, 0.0),
    "xy": _pair("xy:90", 0.5, 45.0, 0.0),
    "ms": _pair("ms", 0.5 / (0.5 + _MS_WIDTH), math.degrees(math.atan2(1.0, 0.5)), 0.0),
    "blumlein": _pair("blumlein", 0.0, 45.0, 0.0),
    "ortf": _pair("ortf", 0.5, 55.0, 0.17),
    "nos": _pair("nos", 0.5, 45.0, 0.30),
    "ab": _pair("ab:0.20", 1.0, 0.0, 0.20),
    "phone": _pair("phone", 1.0, 0.0, 0.15),
    "binaural": _pair("binaural", 1.0, 0.0, 2 * Head().radius_m, head=Head()),
    "foa": _pair("foa", 0.5, 90.0, 0.0, ambisonics=Ambisonics()),
}
# Examples stand for the numbers that some names take.
MICROPHONE_NAMES = (
    *("dcase", "xy:90", "ms", "blumlein", "ortf", "nos", "ab:0.20", "phone", "binaural"),
    *("foa", "foa:n3d", "foa:fuma", "foa:30"),
)


def read_microphones(word: str) -> Microphones:
    """Return the pair that a name or a file describes.

    Args:
        word: `dcase` (cardioids back to back), `xy:90` (cardioids, any angle between them), `ms`, `blumlein`, `ortf`,
            `nos`, `ab:0.20` (omnis, any spacing in metres), `phone`, `binaural`, `foa` (AmbiX; `foa:n3d`,
            `foa:fuma`; `foa:30` for the pair that looks in one direction), or a YAML or JSON file with the fields of
            `Microphones`.

    Raises:
        AudioError: no such name (the message has the nearest), a number out of range, or a file that describes no pair.

    >>> read_microphones("xy:120").left
    Capsule(left_m=0.0, pattern=0.5, facing_deg=60.0)
    >>> read_microphones("otrf")
    Traceback (most recent call last):
    whence.errors.AudioError: no microphones 'otrf'; did you mean ortf? Or name a YAML file
    """
    with contextlib.suppress(OSError):  # a name too long for a path
        if word.endswith((".yaml", ".yml", ".json")) or Path(word).is_file():
            return _from_file(Path(word))
    return named_microphones(word)


def named_microphones(word: str) -> Microphones:
    """Return the pair of a name, as `read_microphones` does, but read no file: for names that come from strangers.

    Raises:
        AudioError: no such name (the message has the nearest), or a number out of range.
    """
    base, _, rest = word.partition(":")
    if base not in _NAMED:
        known = suggestion(base, _NAMED)
        raise AudioError(
            f"no microphones {word!r}", remedy=f"{known}{'' if known.endswith('?') else '.'} Or name a YAML file"
        )
    if not rest:
        return _NAMED[base]
    if base == "foa":
        return dataclasses.replace(_NAMED["foa"], name=word, ambisonics=_ambisonics(word, rest.split(":")))
    if base == "xy":
        angle = _number(word, rest, 20.0, 180.0, "degrees between the capsules")
        return _pair(word, 0.5, angle / 2, 0.0)
    if base == "ab":
        return _pair(word, 1.0, 0.0, _number(word, rest, 0.01, _WIDEST_M, "metres between the capsules"))
    raise AudioError(f"microphones {word!r}: {base} takes no number", remedy=f"write {base}, or describe a YAML file")


def told_microphones(told: Microphones | str | None) -> Microphones | None:
    """Return the microphones that a caller names or describes; None where nothing is told, which `auto` says in words.

    Raises:
        AudioError: as `read_microphones` does.

    >>> told_microphones("auto") is None, told_microphones("ms").name
    (True, 'ms')
    """
    if told is None or isinstance(told, Microphones):
        return told
    return None if told == "auto" else read_microphones(told)


def _ambisonics(word: str, parts: list[str]) -> Ambisonics:
    """The layout and viewing angle behind `foa:`."""
    layouts: list[Any] = [part for part in parts if part in FOA_LAYOUTS]
    angles = [part for part in parts if part not in layouts]
    if len(layouts) > 1 or len(angles) > 1:
        raise AudioError(f"microphones {word!r}: give one layout and one angle at most, such as foa:fuma:30")
    view = _number(word, angles[0], -360.0, 360.0, "degrees") if angles else None
    return Ambisonics(layouts[0] if layouts else "ambix", view)


def _number(word: str, text: str, least: float, most: float, what: str) -> float:
    """A number in a name."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise AudioError(f"microphones {word!r}: {text!r} must be {what}, {least:g} to {most:g}")
    return value


def _from_file(path: Path) -> Microphones:
    """The pair that a YAML or JSON file describes; a head's file is looked for beside it."""
    try:
        data = {"name": path.stem, **read_settings_file(path)}
        if data.get("ambisonics") is not None or data.get("head") is not None:
            like = _NAMED["foa" if data.get("ambisonics") is not None else "binaural"]
            data = {"left": dataclasses.asdict(like.left), "right": dataclasses.asdict(like.right), **data}
        missing = [name for name in ("left", "right") if name not in data]
        if missing:
            raise AudioError(f"no {missing[0]} capsule", remedy="give left and right, or head, or ambisonics")
        pair = from_plain(Microphones, data, "microphones", AudioError)
    except WhenceError as error:
        if error.where is not None or str(error).startswith(str(path)):
            raise
        raise AudioError(error.what, where=path, remedy=error.remedy) from None
    if pair.head is not None and pair.head.file:
        head = dataclasses.replace(pair.head, file=str(path.parent / pair.head.file))
        pair = dataclasses.replace(pair, head=head)
    return pair
