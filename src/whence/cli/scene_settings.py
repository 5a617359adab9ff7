"""Scene settings for the bank of sounds a user really has: what it lacks is left out, and said."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whence.corpora import Sounds
    from whence.scenes import SceneSettings

_log = logging.getLogger("whence.cli")


def fitted_to(sounds: Sounds, settings: SceneSettings) -> SceneSettings:
    """Leave out what the bank has no sound for, with a line for each thing.

    Args:
        sounds: the bank.
        settings: what was asked for.

    Returns:
        settings that scenes can be drawn with, as far as the bank allows; the same where nothing is missing.
    """
    from whence.corpora import BACKGROUND, INTERFERENCE

    names = sounds.classes.names
    missing = [name for index, name in enumerate(names) if not len(sounds.of_class(index))]
    missing = [name for name in missing if settings.class_weights.get(name, 1) != 0]
    if missing:
        _log.info("no sounds of: %s; scenes will have none of these", ", ".join(missing))
        settings = replace(settings, class_weights={**settings.class_weights, **dict.fromkeys(missing, 0.0)})
    if settings.interferers[1] and not len(sounds.of_class(INTERFERENCE)):
        _log.info("no sounds of interference; scenes will have no unlabelled sounds")
        settings = replace(settings, interferers=(0, 0))
    if settings.diffuse_background.probability and not len(sounds.of_class(BACKGROUND)):
        _log.info("no sounds of background; scenes will have no noise")
        settings = replace(settings, diffuse_background=replace(settings.diffuse_background, probability=0.0))
    return settings
