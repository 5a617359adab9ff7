"""`whence check` of one sound: what its microphones are; and a description of a pair from three claps."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from whence import audio
from whence.cli.command import muted_warnings
from whence.cli.recording import read_directed_channels, read_told
from whence.errors import DONE, SOME_FAILED, AudioError, WhenceError
from whence.files import written_whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def check_sound(path: Path, args: argparse.Namespace) -> int:
    """Print what the signal says of the microphones; "some failed" where something is wrong with it."""
    told, channels = read_told(args), read_directed_channels(args)
    if told is not None and told.ambisonics is not None:
        audio.check(path, microphones=args.microphones, channels=channels)
        raise WhenceError(f"{path}: only a pair is told from its signal; leave --microphones {args.microphones} out")
    report = audio.check(path, microphones=args.microphones, channels=channels)
    wrong, lines = report.warnings(), []
    if not report.one_sided:
        with muted_warnings():  # the report has them
            watched = audio.Watched(audio.read_blocks(path, channels=channels))
            balance = audio.find_balance(watched)
        finding = watched.finding()
        wrong += balance.faults()
        if balance.covered is None:
            lines += _about(finding, balance, told)
            contradiction = None if told is None else finding.contradiction(told)
            wrong += [] if contradiction is None else [contradiction]
        if args.clap_left:
            right_way, sentence = _side_of_clap(audio.read(path, channels=channels), path)
            wrong += [] if right_way else [sentence]
            lines += [sentence] if right_way else []
        else:
            lines.append("Left and right: not tested; record a clap at the left and add --clap-left")
    sys.stdout.write("\n".join([*(f"Wrong: {sentence}" for sentence in wrong), *lines]) + "\n")
    return SOME_FAILED if wrong else DONE


def _about(finding: audio.Finding, balance: audio.Balance, told: audio.Microphones | None) -> list[str]:
    """What was found, and how to say it to other commands."""
    lines = [_capital(finding.text())]
    width = balance.width_text() if finding.kind == "one point" else None
    lines += [_capital(sentence) for sentence in (width, balance.doubt()) if sentence is not None]
    if told is None and finding.microphones is not None:
        lines.append(f"Say so with --microphones {finding.microphones.name}")
    elif told is None and finding.kind == "spaced":
        measured = f"ab:{finding.spacing_m:.2f}, or better with the spacing that you measure"
        lines.append(f"If they are omnis, say so with --microphones {measured}")
    return lines


def _side_of_clap(signal: NDArray[np.float32], path: Path) -> tuple[bool, str]:
    """Whether a clap at the left is on the left, and that in a sentence."""
    clap = audio.find_clap(signal)
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
    channels = read_directed_channels(args)
    left, ahead, right = (audio.read(path, channels=channels) for path in args.calibrate)
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
