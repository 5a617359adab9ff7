"""Augmentation of features: masks and filters drawn by coordinate, applied to a batch."""

import numpy as np
import torch

from whence.features.settings import POWER_MAPS
from whence.scenes.transforms.filter_augment import apply_filter_augment, draw_filter_augment
from whence.scenes.transforms.spec_augment import apply_spec_augment, draw_spec_augment
from whence.training.recipe import NetworkRecipe

# Keeps these draws apart from those of scenes, which use (seed, epoch, index).
_FEATURES = 2**31


def augment_features(features: torch.Tensor, recipe: NetworkRecipe, seed: int, step: int) -> torch.Tensor:
    """Filter the log-mel maps and mask all maps of a batch, as its recipe asks.

    Args:
        features: (B, C, T, F) as the front end of the recipe gives them.
        recipe: which augmentation.
        seed: of the training.
        step: with the seed, the coordinates of the draw.

    Returns:
        (B, C, T, F); the same tensor where nothing is asked for.
    """
    if recipe.spec_augment is None and recipe.filter_augment is None:
        return features
    rng = np.random.default_rng([seed, step, _FEATURES])
    clips, _, frames, bands = features.shape
    if recipe.filter_augment is not None:
        settings = recipe.filter_augment
        curves = [draw_filter_augment(rng, settings, bands) for _ in range(clips)]
        levels = [index for index, name in enumerate(recipe.features.maps) if name in POWER_MAPS]
        features = features.clone()
        features[:, levels] = apply_filter_augment(features[:, levels], curves)
    if recipe.spec_augment is not None:
        masks = [draw_spec_augment(rng, recipe.spec_augment, frames, bands) for _ in range(clips)]
        features = apply_spec_augment(features, masks)
    return features
