"""`whence package` as a user types it: the archive, its checks, and that nothing is written when anything is wrong."""

import copy
import hashlib
import io
import sys
import zipfile

import pytest
import yaml
from hypothesis import given, settings, strategies as st

from whence.challenge.submission_meta import check_meta
from whence.challenge.submission_outputs import check_outputs, eval_clips
from whence.challenge.submission_rules import META_FIELDS, meta_template
from whence.challenge.submission_zip import tree, write_submission
from whence.cli.main import main
from whence.errors import MissingExtraError, WhenceError

HEADER = "frame,class,source,azimuth,distance,onscreen\n"
ROWS = HEADER + "0,8,0,-38,200,0\n49,12,1,90,15,0\n"
CLIPS = ("0001", "0002", "0003")
LABEL = "Doe_INST_task3_1"
PDF = b"%PDF-1.7\n" + bytes(3000) + b"\n%%EOF\n"


def meta(label=LABEL):
    """A meta file as somebody filled it in."""
    author = {
        "lastname": "Doe",
        "firstname": "Jane",
        "email": "jane@example.org",
        "corresponding": True,
        "affiliation": {
            "abbreviation": "INST",
            "institute": "Institute",
            "department": None,
            "location": "Here, There",
        },
    }
    description = {
        "input_format": "stereo",
        "input_sampling_rate": "24kHz",
        "acoustic_features": "log-mel",
        "data_augmentation": None,
        "machine_learning_method": "CRNN",
        "subsystem_count": 2,
    }
    return {
        "submission": {"label": label, "name": "Street ears", "abbreviation": "ears", "authors": [author]},
        "system": {
            "description": description,
            "complexity": {"total_parameters": 4_000_000},
            "external_datasets": None,
            "source_code": None,
        },
        "results": {"development_dataset": {"overall": {"F_20_1": 35.2, "DOAE_CD": 17.4, "RDE_CD": 38}}},
    }


def write_answers(folder, texts=None):
    folder.mkdir(parents=True, exist_ok=True)
    for clip in CLIPS:
        (folder / f"{clip}.csv").write_bytes((texts or {}).get(clip, ROWS).encode())
    return folder


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """Everything for a good submission of one system."""
    monkeypatch.chdir(tmp_path)
    write_answers(tmp_path / "answers")
    sounds = tmp_path / "dcase2025" / "stereo_eval" / "eval"
    sounds.mkdir(parents=True)
    for clip in CLIPS:
        (sounds / f"{clip}.wav").touch()
    (tmp_path / "meta.yaml").write_text(yaml.safe_dump(meta(), sort_keys=False))
    (tmp_path / "report.pdf").write_bytes(PDF)
    return tmp_path


WORDS = ["--name", LABEL, "--report", "report.pdf", "--eval", "dcase2025", "--out", "submission.zip"]


def package(capsys, *words):
    """The exit code, both streams and whether an archive came of it."""
    code = main(["package", *words])
    streams = capsys.readouterr()
    return code, streams.out, streams.err


def refused(capsys, desk, *words):
    """What is said of a submission that is not written."""
    code, out, err = package(capsys, *(words or ("answers", "--meta", "meta.yaml", *WORDS)))
    assert (code, out) == (2, "")
    assert not (desk / "submission.zip").exists()
    assert [path.name for path in desk.glob(".*")] == []
    return err


