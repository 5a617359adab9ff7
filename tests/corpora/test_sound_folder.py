"""A folder per class: found, matched, wrong ones refused."""

import pytest
from corpora_trees import write_text

from whence.corpora.sound_folder import SOUND_ENDINGS, read_sound_folder
from whence.corpora.sounds import BACKGROUND, INTERFERENCE
from whence.errors import CorpusError
from whence.labels import STARSS23, ClassList


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
