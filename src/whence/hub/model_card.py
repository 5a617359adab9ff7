"""A model's card: what it hears and cannot, its conventions, scores, data, and how to load it; README.md on the Hub."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import whence
from whence.errors import WhenceError
from whence.hub.names import HubName
from whence.hub.published_files import PublishedFile
from whence.text import one_line, shown
from whence.views import degrees, number, percent

_LARGEST_SCORES_BYTES = 10_000_000
_METRICS = (
    ("f20", "F20", "location-dependent F-score", percent),
    ("doae_deg", "DOAE", "azimuth error in degrees", degrees),
    ("rde", "RDE", "relative distance error", number),
)
_TAGS = ("sound-event-localization-and-detection", "sound-event-detection", "SELD", "DCASE", "stereo", "audio")
_UNSAID = "not said"


@dataclass(frozen=True)
class CardFacts:
    """What a card tells.

    Args:
        name: on the Hub; without a commit, since the card is part of it.
        classes: what the model hears.
        files: of the model.
        license: its identifier on the Hub; empty where the publisher has not said it yet.
        scores: what `whence evaluate --json` printed, or None.
        scored_on: the data those scores are of, in words.
        data: Markdown on what the model was trained on and under which licences; empty where nothing is said.
        recipe: of a run; empty where unknown.
    """

    name: HubName
    classes: Sequence[str]
    files: Sequence[PublishedFile]
    license: str = ""
    scores: Mapping[str, Any] | None = None
    scored_on: str = ""
    data: str = ""
    recipe: str = ""


def read_scores(path: Path) -> dict[str, Any]:
    """What `whence evaluate --json` printed into a file.

    Raises:
        WhenceError: the file is missing, or no such JSON; the message says how to make one.
    """
    try:
        if path.stat().st_size > _LARGEST_SCORES_BYTES:
            raise WhenceError(f"{shown(path)}: too large for scores")
        said = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WhenceError(f"{shown(path)}: no such file") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise WhenceError(f"{shown(path)}: no JSON ({type(error).__name__})") from None
    for protocol in ("official", "strict"):
        part = said.get(protocol) if isinstance(said, dict) else None
        if not isinstance(part, dict) or not all(_is_score(part.get(key)) for key, *_ in _METRICS):
            raise WhenceError(
                f"{shown(path)}: no scores of whence; make them with: whence evaluate REFERENCES PREDICTIONS --json"
            )
    return dict(said)


def card_text(facts: CardFacts) -> str:
    """The whole card, YAML between dashes and then Markdown."""
    parts = (_metadata(facts), _head(facts), _hears(facts), _CONVENTIONS, _CANNOT, _scores(facts), _data(facts))
    return "\n".join((*parts, _loading(facts), _files(facts)))


def _is_score(value: object) -> bool:
    """A finite number or nothing."""
    if value is None:
        return True
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _metadata(facts: CardFacts) -> str:
    """What the Hub reads: JSON text in quotes is YAML, too, so nothing a user gives can break out of its line."""
    lines = ["---", f"license: {_quoted(facts.license or 'other')}", "library_name: whence", "tags:"]
    lines += [f"- {tag}" for tag in _TAGS]
    official: Mapping[str, Any] = facts.scores["official"] if facts.scores else {}
    metrics = [(key, name, what) for key, name, what, _ in _METRICS if official.get(key) is not None]
    if metrics:
        lines += [
            "model-index:",
            f"- name: {_quoted(facts.name.repository.split('/')[1])}",
            "  results:",
            "  - task:",
            "      type: sound-event-localization-and-detection",
            "      name: stereo sound event localization and detection",
            "    dataset:",
            "      type: stereo-seld",
            f"      name: {_quoted(one_line(facts.scored_on) or _UNSAID)}",
            "    metrics:",
        ]
        for key, name, what in metrics:
            said = _quoted(f"{name}, {what}, official")
            lines += [f"    - type: {key}", f"      name: {said}", f"      value: {official[key]!r}"]
    return "\n".join((*lines, "---", ""))


def _quoted(text: str) -> str:
    """Text as a YAML value in one line."""
    return json.dumps(text, ensure_ascii=True)


def _head(facts: CardFacts) -> str:
    made = f" Recipe: `{one_line(facts.recipe)}`." if facts.recipe else ""
    return f"""# {facts.name.repository.split("/")[1]}

