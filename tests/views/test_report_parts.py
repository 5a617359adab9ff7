"""The parts of a page: markup that escapes, charts in their frames, ranking, sounds of clips."""

import re
import zlib

import numpy as np
import pytest
from report_pages import Page, events, write_sound

from whence.errors import WhenceError
from whence.labels import ClipEvents, Events
from whence.metrics import IntervalSettings, Profile, evaluate
from whence.views import level_colours, styles_of
from whence.views.report import find_sounds, worst_clips
from whence.views.report.charts import Scale, bars, profile_chart, ticks, whiskers
from whence.views.report.markup import Markup, element, join, text
from whence.views.report.sounds import png, write_sound as write_clip_sound
from whence.views.report.timeline import timeline


@pytest.mark.parametrize("foreign", ["<b>", "a & b", "'\"", "]]>", "<!--", "\x1b[0m", "a\x00b", "\ud800", "‮"])
def test_foreign_text_comes_out_as_text(foreign):
    page = Page(element("p", foreign, title=foreign))
    assert page.tags == ["p"]
    assert page.text.isprintable()


def test_what_is_markup_stays_and_is_not_escaped_twice():
    assert element("p", element("span", "a & b"), Markup("<br>")) == "<p><span>a &amp; b</span><br></p>"
    assert text(text("a & b")) == "a &amp;amp; b"  # text() takes foreign words only
    assert join(["x", ["y"]], None, 3) == "xy3"


def test_attributes_can_be_left_out_and_stand_alone():
    assert (
        element("audio", controls=True, hidden=False, src=None, class_="a b") == '<audio controls class="a b"></audio>'
    )


def test_ticks_are_round_lie_within_and_are_never_many():
    rng = np.random.default_rng(3)
    for _ in range(300):
        low, high = np.sort(rng.normal(0, 10 ** rng.uniform(-2, 4), 2)).tolist()
        found = ticks(low, high)
        assert 1 <= len(found) <= 7
        assert all(low - 1e-6 <= tick <= high + 1e-6 for tick in found)
    assert ticks(2.0, 2.0) == [2.0]


def test_a_scale_goes_through_both_ends_either_way():
    down = Scale(-90.0, 90.0, 200.0, 0.0)
    assert (down(-90), down(0), down(90)) == (200.0, 100.0, 0.0)
    assert Scale(1.0, 1.0, 0.0, 10.0)(1.0) == 0.0


def test_charts_take_missing_values():
    drawn = bars("b", "d", [("bell", None, "absent"), ("door", float("nan"), "-"), ("knock", 0.5, "50 %")], 1.0)
    assert drawn.count("<rect") == 1
    drawn = whiskers("w", "d", [("a", 0.5, float("nan"), float("nan"), "50 %"), ("b", float("nan"), 0.1, 0.2, "-")])
    assert drawn.count("<circle") == 1
    assert not re.search(r"\bnan\b", drawn)
    one = Profile(np.array([5.0]), np.array([np.inf]), np.array([12]), np.array([[0.0, 0.0, 0.0]]))
    drawn = profile_chart("p", "d", one, "m", "m", leftwards=False)
    assert not re.search(r"\b(nan|inf)\b", drawn)


def test_a_png_holds_its_image():
    image = np.random.default_rng(1).integers(0, 256, (5, 7), dtype=np.uint8)
    data = png(image, level_colours())
    start = data.index(b"IDAT") + 4
    rows = np.frombuffer(zlib.decompressobj().decompress(data[start:]), np.uint8).reshape(5, 8)
    assert (rows[:, 0] == 0).all()
    np.testing.assert_array_equal(rows[:, 1:], image)


def random_clips(seed, clips=8):
    """References and predictions that partly agree."""
    rng = np.random.default_rng([seed])
    sides = []
    for shift in (0.0, 15.0):
        tables = {}
        for clip in range(clips):
            rows = int(rng.integers(0, 30))
            tables[f"clip{clip}"] = Events.from_columns(
                {
                    "frame": rng.integers(0, 20, rows),
                    "class_index": rng.integers(0, 3, rows),
                    "azimuth_deg": np.round(rng.uniform(-60, 60, rows) + shift),
                    "distance_m": np.full(rows, 2.0),
                }
            )
        sides.append(ClipEvents.from_mapping(tables))
    return sides


