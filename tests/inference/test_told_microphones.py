"""Networks that are told the pair of microphones, in torch and in ONNX files, alone and joined to systems."""

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
from systems import noise, random_bundle

from whence.audio import foa_to_stereo, named_microphones
from whence.errors import InferenceError
from whence.inference.circle import VIEWS_DEG, circle_values
from whence.inference.export import export_onnx
from whence.inference.network_bundle import load_run
from whence.inference.onnx_networks import METADATA_KEY, load_onnx
from whence.inference.system_file import SystemFile, write_system
from whence.labels import Events
from whence.models import save_weights

ORTF = named_microphones("ortf")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A detector, and a localizer that is told the pair."""
    folder = tmp_path_factory.mktemp("told")
    for seed, name in enumerate(("detector", "localizer"), start=1):
        bundle = random_bundle(seed, told=name == "localizer", sequence=("transformer",))
        (folder / name).mkdir()
        save_weights(folder / name / "weights.safetensors", bundle.network.state_dict(), bundle.settings.to_plain())
    write_system(folder, SystemFile(("detector",), ("localizer",), thresholds=(0.5,) * 13))
    return folder


@pytest.fixture(scope="module")
def file(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "told.onnx"
    export_onnx([run], path)
    return path


def test_what_is_told_changes_positions_alone_and_both_engines_agree(run, file):
    audio = np.stack([noise(2.0, seed) for seed in range(2)])
    of_run, of_file = load_run(run, device="cpu"), load_onnx(file, threads=1)
    for pair in (None, ORTF, named_microphones("ab:0.2")):
        expected, found = of_run.for_microphones(pair).values(audio), of_file.for_microphones(pair).values(audio)
        np.testing.assert_allclose(found, expected, atol=2e-3)
    unknown, told = of_file.values(audio), of_file.for_microphones(ORTF).values(audio)
    assert np.array_equal(told[:, :, 0], unknown[:, :, 0])
    assert np.abs(told[:, :, 1] - unknown[:, :, 1]).max() > 0.1
    # Telling makes another system and leaves the first as it was.
    assert np.array_equal(of_file.values(audio), unknown)


def test_a_recording_is_detected_with_the_pair_that_is_told(file):
    system, signal = load_onnx(file, threads=1), noise(2.0)
    unknown, told = system.detect(signal), system.detect(signal, microphones="ortf")
    assert told.row_count == unknown.row_count > 0
    assert not np.allclose(told.azimuth_deg, unknown.azimuth_deg)
    expected = Events.concatenate([system.for_microphones("ortf").detect(signal)])
    assert np.array_equal(told.azimuth_deg, expected.azimuth_deg)


def test_a_localizer_without_the_input_is_the_same_whatever_is_told(tmp_path, run):
    bundle = random_bundle(3, sequence=("transformer",))
    (tmp_path / "seld").mkdir()
    save_weights(tmp_path / "seld" / "weights.safetensors", bundle.network.state_dict(), bundle.settings.to_plain())
    write_system(tmp_path, SystemFile(("seld",)))
    system, audio = load_run(tmp_path, device="cpu"), noise(1.0)[None]
    assert np.array_equal(system.for_microphones(ORTF).values(audio), system.values(audio))


def test_each_system_of_an_ensemble_is_told(run, tmp_path):
    export_onnx([run, run], tmp_path / "two.onnx")
    audio = noise(2.0)[None]
    one, two = load_run(run, device="cpu").for_microphones(ORTF), load_onnx(tmp_path / "two.onnx", threads=1)
    np.testing.assert_allclose(two.for_microphones(ORTF).values(audio), one.values(audio), atol=2e-3)
    assert not np.allclose(two.values(audio), one.values(audio), atol=0.1, equal_nan=True)


def test_views_of_ambisonics_are_told_as_the_pair_that_they_are(run):
    system = load_run(run, device="cpu")
    four = np.concatenate([noise(1.0), noise(1.0, 2)])[None]
    circle, told = system.for_microphones("foa"), system.for_microphones("dcase")
    views = [told.values(foa_to_stereo(four, view_deg)) for view_deg in VIEWS_DEG]
    np.testing.assert_allclose(
        circle.values(four)[:, :, 0], np.mean([view[:, :, 0] for view in views], axis=0), atol=1e-5
    )
    ahead, left, behind, right = views
    coding = system.coding
    lateral, frontal = (coding.average([one, coding.mirror(other)]) for one, other in ((ahead, behind), (left, right)))
    np.testing.assert_allclose(circle.values(four), circle_values(coding, lateral, frontal), atol=1e-4)


def test_older_programs_are_told_that_the_file_is_newer(file):
    card = json.loads({p.key: p.value for p in onnx.load(file).metadata_props}[METADATA_KEY])
    assert card["format"] == 3
    assert "microphones" not in card["inputs"]


def test_a_file_from_a_later_version_is_refused(file, tmp_path):
    model = onnx.load(file)
    for entry in model.metadata_props:
        if entry.key == METADATA_KEY:
            entry.value = json.dumps(json.loads(entry.value) | {"format": 4})
    onnx.save(model, tmp_path / "later.onnx")
    with pytest.raises(InferenceError, match="made by a later whence"):
        load_onnx(tmp_path / "later.onnx")


def test_a_swapped_recording_is_told_the_pair_that_it_was_corrected_to(file):
    system, signal = load_onnx(file, threads=1), noise(2.0)
    exchanged = replace(ORTF, swapped=True)
    there, back = system.detect(signal, microphones=ORTF), system.detect(signal[::-1].copy(), microphones=exchanged)
    assert np.array_equal(there.azimuth_deg, back.azimuth_deg)
