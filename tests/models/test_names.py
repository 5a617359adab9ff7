"""Names with suggestions, and settings out of plain data."""

from dataclasses import dataclass, field

import pytest

from whence.models.errors import ModelError
from whence.models.names import from_mapping, nearest


@dataclass(frozen=True)
class Inner:
    size: int = 1


@dataclass(frozen=True)
class Outer:
    count: int = 2
    share: float = 0.5
    on: bool = True
    name: str = "x"
    pools: tuple[int, ...] = (1, 2)
    pair: tuple[int, float] = (1, 2.0)
    maybe: int | None = None
    inner: Inner = field(default_factory=Inner)


def test_plain_data_becomes_typed_settings():
    data = {"count": 3, "share": 1, "pools": [4, 5, 6], "pair": [7, 8], "maybe": 9, "inner": {"size": 10}, "on": False}
    assert from_mapping(Outer, data, "here") == Outer(3, 1.0, False, "x", (4, 5, 6), (7, 8.0), 9, Inner(10))
    assert from_mapping(Outer, {"maybe": None, "inner": Inner(3)}, "here") == Outer(inner=Inner(3))
    assert isinstance(from_mapping(Outer, {"share": 1}, "here").share, float)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"cuont": 3}, "no setting of here 'cuont'; did you mean 'count'"),
        ({"zzz": 3}, "there are: count, share"),
        ({"count": 2.5}, r"here\.count is 2\.5; it must be int"),
        ({"count": True}, r"here\.count is True; it must be int"),
        ({"share": "half"}, r"here\.share is 'half'; it must be int or float"),
        ({"pools": 3}, r"here\.pools is 3; it must be list or tuple"),
        ({"pools": [1, "a"]}, r"here\.pools\[1\] is 'a'; it must be int"),
        ({"pair": [1]}, r"here\.pair has 1 entries; it needs 2"),
        ({"inner": 3}, r"here\.inner is 3; it must be Mapping"),
        ({"inner": {"siez": 1}}, r"no setting of here\.inner 'siez'; did you mean 'size'"),
        ({"on": 1}, r"here\.on is 1; it must be bool"),
    ],
)
def test_wrong_data_is_named_with_its_place(data, message):
    with pytest.raises(ModelError, match=message):
        from_mapping(Outer, data, "here")


def test_a_known_name_comes_back():
    assert nearest("b", {"a": 1, "b": 2}, "thing") == "b"
