"""HTML and SVG built so that foreign text is always escaped: a name can never become an element."""

from __future__ import annotations

import html
import unicodedata
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
    r"""Foreign text as it shall be seen, whatever it holds.

    >>> text('<img src="x">'), text("a\x1b[31m")
    ('&lt;img src=&quot;x&quot;&gt;', 'a\\x1b[31m')
    """
    seen = str(value)
    if not seen.isprintable():
        seen = "".join(_visible(letter) for letter in seen)
    return Markup(html.escape(seen, quote=True))


def element(name: str, /, *children: Child, **attributes: object) -> Markup:
    """One element; children that are no markup are escaped, attributes always are.

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
    """Children end to end.

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


def _short(value: object) -> object:
    """Coordinates need no more than a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value


def _visible(letter: str) -> str:
    if letter in _FREE or unicodedata.category(letter) not in _HIDDEN:
        return letter
    return letter.encode("ascii", "backslashreplace").decode() if ord(letter) > 127 else f"\\x{ord(letter):02x}"