Tells which sounds happen in a stereo recording, when, from which direction and how far away. Made for
Whence {whence.__version__}.{made}
"""


def _hears(facts: CardFacts) -> str:
    """The classes, with the score of each where there is one."""
    rows = facts.scores.get("per_class") if facts.scores else None
    known = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    f20_of = {row["name"]: row.get("f20") for row in known if isinstance(row.get("name"), str)}
    lines = [f"## What it hears\n\n{len(facts.classes)} classes, every 100 ms, several at once:\n"]
    for index, name in enumerate(facts.classes):
        f20 = f20_of.get(name)
        lines.append(f"- {index} {_plain(name)}{'' if f20 is None or not _is_score(f20) else f' (F20 {percent(f20)})'}")
    return "\n".join(lines) + "\n"


_CONVENTIONS = """## Signs and units

- In: two channels, left first, any rate; 24 kHz inside. Left and right tell directions by their levels: two
  directional microphones at one point, or the stereo view of an ambisonic recording.
- Azimuth in degrees, 0 straight ahead, **positive to the left**, -90 to 90.
- Distance in metres; centimetres in the DCASE layout of CSV files.
- Frames of 100 ms, counted from 0.
"""

_CANNOT = """## What it cannot

- Tell front from back: two channels cannot, so sounds behind are reported as their mirror image in front.
- Tell height. A sound above or below comes out nearer to the middle than it is.
- Hear other classes than those above; what it does not know it leaves out or takes for one of these.
- Work with one channel copied twice: every direction would be a guess.
- Be trusted where a miss or a wrong direction can hurt somebody.
"""


_SCORED_BY = """
Made by `whence evaluate REFERENCES PREDICTIONS --json`, whose defaults are 20 degrees, relative distance 1 and the mean
over classes. "Official" counts as the DCASE 2025 scorer does; "strict" also counts last frames, silent clips and
missing files. Intervals are by recording."""


def _scores(facts: CardFacts) -> str:
    """Both protocols side by side, with intervals where there are any."""
    scores = facts.scores
    if scores is None:
        return "## Scores\n\nNone are stated.\n"
    lines = [f"## Scores\n\nOn: {_plain(facts.scored_on) or 'data that the publisher has not named'}.\n"]
    lines += ["| | official | 95 % interval | strict | 95 % interval |", "|---|---|---|---|---|"]
    for key, name, what, written in _METRICS:
        cells = []
        for protocol in ("official", "strict"):
            part = scores[protocol]
            intervals = part.get("intervals")
            ends = intervals.get(key) if isinstance(intervals, dict) else None
            between = "-"
            if isinstance(ends, list) and len(ends) == 2 and all(e is not None and _is_score(e) for e in ends):
                between = f"{written(ends[0])} .. {written(ends[1])}"
            cells += [written(part.get(key)), between]
        lines.append(f"| {name}, {what} | {' | '.join(cells)} |")
    lines.append(_SCORED_BY)
    return "\n".join(lines) + "\n"


def _data(facts: CardFacts) -> str:
    said = facts.data.strip() or (
        "The publisher has not said what this model was trained on, nor under which licences those sounds are."
    )
    return f"## Data and licences\n\n{said}\n\nLicence of the model: {_plain(facts.license) or _UNSAID}.\n"


def _loading(facts: CardFacts) -> str:
    name = f"{facts.name}@COMMIT"
    needed = "" if any(file.name.endswith(".onnx") for file in facts.files) else ",train"
    return f"""## How to load it

COMMIT stands for the 40 digits of a commit of this repository, so that the same model comes tomorrow.

```console
$ pip install 'whence[hub{needed}]'
$ whence detect street.wav --model {name}
```

```python
import whence
from whence.hub.fetching import hub_model

for event in whence.detect("street.wav", model=hub_model("{name}")):
    print(event)
```
"""


def _files(facts: CardFacts) -> str:
    """Names, sizes and sums, so that a copy can be checked."""
    rows = [f"| {file.name} | {file.size:,} | `{file.sha256}` |" for file in facts.files]
    return "\n".join(("## Files\n", "| file | bytes | sha256 |", "|---|---|---|", *rows)) + "\n"


def _plain(text: str) -> str:
    """Text that can be nothing but text in Markdown."""
    line = one_line(text)
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>#|!" else letter for letter in line)
