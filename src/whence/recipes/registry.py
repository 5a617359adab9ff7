"""Recipes by name."""

from collections.abc import Callable

from whence.errors import TrainingError
from whence.recipes.challenge import nercslip_2024, nercslip_2024_pair, ntu, resnet_conformer_2022
from whence.recipes.hybrid_tracks import hybrid_tracks
from whence.recipes.seldnet import seldnet, seldnet_accdoa
from whence.recipes.tiny import tiny
from whence.recipes.whence_small import (
    whence_pairs,
    whence_small,
    whence_small_efficientat,
    whence_small_pretrained,
)
from whence.recipes.xiaomi import xiaomi_1, xiaomi_2, xiaomi_3, xiaomi_4
from whence.settings import known_name
from whence.training import Recipe

RECIPES: dict[str, Callable[[], Recipe]] = {
    "tiny": tiny,
    "whence_small": whence_small,
    "whence_small_pretrained": whence_small_pretrained,
    "whence_small_efficientat": whence_small_efficientat,
    "whence_pairs": whence_pairs,
    "xiaomi_1": xiaomi_1,
    "xiaomi_2": xiaomi_2,
    "xiaomi_3": xiaomi_3,
    "xiaomi_4": xiaomi_4,
    "hybrid_tracks": hybrid_tracks,
    "resnet_conformer_2022": resnet_conformer_2022,
    "nercslip_2024": nercslip_2024,
    "nercslip_2024_pair": nercslip_2024_pair,
    "ntu": ntu,
    "seldnet": seldnet,
    "seldnet_accdoa": seldnet_accdoa,
}


def recipe_named(name: str) -> Recipe:
    """Return the recipe of a name.

    Raises:
        TrainingError: there is none; the message names the nearest.

    >>> recipe_named("xiaomi_3").networks[0].batch_clips
    128
    """
    return RECIPES[known_name(name, RECIPES, "recipe", TrainingError)]()
