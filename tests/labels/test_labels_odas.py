import json
import math
import re

import numpy as np
import pytest
from labels_twins import random_events, rng_of

from whence.errors import LabelError
from whence.labels import STARSS23, ClassList, Events
from whence.labels.odas import odas_text, unit_vectors


def messages(text):
    """The JSON objects of a stream."""
    decoder, position, found = json.JSONDecoder(), 0, []
    while position < len(text):
        value, end = decoder.raw_decode(text, position)
        found.append(value)
        position = end + len(re.match(r"\s*", text[end:]).group())
    return found


def split_as_odas_studio_does(text):
    """Its stream is split between the lines of a closing and an opening brace, which are then put back."""
    parts = text.split("}\n{")
    parts = [part if part.startswith("{") else "{" + part for part in parts]
    # A brace is put back unless one is second or third from the end, as in denser JSON.
    return [part if part[-2] == "}" or part[-3] == "}" else part + "}" for part in parts[:-1]]


@pytest.mark.parametrize("seed", range(5))
def test_every_frame_has_its_message_with_its_sources(seed):
    events = random_events(rng_of(8, 5, seed), rows=60, frames=20)
    found = messages(odas_text(events, STARSS23))
    assert [message["timeStamp"] for message in found] == list(range(events.frame.max() + 1))
    for message in found:
        active = [source for source in message["src"] if source["id"]]
        rows = events.between(message["timeStamp"], message["timeStamp"] + 1).sorted()
        assert [source["tag"] for source in active] == [STARSS23[index] for index in rows.class_index.tolist()]
        assert len(message["src"]) == max(4, len(active))
        for source, azimuth_deg, score in zip(active, rows.azimuth_deg, rows.score, strict=True):
            assert source["x"] == pytest.approx(math.cos(math.radians(azimuth_deg)), abs=5.1e-4)
            assert source["y"] == pytest.approx(math.sin(math.radians(azimuth_deg)), abs=5.1e-4)
            assert source["z"] == 0
            assert source["activity"] == pytest.approx(score, abs=5.1e-4)


def test_odas_studio_gets_whole_messages():
    events = random_events(rng_of(8, 5, 9), rows=60, frames=20)
    text = odas_text(events, STARSS23)
    received = [json.loads(part) for part in split_as_odas_studio_does(text)]
    assert received == messages(text)[:-1]  # the last one waits for a next


def test_a_source_keeps_its_number_and_no_two_share_one():
    events = random_events(rng_of(8, 5, 3), rows=60, frames=20)
    pairs = set()
    for message in messages(odas_text(events, STARSS23)):
        rows = events.between(message["timeStamp"], message["timeStamp"] + 1).sorted()
        active = [source for source in message["src"] if source["id"]]
        pairs |= {
            (source["id"], class_index, number)
            for source, class_index, number in zip(active, rows.class_index.tolist(), rows.source.tolist(), strict=True)
        }
    assert len({number for number, _, _ in pairs}) == len(pairs)


@pytest.mark.parametrize(
    ("azimuth_deg", "elevation_deg", "vector"),
    [
        (0, 0, [1, 0, 0]),
        (90, 0, [0, 1, 0]),
        (-90, math.nan, [0, -1, 0]),
        (180, 0, [-1, 0, 0]),
        (45, 90, [0, 0, 1]),
        (0, -30, [0.866, 0, -0.5]),
    ],
)
def test_x_is_ahead_y_to_the_left_z_up(azimuth_deg, elevation_deg, vector):
    (found,) = unit_vectors(np.array([azimuth_deg], float), np.array([elevation_deg], float)).tolist()
    assert found == vector
    assert "-0.0" not in [str(value) for value in found]


def test_more_sources_than_slots_are_all_written():
    events = Events.from_columns({"frame": [0] * 6, "class_index": [0] * 6, "source": range(6), "azimuth_deg": [0] * 6})
    (message,) = messages(odas_text(events, ClassList(("dog",))))
    assert [source["id"] for source in message["src"]] == [1, 2, 3, 4, 5, 6]


def test_silence_has_no_messages():
    assert odas_text(Events.empty(), STARSS23) == ""


def test_an_event_later_than_a_day_is_refused_before_its_silence_is_written():
    late = Events.from_columns({"frame": [100_000_000], "class_index": [0], "azimuth_deg": [0]})
    with pytest.raises(LabelError, match=r"the last event is at 2777\.8 hours; .* at most a day"):
        odas_text(late, STARSS23)
