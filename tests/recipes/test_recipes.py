"""Every recipe is whole: its networks take its features, give its coding's numbers, and write themselves down."""

import json

import pytest
import torch

from whence.errors import TrainingError
from whence.features import build_features
from whence.models import build_model
from whence.models.outputs import build_output, mean_squared_localization, output_from_plain
from whence.models.registry import model_from_plain
from whence.recipes.registry import RECIPES, recipe_named


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_has_its_own_name_and_is_plain_data(name):
    recipe = recipe_named(name)
    assert recipe.name == name
    plain = json.loads(json.dumps(recipe.to_plain()))
    for network in recipe.networks:
        assert model_from_plain(plain["networks"][network.name]["model"]) == network.model
        assert output_from_plain(plain["networks"][network.name]["output"]) == network.output


@pytest.mark.parametrize(
    "name", ["tiny", "whence_small", "seldnet", "seldnet_accdoa", "xiaomi_1", "nercslip_2024", "ntu"]
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


def test_a_misspelt_recipe_is_told_the_nearest():
    with pytest.raises(TrainingError, match=r"no recipe 'whence_smal'; did you mean whence_small\?"):
        recipe_named("whence_smal")
