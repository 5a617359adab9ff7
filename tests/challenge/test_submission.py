"""`whence package` as a user types it: the archive, its checks, and that nothing is written when anything is wrong."""

import hashlib
import io
import zipfile

import pytest
import yaml
from hypothesis import given, settings, strategies as st
from meta_files import LABEL, meta

from whence.challenge.meta_file import meta_template
from whence.challenge.submission import check_outputs, eval_clips, submission_tree, write_submission
from whence.cli.main import main
from whence.errors import WhenceError

HEADER = "frame,class,source,azimuth,distance,onscreen\n"
ROWS = HEADER + "0,8,0,-38,200,0\n49,12,1,90,15,0\n"
CLIPS = ("0001", "0002", "0003")
PDF = b"%PDF-1.7\n" + bytes(3000) + b"\n%%EOF\n"


def write_predictions(folder, texts=None):
    folder.mkdir(parents=True, exist_ok=True)
    for clip in CLIPS:
        (folder / f"{clip}.csv").write_bytes((texts or {}).get(clip, ROWS).encode())
    return folder


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """Everything for a good submission of one system."""
    monkeypatch.chdir(tmp_path)
    write_predictions(tmp_path / "predictions")
    sounds = tmp_path / "dcase2025" / "stereo_eval" / "eval"
    sounds.mkdir(parents=True)
    for clip in CLIPS:
        (sounds / f"{clip}.wav").touch()
    (tmp_path / "meta.yaml").write_text(yaml.safe_dump(meta(), sort_keys=False))
    (tmp_path / "report.pdf").write_bytes(PDF)
    return tmp_path


ARGS = ["--name", LABEL, "--report", "report.pdf", "--eval", "dcase2025", "--out", "submission.zip"]


def package(capsys, *arguments):
    """The exit code, both streams and whether an archive came of it."""
    code = main(["package", *arguments])
    streams = capsys.readouterr()
    return code, streams.out, streams.err


def refused(capsys, desk, *arguments):
    """The messages about a submission that is not written."""
    code, out, err = package(capsys, *(arguments or ("predictions", "--meta", "meta.yaml", *ARGS)))
    assert (code, out) == (2, "")
    assert not (desk / "submission.zip").exists()
    assert [path.name for path in desk.glob(".*")] == []
    return err


def test_a_good_submission_is_packed_and_shown(desk, capsys):
    code, out, err = package(capsys, "predictions", "--meta", "meta.yaml", *ARGS)
    assert code == 0
    assert out.splitlines() == [
        "submission.zip  0.0 MB",
        "task3/",
        "  Doe_INST_task3.technical_report.pdf  3 kB",
        "  Doe_INST_task3_1/",
        f"    Doe_INST_task3_1.meta.yaml  {(desk / 'meta.yaml').stat().st_size} B",
        "    Doe_INST_task3_1.output/",
        *(f"      {clip}.csv  {len(ROWS)} B" for clip in CLIPS),
    ]
    assert "compare it with the official page" in err
    with zipfile.ZipFile("submission.zip") as archive:
        assert archive.testzip() is None
        assert archive.read("task3/Doe_INST_task3_1/Doe_INST_task3_1.output/0002.csv") == ROWS.encode()
        assert archive.read("task3/Doe_INST_task3.technical_report.pdf") == PDF
        assert archive.read("task3/Doe_INST_task3_1/Doe_INST_task3_1.meta.yaml") == (desk / "meta.yaml").read_bytes()


