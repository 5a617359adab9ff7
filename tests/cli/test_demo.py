"""`whence demo` as a user types it."""

from whence.cli.main import main


def test_the_demo_detects_events_in_scenes_writes_and_scores_them(capsys, tmp_path):
    assert main(["demo", "--out", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "and what whence_small detects" in out
    assert "95 % interval" in out
    assert "whence detect your.wav" in out
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["busy.csv", "busy.png", "calm.csv", "calm.png"]
