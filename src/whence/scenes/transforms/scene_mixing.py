"""Scene mixing: the sum of two clips, with the events of both."""

from dataclasses import dataclass

import numpy as np
import torch

from whence.labels import Events
from whence.settings import check_probability, check_span


@dataclass(frozen=True)
class SceneMixingSettings:
    """How often and how loud.

    Args:
        probability: share of clips a second scene is mixed into, 0 to 1. That scene has its own room, events and
            background, so the polyphony of the two adds up.
        level_db: lowest and highest gain of the second scene, dB.
    """

    probability: float = 0.0
    level_db: tuple[float, float] = (-6.0, 6.0)

    def __post_init__(self) -> None:
        check_probability("scene_mixing.probability", self.probability)
        check_span("scene_mixing.level_db", self.level_db, -60, 60)


def draw_scene_mixing(rng: np.random.Generator, settings: SceneMixingSettings) -> float | None:
    """Draw the gain of a second scene in dB; None for a clip without one."""
    if rng.random() >= settings.probability:
        return None
    return float(rng.uniform(*settings.level_db))


def apply_scene_mixing(
    audio: torch.Tensor, events: Events, partner_audio: torch.Tensor, partner_events: Events, partner_level_db: float
) -> tuple[torch.Tensor, Events]:
    """Add a clip to another and concatenate their labels.

    The numbers of the partner's sources continue those of the first clip, so no two share a number in a class. The sum
    may exceed full scale. Both clips are (channel, sample) of equal length.

    >>> one = Events.from_columns({"frame": [0], "class_index": [2], "azimuth_deg": [30.0]})
    >>> audio, both = apply_scene_mixing(torch.ones(2, 1), one, torch.ones(2, 1), one, -6.0206)
    >>> [round(value, 4) for value in audio[:, 0].tolist()], both.source.tolist()
    ([1.5, 1.5], [0, 1])
    """
    mixed = audio + 10 ** (partner_level_db / 20) * partner_audio
    first_free = int(events.source.max(initial=-1)) + 1
    columns = partner_events.to_columns()
    moved = Events.from_columns({**columns, "source": partner_events.source + first_free})
    return mixed, Events.concatenate([events, moved])
