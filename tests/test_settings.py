"""Dataclasses to plain data and back, changed by fields, chosen by name."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import given, strategies as st

from whence.errors import LabelError, SceneError
from whence.settings import (
    check_number,
    check_probability,
    check_span,
    from_plain,
    known_name,
    named_from_plain,
    named_to_plain,
    to_plain,
    with_changes,
)


@dataclass(frozen=True)
class Inner:
    level_db: float
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outer:
    inner: Inner
    count: int = 3
    loud: bool = False
    kind: Literal["pool", "literal"] = "pool"
    span: tuple[float, float] = (0.0, 1.0)
    weights: Mapping[str, float] = field(default_factory=dict)
    other: Inner | None = None


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
INNERS = st.builds(Inner, level_db=NUMBERS, names=st.lists(st.text()).map(tuple))
OUTERS = st.builds(
    Outer,
    inner=INNERS,
    count=st.integers(),
    loud=st.booleans(),
    kind=st.sampled_from(["pool", "literal"]),
    span=st.tuples(NUMBERS, NUMBERS),
    weights=st.dictionaries(st.text(), NUMBERS),
    other=st.none() | INNERS,
)


@given(OUTERS)
def test_the_way_through_json_changes_nothing(value):
    assert from_plain(Outer, json.loads(json.dumps(to_plain(value))), "x") == value


def test_what_is_left_out_has_its_default():
    assert from_plain(Outer, {"inner": {"level_db": 1}}, "x") == Outer(Inner(1.0))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, r"x\.inner is missing"),
        ({"inner": {}}, r"x\.inner\.level_db is missing"),
        ({"inner": {"level_db": 1, "level_dbb": 2}}, r"x\.inner\.level_dbb is not a field; did you mean level_db\?"),
        ({"inner": {"level_db": 1}, "zzz": 2}, r"x\.zzz is not a field; there are: inner, count"),
        ({"inner": {"level_db": "1"}}, r"x\.inner\.level_db is '1'; it must be of type float"),
        ({"inner": {"level_db": True}}, r"x\.inner\.level_db is True; it must be of type float"),
        ({"inner": {"level_db": 1}, "count": 1.5}, r"x\.count is 1\.5; it must be of type int"),
        ({"inner": {"level_db": 1}, "loud": 1}, r"x\.loud is 1; it must be of type bool"),
        ({"inner": {"level_db": 1}, "kind": "pol"}, r"x\.kind is 'pol'; it must be one of 'pool', 'literal'"),
        ({"inner": {"level_db": 1}, "span": [1]}, r"x\.span has 1 values; it must have 2"),
        ({"inner": {"level_db": 1}, "span": 1}, r"x\.span is 1; it must be a list"),
        ({"inner": {"level_db": 1}, "span": [1, "a"]}, r"x\.span\.1 is 'a'; it must be of type float"),
        ({"inner": {"level_db": 1}, "weights": [1]}, r"x\.weights is \[1\]; it must be names with values"),
        ({"inner": {"level_db": 1}, "weights": {"bell": "a"}}, r"x\.weights\.bell is 'a'; it must be of type float"),
        ({"inner": 5}, r"x\.inner is 5; it must be a group of named fields"),
        ([], r"x is \[\]; it must be a group of named fields"),
    ],
)
def test_a_wrong_field_is_named_with_its_place(data, message):
    with pytest.raises(LabelError, match=message):
        from_plain(Outer, data, "x", LabelError)


KINDS = {"inner": Inner, "outer": Outer}


@given(st.one_of(INNERS, OUTERS))
def test_settings_of_one_of_several_types_carry_its_name(value):
    plain = json.loads(json.dumps(named_to_plain(value, KINDS)))
    assert next(iter(plain)) == "name"
    assert named_from_plain(plain, KINDS, "box") == value


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"level_db": 1}, "^box settings need a 'name'; there are: inner, outer$"),
        ({"name": "iner"}, r"^no box 'iner'; did you mean inner\?$"),
        ({"name": "inner", "levl_db": 1}, r"^box inner\.levl_db is not a field; did you mean level_db\?$"),
    ],
)
def test_unknown_names_are_refused_with_a_suggestion(data, message):
    with pytest.raises(LabelError, match=message):
        named_from_plain(data, KINDS, "box", LabelError)


def test_an_unknown_name_lists_all_where_none_is_near():
    assert known_name("b", {"a": 1, "b": 2}, "thing") == "b"
    with pytest.raises(LabelError, match=r"^no thing 'zzz'; there are: alpha, beta$") as caught:
        known_name("zzz", ["alpha", "beta"], "thing", LabelError)
    assert caught.value.remedy == "there are: alpha, beta"


def test_changes_keep_every_other_field():
    before = Outer(Inner(1.0, ("a",)), count=5)
    after = with_changes(before, {"inner": {"level_db": 2}, "span": [1, 2]}, "x")
    assert after == Outer(Inner(2.0, ("a",)), count=5, span=(1.0, 2.0))
    assert before == Outer(Inner(1.0, ("a",)), count=5)
    assert with_changes(before, {"other": {"level_db": 3}}, "x").other == Inner(3.0)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"cuont": 1}, r"^x\.cuont is not a field; did you mean count\?$"),
        ({"inner": {"level": 1}}, r"^x\.inner\.level is not a field; did you mean level_db\?$"),
        ({"inner": 1}, r"^x\.inner is 1; it must be a group of named fields$"),
        ([1], r"^x is \[1\]; it must be names with values$"),
    ],
)
def test_a_wrong_change_is_named_with_its_field(data, message):
    with pytest.raises(LabelError, match=message):
        with_changes(Outer(Inner(1.0)), data, "x", LabelError)


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
