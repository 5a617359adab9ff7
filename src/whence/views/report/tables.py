"""HTML tables that screen readers and the keyboard can walk through."""

from __future__ import annotations

from collections.abc import Sequence

from whence.views.report.markup import Child, Markup, element


def table(caption: str, heading: Sequence[Child], rows: Sequence[Sequence[Child]]) -> Markup:
    r"""A table whose first column names its rows.

    Args:
        caption: what the table is about; read aloud, and shown above.
        heading: one cell a column.
        rows: as long as the heading.

    Returns:
        the table in a frame that scrolls sideways on a narrow screen, with the keyboard too.

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
    """What is wider than the page scrolls by itself, not the page."""
    return element("div", content, class_="wide", role="region", tabindex=0, aria_label=label)


def chart(title: str, picture: Markup) -> Markup:
    """A chart in its frame; on a narrow screen it keeps its size and scrolls.

    It is no stop for the tab key: on a wide screen nothing scrolls, and where something does browsers add the stop.
    """
    return element("figure", element("div", picture, class_="wide", role="group", aria_label=title), class_="chart")


def numbers(
    caption: str, heading: Sequence[Child], rows: Sequence[Sequence[Child]], summary: str = "The numbers"
) -> Markup:
    """The table behind a chart, folded away."""
    return element("details", element("summary", summary), table(caption, heading, rows))
