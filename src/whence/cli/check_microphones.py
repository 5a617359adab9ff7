"""`whence check` of one sound: what its microphones are; and a description of a pair from three claps."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from whence import audio
from whence.cli.recording import read_told
from whence.errors import DONE, SOME_FAILED, AudioError, WhenceError
from whence.files import written_whole


def check_sound(path: Path, args: argparse.Namespace) -> int:
    """Print what the signal says of the microphones; "some failed" where something is wrong with it."""
    told, report = read_told(args), audio.check(path, microphones=args.microphones)
    if told is not None and told.ambisonics is not None:
        raise WhenceError(f"{path}: only a pair is told from its signal; leave --microphones {args.microphones} out")
    wrong = report.warnings()
    lines = [f"Wrong: {sentence}" for sentence in wrong]
    if not report.one_sided:
        finding = audio.find_microphones(audio.read_blocks(path))
        lines.append(_capital(finding.text()))
        if told is None and finding.microphones is not None:
            lines.append(f"Say so with --microphones {finding.microphones.name}")
        elif told is None and finding.kind == "spaced":
            lines.append(f"If they are omnis, say so with --microphones ab:{finding.spacing_m:.2f}")
        contradiction = None if told is None else finding.contradiction(told)
        wrong += [] if contradiction is None else [contradiction]
        lines += [] if contradiction is None else [f"Wrong: {contradiction}"]
        if args.clap_left:
            right_way, sentence = _side_of_clap(path)
            wrong += [] if right_way else [sentence]
            lines.append(sentence)
        else:
            lines.append("Left and right: not tested; record a clap at the left and add --clap-left")
    sys.stdout.write("\n".join(lines) + "\n")
    return SOME_FAILED if wrong else DONE


def _side_of_clap(path: Path) -> tuple[bool, str]:
    """Whether a clap at the left is on the left, and that in a sentence."""
    clap = audio.find_clap(audio.read(path))
    if clap is None:
        raise AudioError("no clap stands out", where=path, remedy="clap once, 15 dB louder than the room")
    if clap.side is None:
        return False, "Left and right: the clap is as early and as loud on both sides; clap nearer to the left"
    if clap.side == "left":
        return True, f"Left is left: the clap is {clap.difference} there"
    return False, f"Swapped channels: the clap at the left is {clap.difference} on the right"


def calibrate(args: argparse.Namespace) -> int:
    """Write the description of a pair from claps at the left, ahead and at the right."""
    import yaml

    if args.out is None:
        raise WhenceError("--calibrate writes a description", remedy="name it with --out mine.yaml")
    if args.out.suffix not in (".yaml", ".yml"):
        raise WhenceError(f"{args.out}: a description is YAML", remedy="name it with --out mine.yaml")
    left, ahead, right = (audio.read(path) for path in args.calibrate)
    pair = audio.calibrated(left, ahead, right, args.out.stem)
    sides = {"left": pair.left, "right": pair.right}
    fields = {
        side: {"left_m": capsule.left_m, "pattern": capsule.pattern, "facing_deg": capsule.facing_deg}
        for side, capsule in sides.items()
    }
    text = yaml.safe_dump({**fields, "gain_db": pair.gain_db, "swapped": pair.swapped}, sort_keys=False)
    with written_whole(args.out) as file:
        file.write(text.encode())
    sys.stdout.write(f"{pair.text()}\nUse it with --microphones {args.out}\n")
    return DONE


def _capital(sentence: str) -> str:
    """A sentence with a capital at its start."""
    return sentence[:1].upper() + sentence[1:]
