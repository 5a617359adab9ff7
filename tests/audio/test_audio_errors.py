"""Names in messages: whatever a file is called, one line of printable text."""

import ast
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whence.audio import AudioError
from whence.audio.errors import shown
from whence.errors import WhenceError


def test_the_error_is_one_of_the_family():
    assert issubclass(AudioError, WhenceError)


@given(st.binary(min_size=1))
def test_any_name_is_printable_and_tells_it_apart(name):
    assert shown(name).isprintable()
    text = os.fsdecode(name)
    assert text == (shown(name) if text.isprintable() else ast.literal_eval(shown(name)))


@pytest.mark.parametrize("name", ["a.wav", "dir/ä ö.wav", "it's.wav", "<img>", "=1+1"])
def test_plain_names_are_shown_as_they_are(name):
    assert shown(name) == name


@pytest.mark.parametrize("name", ["a\nb", "\x1b[31m", "\u202egpj.wav", b"\xff.wav"])
def test_names_that_would_act_on_the_screen_are_quoted(name):
    assert shown(name).startswith("'")
