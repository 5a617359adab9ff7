"""`whence compare` as a user types it."""

import json

from whence.cli.demo import LABELS
from whence.cli.main import main


def test_compare_says_where_it_changed(capsys):
    folders = [str(LABELS / name) for name in ("truth", "cautious", "eager")]
    assert main(["compare", *folders]) == 0
    out = capsys.readouterr().out
    f20 = next(line for line in out.splitlines() if line.split()[:1] == ["F20"])
    assert f20.rstrip().endswith("better")
    doae = next(line for line in out.splitlines() if line.split()[:1] == ["DOAE"])
    assert doae.rstrip().endswith("worse")
    assert "Better on 7 of 13 classes: bell" in out
    assert "overlap of two" in out


def test_a_system_compared_with_itself_shows_no_change(capsys):
    folders = [str(LABELS / name) for name in ("truth", "eager", "eager")]
    assert main(["compare", *folders, "--json"]) == 0
    comparison = json.loads(capsys.readouterr().out)
    assert comparison["f20"]["difference"] == 0
    assert comparison["f20"]["interval"] == [0, 0]