def test_the_same_content_gives_the_same_bytes(desk, capsys, monkeypatch):
    sums = []
    for folder in ("first", "second"):
        write_predictions(desk / folder)
        assert package(capsys, folder, "--meta", "meta.yaml", *ARGS)[0] == 0
        sums.append(hashlib.sha256((desk / "submission.zip").read_bytes()).hexdigest())
        monkeypatch.setenv("TZ", "Pacific/Auckland")
    assert sums[0] == sums[1]
    with zipfile.ZipFile("submission.zip") as archive:
        names = archive.namelist()
        assert names == sorted(names)
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_four_systems_share_a_report_and_a_zip_is_read_like_a_folder(desk, capsys):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for clip in CLIPS:
            archive.writestr(f"deep/{clip}.csv", ROWS)
    (desk / "fourth.zip").write_bytes(packed.getvalue())
    arguments = ["predictions", "predictions", "predictions", "fourth.zip"]
    for number in range(1, 5):
        (desk / f"{number}.yaml").write_text(yaml.safe_dump(meta(f"Doe_INST_task3_{number}")))
        arguments += ["--meta", f"{number}.yaml"]
    code, out, _ = package(capsys, *arguments, *ARGS)
    assert code == 0
    assert out.count("technical_report.pdf") == 1
    with zipfile.ZipFile("submission.zip") as archive:
        assert len(archive.namelist()) == 1 + 4 * (1 + len(CLIPS))
        assert archive.read("task3/Doe_INST_task3_4/Doe_INST_task3_4.output/0001.csv") == ROWS.encode()


def test_all_problems_are_listed_at_once_with_their_lines(desk, capsys):
    texts = {
        "0001": HEADER + "0,8,0,1.5,200,0\n0,13,0,1,200,0\n50,8,0,1,200,0\n0,8,0,nan,2.5,0\n0,8,0,91,20000,0\n",
        "0002": "0,8,0,1,200,0\n0,8,0,1\n",
    }
    write_predictions(desk / "predictions", texts)
    (desk / "predictions" / "0003.csv").rename(desk / "predictions" / "0004.csv")
    broken = meta("Doe_INST_task3_2")
    broken["submission"]["authors"][0]["email"] = "nobody"
    del broken["results"]["development_dataset"]["overall"]["RDE_CD"]
    (desk / "meta.yaml").write_text(yaml.safe_dump(broken, sort_keys=False))
    (desk / "report.pdf").write_bytes(b"<html>")
    assert refused(capsys, desk).splitlines() == [
        "warning: dcase2025 has 3 clips; the published evaluation set has 10,000",
        "report.pdf: not a PDF file (it does not begin with %PDF)",
        "meta.yaml:8: submission.authors[0].email is nobody, which is not an email address",
        "meta.yaml:30: results.development_dataset.overall.RDE_CD is missing",
        "meta.yaml:2: submission.label is Doe_INST_task3_2; this system is Doe_INST_task3_1",
        "predictions: 1 clip without predictions; a clip without events has a file with only the header line: 0003",
        "predictions: 1 clip predicted but not among the evaluation clips; take the files out: 0004",
        "predictions/0001.csv:2: azimuth 1.5 is not a whole number of degrees; write 2",
        "predictions/0001.csv:3: class 13; this task has 0..12",
        "predictions/0001.csv:4: frame 50; a clip has frames 0..49",
        "predictions/0001.csv:5: azimuth nan is not a whole number of degrees; fill in the number",
        "predictions/0001.csv:6: azimuth 91 is outside -90..90; fold what is behind to the front",
        "predictions/0001.csv:6: distance 20000 is more than 100 m; did you write millimetres?",
        f"predictions/0002.csv:1: no header line, numbers at once; put the line {HEADER.strip()} on top, "
        "or, for a file with elevations (DCASE 2020 to 2024), name its layout",
        "predictions/0002.csv:2: 4 values instead of 6; a row is frame,class,source,azimuth,distance,onscreen",
        "whence: 14 problems; nothing was written",
    ]


