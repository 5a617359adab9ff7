from collections import Counter, defaultdict

import numpy as np
import pytest
from labels_twins import random_events

from whence.labels import STARSS23, ClassList, ClipEvents, Events, Finding, check_clips, check_events

BELL_AND_DOG = ClassList(("bell", "dog"))


def table(**columns):
    rows = len(next(iter(columns.values())))
    needed = {
        "frame": range(rows),
        "class_index": [0] * rows,
        "source": range(rows),
        "azimuth_deg": [0] * rows,
        "distance_m": [1] * rows,
    }
    return Events.from_columns({**needed, **columns})


def crowd(count, **columns):
    return table(frame=[7] * count, class_index=[1] * count, azimuth_deg=np.arange(count), **columns)


def test_good_labels_have_no_findings():
    events = table(frame=[0, 0, 0, 49], azimuth_deg=[-90, 0, 90, 90], distance_m=[0.01, 1, 100, 1])
    assert check_events(events, BELL_AND_DOG, frame_count=50) == []
    assert check_events(Events.empty(), BELL_AND_DOG, frame_count=0) == []


CASES = [
    (table(azimuth_deg=[0, 90.5, -180]), "suspicious", "frame 1, bell", "azimuth outside -90..90 (2 rows)"),
    (table(distance_m=[1, 0]), "suspicious", "frame 1, bell", "distance 0 (1 row)"),
    (table(distance_m=[100, 100.01]), "suspicious", "frame 1, bell", "further away than 100 m (1 row)"),
    (table(distance_m=[np.nan, np.nan]), "suspicious", "frame 0, bell", "distance not known (2 rows)"),
    (
        table(frame=[49, 50, 60]),
        "problem",
        "frame 50, bell",
        "beyond the end of the clip, which has 50 frames (2 rows)",
    ),
    (table(class_index=[1, 2]), "problem", "frame 1, class 2", "a class that is not in the list (1 row)"),
    (crowd(11), "problem", "frame 7, dog", "more than 10 sources of one class in a frame (11 rows)"),
    (crowd(10), "suspicious", "frame 7, dog", "more than 3 sources of one class in a frame (10 rows)"),
    (crowd(4), "suspicious", "frame 7, dog", "more than 3 sources of one class in a frame (4 rows)"),
    (table(frame=[5, 5, 5], source=[1, 2, 1]), "suspicious", "frame 5, bell", "the same row again (1 row)"),
    (
        table(frame=[5, 5, 6], source=[1, 1, 1], distance_m=[1, 2, 2]),
        "suspicious",
        "frame 5, bell",
        "one source at two positions in a frame (1 row)",
    ),
]


@pytest.mark.parametrize(("events", "severity", "place", "sentence"), CASES, ids=lambda value: str(value)[:30])
def test_each_rule_has_its_finding(events, severity, place, sentence):
    (finding,) = check_events(events, BELL_AND_DOG, frame_count=50)
    assert (finding.severity, finding.place, finding.sentence) == (severity, place, sentence)
    assert len(finding.remedy) > 10
    assert str(finding) == f"{place}: {sentence}; {finding.remedy}"


def test_three_sources_are_not_too_many_and_repeats_are_sources():
    assert check_events(crowd(3), BELL_AND_DOG) == []
    repeated = table(frame=[7] * 4, source=[0] * 4)
    assert [finding.sentence.split(" (")[0] for finding in check_events(repeated, BELL_AND_DOG)] == [
        "more than 3 sources of one class in a frame",
        "the same row again",
    ]


def test_an_unknown_distance_repeats_an_unknown_distance():
    events = table(frame=[5, 5], source=[1, 1], distance_m=[np.nan, np.nan])
    assert "the same row again (1 row)" in [finding.sentence for finding in check_events(events, BELL_AND_DOG)]


def test_without_a_length_the_end_is_not_checked():
    assert check_events(table(frame=[10_000]), BELL_AND_DOG) == []


def test_the_clip_is_named_in_the_finding():
    (finding,) = check_events(table(distance_m=[0]), BELL_AND_DOG, clip="a7")
    assert finding.place == "a7, frame 0, bell"


def test_names_cannot_control_the_terminal():
    classes = ClassList(("be\x1b[2Jll\n", "dog"))
    (finding,) = check_events(table(distance_m=[0]), classes, clip="a\n7")
    assert str(finding).isprintable()


