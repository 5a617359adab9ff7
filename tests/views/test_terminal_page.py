"""The page: left on the left, nothing over the edges, readable without colour and without shapes."""

import io
import math
import os
import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from whence.labels import STARSS23, ClassList
from whence.views.terminal import ActiveSource, State, Terminal, page
from whence.views.terminal.radar import cell_of, class_mark, radar, source_style

CODES = re.compile(r"\x1b\[([0-9;]*)m")
DOG = ActiveSource(8, 0, 0, 60.0, 2.0, 0.94)
KNOCK = ActiveSource(12, 0, 0, -60.0, 3.0, 0.5)
COLOUR_SYSTEMS = {"xterm-256color": "256", "screen": "standard"}


def terminal(columns=80, rows=24, encoding="utf-8", **environment):
    """A terminal of rich on a buffer; `file.buffer` has what was sent."""
    return Console(
        file=io.TextIOWrapper(io.BytesIO(), encoding=encoding),
        width=columns,
        height=rows,
        force_terminal=True,
        _environ={"TERM": "xterm-256color", **environment},
    )


def shown(*sources, classes=STARSS23, console=None, **state):
    lines = page(State("Yeti", 48_000, sources=sources, **state), classes, console or terminal())
    return [line.plain.rstrip() for line in lines]


