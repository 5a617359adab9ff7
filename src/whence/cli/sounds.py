"""`whence data sounds`: one list of the sounds of FSD50K, FMA and your own folders, for mixing scenes."""

from __future__ import annotations

import argparse
import logging
import sys
from collections import Counter
from pathlib import Path

from whence import corpora, labels, views
from whence.cli.command import Command, shown_progress
from whence.cli.inputs import add_classes, read_classes
from whence.errors import DONE, WhenceError
from whence.text import counted

_log = logging.getLogger("whence.cli")
_SPLITS = ("train", "val", "test")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the corpora, the class map and the list."""
    parser.add_argument(
        "corpora",
        type=Path,
        nargs="+",
        metavar="CORPUS",
        help="folder of FSD50K or FMA, folder with a folder for each class, or CSV list of sounds",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="CSV", help="the list to write")
    parser.add_argument(
        "--class-map",
        type=Path,
        metavar="CSV",
        help="which label of FSD50K means which class, with the columns name,class,implied_by,note",
    )
    parser.add_argument(
        "--share", type=float, default=1.0, help="list only this share of the sounds of each class and split, to try"
    )
    add_classes(parser)


def run(args: argparse.Namespace) -> int:
    """List the sounds, print what there is of each class, and warn about what is missing."""
    if not args.out.parent.is_dir():
        raise WhenceError(f"{args.out.parent}: no such folder; make it first")
    if args.out.is_dir():
        raise WhenceError(f"{args.out}: is a folder; name a file, such as sounds.csv")
    if args.out.exists() and any(path.exists() and path.samefile(args.out) for path in args.corpora):
        raise WhenceError(f"{args.out}: is one of the lists to read; choose another name")
    if not 0 < args.share <= 1:
        raise WhenceError(f"--share {args.share:g}: give a number above 0, at most 1")
    classes = read_classes(args.classes)
    class_map = corpora.read_class_map(args.class_map, classes) if args.class_map else None
    with shown_progress("file", quiet=args.quiet) as show:
        sounds = corpora.gather_sounds(args.corpora, classes, class_map, progress=show)
    sounds = corpora.every_nth(sounds, args.share)
    columns = {
        "corpus": [sound.corpus for sound in sounds],
        "duration_s": [f"{sound.duration_s:.2f}" for sound in sounds],
    }
    corpora.write_manifest(args.out, [sound.entry for sound in sounds], classes, columns)
    sys.stdout.write(_table(sounds, classes))
    _warn_of_gaps(sounds, classes)
    _log.info(
        "%s in %s; next: whence train whence_small --scenes %s", counted(len(sounds), "sound"), args.out, args.out
    )
    return DONE


def _table(sounds: list[corpora.ListedSound], classes: labels.ClassList) -> str:
    """A line for each class, each corpus, and all."""
    by_class = [(name, [s for s in sounds if s.entry.class_index == index]) for index, name in enumerate(classes.names)]
    for name, index in (("background", corpora.BACKGROUND), ("interference", corpora.INTERFERENCE)):
        if unlabelled := [sound for sound in sounds if sound.entry.class_index == index]:
            by_class.append((name, unlabelled))
    names = dict.fromkeys(sound.corpus for sound in sounds)
    by_corpus = [(name, [sound for sound in sounds if sound.corpus == name]) for name in names]
    heading = ("sounds", "recordings", "minutes", *_SPLITS)
    first = views.aligned([("class", "licences", *heading), *(_row(*group) for group in by_class)], left=2)
    second = views.aligned(
        [("corpus", "licences", *heading), *(_row(*g) for g in by_corpus), _row("all", sounds)], left=2
    )
    return f"{first}\n{second}"


def _row(name: str, sounds: list[corpora.ListedSound]) -> tuple[str, ...]:
    """The cells of a group of sounds."""
    splits = Counter(sound.entry.split for sound in sounds)
    licences = Counter(corpora.licence_family(sound.entry.licence) for sound in sounds)
    return (
        name,
        ", ".join(licence for licence, _ in licences.most_common()) or "-",
        f"{len(sounds):,}",
        f"{len({sound.entry.recording for sound in sounds}):,}",
        f"{sum(sound.duration_s for sound in sounds) / 60:.1f}",
        *(f"{splits[split]:,}" for split in _SPLITS),
    )


def _warn_of_gaps(sounds: list[corpora.ListedSound], classes: labels.ClassList) -> None:
    """Log the classes without sounds, and those that one split has and another lacks."""
    there = {(sound.entry.class_index, sound.entry.split) for sound in sounds}
    found = {index for index, _ in there}
    if missing := [name for index, name in enumerate(classes.names) if index not in found]:
        _log.warning("no sounds of: %s; scenes will have none of these", ", ".join(missing))
    for split in _SPLITS:
        lacking = [name for index, name in enumerate(classes.names) if index in found and (index, split) not in there]
        if lacking and any(name == split for _, name in there):
            _log.info("no %s sounds of: %s", split, ", ".join(lacking))


COMMAND = Command(
    summary="list the sounds of FSD50K, FMA and your own folders, for mixing scenes",
    examples=(
        "whence data sounds FSD50K/ FMA/ --out sounds.csv",
        "whence data sounds FSD50K/ my_sounds/ --class-map my_map.csv --out sounds.csv",
    ),
    add_arguments=add_arguments,
    run=run,
)