def test_ranking_counts_every_kind_of_mistake_once_and_by_frame():
    references, predictions = random_clips(5)
    evaluation = evaluate(references, predictions, interval_settings=IntervalSettings(method="none"))
    worst = worst_clips(evaluation, 100)
    counts = evaluation.counts["strict"]
    for clip in worst:
        assert clip.missed == counts.misses[clip.clip].sum()
        assert clip.false_alarms == counts.false_alarms[clip.clip].sum()
        assert clip.misplaced == counts.misplaced[clip.clip].sum()
        assert clip.mistakes_by_frame[1].sum() == clip.mistakes > 0
    assert [clip.mistakes for clip in worst] == sorted((clip.mistakes for clip in worst), reverse=True)
    total = (counts.misses + counts.false_alarms + counts.misplaced).sum(axis=1)
    assert len(worst) == (total > 0).sum()
    assert [clip.name for clip in worst_clips(evaluation, 2)] == [clip.name for clip in worst[:2]]


def test_sounds_are_found_at_any_depth_but_not_in_hidden_folders(tmp_path):
    for place in ("x/y", ".hidden"):
        (tmp_path / place).mkdir(parents=True)
    write_sound(tmp_path / "x" / "y" / "a.wav", 0.1)
    write_sound(tmp_path / ".hidden" / "b.wav", 0.1)
    (tmp_path / "a.txt").write_text("not a sound")
    assert find_sounds(tmp_path, ["a", "b"]) == {"a": tmp_path / "x" / "y" / "a.wav"}
    with pytest.raises(WhenceError, match="for example b"):
        find_sounds(tmp_path, ["b"])


def test_a_long_recording_is_cut_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("whence.views.report.sounds.LONGEST_S", 0.5)
    write_sound(tmp_path / "long.wav", 1.0)
    write_sound(tmp_path / "short.wav", 0.5)
    long, short = (write_clip_sound(tmp_path / f"{name}.wav", tmp_path / name) for name in ("long", "short"))
    assert (long.is_cut, long.duration_s, short.is_cut) == (True, 0.5, False)


def test_an_empty_sound_has_a_page_too(tmp_path):
    write_sound(tmp_path / "a.wav", 0.0)
    sound = write_clip_sound(tmp_path / "a.wav", tmp_path / "out")
    assert sound.duration_s == 0.0
    Page(timeline("a", events([]), events([]), {}, np.zeros((2, 0), np.int64), sound, "clips/001.png"))


def test_a_timeline_ends_with_the_later_of_sound_and_labels():
    table = events([(99, 0, 170, 1.0)])  # behind the listener: folded to the front
    drawn = timeline("a", table, Events.empty(), styles_of([0]), np.array([[0], [1]]), None, "clips/001.png")
    assert 'data-seconds="10"' in drawn
    assert "<image" not in drawn


def test_an_hour_is_drawn_in_steps_that_a_screen_can_show():
    rng = np.random.default_rng(7)
    frames = np.arange(36_000)
    azimuth_deg = np.clip(np.cumsum(rng.normal(0, 1, len(frames))), -90, 90)
    columns = {"frame": frames, "class_index": 0 * frames, "azimuth_deg": azimuth_deg}
    table = Events.from_columns({**columns, "distance_m": 1.0 + 0 * frames})
    drawn = timeline("a", table, table, styles_of([0]), np.zeros((2, 0), np.int64), None, "clips/001.png")
    assert len(drawn) < 700_000
    assert max(float(x) for x in re.findall(r"H([\d.]+)", drawn)) == 850.0


def test_a_bar_is_drawn_for_each_run_of_frames_with_equally_many_mistakes():
    mistakes = np.array([[2, 3, 4, 9], [1, 1, 2, 2]])
    table = events([(frame, 0, 0, 1) for frame in (2, 3, 4, 9)])
    page = str(timeline("a", table, Events.empty(), styles_of([0]), mistakes, None, "clips/001.png"))
    assert len(re.findall(r"M[0-9.]+ [0-9.]+V[0-9.]+H[0-9.]+V[0-9.]+Z", page)) == 3


def test_a_clip_whose_frames_are_numbers_of_samples_has_a_figure_too():
    far = events([(frame, 8, 0, 1) for frame in (0, 100_000_000)])
    clips = ClipEvents.from_mapping({"a": far})
    evaluation = evaluate(clips, ClipEvents.from_mapping({"a": far[:0]}))
    (worst,) = worst_clips(evaluation, 1)
    assert worst.mistakes_by_frame.tolist() == [[0, 100_000_000], [1, 1]]