def test_a_good_submission_is_packed_and_shown(desk, capsys):
    code, out, err = package(capsys, "answers", "--meta", "meta.yaml", *WORDS)
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
    for place in ("first", "second"):
        write_answers(desk / place)
        assert package(capsys, place, "--meta", "meta.yaml", *WORDS)[0] == 0
        sums.append(hashlib.sha256((desk / "submission.zip").read_bytes()).hexdigest())
        monkeypatch.setenv("TZ", "Pacific/Auckland")
    assert sums[0] == sums[1]
    with zipfile.ZipFile("submission.zip") as archive:
        names = archive.namelist()
        assert names == sorted(names)
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_four_systems_share_a_report_and_a_zip_is_read_like_a_folder(desk, capsys):
    answers = io.BytesIO()
    with zipfile.ZipFile(answers, "w") as archive:
        for clip in CLIPS:
            archive.writestr(f"deep/{clip}.csv", ROWS)
    (desk / "fourth.zip").write_bytes(answers.getvalue())
    words = ["answers", "answers", "answers", "fourth.zip"]
    for number in range(1, 5):
        (desk / f"{number}.yaml").write_text(yaml.safe_dump(meta(f"Doe_INST_task3_{number}")))
        words += ["--meta", f"{number}.yaml"]
    code, out, _ = package(capsys, *words, *WORDS)
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
    write_answers(desk / "answers", texts)
    (desk / "answers" / "0003.csv").rename(desk / "answers" / "0004.csv")
    broken = meta("Doe_INST_task3_2")
    broken["submission"]["authors"][0]["email"] = "nobody"
    del broken["results"]["development_dataset"]["overall"]["RDE_CD"]
    (desk / "meta.yaml").write_text(yaml.safe_dump(broken, sort_keys=False))
    (desk / "report.pdf").write_bytes(b"<html>")
    assert refused(capsys, desk).splitlines() == [
        "warning: dcase2025 has 3 clips; the published evaluation set has 10,000",
        "report.pdf: not a PDF file (it does not begin with %PDF)",
        "meta.yaml:8: submission.authors[0].email is nobody, no address of electronic mail",
        "meta.yaml:30: results.development_dataset.overall.RDE_CD is missing",
        "meta.yaml:2: submission.label is Doe_INST_task3_2; this system is Doe_INST_task3_1",
        "answers: 1 clip without an answer; a clip without events has a file with only the header line: 0003",
        "answers: 1 clip answered but not among the evaluation clips; take the files out: 0004",
        "answers/0001.csv:2: azimuth 1.5 is not a whole number of degrees; write 2",
        "answers/0001.csv:3: class 13; this task has 0..12",
        "answers/0001.csv:4: frame 50; a clip has frames 0..49",
        "answers/0001.csv:5: azimuth nan is not a whole number of degrees; fill in the number",
        "answers/0001.csv:6: azimuth 91 is outside -90..90; fold what is behind to the front",
        "answers/0001.csv:6: distance 20000 is more than 100 m; did you write millimetres?",
        f"answers/0002.csv:1: no header line, numbers at once; put the line {HEADER.strip()} on top, "
        "or, for a file with elevations (DCASE 2020 to 2024), name its layout",
        "answers/0002.csv:2: 4 values instead of 6; a row is frame,class,source,azimuth,distance,onscreen",
        "whence: 14 problems; nothing was written",
    ]


def test_an_archive_that_is_there_stays_when_something_is_wrong(desk, capsys):
    (desk / "submission.zip").write_bytes(b"before")
    (desk / "report.pdf").unlink()
    assert package(capsys, "answers", "--meta", "meta.yaml", *WORDS)[0] == 2
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
    write_answers(desk / "answers", {"0002": ROWS + row + "\n"})
    err = refused(capsys, desk)
    (line,) = (line for line in err.splitlines() if line.startswith("answers/0002.csv:4: "))
    assert sentence in line
    assert err.endswith("whence: 1 problem; nothing was written\n")


def test_a_file_without_sense_does_not_fill_the_screen(desk, capsys):
    write_answers(desk / "answers", {"0002": HEADER + "x\n" * 5000})
    lines = refused(capsys, desk).splitlines()
    assert len(lines) == 23
    assert lines[-2] == "answers/0002.csv: more lines like these"


def test_harmless_differences_of_form_are_evened_out(desk, capsys):
    texts = {"0001": "\ufeff" + ROWS.replace("\n", "\r\n"), "0002": ROWS.rstrip() + "\n\n \n", "0003": HEADER.rstrip()}
    texts["0002"] = texts["0002"].replace(",-38", ", -38")
    write_answers(desk / "answers", texts)
    code, _, err = package(capsys, "answers", "--meta", "meta.yaml", *WORDS)
    assert code == 0
    assert "spaces or blank ends left out of 3 files" in err
    with zipfile.ZipFile("submission.zip") as archive:
        outputs = [archive.read(name).decode() for name in archive.namelist() if name.endswith(".csv")]
    assert outputs == [ROWS, ROWS, HEADER]


