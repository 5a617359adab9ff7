"""Several models as one: what is averaged, and what is refused; exported together they predict the same."""

from dataclasses import replace

import numpy as np
import pytest
from systems import noise, random_bundle, random_system, write_seldnet

import whence
from whence.errors import InferenceError
from whence.inference import average_systems, export_onnx, load_onnx, load_run, write_system
from whence.inference.network_bundle import TorchNetworks
from whence.inference.system import NetworkSystem
from whence.inference.system_file import SystemFile
from whence.labels import ClassList
from whence.models import save_weights
from whence.models.outputs import AccdoaSettings, MultiAccdoaSettings


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A joined pair, and a network that predicts everything, smoothed and with other thresholds."""
    folder = tmp_path_factory.mktemp("runs")
    systems = {
        "pair": SystemFile(("detector",), ("localizer",), "mean", (0.4,) * 13),
        "whole": SystemFile(("seld",), thresholds=(0.6,) * 13, smoothing_frames=3),
    }
    for seed, (name, system) in enumerate(systems.items()):
        for number, network in enumerate((*system.members, *system.localizers)):
            bundle = random_bundle(10 * seed + number)
            (folder / name / network).mkdir(parents=True)
            path = folder / name / network / "weights.safetensors"
            save_weights(path, bundle.network.state_dict(), bundle.settings.to_plain())
        write_system(folder / name, system)
    return [folder / name for name in systems]


def test_values_and_thresholds_are_the_means(runs):
    audio = noise(3.0)[None]
    alone, both = [load_run(run, device="cpu") for run in runs], whence.load(runs)
    expected = (alone[0].values(audio) + alone[1].values(audio)) / 2
    np.testing.assert_allclose(both.values(audio), expected, atol=1e-6)
    np.testing.assert_allclose(both.thresholds, 0.5)
    assert both.name == f"{runs[0]} + {runs[1]}"
    assert whence.detect((audio[0], 24_000), model=runs).frames.row_count == both.detect(audio[0]).row_count > 0


@pytest.mark.parametrize("swap", [False, True])
def test_a_run_averaged_with_itself_is_the_run(runs, swap):
    audio = noise(3.0)[None]
    once, twice = whence.load(runs[1], swap=swap), whence.load([runs[1], runs[1]], swap=swap)
    np.testing.assert_array_equal(once.values(audio), twice.values(audio))
    np.testing.assert_array_equal(once.thresholds, twice.thresholds)


@pytest.mark.parametrize("swap", [False, True])
def test_runs_exported_together_predict_what_they_predict_together(runs, tmp_path, swap):
    export_onnx(runs, tmp_path / "both.onnx")
    audio = np.stack([noise(5.0, seed) for seed in range(2)])
    of_runs, of_file = whence.load(runs, swap=swap), whence.load(tmp_path / "both.onnx", swap=swap, threads=1)
    np.testing.assert_allclose(of_file.values(audio), of_runs.values(audio), atol=2e-3)
    np.testing.assert_array_equal(of_file.thresholds, of_runs.thresholds)
    assert of_file.name == "both"


def test_a_file_of_two_systems_computes_its_networks_once(runs, tmp_path, monkeypatch):
    export_onnx(runs, tmp_path / "both.onnx")
    system = load_onnx(tmp_path / "both.onnx", threads=1)
    of_file, count = system.networks.systems[0].networks.networks._networks, []
    predict = type(of_file).predict
    monkeypatch.setattr(type(of_file), "predict", lambda self, audio: count.append(1) or predict(self, audio))
    first = system.values(noise(1.0)[None])
    assert len(count) == 1
    assert not np.array_equal(system.values(noise(1.0, seed=2)[None]), first)
    assert len(count) == 2


def test_a_run_and_an_onnx_file_are_averaged(runs, tmp_path):
    export_onnx(runs[:1], tmp_path / "pair.onnx")
    audio = noise(3.0)[None]
    mixed, both = whence.load([tmp_path / "pair.onnx", runs[1]], threads=1), whence.load(runs)
    np.testing.assert_allclose(mixed.values(audio), both.values(audio), atol=2e-3)


def test_tracks_are_aligned_before_they_are_averaged(tmp_path):
    runs = [write_seldnet(tmp_path / str(seed), MultiAccdoaSettings(), seed) for seed in (1, 2)]
    audio = noise(2.0)[None]
    alone = [load_run(run, device="cpu") for run in runs]
    expected = alone[0].coding.average([system.values(audio) for system in alone])
    both = whence.load(runs)
    np.testing.assert_array_equal(both.values(audio), expected)
    assert both.thresholds is None


def test_models_that_do_not_fit_together_are_named(runs, tmp_path):
    seldnet = write_seldnet(tmp_path / "multi", MultiAccdoaSettings())
    single = write_seldnet(tmp_path / "single", AccdoaSettings())
    strict = write_seldnet(tmp_path / "strict", AccdoaSettings(threshold=0.7))
    for models, sentence in (
        (
            [runs[0], seldnet],
            r"pair and .*multi cannot be averaged: their codings differ in name \(classwise",
        ),
        ([seldnet, single], r"differ in name \(multi_accdoa, accdoa\)"),
        ([single, strict], r"differ in threshold \(0\.5, 0\.7\)"),
        ([], "no model is named"),
    ):
        with pytest.raises(InferenceError, match=sentence):
            whence.load(models)
        with pytest.raises(InferenceError, match=sentence):
            export_onnx(models, tmp_path / "both.onnx")
    two = random_system(name="a"), replace(random_system(name="b"), classes=ClassList(tuple("abcdefghijklm")))
    with pytest.raises(InferenceError, match=r"a and b cannot be averaged: their classes differ \(female speech"):
        average_systems(two)


def test_a_network_without_directions_is_not_averaged_with_one_that_has_them():
    from whence.inference.network_bundle import BundleSettings, NetworkBundle
    from whence.models.outputs import detection

    whole = random_bundle()
    model = replace(whole.settings.model, output_size=13)
    alone = NetworkBundle.build(BundleSettings(model, whole.settings.features, detection()))
    systems = [NetworkSystem(TorchNetworks([bundle]), name=name) for bundle, name in ((whole, "a"), (alone, "b"))]
    with pytest.raises(InferenceError, match=r"differ in azimuth \(True, False\)"):
        average_systems(systems)


def test_half_precision_and_devices_are_for_runs(runs, tmp_path):
    export_onnx(runs[:1], tmp_path / "pair.onnx")
    assert whence.load(runs[0], precision="bf16").networks.bundles[0].precision == "bf16"
    with pytest.raises(InferenceError, match=r"pair\.onnx: an ONNX file has the precision it was exported with"):
        whence.load(tmp_path / "pair.onnx", precision="bf16")
    assert whence.load(tmp_path / "pair.onnx", device="cpu").name == "pair"
    with pytest.raises(
        InferenceError, match=r"pair\.onnx: an ONNX file runs on the processor; device cuda is for runs"
    ):
        whence.load([tmp_path / "pair.onnx"], device="cuda")


def test_of_each_class_the_most_certain_sources_are_kept(tmp_path):
    system = load_run(write_seldnet(tmp_path / "run", MultiAccdoaSettings()), device="cpu")
    values = system.values(noise(2.0)[None])[0]
    every, kept = system.decode(values), system.with_tracks(2).decode(values)
    assert system.with_tracks(None) is system
    expected = []
    for frame, k in dict.fromkeys(zip(every.frame.tolist(), every.class_index.tolist(), strict=True)):
        rows = np.flatnonzero((every.frame == frame) & (every.class_index == k))
        expected += sorted(rows[np.argsort(-every.score[rows], kind="stable")][:2])
    assert kept == every[np.array(expected)]
    assert 0 < kept.row_count < every.row_count
    assert system.with_tracks(2).decode(np.zeros_like(values)).row_count == 0
    with pytest.raises(InferenceError, match="keep at least 1"):
        system.with_tracks(0)
    with pytest.raises(InferenceError, match="one source of a class at a time"):
        random_system().with_tracks(1)
