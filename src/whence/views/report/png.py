"""A small image becomes a PNG file, without any library of pictures."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray


def png(image: NDArray[np.uint8], palette: NDArray[np.uint8]) -> bytes:
    r"""An image of numbered colours as a PNG file.

    Args:
        image: (row, column) numbers into the palette, the first row at the top.
        palette: (256, 3) red, green, blue.

    Returns:
        the bytes of the file; the same image gives the same bytes.

    >>> png(np.zeros((1, 1), np.uint8), np.zeros((256, 3), np.uint8))[:8]
    b'\x89PNG\r\n\x1a\n'
    """
    rows, columns = image.shape
    # Every row begins with the number of its filter: 0, none.
    raw = np.concatenate([np.zeros((rows, 1), np.uint8), image], axis=1).tobytes()
    header = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", palette.tobytes()), (b"IDAT", zlib.compress(raw, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
