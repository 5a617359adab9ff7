"""Augmentation of features: masks and filters drawn clip by clip by coordinate, applied to a batch."""

import numpy as np
import torch

from whence.features import POWER_MAPS
from whence.scenes.transforms import apply_filter_augment, apply_spec_augment, draw_filter_augment, draw_spec_augment
from whence.training.recipe import NetworkRecipe

# Keeps these draws apart from those of scenes, which use (seed, epoch, index).
_FEATURES = 2**31


def augment_features(
    features: torch.Tensor, recipe: NetworkRecipe, seed: int, step: int, first_clip: int = 0
) -> torch.Tensor:
    """Filter the log-mel maps and mask all maps of a batch, as its recipe asks.

    Each clip has a generator of its own, so that neither micro-batches nor several processes change a draw.

    Args:
        features: (B, C, T, F) as the front end of the recipe gives them.
        recipe: which augmentation.
        seed: of the training.
        step: number of the batch.
        first_clip: which clip of the batch the first of these is.

    Returns:
        (B, C, T, F); the same tensor where nothing is asked for.
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
