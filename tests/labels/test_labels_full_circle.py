"""Azimuths behind the listener, as Ambisonics give them, pass through every format; only `to_stereo` folds."""

import json

import numpy as np
import pytest

from whence.labels import FORMATS, STARSS23, Detections, Events, read_dcase, read_json_lines, write_events

AROUND = Events.from_columns(
    {
        "frame": [0, 1, 20, 21],
        "class_index": [8, 8, 11, 11],
        "azimuth_deg": [150, 150, -135, -135],
        "distance_m": [2.0] * 4,
    }
)
# What a format says of the two directions; RTTM has none, captions have a side of the screen.
SAID = {
    "dcase": ("8,0,150,", "11,0,-135,"),
    "json": ('"azimuth_deg": 150.0', '"azimuth_deg": -135.0'),
    "json-frames": ('"azimuth_deg": 150.0', '"azimuth_deg": -135.0'),
    "jams": ('"azimuth_deg": 150.0', '"azimuth_deg": -135.0'),
    "odas": ('"x": -0.866, "y": 0.500', '"x": -0.707, "y": -0.707'),
    "raven": ("music\t150.0", "bell\t-135.0"),
    "rttm": ("music", "bell"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_keeps_what_is_behind(name, tmp_path):
    text = "".join(path.read_text() for path in write_events(tmp_path / "a", AROUND, name))
    for said in SAID.get(name, ("150L", "135R")):
        assert said in text


def test_both_readers_give_it_back(tmp_path):
    for name, ending, reader in (("dcase", ".csv", read_dcase), ("json-frames", ".frames.jsonl", read_json_lines)):
        write_events(tmp_path / "a", AROUND, name)
        np.testing.assert_array_equal(reader(tmp_path / f"a{ending}").azimuth_deg, AROUND.azimuth_deg)


def test_the_mean_of_an_event_that_crosses_the_back_is_behind():
    crossing = Events.from_columns({"frame": range(4), "class_index": [0] * 4, "azimuth_deg": [170, 178, -174, -166]})
    (found,) = Detections(crossing, STARSS23, "foa")
    assert abs(found.azimuth_deg) == pytest.approx(178, abs=0.1)
    (straight,) = Detections(crossing[:1].rotated(10.2), STARSS23)
    assert "behind" in str(straight)
    assert json.loads(Detections(crossing, STARSS23, "foa").to_json())["microphones"] == "foa"
