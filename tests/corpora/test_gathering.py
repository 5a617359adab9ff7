"""`whence data sounds`, and training and mixing from the list that it writes, as a user types them."""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from corpora_trees import FMA_TRACKS, FSD50K_VOCABULARY_EXTRA, fma_tree, fsd50k_tree, noise, write_text, write_wav

from whence import corpora
from whence.cli import training_data
from whence.cli.main import main
from whence.labels import STARSS23

MUSIC = STARSS23.names.index("music")
HEADER = "name,class,implied_by,note\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """FSD50K, FMA and a folder of one's own, side by side."""
    folder = tmp_path_factory.mktemp("data")
    known = corpora.packaged_class_map("fsd50k", STARSS23)
    names = set(known.class_index).union(*known.implied_by.values(), FSD50K_VOCABULARY_EXTRA)
    fsd50k_tree(folder / "FSD50K", sorted(names))
    fma_tree(folder / "FMA", decodable=True)
    for number in range(7):
        write_wav(folder / f"my_folder/bell/{number}.wav", noise(number, 1, 24_000))
    write_wav(folder / "my_folder/background/street.wav", noise(9, 1, 48_000))
    return folder


@pytest.fixture(scope="module")
def listed(data):
    """The list, as a user makes it."""
    words = [str(data / name) for name in ("FSD50K", "FMA", "my_folder")]
    assert main(["data", "sounds", *words, "--out", str(data / "sounds.csv")]) == 0
    return data / "sounds.csv"


def rows(path):
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


def test_the_list_has_every_corpus_with_its_own_splits_recordings_and_licences(listed):
    found = {row["path"]: row for row in rows(listed)}
    assert found["FSD50K/FSD50K.dev_audio/103.wav"] == {
        "path": "FSD50K/FSD50K.dev_audio/103.wav",
        "class": "musical instrument",
        "recording": "uploader ben",
        "split": "val",
        "licence": "http://creativecommons.org/licenses/by-nc/3.0/",
        "corpus": "FSD50K",
        "duration_s": "0.10",
    }
    assert found["FSD50K/FSD50K.eval_audio/201.wav"]["split"] == "test"
    assert found["FSD50K/FSD50K.dev_audio/109.wav"]["class"] == "interference"
    # The largest size of FMA that is there.
    music = {path: row["split"] for path, row in found.items() if row["class"] == "music"}
    assert music == {
        "FMA/fma_medium/000/000002.mp3": "train",
        "FMA/fma_medium/000/000005.mp3": "train",
        "FMA/fma_medium/001/001010.mp3": "val",
    }
    own = [row["split"] for row in found.values() if row["corpus"] == "my_folder" and row["class"] == "bell"]
    assert sorted(own) == ["test", "train", "train", "train", "train", "train", "val"]
    assert found["my_folder/bell/0.wav"]["recording"] == "my_folder/bell/0.wav"


def test_the_same_command_prints_a_table_and_writes_the_same_list(data, listed, capsys):
    words = [str(data / name) for name in ("FSD50K", "FMA", "my_folder")]
    assert main(["data", "sounds", *words, "--out", str(data / "again.csv")]) == 0
    assert (data / "again.csv").read_bytes() == listed.read_bytes()
    out, err = capsys.readouterr()
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[0] == "class licences sounds recordings minutes train val test"
    assert "music CC BY, CC BY-NC 3 2 0.1 2 1 0" in lines
    assert "female speech - 0 0 0.0 0 0 0" in lines
    assert "FMA CC BY, CC BY-NC 3 2 0.1 2 1 0" in lines
    assert "warning: no sounds of: female speech, male speech, clapping, telephone, " in err
    assert "my_folder: 8 sounds without a split; whole recordings drawn for val and test" in err
    assert "no test sounds of: " in err