def test_an_archive_that_is_there_stays_when_something_is_wrong(desk, capsys):
    (desk / "submission.zip").write_bytes(b"before")
    (desk / "report.pdf").unlink()
    assert package(capsys, "predictions", "--meta", "meta.yaml", *ARGS)[0] == 2
    assert (desk / "submission.zip").read_bytes() == b"before"


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("-1,8,0,1,200,0", "frame -1 is negative"),
        ("0.0,8,0,1,200,0", "frame 0.0 is not a whole number"),
        ("0,8,0,1,2.5,0", "distance 2.5 is not a whole number of centimetres; did you write metres"),
        ("0,8,0,1,-5,0", "distance -5 is negative"),
        ("0,8,0,1,inf,0", "distance inf is not a whole number"),
        ("0,8,0,NaN,200,0", "azimuth NaN is not a whole number"),
        ("0,bell,0,1,200,0", "write the class index"),
        ("0,8,0,-91,200,0", "azimuth -91 is outside -90..90"),
        ("50,8,0,1,200,0", "frame 50; a clip has frames 0..49"),
        ("0;8;0;1;200;0", "use commas"),
    ],
)
def test_rows_that_no_submission_may_have(desk, capsys, row, sentence):
    write_predictions(desk / "predictions", {"0002": ROWS + row + "\n"})
    err = refused(capsys, desk)
    (line,) = (line for line in err.splitlines() if line.startswith("predictions/0002.csv:4: "))
    assert sentence in line
    assert err.endswith("whence: 1 problem; nothing was written\n")


def test_a_file_without_sense_does_not_fill_the_screen(desk, capsys):
    write_predictions(desk / "predictions", {"0002": HEADER + "x\n" * 5000})
    lines = refused(capsys, desk).splitlines()
    assert len(lines) == 23
    assert lines[-2] == "predictions/0002.csv: more lines like these"


def test_harmless_differences_of_form_are_evened_out(desk, capsys):
    texts = {"0001": "\ufeff" + ROWS.replace("\n", "\r\n"), "0002": ROWS.rstrip() + "\n\n \n", "0003": HEADER.rstrip()}
    texts["0002"] = texts["0002"].replace(",-38", ", -38")
    write_predictions(desk / "predictions", texts)
    code, _, err = package(capsys, "predictions", "--meta", "meta.yaml", *ARGS)
    assert code == 0
    assert "spaces or blank lines at the end left out of 3 files" in err
    with zipfile.ZipFile("submission.zip") as archive:
        outputs = [archive.read(name).decode() for name in archive.namelist() if name.endswith(".csv")]
    assert outputs == [ROWS, ROWS, HEADER]


def test_a_submission_without_any_event_is_warned_about(desk, capsys):
    write_predictions(desk / "predictions", dict.fromkeys(CLIPS, HEADER))
    code, _, err = package(capsys, "predictions", "--meta", "meta.yaml", *ARGS)
    assert code == 0
    assert "warning: predictions: no event in any of 3 files" in err


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "report.pdf: 0 bytes; a report has 1 to 20,000,000"),
        (b"PDF-1.7", "report.pdf: not a PDF file"),
        (PDF[:-50], "report.pdf: the PDF is cut short"),
        (b"%PDF" + bytes(20_000_000), "report.pdf: 20,000,004 bytes"),
        (None, "report.pdf: no such file"),
    ],
)
def test_reports(desk, capsys, content, sentence):
    (desk / "report.pdf").unlink()
    if content is not None:
        (desk / "report.pdf").write_bytes(content)
    assert sentence in refused(capsys, desk)


