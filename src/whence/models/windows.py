"""Long input in overlapping windows, each part taken from the window in which it stands further inside."""


def windows(count: int, size: int, overlap: int) -> list[tuple[int, int, int, int]]:
    """Cut `count` tokens into windows of at most `size`.

    Args:
        count: tokens there are.
        size: tokens in a window.
        overlap: tokens that neighbours share; the last pair may share more, so that all windows are full. With 0
            the last window is as short as it happens to be.

    Returns:
        for each window its first token, its end, and the part (from, until) that is taken from it.

    >>> windows(9, 4, 2)
    [(0, 4, 0, 3), (2, 6, 3, 5), (4, 8, 5, 6), (5, 9, 6, 9)]
    """
    if count <= size:
        return [(0, count, 0, count)]
    starts = list(range(0, count - (size if overlap else 0), size - overlap))
    if overlap:
        starts.append(count - size)
    ends = [min(start + size, count) for start in starts]
    cuts = [0, *((start + end) // 2 for start, end in zip(starts[1:], ends, strict=False)), count]
    return list(zip(starts, ends, cuts, cuts[1:], strict=False))