def test_a_list_that_is_moved_with_its_sounds_still_works(data, listed, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(data, moved)
    entries = corpora.read_manifest(moved / "sounds.csv", STARSS23)
    assert len(entries) == len(rows(listed))
    assert all(entry.path.is_relative_to(moved) and entry.path.is_file() for entry in entries)


def test_paths_are_relative_where_list_and_sounds_share_a_folder(data, tmp_path):
    out = data / "lists" / "sounds.csv"
    out.parent.mkdir()
    (out.parent / "linked").symlink_to(data / "my_folder")
    for folder, path in ((data / "my_folder", "../my_folder/bell/0.wav"), (out.parent / "linked", "linked/bell/0.wav")):
        assert main(["data", "sounds", str(folder), "--out", str(out), "--quiet"]) == 0
        assert path in [row["path"] for row in rows(out)]
    shutil.rmtree(out.parent)


def small_settings(folder, **more):
    """A training of seconds."""
    networks = {name: {"batch_clips": 4, "epoch_clips": 8, "epochs": 1} for name in ("detector", "localizer")}
    scenes = {"duration_s": 1.0, "event_duration_s": [0.3, 1.0]}
    text = json.dumps({"scenes": scenes, "validation_clips": 4, "networks": networks, **more})
    return write_text(folder / "small.json", text)


def test_training_from_the_list_uses_the_music(listed, small_training, tmp_path, monkeypatch, capsys):
    """FMA says training and validation, FSD50K train and val: the music was left out without a word."""
    used = []

    def splits(args, seed, classes):
        banks = split_banks(args, seed, classes)
        used.extend(banks[0])
        return banks

    split_banks = training_data._split_banks
    monkeypatch.setattr(training_data, "_split_banks", splits)
    words = ["--scenes", str(listed), "--rooms", str(small_training.rooms), "--settings", str(small_settings(tmp_path))]
    assert main(["train", "tiny", *words, "--out", str(tmp_path / "run")]) == 0
    train, held_out = used
    assert [train.name[sound] for sound in train.of_class(MUSIC)] == [
        "FMA/fma_medium/000/000002.mp3",
        "FMA/fma_medium/000/000005.mp3",
    ]
    assert [held_out.name[sound] for sound in held_out.of_class(MUSIC)] == ["FMA/fma_medium/001/001010.mp3"]
    assert "FSD50K/FSD50K.eval_audio/201.wav" not in train.name + held_out.name
    assert capsys.readouterr().err.count("resampled 44100 -> 24000 Hz") == 2  # to train on, and held out


def test_scenes_from_the_list_have_music(listed, small_training, tmp_path, capsys):
    settings = write_text(tmp_path / "music.json", json.dumps({"class_weights": dict.fromkeys(STARSS23.names, 0.0)}))
    settings.write_text(json.dumps({"class_weights": {**dict.fromkeys(STARSS23.names, 0.0), "music": 1.0}}))
    words = ["--where", "split=train", "--rooms", str(small_training.rooms), "--settings", str(settings)]
    assert main(["scenes", str(listed), *words, "--clips", "2", "--out", str(tmp_path / "synth")]) == 0
    for path in (tmp_path / "synth/metadata_dev/dev-train-synth").glob("*.csv"):
        assert {row["class"] for row in rows(path)} == {str(MUSIC)}


def test_fma_may_be_named_by_the_folder_of_a_size(data, tmp_path):
    out = tmp_path / "music.csv"
    assert main(["data", "sounds", str(data / "FMA/fma_small"), "--out", str(out)]) == 0
    assert [row["path"].rpartition("fma_small/")[2] for row in rows(out)] == ["000/000002.mp3", "001/001010.mp3"]


def test_a_list_joins_other_corpora_and_keeps_its_own_splits(data, tmp_path):
    mine = write_text(
        data / "mine.csv", "path,class,split\nmy_folder/bell/0.wav,bell,validation\nmy_folder/bell/1.wav,bell,fold 3\n"
    )
    out = tmp_path / "all.csv"
    assert main(["data", "sounds", str(mine), str(data / "FMA"), "--out", str(out)]) == 0
    assert [(row["corpus"], row["split"]) for row in rows(out)][:3] == [
        ("mine", "val"),
        ("mine", "fold 3"),
        ("FMA", "train"),
    ]


def test_a_class_map_of_ones_own_decides_and_its_misspelt_names_are_a_warning(data, tmp_path, capsys):
    map_file = write_text(tmp_path / "map.csv", f"{HEADER}Bark,knock,,\nDgo,bell,,\n")
    out = tmp_path / "sounds.csv"
    assert main(["data", "sounds", str(data / "FSD50K"), "--class-map", str(map_file), "--out", str(out)]) == 0
    assert [(row["path"].rpartition("/")[2], row["class"]) for row in rows(out)] == [("105.wav", "knock")]
    err = capsys.readouterr().err
    assert "map.csv: not in " in err
    assert "vocabulary.csv: Dgo; correct or remove them" in err


def test_classes_of_ones_own_take_what_they_have_in_common_with_the_packaged_map(data, tmp_path):
    classes = write_text(tmp_path / "classes.txt", "bell\nknock\nmusic\n")
    out = tmp_path / "sounds.csv"
    words = [str(data / "FSD50K"), str(data / "FMA"), "--classes", str(classes), "--out", str(out)]
    assert main(["data", "sounds", *words]) == 0
    found = {row["path"].rpartition("/")[2]: row["class"] for row in rows(out) if row["corpus"] == "FSD50K"}
    assert found == {"101.wav": "knock", "108.wav": "bell", "109.wav": "interference"}
    assert {row["class"] for row in rows(out) if row["corpus"] == "FMA"} == {"music"}


def test_eval_may_be_missing(data, tmp_path, capsys):
    shutil.copytree(data / "FSD50K", tmp_path / "FSD50K")
    shutil.rmtree(tmp_path / "FSD50K/FSD50K.eval_audio")
    assert main(["data", "sounds", str(tmp_path / "FSD50K"), "--out", str(tmp_path / "sounds.csv")]) == 0
    assert "no folder FSD50K.eval_audio; its sounds are not listed" in capsys.readouterr().err
    assert {row["split"] for row in rows(tmp_path / "sounds.csv")} == {"train", "val"}


def test_a_few_unreadable_tracks_are_named_and_left_out(tmp_path, capsys):
    """FMA itself has some."""
    tracks = {number: (str(number), "training", "small", "Attribution") for number in range(2, 24)}
    fma_tree(tmp_path / "FMA", {**FMA_TRACKS, **tracks}, decodable=True)
    shutil.rmtree(tmp_path / "FMA/fma_medium")
    (tmp_path / "FMA/fma_small/000/000007.mp3").write_bytes(b"")
    out = tmp_path / "sounds.csv"
    assert main(["data", "sounds", str(tmp_path / "FMA"), "--out", str(out)]) == 0
    assert "1 of 23 sounds cannot be read, left out: fma_small/000/000007.mp3 (the first: " in capsys.readouterr().err
    assert len(rows(out)) == 22


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere", "--out", "x.csv"], "nowhere: no such folder or table of sounds"),
        (["my_folder", "my_folder", "--out", "x.csv"], "my_folder/background/street.wav: is in two of the corpora"),
        (["my_folder", "--out", "there/x.csv"], "there: no such folder; make it first"),
        (["mine.csv", "--out", "mine.csv"], "mine.csv: is one of the lists to read; choose another name"),
        (["text_mp3", "--out", "x.csv"], "2 of 2 sounds cannot be read, more than 5%; the first: "),
        (["only_metadata", "--out", "x.csv"], "has fma_metadata but no tracks; unpack fma_small.zip"),
        ([".", "--out", "x.csv"], ".: holds other corpora; name each of them: FMA, FSD50K"),
        (["FMA", "--out", "my_folder"], "my_folder: is a folder; name a file, such as sounds.csv"),
        (["FMA", "--classes", "dogs.txt", "--out", "x.csv"], "FMA: no class 'music'; there are: 0 dog, 1 cat"),
        (["FSD50K", "--classes", "dogs.txt", "--class-map", "dogs.csv", "--out", "x.csv"], "FSD50K: holds no sound of"),
        (["my_folder", "--class-map", "no.csv", "--out", "x.csv"], "no.csv: no such class map"),
    ],
)
def test_what_cannot_be_listed_is_refused_and_nothing_is_written(data, words, sentence, monkeypatch, capsys):
    write_text(data / "mine.csv", "path,class\nmy_folder/bell/0.wav,bell\n")
    write_text(data / "text_mp3/bell/a.mp3", "text")
    write_text(data / "dogs.txt", "dog\ncat\n")
    write_text(data / "dogs.csv", f"{HEADER}Cat,cat,,\n")
    write_text(data / "text_mp3/bell/b.mp3", "text")
    write_text(data / "only_metadata/fma_metadata/tracks.csv", "")
    monkeypatch.chdir(data)
    assert main(["data", "sounds", *words]) == 2
    assert sentence in capsys.readouterr().err
    assert not Path("x.csv").exists()
    assert len(rows(data / "mine.csv")) == 1


def test_a_share_of_each_class_and_split(tmp_path, capsys):
    for name, count in (("bell", 40), ("knock", 3)):
        for number in range(count):
            write_wav(tmp_path / f"mine/{name}/{number:02d}.wav", noise(number, 1, 2_400))
    assert main(["data", "sounds", str(tmp_path / "mine"), "--out", str(tmp_path / "few.csv"), "--share", "0.25"]) == 0
    capsys.readouterr()
    with (tmp_path / "few.csv").open() as file:
        rows = list(csv.DictReader(file))
    counts = {
        split: sum(row["class"] == "bell" and row["split"] == split for row in rows) for split in ("train", "val")
    }
    assert counts == {"train": 7, "val": 2}  # of 28 and 6
    assert sum(row["class"] == "knock" for row in rows) == 3  # at least two of each split, where there are
    for share in ("0", "1.5", "nan"):
        words = ["data", "sounds", str(tmp_path / "mine"), "--out", str(tmp_path / "x.csv"), "--share", share]
        assert main(words) == 2
        assert "--share" in capsys.readouterr().err
