"""The page: all parts in order, with their style and script inside, so that one file opens anywhere."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from whence.views.report.markup import Markup, element, join

_HERE = Path(__file__).parent


def page(title: str, introduction: list[str], parts: list[tuple[str, str, Markup]]) -> str:
    """A whole HTML document that loads nothing but the files beside it.

    Args:
        title: of the document.
        introduction: paragraphs under the title.
        parts: name of the anchor, heading, content.

    Returns:
        the text of the file.
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
        element("style", Markup(style)),
    )
    body = element(
        "body",
        element("a", "Skip to the scores", href=f"#{parts[0][0]}", class_="skip"),
        element("header", element("h1", title), *[element("p", words) for words in introduction]),
        element("nav", element("ul", *links), aria_label="parts of this page"),
        element("main", *[_part(*part) for part in parts]),
        element("footer", element("p", "Made by whence report. Everything on this page is in its folder.")),
        element("script", Markup(script)),
    )
    return join(Markup("<!DOCTYPE html>\n"), element("html", head, body, lang="en"), Markup("\n"))


def _part(anchor: str, heading: str, content: Markup) -> Markup:
    return element("section", element("h2", heading), content, id=anchor, aria_label=heading)


def _policy(script: str) -> str:
    """Only this script may run and nothing is fetched from elsewhere, whatever stands in a name."""
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return (
        "default-src 'none'; img-src 'self' file:; media-src 'self' file:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
