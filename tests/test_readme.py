"""The README's frame: its first two commands, and its example in Python. Its blocks are run by test_docs.py."""

import re
from pathlib import Path

from whence.cli.demo import LABELS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_begins_with_the_two_commands():
    first = README.split("```")[1]
    assert re.findall(r"^make (\w+)", first, flags=re.MULTILINE) == ["demo", "test"]
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert {"demo", "test", "lint", "bench"} <= set(targets)


def test_the_python_example_prints_the_score_that_evaluate_prints(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "references").symlink_to(LABELS / "truth")
    (tmp_path / "predictions").symlink_to(LABELS / "eager")
    code = next(code for code in re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL) if "evaluate" in code)
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("0.73")
