"""Dataclasses to plain data and back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import given, strategies as st

from whence.errors import LabelError
from whence.settings import from_plain, to_plain


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