def test_the_template_is_written_once_and_alone(desk, capsys):
    code, out, _ = package(capsys, "--template", "new.yaml")
    assert (code, out) == (0, "")
    assert (desk / "new.yaml").read_text() == meta_template()
    code, _, err = package(capsys, "--template", "new.yaml")
    assert code == 2
    assert "is there already" in err
    assert package(capsys, "predictions", "--template", "other.yaml")[0] == 2


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="0123456789,-.\n\r \ufeff;anfr\x00", max_size=80), st.booleans())
def test_any_text_as_predictions_is_packed_clean_or_a_list_of_problems(tmp_path_factory, text, with_header):
    folder = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    (folder / "a.csv").write_bytes(((HEADER if with_header else "") + text).encode())
    outputs, problems = check_outputs(folder, ["a"])
    assert all(str(problem.where).startswith(str(folder)) for problem in problems)
    if not problems:
        (folder / "a.csv").write_bytes(outputs["a"])
        rows = [[int(value) for value in line.split(",")] for line in outputs["a"].decode().splitlines()[1:]]
        assert all(len(row) == 6 and 0 <= row[0] < 50 and 0 <= row[1] < 13 and abs(row[3]) <= 90 for row in rows)
        assert check_outputs(folder, ["a"]) == (outputs, [])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (["--name", "Doe_task3_1"], "the name 'Doe_task3_1' is none of a system; write it like Doe_INST_task3_1"),
        (["--name", "Doe_INST_task3_5"], "write it like"),
        (["--name", "Doe_INST_task3_1/../x"], "write it like"),
        (["--meta", "meta.yaml"], "1 system and 2 meta files"),
        (["--out", "submission.tar"], "name a .zip file in a folder that is there"),
        (["--out", "nowhere/submission.zip"], "name a .zip file in a folder that is there"),
        (["--eval", "nowhere"], "nowhere: no such folder or list"),
        (["--eval", "predictions"], "predictions: no .wav files in it"),
    ],
)
def test_wrong_arguments(desk, capsys, change, sentence):
    assert sentence in refused(capsys, desk, "predictions", "--meta", "meta.yaml", *ARGS, *change)


def test_a_team_has_at_most_four_systems(desk, capsys):
    arguments = [
        "predictions",
        "predictions",
        "--meta",
        "meta.yaml",
        "--meta",
        "meta.yaml",
        *ARGS,
        "--name",
        "Doe_INST_task3_4",
    ]
    assert "2 systems from number 4 on; a team has at most 4" in refused(capsys, desk, *arguments)


def test_what_is_not_given_is_named(desk, capsys):
    assert "needs PREDS, --name, --meta, --report, --eval, --out as well" in refused(capsys, desk, "--quiet")


def test_predictions_that_cannot_be_read_at_all(desk, capsys):
    (desk / "evil.zip").write_bytes(b"PK not really")
    assert "nowhere: no such folder" in refused(capsys, desk, "nowhere", "--meta", "meta.yaml", *ARGS)
    assert "neither a folder nor a whole zip file" in refused(capsys, desk, "evil.zip", "--meta", "meta.yaml", *ARGS)


def test_a_huge_file_is_not_parsed(desk):
    (desk / "predictions" / "0001.csv").write_bytes(b"x" * 1_000_001)
    _, problems = check_outputs(desk / "predictions", CLIPS)
    assert any("1,000,001 bytes; predictions of a clip have at most" in str(problem) for problem in problems)


def test_where_the_names_of_the_clips_come_from(desk):
    (desk / "list.txt").write_text("0002.wav\n\n0001\n 0003.CSV \n")
    (desk / "dcase2025" / "stereo_eval" / "eval" / "._0001.wav").touch()
    sources = (
        desk / "dcase2025",
        desk / "dcase2025/stereo_eval",
        desk / "dcase2025/stereo_eval/eval",
        desk / "list.txt",
    )
    assert {tuple(eval_clips(source)) for source in sources} == {CLIPS}
    (desk / "list.txt").write_text("a\nb\na\n")
    with pytest.raises(WhenceError, match="clip a is listed twice"):
        eval_clips(desk / "list.txt")
    (desk / "list.txt").write_bytes(b"\xff")
    with pytest.raises(WhenceError, match="cannot be read as a list"):
        eval_clips(desk / "list.txt")


def test_ten_thousand_clips_are_shown_in_a_few_lines():
    members = {f"task3/x/{number:05}.csv": b"x" * 100 for number in range(10_000)}
    assert submission_tree(members).splitlines() == [
        "task3/",
        "  x/",
        "    00000.csv  100 B",
        "    00001.csv  100 B",
        "    ... 10,000 files, 1.0 MB",
        "    09998.csv  100 B",
        "    09999.csv  100 B",
    ]


def test_an_archive_that_grows_too_large_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr("whence.challenge.submission.LARGEST_ZIP_BYTES", 100)
    with pytest.raises(WhenceError, match="at most"):
        write_submission(tmp_path / "a.zip", {"a": b"x" * 1000, "b": b"y"})
    assert list(tmp_path.iterdir()) == []
