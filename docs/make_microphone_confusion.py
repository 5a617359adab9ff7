"""What is told of the microphones of recordings whose pair is known: the table of docs/microphones.md.

    python docs/make_microphone_confusion.py clips/xy90 clips/ortf clips/binaural

Each folder, named after its pair, holds sounds of that pair at any depth. The table has a row for each folder and a
column for each answer of `find_microphones`, in per cent of its sounds, with the Wilson interval of 95 %.
"""

import argparse
from collections import Counter
from pathlib import Path

from scipy.stats import binomtest

from whence.audio import SOUND_ENDINGS, find_microphones, read_blocks

KINDS = ("one point", "spaced", "head", "mono", "unknown")


def counted(folder: Path) -> Counter[str]:
    """How often each answer is given for the sounds of a folder."""
    sounds = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SOUND_ENDINGS)
    return Counter(find_microphones(read_blocks(path)).kind for path in sounds)


def cell(count: int, total: int) -> str:
    """A share in per cent with its interval, empty where it never happens."""
    if not count:
        return ""
    interval = binomtest(count, total).proportion_ci(method="wilson")
    return f"{count / total:.0%} [{interval.low:.0%} .. {interval.high:.0%}]".replace("%", " %")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    print(f"| pair | sounds | {' | '.join(KINDS)} |")
    print("|---" * (len(KINDS) + 2) + "|")
    for folder in parser.parse_args().folders:
        found = counted(folder)
        total = sum(found.values())
        print(f"| {folder.name} | {total} | {' | '.join(cell(found[kind], total) for kind in KINDS)} |", flush=True)


if __name__ == "__main__":
    main()
