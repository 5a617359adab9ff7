"""`whence detect` for many sounds: lists, patterns, shards put together by `whence merge`."""

import csv
import shutil

import numpy as np
import pytest
import soundfile
import soxr

from whence.cli.demo import SCENES
from whence.cli.main import main
from whence.cli.sound_files import find_sounds, sound_word
from whence.scale import Shard, read_table, write_table


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Six short sounds in two folders, one of them broken, and lists of them."""
    monkeypatch.chdir(tmp_path)
    whole, rate = soundfile.read(SCENES / "calm.flac")
    for number in range(6):
        path = tmp_path / f"in/{number % 2}/{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, whole[number * rate : (number + 2) * rate], rate)
    (tmp_path / "in/1/3.wav").write_bytes(b"hello")
    return tmp_path


def names(words, **options):
    return [(str(sound), str(target)) for sound, target in find_sounds([sound_word(word) for word in words], **options)]


def test_a_list_is_text_csv_or_parquet_and_its_paths_are_relative_to_it(folder):
    parquet = pytest.importorskip("pyarrow.parquet")
    pyarrow = pytest.importorskip("pyarrow")
    paths = ["0/0.wav", "1/1.wav", "1/1.wav", "", "s3://bucket/x.wav"]
    (folder / "in/a.txt").write_text("\n".join(paths))
    with (folder / "in/a.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "other"), *((path, "1") for path in paths)])
    parquet.write_table(pyarrow.table({"path": paths}), folder / "in/a.parquet")
    for ending in ("txt", "csv", "parquet"):
        found = names([f"@in/a.{ending}"])
        assert [sound for sound, _ in found] == ["in/0/0.wav", "in/1/1.wav", "s3://bucket/x.wav"]


def test_results_of_a_list_or_pattern_have_the_tree_that_its_sounds_share(folder):
    (folder / "a.txt").write_text("in/0/0.wav\nin/1/1.wav\n")
    assert names(["@a.txt"]) == [("in/0/0.wav", "0/0"), ("in/1/1.wav", "1/1")]
    assert names(["in/**/*.wav"])[-1] == ("in/1/5.wav", "1/5")
    assert names(["in/1/*.wav"])[-1] == ("in/1/5.wav", "5")


def test_a_file_whose_name_looks_like_a_pattern_or_a_list_is_a_file(folder):
    for name in ("a[1].wav", "@b.wav"):
        shutil.copy(folder / "in/0/0.wav", name)
    assert names(["a[1].wav", "@b.wav"]) == [("a[1].wav", "a[1]"), ("@b.wav", "@b")]


@pytest.mark.parametrize(
    ("word", "content", "sentence"),
    [
        ("@none.txt", None, "none.txt: no such list of sounds"),
        ("@a.txt", "\n \n", "a.txt: no sounds in this list"),
        ("@a.csv", "name\n1\n", "a.csv: a list of sounds needs a column named path"),
        ("@a.parquet", "PAR1", "a.parquet: not a Parquet file"),
        ("in/*.ogg", None, "in/*.ogg: no files fit this pattern"),
        ("--shard=4/3 --out=x", None, "--shard 4/3: write the number of the share"),
        ("--shard=slurm --out=x", None, "this is no task of a SLURM job array"),
        ("--address=here:1", None, "--address is of a Ray cluster; add --engine ray"),
        ("- --engine=ray", None, "standard input is read by one process"),
        ("--shard=1/3", None, "--shard: name a folder with --out"),
    ],
)
def test_what_names_nothing_is_refused(folder, capsys, word, content, sentence):
    if content is not None:
        (folder / word[1:]).write_text(content)
    assert main(["detect", *(["in"] if word.startswith("-") else []), *word.split()]) == 2
    assert sentence in capsys.readouterr().err


def test_every_sound_is_in_one_share_whatever_the_order():
    sounds = [f"recordings/{number}.wav" for number in range(300)]
    shares = [[sound for sound in sounds if Shard(number, 3).holds(sound)] for number in (1, 2, 3)]
    assert sorted(sound for share in shares for sound in share) == sorted(sounds)
    assert all(70 < len(share) < 130 for share in shares)
    # Fixed for ever: another version on another node must divide alike.
    assert [Shard(1, 2).holds(sound) for sound in sounds[:8]] == [False, True, True, True, True, True, True, True]


@pytest.fixture
def shards(folder, monkeypatch):
    """The results of three shards, the last by the variables of SLURM."""
    words = ["detect", "in", "--out", "out", "--to", "csv", "--to", "parquet", "--shard"]
    for number in (1, 2):
        assert main([*words, f"{number}/3"]) in (0, 1)
    for name, value in (("ID", "6"), ("MIN", "2"), ("STEP", "2"), ("COUNT", "3")):
        monkeypatch.setenv(f"SLURM_ARRAY_TASK_{name}", value)
    assert main([*words, "slurm"]) in (0, 1)
    return folder / "out"


def test_merged_shards_are_what_one_command_writes(shards, folder, capsys):
    assert not (shards / "events.csv").exists()
    capsys.readouterr()
    assert main(["merge", "out"]) == 0
    assert "1 sound could not be processed; see out/failures.csv" in capsys.readouterr().err
    assert main(["detect", "in", "--out", "whole", "--to", "csv", "--to", "parquet"]) == 1
    for name in ("events.csv", "events.parquet", "failures.csv"):
        assert (shards / name).read_bytes() == (folder / "whole" / name).read_bytes()
    assert len({row.path for row in read_table(shards / "events.csv")}) > 1
    # What shards have finished is finished.
    assert main(["detect", "in", "--out", "out", "--to", "csv"]) == 1
    assert "5 of 6 sounds were finished before" in capsys.readouterr().err


def test_shards_that_do_not_belong_together_are_not_merged(shards, capsys):
    part = shards / "events-2-of-3.csv"
    rows = list(read_table(part))
    part.rename(shards / "kept")
    assert main(["merge", "out"]) == 2
    assert "out: shares are missing: 2/3; run them with --shard" in capsys.readouterr().err
    write_table(shards / "events-2-of-4.csv", rows)
    assert main(["merge", "out"]) == 2
    assert "divide the sounds differently" in capsys.readouterr().err
    (shards / "events-2-of-4.csv").unlink()
    write_table(part, list(read_table(shards / "events-1-of-3.csv")) + list(read_table(shards / "events-3-of-3.csv")))
    assert main(["merge", "out"]) == 2
    assert "have the same sound, in/" in capsys.readouterr().err
    part.write_text("a,b\n")
    assert main(["merge", "out"]) == 2
    assert "events-2-of-3.csv: not the table of a shard: its columns are not path" in capsys.readouterr().err
    assert not (shards / "events.csv").exists()


def test_there_must_be_something_to_merge(folder, capsys):
    assert main(["merge", "in"]) == 2
    assert main(["merge", "nowhere"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "whence: in: no tables of shards in here",
        "whence: nowhere: no such folder",
    ]


@pytest.mark.nightly
def test_a_long_recording_in_parts_by_two_processes_is_the_whole_by_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scenes = np.concatenate([soundfile.read(SCENES / f"{name}.flac")[0] for name in ("calm", "busy")])
    whole = np.resize(soxr.resample(scenes, 24_000, 44_100), (50 * 60 * 44_100, 2))
    soundfile.write("long.flac", whole * np.linspace(0.2, 1, len(whole))[:, None], 44_100)
    formats = ("--to", "parquet", "--to", "json-frames")
    assert main(["detect", "long.flac", "--out", "one", *formats]) == 0
    assert main(["detect", "long.flac", "--out", "two", *formats, "--jobs", "2"]) == 0
    assert b'"part"' in (tmp_path / "two/.whence.jsonl").read_bytes()
    for name in ("events.parquet", "long.csv", "long.frames.jsonl"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
