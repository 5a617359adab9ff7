"""The meta file: a template with every key, and every wrong value named by line."""

import copy

import pytest
import yaml
from hypothesis import given, settings, strategies as st
from meta_files import LABEL, meta

from whence.challenge.meta_file import META_FIELDS, Entries, Field, check_meta, meta_template


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder with a good meta file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "meta.yaml").write_text(yaml.safe_dump(meta(), sort_keys=False))
    return tmp_path


def paths(fields, above=""):
    """Every key of the meta file that has a value of its own."""
    for key, field in fields.items():
        if isinstance(field, Field):
            yield f"{above}{key}"
        elif isinstance(field, Entries):
            yield from paths(field.fields, f"{above}{key}[].")
        else:
            yield from paths(field, f"{above}{key}.")


def wrong(folder):
    """The messages about a meta file."""
    return [str(problem) for problem in check_meta(folder / "meta.yaml", LABEL)[1]]


def test_the_template_has_every_key_and_is_not_filled_in(desk):
    (desk / "meta.yaml").write_text(meta_template())
    problems = wrong(desk)
    assert len(problems) == len(list(paths(META_FIELDS)))
    assert all("is not filled in" in problem for problem in problems if "corresponding" not in problem)


def test_a_filled_template_passes(desk):
    """Every ??? replaced by what the remark asks for, line by line, as in an editor."""
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
    content = meta()
    *above, last = path.replace("[]", "").split(".")
    at = content
    for key in above:
        at = at[key]
        at = at[0] if isinstance(at, list) else at
        if at is None:
            return None, ""
    del at[last]
    return content, f"{path.replace('[]', '[0]')} is missing"


@pytest.mark.parametrize("path", list(paths(META_FIELDS)))
def test_every_missing_key_is_named(desk, path):
    content, sentence = without(path)
    if content is None:  # below a list that is null here
        content = meta()
        content["system"]["external_datasets"] = [{}]
        sentence = f"{path.replace('[]', '[0]')} is missing"
    (desk / "meta.yaml").write_text(yaml.safe_dump(content))
    problems = wrong(desk)
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
        ("system.complexity.total_parameters", -1, "is -1; it must be between 0 and"),
        ("results.development_dataset.overall.F_20_1", 101, "is 101; it must be between 0 and 100"),
        ("results.development_dataset.overall.DOAE_CD", float("nan"), "is nan; write a number"),
    ],
)
def test_every_wrong_value_is_named_once(desk, key, value, sentence):
    content = meta()
    *above, last = key.split(".")
    at = content
    for name in above:
        at = at[name]
    at[last] = value
    (desk / "meta.yaml").write_text(yaml.safe_dump(content))
    (problem,) = wrong(desk)
    assert sentence in problem


@pytest.mark.parametrize(("flags", "count"), [((False,), 0), ((True, True), 2)])
def test_exactly_one_author_is_the_corresponding_one(desk, flags, count):
    content = meta()
    author = content["submission"]["authors"][0]
    content["submission"]["authors"] = [copy.deepcopy(author) | {"corresponding": flag} for flag in flags]
    (desk / "meta.yaml").write_text(yaml.safe_dump(content))
    (problem,) = wrong(desk)
    assert f"has {count} corresponding authors" in problem


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "meta.yaml:1: not a meta file; make one with"),
        (b"- a\n", "meta.yaml:1: not a meta file"),
        (b"a: [1\n", "meta.yaml:2: not YAML: "),
        (b"a: !!python/object/apply:os.system ['touch boom']\n", "meta.yaml:1: tags and anchors are not read"),
        (b"a: !!python/name:os.system x\n", "meta.yaml:1: tags and anchors are not read; write every value out"),
        (b"a: !mine 3\n", "meta.yaml:1: tags and anchors"),
        (b"b: 1\na: !!int many\n", "meta.yaml:2: tags and anchors"),
        (b"a: &x 1\nb: *x\n", "meta.yaml:1: tags and anchors"),
        (b"a: 1\nb: 2\na: 3\n", "meta.yaml:3: key a is repeated"),
        (b"a:\n  - b\n\xff", "meta.yaml:3: not UTF-8 text"),
        (b"[" * 2_000, "meta.yaml: not YAML: RecursionError"),
        (b" " * 100_001, "meta.yaml: 100,001 bytes; at most 100,000 are read"),
        (None, "meta.yaml: no such file"),
    ],
)
def test_other_files_are_refused(desk, content, sentence):
    (desk / "meta.yaml").unlink()
    if content is not None:
        (desk / "meta.yaml").write_bytes(content)
    content_read, problems = check_meta(desk / "meta.yaml", LABEL)
    assert content_read == b""
    assert [problem for problem in problems if sentence in str(problem)] == problems
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
    assert all(problem.where == path and str(problem).isprintable() for problem in problems)
