"""A file made of new bytes and of parts of another file."""

import io
from collections.abc import Sequence
from itertools import accumulate
from typing import BinaryIO


class Splice:
    """A read-only file made of `front` followed by bytes `start` to `end` of another file, without a copy.

    Args:
        front: the new first bytes.
        file: the file behind; its position is moved, so nothing else may read it meanwhile.
        start: the first byte of `file` that is used.
        end: one past the last.
        inserts: (byte of `file` before which to put it, new bytes, byte of `file` with which to go on), in order.

    >>> Splice(b"new ", io.BytesIO(b"old sound!"), 4, 9).read()
    b'new sound'
    >>> Splice(b"", io.BytesIO(b"old bad sound!"), 0, 13, [(4, b"and new", 7)]).read()
    b'old and new sound'
    """

    def __init__(
        self, front: bytes, file: BinaryIO, start: int, end: int, inserts: Sequence[tuple[int, bytes, int]] = ()
    ) -> None:
        self._file = file
        parts: list[bytes | range] = [front]
        for before, new, after in inserts:
            parts += [range(start, before), new]
            start = after
        self._parts = [*parts, range(start, max(end, start))]
        self._ends = list(accumulate(map(len, self._parts)))
        self._size = self._ends[-1]
        self._position = 0

    def tell(self) -> int:
        """Return the position in bytes from the start of `front`."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move as in any file; a position before the start becomes the start."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(base + offset, 0)
        return self._position

    def read(self, count: int = -1) -> bytes:
        """Return the next `count` bytes, or all that are left."""
        end = self._size if count < 0 else min(self._position + count, self._size)
        found = []
        for part, part_end in zip(self._parts, self._ends, strict=True):
            if self._position >= end:
                break
            if self._position >= part_end:
                continue
            at = self._position - (part_end - len(part))
            wanted = part[at : at + end - self._position]
            if isinstance(wanted, range):
                self._file.seek(wanted.start)
                content = self._file.read(len(wanted))
            else:
                content = wanted
            found.append(content)
            self._position += len(content)
            if len(content) < len(wanted):  # the file was cut meanwhile
                break
        return b"".join(found)
