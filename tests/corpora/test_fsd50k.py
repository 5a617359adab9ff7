"""FSD50K: clips of exactly one of our classes, grouped by uploader."""

import logging
import shutil

import pytest
from corpora_trees import FSD50K_VOCABULARY_EXTRA, fsd50k_tree, write_text

from whence.corpora.class_names import packaged_class_map, read_class_map
from whence.corpora.fsd50k import read_fsd50k
from whence.corpora.sounds import INTERFERENCE
from whence.corpora.splitting import split_sounds
from whence.errors import CorpusError
from whence.labels import STARSS23

VOCABULARY = [*packaged_class_map("fsd50k", STARSS23).class_index, *FSD50K_VOCABULARY_EXTRA]
HEADER = "name,class,implied_by,note\n"


@pytest.fixture
def tree(tmp_path):
    return fsd50k_tree(tmp_path / "fsd50k", VOCABULARY)


def test_clips_of_one_class_are_listed(tree):
    listed = {
        entry.path.stem: (entry.class_index, entry.split, entry.recording) for entry in read_fsd50k(tree, STARSS23)
    }
    assert listed == {
        "101": (12, "train", "uploader anna"),  # a knock, not also the door it is filed under
        "102": (7, "train", "uploader anna"),
        "103": (9, "val", "uploader ben"),
        "107": (9, "train", "uploader dora"),  # the task counts cowbells among the instruments
        "108": (11, "train", "uploader dora"),
        "109": (INTERFERENCE, "val", "uploader eve"),
    }


def test_what_is_left_out_is_counted(tree, caplog):
    with caplog.at_level(logging.INFO, "whence.corpora"):
        read_fsd50k(tree, STARSS23, without_licences=("by-nc",))
    assert "FSD50K: 5 usable clips; left out: licence 1, not of our classes 1, several sounds 2" in caplog.text


def test_subsets_and_licences_are_chosen(tree):
    (entry,) = read_fsd50k(tree, STARSS23, subsets=("eval",))
    assert (entry.class_index, entry.split, entry.name) == (10, "test", "FSD50K.eval_audio/201.wav")
    assert entry.path.is_file()
    assert entry.licence == "http://creativecommons.org/licenses/by/3.0/"
    everything = read_fsd50k(tree, STARSS23, subsets=("dev", "eval"))
    assert len(everything) == 7
    assert len(read_fsd50k(tree, STARSS23, without_licences=("by-nc", "sampling+"))) == 5


def test_a_split_never_cuts_through_an_uploader(tree):
    kept, held_out = split_sounds(read_fsd50k(tree, STARSS23, subsets=("dev", "eval")), 0.3, seed=1)
    assert {entry.recording for entry in kept}.isdisjoint({entry.recording for entry in held_out})


def test_a_user_s_own_map_decides(tree, tmp_path):
    path = write_text(tmp_path / "mine.csv", f'{HEADER}Dog,knock,,"no, really"\nBark,knock,,\n')
    (entry,) = read_fsd50k(tree, STARSS23, class_map=read_class_map(path, STARSS23))
    assert (entry.path.stem, entry.class_index) == ("105", 12)


def test_names_of_a_map_that_the_set_lacks_are_a_warning(tree, tmp_path, caplog):
    path = write_text(tmp_path / "mine.csv", f"{HEADER}Dgo,knock,,\nDoor,door,Konck,\n")
    read_fsd50k(tree, STARSS23, class_map=read_class_map(path, STARSS23))
    (warning,) = [
        record for record in caplog.records if record.name == "whence.corpora" and record.levelname == "WARNING"
    ]
    assert "mine.csv: not in " in warning.message
    assert "vocabulary.csv: Dgo, Konck; correct or remove them" in warning.message
    (tree / "FSD50K.ground_truth" / "vocabulary.csv").unlink()
    assert [e.path.stem for e in read_fsd50k(tree, STARSS23, class_map=read_class_map(path, STARSS23))] == [
        "101",
        "102",
    ]


@pytest.mark.parametrize(
    ("gone", "sentence"),
    [
        ("FSD50K.dev_audio", r"no folder FSD50K.dev_audio; unpack FSD50K.dev_audio.zip of Zenodo record 4060432 here"),
        ("FSD50K.metadata", r"no folder FSD50K.metadata"),
        ("FSD50K.ground_truth", r"no folder FSD50K.ground_truth"),
        ("FSD50K.ground_truth/dev.csv", r"dev.csv: no such file; unpack FSD50K.ground_truth.zip here"),
        ("FSD50K.metadata/dev_clips_info_FSD50K.json", r"missing; it names the uploaders"),
        ("FSD50K.dev_audio/105.wav", r"1 of the 9 clips in dev.csv are missing \(first: 105.wav\); the download"),
    ],
)
def test_a_tree_that_lacks_something_is_refused(tree, gone, sentence):
    path = tree / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(CorpusError, match=sentence):
        read_fsd50k(tree, STARSS23)


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("FSD50K.ground_truth/dev.csv", "id,labels\n1,x\n", r"dev.csv:1: the header must begin with fname,labels,mids"),
        ("FSD50K.ground_truth/dev.csv", "fname,labels,mids,split\n1,x,y\n", r"dev.csv:2: not a row of fname,labels"),
        ("FSD50K.ground_truth/dev.csv", "fname,labels,mids,split\na,x,y,z\n", r"dev.csv:2: not a row of"),
        ("FSD50K.metadata/dev_clips_info_FSD50K.json", "{", r"dev_clips_info_FSD50K.json: not readable as JSON"),
        ("FSD50K.metadata/dev_clips_info_FSD50K.json", "[]", r"should map clip numbers to their description"),
        ("FSD50K.metadata/dev_clips_info_FSD50K.json", "{}", r"has no license and uploader of clip 101; fetch it"),
    ],
)
def test_a_damaged_table_is_named(tree, file, text, sentence):
    write_text(tree / file, text)
    with pytest.raises(CorpusError, match=sentence):
        read_fsd50k(tree, STARSS23)


def test_a_table_of_bytes_is_named(tree):
    (tree / "FSD50K.ground_truth" / "dev.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CorpusError, match=r"dev.csv: not readable as CSV"):
        read_fsd50k(tree, STARSS23)


def test_an_unknown_subset_is_refused(tree):
    with pytest.raises(CorpusError, match=r"FSD50K has no subset 'train'; there are: dev, eval"):
        read_fsd50k(tree, STARSS23, subsets=("train",))
