"""What the packaged localizer for other pairs brings: both localizers on the same clips, a row for each pair.

    python docs/make_pair_scores.py xy:90=clips/xy90 ortf=clips/ortf ab:0.20=clips/ab20

Each argument is a pair of microphones and a folder of its clips in the layout of the DCASE 2025 stereo set, of which
`dev-val` is scored. The first system is that for the challenge's pair; the second is what `--microphones` chooses.
Official protocol; intervals of 95 % by recording.
"""

import argparse
import logging
from dataclasses import replace
from pathlib import Path

import whence
from whence.audio import named_microphones, read
from whence.corpora import Clip, list_clips, read_all_events
from whence.inference import NetworkSystem
from whence.labels import STARSS23, ClipEvents
from whence.metrics import evaluate


def predicted(system: NetworkSystem, clips: list[Clip], pair: str) -> ClipEvents:
    """The events of all clips."""
    return ClipEvents.from_mapping({clip.name: system.detect(read(clip.sound), microphones=pair) for clip in clips})


def row(system: NetworkSystem, clips: list[Clip], pair: str) -> str:
    """F20 with its interval, DOAE and RDE."""
    found = evaluate(read_all_events(clips, STARSS23), predicted(system, clips, pair)).official
    low, high = found.interval.f20
    f20 = f"{100 * found.f20:.1f} % [{100 * low:.1f} .. {100 * high:.1f}]"
    return f"{f20} | {found.doae_deg:.1f}° | {found.rde:.2f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", nargs="+", metavar="PAIR=FOLDER")
    # The first localizer warns of each clip that it was not trained for the pair.
    logging.disable(logging.WARNING)
    system = whence.load()
    first = replace(system, other_pairs=None)
    print("| pair | F20, first localizer | DOAE | RDE | F20, localizer for other pairs | DOAE | RDE |")
    print("|---|---|---|---|---|---|---|")
    for word in parser.parse_args().pairs:
        pair, _, folder = word.partition("=")
        clips = list_clips(Path(folder), "dev-val")
        name = named_microphones(pair).name
        print(f"| `{name}` | {row(first, clips, pair)} | {row(system, clips, pair)} |", flush=True)


if __name__ == "__main__":
    main()
