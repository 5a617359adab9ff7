"""JSON and settings of strangers are read within limits."""

import pytest

from whence.cli.settings_file import read_settings
from whence.errors import TrainingError, WhenceError
from whence.files import check_plain, parse_json, read_json
from whence.settings import from_plain, read_settings_file


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[" * 100_000, "nested too deeply"),
        ("[" * 51 + "]" * 51, "nested too deeply"),
        ("9" * 5000, "a whole number of more than 19 digits"),
        ("[1,", "Expecting value"),
        (b"\xff\xfe", "not UTF-8 text"),
        (b"", "Expecting value"),
    ],
)
def test_json_beyond_its_limits_is_one_sentence(text, what):
    with pytest.raises(TrainingError, match=what) as raised:
        parse_json(text, "a.json", TrainingError, "train again")
    assert str(raised.value).startswith("a.json: ")
    assert str(raised.value).endswith("; train again")


def test_json_within_its_limits_is_read(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b"\xef\xbb\xbf" + b"[" * 49 + b"-9223372036854775808" + b"]" * 49)
    data = read_json(path)
    for _ in range(49):
        (data,) = data
    assert data == -(2**63)


def test_aliases_that_multiply_are_refused_at_once():
    data = [1] * 10
    for _ in range(20):
        data = [data] * 10
    with pytest.raises(ValueError, match="more than 1,000,000 values"):
        check_plain(data)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: &a [*a]", "nested too deeply"),
        ("a: " + "[" * 20_000, "nested too deeply"),
        ("seed: " + "9" * 5000, "not readable as settings"),
        ("seed: 2001-99-99", "not readable as settings"),
        ("seed: !!int x", "not readable as settings"),
        ("", "settings are names with values"),
        ("null", "settings are names with values"),
    ],
)
def test_hostile_settings_are_one_sentence(tmp_path, text, what):
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(WhenceError, match=what) as raised:
        read_settings_file(path)
    assert len(str(raised.value)) < 400


def test_names_of_any_length_and_values_of_any_depth_are_taken_as_words(tmp_path):
    with pytest.raises(WhenceError, match="File name too long"):
        read_settings("x" * 9000)
    assert read_settings("seed=" + "[" * 100_000)["seed"].startswith("[[")
    assert read_settings("x" * 9000 + "=1") == {"x" * 9000: 1}
    with pytest.raises(WhenceError, match="give FIELD=VALUE"):
        read_settings("a." * 999 + "a=1")


@pytest.mark.parametrize(
    ("kind", "data"), [(float, 10**400), (str, "x" * 1001), (int, "x" * 100_000), (int, [[]] * 999)]
)
def test_values_of_strangers_are_shortened_in_messages(kind, data):
    with pytest.raises(WhenceError, match=r"^a ") as raised:
        from_plain(kind, data, "a")
    assert len(str(raised.value)) < 300
