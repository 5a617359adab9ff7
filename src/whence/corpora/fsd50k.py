"""FSD50K: its clips of one class as sounds, grouped by uploader."""

import csv
import json
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from whence.corpora.class_names import ClassMap, packaged_class_map
from whence.corpora.sounds import SoundEntry
from whence.corpora.splitting import split_name
from whence.errors import CorpusError
from whence.labels import ClassList

_LOG = logging.getLogger("whence.corpora")
SUBSETS = ("dev", "eval")


def read_fsd50k(
    folder: Path,
    classes: ClassList,
    *,
    subsets: Sequence[str] = ("dev",),
    class_map: ClassMap | None = None,
    without_licences: Sequence[str] = (),
) -> list[SoundEntry]:
    """List the FSD50K clips that hold exactly one of our classes.

    A clip's labels include all parents in the AudioSet ontology and have no times, so only a clip whose
    labels mean one single class can be mixed into a scene and labelled. The others are left out and counted in
    the log. The recording of an entry is its uploader: many upload whole sessions. Names of the map that FSD50K's
    vocabulary lacks are a warning.

    Args:
        folder: holds `FSD50K.dev_audio/`, `FSD50K.ground_truth/`, `FSD50K.metadata/` (and `FSD50K.eval_audio/`).
        classes: the class list.
        subsets: of `dev`, `eval`. An entry's `split` is FSD50K's own `train` or `val`, or `test` for eval.
        class_map: which label means what; the packaged `class_maps/fsd50k.csv` when None.
        without_licences: parts of licence addresses to leave out, e.g. `("by-nc", "sampling+")`.

    Raises:
        CorpusError: a table, folder or clip is missing.

    Source: Fonseca et al., FSD50K, arXiv:2010.00475; Zenodo record 4060432.
    """
    for subset in subsets:
        if subset not in SUBSETS:
            raise CorpusError(f"FSD50K has no subset {subset!r}; there are: {', '.join(SUBSETS)}")
        for needed in (f"FSD50K.{subset}_audio", "FSD50K.ground_truth", "FSD50K.metadata"):
            if not (folder / needed).is_dir():
                raise CorpusError(f"{folder}: no folder {needed}; unpack {needed}.zip of Zenodo record 4060432 here")
    chosen = class_map or packaged_class_map("fsd50k", classes)
    vocabulary = folder / "FSD50K.ground_truth" / "vocabulary.csv"
    if vocabulary.is_file():
        unknown = chosen.unknown_names([row[1] for row in _csv_rows(vocabulary) if len(row) > 1])
        if unknown:
            _LOG.warning("%s: not in %s: %s; correct or remove them", chosen.origin, vocabulary, ", ".join(unknown))
    entries: list[SoundEntry] = []
    left_out: Counter[str] = Counter()
    for subset in subsets:
        entries += _read_subset(folder, subset, chosen, without_licences, left_out)
    counted = ", ".join(f"{reason} {count}" for reason, count in sorted(left_out.items()))
    _LOG.info("FSD50K: %d usable clips; left out: %s", len(entries), counted or "none")
    return entries


def _read_subset(
    folder: Path, subset: str, class_map: ClassMap, without_licences: Sequence[str], left_out: Counter[str]
) -> Iterator[SoundEntry]:
    """The usable clips of one subset."""
    audio = folder / f"FSD50K.{subset}_audio"
    info = _read_clip_info(folder / "FSD50K.metadata" / f"{subset}_clips_info_FSD50K.json")
    table = folder / "FSD50K.ground_truth" / f"{subset}.csv"
    clips = _read_ground_truth(table)
    _check_complete(audio, table, list(clips))
    for clip, (labels, split) in clips.items():
        meaning = class_map.meaning(labels)
        class_index = next(iter(meaning)) if len(meaning) == 1 else None
        try:
            licence, uploader = str(info[clip]["license"]), str(info[clip]["uploader"])
        except (KeyError, TypeError):
            raise CorpusError(f"FSD50K.metadata has no license and uploader of clip {clip}; fetch it again") from None
        if class_index is None:
            left_out["not of our classes" if meaning <= {None} else "several sounds"] += 1
        elif any(part in licence for part in without_licences):
            left_out["licence"] += 1
        else:
            yield SoundEntry(
                path=audio / f"{clip}.wav",
                class_index=class_index,
                recording=f"uploader {uploader}",
                name=f"{audio.name}/{clip}.wav",
                split=split_name(split or subset),
                licence=licence,
            )


def _read_ground_truth(table: Path) -> dict[str, tuple[list[str], str]]:
    """The labels and the official split of each clip."""
    rows = _csv_rows(table)
    header = next(rows, [])
    if header[:3] != ["fname", "labels", "mids"]:
        what = f"the header must begin with fname,labels,mids, not {','.join(header[:3])}"
        raise CorpusError(what, where=table, line=1)
    clips: dict[str, tuple[list[str], str]] = {}
    for number, row in enumerate(rows, 2):
        if len(row) != len(header) or not row[0].isdecimal():
            raise CorpusError(f"not a row of {','.join(header)}", where=table, line=number)
        clips[row[0]] = (row[1].split(","), row[3] if len(row) > 3 else "")
    return clips


def _read_clip_info(path: Path) -> dict[str, Any]:
    """Title, licence and uploader by clip."""
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CorpusError("missing; it names the uploaders, without whom splits would leak", where=path) from None
    except (OSError, ValueError) as error:
        raise CorpusError(f"not readable as JSON ({error})", where=path) from None
    if not isinstance(info, dict):
        raise CorpusError("should map clip numbers to their description", where=path)
    return info


def _check_complete(audio: Path, table: Path, clips: list[str]) -> None:
    """Raise where clips are missing on disk."""
    there = {path.stem for path in audio.iterdir() if path.suffix == ".wav"}
    missing = [clip for clip in clips if clip not in there]
    if missing:
        raise CorpusError(
            f"{audio}: {len(missing)} of the {len(clips)} clips in {table.name} are missing (first: {missing[0]}.wav); "
            "the download or unpacking is incomplete"
        )


def _csv_rows(path: Path) -> Iterator[list[str]]:
    """The rows of a CSV file, as text."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from csv.reader(file)
    except FileNotFoundError:
        raise CorpusError(f"{path}: no such file; unpack {path.parent.name}.zip here") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{path}: not readable as CSV ({error})") from None
