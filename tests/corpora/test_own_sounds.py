"""A table of sounds, and a folder with one sub-folder per class."""

import pytest
from corpora_trees import write_text
from hypothesis import given, strategies as st

from whence.corpora.own_sounds import SOUND_ENDINGS, read_manifest, read_sound_folder
from whence.corpora.sounds import BACKGROUND, INTERFERENCE, SoundEntry
from whence.errors import CorpusError
from whence.labels import STARSS23, ClassList

FULL = """path,class_id,class,split,source,source_recording_id,licence,licence_clear
a/1.ogg,3,telephone,train,x,session 1,CC0,1
a/2.ogg,3,telephone,val,x,session 1,"CC-BY, by anna",1
b/3.ogg,-1,background,train,y,,none stated,0
c/4.ogg,-3,interference,train,y,session 9,CC0,1
"""


@pytest.fixture
def manifest(tmp_path):
    return write_text(tmp_path / "bank" / "manifest.csv", FULL)


def test_a_manifest_is_read_as_written(manifest):
    folder = manifest.parent
    assert read_manifest(manifest, STARSS23) == [
        SoundEntry(folder / "a/1.ogg", 3, "session 1", "a/1.ogg", "train", "CC0"),
        SoundEntry(folder / "a/2.ogg", 3, "session 1", "a/2.ogg", "val", "CC-BY, by anna"),
        SoundEntry(folder / "b/3.ogg", BACKGROUND, "b/3.ogg", "b/3.ogg", "train", "none stated"),
        SoundEntry(folder / "c/4.ogg", INTERFERENCE, "session 9", "c/4.ogg", "train", "CC0"),
    ]


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ({"split": "train"}, ["a/1.ogg", "b/3.ogg", "c/4.ogg"]),
        ({"split": "train", "licence_clear": "1"}, ["a/1.ogg", "c/4.ogg"]),
        ({}, ["a/1.ogg", "a/2.ogg", "b/3.ogg", "c/4.ogg"]),
    ],
)
def test_rows_are_kept_by_their_columns(manifest, where, names):
    assert [entry.name for entry in read_manifest(manifest, STARSS23, where=where)] == names


@pytest.mark.parametrize(
    "text", ["path,class\nx.wav,knock\n", "class_id,path\n12,x.wav\n", "\ufeffpath,class\r\nx.wav,12\r\n\r\n"]
)
def test_two_columns_a_bom_other_line_ends_and_blank_lines_are_enough(tmp_path, text):
    (tmp_path / "m.csv").write_text(text, encoding="utf-8", newline="")
    (entry,) = read_manifest(tmp_path / "m.csv", STARSS23)
    assert (entry.class_index, entry.recording, entry.split) == (12, "x.wav", "")


def test_an_absolute_path_stays(tmp_path):
    write_text(tmp_path / "m.csv", "path,class\n/data/x.wav,knock\n")
    assert str(read_manifest(tmp_path / "m.csv", STARSS23)[0].path) == "/data/x.wav"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", r"m.csv:1: a manifest needs the columns path and class \(or class_id\), not \[\]"),
        ("file,class\nx,knock\n", r"m.csv:1: a manifest needs the columns path"),
        ("path,label\nx,knock\n", r"m.csv:1: a manifest needs the columns"),
        ("path,class\n", r"m.csv: the manifest lists no sounds"),
        ("path,class\nx,knock\ny,dog\n", r"m.csv:3: no class 'dog'; there are"),
        ("path,class\nx,\n", r"m.csv:2: no class ''"),
        ("path,class_id\nx,13\n", r"m.csv:2: no class '13'"),
        ("path,class_id\nx,-1\n", r"m.csv:2: no class '-1'"),
        ("path,class,class_id\nx,knock,3\n", r"m.csv:2: class_id 3 is not class 'knock', which is 12"),
        ("path,class\n,knock\n", r"m.csv:2: no path"),
        ("path,class\nx,knock,more\n", r"m.csv:2: not 2 cells as in the header; is a comma unquoted\?"),
        ("path,class,split\nx,knock\n", r"m.csv:2: not 3 cells"),
        ("path,class\nx,knock\ny,knock\nx,bell\n", r"m.csv:4: x is already in line 2"),
        ('path,class\n"x,knock\n', r"m.csv:2: not CSV"),
    ],
)
def test_a_wrong_manifest_is_refused_by_line(tmp_path, text, sentence):
    write_text(tmp_path / "m.csv", text)
    with pytest.raises(CorpusError, match=sentence):
        read_manifest(tmp_path / "m.csv", STARSS23)


def test_a_filter_that_keeps_nothing_shows_what_there_is(manifest):
    with pytest.raises(CorpusError, match=r"no row left with split = 'trian'; that column holds 'train', 'val'"):
        read_manifest(manifest, STARSS23, where={"split": "trian"})
    with pytest.raises(CorpusError, match=r"no column 'fold' to filter by; there are: path, class_id, class, split"):
        read_manifest(manifest, STARSS23, where={"fold": "1"})


