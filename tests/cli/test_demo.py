"""`whence demo` as a user types it."""

import soundfile

from whence.cli.demo import paired, summary
from whence.cli.main import main
from whence.labels import Detection


def test_the_demo_says_first_how_many_sounds_it_found_and_leaves_sounds_and_a_page(capsys, tmp_path):
    assert main(["demo", "--out", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith("found 8 of 9 sounds, ")
    assert "missed" in out
    assert "whence detect your.wav" in out
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["busy.csv", "busy.flac", "busy.png", "calm.csv", "calm.flac", "calm.png", "report"]
    assert soundfile.info(tmp_path / "calm.flac").duration == 8.0
    assert (tmp_path / "report" / "index.html").read_text().count("<audio") == 2
    # A second run replaces what the first one left.
    assert main(["demo", "--out", str(tmp_path)]) == 0


def detection(name: str, onset_s: float, offset_s: float, azimuth_deg: float = 0.0) -> Detection:
    """A detection at one metre; classes are numbered by their first letter."""
    return Detection(name, onset_s, offset_s, azimuth_deg, 1.0, 1.0, ord(name[0]), 0)


def test_sounds_are_paired_with_those_of_their_class_that_last_longest_together():
    first, second = detection("bell", 0.0, 1.0, 10), detection("bell", 1.0, 4.0, 20)
    long, short = detection("bell", 0.8, 4.0, 21), detection("bell", 0.0, 0.3, 12)
    wrong = detection("knock", 0.0, 1.0)
    pairs = paired([first, second], [long, short, wrong])
    assert [pair for pair in pairs if None not in pair] == [(first, short), (second, long)]
    assert (None, wrong) in pairs
    assert summary(pairs) == "found 2 of 2 sounds, 2° and 0.0 m off on average, and 1 sound that was not there"


def test_nothing_found_is_said():
    assert summary(paired([detection("bell", 0.0, 1.0)], [])) == "found 0 of 1 sounds"
