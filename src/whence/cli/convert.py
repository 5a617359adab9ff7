"""`whence convert`: cut stereo clips from STARSS recordings, the published DCASE 2025 set or more of its kind."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from whence import corpora
from whence.cli.command import Command, shown_progress
from whence.errors import DONE

_log = logging.getLogger("whence.cli")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the recordings, the number of clips and the draw."""
    parser.add_argument("starss", type=Path, help="folder that holds foa_dev/ and metadata_dev/")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the clips; made if missing")
    parser.add_argument(
        "--clips", type=int, default=corpora.OFFICIAL_CLIP_COUNT, metavar="N", help="clips to have in the end"
    )
    parser.add_argument(
        "--seed", type=int, default=corpora.OFFICIAL_SEED, help="of the draw; the default is the organisers'"
    )
    parser.add_argument(
        "--all-recordings",
        action="store_true",
        help="draw from every recording at its full length, not as the organisers did",
    )
    parser.add_argument("--jobs", type=int, default=4, metavar="N", help="clips made at once")


def run(args: argparse.Namespace) -> int:
    """Draw windows and angles, write the clips that are missing."""
    recordings = (
        corpora.list_recordings(args.starss) if args.all_recordings else corpora.list_official_recordings(args.starss)
    )
    with shown_progress("clip", quiet=args.quiet) as show:
        done = corpora.convert_clips(
            corpora.StereoWindows(recordings), args.out, count=args.clips, seed=args.seed, jobs=args.jobs, progress=show
        )
    _log.info(
        "%d clips in %s: %d made now, %d were there; skipped: %d too loud, %d drawn twice",
        done.made + done.kept, args.out, done.made, done.kept, done.too_loud, done.repeated,
    )  # fmt: skip
    return DONE


COMMAND = Command(
    summary="cut stereo clips from STARSS23 recordings (FOA), the published set or others",
    examples=(
        "whence convert STARSS23/ --out dcase2025/",
        "whence convert STARSS23/ --out more/ --clips 5000 --seed 7 --all-recordings",
    ),
    add_arguments=add_arguments,
    run=run,
)
