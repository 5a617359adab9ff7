"""A file made of new first bytes and a part of another file."""

import io
from typing import BinaryIO


class Splice:
    """A read-only file made of `front` followed by bytes `start` to `end` of another file, without a copy.

    Args:
        front: the new first bytes.
        file: the file behind; its position is moved, so nothing else may read it meanwhile.
        start: the first byte of `file` that is used.
        end: one past the last.

    >>> Splice(b"new ", io.BytesIO(b"old sound!"), 4, 9).read()
    b'new sound'
    """

    def __init__(self, front: bytes, file: BinaryIO, start: int, end: int) -> None:
        self._front, self._file, self._start = front, file, start
        self._size = len(front) + max(end - start, 0)
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
        part = self._front[self._position : max(end, 0)]
        behind = max(self._position, len(self._front))
        if end > behind:
            self._file.seek(self._start + behind - len(self._front))
            part += self._file.read(end - behind)
        self._position += len(part)
        return part
