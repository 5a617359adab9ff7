"""What the site adds to Sphinx, so that every page stays plain Markdown that code hosts show as it is.

Lists of links become the menu, links to modules in docs/reference become what their docstrings say, links to other
files become pages that show them, and docstrings, which are written for people, become markup.
"""

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.highlighting import PygmentsBridge

ROOT = Path(__file__).parents[1]
LANGUAGES = {".py": "python", ".md": "markdown"}

# Pages whose links to pages beside or below them are the menu.
LISTS = ("index", "reference/index", "transforms/index")

_MODULE = re.compile(r"^- \[(whence[\w.]*)\]\(\S+\.py\).*$", re.MULTILINE)

_PAGE_ABOVE = re.compile(r"\]\(((?:\.\./)+[^)#:]+\.md)\)")

# A default without a form in code, and NumPy's aliases as Python spells them out.
_NAMELESS = re.compile(r"= <(?:[^<>]|<[^<>]*>)*>")
_ARRAY = re.compile(
    r"~numpy\.ndarray\[tuple\[~typing\.Any, \.\.\.\], ~numpy\.dtype\[((?:[^\[\]]|\[[^\]]*\])*)\]\]",
)
_ARRAY_LIKE = re.compile(r"\S*_Buffer \| .*?NestedSequence\[complex \| bytes \| str\]")


def read_source(app: Sphinx, name: str, source: list[str]) -> None:
    """Add to a page's Markdown what only the site can do with it."""
    folder = (Path(app.srcdir) / name).parent
    source[0] = _PAGE_ABOVE.sub(lambda found: above(found[1], folder, Path(app.srcdir)), source[0])
    if name in LISTS:
        source[0] += "".join(menus(source[0]))
    if name.startswith("reference/"):
        source[0] = _MODULE.sub(lambda found: module_markup(found[1]), source[0])


def above(link: str, folder: Path, pages: Path) -> str:
    """A link to Markdown outside the pages is one to a file; left alone, Sphinx would look for a page of that name.

    >>> above("../README.md", Path("/a/docs"), Path("/a/docs")), above("../b.md", Path("/a/docs/c"), Path("/a/docs"))
    ('](path:../README.md)', '](../b.md)')
    """
    outside = not (folder / link).resolve().is_relative_to(pages.resolve())
    return f"](path:{link})" if outside else f"]({link})"


def menus(text: str) -> Iterator[str]:
    r"""A hidden table of contents for each section of a list of links.

    >>> print(*menus("# All\n\n## Begin\n\n- [First](a.md): it\n- [Up](../b.md)"))
    <BLANKLINE>
    ```{toctree}
    :hidden:
    :caption: Begin
    <BLANKLINE>
    a
    ```
    <BLANKLINE>
    """
    for section in re.split(r"^## ", text, flags=re.MULTILINE):
        caption = section.partition("\n")[0]
        pages = re.findall(r"\]\((?!\.\.|\w+:)([^)#]+)\.md\)", section)
        if pages:
            option = "" if caption.startswith("#") else f":caption: {caption}\n"
            yield "\n".join(["\n```{toctree}", f":hidden:\n{option}", *dict.fromkeys(pages), "```\n"])


def module_markup(name: str) -> str:
    """Heading and directives for one module: its public names, or all it defines where it lists none."""
    module = importlib.import_module(name)
    lines = [f".. automodule:: {name}"]
    parent, _, last = name.rpartition(".")
    # A function named like its module, `whence.metrics.confusion`, has the one entry of that name.
    lines += ["   :no-index:"] * (not inspect.ismodule(getattr(importlib.import_module(parent or name), last, module)))
    if hasattr(module, "__all__"):
        lines.append("   :no-members:")
        for public in (word for word in module.__all__ if not word.startswith("__")):
            thing = getattr(module, public)
            kind = "class" if inspect.isclass(thing) else "function" if inspect.isroutine(thing) else "data"
            plain = isinstance(thing, int | float | str)
            lines += ["", f".. auto{kind}:: {name}.{public}"] + ["   :no-value:"] * (kind == "data" and not plain)
            # A class that a package lists too has its entry there.
            lines += ["   :no-index:"] * (name == "whence" and kind == "class" and _listed_by_its_package(thing))
    # A room on a page of its own has that page's heading.
    heading = [f"### {name}", ""] if name.count(".") > 1 else []
    return "\n".join([*heading, "```{eval-rst}", *lines, "```", ""])


