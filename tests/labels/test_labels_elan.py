from collections import defaultdict
from itertools import pairwise

import pytest
from labels_twins import random_events, rng_of

from whence.labels import STARSS23, ClassList, Events
from whence.labels.elan import elan_text
from whence.labels.event_text import event_text


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
