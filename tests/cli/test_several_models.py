"""Several models on the command line: averaged by detect, predict, table and export; refused where they do not fit."""

import shutil

import pytest

from whence.cli.main import main
from whence.inference import PACKAGED


@pytest.fixture(scope="module")
def other_run(finished_run, tmp_path_factory):
    """The finished run at another path."""
    return shutil.copytree(finished_run, tmp_path_factory.mktemp("other") / "run")


@pytest.fixture(scope="module")
def copied_run(finished_run, tmp_path_factory):
    """The finished run at a path where predictions may be kept."""
    return shutil.copytree(finished_run, tmp_path_factory.mktemp("copied") / "run")


def clips_of(stereo_set):
    return stereo_set / "stereo_dev" / "dev-test-sony"


def csvs(folder):
    return {path.name: path.read_text() for path in sorted(folder.glob("*.csv")) if path.name != "failures.csv"}


def test_a_repeated_flag_a_comma_and_predict_are_one_thing(finished_run, other_run, stereo_set, tmp_path):
    models, clips = [str(finished_run), str(other_run)], str(clips_of(stereo_set))
    repeated, joined = ["--model", models[0], "--model", models[1]], ["--model", ",".join(models)]
    assert main(["detect", clips, *repeated, "--out", str(tmp_path / "a")]) == 0
    assert main(["detect", clips, *joined, "--jobs", "2", "--out", str(tmp_path / "b")]) == 0
    assert main(["predict", ",".join(models), clips, "--out", str(tmp_path / "c")]) == 0
    assert csvs(tmp_path / "a") == csvs(tmp_path / "b") == csvs(tmp_path / "c")
    assert len(csvs(tmp_path / "a")) == 4


def test_another_second_model_is_detected_again(finished_run, other_run, stereo_set, tmp_path, capsys):
    words = ["detect", str(clips_of(stereo_set)), "--out", str(tmp_path / "a"), "--model", str(finished_run)]
    assert main(words) == 0
    assert main([*words, "--model", str(PACKAGED)]) == 0
    assert "were finished before" not in capsys.readouterr().err
    assert main([*words, "--model", str(PACKAGED)]) == 0
    assert "4 of 4 sounds were finished before" in capsys.readouterr().err


@pytest.mark.parametrize("flag", [["--swap"], ["--tta", "swap"]])
def test_swap_has_one_name_and_an_older_one(flag, stereo_set, tmp_path):
    clips = str(clips_of(stereo_set))
    assert main(["detect", clips, *flag, "--out", str(tmp_path / "a")]) == 0
    assert main(["predict", str(PACKAGED), clips, "--swap", "--out", str(tmp_path / "b")]) == 0
    assert csvs(tmp_path / "a") == csvs(tmp_path / "b")


def test_table_has_a_row_for_an_average_and_for_an_onnx_file(copied_run, other_run, stereo_set, tmp_path, capsys):
    file = shutil.copy(PACKAGED, tmp_path / "small.onnx")
    both = f"{copied_run},{other_run}"
    words = ["table", str(copied_run), both, str(file), "--data", str(stereo_set)]
    assert main(words) == 0
    official = capsys.readouterr().out.split("strict")[0]
    rows = {line.split()[0]: line.split()[1:] for line in official.splitlines() if "/" in line}
    # The run averaged with its copy predicts what the run predicts.
    assert rows[both] == rows[str(copied_run)]
    assert str(file) in rows
    assert [path.name for path in tmp_path.iterdir()] == ["small.onnx"]


def test_a_run_averaged_with_its_copy_is_exported(finished_run, other_run, stereo_set, tmp_path, capsys):
    target = tmp_path / "both.onnx"
    assert main(["export", f"{finished_run},{other_run}", "--out", str(target), "--clips", "1"]) == 0
    assert "the same as the run within" in capsys.readouterr().err
    clips = clips_of(stereo_set)
    assert main(["predict", str(target), str(clips), "--out", str(tmp_path / "csv")]) == 0
    assert len(csvs(tmp_path / "csv")) == 4


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["detect", "{clips}", "--model", "{run}", "--model", "{run}/nothing.onnx"], "nothing.onnx: no such model"),
        (["detect", "{clips}", "--model", "{run},"], "one of them empty"),
        (["predict", "{run},{clips}", "{clips}", "--out", "{out}"], "not the folder of a run"),
        (["predict", "{onnx}", "{clips}", "--bf16", "--out", "{out}"], "an ONNX file has the precision"),
        (["export", "{onnx}", "--out", "{out}.onnx"], "whence_small.onnx: a file; export makes one of the folders"),
        (["table", "{run},{clips}", "--data", "{set}"], "only models can be averaged, and this is none"),
        (["table", "{run}", "{run}", "--data", "{set}"], "a system is named twice"),
        (["table", "{run},{run}/nothing", "--data", "{set}"], "nothing: no such run, folder or zip"),
    ],
)
def test_what_cannot_be_averaged_is_said_in_one_sentence(words, sentence, finished_run, stereo_set, tmp_path, capsys):
    places = {"run": finished_run, "clips": clips_of(stereo_set), "onnx": PACKAGED, "set": stereo_set}
    assert main([word.format(**places, out=tmp_path / "out") for word in words]) == 2
    err = capsys.readouterr().err
    assert any(part in err for part in sentence.split("|"))
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []
