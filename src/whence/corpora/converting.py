"""Convert Ambisonic recordings to stereo clips as the organisers of DCASE 2025 did, sample for sample.

Windows and viewing angles are drawn by the organisers' recipe, so the published set can be made again, and more of its
kind with other seeds.
"""

import logging
import math
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from whence.audio import write
from whence.corpora.progress import Progress, silent
from whence.corpora.starss import CLIP_FRAMES, Recording, StereoWindows, Window, check_lengths, list_recordings
from whence.errors import CorpusError, LabelError, MissingExtraError
from whence.files import written_whole
from whence.labels import dcase_text

_LOG = logging.getLogger("whence.corpora")
OFFICIAL_SEED = 20250305
OFFICIAL_CLIP_COUNT = 30_000
# The organisers made no clip that would come nearer to full scale than this.
HIGHEST_PEAK = 0.9999
# So many windows may be skipped before the conversion asks whether it can ever end.
_MOST_SKIPPED = 1_000
# These twelve have no video and were left out of the stereo set.
_WITHOUT_VIDEO = frozenset(f"fold3_room21_mix{number:03d}" for number in range(1, 13))


@dataclass(frozen=True)
class Conversion:
    """The counts of a conversion.

    Args:
        made: clips written now.
        kept: clips that were there before.
        too_loud: windows that would have exceeded full scale and were skipped.
        repeated: windows drawn a second time and skipped.
    """

    made: int
    kept: int
    too_loud: int
    repeated: int


def list_official_recordings(folder: Path) -> list[Recording]:
    """List the recordings of STARSS23 that the published stereo set was drawn from, with the lengths used then.

    Twelve recordings without video were left out, and a length is that of the video where it ends before the sound.
    Where `video_dev/` is not there, lengths are those of the sound, and the log has a line.

    Args:
        folder: holds `foa_dev/`, `metadata_dev/` and maybe `video_dev/`.

    Raises:
        CorpusError: as `list_recordings`, or a video cannot be read.
        MissingExtraError: there are videos and PyAV is not installed.

    Source: the organisers' data generator for DCASE 2025 Task 3.
    """
    recordings = [r for r in list_recordings(folder) if r.name not in _WITHOUT_VIDEO]
    lengths = {}
    for recording in recordings:
        video = folder / "video_dev" / recording.subset / f"{recording.name}.mp4"
        if video.is_file():
            lengths[recording] = _video_frames(video)
    if len(lengths) < len(recordings):
        _LOG.warning(
            "%s: %d of %d recordings have no video in video_dev; should one be shorter than its sound, the clips drawn "
            "differ from the published ones",
            *(folder, len(recordings) - len(lengths), len(recordings)),
        )
    return [replace(r, frame_count=min(r.frame_count, lengths.get(r, r.frame_count))) for r in recordings]


