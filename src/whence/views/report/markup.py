"""HTML and SVG built so that foreign text is always escaped: a name never becomes an element."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Sequence
from typing import TypeAlias

# Elements without an end tag in HTML.
_VOID = frozenset({"meta", "br", "hr", "img", "link", "source"})
# Control characters, lone surrogates and marks that turn the direction of reading; a page shows them as escapes.
_HIDDEN = {"Cc", "Cs", "Cf"}
_FREE = {"\n", "\t"}


class Markup(str):
    """Text that is HTML already; everything else is escaped when it enters an element."""

    __slots__ = ()


Child: TypeAlias = "str | int | Markup | list[Child] | list[Markup] | list[str] | None"


def text(value: object) -> Markup:
    r"""Escape foreign text, whatever it holds.

    >>> text('<img src="x">'), text("a\x1b[31m")
    ('&lt;img src=&quot;x&quot;&gt;', 'a\\x1b[31m')
    """
    seen = str(value)
    if not seen.isprintable():
        seen = "".join(_visible(letter) for letter in seen)
    return Markup(html.escape(seen, quote=True))


def element(name: str, /, *children: Child, **attributes: object) -> Markup:
    """Return one element; children other than markup are escaped, attributes always are.

    Args:
        name: of the element.
        children: text, markup, lists of them; None is left out.
        attributes: a trailing underscore is dropped (`class_`), others become hyphens (`stroke_width`); None and False
            leave the attribute out, True gives it without a value.

    >>> element("p", "a < b", class_="note", hidden=None)
    '<p class="note">a &lt; b</p>'
    """
    words = [name]
    for key, value in attributes.items():
        shown = key.rstrip("_").replace("_", "-") if key != "viewBox" else key
        if value is True:
            words.append(shown)
        elif value is not None and value is not False:
            words.append(f'{shown}="{text(_short(value))}"')
    opening = f"<{' '.join(words)}>"
    return Markup(opening if name in _VOID else f"{opening}{join(*children)}</{name}>")


def join(*children: Child) -> Markup:
    """Join children end to end.

    >>> join("a & b", element("br"), ["c"])
    'a &amp; b<br>c'
    """
    parts: list[str] = []
    for child in children:
        if isinstance(child, list):
            parts.append(join(*child))
        elif child is not None:
            parts.append(child if isinstance(child, Markup) else text(child))
    return Markup("".join(parts))


def table(caption: str, heading: Sequence[Child], rows: Sequence[Sequence[Child]]) -> Markup:
    r"""Return a table whose first column names its rows, in a frame that scrolls on a narrow screen.

    >>> "<th scope=\"row\">bell</th><td>3</td>" in table("counts", ["class", "n"], [["bell", 3]])
    True
    """
    head = element("tr", *[element("th", cell, scope="col") for cell in heading])
    body = [
        element("tr", element("th", row[0], scope="row"), *[element("td", cell) for cell in row[1:]]) for row in rows
    ]
    whole = element("table", element("caption", caption), element("thead", head), element("tbody", *body))
    return scrollable(caption, whole)


def scrollable(label: str, content: Markup) -> Markup:
    """Wrap content that may be wider than the page, so that it scrolls by itself."""
    return element("div", content, class_="wide", role="region", tabindex=0, aria_label=label)


def chart(title: str, picture: Markup) -> Markup:
    """Return a chart in its frame; on a narrow screen it keeps its size and scrolls.

    The frame is not in the tab order: browsers add it where it scrolls.
    """
    return element("figure", element("div", picture, class_="wide", role="group", aria_label=title), class_="chart")


def numbers(
    caption: str, heading: Sequence[Child], rows: Sequence[Sequence[Child]], summary: str = "The numbers"
) -> Markup:
    """Return the table behind a chart, folded away."""
    return element("details", element("summary", summary), table(caption, heading, rows))


def _short(value: object) -> object:
    """Coordinates need no more than a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value


def _visible(letter: str) -> str:
    if letter in _FREE or unicodedata.category(letter) not in _HIDDEN:
        return letter
    return letter.encode("ascii", "backslashreplace").decode() if ord(letter) > 127 else f"\\x{ord(letter):02x}"