def test_one_kind_is_found_once_for_each_clip_in_the_order_of_the_clips():
    far = table(distance_m=[200, 1, 300], azimuth_deg=[0, 100, 0])
    clips = ClipEvents.from_mapping({"b": far, "fine": table(frame=[1]), "a": far})
    findings = [finding for finding in check_clips(clips, BELL_AND_DOG) if finding.place != "all clips"]
    assert [(finding.place, finding.sentence) for finding in findings] == [
        ("b, frame 1, bell", "azimuth outside -90..90 (1 row)"),
        ("b, frame 0, bell", "further away than 100 m (2 rows)"),
        ("a, frame 1, bell", "azimuth outside -90..90 (1 row)"),
        ("a, frame 0, bell", "further away than 100 m (2 rows)"),
    ]


def test_lengths_may_be_one_for_all_or_known_for_some():
    late = table(frame=[60], class_index=[0])
    clips = ClipEvents.from_mapping({"a": late, "b": late})

    def late_places(frame_count):
        findings = check_clips(clips, ClassList(("bell",)), frame_count)
        return [finding.place for finding in findings if "beyond" in finding.sentence]

    assert late_places(None) == late_places({}) == late_places(61) == []
    assert late_places(60) == late_places(np.int64(60)) == ["a, frame 60, bell", "b, frame 60, bell"]
    assert late_places({"b": 50}) == ["b, frame 60, bell"]


def test_equal_rows_of_two_clips_do_not_repeat_each_other():
    clips = ClipEvents.from_mapping({"a": table(frame=[1]), "b": table(frame=[1])})
    assert check_clips(clips, ClassList(("bell",))) == []


# What only all clips show


def about_all(events, classes=BELL_AND_DOG):
    findings = check_clips(ClipEvents.from_mapping({"a": events}), classes)
    return [finding.sentence for finding in findings if finding.place == "all clips"]


def test_classes_that_never_occur_are_named():
    assert about_all(table(frame=[0])) == ["no events of: dog"]
    assert about_all(table(class_index=[0, 1])) == []


def test_no_events_at_all():
    assert about_all(Events.empty()) == ["no events at all"]


def test_metres_in_the_column_of_centimetres():
    assert about_all(table(class_index=[0, 1], distance_m=[0.02, 0.05])) == ["no source is further away than 0.05 m"]
    assert about_all(table(class_index=[0, 1], distance_m=[0.02, 0.5])) == []
    assert about_all(table(class_index=[0, 1], distance_m=[np.nan, np.nan])) == []


def test_radians_in_the_column_of_degrees():
    few, many = ([0, 1] * 10, [0, 1] * 30)
    assert about_all(table(class_index=many, azimuth_deg=[1, -3] * 30)) == ["no azimuth is wider than 3 degrees"]
    assert about_all(table(class_index=few, azimuth_deg=[1, -3] * 10)) == []
    assert about_all(table(class_index=many, azimuth_deg=[0] * 60)) == []
    assert about_all(table(class_index=many, azimuth_deg=[1, 40] * 30)) == []


def count_by_hand(clips):
    """Rows that repeat, move or crowd, one clip and row after the other."""
    found = Counter()
    for name in clips:
        events = clips[name]
        rows = list(zip(*(column.tolist() for column in list(events.to_columns().values())[:5]), strict=True))
        in_frame = Counter(row[:2] for row in rows)
        positions = defaultdict(list)
        for row in rows:
            positions[row[:3]].append(row[3:])
            found["more than 3"] += 3 < in_frame[row[:2]] <= 10
            found["more than 10"] += in_frame[row[:2]] > 10
        for seen in positions.values():
            found["the same row"] += len(seen) - len(set(seen))
            found["one source at two"] += len(set(seen)) - 1
    return +found


@pytest.mark.parametrize("seed", range(12))
def test_counts_equal_those_by_hand(seed):
    rng = np.random.default_rng([6, 0, seed])
    clips = {}
    for i in range(5):
        events = random_events(rng, rows=int(rng.integers(0, 60)), frames=3, classes=3, sources=4)
        columns = {
            **events.to_columns(),
            "azimuth_deg": rng.integers(0, 3, events.row_count),
            "distance_m": rng.integers(1, 3, events.row_count),
        }
        clips[f"clip{i}"] = Events.from_columns(columns)
    clips = ClipEvents.from_mapping(clips)
    counted = Counter()
    for finding in check_clips(clips, STARSS23):
        for kind in ("more than 3", "more than 10", "the same row", "one source at two"):
            if finding.sentence.startswith(kind):
                counted[kind] += int(finding.sentence.rsplit("(", 1)[1].split()[0])
    assert counted == count_by_hand(clips)


def test_a_finding_is_a_plain_value():
    finding = Finding("problem", "a", "b", "c")
    assert finding == Finding("problem", "a", "b", "c")
    assert hash(finding) == hash(Finding("problem", "a", "b", "c"))
