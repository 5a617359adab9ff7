"""The parts of a protobuf message, one after the other, read where they stand; a fixed schema bounds them all."""

import os
from collections.abc import Iterator, Mapping
from typing import BinaryIO, NamedTuple

# How a value is stored; groups, the two other kinds, are in no file written in the last decade.
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_FIXED_BYTES = {FIXED64: 8, FIXED32: 4}
_LONGEST_VARINT = 10
_BLOCK_BYTES = 1 << 20
# Fields mostly follow one another closely; asking the file for each anew takes three times as long.
_NEAR_BYTES = 1 << 14


class WireError(Exception):
    """The bytes are not what the schema allows; the message is a part of a sentence, without the file's name."""


class Field(NamedTuple):
    """What a schema says of one field number."""

    name: str
    wire: int
    repeated: bool = False


Schema = Mapping[int, Field]


class Span(NamedTuple):
    """Bytes of the file from `start` up to `end`."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """How many bytes these are."""
        return self.end - self.start


class Part(NamedTuple):
    """One field of a message: its name, and the number or the place of its bytes."""

    name: str
    wire: int
    """How it is stored."""
    number: int
    """Of a varint, as it stands; 0 for all others."""
    span: Span
    """Where the value's bytes are."""


class Wire:
    """A file seen as protobuf; no more of it is ever in memory than a block.

    Args:
        file: open for reading, with seeking.
        most_parts: stop after so many fields in all, so that no file can take long.
    """

    def __init__(self, file: BinaryIO, most_parts: int) -> None:
        self.whole = Span(0, file.seek(0, os.SEEK_END))
        self._file = file
        self._most_parts = self._left = most_parts
        self._near, self._near_bytes = Span(0, 0), b""

    def parts(self, span: Span, schema: Schema) -> Iterator[Part]:
        """The fields of the message that stands in `span`, in the order of the file.

        Stricter than protobuf, so that nobody who reads the file later sees another message than was checked: a field
        that the schema does not know, one of another wire type, or a second value where one is meant is refused.
        Numbers packed into one field come as bytes.

        Raises:
            WireError: the message breaks the format or the schema.
        """
        position, seen = span.start, set[int]()
        while position < span.end:
            self._left -= 1
            if self._left < 0:
                raise WireError(f"it has more than {self._most_parts:,} parts, which no network of ours needs")
            tag, position = self._varint(position, span.end)
            number, wire = tag >> 3, tag & 7
            field = schema.get(number)
            if field is None:
                raise WireError(f"part {number} of a message is unknown here")
            if wire != field.wire and not (field.repeated and wire == BYTES):
                raise WireError(f"{field.name} is stored in another way than it should be")
            if number in seen and not field.repeated:
                raise WireError(f"{field.name} stands twice where it may stand once")
            seen.add(number)
            part, position = self._value(field.name, wire, position, span.end)
            yield part

    def read(self, span: Span, longest: int) -> bytes:
        """The bytes of a span.

        Raises:
            WireError: they are more than `longest`.
        """
        if span.size > longest:
            raise WireError(f"a name of {span.size:,} bytes is too long")
        return self._bytes(span.start, span.size)

    def blocks(self, span: Span) -> Iterator[bytes]:
        """The bytes of a span, a block at a time."""
        for start in range(span.start, span.end, _BLOCK_BYTES):
            yield self._bytes(start, min(_BLOCK_BYTES, span.end - start))

    def varints(self, span: Span, most: int) -> list[int]:
        """The numbers packed into a span.

        Raises:
            WireError: a number is cut, or there are more than `most`.
        """
        numbers: list[int] = []
        position = span.start
        while position < span.end:
            if len(numbers) == most:
                raise WireError(f"more than {most} numbers stand where few are meant")
            number, position = self._varint(position, span.end)
            numbers.append(number)
        return numbers

    def _value(self, name: str, wire: int, position: int, end: int) -> tuple[Part, int]:
        """One value and where the next field begins."""
        if wire == VARINT:
            number, after = self._varint(position, end)
            return Part(name, wire, number, Span(position, after)), after
        if wire == BYTES:
            size, position = self._varint(position, end)
        else:
            size = _FIXED_BYTES[wire]
        if size > end - position:
            raise WireError(f"{name} ends beyond its message; the file is cut or damaged")
        return Part(name, wire, 0, Span(position, position + size)), position + size

    def _varint(self, position: int, end: int) -> tuple[int, int]:
        """A whole number of 64 bits and where it ends."""
        last = min(position + _LONGEST_VARINT, end)
        if position < self._near.start or last > self._near.end:
            self._near = Span(position, min(position + _NEAR_BYTES, self.whole.end))
            self._near_bytes = self._bytes(self._near.start, self._near.size)
        number = 0
        for index in range(position - self._near.start, last - self._near.start):
            byte = self._near_bytes[index]
            number |= (byte & 0x7F) << (7 * (index + self._near.start - position))
            if byte < 0x80:
                if number >> 64:
                    break
                return number, self._near.start + index + 1
        raise WireError("a number is cut; the file is cut or damaged")

    def _bytes(self, start: int, count: int) -> bytes:
        """Bytes of the file; fewer than asked for means that it shrank meanwhile."""
        self._file.seek(start)
        found = self._file.read(count)
        if len(found) != count:
            raise WireError("it changed while it was read")
        return found


def signed(number: int) -> int:
    """A varint as the signed number of 64 bits that it stands for.

    >>> signed(5), signed(2**64 - 1)
    (5, -1)
    """
    return number - (1 << 64) if number >> 63 else number
