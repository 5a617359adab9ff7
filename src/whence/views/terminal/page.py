"""The whole page of `whence listen`: device and levels, the radar, the list of what sounds, state and keys."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from whence.labels import ClassList, class_name
from whence.views.terminal.canvas import BOLD, FAINT, PLAIN, REVERSED, Canvas
from whence.views.terminal.looks import Looks
from whence.views.terminal.present import Sounding
from whence.views.terminal.radar import draw_radar, radar_radius, weight

HEADINGS = f"  {'class':<18}{'where':>13}  {'distance':>8}  sure"
KEYS = "r record   s save the last minute   x swap channels   q quit"
_LIST_COLUMNS = 54
# Seconds without sound after which a device is given up.
GIVES_UP_S = 10.0
_MOST_LISTED = 6
_BAR = 10
_QUIETEST_DB = -60.0


@dataclass(frozen=True)
class State:
    """Everything that the page shows.

    Args:
        device: name of the device.
        rate_hz: its sample rate; 0 before anything came.
        heard_s: seconds heard so far.
        latency_s: algorithmic latency of the stream.
        real_time_factor: seconds of work for each second of sound, lately.
        lost_s: seconds of sound that nobody heard.
        away_s: for how long the device has been giving nothing; 0 while it does.
        recording_s: length of the recording that runs; None where none does.
        swapped: whether left and right are exchanged.
        levels_db: of left and right, 0 is full scale.
        soundings: what sounds now.
        message: the last sentence said.
    """

    device: str
    rate_hz: int = 0
    heard_s: float = 0.0
    latency_s: float = 0.0
    real_time_factor: float = 0.0
    lost_s: float = 0.0
    away_s: float = 0.0
    recording_s: float | None = None
    swapped: bool = False
    levels_db: tuple[float, float] = (-math.inf, -math.inf)
    soundings: Sequence[Sounding] = ()
    message: str = ""


def page(state: State, classes: ClassList, columns: int, rows: int, looks: Looks) -> list[str]:
    """The rows of the page, as many as the terminal has, none longer than it is wide.

    Args:
        state: what to show.
        classes: names of the classes.
        columns: width of the terminal.
        rows: its height.
        looks: what it can show.
    """
    canvas = Canvas(columns, rows)
    _draw_head(canvas, state, looks)
    bottom = rows - 3
    # The layout depends on the terminal alone: a radar that grew and shrank with the list could not be read.
    listed = min(max((bottom - 9) // 3, 1), _MOST_LISTED)
    beside = columns - _LIST_COLUMNS
    if radar_radius(beside, bottom - 2) > radar_radius(columns, bottom - listed - 4):
        draw_radar(canvas, 2, beside, bottom - 2, state.soundings, classes, looks)
        _draw_list(canvas, (3, beside, bottom - 3), state.soundings, classes, looks)
    else:
        draw_radar(canvas, 2, columns, bottom - listed - 4, state.soundings, classes, looks)
        _draw_list(canvas, (bottom - listed, 2, listed), state.soundings, classes, looks)
    _draw_state(canvas, bottom, state)
    canvas.put(rows - 2, 0, state.message)
    canvas.put(rows - 1, 0, KEYS, FAINT)
    return canvas.lines(looks=True)


def _draw_head(canvas: Canvas, state: State, looks: Looks) -> None:
    """The device, how long it has been heard, and how loud it is."""
    end = canvas.put(0, 0, "whence", BOLD)
    rate = f", {state.rate_hz / 1000:g} kHz" if state.rate_hz else ""
    clock = clock_text(state.heard_s)
    name = state.device[: max(canvas.columns - end - len(rate) - len(clock) - 4, 0)]
    end = canvas.put(0, end + 2, f"{name}{rate}")
    canvas.put(0, canvas.columns - len(clock), clock)
    column = 0
    for side, level_db in zip(("left", "right"), state.levels_db, strict=True):
        bars = round(_BAR * (min(max(level_db, _QUIETEST_DB), 0.0) - _QUIETEST_DB) / -_QUIETEST_DB)
        column = canvas.put(1, column, f"{side} ", FAINT)
        column = canvas.put(1, column, ("|" if looks.letters_only else "▮") * bars)
        column = canvas.put(1, column, looks.dot * (_BAR - bars), FAINT)
        text = f" {level_db:.0f} dB" if level_db > _QUIETEST_DB else " silent"
        column = canvas.put(1, column, f"{text:<9}", FAINT)
    if state.swapped:
        canvas.put(1, column, "channels swapped")


def _draw_list(
    canvas: Canvas, place: tuple[int, int, int], soundings: Sequence[Sounding], classes: ClassList, looks: Looks
) -> None:
    """What sounds, a line each: mark, class, side, distance and how sure; the surest first."""
    row, column, most = place
    canvas.put(row - 1, column, HEADINGS if soundings else "nothing sounds", FAINT)
    surest = sorted(soundings, key=lambda one: (one.fading, -one.score))
    shown = surest if len(surest) <= most else surest[: most - 1]
    for number, one in enumerate(shown):
        end = canvas.put(row + number, column, looks.mark(one.class_index), looks.colour(one.class_index) | weight(one))
        canvas.put(row + number, end + 1, sounding_text(one, classes), FAINT if one.fading else PLAIN)
    if len(shown) < len(surest):
        canvas.put(row + most - 1, column, f"and {len(surest) - len(shown)} more", FAINT)


def sounding_text(one: Sounding, classes: ClassList) -> str:
    """Class, side, distance and how sure, in columns.

    >>> sounding_text(Sounding(0, 0, 0, 38.2, 2.04, 0.94), ClassList(("bell",)))
    'bell                38 deg left    2.0 m   0.94'
    """
    whole = round(one.azimuth_deg)
    side = f"{abs(whole)} deg {'left' if whole > 0 else 'right'}" if whole else "ahead"
    distance = "" if math.isnan(one.distance_m) else f"{one.distance_m:.1f} m"
    return f"{class_name(one.class_index, classes)[:18]:<18}{side:>13}  {distance:>7}   {one.score:.2f}"


def _draw_state(canvas: Canvas, row: int, state: State) -> None:
    """Latency, load, losses and the recording."""
    if state.away_s:
        left_s = max(GIVES_UP_S - state.away_s, 0.0)
        canvas.put(row, 0, f"the device gives no sound; waiting {left_s:.0f} s more", REVERSED)
        return
    load = f"latency {state.latency_s:.1f} s   real-time factor {state.real_time_factor:.2f}"
    column = canvas.put(row, 0, load, BOLD if state.real_time_factor >= 1 else PLAIN)
    lost = f"lost {state.lost_s:.1f} s"
    column = canvas.put(row, column + 3, lost, REVERSED if state.lost_s >= 0.05 else PLAIN)
    if state.recording_s is not None:
        canvas.put(row, column + 3, f"recording {clock_text(state.recording_s)}", REVERSED)


def clock_text(duration_s: float) -> str:
    """Hours, minutes and seconds.

    >>> clock_text(7_384.2), clock_text(59.9)
    ('2:03:04', '0:59')
    """
    minutes, seconds = divmod(int(duration_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