def test_silence_in_every_clip_is_pointed_out(desk, capsys):
    write_answers(desk / "answers", dict.fromkeys(CLIPS, HEADER))
    code, _, err = package(capsys, "answers", "--meta", "meta.yaml", *WORDS)
    assert code == 0
    assert "warning: answers: no event in any of 3 files" in err


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


def test_the_template_has_every_key_and_is_not_filled_in(desk, capsys):
    code, out, _ = package(capsys, "--template", "new.yaml")
    assert (code, out) == (0, "")
    assert (desk / "new.yaml").read_text() == meta_template()
    _, problems = check_meta(desk / "new.yaml", LABEL)
    assert len(problems) == len(META_FIELDS)
    assert all("is not filled in" in problem for problem in problems if "corresponding" not in problem)
    code, _, err = package(capsys, "--template", "new.yaml")
    assert code == 2
    assert "is there already" in err
    assert package(capsys, "answers", "--template", "other.yaml")[0] == 2


def test_a_filled_template_passes(desk):
    """Every ??? replaced by what the remark asks for, line by line, as somebody would in an editor."""
    values = {"label": LABEL, "abbreviation": "ears", "email": "j@example.org", "corresponding": "true"}
    numbers = {"subsystem_count", "total_parameters", "total_audio_length", "F_20_1", "DOAE_CD", "RDE_CD"}
    lines = []
    for line in meta_template().splitlines():
        key = line.split(":")[0].strip(" -")
        lines.append(
            line if line.startswith("#") else line.replace("???", values.get(key, "5" if key in numbers else "x"))
        )
    (desk / "filled.yaml").write_text("\n".join(lines))
    content, problems = check_meta(desk / "filled.yaml", LABEL)
    assert problems == []
    assert content == (desk / "filled.yaml").read_bytes()


def without(path):
    """Every key taken away once: the meta file, and the sentence's end."""
    said = meta()
    *above, last = path.replace("[]", "").split(".")
    at = said
    for key in above:
        at = at[key]
        at = at[0] if isinstance(at, list) else at
        if at is None:
            return None, ""
    del at[last]
    return said, f"{path.replace('[]', '[0]')} is missing"


@pytest.mark.parametrize("path", [field.path for field in META_FIELDS])
def test_every_missing_key_is_named(desk, path):
    said, sentence = without(path)
    if said is None:  # below a list that is null here
        said = meta()
        said["system"]["external_datasets"] = [{}]
        sentence = f"{path.replace('[]', '[0]')} is missing"
    (desk / "meta.yaml").write_text(yaml.safe_dump(said))
    problems = check_meta(desk / "meta.yaml", LABEL)[1]
    assert any(problem.endswith(sentence) and problem.split(":")[1].isdigit() for problem in problems)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("submission.abbreviation", "much too long", "has 13 characters; at most 10 fit"),
        ("submission.name", "", "is not filled in"),
        ("submission.name", ["a"], "is a list of 1; it is one value"),
        ("submission.authors", [], "submission.authors is a list of 0; it is a list with an entry for each"),
        ("submission.authors", None, "submission.authors is null; it is a list with an entry for each"),
        ("submission.authors", ["Doe"], "submission.authors[0] is Doe; it holds keys of its own"),
        ("submission", "x", "submission is x; it holds keys of its own"),
        ("system.description", None, "system.description is null; it holds keys of its own"),
        ("system.external_datasets", "none", "is none; it is a list with an entry for each, or null"),
        ("system.complexity.total_parameters", "4 M", "is 4 M; write a whole number"),
        ("system.complexity.total_parameters", 4.5, "is 4.5; write a whole number"),
        ("system.complexity.total_parameters", True, "is True; write a whole number"),
        ("system.complexity.total_parameters", -1, "is -1; it lies between 0 and"),
        ("results.development_dataset.overall.F_20_1", 101, "is 101; it lies between 0 and 100"),
        ("results.development_dataset.overall.DOAE_CD", float("nan"), "is nan; write a number"),
    ],
)
def test_every_wrong_value_is_named_once(desk, key, value, sentence):
    said = meta()
    *above, last = key.split(".")
    at = said
    for name in above:
        at = at[name]
    at[last] = value
    (desk / "meta.yaml").write_text(yaml.safe_dump(said))
    (problem,) = check_meta(desk / "meta.yaml", LABEL)[1]
    assert sentence in problem


