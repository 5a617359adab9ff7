import json

import pytest
from labels_twins import random_events, rng_of

from whence.labels import STARSS23, Events
from whence.labels.jams import SOUND_DIRECTION, jams_text

EVENTS = random_events(rng_of(8, 4, 0), rows=60, known_distance=False)


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


@pytest.mark.parametrize("events", [EVENTS, EVENTS[:1], Events.empty()], ids=["many", "one", "none"])
def test_the_document_follows_the_schema(events):
    document = json.loads(jams_text(events, STARSS23))
    follows_schema(document)
    assert document["file_metadata"]["duration"] == max((event.offset_s for event in events), default=0.0)


def test_tags_and_places_tell_every_event():
    document = json.loads(jams_text(EVENTS, STARSS23))
    tags, places = document["annotations"]
    assert (tags["namespace"], places["namespace"]) == ("tag_open", "blob")
    whole = list(EVENTS)
    assert [tag["value"] for tag in tags["data"]] == [STARSS23[event.class_index] for event in whole]
    for tag, place, event in zip(tags["data"], places["data"], whole, strict=True):
        assert tag["time"] == place["time"] == event.onset_s
        assert round(tag["time"] + tag["duration"], 1) == event.offset_s
        assert tag["confidence"] == event.score
        assert place["value"] == {
            "class": STARSS23[event.class_index],
            "source": event.source,
            "azimuth_deg": round(event.azimuth_deg, 2),
            "distance_m": None,
        }


def test_the_places_carry_the_schema_of_their_values():
    _, places = json.loads(jams_text(EVENTS, STARSS23))["annotations"]
    assert places["sandbox"]["namespace"] == SOUND_DIRECTION
    properties = SOUND_DIRECTION["sound_direction"]["value"]["properties"]
    assert set(properties) == set(places["data"][0]["value"])
    assert "positive (L) to the left" in SOUND_DIRECTION["sound_direction"]["description"]
