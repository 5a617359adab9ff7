"""The pages are true: what they tell a reader to run runs, what they link to is there, the site builds from them."""

import doctest
import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import docs_playground
from docs_playground import ROOT, Step, check_printed, make_playground, run_steps, steps_of
from whence.models import MODELS

DOCS = ROOT / "docs"


def docs_files(ending: str) -> set[Path]:
    """Files of docs/, but not of a site that was built there."""
    return {path for path in DOCS.rglob(f"*{ending}") if "_build" not in path.relative_to(DOCS).parts}


PAGES = sorted([*ROOT.glob("*.md"), *docs_files(".md")])
NAMES = {page: page.relative_to(ROOT).as_posix() for page in PAGES}

# Its names are sounds and rooms that it does not make; test_scene_docs.py runs it.
ELSEWHERE = {"docs/scenes-in-detail.md"}
RUN = [page for page in PAGES if NAMES[page] not in ELSEWHERE and steps_of(page.read_text(encoding="utf-8"))]

# A link or picture in Markdown: [text](target#heading).
LINK = re.compile(r"\]\(([^)\s]*)\)")


def script(name: str) -> ModuleType:
    """A program of docs/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


site_parts = script("site_parts")


def text_of(page: Path) -> str:
    """A page without its fenced blocks, in which brackets are not links."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def links_of(page: Path) -> list[tuple[Path, str]]:
    """(file, heading) of every link and picture that stays in the repository; the heading is empty where not said."""
    found = []
    for target in LINK.findall(text_of(page)):
        if not re.match(r"\w+:", target):
            path, _, heading = target.partition("#")
            found.append(((page.parent / path).resolve() if path else page, heading))
    return found


def headings_of(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    titles = re.findall(r"^#+ (.*)$", text_of(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHENCE_CACHE", str(tmp_path_factory.mktemp("cache")))
        make_playground(folder)
    return folder


@pytest.mark.parametrize("page", RUN, ids=NAMES.get)
def test_everything_a_page_tells_the_reader_to_run_does_what_it_says(page, prepared, tmp_path, monkeypatch):
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WHENCE_CACHE", str(tmp_path / "cache"))
    run_steps(steps_of(page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", PAGES, ids=NAMES.get)
def test_no_command_hides_in_a_block_that_is_not_run(page):
    blocks = re.findall(r"^```(.*?)\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for kind, block in blocks:
        assert kind == "console" or not re.search(r"^\$ ", block, flags=re.MULTILINE), block


@pytest.mark.parametrize("page", PAGES, ids=NAMES.get)
def test_links_and_pictures_lead_to_files_and_headings(page):
    for target, heading in links_of(page):
        assert target.exists(), target
        assert target.is_relative_to(ROOT), target
        if heading:
            assert heading in headings_of(target), f"{target}#{heading}"


def test_every_page_is_reached_from_the_front_page():
    reached, waiting = set(), [DOCS / "index.md"]
    while waiting:
        page = waiting.pop()
        if page.suffix == ".md" and page.is_relative_to(DOCS) and page not in reached:
            reached.add(page)
            waiting += [target for target, _ in links_of(page)]
    assert reached == docs_files(".md")


def test_every_page_is_once_in_the_menu():
    menu = []
    for name in site_parts.LISTS:
        folder = (DOCS / name).parent
        text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
        blocks = re.findall(r"```{toctree}\n(.*?)```", "".join(site_parts.menus(text)), flags=re.DOTALL)
        pages = [line for block in blocks for line in block.splitlines() if line and not line.startswith(":")]
        menu += [(folder / f"{page}.md").relative_to(DOCS).as_posix() for page in pages]
    pages = {page.relative_to(DOCS).as_posix() for page in docs_files(".md")} - {"index.md"}
    assert sorted(menu) == sorted(pages)


def test_every_picture_is_shown_and_made_by_a_script():
    shown = {target for page in PAGES for target, _ in links_of(page)}
    assert docs_files(".png") <= shown
    scripts = "".join(path.read_text(encoding="utf-8") for path in DOCS.glob("make_*.py"))
    assert {path.name for path in DOCS.glob("*.png") if path.name not in scripts} == set()


def test_every_room_and_network_has_a_reference_page():
    rooms = {path.parent.name for path in (ROOT / "src/whence").glob("*/__init__.py")}
    rooms -= {"views", "live", "web", "hub", "challenge", "cli"}  # reached by commands, which have pages of their own
    assert {path.stem for path in (DOCS / "reference").glob("*.md")} == rooms | {"index", "whence"}
    networks = (DOCS / "reference" / "models.md").read_text(encoding="utf-8")
    assert [name for name in MODELS if f"[whence.models.{name}]" not in networks] == []


def test_every_module_of_the_reference_is_named_once_and_lies_where_the_link_says():
    entries = re.findall(r"^- \[(whence[\w.]*)\]\((\S+\.py)\)$", reference_text(), flags=re.MULTILINE)
    assert len(entries) > 60
    assert len({name for name, _ in entries}) == len(entries)
    for name, link in entries:
        path = f"../../src/{name.replace('.', '/')}"
        assert link in (f"{path}.py", f"{path}/__init__.py")


def reference_text() -> str:
    """All reference pages, one after the other."""
    return "\n".join(page.read_text(encoding="utf-8") for page in sorted((DOCS / "reference").glob("*.md")))


def test_the_site_builds_without_a_warning_and_documents_every_public_name(tmp_path):
    built = tmp_path / "html"
    # The plain theme: drawing the menu of the other one takes a third of the time and is not what this test is about.
    theme = ["-D", "html_theme=basic"]
    words = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "--keep-going",
        "-q",
        "-b",
        "html",
        *theme,
        "-d",
        str(tmp_path / "trees"),
    ]
    # A proxy that is not there: whoever asks the network fails.
    environment = {**os.environ, "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    done = subprocess.run([*words, str(DOCS), str(built)], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for room in ("audio", "labels", "metrics", "corpora"):
        page = (built / "reference" / f"{room}.html").read_text(encoding="utf-8")
        names = importlib.import_module(f"whence.{room}").__all__
        assert [name for name in names if f'id="whence.{room}.{name}"' not in page] == []
    assert "def read_dcase" in re.sub(r"<.*?>", "", (built / "source/src/whence/labels/dcase.py.html").read_text())


def test_the_examples_in_the_tools_of_the_pages_hold():
    for module in (site_parts, docs_playground, script("make_pair_picture")):
        results = doctest.testmod(module)
        assert results.attempted > 0
        assert results.failed == 0


@pytest.mark.parametrize(
    ("shown", "printed", "fine"),
    [
        ((), ["anything"], True),
        (("a", "b"), ["a", "b"], True),
        (("a", "..."), ["a", "b", "c"], True),
        (("F20  ... %",), ["F20  12.5 %"], True),
        (("a",), ["a", "b"], False),
        (("a", "b"), ["a"], False),
        (("a.c",), ["abc"], False),
    ],
)
def test_what_a_page_shows_is_compared_line_by_line(shown, printed, fine):
    step = Step("console", 1, "whence x", shown)
    if fine:
        check_printed(step, printed)
    else:
        with pytest.raises(AssertionError, match="whence x"):
            check_printed(step, printed)


def test_a_command_that_fails_is_named_with_its_line(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AssertionError, match="line 4: whence evaluate nowhere nowhere"):
        run_steps(steps_of("# A\n\n```console\n$ whence evaluate nowhere nowhere\n```\n"))
