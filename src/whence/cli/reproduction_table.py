"""Table 1 of the report: our scores with intervals, and the report's figures beside them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from whence import metrics
from whence.cli.reproduction_plan import OURS, REPORTED, SUBMISSIONS, Arguments, Step
from whence.files import written_whole
from whence.views import aligned, degrees, number, percent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_COLUMNS = (("F20", "f20", percent), ("DOAE", "doae_deg", degrees), ("RDE", "rde", number))
# The systems that cannot be scored, and why.
MISSING = {
    f"{', '.join(SUBMISSIONS)}, detector alone": "it predicts no direction and no distance, so no F20 is defined",
    f"{', '.join(SUBMISSIONS)}, localizer alone": "it predicts no activity (26 numbers a frame), so nothing says which "
    "classes are there",
    f"{OURS}, detector alone": "it predicts no direction and no distance",
}
_NAMES = {
    "baseline_real": "official baseline, recorded clips alone",
    "baseline": "official baseline, with scenes",
    OURS: f"ours ({OURS})",
    f"{OURS}_localizer": f"{OURS}, localizer alone with its own activity",
}


def write_table(
    out: Path,
    arguments: Arguments,
    scored: dict[str, metrics.Evaluation],
    labels: dict[str, str],
    steps: Sequence[Step],
) -> str:
    """Write the table as `table1.md` and `table1.json`.

    Args:
        out: folder of the experiment.
        arguments: of the experiment.
        scored: the evaluation of each run by its name.
        labels: of runs that were chosen on test clips.
        steps: the commands that led here.

    Returns:
        the table as aligned text.
    """
    found: dict[str, Any] = {
        "arguments": arguments.to_plain(),
        "commands": [step.line for step in steps],
        "reported": {name: dict(zip(("f20", "doae_deg", "rde"), row, strict=True)) for name, row in REPORTED.items()},
        "systems": {
            name: evaluation.as_json() | ({"protocol": labels[name]} if name in labels else {})
            for name, evaluation in scored.items()
        },
        "not_scored": MISSING,
    }
    _write(out / "table1.json", json.dumps(found, indent=2, allow_nan=False) + "\n")
    _write(out / "table1.md", _page(arguments, scored, labels, steps))
    heading = _heading(arguments, scored)
    blocks = [f"\n{protocol}\n{aligned(_rows(scored, labels, protocol))}" for protocol in ("official", "strict")]
    return heading + "".join(blocks) + "".join(f"not scored: {name}: {why}\n" for name, why in MISSING.items())


def _page(
    arguments: Arguments, scored: dict[str, metrics.Evaluation], labels: dict[str, str], steps: Sequence[Step]
) -> str:
    """The table as a Markdown page."""
    parts = ["# Table 1\n", _heading(arguments, scored)]
    for protocol in ("official", "strict"):
        rows = _rows(scored, labels, protocol)
        lines = [f"| {' | '.join(row)} |" for row in (rows[0], ["---"] * len(rows[0]), *rows[1:])]
        parts.append(f"## {protocol.capitalize()} protocol\n\n" + "\n".join(lines) + "\n")
    parts += [
        "Systems that have no row:\n\n" + "".join(f"- {name}: {why}\n" for name, why in MISSING.items()),
        "## The commands\n\n```sh\n" + "".join(f"{step.line}\n" for step in steps) + "```\n",
    ]
    return "\n".join(parts)


def _heading(arguments: Arguments, scored: dict[str, metrics.Evaluation]) -> str:
    """What was scored, and how."""
    recordings = next(iter(scored.values())).recordings
    trial = "**A trial in small: these scores mean nothing.** " if arguments.trial else ""
    return (
        f"{trial}dev-test, {len(recordings.of_clip):,} clips, 20 deg, relative distance 1; in brackets 95 % intervals "
        "by recording. Reported: the figures of T. Zhao et al. 2025, which count as the official protocol does.\n"
    )


def _rows(scored: dict[str, metrics.Evaluation], labels: dict[str, str], protocol: str) -> list[list[str]]:
    """The heading and a row for each system; the report's figures beside the official ones only."""
    official = protocol == "official"
    heading = ["system", *(name for name, _, _ in _COLUMNS)]
    rows = [heading + [f"reported {name}" for name, _, _ in _COLUMNS if official]]
    for name, evaluation in scored.items():
        result = getattr(evaluation, protocol)
        row = [_NAMES.get(name, name) + (f" ({labels[name]})" if name in labels else "")]
        for _, key, shown in _COLUMNS:
            low, high = getattr(result.interval, key)
            between = "" if low != low else f" [{shown(low)} .. {shown(high)}]"
            row.append(f"{shown(getattr(result, key))}{between}")
        if official:
            reported = REPORTED.get(name, (None, None, None))
            row += [shown(value) for (_, _, shown), value in zip(_COLUMNS, reported, strict=True)]
        rows.append(row)
    return rows


def _write(path: Path, text: str) -> None:
    with written_whole(path) as file:
        file.write(text.encode())
