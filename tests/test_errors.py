"""The family of errors: a sentence, fields for programs, an exit code, and the way between processes."""

import pickle

import pytest

from whence import errors
from whence.errors import (
    ASKED_WRONGLY,
    MACHINE_GAVE_UP,
    DivergedError,
    GaveUpError,
    LabelError,
    MissingExtraError,
    WhenceError,
)

FAMILY = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, WhenceError)]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "class 13"),
        ({"where": "a.csv"}, "a.csv: class 13"),
        ({"where": "a.csv", "line": 17}, "a.csv:17: class 13"),
        ({"remedy": "use 0..12"}, "class 13; use 0..12"),
        ({"where": "two\nlines.csv", "line": 1, "remedy": "use 0..12"}, "'two\\nlines.csv':1: class 13; use 0..12"),
    ],
)
def test_fields_become_one_sentence(fields, sentence):
    error = LabelError("class 13", **fields)
    assert str(error) == sentence
    assert error.what == "class 13"
    assert (error.where, error.line, error.remedy) == tuple(fields.get(key) for key in ("where", "line", "remedy"))


@pytest.mark.parametrize("kind", FAMILY, ids=lambda kind: kind.__name__)
def test_every_error_comes_out_of_another_process_as_it_was(kind):
    error = kind("reading YAML", "scenes") if kind is MissingExtraError else kind("no", where="x.wav", remedy="go on")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert (str(copy), vars(copy)) == (str(error), vars(error))


def test_exit_codes_follow_the_kind():
    assert LabelError("x").exit_code == ASKED_WRONGLY
    assert GaveUpError("x").exit_code == DivergedError("x").exit_code == MACHINE_GAVE_UP


def test_a_missing_extra_says_how_to_install_it():
    assert str(MissingExtraError("a picture", "pictures")) == (
        "a picture needs more packages; pip install 'whence[pictures]' (in a checkout: '.[pictures]')"
    )
