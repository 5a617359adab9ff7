"""Which pairs a model was trained for: the warning for others, and how models carry it."""

import dataclasses
import logging

import numpy as np
import pytest
from systems import LevelNetworks, noise

import whence
from whence.audio import read_microphones
from whence.errors import InferenceError
from whence.inference import NetworkSystem, average_systems
from whence.inference.onnx_networks import OnnxCard
from whence.inference.system_file import SystemFile, read_system, write_system
from whence.inference.trained_pairs import MEASURED_F20, is_trained_for, untrained_sentence


@pytest.mark.parametrize("name", ["dcase", "foa", "foa:fuma", "foa:30"])
def test_views_of_ambisonics_are_the_pair_of_dcase(name):
    assert untrained_sentence(("dcase",), read_microphones(name)) is None


def test_a_description_is_known_by_its_capsules_and_not_by_its_name():
    own = dataclasses.replace(read_microphones("dcase"), name="my recorder", gain_db=2.0)
    assert is_trained_for(("dcase",), own)
    assert not is_trained_for(("dcase",), dataclasses.replace(read_microphones("ortf"), name="my recorder"))


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("xy:90", "xy:90"), ("blumlein", "xy:90"), ("nos", "ortf"), ("binaural", "binaural"), ("ab:0.3", "ab:0.20"),
        ("phone", "phone"),
    ],
)  # fmt: skip
def test_another_pair_is_warned_of_with_the_loss_of_the_most_similar_measured_one(name, near):
    sentence = untrained_sentence(("dcase",), read_microphones(name))
    assert sentence.startswith(f"{name}: the model was trained for dcase, ")
    assert sentence.endswith(f"with {near}, F20 fell from 45.5 % to {100 * MEASURED_F20[near]:.1f} %")


def test_detecting_warns_once_and_only_where_another_pair_was_told(caplog):
    system = NetworkSystem(LevelNetworks())
    with caplog.at_level(logging.WARNING, logger="whence"):
        system.detect(noise(1.0))
        system.detect(noise(1.0), microphones="dcase")
        assert not caplog.records
        system.detect(noise(20.0), microphones="ortf")
    assert [record.message.split(":")[0] for record in caplog.records] == ["ortf"]


def test_an_average_is_trained_for_what_all_are():
    one, other = (NetworkSystem(LevelNetworks(), microphones=pairs) for pairs in (("dcase", "xy"), ("xy", "ab")))
    both = average_systems([one, other])
    assert both.microphones == ("xy",)
    assert np.array_equal(both.values(noise(1.0)[None]), one.values(noise(1.0)[None]))


def test_a_run_carries_its_pairs_and_one_without_is_for_dcase(tmp_path):
    write_system(tmp_path, SystemFile(("net",), microphones=("dcase", "xy")))
    assert read_system(tmp_path).microphones == ("dcase", "xy")
    (tmp_path / "system.json").write_text('{"members": ["net"]}')
    assert read_system(tmp_path).microphones == ("dcase",)


@pytest.mark.parametrize(("pairs", "wrong"), [('["xz"]', "xz"), ("[]", "microphones is empty")])
def test_a_run_with_unknown_pairs_is_refused(pairs, wrong, tmp_path):
    (tmp_path / "system.json").write_text(f'{{"members": ["net"], "microphones": {pairs}}}')
    with pytest.raises(InferenceError, match=wrong):
        read_system(tmp_path)


def test_a_file_carries_the_pairs_beside_its_systems():
    text = '{"format": 1, "system": {"members": ["net"]}, "inputs": {}, "networks": {"net": {}}%s}'
    assert OnnxCard.from_json(text % "", "a.onnx").systems[0].microphones == ("dcase",)
    told = OnnxCard.from_json(text % ', "microphones": [["xy", "ab"]]', "a.onnx")
    assert told.systems[0].microphones == ("xy", "ab")
    for damaged in ("[[]]", "[]", "7", '[["xz"]]'):
        with pytest.raises(InferenceError, match=r"a\.onnx|microphones"):
            OnnxCard.from_json(text % f', "microphones": {damaged}', "a.onnx")


def test_a_name_in_a_model_is_no_file_to_read(tmp_path):
    (tmp_path / "secret.yaml").write_text("left: {}\nright: {}\n")
    with pytest.raises(InferenceError, match="no microphones"):
        SystemFile(("net",), microphones=(str(tmp_path / "secret.yaml"),))


def test_the_packaged_model_is_for_dcase():
    assert whence.load(threads=1).microphones == ("dcase",)
