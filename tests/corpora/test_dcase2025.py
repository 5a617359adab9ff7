"""The stereo set: right trees are listed and read, every wrong tree gets one sentence."""

import logging
import pickle
import shutil

import numpy as np
import pytest
import soundfile
from corpora_trees import STEREO_CLIPS, STEREO_HEADER, noise, stereo_tree, write_text, write_wav

from whence.corpora.dcase2025 import OFFICIAL_COUNTS, AudioFrameDataset, Clip, list_clips, list_pairs, read_all_events
from whence.corpora.splitting import split_by_recording
from whence.errors import CorpusError, LabelError

FIRST = "fold3_room21_mix013_deg020_start0450"


@pytest.fixture
def tree(tmp_path):
    return stereo_tree(tmp_path / "set")


def test_the_clips_of_each_part_are_listed(tree):
    assert [clip.name for clip in list_clips(tree)] == STEREO_CLIPS["dev-train-sony"] + STEREO_CLIPS["dev-train-tau"]
    assert [clip.name for clip in list_clips(tree, "dev-test")] == (
        STEREO_CLIPS["dev-test-sony"] + STEREO_CLIPS["dev-test-tau"]
    )
    (clip,) = list_clips(tree, "eval")
    assert (clip.name, clip.labels, clip.fold) == ("eval_00001", None, None)


def test_a_clip_knows_where_it_comes_from(tree):
    clip = list_clips(tree)[0]
    assert (clip.name, clip.subset, clip.recording, clip.fold) == (FIRST, "dev-train-sony", "fold3_room21_mix013", 3)


def test_a_clip_is_read_as_it_is(tree):
    signal, events = AudioFrameDataset(list_clips(tree))[0]
    stored, _ = soundfile.read(tree / "stereo_dev" / "dev-train-sony" / f"{FIRST}.wav", dtype="float32")
    assert signal.dtype == np.float32
    assert np.array_equal(signal, stored.T)
    assert events.frame.tolist() == [0, 1]
    assert events.azimuth_deg.tolist() == [-40.0, -41.0]
    assert events.distance_m.tolist() == [1.5, 1.5]


def test_the_data_set_has_length_items_and_order_and_can_be_pickled(tree):
    data = pickle.loads(pickle.dumps(AudioFrameDataset(list_clips(tree))))
    assert len(data) == 3
    assert [events.row_count for _, events in data] == [2, 0, 2]
    assert all(signal.shape == (2, 120_000) for signal, _ in data)
    with pytest.raises(IndexError):
        data[3]


def test_all_events_at_once_are_those_of_each_clip(tree):
    clips = list_clips(tree) + list_clips(tree, "dev-test")
    together = read_all_events(clips)
    assert list(together.names) == [clip.name for clip in clips]
    assert all(together[clip.name] == clip.read_events() for clip in clips)


def test_a_split_by_recording_never_cuts_one(tree):
    kept, held_out = split_by_recording(list_clips(tree), 0.5, seed=1)
    assert {clip.recording for clip in kept}.isdisjoint({clip.recording for clip in held_out})
    assert len(kept) + len(held_out) == 3


def test_synthetic_clips_belong_to_the_training_part(tree):
    name = "fold1_room1_mix001_deg000_start0000"
    write_wav(tree / "stereo_dev" / "dev-train-synth" / f"{name}.wav", noise(1, 2, 120_000))
    write_text(tree / "metadata_dev" / "dev-train-synth" / f"{name}.csv", STEREO_HEADER)
    assert name in {clip.name for clip in list_clips(tree)}


def test_fewer_clips_than_published_are_logged(tree, caplog):
    with caplog.at_level(logging.WARNING, "whence.corpora"):
        list_clips(tree)
    assert "3 clips of dev-train; the published set has 16,214" in caplog.text


def test_of_the_published_number_of_clips_nothing_is_logged(tree, caplog, monkeypatch):
    monkeypatch.setitem(OFFICIAL_COUNTS, "dev-train", 3)
    assert len(list_clips(tree)) == 3
    assert caplog.text == ""


def test_hidden_files_are_skipped(tree):
    (tree / "stereo_dev" / "dev-train-sony" / "._x.wav").write_bytes(b"hidden")
    (tree / "metadata_dev" / ".DS_Store").write_bytes(b"")
    assert len(list_clips(tree)) == 3


def test_an_unknown_part_lists_those_there_are(tree):
    with pytest.raises(CorpusError, match=r"no part 'train'; there are: dev-train, dev-val, dev-test, eval"):
        list_clips(tree, "train")


