"""The clips of a folder: which sound belongs to which label file, and what training would refuse."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

from whence import audio, corpora, labels
from whence.cli.command import muted_warnings
from whence.errors import CorpusError
from whence.text import few, shown

_PARTS = ("dev-train", "dev-val", "dev-test")
# So many clips that mostly agree in length and rate are a set, of which others are exceptions.
_ENOUGH_CLIPS = 5
_MOSTLY = 0.8


class Clips(NamedTuple):
    """The sounds and label files of a folder by clip name, and what is wrong with the folder itself.

    A clip's name is that of its files, or, where several clips have it, their path below the folder.
    """

    sounds: dict[str, Path]
    label_files: dict[str, Path]
    findings: list[labels.Finding]


def find_clips(folder: Path) -> Clips:
    """List the clips below a folder.

    A label file belongs to the sound of the same name beside it; where they are in two trees (`stereo_dev/a/x.wav`,
    `metadata_dev/a/x.csv`), to the one whose folders agree the furthest up. Hidden files are skipped.
    """
    sounds, label_files = (
        [Path(path).relative_to(folder) for path in labels.find_files(str(folder), endings)[0]]
        for endings in (tuple(sorted(audio.SOUND_ENDINGS)), (".csv",))
    )
    pairs, lone_sounds, lone_labels = _paired(sounds, label_files)
    whole = [*pairs, *((sound, None) for sound in lone_sounds), *((None, table) for table in lone_labels)]
    stems = Counter((sound or table or PurePath()).stem for sound, table in whole)
    clips = Clips({}, {}, [])
    for sound, table in sorted(whole, key=lambda pair: str(pair[0] or pair[1])):
        path = sound or table or PurePath()
        name = path.stem if stems[path.stem] == 1 else str(path.with_suffix(""))
        if name in clips.sounds or name in clips.label_files:
            name = str(path)  # a.wav beside a.flac
        if sound is not None:
            clips.sounds[name] = folder / sound
        if table is not None:
            clips.label_files[name] = folder / table
    if sounds and label_files:
        clips.findings.extend(_without_partner(folder, lone_sounds, lone_labels))
    if repeated := sorted(stem for stem, count in stems.items() if count > 1):
        sentence = f"names of several clips: {few(repeated)}"
        remedy = "evaluate and train take one clip of a name; rename some, or use one folder at a time"
        clips.findings.append(labels.Finding("suspicious", str(folder), sentence, remedy))
    return clips


def _paired(
    sounds: Sequence[Path], label_files: Sequence[Path]
) -> tuple[list[tuple[Path | None, Path | None]], list[Path], list[Path]]:
    """Pairs of sound and label file, and what is left on either side."""
    pairs: list[tuple[Path | None, Path | None]] = []
    left = [list(sounds), list(label_files)]
    counts = [Counter(path.stem for path in side) for side in left]
    deepest = max(len(path.parts) for path in (*sounds, *label_files, Path()))
    for depth in (None, *range(deepest - 1, -1, -1)):
        found, others = (_grouped(side, depth) for side in left)
        matched: set[Path] = set()
        for key in found.keys() & others.keys():
            sound, table = found[key][0], others[key][0]
            # Without any folder in common, only a name that is nowhere else tells that the two belong together.
            single = [len(found[key]), len(others[key])] if depth else [count[sound.stem] for count in counts]
            if depth is None or single == [1, 1]:
                pairs.append((sound, table))
                matched |= {sound, table}
        left = [[path for path in side if path not in matched] for side in left]
        if not all(left):
            break
    return pairs, left[0], left[1]


def _grouped(paths: Sequence[Path], depth: int | None) -> dict[tuple[str, ...], list[Path]]:
    """Paths by name without ending and the nearest folders, so many of them or all."""
    groups: dict[tuple[str, ...], list[Path]] = defaultdict(list)
    for path in paths:
        folders = path.parts[:-1]
        if depth is None or len(folders) >= depth:
            groups[path.stem, *(folders if depth is None else folders[len(folders) - depth :])].append(path)
    return groups


def _without_partner(folder: Path, sounds: Sequence[Path], label_files: Sequence[Path]) -> Iterator[labels.Finding]:
    """Sounds without labels, and labels without a sound."""
    for path in sounds:
        remedy = "remove it or write a CSV that holds only the header"
        yield labels.Finding("problem", str(folder / path), "a sound without a CSV", remedy)
    for path in label_files:
        yield labels.Finding("problem", str(folder / path), "a CSV without a sound", "remove it or add the sound")


def check_training_set(folder: Path) -> Iterator[labels.Finding]:
    """Yield what `whence train --data` refuses in a folder of its layout; nothing for any other folder."""
    if not (folder / "stereo_dev").is_dir():
        return
    for part in _PARTS:
        if part != "dev-train" and not any((folder / "stereo_dev").glob(f"{part}-*")):
            continue
        try:
            # How many clips were published is no fault of these.
            with muted_warnings("whence.corpora"):
                clips = corpora.list_clips(folder, part)
        except CorpusError as error:
            yield labels.Finding("problem", str(folder), str(error), "whence train refuses it")
            continue
        for clip, fault in corpora.find_faults(clips):
            yield labels.Finding("problem", shown(clip.sound), fault, "whence train refuses it")


def check_lengths(reports: Mapping[str, audio.SignalReport], sounds: Mapping[str, Path]) -> Iterator[labels.Finding]:
    """Yield sounds of another rate or length than nearly all others."""
    rates = {name: f"{report.sample_rate_hz / 1000:g} kHz" for name, report in reports.items()}
    lengths = {name: f"{report.duration_s:.6g} s" for name, report in reports.items()}
    for values in (rates, lengths):
        counts = Counter(values.values())
        if len(values) < _ENOUGH_CLIPS or len(counts) == 1:
            continue
        usual, count = counts.most_common(1)[0]
        if count < _MOSTLY * len(values):
            continue
        for name, value in values.items():
            if value != usual:
                sentence = f"{value}, where {count:,} of {len(values):,} have {usual}"
                yield labels.Finding("suspicious", shown(sounds[name]), sentence, "training takes clips of one length")
