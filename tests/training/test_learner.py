"""The learner: learning rates, frozen and trainable parts, and a resumed run that ends at the same bits."""

import functools
from dataclasses import replace

import pytest
import torch
from hypothesis import given, strategies as st
from small_detectors import DASHENG, YAMNET, detector
from torch import nn

from whence.errors import TrainingError
from whence.models.weights import load_weights
from whence.recipes import recipe_named
from whence.training.learner import Learner, frozen_at, rate_at
from whence.training.loop import LoopSettings
from whence.training.recipe import OptimizerSettings, Recipe
from whence.training.train import train

CPU = LoopSettings(device="cpu")


def learned(recipe, data, steps):
    """A learner after some steps, and its encoder's state before each and after the last."""
    learner = Learner(recipe, 1, "float32", "cpu")
    states = [{name: value.clone() for name, value in learner.bare.encoder.state_dict().items()}]
    for batch in data.batches(range(steps), 4, 4, 0):
        learner.learn(batch)
        states.append({name: value.clone() for name, value in learner.bare.encoder.state_dict().items()})
    return learner, states


def changed(before, after):
    return {name for name in before if not torch.equal(before[name], after[name])}


@given(st.integers(1, 300), st.floats(0, 0.9))
def test_the_rate_rises_to_its_peak_and_falls(total, warmup_share):
    settings = OptimizerSettings(peak_rate=2.0, warmup_share=warmup_share)
    rates = [rate_at(step, total, settings) for step in range(total)]
    peak = max(round(warmup_share * total), 0)
    assert all(0 < rate <= 2.0 for rate in rates)
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert peak == 0 or rates[peak - 1] == 2.0


def test_a_constant_rate_stays():
    settings = OptimizerSettings(peak_rate=0.5, warmup_share=0.0, schedule="constant")
    assert {rate_at(step, 10, settings) for step in range(10)} == {0.5}


def test_phases_end_where_they_say():
    phases = ((0.25, 14), (0.5, 3))
    assert [frozen_at(step, 12, phases) for step in range(12)] == [14] * 3 + [3] * 3 + [0] * 6
    assert frozen_at(0, 12, ()) == 0
    assert {frozen_at(step, 12, ((1.0, 14),)) for step in range(12)} == {14}


def test_frozen_layers_do_not_change_and_the_others_do(tiny_data):
    learner, states = learned(detector(), tiny_data, 8)
    assert not changed(states[0], states[3])
    for step in range(3, 6):
        names = changed(states[step], states[step + 1])
        assert names
        assert all(name.startswith(("blocks.1.", "norm.")) for name in names), names
    assert any(name.startswith("blocks.0.") for name in changed(states[6], states[7]))
    # The optimizer's state is as old as the training of its parameter.
    ages = {name: int(learner.optimizer.state[p]["step"]) for name, p in learner.bare.named_parameters()}
    assert {ages[name] for name in ages if name.startswith("encoder.blocks.1.")} == {5}
    assert {ages[name] for name in ages if name.startswith("encoder.blocks.0.")} == {2}
    assert {ages[name] for name in ages if not name.startswith("encoder.")} == {8}


def test_frozen_batch_norms_keep_their_means(tiny_data):
    _, states = learned(detector(YAMNET, ((0.25, 14), (0.5, 10))), tiny_data, 7)
    assert not changed(states[0], states[3])
    names = changed(states[3], states[6])
    assert names
    assert {int(name.split(".")[0].removeprefix("block")) for name in names} == {11, 12, 13, 14}
    assert "conv1.norm.running_mean" in changed(states[6], states[7])


@pytest.mark.parametrize("model", [DASHENG, YAMNET], ids=["dasheng", "yamnet"])
@pytest.mark.parametrize("steps", [2, 4, 8])
def test_a_run_that_stops_within_a_phase_ends_at_the_same_bits(
    steps, model, tmp_path, tiny_data, tiny_clips, undisturbed
):
    recipe, whole = undisturbed(model is DASHENG)
    taken = iter(range(1, 100))
    stopped = replace(CPU, should_stop=lambda: next(taken) >= steps)
    assert not train(recipe, tiny_data, tiny_clips, tmp_path, stopped)
    assert train(recipe, tiny_data, tiny_clips, tmp_path, CPU)
    tensors = load_weights(tmp_path / "detector" / "weights.safetensors").tensors
    assert [name for name in whole if not torch.equal(whole[name], tensors[name])] == []


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, tiny_data, tiny_clips):
    """The recipe of a model, and the weights of a run that was not stopped."""

    @functools.cache
    def run(is_dasheng):
        model, phases = (DASHENG, ((0.25, 2), (0.5, 1))) if is_dasheng else (YAMNET, ((0.25, 14), (0.5, 10)))
        recipe, folder = Recipe("frozen", (detector(model, phases),)), tmp_path_factory.mktemp("whole")
        assert train(recipe, tiny_data, tiny_clips, folder, CPU)
        return recipe, load_weights(folder / "detector" / "weights.safetensors").tensors

    return run


