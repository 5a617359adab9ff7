"""Exported files predict what the run predicts, for any number of clips of any length, and damaged ones are refused."""

import json
import shutil
from dataclasses import replace

import numpy as np
import onnx
import pytest
from systems import noise, random_bundle, write_seldnet

import whence
from whence.errors import InferenceError
from whence.inference import PACKAGED, export
from whence.inference.export import export_onnx
from whence.inference.network_bundle import load_run
from whence.inference.onnx_networks import METADATA_KEY, OnnxNetworks, load_onnx
from whence.inference.system_file import SystemFile, read_system, write_system
from whence.labels import STARSS23
from whence.models import save_weights
from whence.models.outputs import AccdoaSettings, MultiAccdoaSettings


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Two tiny networks with random weights as a finished run."""
    folder = tmp_path_factory.mktemp("run")
    for seed, name in enumerate(("detector", "localizer"), start=1):
        whole = {"input_maps": 6, "place_width": 8, "symmetric": True} if name == "localizer" else {}
        bundle = random_bundle(seed, sequence=("transformer", "gru"), **whole)
        (folder / name).mkdir()
        save_weights(folder / name / "weights.safetensors", bundle.network.state_dict(), bundle.settings.to_plain())
    thresholds = tuple(np.linspace(0.3, 0.6, 13).tolist())
    write_system(folder, SystemFile(("detector",), ("localizer",), "mean", thresholds, 3, STARSS23.names, "tiny"))
    return folder


@pytest.fixture(scope="module")
def file(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    export_onnx([run], path)
    return path


@pytest.mark.parametrize(("clips", "seconds"), [(1, 5.0), (3, 5.0), (2, 1.3), (1, 11.0)])
def test_both_engines_predict_the_same(run, file, clips, seconds):
    audio = np.stack([noise(seconds, seed) for seed in range(clips)])
    with_torch, with_onnx = load_run(run, device="cpu").values(audio), load_onnx(file, threads=1).values(audio)
    np.testing.assert_allclose(with_onnx, with_torch, atol=2e-3)
    assert with_onnx.std() > 0.1


def test_a_file_says_for_which_microphones_it_was_trained(run, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(run, other)
    write_system(other, replace(read_system(run), microphones=("dcase", "xy")))
    export_onnx([other], tmp_path / "one.onnx")
    export_onnx([other, run], tmp_path / "two.onnx")
    assert load_onnx(tmp_path / "one.onnx").microphones == ("dcase", "xy")
    assert load_onnx(tmp_path / "two.onnx").microphones == ("dcase",)
    card = OnnxNetworks(tmp_path / "one.onnx")._session.get_modelmeta().custom_metadata_map[METADATA_KEY]
    # Programs of before the entry refuse unknown settings of a system.
    assert "microphones" not in json.loads(card)["system"]


def test_a_localizer_for_any_pair_is_exported_and_streamed(tmp_path):
    run, bundle = tmp_path / "run", random_bundle(3, input_maps=8, place_width=8, symmetric=True)
    (run / "localizer").mkdir(parents=True)
    weights = run / "localizer" / "weights.safetensors"
    save_weights(weights, bundle.network.state_dict(), bundle.settings.to_plain())
    write_system(run, SystemFile(("localizer",), thresholds=(0.5,) * 13))
    export_onnx([run], tmp_path / "model.onnx")
    with_torch, with_onnx = load_run(run, device="cpu"), load_onnx(tmp_path / "model.onnx", threads=1)
    signal = noise(6.2)
    np.testing.assert_allclose(with_onnx.values(signal[None]), with_torch.values(signal[None]), atol=2e-3)
    found = with_onnx.detect(signal)
    assert found.row_count > 50
    stream = whence.Stream(with_onnx)
    parts = [stream.feed(part) for part in np.array_split(signal, 7, axis=1)]
    assert sum(part.row_count for part in [*parts, stream.finish()]) == found.row_count


@pytest.mark.parametrize("output", [MultiAccdoaSettings(), AccdoaSettings()])
def test_the_official_baseline_is_exported_for_clips_of_any_number_and_length(output, tmp_path):
    run = write_seldnet(tmp_path / "run", output)
    export_onnx([run], tmp_path / "model.onnx")
    with_torch, with_onnx = load_run(run, device="cpu"), load_onnx(tmp_path / "model.onnx", threads=1)
    for clips, seconds in ((1, 5.0), (2, 2.0), (1, 11.3)):
        audio = np.stack([noise(seconds, seed) for seed in range(clips)])
        values = with_torch.values(audio)
        np.testing.assert_allclose(with_onnx.values(audio), values, atol=1e-4)
        assert with_torch.decode(values[0]).row_count > 50


def test_a_file_that_onnxruntime_cannot_run_is_named(file, tmp_path):
    def other_front_end(card):
        card["inputs"] = dict.fromkeys(card["inputs"], card["inputs"]["midside"])
        return json.dumps(card)

    networks = OnnxNetworks(changed(file, tmp_path / "wrong.onnx", other_front_end))
    with pytest.raises(InferenceError, match=r"wrong\.onnx: onnxruntime cannot run it"):
        networks.predict(noise(1.0)[None])


def test_both_engines_find_the_same_events(run, file):
    signal = noise(12.3)
    expected, found = load_run(run, device="cpu").detect(signal), whence.load(file).detect(signal)
    ours, theirs = (
        dict(zip(zip(events.frame, events.class_index, strict=True), events.azimuth_deg, strict=True))
        for events in (found, expected)
    )
    # The engines add in different orders, so an activity within 1e-5 of its threshold may fall on either side of it.
    assert len(ours.keys() ^ theirs.keys()) <= 0.01 * len(theirs)
    assert len(theirs) > 100
    for cell in ours.keys() & theirs.keys():
        assert ours[cell] == pytest.approx(theirs[cell], abs=0.02)


def test_everything_about_the_system_travels_in_the_file(file):
    system = load_onnx(file)
    assert system.localizer_count == 1
    assert system.activity == "mean"
    assert system.smoothing_frames == 3
    assert system.classes == STARSS23
    np.testing.assert_allclose(system.thresholds, np.linspace(0.3, 0.6, 13))


def test_one_file_of_standard_operators_without_data_beside_it(file):
    model = onnx.load(file, load_external_data=False)
    assert {entry.domain for entry in model.opset_import} == {""}
    assert model.opset_import[0].version == 17
    assert all(tensor.data_location == onnx.TensorProto.DEFAULT for tensor in model.graph.initializer)
    # Equal front ends share one input.
    assert [entry.name for entry in model.graph.input] == ["midside", "midside_onsets"]
    assert [path.name for path in file.parent.iterdir()] == ["model.onnx"]


def test_sixteen_bits_are_half_the_size_and_nearly_the_same(run, file, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "_SMALLEST_HALVED", 64)  # these networks are tiny
    export_onnx([run], tmp_path / "half.onnx", half=True)
    assert (tmp_path / "half.onnx").stat().st_size < 0.9 * file.stat().st_size
    audio = noise(5.0)[None]
    whole, halved = (load_onnx(path, threads=1).values(audio) for path in (file, tmp_path / "half.onnx"))
    assert np.abs(whole - halved)[:, :, 0].max() < 0.01
    assert np.abs(whole - halved)[:, :, 1].max() < 1.0


def changed(file, target, change):
    """A copy with another description."""
    model = onnx.load(file)
    card = json.loads({entry.key: entry.value for entry in model.metadata_props}[METADATA_KEY])
    onnx.helper.set_model_props(model, {METADATA_KEY: change(card)})
    onnx.save(model, target)
    return target


def without(card, *names):
    for name in names[:-1]:
        card = card[name]
    del card[names[-1]]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda card: "{", "its description is damaged"),
        (lambda card: "[1]", "its description is damaged"),
        (lambda card: json.dumps({**card, "format": 99}), "made by a later whence; pip install -U whence"),
        (lambda card: json.dumps({**card, "networks": {}}), "describes other networks than its system"),
        (lambda card: json.dumps({**card, "inputs": {}}), "its description does not fit its graph"),
        (lambda card: json.dumps({**card, "system": {"member": []}}), "did you mean"),
    ],
)
def test_a_wrong_description_is_refused(file, tmp_path, change, sentence):
    with pytest.raises(InferenceError, match=sentence):
        OnnxNetworks(changed(file, tmp_path / "wrong.onnx", change))


def test_foreign_and_missing_models_are_refused(file, tmp_path):
    model = onnx.load(file)
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "foreign.onnx")
    with pytest.raises(InferenceError, match=r"an ONNX file of another program; make one with: whence export RUN"):
        whence.load(tmp_path / "foreign.onnx")
    with pytest.raises(InferenceError, match=r"no such model; name an ONNX file or the folder of a finished run"):
        whence.load(tmp_path / "nothing.onnx")
    with pytest.raises(InferenceError, match=r"not the folder of a run \(system\.json is missing\)"):
        whence.load(tmp_path)


def test_the_packaged_model_is_small_whole_and_knows_the_classes():
    assert PACKAGED.stat().st_size < 20e6
    system = whence.load()
    assert system.classes == STARSS23
    assert system.localizer_count == 1


def test_a_clip_has_the_same_values_in_any_batch(file):
    audio = np.stack([noise(5.0, seed) for seed in range(3)])
    together = load_onnx(file, threads=2).values(audio)
    alone = np.concatenate([load_onnx(file, threads=1).values(clip[None]) for clip in audio])
    np.testing.assert_array_equal(together, alone)


def test_swapped_channels_are_mirrored_exactly_with_the_average(file):
    system, audio = load_onnx(file, threads=2, swap=True), noise(5.0)[None]
    plain, swapped = system.values(audio), system.values(np.ascontiguousarray(audio[:, ::-1]))
    np.testing.assert_array_equal(swapped, plain * np.array([1, -1, 1], np.float32)[:, None])
