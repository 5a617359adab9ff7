"""The whole page of `whence listen`: device and levels, the radar, the list of what sounds, state and keys."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from whence.labels import ClassList, class_name
from whence.views.tables import direction
from whence.views.terminal.active_sources import ActiveSource
from whence.views.terminal.radar import class_mark, printable, radar, radar_radius, source_style

_HEADINGS = f"  {'class':<18}{'where':>13}  {'distance':>8}  sure"
_KEYS = "r record   s save the last minute   x swap channels   q quit"
_LIST_COLUMNS = 54
_MOST_LISTED = 6
_BAR = 10
_QUIETEST_DB = -60.0


@dataclass(frozen=True)
class State:
    """Everything that the page shows.

    Args:
        device: its name.
        rate_hz: its sample rate; 0 before anything came.
        duration_s: sound so far.
        latency_s: algorithmic latency of the stream.
        real_time_factor: seconds of work for each second of sound, lately.
        lost_s: sound that was lost.
        wait_left_s: time until a device that gives no sound is given up; None while it gives sound.
        recording_s: length of the recording that runs; None where none does.
        swapped: whether left and right are exchanged.
        levels_db: of left and right, 0 is full scale.
        sources: those that sound now.
        message: the last message of the log.
        full_circle: whether sources may be behind the listener.
    """

    device: str
    rate_hz: int = 0
    duration_s: float = 0.0
    latency_s: float = 0.0
    real_time_factor: float = 0.0
    lost_s: float = 0.0
    wait_left_s: float | None = None
    recording_s: float | None = None
    swapped: bool = False
    levels_db: tuple[float, float] = (-math.inf, -math.inf)
    sources: Sequence[ActiveSource] = ()
    message: str = ""
    full_circle: bool = False


def page(state: State, classes: ClassList, console: Console) -> list[Text]:
    """Return the rows of the page, as many as the terminal has, each exactly as wide.

    Args:
        state: what to show.
        classes: names of the classes.
        console: the terminal.
    """
    columns, rows = console.size
    between = max(rows - 5, 0)
    # The layout depends on the terminal alone: a radar that grew and shrank with the list would be hard to read.
    listed = min(max((between - 7) // 3, 1), _MOST_LISTED)
    beside = columns - _LIST_COLUMNS
    around = state.full_circle
    if radar_radius(beside, between, around) > radar_radius(columns, between - listed - 2, around):
        left = radar(beside, between, state.sources, classes, console, around)
        right = _source_list(between - 1, state.sources, classes, console)
        middle = [a + b for a, b in zip(left, right, strict=False)]
    else:
        below = [Text("  ") + line for line in _source_list(listed, state.sources, classes, console)]
        drawn = radar(columns, between - listed - 2, state.sources, classes, console, around)
        middle = [*drawn, Text(), *below][:between]
    message = Text(printable(state.message, console))
    lines = [*_head(state, columns, console), *middle, _state_line(state), message, Text.assemble((_KEYS, "dim"))]
    for line in lines:
        line.truncate(columns, overflow="crop", pad=True)
    return lines[:rows]


def _head(state: State, columns: int, console: Console) -> list[Text]:
    """The device and the time it has been listened to; the level of both channels."""
    rate = f", {state.rate_hz / 1000:g} kHz" if state.rate_hz else ""
    clock = _clock_text(state.duration_s)
    first = Text.assemble(("whence", "bold"), "  ", printable(state.device, console))
    first.truncate(max(columns - len(rate) - len(clock) - 2, 0), overflow="crop")
    first.append(rate)
    first.truncate(max(columns - len(clock), 0), overflow="crop", pad=True)
    first.append(clock)
    full, empty = ("|", ".") if console.options.ascii_only else ("▮", "·")
    second = Text()
    for side, level_db in zip(("left", "right"), state.levels_db, strict=True):
        bars = round(_BAR * (min(max(level_db, _QUIETEST_DB), 0.0) - _QUIETEST_DB) / -_QUIETEST_DB)
        text = f" {level_db:.0f} dB" if level_db > _QUIETEST_DB else " silent"
        second += Text.assemble((f"{side} ", "dim"), full * bars, (empty * (_BAR - bars) + f"{text:<9}", "dim"))
    if state.swapped:
        second.append("channels swapped")
    return [first, second]


def _source_list(most: int, sources: Sequence[ActiveSource], classes: ClassList, console: Console) -> list[Text]:
    """A heading and `most` lines: mark, class, side, distance and confidence of each source, the surest first."""
    lines = [Text.assemble((_HEADINGS if sources else "nothing sounds", "dim"))]
    surest = sorted(sources, key=lambda source: (source.fading, -source.score))
    for source in surest if len(surest) <= most else surest[: most - 1]:
        mark = (class_mark(source.class_index, console), source_style(source, console))
        text = printable(source_text(source, classes), console)
        lines.append(Text.assemble(mark, " ", (text, "dim" if source.fading else "")))
    if len(lines) <= len(surest):
        lines.append(Text.assemble((f"and {len(surest) - len(lines) + 1} more", "dim")))
    return [*lines, *(Text() for _ in range(most + 1 - len(lines)))]


def source_text(source: ActiveSource, classes: ClassList) -> str:
    """Return class, side, distance and confidence in columns.

    >>> source_text(ActiveSource(0, 0, 0, 38.2, 2.04, 0.94), ClassList(("bell",)))
    'bell                38 deg left    2.0 m   0.94'
    """
    name, where = class_name(source.class_index, classes)[:18], direction(source.azimuth_deg)
    distance = "" if math.isnan(source.distance_m) else f"{source.distance_m:.1f} m"
    return f"{name:<18}{where:>13}  {distance:>7}   {source.score:.2f}"


def _state_line(state: State) -> Text:
    """Latency, load, losses and the recording; or that the device is away."""
    if state.wait_left_s is not None:
        return Text.assemble((f"the device gives no sound; waiting {state.wait_left_s:.0f} s more", "reverse"))
    line = Text()
    load = f"latency {state.latency_s:.1f} s   real-time factor {state.real_time_factor:.2f}"
    line.append(load, "bold" if state.real_time_factor >= 1 else "")
    line.append("   ").append(f"lost {state.lost_s:.1f} s", "reverse" if state.lost_s >= 0.05 else "")
    if state.recording_s is not None:
        line.append("   ").append(f"recording {_clock_text(state.recording_s)}", "reverse")
    return line


def _clock_text(duration_s: float) -> str:
    """Hours, minutes and seconds: 2:03:04, or 0:59."""
    minutes, seconds = divmod(int(duration_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
