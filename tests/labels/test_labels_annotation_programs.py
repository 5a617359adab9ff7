import csv
import json
import math
import re
from collections import defaultdict
from itertools import pairwise

import pytest
from labels_twins import random_events, rng_of

from whence.labels import STARSS23, ClassList, Event, Events
from whence.labels.annotation_programs import (
    SOUND_DIRECTION,
    audacity_text,
    audacity_texts_by_class,
    elan_text,
    event_text,
    jams_text,
    side,
    sonic_visualiser_azimuth_text,
    sonic_visualiser_regions_text,
    webvtt_text,
)


@pytest.mark.parametrize(
    ("azimuth_deg", "text"),
    [(38.4, "38L"), (-38.4, "38R"), (0.4, "0"), (-0.4, "0"), (90, "90L"), (-180, "180R"), (0.5, "0"), (1.5, "2L")],
)
def test_directions_in_words(azimuth_deg, text):
    assert side(azimuth_deg) == text


def test_an_event_in_words():
    event = Event(1, 0, 0.0, 1.0, -27.3, 3.06, 0.9)
    assert event_text(event, ClassList(("bell", "dog"))) == "dog 27R 3.1m"
    unknown = Event(1, 0, 0.0, 1.0, -27.3, math.nan, 0.9)
    assert event_text(unknown, ClassList(("bell", "d\no\tg"))) == "d o g 27R"


# Audacity

BELLS = Events.from_columns(
    {
        "frame": [30, 31, 4, 4, 0],
        "class_index": [1, 1, 0, 1, 1],
        "source": [0, 0, 0, 2, 1],
        "azimuth_deg": [10, 20, -27, 90, 0.2],
        "distance_m": [2, 2.2, 3.06, 1, float("nan")],
    }
)
CLASSES = ClassList(("dog", "bell"))


def test_a_track_by_hand():
    assert audacity_text(BELLS, CLASSES).split("\n") == [
        "0.000000\t0.100000\tbell 0",
        "0.400000\t0.500000\tdog 27R 3.1m",
        "0.400000\t0.500000\tbell 90L 1.0m",
        "3.000000\t3.200000\tbell 15L 2.1m",
        "",
    ]


def test_a_track_for_each_class_by_hand():
    assert audacity_texts_by_class(BELLS, CLASSES) == {
        "dog": "0.400000\t0.500000\tdog 27R 3.1m\n",
        "bell": "0.000000\t0.100000\tbell 0\n0.400000\t0.500000\tbell 90L 1.0m\n3.000000\t3.200000\tbell 15L 2.1m\n",
    }


@pytest.mark.parametrize("seed", range(5))
def test_every_event_is_in_one_line_and_in_one_track(seed):
    events = random_events(rng_of(8, 1, seed), rows=80)
    lines = audacity_text(events, STARSS23).splitlines()
    assert [line.split("\t")[2] for line in lines] == [event_text(event, STARSS23) for event in events]
    assert [float(line.split("\t")[0]) for line in lines] == [event.onset_s for event in events]
    by_class = audacity_texts_by_class(events, STARSS23)
    assert sorted("".join(by_class.values()).splitlines()) == sorted(lines)


def test_names_are_made_fit_for_files_and_never_meet():
    names = ("a/b", "a\\b", "../..", "Vögel 鳥", "x" * 300, "a-b-0")
    events = Events.from_columns({"frame": [0] * 6, "class_index": range(6), "azimuth_deg": [0] * 6})
    parts = list(audacity_texts_by_class(events, ClassList(names)))
    assert parts == ["a-b", "a-b-1", "class", "Vögel-鳥", "x" * 60, "a-b-0"]


@pytest.mark.parametrize("names", [("a-b-2", "a b", "a/b"), ("Dog", "dog", "DOG"), ("?", "!", "class")])
def test_names_that_would_meet_in_one_file_are_kept_apart(names):
    events = Events.from_columns({"frame": [0] * 3, "class_index": range(3), "azimuth_deg": [0] * 3})
    parts = audacity_texts_by_class(events, ClassList(names))
    assert len({part.casefold() for part in parts}) == 3
    assert [text.split("\t")[2].split(" 0")[0] for text in parts.values()] == list(names)


# ELAN


@pytest.mark.parametrize("seed", range(8))
def test_annotations_of_a_tier_never_overlap_and_none_is_lost(seed):
    events = random_events(rng_of(8, 3, seed), rows=120, classes=3, sources=5)
    rows = [line.split("\t") for line in elan_text(events, STARSS23).splitlines()]
    assert [row[3] for row in rows] == [event_text(event, STARSS23) for event in events]
    tiers = defaultdict(list)
    for tier, begin_s, end_s, _ in rows:
        tiers[tier].append((float(begin_s), float(end_s)))
    for spans in tiers.values():
        assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))


def test_a_class_has_no_more_tiers_than_sources_at_a_time():
    events = Events.from_columns(
        {"frame": [0, 1, 1, 2, 5], "class_index": [0] * 5, "source": [0, 0, 1, 1, 2], "azimuth_deg": [0] * 5}
    )
    assert [line.split("\t")[:3] for line in elan_text(events, ClassList(("dog",))).splitlines()] == [
        ["dog", "0.000", "0.200"],
        ["dog 2", "0.100", "0.300"],
        ["dog", "0.500", "0.600"],
    ]


def test_an_annotation_may_begin_where_another_ends():
    events = Events.from_columns({"frame": [0, 1], "class_index": [0, 0], "source": [0, 1], "azimuth_deg": [0, 0]})
    assert [line.split("\t")[0] for line in elan_text(events, ClassList(("dog",))).splitlines()] == ["dog", "dog"]


