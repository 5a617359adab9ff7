import re

import pytest

from whence.labels import ClassList, Events
from whence.labels.webvtt import webvtt_text


def captions(**columns):
    rows = len(next(iter(columns.values())))
    needed = {"frame": range(rows), "class_index": [0] * rows, "source": range(rows), "azimuth_deg": [0] * rows}
    return webvtt_text(Events.from_columns({**needed, **columns}), ClassList(("dog & <bell>",)))


def test_a_file_by_hand():
    assert captions(frame=[4, 36610], azimuth_deg=[90, -30], distance_m=[2, 1]).split("\n") == [
        "WEBVTT",
        "",
        "NOTE azimuth in degrees, 0 ahead, positive (L) to the left, negative (R) to the right; distance in metres",
        "",
        "00:00:00.400 --> 00:00:00.500 position:15%",
        "dog &amp; &lt;bell&gt; 90L 2.0m",
        "",
        "01:01:01.000 --> 01:01:01.100 position:62%",
        "dog &amp; &lt;bell&gt; 30R 1.0m",
        "",
    ]


@pytest.mark.parametrize(("azimuth_deg", "percent"), [(90, 15), (0, 50), (-90, 85), (179, 15), (-120, 85)])
def test_captions_stand_on_the_side_of_the_sound(azimuth_deg, percent):
    assert f"position:{percent}%" in captions(azimuth_deg=[azimuth_deg])


def test_names_bring_in_no_cue_and_no_markup():
    classes = ClassList(("x\n\n00:00:00.000 --> 00:00:09.000\n<b>y",))
    text = webvtt_text(Events.from_columns({"frame": [0], "class_index": [0], "azimuth_deg": [0]}), classes)
    assert len(re.findall("-->", text)) == 1
    assert "<" not in text


def test_silence_is_a_file_without_captions():
    assert webvtt_text(Events.empty(), ClassList(("dog",))).startswith("WEBVTT\n\nNOTE ")
