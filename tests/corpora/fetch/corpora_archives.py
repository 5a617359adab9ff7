"""Zip archives in parts, made the slow way for the tests."""

import io
import random
import struct
import zipfile

CONTENT = {
    "a/first.txt": b"hello " * 50,
    "a/second.bin": random.Random(1).randbytes(5_000),
    "b/empty": b"",
    "b/third.txt": bytes(range(256)) * 40,
}


def whole_archive(compression=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as zipped:
        for name, content in CONTENT.items():
            zipped.writestr(name, content)
    return file.getvalue()


def cut(archive, sizes, *, zip64=False):
    """The slow way round: cut an archive at any bytes and point its directory at the parts, as `zip -s` does."""
    end = archive.rfind(b"PK\5\6")
    count, _, first = struct.unpack_from("<HLL", archive, end + 10)
    starts = [sum(sizes[:number]) for number in range(len(sizes) + 1) if sum(sizes[:number]) <= first]
    place = lambda offset: max((number, offset - start) for number, start in enumerate(starts) if start <= offset)  # noqa: E731
    directory, position = b"", first
    for _ in range(count):
        entry = bytearray(archive[position : position + 46])
        name, extra, comment = struct.unpack_from("<3H", entry, 28)
        rest = archive[position + 46 : position + 46 + name + extra + comment]
        position += 46 + len(rest)
        disk, offset = place(struct.unpack_from("<L", entry, 42)[0])
        if zip64:
            packed, unpacked = struct.unpack_from("<LL", entry, 20)
            wide = struct.pack("<HHQQQL", 1, 28, unpacked, packed, offset, disk)
            struct.pack_into("<LL", entry, 20, 0xFFFFFFFF, 0xFFFFFFFF)
            struct.pack_into("<H", entry, 30, extra + len(wide))
            disk, offset = 0xFFFF, 0xFFFFFFFF
            rest = rest[:name] + wide + rest[name:]
        struct.pack_into("<H", entry, 34, disk)
        struct.pack_into("<L", entry, 42, offset)
        directory += bytes(entry) + rest
    disk, offset = place(first)
    last = len(starts) - 1
    tail = b""
    if zip64:
        record_at = place(first + len(directory))
        tail = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, last, disk, count, count, len(directory), offset)
        tail += struct.pack("<4sLQL", b"PK\6\7", record_at[0], record_at[1], last + 1)
        count = offset = 0
    tail += struct.pack("<4s4H2LH", b"PK\5\6", last, disk, count, count, len(directory), offset, 0)
    bounds = [*starts, first]
    parts = [archive[bounds[number] : bounds[number + 1]] for number in range(len(starts))]
    return [*parts[:-1], parts[-1] + directory + tail]