# Sonic Visualiser

SEVERAL = random_events(rng_of(8, 2, 0), rows=80)


def rows_of(text):
    lines = text.splitlines()
    assert lines[0].startswith("# ")
    assert "positive (L) to the left" in lines[0]
    return list(csv.reader(lines[1:]))


def test_a_region_for_each_event():
    rows = rows_of(sonic_visualiser_regions_text(SEVERAL, STARSS23))
    assert len(rows) == len(list(SEVERAL))
    for (start_s, azimuth_deg, duration_s, label), event in zip(rows, SEVERAL, strict=True):
        assert float(start_s) == event.onset_s
        assert abs(float(azimuth_deg) - event.azimuth_deg) <= 0.05001
        assert round(float(start_s) + float(duration_s), 1) == event.offset_s
        assert label == event_text(event, STARSS23)


def test_a_point_for_each_row_in_order_of_time():
    rows = rows_of(sonic_visualiser_azimuth_text(SEVERAL, STARSS23))
    ordered = SEVERAL.sorted()
    assert [float(row[0]) for row in rows] == [frame / 10 for frame in ordered.frame.tolist()]
    assert [float(row[1]) for row in rows] == [round(azimuth, 1) for azimuth in ordered.azimuth_deg.tolist()]
    assert [row[2] for row in rows] == [STARSS23[index] for index in ordered.class_index.tolist()]


def test_commas_and_quotes_in_names_stay_within_their_column():
    classes = ClassList(('a, "b"',))
    events = Events.from_columns({"frame": [0], "class_index": [0], "azimuth_deg": [0]})
    assert rows_of(sonic_visualiser_regions_text(events, classes)) == [["0.0", "0.0", "0.1", 'a, "b" 0']]
    assert rows_of(sonic_visualiser_azimuth_text(events, classes)) == [["0.0", "0.0", 'a, "b"']]


# JAMS

UNKNOWN_DISTANCES = random_events(rng_of(8, 4, 0), rows=60, known_distance=False)


def follows_schema(document):
    """The parts of the JAMS schema that such a document touches, by hand."""
    assert set(document) == {"file_metadata", "annotations", "sandbox"}
    metadata = document["file_metadata"]
    assert all(isinstance(metadata[key], str) for key in ("title", "artist", "release", "jams_version"))
    assert isinstance(metadata["duration"], float)
    assert metadata["duration"] >= 0
    assert isinstance(metadata["identifiers"], dict)
    for annotation in document["annotations"]:
        assert {"annotation_metadata", "data", "namespace"} <= set(annotation)
        assert isinstance(annotation["sandbox"], dict)
        assert annotation["time"] >= 0
        assert annotation["duration"] >= 0
        for observation in annotation["data"]:
            assert set(observation) == {"time", "duration", "value", "confidence"}
            assert observation["time"] >= 0
            assert observation["duration"] > 0


@pytest.mark.parametrize(
    "events", [UNKNOWN_DISTANCES, UNKNOWN_DISTANCES[:1], Events.empty()], ids=["many", "one", "none"]
)
def test_the_document_follows_the_schema(events):
    document = json.loads(jams_text(events, STARSS23))
    follows_schema(document)
    assert document["file_metadata"]["duration"] == max((event.offset_s for event in events), default=0.0)


def test_tags_and_directions_tell_every_event():
    document = json.loads(jams_text(UNKNOWN_DISTANCES, STARSS23))
    tags, directions = document["annotations"]
    assert (tags["namespace"], directions["namespace"]) == ("tag_open", "blob")
    whole = list(UNKNOWN_DISTANCES)
    assert [tag["value"] for tag in tags["data"]] == [STARSS23[event.class_index] for event in whole]
    for tag, direction, event in zip(tags["data"], directions["data"], whole, strict=True):
        assert tag["time"] == direction["time"] == event.onset_s
        assert round(tag["time"] + tag["duration"], 1) == event.offset_s
        assert tag["confidence"] == event.score
        assert direction["value"] == {
            "class": STARSS23[event.class_index],
            "source": event.source,
            "azimuth_deg": round(event.azimuth_deg, 2),
            "distance_m": None,
        }


def test_the_directions_carry_the_schema_of_their_values():
    _, directions = json.loads(jams_text(UNKNOWN_DISTANCES, STARSS23))["annotations"]
    assert directions["sandbox"]["namespace"] == SOUND_DIRECTION
    properties = SOUND_DIRECTION["sound_direction"]["value"]["properties"]
    assert set(properties) == set(directions["data"][0]["value"])
    assert "positive (L) to the left" in SOUND_DIRECTION["sound_direction"]["description"]


# WebVTT


def captions(**columns):
    rows = len(next(iter(columns.values())))
    needed = {"frame": range(rows), "class_index": [0] * rows, "source": range(rows), "azimuth_deg": [0] * rows}
    return webvtt_text(Events.from_columns({**needed, **columns}), ClassList(("dog & <bell>",)))


def test_captions_by_hand():
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
def test_captions_are_on_the_side_of_the_sound(azimuth_deg, percent):
    assert f"position:{percent}%" in captions(azimuth_deg=[azimuth_deg])


def test_names_bring_in_no_cue_and_no_markup():
    classes = ClassList(("x\n\n00:00:00.000 --> 00:00:09.000\n<b>y",))
    text = webvtt_text(Events.from_columns({"frame": [0], "class_index": [0], "azimuth_deg": [0]}), classes)
    assert len(re.findall("-->", text)) == 1
    assert "<" not in text


def test_silence_is_a_file_without_captions():
    assert webvtt_text(Events.empty(), ClassList(("dog",))).startswith("WEBVTT\n\nNOTE ")
