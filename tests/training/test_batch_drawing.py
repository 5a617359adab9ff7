"""What is drawn for a batch: the pairs of microphones that a network is told."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from whence.audio import named_microphones
from whence.training.batch_drawing import told_numbers
from whence.training.data import Batch
from whence.training.learner import Learner

PAIRS = [named_microphones(name) for name in ("dcase", "ortf", "ab:0.3", "binaural")]


def test_all_or_none_are_told():
    assert np.array_equal(told_numbers(PAIRS, 1.0, 1, 0), np.stack([pair.numbers() for pair in PAIRS]))
    assert not told_numbers(PAIRS, 0.0, 1, 0).any()


def test_the_share_is_told_on_average_and_a_draw_depends_on_its_place_alone():
    many = told_numbers(PAIRS * 250, 0.3, 5, 7)
    assert 0.25 < many[:, 0].mean() < 0.35
    assert np.array_equal(many[500:], told_numbers(PAIRS * 125, 0.3, 5, 7, first_clip=500))
    assert not np.array_equal(many, told_numbers(PAIRS * 250, 0.3, 5, 8))


@pytest.mark.parametrize("told_share", [0.0, 1.0])
def test_a_network_learns_from_what_it_is_told(tiny_recipe, tiny_data, told_share):
    network = tiny_recipe.networks[0]
    network = replace(network, model=replace(network.model, told=True), told_share=told_share)
    learner = Learner(network, 1, "float32", "cpu")
    before = learner.bare.of_microphones[0].weight.detach().clone()
    for batch in tiny_data.batches(range(2), 4, 4, 0):
        learner.learn(Batch(batch.audio, batch.events, batch.names, microphones=PAIRS))
    # Weight decay alone moves weights by a factor.
    ratio = learner.bare.of_microphones[0].weight.detach() / before
    assert (ratio.std() > 1e-3) == (told_share == 1.0)


def test_clips_without_a_known_pair_are_learned_too(tiny_recipe, tiny_data):
    network = tiny_recipe.networks[0]
    learner = Learner(replace(network, model=replace(network.model, told=True)), 1, "float32", "cpu")
    for batch in tiny_data.batches(range(1), 4, 4, 0):
        assert np.isfinite(learner.learn(batch)["loss"])
    assert torch.isfinite(learner.bare.of_microphones[0].weight).all()
