"""What the core may weigh: which modules are imported, and how many bytes are installed; never a clock."""

import importlib.metadata
import re
import subprocess
import sys

import pytest
from packaging.requirements import Requirement

# Importing any of these costs tenths of a second and more.
SLOW = {
    "numpy",
    "scipy",
    "torch",
    "soundfile",
    "soxr",
    "tqdm",
    "pyroomacoustics",
    "matplotlib",
    "av",
    "pooch",
    "rich",
    "logging.config",
}
CORE_LIMIT_BYTES = 350e6


def modules_after(*words: str) -> set[str]:
    """The top-level modules a process has imported when it ends."""
    code = f"import sys; sys.argv = ['whence', *{list(words)!r}]; from whence.cli.main import main; main(); " + (
        "sys.stderr.write('\\n' + ' '.join(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.rsplit("\n", 1)[1].split())


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["evalute"], ["evaluate", "--help"], ["check", "--help"]])
def test_help_imports_nothing_slow(words):
    assert modules_after(*words) & SLOW == set()


@pytest.mark.parametrize("room", ["whence", "whence.labels", "whence.metrics", "whence.audio", "whence.corpora"])
def test_the_rooms_of_the_core_do_not_import_torch(room):
    code = f"import {room}, sys; sys.exit('torch' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_scoring_runs_without_torch():
    assert "torch" not in modules_after("demo")


def requirements_of(name: str, extra: str = "") -> set[str]:
    """The distributions that a distribution needs here, with one of its extras."""
    found = set()
    for text in importlib.metadata.requires(name) or []:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            found.add(re.sub(r"[-_.]+", "-", requirement.name).lower())
    return found


def test_the_core_weighs_less_than_350_mb():
    """The installed files of everything `pip install whence` brings."""
    waiting, brought = requirements_of("whence"), set()
    while waiting:
        name = waiting.pop()
        brought.add(name)
        waiting |= requirements_of(name) - brought
    assert {"numpy", "scipy", "soundfile", "soxr"} <= brought
    assert "torch" not in brought
    files = (file for name in brought for file in importlib.metadata.distribution(name).files or [])
    installed = sum(path.stat().st_size for path in (file.locate() for file in files) if path.is_file())
    assert 50e6 < installed < CORE_LIMIT_BYTES
