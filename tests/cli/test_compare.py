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


def test_one_clip_has_no_interval_and_a_distance_of_0_is_said(tmp_path, capsys):
    text = "frame,class,source,azimuth,distance,onscreen\n0,8,0,10,0,0\n1,8,0,10,100,0\n2,8,0,10,100,0\n"
    for side in ("truth", "old", "new"):
        (tmp_path / side).mkdir()
        (tmp_path / side / "a.csv").write_text(text)
    assert main(["compare", *(str(tmp_path / side) for side in ("truth", "old", "new"))]) == 0
    out = capsys.readouterr().out
    f20 = next(line for line in out.splitlines() if line.split()[:1] == ["F20"])
    assert f20.split()[-1] == "-"
    assert "+-" not in out
    assert ".. " not in out
    assert "1 reference at distance 0: the official RDE divides by it" in out


def test_evaluate_warns_of_a_distance_of_0_beside_json(tmp_path, capsys):
    (tmp_path / "truth.csv").write_text("frame,class,source,azimuth,distance,onscreen\n0,8,0,10,0,0\n1,8,0,10,100,0\n")
    (tmp_path / "guess.csv").write_text("frame,class,source,azimuth,distance,onscreen\n0,8,0,10,9,0\n1,8,0,10,150,0\n")
    assert main(["evaluate", str(tmp_path / "truth.csv"), str(tmp_path / "guess.csv"), "--json"]) == 0
    out, err = capsys.readouterr()
    scores = json.loads(out)
    assert scores["official"]["rde"] > 1e16
    assert abs(scores["strict"]["rde"] - 0.5) < 1e-9
    assert "warning: 1 reference at distance 0" in err
