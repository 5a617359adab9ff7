"""What is drawn for each clip of a batch when it is learned: masks and filters of its features, what is told of it."""

# B clip, C map, T feature frame, F mel band

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from whence.audio import Microphones
from whence.features import POWER_MAPS
from whence.scenes.transforms import apply_filter_augment, apply_spec_augment, draw_filter_augment, draw_spec_augment
from whence.training.recipe import NetworkRecipe

# Keep these draws apart from each other and from those of scenes, which use (seed, epoch, index).
_FEATURES, _TOLD = 2**31, 2**31 + 1


def augment_features(features: Tensor, recipe: NetworkRecipe, seed: int, step: int, first_clip: int = 0) -> Tensor:
    """Filter the log-mel maps and mask all maps of a batch, by the settings of the recipe.

    Each clip has its own generator, so that draws depend neither on micro-batches nor on the number of processes.

    Args:
        features: (B, C, T, F) from the front end of the recipe.
        recipe: which augmentation.
        seed: of the training.
        step: number of the batch.
        first_clip: position of the first of these clips in the batch.

    Returns:
        (B, C, T, F); the same tensor where the recipe has no augmentation.
    """
    if recipe.spec_augment is None and recipe.filter_augment is None:
        return features
    clips, _, frames, bands = features.shape
    generators = [np.random.default_rng([seed, step, first_clip + clip, _FEATURES]) for clip in range(clips)]
    if recipe.filter_augment is not None:
        curves = [draw_filter_augment(rng, recipe.filter_augment, bands) for rng in generators]
        levels = [index for index, name in enumerate(recipe.features.maps) if name in POWER_MAPS]
        features = features.clone()
        features[:, levels] = apply_filter_augment(features[:, levels], curves)
    if recipe.spec_augment is not None:
        masks = [draw_spec_augment(rng, recipe.spec_augment, frames, bands) for rng in generators]
        features = apply_spec_augment(features, masks)
    return features


def told_numbers(
    microphones: Sequence[Microphones], told_share: float, seed: int, step: int, first_clip: int = 0
) -> NDArray[np.float32]:
    """Return what a network is told of the pairs of a batch, drawn as `augment_features` draws.

    Args:
        microphones: the pair of each clip.
        told_share: how often it is told.
        seed: of the training.
        step: number of the batch.
        first_clip: position of the first of these clips in the batch.

    Returns:
        (clip, MICROPHONE_NUMBERS), zeros where the pair is not told.
    """
    rows = []
    for clip, pair in enumerate(microphones):
        is_drawn = np.random.default_rng([seed, step, first_clip + clip, _TOLD]).random() < told_share
        rows.append(pair.numbers() * np.float32(is_drawn))
    return np.stack(rows)
