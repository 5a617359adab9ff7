"""Detections: a sequence for people, a table for notebooks, files for others."""

import csv
import io
import json
import math
import sys

import numpy as np
import pytest

from whence.errors import LabelError, MissingExtraError
from whence.labels import ClassList, Detections, Events

CLASSES = ClassList(("bell & whistle", "=water tap"))


@pytest.fixture
def found():
    columns = {
        "frame": [3, 4, 5, 0],
        "class_index": [1, 1, 1, 0],
        "azimuth_deg": [46.04, 46.04, 46.04, -0.3],
        "distance_m": [1.8349, 1.8349, 1.8349, math.nan],
        "score": [0.9, 0.8, 0.91234, 0.5],
    }
    return Detections(Events.from_columns(columns), CLASSES)


def test_it_is_a_sequence_of_events_by_onset(found):
    assert len(found) == 2
    assert [detection.name for detection in found] == ["bell & whistle", "=water tap"]
    assert found[-1].name == found[1:][0].name == "=water tap"
    assert found[1] in found
    with pytest.raises(IndexError):
        found[2]


def test_numbers_are_rounded_for_people_and_the_frames_are_exact(found):
    tap = found[1]
    assert (tap.onset_s, tap.offset_s, tap.azimuth_deg, tap.distance_m, tap.score) == (0.3, 0.6, 46.04, 1.835, 0.8708)
    assert found.frames.azimuth_deg.tolist() == [46.04, 46.04, 46.04, -0.3]


def test_it_prints_a_line_for_each_event(found):
    assert repr(found).splitlines() == [
        "2 detections",
        "0.0-0.1 s  bell & whistle  ahead  -  (0.50)",
        "0.3-0.6 s  =water tap  46° left  1.8 m  (0.87)",
    ]
    assert repr(Detections(Events.empty(), CLASSES)) == "0 detections"


def test_the_table_of_a_notebook_holds_no_markup_of_foreign_names(found):
    table = found._repr_html_()
    assert "<td>bell &amp; whistle</td>" in table
    assert table.count("<tr>") == 3


def test_csv_has_a_row_for_each_event_and_no_formula(found, tmp_path):
    text = found.to_csv(tmp_path / "found.csv")
    assert (tmp_path / "found.csv").read_text() == text
    rows = list(csv.reader(io.StringIO(text)))
    assert rows == [
        ["onset_s", "offset_s", "class", "azimuth_deg", "distance_m", "score"],
        ["0.0", "0.1", "bell & whistle", "-0.3", "", "0.5"],
        ["0.3", "0.6", "'=water tap", "46.04", "1.835", "0.8708"],
    ]


def test_json_is_what_the_command_prints(found, tmp_path):
    text = found.to_json(str(tmp_path / "found.jsonl"))
    assert (tmp_path / "found.jsonl").read_text() == text
    assert [json.loads(line)["name"] for line in text.splitlines()] == ["bell & whistle", "=water tap"]


def test_a_data_frame_has_a_row_for_each_event(found):
    table = found.to_dataframe()
    assert table["name"].tolist() == ["bell & whistle", "=water tap"]
    np.testing.assert_array_equal(table["distance_m"], [np.nan, 1.835])
    assert list(Detections(Events.empty(), CLASSES).to_dataframe().columns) == list(table.columns)


def test_without_pandas_the_extra_is_named(found, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match=r"whence\[dataframe\]"):
        found.to_dataframe()


def test_equal_detections_are_equal(found):
    assert found == Detections(found.frames, CLASSES)
    assert found != Detections(found.frames[:3], CLASSES)


def test_a_class_outside_the_list_is_refused(found):
    with pytest.raises(LabelError, match="class 1"):
        Detections(found.frames, ClassList(("bell",)))
