"""The page: left on the left, nothing over the edges, readable without colour and without shapes."""

import io
import logging
import logging.handlers
import math
import re

import numpy as np
import pytest

from whence.labels import STARSS23, ClassList, Events
from whence.live.levels import Levels
from whence.live.messages import PageMessages
from whence.views.terminal import Looks, Present, State, looks_of, page
from whence.views.terminal.canvas import BOLD, FAINT, Canvas, Look
from whence.views.terminal.present import Sounding
from whence.views.terminal.radar import place

CODES = re.compile(r"\x1b\[[0-9;]*m")
DOG = Sounding(8, 0, 0, 60.0, 2.0, 0.94)
KNOCK = Sounding(12, 0, 0, -60.0, 3.0, 0.5)


def bare(lines):
    return [CODES.sub("", line) for line in lines]


def shown(*soundings, columns=80, rows=24, looks=None, **state):
    return bare(
        page(State("Yeti", 48_000, soundings=soundings, **state), STARSS23, columns, rows, looks or Looks(colours=0))
    )


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 8, 13, 24, 60])
@pytest.mark.parametrize("columns", [1, 2, 10, 33, 80, 115, 116, 240])
def test_a_page_fits_every_terminal(columns, rows):
    many = [Sounding(i % 13, i, 0, -90.0 + 15 * i, 0.5 * i, 0.5) for i in range(13)]
    name = "a device\x1b[2J with a long name " * 9
    state = State(name, 44_100, 9e9, 9e9, 99.0, 9e9, 0.0, 9e9, True, (0.0, 0.0), many)
    for looks in (Looks(), Looks(8), Looks(0), Looks(0, letters_only=True)):
        lines = bare(page(state, STARSS23, columns, rows, looks))
        assert len(lines) == rows
        assert max(map(len, lines)) <= columns
        assert all(line.isprintable() for line in lines)
    assert all(line.isascii() for line in lines)


def test_left_is_on_the_left_and_ahead_is_up():
    lines = shown(DOG, KNOCK)
    radar = lines[2:16]
    (dog,) = [(row, line.index("music")) for row, line in enumerate(radar) if "music" in line]
    (knock,) = [(row, line.index("knock")) for row, line in enumerate(radar) if "knock" in line]
    middle = next(line.index("you") + 1 for line in radar if "you" in line)
    assert dog[1] < middle < knock[1]
    assert any("left" in line and line.index("left") < middle < line.index("right") for line in radar)
    assert next(i for i, line in enumerate(radar) if "ahead" in line) == 0


@pytest.mark.parametrize("radius", [3.0, 10.0, 17.5])
def test_places_on_the_map_give_the_angle_back(radius):
    """The obvious inverse, within the size of a cell."""
    for azimuth_deg in range(-90, 91, 15):
        for distance_m in (0.5, 1.0, 2.0, 4.0):
            row, column = place(azimuth_deg, distance_m, radius)
            length = radius * math.sqrt(distance_m / 4)
            assert abs(row - length * math.cos(math.radians(azimuth_deg))) <= 0.5
            assert abs(-column / 2 - length * math.sin(math.radians(azimuth_deg))) <= 0.26
    assert place(30.0, 50.0, radius) == place(30.0, 4.0, radius) == place(30.0, float("nan"), radius)


def test_the_list_says_class_side_distance_and_how_sure():
    lines = shown(DOG, KNOCK)
    assert any("music               60 deg left    2.0 m   0.94" in line for line in lines)
    assert any("knock              60 deg right    3.0 m   0.50" in line for line in lines)
    assert any("ahead            0.70" in line for line in shown(Sounding(0, 0, 0, 0.2, math.nan, 0.7)))
    assert any("nothing sounds" in line for line in shown())


def test_more_than_fits_is_counted():
    many = [Sounding(i, 0, 0, 10.0 * i, 1.0, i / 13) for i in range(13)]
    lines = shown(*many)
    assert any("and 10 more" in line for line in lines)
    assert any("knock" in line and "0.92" in line for line in lines)


def test_losses_latency_load_recording_and_absence_stand_in_the_state_line():
    (line,) = [line for line in shown(latency_s=0.2, real_time_factor=0.12, lost_s=1.26) if "latency" in line]
    assert line == "latency 0.2 s   real-time factor 0.12   lost 1.3 s"
    assert any("recording 1:01:01" in line for line in shown(recording_s=3_661.0))
    assert any("the device gives no sound; waiting 7 s more" in line for line in shown(away_s=3.0))
    assert any("channels swapped" in line for line in shown(swapped=True))
    assert shown(message="kept")[-2] == "kept"
    assert shown()[-1] == "r record   s save the last minute   x swap channels   q quit"


def test_the_radar_stays_where_it_is_whatever_sounds():
    def dots(*soundings):
        return [line.count("·") for line in shown(*soundings, columns=100, rows=40)[2:20]]

    far = [Sounding(i, 0, 0, 90.0 - 180 * (i % 2), 4.0, 0.1) for i in range(5)]
    assert sum(abs(a - b) for a, b in zip(dots(), dots(*far), strict=True)) <= 5


def test_a_flat_terminal_has_the_list_beside_the_radar():
    lines = shown(DOG, columns=160, rows=24)
    assert lines[2].rstrip().endswith("sure")
    assert "music               60 deg left    2.0 m   0.94" in lines[3]
    assert not any("0.94" in line for line in shown(DOG, columns=100, rows=24)[:16])


