"""Regions, markers and tiers of sound editors: read back by the rules of their programs."""

import csv
import io
import re

import pytest

from whence.errors import LabelError
from whence.labels import ClassList, Events
from whence.labels.marker_files import audition_text, raven_text, reaper_text, rttm_text, textgrid_text

CLASSES = ClassList(("water tap", 'a "loud", bell'))
# A tap twice at once, a bell later; the second tap has no distance.
EVENTS = Events.from_columns(
    {
        "frame": [0, 1, 1, 2, 36_000],
        "class_index": [0, 0, 0, 0, 1],
        "source": [0, 0, 1, 1, 0],
        "azimuth_deg": [46, 46, -20, -20, 0],
        "distance_m": [1.84, 1.84, float("nan"), float("nan"), 3],
        "score": [0.5, 0.7, 0.9, 0.9, 1],
    }
)


def test_a_selection_table_has_a_selection_for_each_event():
    rows = list(csv.DictReader(io.StringIO(raven_text(EVENTS, CLASSES)), delimiter="\t"))
    assert [(row["Begin Time (s)"], row["End Time (s)"], row["Class"]) for row in rows] == [
        ("0.000", "0.200", "water tap"),
        ("0.100", "0.300", "water tap"),
        ("3600.000", "3600.100", 'a "loud", bell'),
    ]
    assert [(row["Azimuth (deg)"], row["Distance (m)"], row["Score"]) for row in rows] == [
        ("46.0", "1.84", "0.60"),
        ("-20.0", "", "0.90"),
        ("0.0", "3.00", "1.00"),
    ]
    assert {row["Selection"] for row in rows} == {"1", "2", "3"}


def tiers_of(text: str) -> dict[str, list[tuple[float, float, str]]]:
    """The tiers of a TextGrid, by the rules of Praat: numbers and quoted strings count, all else is comment."""
    tokens = re.findall(r'"(?:[^"]|"")*"|<\w+>|(?<![\w\[])-?\d+(?:\.\d+)?(?![\w\]])', text)
    values = iter(token[1:-1].replace('""', '"') if token.startswith('"') else token for token in tokens)
    assert [next(values) for _ in range(2)] == ["ooTextFile", "TextGrid"]
    assert float(next(values)) == 0.0
    end_s = float(next(values))
    assert next(values) == "<exists>"
    tiers = {}
    for _ in range(int(next(values))):
        assert next(values) == "IntervalTier"
        name = next(values)
        assert (float(next(values)), float(next(values))) == (0.0, end_s)
        tiers[name] = [(float(next(values)), float(next(values)), next(values)) for _ in range(int(next(values)))]
    assert next(values, None) is None
    return tiers


def test_the_tiers_of_a_textgrid_cover_all_time_without_overlap():
    tiers = tiers_of(textgrid_text(EVENTS, CLASSES))
    assert tiers == {
        'a "loud", bell': [(0.0, 3600.0, ""), (3600.0, 3600.1, 'a "loud", bell 0 3.0m')],
        "water tap": [(0.0, 0.2, "water tap 46L 1.8m"), (0.2, 3600.1, "")],
        "water tap 2": [(0.0, 0.1, ""), (0.1, 0.3, "water tap 20R"), (0.3, 3600.1, "")],
    }


def test_a_textgrid_without_events_has_no_tiers():
    assert textgrid_text(Events.empty(), CLASSES).endswith("tiers? <absent>\n")


def test_regions_and_markers_have_minutes_and_from_an_hour_on_hours():
    regions = list(csv.reader(io.StringIO(reaper_text(EVENTS, CLASSES))))
    assert regions[1] == ["R1", "water tap 46L 1.8m", "0:00.000", "0:00.200", "0:00.200"]
    assert regions[3] == ["R3", 'a "loud", bell 0 3.0m', "1:00:00.000", "1:00:00.100", "0:00.100"]
    markers = [line.split("\t") for line in audition_text(EVENTS, CLASSES).splitlines()]
    assert markers[0] == ["Name", "Start", "Duration", "Time Format", "Type", "Description"]
    assert markers[2] == ["water tap 20R", "0:00.100", "0:00.200", "decimal", "Cue", ""]
    assert markers[3][1] == "1:00:00.000"


def test_rttm_has_ten_fields_and_no_spaces_in_names():
    lines = [line.split(" ") for line in rttm_text(EVENTS, CLASSES, "my street").splitlines()]
    assert {len(line) for line in lines} == {10}
    assert lines[0] == ["SPEAKER", "my_street", "1", "0.000", "0.200", "<NA>", "<NA>", "water_tap", "0.600", "<NA>"]


@pytest.mark.parametrize("writer", [raven_text, textgrid_text, reaper_text, audition_text])
def test_a_class_outside_the_list_is_refused(writer):
    with pytest.raises(LabelError, match=r"class 1; this class list has 0\.\.0"):
        writer(EVENTS, ClassList(("dog",)))