def sent(*sources, console):
    """A page as a terminal gets it."""
    for line in page(State("Yeti", sources=sources), STARSS23, console):
        console.print(line, end="")
    return console.file.buffer.getvalue().decode(console.encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("rows", [1, 2, 3, 5, 8, 13, 24, 60])
@pytest.mark.parametrize("columns", [1, 2, 10, 33, 80, 115, 116, 240])
def test_a_page_fits_every_terminal(columns, rows, encoding):
    many = [ActiveSource(i % 13, i, 0, -90.0 + 15 * i, 0.5 * i, 0.5) for i in range(13)]
    name = "a device\x1b[2J with a long name " * 9
    state = State(name, 44_100, 9e9, 9e9, 99.0, 9e9, None, 9e9, True, (0.0, 0.0), many)
    lines = [line.plain for line in page(state, STARSS23, terminal(columns, rows, encoding))]
    assert [cell_len(line) for line in lines] == [columns] * rows
    assert all(line.isprintable() for line in lines)
    assert encoding == "utf-8" or all(line.isascii() for line in lines)


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
def test_cells_of_the_radar_give_the_angle_back(radius):
    """The obvious inverse, within the size of a cell."""
    for azimuth_deg in range(-90, 91, 15):
        for distance_m in (0.5, 1.0, 2.0, 4.0):
            row, column = cell_of(azimuth_deg, distance_m, radius)
            length = radius * math.sqrt(distance_m / 4)
            assert abs(row - length * math.cos(math.radians(azimuth_deg))) <= 0.5
            assert abs(-column / 2 - length * math.sin(math.radians(azimuth_deg))) <= 0.26
    assert cell_of(30.0, 50.0, radius) == cell_of(30.0, 4.0, radius) == cell_of(30.0, float("nan"), radius)


def test_the_list_says_class_side_distance_and_how_sure():
    lines = shown(DOG, KNOCK)
    assert any("music               60 deg left    2.0 m   0.94" in line for line in lines)
    assert any("knock              60 deg right    3.0 m   0.50" in line for line in lines)
    assert any("ahead            0.70" in line for line in shown(ActiveSource(0, 0, 0, 0.2, math.nan, 0.7)))
    assert any("nothing sounds" in line for line in shown())


def test_more_than_fits_is_counted():
    many = [ActiveSource(i, 0, 0, 10.0 * i, 1.0, i / 13) for i in range(13)]
    lines = shown(*many)
    assert any("and 10 more" in line for line in lines)
    assert any("knock" in line and "0.92" in line for line in lines)


def test_losses_latency_load_recording_and_absence_are_in_the_state_line():
    (line,) = [line for line in shown(latency_s=0.2, real_time_factor=0.12, lost_s=1.26) if "latency" in line]
    assert line == "latency 0.2 s   real-time factor 0.12   lost 1.3 s"
    assert any("recording 1:01:01" in line for line in shown(recording_s=3_661.0))
    assert any("the device gives no sound; waiting 7 s more" in line for line in shown(wait_left_s=7.0))
    assert any("channels swapped" in line for line in shown(swapped=True))
    assert shown(message="kept")[-2] == "kept"
    assert shown()[-1] == "r record   s save the last minute   x swap channels   q quit"


def test_the_radar_stays_where_it_is_whatever_sounds():
    def dots(*sources):
        return [line.count("·") for line in shown(*sources, console=terminal(100, 40))[2:20]]

    far = [ActiveSource(i, 0, 0, 90.0 - 180 * (i % 2), 4.0, 0.1) for i in range(5)]
    assert sum(abs(a - b) for a, b in zip(dots(), dots(*far), strict=True)) <= 5


def test_a_flat_terminal_has_the_list_beside_the_radar():
    lines = shown(DOG, console=terminal(160, 24))
    assert lines[2].rstrip().endswith("sure")
    assert "music               60 deg left    2.0 m   0.94" in lines[3]
    assert not any("0.94" in line for line in shown(DOG, console=terminal(100, 24))[:16])


def test_levels_are_bars_and_numbers():
    assert "left ▮▮▮▮▮····· -30 dB" in shown(levels_db=(-30.0, -math.inf))[1]
    assert "right ·········· silent" in shown(levels_db=(-30.0, -math.inf))[1]
    assert "left |||||..... -30 dB" in shown(levels_db=(-30.0, 0), console=terminal(encoding="ascii"))[1]


def test_without_colour_no_colour_is_sent_and_with_it_every_class_has_its_own():
    assert "38;5;" in sent(DOG, console=terminal())
    plain = sent(DOG, console=terminal(NO_COLOR="1"))
    assert {code for codes in CODES.findall(plain) for code in codes.split(";")} <= {"0", "1", "2", "7"}
    utf8, ascii_only = terminal(), terminal(encoding="ascii")
    styles = {(class_mark(i, utf8), source_style(ActiveSource(i, 0, 0, 0.0, 1.0, 0.5), utf8)) for i in range(91)}
    assert len(styles) == 91
    assert len({class_mark(i, utf8) for i in range(13)}) == 13
    assert len({class_mark(i, ascii_only) for i in range(36)}) == 36


@pytest.mark.parametrize(
    ("environment", "codes"),
    [
        ({}, "38;5;104"),
        ({"COLORTERM": "truecolor", "TERM": "screen"}, "38;5;104"),
        ({"TERM": "screen"}, "36"),
        ({"NO_COLOR": ""}, "38;5;104"),
    ],
)
def test_a_terminal_gets_the_colours_it_has(environment, codes):
    speech = ActiveSource(0, 0, 0, 60.0, 2.0, 0.5)
    assert f"\x1b[{codes}m●" in sent(speech, console=terminal(**environment))


def test_a_source_is_bold_where_it_is_sure_and_dim_where_it_has_ended():
    assert "\x1b[1;" in sent(ActiveSource(0, 0, 0, 60.0, 2.0, 0.9), console=terminal())
    assert source_style(ActiveSource(0, 0, 0, 60.0, 2.0, 0.9, silent_frames=9), terminal()).startswith("dim ")


def test_class_names_of_any_script_and_with_terminal_commands_do_no_harm():
    classes = ClassList(("犬の鳴き声", "e\u0301cho", "\x1b[2Jbomb\n"))
    sources = [ActiveSource(i, 0, 0, 30.0 * (i - 1), 2.0, 0.9) for i in range(3)]
    lines = shown(*sources, classes=classes)
    assert any("犬の鳴き声" in line for line in lines[2:16])
    assert all(line.isprintable() for line in lines)
    assert any("??" in line for line in shown(*sources, classes=classes, console=terminal(encoding="latin-1")))


@pytest.mark.parametrize("columns", range(60, 70))
def test_wide_letters_take_two_cells_and_never_half_of_one(columns):
    names = ClassList(("犬" * 30,))
    sources = [ActiveSource(0, 0, 0, azimuth_deg, 2.0, 0.9) for azimuth_deg in (-80, 0, 80)]
    lines = radar(columns, 20, sources, names, terminal())
    assert {cell_len(line.plain) for line in lines} == {columns}


@pytest.fixture
def xterm(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    # An environment that was exported before a resize.
    monkeypatch.setenv("COLUMNS", "33")


def test_only_rows_that_changed_are_sent_and_all_after_a_resize(xterm, monkeypatch):
    class Window(io.TextIOWrapper):
        def fileno(self):
            return 99

    stream = Window(io.BytesIO(), encoding="utf-8")

    def sent_for(state):
        before = len(stream.buffer.getvalue())
        held.draw(state, STARSS23)
        return stream.buffer.getvalue()[before:].decode()

    with Terminal(None, stream) as held:
        assert "q quit" in sent_for(State("Yeti"))
        assert sent_for(State("Yeti")) == ""
        changed = sent_for(State("Yeti", message="recording"))
        assert changed.startswith("\x1b[23;1Hrecording")
        assert len(changed) < 100
        monkeypatch.setattr(os, "get_terminal_size", lambda number: (100, 30))
        assert "\x1b[30;1H" in sent_for(State("Yeti", message="recording"))


def test_a_window_that_is_closed_is_drawn_on_no_more(xterm):
    class Closed(io.StringIO):
        def write(self, text):
            raise OSError(5, "Input/output error")

    held = Terminal(None, Closed())
    held.draw(State("Yeti"), STARSS23)
    assert not held.shows_page


@pytest.mark.parametrize("rows", [8, 15, 24, 60])
@pytest.mark.parametrize("columns", [33, 80, 116, 240])
def test_a_full_circle_fits_too(columns, rows):
    many = [ActiveSource(i % 13, i, 0, -180.0 + 30 * i, 0.5 * i, 0.5) for i in range(13)]
    lines = page(State("Zylia", sources=many, full_circle=True), STARSS23, terminal(columns, rows))
    assert [cell_len(line.plain) for line in lines] == [columns] * rows


def test_what_is_behind_is_below_the_listener():
    behind = ActiveSource(8, 0, 0, 150.0, 2.0, 0.9)
    lines = shown(behind, full_circle=True, console=terminal(116, 24))
    you = next(i for i, line in enumerate(lines) if "you" in line)
    # The list names it as well, but without a mark of the radar on its left.
    music = [(i, line[:60].index("music")) for i, line in enumerate(lines) if "music" in line[:60]]
    assert len(music) == 1
    assert music[0][0] > you
    assert music[0][1] < lines[you].index("you")
    assert (
        next(i for i, line in enumerate(lines) if "ahead" in line)
        < you
        < next(i for i, line in enumerate(lines) if "behind" in line)
    )
    assert not any("behind" in line for line in shown(DOG))
