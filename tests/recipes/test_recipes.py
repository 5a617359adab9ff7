"""Every recipe is whole: its networks take its features, give its coding's numbers, and write themselves down."""

import json
from dataclasses import replace

import pytest
import torch

from whence.errors import TrainingError
from whence.features import build_features
from whence.models import build_model
from whence.models.outputs import build_output, mean_squared_localization, output_from_plain
from whence.models.registry import model_from_plain
from whence.recipes.registry import RECIPES, recipe_named
from whence.training import Recipe, with_overrides

LINEAGE = ["resnet_conformer_2022", "nercslip_2024_pair", "hybrid_tracks"]


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_has_its_own_name_and_is_plain_data(name):
    recipe = recipe_named(name)
    assert recipe.name == name
    plain = json.loads(json.dumps(recipe.to_plain()))
    for network in recipe.networks:
        assert model_from_plain(plain["networks"][network.name]["model"]) == network.model
        assert output_from_plain(plain["networks"][network.name]["output"]) == network.output


@pytest.mark.parametrize(
    "name", ["tiny", "whence_small", "seldnet", "seldnet_accdoa", "xiaomi_1", "nercslip_2024", "ntu", *LINEAGE]
)
def test_features_network_and_coding_fit(name):
    for network in recipe_named(name).networks:
        features = build_features(network.features)(torch.randn(1, 2, 24_000))
        with torch.device("meta"):
            model = build_model(network.model)
        assert features.shape[1] == network.model.input_maps
        assert model(features.to("meta")).shape == (1, 10, build_output(network.output).output_size)


def test_the_report_and_the_baseline_are_as_published():
    detector, localizer = recipe_named("xiaomi_1").networks
    assert (detector.batch_clips, detector.epochs) == (128, 200)
    assert (localizer.batch_clips, localizer.epochs) == (64, 300)
    assert {network.optimizer.peak_rate for network in (detector, localizer)} == {1e-3}
    assert build_output(localizer.output).output_size == 26
    assert localizer.output == mean_squared_localization()
    baseline = recipe_named("seldnet").networks[0]
    assert build_model(baseline.model).parameter_count() == 734_261
    assert (baseline.batch_clips, baseline.epochs, baseline.optimizer.peak_rate) == (256, 200, 1e-3)


def test_whence_small_is_small():
    sizes = [build_model(network.model).parameter_count() for network in recipe_named("whence_small").networks]
    assert sum(sizes) < 6_000_000
    assert max(sizes) < 5_000_000


def test_the_four_submissions_differ_only_in_augmentation():
    plain = [recipe_named(f"xiaomi_{number}").to_plain() for number in range(1, 5)]
    assert len({json.dumps(recipe) for recipe in plain}) == 4
    for recipe in plain:
        del recipe["name"], recipe["scenes"]
        for network in recipe["networks"].values():
            del network["spec_augment"], network["filter_augment"]
    assert all(recipe == plain[0] for recipe in plain)


def changed(name, network, change):
    """A network of a recipe after `--settings`."""
    recipe = with_overrides(recipe_named(name), {"networks": {network: change}})
    return next(one for one in recipe.networks if one.name == network)


@pytest.mark.parametrize(
    ("name", "network", "change", "size", "heads"),
    [
        ("tiny", "localizer", {"output": {"name": "tracks", "track_count": 3}}, 117, 2),
        ("tiny", "localizer", {"output": {"direction": "vector"}}, 52, 2),
        ("tiny", "localizer", {"output": {"name": "classwise", "activity": False}}, 26, 2),
        ("seldnet", "seld", {"output": {"name": "accdoa", "threshold": 0.4}}, 39, 8),
        ("ntu", "seld", {"output": {"name": "multi_accdoa"}}, 117, (117,)),
        ("ntu", "seld", {"output": {"class_count": 5}}, 20, (5, 10, 5)),
    ],
)
def test_the_size_of_a_network_follows_its_coding(name, network, change, size, heads):
    found = changed(name, network, change)
    assert (found.model.output_size, found.model.heads) == (size, heads)
    with torch.device("meta"):
        assert build_model(found.model)(torch.zeros(1, found.model.input_maps, 80, 64)).shape[2] == size


def test_a_coding_that_a_network_cannot_have_is_refused_with_what_to_set():
    with pytest.raises(TrainingError, match="accdoa needs 39 numbers; multi_branch always has 52"):
        changed("nercslip_2024", "seld", {"output": {"name": "accdoa"}})
    tracks = {"output": {"name": "tracks"}}
    with pytest.raises(TrainingError, match=r"or set model\.place_width to 0 and model\.symmetric to false"):
        changed("whence_small", "localizer", tracks)
    plain = {"model": {"place_width": 0, "symmetric": False}}
    assert changed("whence_small", "localizer", plain | tracks).model.output_size == 78


def test_networks_that_cannot_be_joined_are_refused_before_they_are_trained():
    detector = recipe_named("tiny").networks[0]
    with pytest.raises(TrainingError, match="networks detector and other: neither network predicts directions"):
        Recipe("mine", (detector, replace(detector, name="other")))


def test_a_misspelt_recipe_is_told_the_nearest():
    with pytest.raises(TrainingError, match=r"no recipe 'whence_smal'; did you mean whence_small\?"):
        recipe_named("whence_smal")