def _listed_by_its_package(thing: type) -> bool:
    """Whether the reference has a page of the package whose module defines a class, not of that module."""
    package = thing.__module__.split(".")[1]
    return f"[whence.{package}](" in (ROOT / "docs" / "reference" / f"{package}.md").read_text(encoding="utf-8")


def link_to_source_pages(app: Sphinx, doctree: nodes.document) -> None:
    """Point links at files outside docs/ to a page that shows them; by default they would be downloads."""
    for link in list(doctree.findall(addnodes.download_reference)):
        file = (Path(app.srcdir) / app.env.docname).parent.joinpath(link["reftarget"])
        file = (file if file.exists() else Path(app.srcdir) / link["reftarget"].lstrip("/")).resolve()
        if file.suffix not in LANGUAGES or not file.is_relative_to(ROOT):
            continue
        name = f"source/{file.relative_to(ROOT).as_posix()}"
        shown_files(app)[name] = str(file)
        to = app.builder.get_relative_uri(app.env.docname, name)
        link.replace_self(nodes.reference("", "", *link.children, refuri=to, internal=True))


def shown_files(app: Sphinx) -> dict[str, str]:
    """Page names and paths of the files that have pages of their own; kept between builds."""
    if not hasattr(app.env, "whence_shown_files"):
        app.env.whence_shown_files = {}
    shown: dict[str, str] = app.env.whence_shown_files
    return shown


def source_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """(name, what the page holds, template) for each file that a page links to."""
    painter = PygmentsBridge("html", app.config.pygments_style or "default")
    for name, path in sorted(shown_files(app).items()):
        file = Path(path)
        if not file.exists():  # linked by an earlier build
            continue
        text = painter.highlight_block(file.read_text(encoding="utf-8"), LANGUAGES[file.suffix], force=True)
        title = name.removeprefix("source/")
        yield name, {"title": title, "body": f"<h1>{title}</h1>{text}"}, "page.html"


def process_docstring(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Turn a docstring's lines, in place, into what Sphinx reads."""
    # The docstring of a constant is that of its type.
    lines[:] = [] if what == "data" else [as_markup(line) for line in lines]


def as_markup(line: str) -> str:
    r"""One line of a docstring: single backticks are code, and nothing else in it is markup.

    >>> print(as_markup("whole `Event`s, |a - b| at most, *args"))
    whole ``Event``\ s, \|a - b\| at most, \*args
    """
    if line.lstrip().startswith((">>>", "...")):
        return line
    parts = re.split(r"(?<!`)`([^`]+)`(?!`)", line)
    for place, part in enumerate(parts):
        if place % 2:
            parts[place] = f"``{part}``"
        else:
            escaped = re.sub(r"[|*]|(?<=\w)_(?!\w)", lambda found: f"\\{found[0]}", part)
            parts[place] = f"\\ {escaped}" if place and part[:1].isalnum() else escaped
    return "".join(parts)


def process_signature(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Say arrays as the code does: `NDArray[float32]`."""
    return as_in_code(signature), as_in_code(returns)


def as_in_code(text: str | None) -> str | None:
    """A signature with the short names of arrays, and `...` for a default that has no form in code.

    >>> as_in_code("(x: ~numpy.ndarray[tuple[~typing.Any, ...], ~numpy.dtype[~numpy.float32]])")
    '(x: ~numpy.typing.NDArray[~numpy.float32])'
    """
    if text is None:
        return None
    text = _ARRAY_LIKE.sub("~numpy.typing.ArrayLike", _NAMELESS.sub("= ...", text))
    return _ARRAY.sub(r"~numpy.typing.NDArray[\1]", text)


def setup(app: Sphinx) -> dict[str, Any]:
    """Join the build."""
    app.connect("source-read", read_source)
    app.connect("doctree-read", link_to_source_pages, priority=100)  # before downloads are collected
    app.connect("html-collect-pages", source_pages)
    app.connect("autodoc-process-docstring", process_docstring, priority=100)  # before napoleon
    app.connect("autodoc-process-signature", process_signature)
    return {"parallel_read_safe": False}
