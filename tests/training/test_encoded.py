"""Stored vectors of a frozen encoder: made once, continued after any interruption, deleted when it is trained."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch
from small_detectors import detector

from whence.corpora import AudioFrameDataset, list_pairs
from whence.models.weights import load_weights
from whence.scenes.transforms import SpecAugmentSettings
from whence.training import encoded
from whence.training.encoded import EncodedClips, encoded_clips
from whence.training.learner import Learner
from whence.training.loop import LoopSettings
from whence.training.real_data import ClipData
from whence.training.recipe import Recipe
from whence.training.train import train

CPU = LoopSettings(device="cpu")
FILES = {"encoded.json", "encoded.rows", "encoded.sums"}


@pytest.fixture(scope="module")
def clip_folder(tmp_path_factory):
    """Six clips of noise, five seconds each."""
    folder, rng = tmp_path_factory.mktemp("clips"), np.random.default_rng(1)
    for number in range(6):
        soundfile.write(folder / f"{number}.wav", rng.normal(0, 0.1, (120_000, 2)), 24_000)
        rows = "".join(f"{frame},{number % 3},0,10,200,0\n" for frame in range(20))
        (folder / f"{number}.csv").write_text("frame,class,source,azimuth,distance,onscreen\n" + rows)
    return folder


@pytest.fixture
def data(clip_folder):
    return ClipData(AudioFrameDataset(list_pairs(clip_folder, clip_folder)), seed=1)


@pytest.fixture
def few_at_once(monkeypatch):
    monkeypatch.setattr(encoded, "_CLIPS_AT_ONCE", 4)


def frozen(recipe=None, precision="float32"):
    """A learner in its first step."""
    return Learner(recipe or detector(), 1, precision, "cpu")


def never():
    return False


def files_of(directory):
    return {path.name for path in directory.iterdir()} & FILES


def test_rows_are_the_output_of_the_encoder(data, tmp_path):
    learner = frozen()
    found = EncodedClips(tmp_path, learner, data)
    assert found.make(never)
    learner.bare.eval()
    with torch.no_grad():
        audio = torch.from_numpy(np.stack([data.clips[number][0] for number in (4, 1)]))
        features = learner.features(audio)
        expected = learner.bare.encode(features)
        raw = learner.bare(features)
        again = learner.bare.classify(found.rows([4, 1]), found.label_frames)
    torch.testing.assert_close(found.rows([4, 1]), expected, rtol=0, atol=1e-5)
    torch.testing.assert_close(again, raw, rtol=0, atol=1e-5)
    assert found.size == (tmp_path / "encoded.rows").stat().st_size == 6 * 125 * 8 * 4


def test_training_from_rows_is_training_from_clips(data, tmp_path, tiny_clips):
    batches = list(data.batches(range(3), 4, 4, 0))
    assert any(data.is_swapped(number) for number in range(12))
    plain, quick = frozen(), frozen()
    quick.encoded = encoded_clips(tmp_path, quick, data)
    assert quick.encoded.make(never)
    for batch in batches:
        assert quick.learn(batch)["loss"] == pytest.approx(plain.learn(batch)["loss"], rel=1e-4)
    assert quick.encoded is not None
    quick.learn(batches[0])  # the first step in which a block is trained
    assert quick.encoded is None


def test_half_precision_halves_the_file(data, tmp_path):
    learner = frozen(precision="bf16")
    found = EncodedClips(tmp_path, learner, data)
    assert found.make(never)
    assert (tmp_path / "encoded.rows").stat().st_size == 6 * 125 * 8 * 2
    assert found.rows([0]).dtype == torch.float32


def test_an_interrupted_file_is_continued_and_a_damaged_one_is_repaired(data, tmp_path, few_at_once):
    whole = tmp_path / "whole"
    whole.mkdir()
    assert EncodedClips(whole, frozen(), data).make(never)
    expected = (whole / "encoded.rows").read_bytes()
    stops = iter([False, True])
    directory = tmp_path / "parts"
    directory.mkdir()
    assert not EncodedClips(directory, frozen(), data).make(lambda: next(stops))
    assert len((directory / "encoded.rows").read_bytes()) == len(expected) * 4 // 6
    with (directory / "encoded.rows").open("ab") as file:
        file.write(b"half a row, left by a kill")
    assert EncodedClips(directory, frozen(), data).make(never)
    assert (directory / "encoded.rows").read_bytes() == expected
    damaged = bytearray(expected)
    damaged[7] ^= 1
    (directory / "encoded.rows").write_bytes(damaged)
    assert EncodedClips(directory, frozen(), data).make(never)
    assert (directory / "encoded.rows").read_bytes() == expected


def test_another_encoder_or_another_clip_makes_it_anew(data, tmp_path, clip_folder):
    first = frozen()
    assert EncodedClips(tmp_path, first, data).make(never)
    before = (tmp_path / "encoded.rows").read_bytes()
    other = Learner(detector(), 2, "float32", "cpu")
    assert EncodedClips(tmp_path, other, data).make(never)
    assert (tmp_path / "encoded.rows").read_bytes() != before
    fewer = ClipData(AudioFrameDataset(data.clips.clips[:2]), seed=1)
    assert EncodedClips(tmp_path, other, fewer).make(never)
    assert (tmp_path / "encoded.rows").stat().st_size == len(before) // 3


def test_vectors_that_change_between_epochs_are_not_stored(data, tmp_path, tiny_data, monkeypatch, caplog):
    assert encoded_clips(tmp_path, frozen(), data) is not None
    assert encoded_clips(tmp_path, frozen(), tiny_data) is None
    assert encoded_clips(tmp_path, frozen(detector(spec_augment=SpecAugmentSettings())), data) is None
    left = replace(detector(), features=replace(detector().features, maps=("left",)))
    assert encoded_clips(tmp_path, frozen(left), data) is None
    monkeypatch.setattr(encoded, "_LARGEST_BYTES", 1_000)
    with caplog.at_level("INFO", "whence"):
        assert encoded_clips(tmp_path, frozen(), data) is None
    assert "encoding anew in every epoch" in caplog.text


def test_a_run_deletes_the_file_and_a_stopped_one_ends_at_the_same_bits(data, tmp_path, tiny_clips, caplog):
    recipe = Recipe("encoded", (replace(detector(), epochs=2, epoch_clips=8),))  # 4 steps, the first frozen
    assert train(recipe, data, tiny_clips, tmp_path / "whole", CPU)
    assert "its encoder is frozen at first but begins with random weights; give it weights" in caplog.text
    calls = iter(range(100))
    seen = []

    def stop_when(number):
        def ask():
            seen.append(files_of(tmp_path / "parts" / "detector"))
            return next(calls) == number

        return ask

    for number in (0, 2):  # before anything is encoded, then after the first step
        assert not train(recipe, data, tiny_clips, tmp_path / "parts", replace(CPU, should_stop=stop_when(number)))
    assert FILES in seen
    assert train(recipe, data, tiny_clips, tmp_path / "parts", CPU)
    assert files_of(tmp_path / "parts" / "detector") == set()
    whole, parts = (
        load_weights(tmp_path / run / "detector" / "weights.safetensors").tensors for run in ("whole", "parts")
    )
    assert [name for name in whole if not torch.equal(whole[name], parts[name])] == []
