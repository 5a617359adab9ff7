"""FMA: tracks by size, grouped by artist."""

import shutil

import pytest
from corpora_trees import FMA_TRACKS, fma_tree, write_text

from whence.corpora.fma import read_fma
from whence.corpora.splitting import split_by_recording
from whence.errors import CorpusError
from whence.labels import STARSS23, ClassList


@pytest.fixture
def tree(tmp_path):
    return fma_tree(tmp_path / "fma")


def test_tracks_are_listed_with_artist_split_and_licence(tree):
    first, second = read_fma(tree, STARSS23)
    assert (first.path, first.class_index, first.recording) == (tree / "fma_small/000/000002.mp3", 8, "artist 1")
    assert (first.name, first.split, first.licence) == ("fma_small/000/000002.mp3", "train", "Attribution")
    assert (second.path, second.split) == (tree / "fma_small/001/001010.mp3", "val")


def test_a_size_holds_the_smaller_ones(tree):
    assert [entry.path.stem for entry in read_fma(tree, STARSS23, size="medium")] == ["000002", "000005", "001010"]
    (tree / "fma_large" / "155").mkdir(parents=True)
    for track in FMA_TRACKS:
        write_text(tree / "fma_large" / f"{track // 1000:03d}" / f"{track:06d}.mp3", "")
    assert [entry.path.name for entry in read_fma(tree, STARSS23, size="large")][-1] == "155066.mp3"


def test_one_artist_is_never_on_both_sides(tree):
    kept, held_out = split_by_recording(read_fma(tree, STARSS23, size="medium"), 0.3, seed=0)
    assert [sorted(entry.path.stem for entry in side) for side in (kept, held_out)] == [
        ["000002", "000005"],
        ["001010"],
    ]


def test_music_has_another_name_elsewhere(tree):
    assert read_fma(tree, ClassList(("dog", "tunes")), class_name="tunes")[0].class_index == 1
    with pytest.raises(CorpusError, match=r"no class 'music'; there are: 0 dog"):
        read_fma(tree, ClassList(("dog", "tunes")))


@pytest.mark.parametrize(
    ("gone", "sentence"),
    [
        ("fma_small", r"fma: no folder fma_small; unpack fma_small.zip here"),
        ("fma_metadata", r"tracks.csv: no such file; unpack fma_metadata.zip here"),
        ("fma_small/001", r"1 of the 2 tracks in tracks.csv are missing \(first: fma_small/001/001010.mp3\)"),
    ],
)
def test_a_tree_that_lacks_something_is_refused(tree, gone, sentence):
    shutil.rmtree(tree / gone)
    with pytest.raises(CorpusError, match=sentence):
        read_fma(tree, STARSS23)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", r"not FMA's tracks.csv with its three header lines; no column \['artist.id'"),
        ("track_id,title\n2,x\n", r"not FMA's tracks.csv"),
        (",artist,set,set\n,id,split,subset\ntrack_id,,,\n", r"no column \['track.license'\]"),
        (",artist,set,set,track\n,id,split,subset,license\n2,1,training,small,x\n", r"no column track_id"),
        (
            ",artist,set,set,track\n,id,split,subset,license\ntrack_id,,,,\n2,1\n",
            r"tracks.csv:4: not a track with 5 columns",
        ),
        (
            ",artist,set,set,track\n,id,split,subset,license\ntrack_id,,,,\nx,1,training,small,y\n",
            r"tracks.csv:4: not a track",
        ),
        (",artist,set,set,track\n,id,split,subset,license\ntrack_id,,,,\n", r"0 of the 0 tracks in tracks.csv"),
    ],
)
def test_another_table_is_refused(tree, text, sentence):
    write_text(tree / "fma_metadata" / "tracks.csv", text)
    with pytest.raises(CorpusError, match=sentence):
        read_fma(tree, STARSS23)


def test_an_unknown_size_lists_those_there_are(tree):
    with pytest.raises(CorpusError, match=r"FMA has no size 'huge'; there are: small, medium, large, full"):
        read_fma(tree, STARSS23, size="huge")