@pytest.mark.parametrize(("flags", "count"), [((False,), 0), ((True, True), 2)])
def test_exactly_one_author_answers_letters(desk, flags, count):
    said = meta()
    author = said["submission"]["authors"][0]
    said["submission"]["authors"] = [copy.deepcopy(author) | {"corresponding": flag} for flag in flags]
    (desk / "meta.yaml").write_text(yaml.safe_dump(said))
    (problem,) = check_meta(desk / "meta.yaml", LABEL)[1]
    assert f"has {count} corresponding authors" in problem


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "meta.yaml:1: not a meta file; make one with"),
        (b"- a\n", "meta.yaml:1: not a meta file"),
        (b"a: [1\n", "meta.yaml:2: not YAML: "),
        (b"a: !!python/object/apply:os.system ['touch boom']\n", "meta.yaml:1: tag:yaml.org,2002:python/object/apply"),
        (b"a: !!python/name:os.system x\n", "meta.yaml:1: tag:yaml.org,2002:python/name:os.system is no plain value"),
        (b"a: !mine 3\n", "meta.yaml:1: !mine is no plain value"),
        (b"a: !!bool perhaps\n", "meta.yaml: not YAML: KeyError"),
        (b"a: !!int many\n", "meta.yaml: not YAML: ValueError"),
        (b"a: !!timestamp noon\n", "meta.yaml: not YAML: AttributeError"),
        (b"a: &x 1\nb: *x\n", "meta.yaml:1: write every value out; anchors"),
        (b"a: 1\nb: 2\na: 3\n", "meta.yaml:3: key a stands twice"),
        (b"a:\n  - b\n\xff", "meta.yaml:3: not UTF-8 text"),
        (b"a: 2025-99-99\n", "meta.yaml: not YAML: ValueError"),
        (b"[" * 2_000, "meta.yaml: not YAML: RecursionError"),
        (b"a: " + b"{b: " * 30 + b"1" + b"}" * 30, "meta.yaml:1: write every value out"),
        (b" " * 100_001, "meta.yaml: 100,001 bytes; at most 100,000 are read"),
        (None, "meta.yaml: no such file"),
    ],
)
def test_what_is_no_meta_file(desk, content, sentence):
    (desk / "meta.yaml").unlink()
    if content is not None:
        (desk / "meta.yaml").write_bytes(content)
    empty, problems = check_meta(desk / "meta.yaml", LABEL)
    assert empty == b""
    assert [problem for problem in problems if sentence in problem] == problems
    assert not (desk / "boom").exists()


_YAML_BITS = (
    "submission:",
    " authors:",
    "- ",
    "  ",
    "\n",
    "null",
    "true",
    "???",
    "[",
    "]",
    "{",
    "}",
    ": ",
    "'",
    "&a",
    "*a",
)
_MORE_BITS = (
    "!!int ",
    "!!set ",
    "!!binary ",
    "!!timestamp ",
    "!!map ",
    "!!seq ",
    "2025-13-45",
    "1e999",
    "<<: ",
    "--- ",
    "#",
    "%",
)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(st.lists(st.sampled_from(_YAML_BITS + _MORE_BITS)).map("".join).map(str.encode), st.binary(max_size=200))
)
def test_any_bytes_as_a_meta_file_are_a_list_of_problems(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(content)
    _, problems = check_meta(path, LABEL)
    assert problems
    assert all(problem.startswith(str(path)) and problem.isprintable() for problem in problems)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="0123456789,-.\n\r \ufeff;anfr\x00", max_size=80), st.booleans())
def test_any_text_as_an_answer_is_packed_clean_or_a_list_of_problems(tmp_path_factory, text, with_header):
    folder = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    (folder / "a.csv").write_bytes(((HEADER if with_header else "") + text).encode())
    outputs = check_outputs(folder, ["a"])
    assert all(problem.startswith(str(folder)) for problem in outputs.problems)
    if not outputs.problems:
        (folder / "a.csv").write_bytes(outputs.files["a"])
        rows = [[int(value) for value in line.split(",")] for line in outputs.files["a"].decode().splitlines()[1:]]
        assert all(len(row) == 6 and 0 <= row[0] < 50 and 0 <= row[1] < 13 and abs(row[3]) <= 90 for row in rows)
        assert check_outputs(folder, ["a"]) == outputs


