"""The folder of a report: the page, its scores as JSON, and the files of the worst clips."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from whence.files import written_whole
from whence.text import counted, shown
from whence.views.palette import COLOURS
from whence.views.report.clips import clip_section
from whence.views.report.error_profiles import calibration_section, confusion_section, error_section
from whence.views.report.folder import MARK
from whence.views.report.markup import Markup, element, join
from whence.views.report.scores import class_section, score_section

if TYPE_CHECKING:
    from whence.audio import Channels, Microphones
    from whence.labels import ClipEvents
    from whence.metrics import Evaluation
    from whence.views.report.clips import WorstClip

_HERE = Path(__file__).parent


def write_report(
    folder: Path,
    sources: tuple[Path, Path],
    evaluation: Evaluation,
    labels: tuple[ClipEvents, ClipEvents],
    why_no_calibration: str,
    worst: list[WorstClip],
    sounds: dict[str, Path] | None,
    progress: Callable[[int], None],
    microphones: Microphones | None = None,
    channels: Channels | None = None,
) -> list[str]:
    """Write all files of a report.

    Args:
        folder: empty; files are named by the rank of a clip, never by its name.
        sources: paths of references and predictions, for the head of the page.
        evaluation: of them.
        labels: references and predictions.
        why_no_calibration: a sentence where the scores of predictions mean nothing; else empty.
        worst: the clips to show, the worst first.
        sounds: sound files of clips; None for a report without sounds.
        progress: called with the number of clips that are done.
        microphones: what the sounds were recorded with; None where that is not known.
        channels: which channels of the sounds are used; None for those there are.

    Returns:
        a sentence for each sound that could not be used.

    Raises:
        OSError: when the disk refuses.
    """
    references, predictions = labels
    (folder / "clips").mkdir()
    sections: list[Markup] = []
    failures: list[str] = []
    for rank, clip in enumerate(worst, start=1):
        sound = sounds.get(clip.name) if sounds is not None else None
        is_predicted = evaluation.pairing.has_prediction[clip.clip]
        both = (references[clip.name], predictions[clip.name] if is_predicted else None)
        section, failure = clip_section(rank, clip, both, sound, folder, evaluation.classes, microphones, channels)
        if sounds is not None and sound is None:
            failure = f"{shown(clip.name)}: no sound of this name in the folder of sounds"
        sections.append(section)
        failures += [failure] if failure else []
        progress(rank)
    parts = [
        ("scores", "Scores", score_section(evaluation)),
        ("classes", "Classes", class_section(evaluation)),
        ("confusion", "Confusion", confusion_section(evaluation)),
        ("errors", "Errors by position", error_section(evaluation)),
        ("calibration", "Calibration", calibration_section(evaluation, *labels, why_no_calibration)),
        ("worst", "The worst clips", join(_about_worst(len(worst), sounds is not None), *sections)),
    ]
    scores = {"whence_report": 1, **evaluation.as_json()}
    introduction = _introduction(sources, evaluation)
    if microphones is not None:
        scores["microphones"] = microphones.name
        introduction += f" Recorded with {shown(microphones.text())}."
    _write_text(folder / MARK, json.dumps(scores, indent=2, allow_nan=False) + "\n")
    _write_text(folder / "index.html", page("Where the mistakes are", introduction, parts))
    return failures


def _write_text(path: Path, text: str) -> None:
    """One text file, on the disk when this returns."""
    with written_whole(path) as file:
        file.write(text.encode("utf-8"))


def _introduction(sources: tuple[Path, Path], evaluation: Evaluation) -> str:
    """What was compared."""
    references, predictions = (shown(path.name or path) for path in sources)
    clips = counted(len(evaluation.pairing.clip_names), "clip")
    recordings = counted(len(evaluation.recordings.names), "recording")
    of = f" of {recordings}" if evaluation.recordings.unit == "recording" else ""
    return f"Predictions in {predictions} against references in {references}: {clips}{of}."


def _about_worst(count: int, with_sound: bool) -> Markup:
    """How clips are ranked and how to read their figures."""
    if not count:
        return element("p", "No clip has a mistake, or none was asked for.")
    how = (
        "Ranked by mistakes, counted in tenths of a second and sources under the strict protocol: missed references, "
        "false alarms, misplaced pairs. Broad pale bands with hollow markers are the reference, thin lines with filled "
        "markers the prediction; the bars below count the mistakes of each moment."
    )
    click = " A click on a figure plays from there." if with_sound else ""
    return element("p", f"{how}{click}")


def page(title: str, introduction: str, parts: list[tuple[str, str, Markup]]) -> str:
    """Return a whole HTML document, with style and script inside, that loads nothing but the files beside it.

    Each part has an anchor, a heading and its content.
    """
    style, script = ((_HERE / name).read_text(encoding="utf-8") for name in ("style.css", "player.js"))
    links = [element("li", element("a", heading, href=f"#{anchor}")) for anchor, heading, _ in parts]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(script)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="generator", content="whence report"),
        element("title", title),
        element("style", Markup(palette_css() + style)),
    )
    body = element(
        "body",
        element("a", "Skip to the scores", href=f"#{parts[0][0]}", class_="skip"),
        element("header", element("h1", title), element("p", introduction)),
        element("nav", element("ul", *links), aria_label="parts of this page"),
        element(
            "main",
            *[
                element("section", element("h2", heading), content, id=anchor, aria_label=heading)
                for anchor, heading, content in parts
            ],
        ),
        element("footer", element("p", "Made by whence report. Everything on this page is in its folder.")),
        element("script", Markup(script)),
    )
    return join(Markup("<!DOCTYPE html>\n"), element("html", head, body, lang="en"), Markup("\n"))


def palette_css() -> str:
    """Return the colours of classes as CSS: variables for both themes and for print, and a rule for each colour."""
    light, dark = (
        "".join(f" --c{index}: {getattr(colour, theme)};" for index, colour in enumerate(COLOURS))
        for theme in ("light", "dark")
    )
    rules = "".join(f".c{index} {{ color: var(--c{index}); }}\n" for index in range(len(COLOURS)))
    dark_only = "@media screen and (prefers-color-scheme: dark)"
    return f":root {{{light} }}\n{dark_only} {{ :root {{{dark} }} }}\n{rules}"


def _policy(script: str) -> str:
    """Only this script may run and nothing is fetched from elsewhere, whatever a name contains."""
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return (
        "default-src 'none'; img-src 'self' file:; media-src 'self' file:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