def draw_windows(frame_counts: Sequence[int], seed: int = OFFICIAL_SEED) -> Iterator[Window]:
    """Draw windows without end: recordings by their length, starts and angles evenly.

    Python's own generator is used because the organisers' data were drawn with it: the same recordings in the
    same order give the same windows. A window may come twice; the caller skips it.

    Args:
        frame_counts: (recording,) whole 100 ms frames of each recording, in sorted order of their paths.
        seed: the official one, or another for more data of the same kind.

    Raises:
        CorpusError: there are no recordings, or one is shorter than five seconds.

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
    """Return the name of the clip cut from a recording.

    >>> window_name("fold3_room21_mix013", 450, 20)
    'fold3_room21_mix013_deg020_start0450'
    """
    return f"{recording}_deg{viewing_angle_deg:03d}_start{start_frame:04d}"


def convert_clips(
    windows: StereoWindows,
    out: Path,
    *,
    count: int = OFFICIAL_CLIP_COUNT,
    seed: int = OFFICIAL_SEED,
    jobs: int = 4,
    progress: Progress = silent,
) -> Conversion:
    """Write stereo clips drawn at random from recordings, in the folders of the DCASE 2025 set.

    `out/stereo_dev/<subset>/<name>.wav` is written first and `out/metadata_dev/<subset>/<name>.csv` last: a label
    file marks its clip as done. An interrupted call is completed by the same call, which makes exactly the
    missing clips, the same bytes whenever and by however many jobs.

    With `list_official_recordings`, the official seed and count, the published set comes out, except for the
    `onscreen` column, which is 0.

    Args:
        windows: the recordings, in the order they are drawn by.
        out: made if missing.
        count: clips to have in the end.
        seed: the official one, or another for other windows.
        jobs: clips made at once.
        progress: called with the number of clips.

    Raises:
        CorpusError: there are no recordings, one is too short or has no distances (STARSS22), or almost every window
            is too loud or drawn before.
        AudioError: a sound cannot be read.
        LabelError: a label file cannot be read.
    """
    check_lengths(windows)
    candidates = draw_windows([recording.frame_count for recording in windows.recordings], seed)
    result = Conversion(made=0, kept=0, too_loud=0, repeated=0)
    seen: set[Window] = set()
    done = 0
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        while done < count:
            # Never more at once than are wanted: a window that is not too loud is a clip that counts.
            drawn = list(islice(candidates, min(count - done, 64 * jobs)))
            fresh = [window for window in dict.fromkeys(drawn) if window not in seen]
            seen.update(fresh)
            for outcome in pool.map(lambda window: _make(windows, window, out), fresh):
                result = replace(result, **{outcome: getattr(result, outcome) + 1})
                done = result.made + result.kept
                progress("converting", done, count)
            result = replace(result, repeated=result.repeated + len(drawn) - len(fresh))
            _refuse_endless(result, windows)
    return result


def _make(windows: StereoWindows, window: Window, out: Path) -> str:
    """Write one clip and return the name of the count it belongs to."""
    recording = windows.recordings[window.recording]
    name = window_name(recording.name, window.start_frame, window.viewing_angle_deg)
    labels = out / "metadata_dev" / recording.subset / f"{name}.csv"
    if labels.is_file():
        return "kept"
    signal = windows.render_signal(window, exact=True)
    if float(np.abs(signal).max()) > HIGHEST_PEAK:
        return "too_loud"
    text = _label_text(windows, window)
    sound = out / "stereo_dev" / recording.subset / f"{name}.wav"
    sound.parent.mkdir(parents=True, exist_ok=True)
    labels.parent.mkdir(parents=True, exist_ok=True)
    write(sound, _as_organisers_wrote(signal))
    with written_whole(labels) as file:
        file.write(text)
    return "made"


def _label_text(windows: StereoWindows, window: Window) -> bytes:
    """The label file of a clip; made before anything is written."""
    events = windows.render_events(window)
    try:
        return dcase_text(events).encode()
    except LabelError as error:
        path = windows.recordings[window.recording].labels
        if windows.layout == "dcase2022":
            raise CorpusError(f"{path}: STARSS22 has no distances, which stereo clips need; use STARSS23") from None
        raise LabelError(str(error), where=path) from None


def _as_organisers_wrote(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """The 16-bit steps of the organisers' writer: libsndfile, set to clip, rounds to 32 bits and cuts off 16."""
    steps: NDArray[np.float32] = np.floor(np.rint(signal * np.float32(2**31)) * np.float32(2**-16))
    return steps * np.float32(2**-15)


def _refuse_endless(result: Conversion, windows: StereoWindows) -> None:
    """Raise where the recordings cannot give so many clips."""
    skipped = result.too_loud + result.repeated
    if skipped > _MOST_SKIPPED and skipped > 20 * (result.made + result.kept):
        raise CorpusError(
            f"{len(windows.recordings)} recordings give no more clips: {result.made + result.kept} are there, "
            f"{result.too_loud} windows were too loud and {result.repeated} drawn before; ask for fewer"
        )


def _video_frames(path: Path) -> int:
    """Whole tenths of a second that a video lasts."""
    try:
        import av
    except ImportError:
        raise MissingExtraError("reading the lengths of videos", "av") from None
    try:
        with av.open(str(path)) as video:
            stream = video.streams.video[0]
            frames, rate = stream.frames, float(stream.average_rate or 0)
    except (av.FFmpegError, IndexError, OSError) as error:
        raise CorpusError(f"{path}: not readable as a video ({error}); fetch it again or remove it") from None
    if not frames or not rate:
        raise CorpusError(f"{path}: the video has no length; fetch it again or remove it")
    return math.floor(frames / rate * 10)
