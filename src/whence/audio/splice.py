"""Bytes in front of a stretch of a file, readable as one file: a header put right without copying hours of sound."""

import io
from typing import BinaryIO


class Splice(io.RawIOBase):
    """A read-only file made of `front` followed by bytes `start` to `end` of another file.

    Args:
        front: the new first bytes.
        file: the file behind; its position is used, so nobody else may read it meanwhile.
        start: the first byte of `file` that is seen.
        end: one past the last.

    >>> Splice(b"new ", io.BytesIO(b"old sound!"), 4, 9).read()
    b'new sound'
    """

    def __init__(self, front: bytes, file: BinaryIO, start: int, end: int) -> None:
        super().__init__()
        self._front = front
        self._file = file
        self._start = start
        self._size = len(front) + max(end - start, 0)
        self._position = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The position, in bytes from the start of `front`."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position as any file does; a position before the start is the start."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(base + offset, 0)
        return self._position

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        """Fill the buffer from the position on; fewer bytes at the seam and at the end."""
        view = memoryview(buffer).cast("B")
        count = min(len(view), self._size - self._position)
        if count <= 0:
            return 0
        if self._position < len(self._front):
            part = self._front[self._position : self._position + count]
        else:
            self._file.seek(self._start + self._position - len(self._front))
            part = self._file.read(count)
        view[: len(part)] = part
        self._position += len(part)
        return len(part)
