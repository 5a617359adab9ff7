"""Rules for settings: what passes, what is refused, and in which words."""

import math

import pytest

from whence.errors import SceneError
from whence.settings import check_number, check_probability, check_span


@pytest.mark.parametrize("value", [0, 0.5, 1])
def test_probabilities_pass(value):
    check_probability("x.probability", value)


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, math.inf])
def test_what_is_no_probability_is_refused(value):
    with pytest.raises(SceneError, match=rf"x\.probability is {value}; it must lie between 0 and 1"):
        check_probability("x.probability", value)


def test_numbers_without_an_upper_limit():
    check_number("x", 1e9, 0)
    with pytest.raises(SceneError, match="x is -1; it must be at least 0"):
        check_number("x", -1, 0)
    with pytest.raises(SceneError, match="x is inf"):
        check_number("x", math.inf, 0)


@pytest.mark.parametrize(
    ("span", "message"),
    [
        ((2, 1), r"s is \(2, 1\); the first must not be above the second"),
        ((-1, 1), r"s is \(-1, 1\); both must lie between 0 and 5"),
        ((1, 6), r"s is \(1, 6\); both must lie between 0 and 5"),
        ((math.nan, 1), "both must be finite"),
        ((0, math.inf), "both must be finite"),
        ((1, 2, 3), "two numbers, the lowest and the highest"),
    ],
)
def test_spans_that_do_not_rise_or_leave_their_limits(span, message):
    with pytest.raises(SceneError, match=message):
        check_span("s", span, 0, 5)


def test_spans_may_be_one_point_or_have_no_limits():
    check_span("s", (3, 3), 0, 5)
    check_span("s", (-1e9, 1e9))