def test_without_yaml_the_extra_is_named(desk, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(MissingExtraError, match=r"reading a meta file needs more packages"):
        check_meta(desk / "meta.yaml", LABEL)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (["--name", "Doe_task3_1"], "--name 'Doe_task3_1': write it like Doe_INST_task3_1"),
        (["--name", "Doe_INST_task3_5"], "write it like"),
        (["--name", "Doe_INST_task3_1/../x"], "write it like"),
        (["--meta", "meta.yaml"], "1 system and 2 meta files"),
        (["--out", "submission.tar"], "name a .zip file in a folder that is there"),
        (["--out", "nowhere/submission.zip"], "name a .zip file in a folder that is there"),
        (["--eval", "nowhere"], "nowhere: no such folder or list"),
        (["--eval", "answers"], "answers: no .wav files in it"),
    ],
)
def test_wrong_words(desk, capsys, change, sentence):
    assert sentence in refused(capsys, desk, "answers", "--meta", "meta.yaml", *WORDS, *change)


def test_a_team_has_at_most_four_systems(desk, capsys):
    words = ["answers", "answers", "--meta", "meta.yaml", "--meta", "meta.yaml", *WORDS, "--name", "Doe_INST_task3_4"]
    assert "2 systems from number 4 on; a team has at most 4" in refused(capsys, desk, *words)


def test_what_is_not_given_is_named(desk, capsys):
    assert "needs PREDS, --name, --meta, --report, --eval, --out as well" in refused(capsys, desk, "--quiet")


def test_predictions_that_cannot_be_read_at_all(desk, capsys):
    (desk / "evil.zip").write_bytes(b"PK not really")
    assert "nowhere: no such folder" in refused(capsys, desk, "nowhere", "--meta", "meta.yaml", *WORDS)
    assert "neither a folder nor a whole zip file" in refused(capsys, desk, "evil.zip", "--meta", "meta.yaml", *WORDS)


def test_a_huge_answer_is_not_parsed(desk):
    (desk / "answers" / "0001.csv").write_bytes(b"x" * 1_000_001)
    assert any(
        "1,000,001 bytes; an answer has at most" in line for line in check_outputs(desk / "answers", CLIPS).problems
    )


def test_where_the_names_of_the_clips_come_from(desk):
    (desk / "list.txt").write_text("0002.wav\n\n0001\n 0003.CSV \n")
    (desk / "dcase2025" / "stereo_eval" / "eval" / "._0001.wav").touch()
    places = (
        desk / "dcase2025",
        desk / "dcase2025/stereo_eval",
        desk / "dcase2025/stereo_eval/eval",
        desk / "list.txt",
    )
    assert {tuple(eval_clips(place)) for place in places} == {CLIPS}
    (desk / "list.txt").write_text("a\nb\na\n")
    with pytest.raises(WhenceError, match="clip a stands twice"):
        eval_clips(desk / "list.txt")
    (desk / "list.txt").write_bytes(b"\xff")
    with pytest.raises(WhenceError, match="cannot be read as a list"):
        eval_clips(desk / "list.txt")


def test_ten_thousand_clips_are_shown_in_a_few_lines():
    members = {f"task3/x/{number:05}.csv": b"x" * 100 for number in range(10_000)}
    assert tree(members).splitlines() == [
        "task3/",
        "  x/",
        "    00000.csv  100 B",
        "    00001.csv  100 B",
        "    ... 10,000 files, 1.0 MB",
        "    09998.csv  100 B",
        "    09999.csv  100 B",
    ]


def test_an_archive_that_grows_too_large_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr("whence.challenge.submission_zip.LARGEST_ZIP_BYTES", 100)
    with pytest.raises(WhenceError, match="at most"):
        write_submission(tmp_path / "a.zip", {"a": b"x" * 1000, "b": b"y"})
    assert list(tmp_path.iterdir()) == []
