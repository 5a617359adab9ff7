"""Which five seconds of which recording are heard from which angle: drawn as the challenge's organisers drew them."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from whence.errors import CorpusError

CLIP_FRAMES = 50
OFFICIAL_SEED = 20250305
OFFICIAL_CLIP_COUNT = 30_000

_NAME = re.compile(r"(?P<recording>.+)_deg(?P<angle>\d{3})_start(?P<start>\d{4,})")


@dataclass(frozen=True)
class Window:
    """Five seconds of a recording, heard by a stereo pair that looks in one direction.

    Args:
        recording: position in the list of recordings the window was drawn from.
        start_frame: the first 100 ms frame, counted in the recording.
        viewing_angle_deg: how far the scene is turned to the left before it is heard, 0 to 359.
    """

    recording: int
    start_frame: int
    viewing_angle_deg: int


def draw_windows(frame_counts: Sequence[int], seed: int = OFFICIAL_SEED) -> Iterator[Window]:
    """Draw windows without end: recordings by their length, starts and angles evenly.

    Python's own generator is used because the organisers' data were drawn with it: the same recordings in the
    same order give the same windows. A window may come twice; the caller passes over it.

    Args:
        frame_counts: (recording,) whole 100 ms frames of each recording, in sorted order of their paths.
        seed: the official one, or another for more data of the same kind.

    Yields:
        windows, for ever.

    Raises:
        CorpusError: if there are no recordings, or one is shorter than five seconds.

    Source: the organisers' data generator for DCASE 2025 Task 3 (order and kind of its random calls).

    >>> next(draw_windows([600, 1200]))
    Window(recording=1, start_frame=243, viewing_angle_deg=165)
    """
    if not frame_counts:
        raise CorpusError("no recordings to draw windows from")
    if min(frame_counts) < CLIP_FRAMES:
        shortest = min(range(len(frame_counts)), key=frame_counts.__getitem__)
        raise CorpusError(f"recording {shortest} has {frame_counts[shortest]} frames; a clip needs {CLIP_FRAMES}")
    rng = random.Random(seed)
    recordings = range(len(frame_counts))
    while True:
        recording = rng.choices(recordings, weights=frame_counts)[0]
        start_frame = rng.randint(0, frame_counts[recording] - CLIP_FRAMES)
        yield Window(recording, start_frame, rng.randint(0, 359))


def window_name(recording: str, start_frame: int, viewing_angle_deg: int) -> str:
    """The name of the clip cut from a recording.

    >>> window_name("fold3_room21_mix013", 450, 20)
    'fold3_room21_mix013_deg020_start0450'
    """
    return f"{recording}_deg{viewing_angle_deg:03d}_start{start_frame:04d}"


def recording_of(clip: str) -> str:
    """The recording a clip was cut from; a name of another form is its own recording.

    >>> recording_of("fold3_room21_mix013_deg020_start0450"), recording_of("street")
    ('fold3_room21_mix013', 'street')
    """
    match = _NAME.fullmatch(clip)
    return match["recording"] if match else clip