@pytest.mark.parametrize(
    ("phases", "sentence"),
    [
        (((0.5, 2), (0.25, 1)), "phases whose ends rise"),
        (((0.5, 2), (0.5, 1)), "phases whose ends rise"),
        (((0.0, 2),), "phases whose ends rise"),
        (((1.5, 2),), "phases whose ends rise"),
        (((0.5, 3),), "phases of 0 to 2 layers"),
        (((0.5, -1),), "phases of 0 to 2 layers"),
    ],
)
def test_impossible_phases_are_refused(phases, sentence):
    with pytest.raises(TrainingError, match=rf"detector.frozen_encoder is .*{sentence}"):
        detector(phases=phases)


def test_a_network_without_an_encoder_cannot_be_frozen_in_phases(tiny_recipe):
    with pytest.raises(TrainingError, match=r"localizer.frozen_encoder is .* no pretrained encoder"):
        replace(tiny_recipe.networks[0], frozen_encoder=((0.5, 1),))


def test_the_recipe_of_the_report_unfreezes_from_the_top():
    assert recipe_named("xiaomi_3").networks[0].frozen_encoder == ((0.05, 12), (0.1, 8))
    assert recipe_named("xiaomi_3").networks[1].frozen_encoder == ()


def test_a_frozen_encoder_has_no_part_in_training_mode(tiny_data):
    learner, _ = learned(detector(), tiny_data, 1)
    assert not any(module.training for module in learner.bare.encoder.modules() if list(module.parameters()))
    assert isinstance(learner.bare.layers[0].norm, nn.BatchNorm1d)
    assert learner.bare.layers[0].norm.training


@pytest.fixture
def localizer(tiny_recipe):
    """A localizer of which one part is trained."""
    head = replace(tiny_recipe.networks[0], trainable=("output_layer",))
    assert any(isinstance(m, nn.Dropout) for m in Learner(head, 1, "float32", "cpu").bare.modules())
    return head


def test_only_the_named_parts_of_a_network_are_trained(localizer, tiny_data):
    learner = Learner(localizer, 1, "float32", "cpu")
    before = {name: value.clone() for name, value in learner.bare.state_dict().items()}
    for batch in tiny_data.batches(range(3), 4, 4, 0):
        learner.learn(batch)
    names = changed(before, learner.bare.state_dict())
    assert names == {"output_layer.weight", "output_layer.bias"}
    assert changed(before, learner.evaluated.state_dict()) <= names


def test_a_part_within_a_part_can_be_trained_alone(localizer, tiny_data):
    learner = Learner(replace(localizer, trainable=("blocks.2", "output_layer")), 1, "float32", "cpu")
    before = {name: value.clone() for name, value in learner.bare.state_dict().items()}
    for batch in tiny_data.batches(range(3), 4, 4, 0):
        learner.learn(batch)
    names = changed(before, learner.bare.state_dict())
    assert {name.rpartition(".")[0] for name in names} > {"blocks.2.conv1", "output_layer"}
    assert all(name.startswith(("blocks.2.", "output_layer.")) for name in names), names


def test_frozen_parts_have_the_same_output_in_every_step(localizer, tiny_data):
    learner = Learner(localizer, 1, "float32", "cpu")
    inputs = []
    learner.bare.output_layer.register_forward_pre_hook(lambda _, given: inputs.append(given[0].detach().clone()))
    batch = next(iter(tiny_data.batches(range(1), 4, 4, 0)))
    for _ in range(2):
        learner.learn(batch)
    assert torch.equal(*inputs)


def test_unknown_parts_are_refused(localizer):
    with pytest.raises(TrainingError, match=r"trainable has 'plce', which .* has not; its parts: .*output_layer"):
        Learner(replace(localizer, trainable=("output_layer", "plce")), 1, "float32", "cpu")


def test_trainable_parts_and_phases_exclude_each_other():
    with pytest.raises(TrainingError, match=r"detector.trainable is .* empty beside frozen_encoder"):
        detector(trainable=("output_layer",))


@pytest.mark.parametrize("wrong", [{"peak_rate": 0}, {"warmup_share": 1}, {"schedule": "linear"}, {"average_decay": 1}])
def test_optimizer_settings_out_of_range_are_named(wrong):
    with pytest.raises(TrainingError, match=f"optimizer.{next(iter(wrong))} is"):
        OptimizerSettings(**wrong)
