"""The README is run: every `$` line of its console blocks, and what it prints; its links lead somewhere."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import soundfile

from whence.apps.demo import LABELS
from whence.apps.main import main
from whence.audio import write
from whence.labels import Events, write_dcase

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def console_commands():
    """(command, lines printed under it) of every console block."""
    for block in re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL):
        for part in block.removeprefix("$ ").split("\n$ "):
            command, *printed = part.rstrip("\n").split("\n")
            yield command, printed


@pytest.fixture(scope="module")
def playground(tmp_path_factory):
    """A folder with what the README speaks of."""
    folder = tmp_path_factory.mktemp("readme")
    for name, kind in (("references", "truth"), ("predictions", "eager"), ("old", "cautious"), ("new", "eager")):
        (folder / name).symlink_to(LABELS / kind)
    (folder / "my_data").mkdir()
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        write(folder / "my_data" / f"{name}.wav", rng.normal(0, 0.1, (2, 24_000)).astype(np.float32))
        columns = {"frame": range(10), "class_index": [8] * 10, "azimuth_deg": [10] * 10, "distance_m": [2.0] * 10}
        write_dcase(folder / "my_data" / f"{name}.csv", Events.from_columns(columns))
    for name in ("bell", "music"):
        (folder / "my_sounds" / name).mkdir(parents=True)
        soundfile.write(folder / "my_sounds" / name / "a.wav", rng.normal(0, 0.1, 48_000), 24_000)
    return folder


# The commands build on one another, so they are one test.
def test_every_command_of_the_readme_does_what_it_says(playground, monkeypatch, capsys):
    monkeypatch.chdir(playground)
    monkeypatch.setenv("WHENCE_CACHE", str(playground / "cache"))
    commands = list(console_commands())
    assert len(commands) >= 6
    for command, printed in commands:
        words = shlex.split(command)
        assert words[0] == "whence"
        capsys.readouterr()
        assert main(words[1:]) == 0, command
        out = capsys.readouterr().out.splitlines()
        for expected, line in zip(printed, out, strict=False):
            if expected == "...":
                break
            assert line == expected, command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_the_readme_begins_with_the_two_commands():
    first = README.split("```")[1]
    assert re.findall(r"^make (\w+)", first, flags=re.MULTILINE) == ["demo", "test"]
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert {"demo", "test", "lint", "bench"} <= set(targets)


def test_the_python_example_runs(playground, monkeypatch, capsys):
    monkeypatch.chdir(playground)
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("0.73")
