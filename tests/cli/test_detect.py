"""`whence detect` as users run it: files, folders, streams, outputs, interruptions, mirrored sound."""

import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

import whence
from whence.cli.demo import SCENES
from whence.cli.main import main
from whence.inference import PACKAGED
from whence.labels import read_dcase, read_dcase_folder
from whence.scale import read_table

CALM = SCENES / "calm.flac"


@pytest.fixture
def sounds(tmp_path):
    """A folder with a tree: two sounds and one file that is not a sound."""
    folder = tmp_path / "sounds"
    (folder / "sub").mkdir(parents=True)
    signal, rate = soundfile.read(CALM)
    soundfile.write(folder / "a.wav", signal[: 2 * rate], rate)
    soundfile.write(folder / "sub" / "b.flac", signal[2 * rate : 5 * rate], rate)
    (folder / "broken.wav").write_bytes(b"hello")
    (folder / "notes.txt").write_text("no sound")
    return folder


def rows(events):
    return list(zip(events.frame, events.class_index, np.round(events.azimuth_deg, 3), strict=True))


def test_one_file_becomes_a_table(capsys):
    assert main(["detect", str(CALM)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].split() == ["time", "class", "where", "distance", "sure"]
    assert "laughter" in "".join(out)


def test_the_command_finds_what_the_function_finds(tmp_path):
    assert main(["detect", str(CALM), "--out", str(tmp_path)]) == 0
    written = read_dcase(tmp_path / "calm.csv")
    events = whence.detect(CALM).frames
    assert written.frame.tolist() == events.frame.tolist()
    assert np.abs(written.azimuth_deg - events.azimuth_deg).max() <= 0.5
    assert written.row_count > 20


def test_a_folder_keeps_its_tree_and_one_broken_sound_stops_nothing(sounds, tmp_path, capsys):
    out = tmp_path / "results"
    assert main(["detect", str(sounds), "--out", str(out), "--to", "audacity"]) == 1
    files = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert files == [".whence.jsonl", "a.csv", "a.txt", "failures.csv", "sub/b.csv", "sub/b.txt"]
    listed = (out / "failures.csv").read_text().splitlines()
    assert listed[0] == "item,failure"
    assert "not a sound file (starts with 'hello')" in listed[1]
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: 1 of 3 failed; they are listed in ")
    # The other files do not disturb readers of label folders.
    assert main(["evaluate", str(out), str(out)]) == 0


def test_finished_sounds_are_skipped_until_something_changes(sounds, tmp_path, capsys):
    out = tmp_path / "results"
    (sounds / "broken.wav").unlink()
    assert main(["detect", str(sounds), "--out", str(out)]) == 0
    first = (out / "a.csv").stat().st_mtime_ns
    capsys.readouterr()
    assert main(["detect", str(sounds), "--out", str(out)]) == 0
    assert "2 of 2 sounds were finished before" in capsys.readouterr().err
    assert (out / "a.csv").stat().st_mtime_ns == first
    assert main(["detect", str(sounds), "--out", str(out), "--threshold", "0.3"]) == 0
    assert (out / "a.csv").stat().st_mtime_ns > first
    second = (out / "a.csv").stat().st_mtime_ns
    os.utime(sounds / "a.wav", ns=(1, 1))
    assert main(["detect", str(sounds), "--out", str(out), "--threshold", "0.3"]) == 0
    assert (out / "a.csv").stat().st_mtime_ns > second
    third = (out / "sub" / "b.csv").stat().st_mtime_ns
    assert main(["detect", str(sounds), "--out", str(out), "--threshold", "0.3", "--again"]) == 0
    assert (out / "sub" / "b.csv").stat().st_mtime_ns > third


def test_several_processes_find_the_same(sounds, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    assert main(["detect", str(sounds), "--out", str(one)]) == 1
    assert main(["detect", str(sounds), "--out", str(two), "--jobs", "2"]) == 1
    for name in ("a.csv", "sub/b.csv", "failures.csv"):
        assert (one / name).read_bytes() == (two / name).read_bytes()


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_one_table_of_all_sounds_from_one_process_or_two_or_resumed(sounds, tmp_path, capsys, kind):
    one, two = tmp_path / "one", tmp_path / "two"
    assert main(["detect", str(sounds), "--out", str(one), "--to", kind]) == 1
    table = one / f"events.{kind}"
    assert sorted(path.name for path in one.iterdir()) == [".whence.jsonl", f"events.{kind}", "failures.csv"]
    assert main(["detect", str(sounds), "--out", str(two), "--to", kind, "--jobs", "2"]) == 1
    assert table.read_bytes() == (two / table.name).read_bytes()
    capsys.readouterr()
    table.unlink()
    assert main(["detect", str(sounds), "--out", str(one), "--to", kind]) == 1
    assert "2 of 3 sounds were finished before" in capsys.readouterr().err
    assert table.read_bytes() == (two / table.name).read_bytes()
    rows = list(read_table(table))
    found = whence.detect(sounds / "a.wav")
    assert [row[:7] for row in rows if row.path == str(sounds / "a.wav")] == [
        (str(sounds / "a.wav"), each.onset_s, each.offset_s, each.name, each.azimuth_deg, each.distance_m, each.score)
        for each in found
    ]
    (failed,) = [row for row in rows if row.error]
    assert "not a sound file" in failed.error
    assert failed.class_name is None


def test_a_table_without_direction_has_no_azimuths(tmp_path):
    assert main(["detect", str(CALM), "--channels", "mono", "--to", "csv", "--out", str(tmp_path)]) == 0
    assert {row.azimuth_deg for row in read_table(tmp_path / "events.csv")} == {None}


def test_a_table_beside_label_files(sounds, tmp_path):
    assert main(["detect", str(sounds / "a.wav"), "--to", "parquet", "--to", "dcase", "--out", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} >= {"a.csv", "events.parquet"}


def test_standard_input_in_lines_of_json_out(monkeypatch, capsys):
    class Piped:
        buffer = io.BytesIO(CALM.read_bytes())

    monkeypatch.setattr(sys, "stdin", Piped())
    assert main(["detect", "-", "--to", "json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"onset_s", "offset_s", "name", "azimuth_deg", "distance_m", "score"} <= set(lines[0])


def test_swapped_channels_mirror_the_events_exactly(tmp_path):
    signal, rate = soundfile.read(CALM, dtype="float32")
    found = whence.detect((signal.T, rate), swap=True).frames
    mirrored = whence.detect((signal.T[::-1], rate), swap=True).frames
    assert found.frame.tolist() == mirrored.frame.tolist()
    np.testing.assert_array_equal(found.azimuth_deg, -mirrored.azimuth_deg)
    np.testing.assert_array_equal(found.distance_m, mirrored.distance_m)


def test_a_mono_sound_is_refused_or_detected_without_direction(tmp_path, capsys):
    signal, rate = soundfile.read(CALM)
    soundfile.write(tmp_path / "mono.wav", signal[:, 0], rate)
    assert main(["detect", str(tmp_path / "mono.wav")]) == 1
    assert "direction needs two; use --channels mono" in capsys.readouterr().err
    assert main(["detect", str(tmp_path / "mono.wav"), "--channels", "mono"]) == 0
    out, err = capsys.readouterr()
    assert {tuple(line.split()[-3:-1]) for line in out.splitlines()[1:]} == {("-", "-")}
    assert err == ""  # that both channels are the same is what was asked for
    words = ["detect", str(tmp_path / "mono.wav"), "--channels", "mono", "--out", str(tmp_path / "out"), "--to"]
    assert main([*words, "audacity"]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".whence.jsonl", "mono.jsonl", "mono.txt"]
    assert {json.loads(line)["azimuth_deg"] for line in (tmp_path / "out" / "mono.jsonl").read_text().splitlines()} == {
        None
    }
    assert "water tap\n" in (tmp_path / "out" / "mono.txt").read_text()
    assert main([*words, "dcase"]) == 2
    assert "--to dcase needs directions and --channels mono has none; choose of: audacity" in capsys.readouterr().err


def test_two_of_many_channels(tmp_path):
    signal, rate = soundfile.read(CALM)
    soundfile.write(tmp_path / "many.wav", np.concatenate([signal * 0, signal], axis=1), rate)
    assert main(["detect", str(tmp_path / "many.wav"), "--channels", "3,4", "--out", str(tmp_path)]) == 0
    assert main(["detect", str(CALM), "--out", str(tmp_path)]) == 0
    assert (tmp_path / "many.csv").read_bytes() == (tmp_path / "calm.csv").read_bytes()


def test_another_sample_rate_changes_little(tmp_path):
    signal, rate = soundfile.read(CALM, dtype="float32")
    import soxr

    expected = set(rows(whence.detect((signal.T, rate)).frames))
    resampled = soxr.resample(signal, rate, 44_100)
    found = whence.detect((resampled.T, 44_100)).frames
    near = {(frame, class_index) for frame, class_index, _ in expected}
    again = set(zip(found.frame, found.class_index, strict=True))
    assert len(near ^ again) <= 0.1 * len(near)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nothing.wav"], "nothing.wav: no such file"),
        ([str(CALM), "--model", "nothing.onnx"], "nothing.onnx: no such model"),
        ([str(CALM), "--threshold", "2"], r"a threshold lies in 0..1, not at 2.0"),
        ([str(CALM), "--to", "midi", "--out", "x"], "--to 'midi': no such format; there are: dcase, audacity"),
        ([str(CALM), "--to", "audacity"], "--to audacity: name a folder with --out"),
        ([str(CALM), "--jobs", "0"], "--jobs is 0"),
        ([str(CALM), "--to", "csv", "--to", "jams", "--out", "x"], "into two folders"),
        ([str(CALM), "--to", "csv"], "--to csv: name a folder with --out"),
        (["-", "--to", "csv", "--out", "x"], "standard input has no row in a table"),
        (["-", "--jobs", "2"], "standard input is read by one process"),
        ([str(CALM), "--channels", "left"], "channels 'left' are not left and right"),
        ([str(CALM), str(Path("elsewhere") / "calm.wav")], "would both become calm"),
    ],
)
def test_wrong_arguments_start_nothing(tmp_path, monkeypatch, capsys, words, sentence):
    monkeypatch.chdir(tmp_path)
    assert main(["detect", *words]) == 2
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_missing_among_others_is_one_failure(tmp_path, capsys):
    assert main(["detect", str(CALM), str(tmp_path / "gone.wav"), "--out", str(tmp_path / "out")]) == 1
    assert "gone.wav: no such file" in capsys.readouterr().err


def test_ctrl_c_keeps_what_is_finished_and_the_same_command_goes_on(tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    signal_, rate = soundfile.read(CALM)
    for number in range(40):
        soundfile.write(folder / f"{number:02d}.wav", signal_[: 3 * rate], rate)
    # A child of a background job ignores Ctrl-C from the start.
    code = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); " + (
        "from whence.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    words = [sys.executable, "-c", code, "detect", str(folder), "--out", str(out)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as child:
        while not (out / "02.csv").exists():
            assert child.poll() is None
            time.sleep(0.005)
        child.send_signal(signal.SIGINT)
        assert child.wait(60) == 130
    done = len(list(out.glob("*.csv")))
    assert 3 <= done < 40
    assert main(["detect", str(folder), "--out", str(out)]) == 0
    assert len(list(out.glob("*.csv"))) == 40


def test_each_real_file_is_processed_once(sounds, tmp_path):
    (sounds / "broken.wav").unlink()
    (sounds / "loop").symlink_to(sounds, target_is_directory=True)
    (sounds / "z.wav").symlink_to(sounds / "a.wav")
    out = tmp_path / "out"
    assert main(["detect", str(sounds), str(sounds / "a.wav"), "--out", str(out)]) == 0
    assert sorted(path.name for path in out.rglob("*.csv")) == ["a.csv", "b.csv"]


def test_further_names_of_a_file_are_named_and_predict_answers_under_each(sounds, tmp_path, capsys):
    (sounds / "broken.wav").unlink()
    (sounds / "z.wav").symlink_to(sounds / "a.wav")
    (sounds / "sub" / "y.flac").hardlink_to(sounds / "sub" / "b.flac")
    assert main(["detect", str(sounds), "--out", str(tmp_path / "out")]) == 0
    assert "2 further names of one file: " in capsys.readouterr().err
    assert main(["predict", str(PACKAGED), str(sounds), "--out", str(tmp_path / "clips")]) == 0
    texts = {path.name: path.read_text() for path in (tmp_path / "clips").rglob("*.csv")}
    assert sorted(texts) == ["a.csv", "b.csv", "y.csv", "z.csv"]
    assert texts["a.csv"] == texts["z.csv"] != texts["y.csv"] == texts["b.csv"]


def test_a_result_that_cannot_be_written_is_one_failure(sounds, tmp_path, capsys):
    (sounds / "broken.wav").unlink()
    long = "n" * 251
    (sounds / "a.wav").rename(sounds / f"{long}.wav")
    (sounds / "z.wav").write_bytes((sounds / "sub" / "b.flac").read_bytes())
    soundfile.write(sounds / "sub.wav", np.zeros((24_000, 2)), 24_000)
    out = tmp_path / "out"
    (out / "sub" / "b.csv").mkdir(parents=True)
    for _ in range(2):
        assert main(["detect", str(sounds), "--out", str(out), "--to", "json"]) == 1
        assert capsys.readouterr().err.splitlines()[-1].startswith("error: 2 of 4 failed; they are listed in ")
        lines = (out / "failures.csv").read_text().splitlines()
        assert len(lines) == 3
        assert f"{long}.wav" in lines[1]
        assert "cannot be written (File name too long)" in lines[1]
        assert "b.flac" in lines[2]
        assert "sub/b cannot be written (Is a directory)" in lines[2]
        assert {path.name for path in out.iterdir()} >= {"z.csv", "z.jsonl", "sub.csv"}
        assert not list(out.rglob(".whence-unfinished-*"))


def test_a_full_disk_still_ends_the_command(sounds, tmp_path, capsys, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("whence.files.os.fsync", refuse)
    assert main(["detect", str(sounds / "a.wav"), "--out", str(tmp_path / "out")]) == 3
    assert "No space left on device; free some space" in capsys.readouterr().err


def test_the_list_of_failures_takes_no_name_of_a_result(sounds, tmp_path, capsys):
    (sounds / "a.wav").rename(sounds / "failures.wav")
    out = tmp_path / "out"
    assert main(["detect", str(sounds), "--out", str(out)]) == 1
    assert "listed in " + str(out / "whence-failures.csv") in capsys.readouterr().err
    assert read_dcase(out / "failures.csv").row_count > 0
    (sounds / "broken.wav").unlink()
    assert main(["detect", str(sounds), "--out", str(out)]) == 0
    assert sorted(path.name for path in out.glob("*.csv")) == ["failures.csv"]
    # It is a clip like any other for those who read labels.
    assert sorted(read_dcase_folder(out)) == ["b", "failures"]


def test_a_file_of_the_user_is_left_where_it_is(sounds, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "failures.csv").write_text("mine\n1\n")
    assert main(["detect", str(sounds), "--out", str(out)]) == 1
    (sounds / "broken.wav").unlink()
    assert main(["detect", str(sounds), "--out", str(out)]) == 0
    assert (out / "failures.csv").read_text() == "mine\n1\n"
    assert not (out / "whence-failures.csv").exists()


def test_tracks_are_refused_by_a_model_that_has_none_before_anything_is_read(capsys):
    assert main(["detect", str(CALM), "--tracks", "1"]) == 2
    assert "one source of a class at a time" in capsys.readouterr().err


def test_help_shows_no_empty_defaults(capsys):
    assert main(["detect", "--help"]) == 0
    assert "[]" not in capsys.readouterr().out
