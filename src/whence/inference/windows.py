"""Label frames of a recording, counted in samples."""

from whence.units import FRAME_SAMPLES


def frame_count_of(sample_count: int) -> int:
    """Label frames of a recording; one that is begun counts.

    >>> frame_count_of(2_400), frame_count_of(2_401), frame_count_of(1)
    (1, 2, 1)
    """
    return -(-sample_count // FRAME_SAMPLES)