def test_a_long_column_is_not_listed_whole(tmp_path):
    rows = "".join(f"{n}.wav,knock,{n}\n" for n in range(30))
    write_text(tmp_path / "m.csv", f"path,class,id\n{rows}")
    with pytest.raises(CorpusError, match=r"holds '0', '1', '10', .* and 22 more"):
        read_manifest(tmp_path / "m.csv", STARSS23, where={"id": "x"})


def test_a_manifest_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(CorpusError, match=r"m.csv: no such manifest"):
        read_manifest(tmp_path / "m.csv", STARSS23)
    (tmp_path / "m.csv").write_bytes(b"path,class\n\xff\xfe,knock\n")
    with pytest.raises(CorpusError, match=r"m.csv: not readable as a manifest"):
        read_manifest(tmp_path / "m.csv", STARSS23)
    with pytest.raises(CorpusError, match=r"not readable as a manifest"):
        read_manifest(tmp_path, STARSS23)


@given(st.text(max_size=60))
def test_any_text_is_a_list_or_a_corpus_error(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_text(f"path,class\n{text}", encoding="utf-8", errors="replace", newline="")
    try:
        outcome = read_manifest(path, STARSS23)
    except CorpusError as error:
        outcome = str(error)
    assert outcome if isinstance(outcome, list) else "any.csv" in outcome


def make(folder, *names):
    for name in names:
        write_text(folder / name, "never decoded here")
    return folder


def test_folders_are_classes_and_deeper_folders_recordings(tmp_path):
    make(
        tmp_path,
        *("knock/b.wav", "knock/a.FLAC", "knock/session 1/x.ogg", "knock/session 1/y.ogg", "3_telephone/r.mp3"),
        *("background/street.wav", "interference/keys.aiff", "readme.txt", "knock/notes.txt", "knock/._b.wav"),
        *(".git/x.wav", "knock/.trash/x.wav"),
    )
    listed = [(entry.name, entry.class_index, entry.recording) for entry in read_sound_folder(tmp_path, STARSS23)]
    assert listed == [
        ("3_telephone/r.mp3", 3, "3_telephone/r.mp3"),
        ("background/street.wav", BACKGROUND, "background/street.wav"),
        ("interference/keys.aiff", INTERFERENCE, "interference/keys.aiff"),
        ("knock/a.FLAC", 12, "knock/a.FLAC"),
        ("knock/b.wav", 12, "knock/b.wav"),
        ("knock/session 1/x.ogg", 12, "knock/session 1"),
        ("knock/session 1/y.ogg", 12, "knock/session 1"),
    ]
    assert all(entry.path.is_file() for entry in read_sound_folder(tmp_path, STARSS23))


def test_a_class_list_of_the_user_s_own_works_the_same(tmp_path):
    make(tmp_path, "Dog/a.wav", "siren/b.wav")
    assert [entry.class_index for entry in read_sound_folder(tmp_path, ClassList(("siren", "dog bark")))] == [1, 0]


@pytest.mark.parametrize("ending", sorted(SOUND_ENDINGS))
def test_every_ending_is_seen(tmp_path, ending):
    assert len(read_sound_folder(make(tmp_path, f"knock/a{ending}"), STARSS23)) == 1


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["a.wav"], r"no class folders in it; make one per class, e.g. .*female speech"),
        (["knock/a.txt"], r"no sounds in its 1 folders; endings read: .aif"),
        (["knock/a.wav", "dogs/b.wav"], r"no class 'dogs'; there are: 0 female .*Folders there: 'dogs', 'knock'"),
        (["speech/a.wav"], r"'speech' could be 'female speech' or 'male speech'.*Folders there: 'speech'"),
        (["12/a.wav", "knock/b.wav"], r"'12' and 'knock' are the same class; merge them"),
    ],
)
def test_a_wrong_folder_is_refused(tmp_path, names, sentence):
    with pytest.raises(CorpusError, match=sentence):
        read_sound_folder(make(tmp_path, *names), STARSS23)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(CorpusError, match=r"gone: no such folder"):
        read_sound_folder(tmp_path / "gone", STARSS23)


def test_splits_have_one_name_whatever_the_corpus_calls_them(tmp_path):
    rows = "".join(f"{n}.wav,bell,{split}\n" for n, split in enumerate(("training", "validation", "eval", "fold 3")))
    path = write_text(tmp_path / "list.csv", "path,class,split\n" + rows)
    assert [entry.split for entry in read_manifest(path, STARSS23)] == ["train", "val", "test", "fold 3"]
    # Rows are chosen by what the file says.
    assert len(read_manifest(path, STARSS23, where={"split": "training"})) == 1