@pytest.mark.parametrize(
    ("gone", "part", "sentence"),
    [
        ("stereo_dev", "dev-train", r"stereo_dev: no such folder; unpack stereo_dev.zip of Zenodo record 15559774"),
        ("metadata_dev", "dev-test", r"metadata_dev: no such folder; unpack metadata_dev.zip"),
        ("stereo_eval", "eval", r"eval: no such folder; unpack stereo_eval.zip"),
        ("stereo_dev/dev-train-tau", "dev-train", r"stereo_dev: no folder dev-train-tau, which .*metadata_dev has"),
        ("metadata_dev/dev-test-tau", "dev-test", r"metadata_dev: no folder dev-test-tau, which .*stereo_dev has"),
        (f"stereo_dev/dev-train-sony/{FIRST}.wav", "dev-train", r"1 of 2 files have no sound .*incomplete"),
        (f"metadata_dev/dev-train-sony/{FIRST}.csv", "dev-train", rf"no label file .*{FIRST}.wav; write one with only"),
    ],
)
def test_a_tree_that_lacks_something_is_refused(tree, gone, part, sentence):
    path = tree / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(CorpusError, match=sentence):
        list_clips(tree, part)


def test_many_files_without_partner_are_counted_not_listed(tmp_path):
    for number in range(7):
        write_wav(tmp_path / "wav" / f"{number}.wav", noise(1, 2, 10))
    write_text(tmp_path / "csv" / "0.csv", STEREO_HEADER)
    with pytest.raises(CorpusError, match=r"6 of 7 files have no label file .*: 1.wav, 2.wav, 3.wav, \.\.\.;"):
        list_pairs(tmp_path / "wav", tmp_path / "csv")


def test_a_folder_without_sounds_is_refused(tree, tmp_path):
    for subset in ("dev-train-sony", "dev-train-tau"):
        shutil.rmtree(tree / "stereo_dev" / subset)
        shutil.rmtree(tree / "metadata_dev" / subset)
    with pytest.raises(CorpusError, match=r"stereo_dev: no folder dev-train-sony, dev-train-tau or the like"):
        list_clips(tree)
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match=r"empty: no .wav files"):
        list_pairs(tmp_path / "empty", None)
    with pytest.raises(CorpusError, match=r"gone: no such folder"):
        list_pairs(tmp_path / "gone", None)


@pytest.mark.parametrize(("part", "stray"), [("dev-train", "fold4_room1_mix1"), ("dev-test", "fold3_room1_mix1")])
def test_a_clip_in_the_wrong_part_is_refused(tree, part, stray):
    write_wav(tree / "stereo_dev" / f"{part}-sony" / f"{stray}.wav", noise(1, 2, 120_000))
    write_text(tree / "metadata_dev" / f"{part}-sony" / f"{stray}.csv", STEREO_HEADER)
    with pytest.raises(CorpusError, match=rf"{stray}.wav: fold {stray[4]} does not belong to {part}"):
        list_clips(tree, part)


def test_a_clip_in_two_folders_is_refused(tree):
    for kind, ending in (("stereo_dev", "wav"), ("metadata_dev", "csv")):
        shutil.copy(tree / kind / "dev-train-sony" / f"{FIRST}.{ending}", tree / kind / "dev-train-tau")
    with pytest.raises(CorpusError, match=rf"{FIRST} is in two folders of dev-train; remove one"):
        list_clips(tree)


@pytest.mark.parametrize(
    ("samples", "rate", "sentence"),
    [
        (noise(1, 1, 120_000), 24_000, r"1 channel; the clips of this set are stereo"),
        (noise(1, 3, 120_000), 24_000, "3 channels"),
        (noise(1, 2, 120_000), 44_100, r"44100 Hz; the clips of this set have 24000"),
        (noise(1, 2, 119_999), 24_000, r"119999 samples; a clip has 120000 \(5 s at 24 kHz\)"),
    ],
)
def test_a_wrong_sound_is_named_with_what_is_wrong(tmp_path, samples, rate, sentence):
    path = write_wav(tmp_path / "x.wav", samples, rate)
    with pytest.raises(CorpusError, match=rf"x.wav: {sentence}"):
        Clip("x", path, None, "").read_signal()


def test_an_unknown_class_is_named_with_its_line(tree):
    path = tree / "metadata_dev" / "dev-train-sony" / f"{FIRST}.csv"
    path.write_text(f"{STEREO_HEADER}0,13,0,0,100,0\n")
    with pytest.raises(LabelError, match=rf"{FIRST}.csv:2: .*13"):
        list_clips(tree)[0].read_events()


def test_withheld_labels_are_named(tree):
    clips = list_clips(tree, "eval")
    for read in (clips[0].read_events, lambda: read_all_events(clips)):
        with pytest.raises(CorpusError, match=r"eval_00001.wav: the labels of this clip are not published"):
            read()
