"""Names with suggestions, and settings out of plain data."""

from dataclasses import dataclass, field

import pytest

from whence.errors import ModelError
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
    assert from_mapping(Outer, {"maybe": None, "inner": {"size": 3}}, "here") == Outer(inner=Inner(3))
    assert isinstance(from_mapping(Outer, {"share": 1}, "here").share, float)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"cuont": 3}, r"here\.cuont is not a field; did you mean count\?"),
        ({"pools": [1, "a"]}, r"here\.pools\.1 is 'a'; it must be of type int"),
    ],
)
def test_wrong_data_is_named_with_its_place(data, message):
    with pytest.raises(ModelError, match=message):
        from_mapping(Outer, data, "here")


def test_a_known_name_comes_back():
    assert nearest("b", {"a": 1, "b": 2}, "thing") == "b"
