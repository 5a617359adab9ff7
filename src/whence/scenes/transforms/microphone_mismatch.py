"""Microphone mismatch: the pair that records a scene is not quite the pair that it is called.

One capsule is louder than the other, they are nearer or further apart and face elsewhere, their patterns are off, and
at high frequencies capsules are more directional than their first-order pattern. The pair that a model is told keeps
its name.
"""

from dataclasses import dataclass, replace

import numpy as np

from whence.audio import Capsule, Microphones
from whence.scenes.receivers import BuiltMicrophones
from whence.settings import check_number, check_probability

# No pair is wider.
_WIDEST_M = 1.0


@dataclass(frozen=True)
class MicrophoneMismatchSettings:
    """How often, and the largest deviations.

    Args:
        probability: share of scenes with such a pair, 0 to 1.
        gain_db: one capsule louder than the other by up to this, dB.
        spacing: distance between the capsules off by up to this share.
        angle: the angle that each capsule faces off by up to this share.
        pattern: omnidirectional share of each capsule off by up to this.
        directivity: share of the omnidirectional part that is lost at high frequencies, up to this.
    """

    probability: float = 0.0
    gain_db: float = 2.0
    spacing: float = 0.1
    angle: float = 0.1
    pattern: float = 0.1
    directivity: float = 0.4

    def __post_init__(self) -> None:
        check_probability("microphone_mismatch.probability", self.probability)
        check_number("microphone_mismatch.gain_db", self.gain_db, 0, 12)
        for name in ("spacing", "angle", "pattern", "directivity"):
            check_number(f"microphone_mismatch.{name}", getattr(self, name), 0, 0.9)


@dataclass(frozen=True)
class MicrophoneMismatch:
    """Deviations of one pair.

    Args:
        gain_db: how much louder the right capsule is.
        spacing: factor on the distance between the capsules.
        angle: (left, right) factors on the angles that they face.
        pattern: (left, right) added to the omnidirectional shares.
        directivity: share of the omnidirectional part that is lost at high frequencies.
    """

    gain_db: float
    spacing: float
    angle: tuple[float, float]
    pattern: tuple[float, float]
    directivity: float


def draw_microphone_mismatch(
    rng: np.random.Generator, settings: MicrophoneMismatchSettings
) -> MicrophoneMismatch | None:
    """Draw the deviations of a scene's pair; None for a pair as described."""
    if rng.random() >= settings.probability:
        return None
    gain, spacing, *rest = rng.uniform(-1, 1, size=6).tolist()
    left_angle, right_angle, left_pattern, right_pattern = rest
    return MicrophoneMismatch(
        gain_db=settings.gain_db * gain,
        spacing=1 + settings.spacing * spacing,
        angle=(1 + settings.angle * left_angle, 1 + settings.angle * right_angle),
        pattern=(settings.pattern * left_pattern, settings.pattern * right_pattern),
        directivity=settings.directivity * float(rng.random()),
    )


def apply_microphone_mismatch(microphones: Microphones, mismatch: MicrophoneMismatch) -> BuiltMicrophones:
    """Return the pair as it was built. Heads keep their shape: only their gains differ.

    >>> from whence.audio import read_microphones
    >>> off = MicrophoneMismatch(1.0, 1.1, (1.0, 0.9), (0.0, -0.1), 0.0)
    >>> built = apply_microphone_mismatch(read_microphones("ortf"), off)
    >>> round(built.spacing_m, 3), built.right.facing_deg, built.right.pattern
    (0.187, -49.5, 0.4)
    """
    is_head = microphones.head is not None
    capsules = [
        capsule if is_head else _built(capsule, mismatch, number)
        for number, capsule in enumerate((microphones.left, microphones.right))
    ]
    return BuiltMicrophones(
        name=microphones.name,
        left=capsules[0],
        right=capsules[1],
        head=microphones.head,
        ambisonics=microphones.ambisonics,
        gain_db=microphones.gain_db + mismatch.gain_db,
        swapped=microphones.swapped,
        directivity=0.0 if is_head else mismatch.directivity,
    )


def _built(capsule: Capsule, mismatch: MicrophoneMismatch, number: int) -> Capsule:
    """One capsule."""
    return replace(
        capsule,
        left_m=float(np.clip(capsule.left_m * mismatch.spacing, -_WIDEST_M / 2, _WIDEST_M / 2)),
        pattern=float(np.clip(capsule.pattern + mismatch.pattern[number], 0.0, 1.0)),
        facing_deg=capsule.facing_deg * mismatch.angle[number],
    )
