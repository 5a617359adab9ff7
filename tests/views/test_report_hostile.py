"""Hostile names of files, classes and folders: the page shows them and runs none of them."""

import re

import pytest
from report_pages import HOSTILE, Page, events, write_labels, write_sound

from whence.cli.main import main
from whence.text import shown

CLASSES = (
    "</script><script>alert(1)</script>",
    '"><img src=//evil.example/x.png>',
    "$x_1$ & _under",
    "=1+1",
    "javascript:alert(1)",
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Clips and classes with such names, every prediction wrong."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "classes.txt").write_text("\n".join(CLASSES) + "\n", encoding="utf-8")
    truth = {name: events([(frame, i % 5, 20, 2.0) for frame in range(5)]) for i, name in enumerate(HOSTILE)}
    guess = {name: events([(frame, (i + 1) % 5, 20, 2.0) for frame in range(5)]) for i, name in enumerate(HOSTILE)}
    refs, preds = write_labels(folder / "<b>refs", truth), write_labels(folder / '"preds', guess)
    (folder / "wavs").mkdir()
    for name in HOSTILE:
        write_sound(folder / "wavs" / f"{name}.wav", 0.5)
    words = ["--audio", folder / "wavs", "--classes", folder / "classes.txt", "--out", folder / "report"]
    code = main(["report", *map(str, (refs, preds, *words))])
    return folder / "report", code


def test_the_page_is_whole_and_points_only_beside_itself(hostile):
    folder, code = hostile
    assert code == 0
    page = Page((folder / "index.html").read_text("utf-8"))  # refuses unknown elements, foreign addresses, handlers
    assert page.tags.count("script") == 1
    assert page.tags.count("audio") == len(HOSTILE)
    assert all(re.fullmatch(r"#[\w-]+|clips/\d{3}\.[a-z.]+", place) for place in page.places)
    assert all((folder / place).is_file() for place in page.places if not place.startswith("#"))


def test_every_name_can_be_read_on_it(hostile):
    folder, _ = hostile
    text = Page((folder / "index.html").read_text("utf-8")).text
    for name in HOSTILE:
        assert shown(name) in text
    for name in CLASSES:
        assert name in text


def test_no_control_character_reaches_the_page_and_files_have_safe_names(hostile):
    folder, _ = hostile
    page = (folder / "index.html").read_text("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f‪-‮⁦-⁩]", page)
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    assert all(re.fullmatch(r"[\w./-]+", name) for name in names)


def test_nothing_is_loaded_from_elsewhere_and_only_the_own_script_may_run(hostile):
    folder, _ = hostile
    page = (folder / "index.html").read_text("utf-8")
    for inside in re.findall(r"<(?:style|script)>(.*?)</(?:style|script)>", page, re.DOTALL):
        assert not re.search(r"https?:|url\(|@import|fetch|import\(", inside)
    policy = re.search('http-equiv="Content-Security-Policy" content="([^"]+)"', page)[1]
    assert "default-src &#x27;none&#x27;" in policy
    assert "unsafe-eval" not in policy
    assert "script-src &#x27;sha256-" in policy


def test_names_that_are_not_unicode_are_shown_escaped(tmp_path):
    name = b"caf\xe9".decode("utf-8", "surrogateescape")
    folders = []
    for folder, azimuth in (("refs", 0), ("preds", 80)):
        try:
            folders.append(write_labels(tmp_path / folder, {name: events([(0, 0, azimuth, 1.0)])}))
        except OSError:
            pytest.skip("this file system takes only UTF-8 names")
    assert main(["report", *map(str, folders), "--out", str(tmp_path / "report")]) == 0
    assert "caf\\udce9" in Page((tmp_path / "report" / "index.html").read_text("utf-8")).text