def test_levels_are_bars_and_numbers():
    assert "left ▮▮▮▮▮····· -30 dB" in shown(levels_db=(-30.0, -math.inf))[1]
    assert "right ·········· silent" in shown(levels_db=(-30.0, -math.inf))[1]
    assert "left |||||..... -30 dB" in shown(levels_db=(-30.0, 0), looks=Looks(0, letters_only=True))[1]


def test_without_colour_no_colour_is_sent_and_with_it_every_class_has_its_own():
    coloured = "".join(page(State("a", soundings=[DOG]), STARSS23, 80, 24, Looks(256)))
    plain = "".join(page(State("a", soundings=[DOG]), STARSS23, 80, 24, Looks(0)))
    assert "38;5;" in coloured
    assert {code for codes in CODES.findall(plain) for code in codes[2:-1].split(";")} <= {"0", "1", "2", "7"}
    looks = Looks(256)
    assert len({(looks.mark(i), looks.colour(i)) for i in range(42)}) == 42
    assert len({Looks(0, letters_only=True).mark(i) for i in range(36)}) == 36


@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ({"TERM": "xterm-256color"}, 256),
        ({"TERM": "screen", "COLORTERM": "truecolor"}, 256),
        ({"TERM": "screen"}, 8),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, 0),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, 256),
    ],
)
def test_a_terminal_gets_the_colours_it_has(environment, colours):
    utf8 = io.TextIOWrapper(io.BytesIO(), encoding="UTF-8")
    latin = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    assert looks_of(utf8, environment) == Looks(colours, letters_only=False)
    assert looks_of(latin, environment) == Looks(colours, letters_only=True)


def test_class_names_of_any_script_and_with_terminal_commands_do_no_harm():
    classes = ClassList(("犬の鳴き声", "e\u0301cho", "\x1b[2Jbomb\n"))
    soundings = [Sounding(i, 0, 0, 30.0 * (i - 1), 2.0, 0.9) for i in range(3)]
    lines = bare(page(State("a", soundings=soundings), classes, 80, 24, Looks(0)))
    assert any("犬の鳴き声" in line for line in lines)
    assert all(line.isprintable() for line in lines)


def test_canvas_leaves_out_what_is_outside():
    canvas = Canvas(4, 2)
    canvas.put(0, 2, "abcdef", BOLD)
    canvas.put(1, -2, "abcd")
    canvas.put(7, 0, "no")
    canvas.put(-1, 0, "no")
    assert canvas.lines(looks=False) == ["  ab", "cd"]
    assert canvas.lines(looks=True)[0] == "  \x1b[0m\x1b[1mab\x1b[0m"
    assert (BOLD | FAINT, BOLD | Look()) == (Look("1;2"), BOLD)


def test_wide_letters_take_two_cells_and_never_half_of_one():
    canvas = Canvas(5, 1)
    assert canvas.put(0, 0, "犬犬犬") == 6
    assert canvas.lines(looks=False) == ["犬犬"]


def test_what_sounds_follows_fades_and_goes():
    present = Present()
    rows = Events.from_columns(
        {"frame": [0, 1], "class_index": [8, 8], "azimuth_deg": [0, 10], "distance_m": [1, 2], "score": [1, 0.5]}
    )
    assert [one.since_frame for one in present.follow(rows, 2)] == [0]
    (one,) = present.now()
    assert (one.azimuth_deg, one.distance_m, one.score) == pytest.approx((4.0, 1.4, 0.8))
    assert not one.fading
    present.follow(Events.empty(), 8)
    assert present.now()[0].fading
    present.follow(Events.empty(), 20)
    assert present.now() == []
    again = Events.from_columns({"frame": [30], "class_index": [8], "azimuth_deg": [-50], "distance_m": [math.nan]})
    assert [one.since_frame for one in present.follow(again, 31)] == [30]
    assert present.now()[0].azimuth_deg == -50


def test_a_jump_to_another_side_is_followed_at_once_and_order_is_from_the_left():
    present = Present()
    rows = Events.from_columns({"frame": [0, 0, 1], "class_index": [8, 2, 8], "azimuth_deg": [60, 0, -60]})
    present.follow(rows, 2)
    assert [one.azimuth_deg for one in present.now()] == [0, -60]


def test_what_is_said_over_a_page_stands_in_it_and_is_said_again_after_it(caplog):
    log = logging.getLogger("whence")
    heard = logging.handlers.BufferingHandler(99)
    log.handlers = [heard]
    log.setLevel(logging.INFO)
    with PageMessages(active=True) as messages:
        logging.getLogger("whence.None").info("kept %d", 1)
        assert messages.last == "kept 1"
        logging.getLogger("whence.None").warning("away")
        assert messages.last == "warning: away"
        assert heard.buffer == []
    assert [record.getMessage() for record in heard.buffer] == ["kept 1", "away"]
    with PageMessages(active=False):
        log.info("at once")
    assert heard.buffer[-1].getMessage() == "at once"


def test_levels_rise_at_once_and_fall_slowly():
    levels = Levels()
    levels.hear(np.full((2, 2_400), 0.1, np.float32))
    assert levels.now_db == pytest.approx((-20, -20), abs=1e-4)
    levels.hear(np.zeros((2, 12_000), np.float32))
    assert levels.now_db == pytest.approx((-30, -30), abs=1e-4)
    levels.hear(np.zeros((2, 0), np.float32))
    assert levels.now_db == pytest.approx((-30, -30), abs=1e-4)
