"""Which frames are active: the rule by hand, against a loop, and its edges."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from whence.errors import SceneError
from whence.scenes.audible import AudibleRule, find_audible


def active_frames(power, peak=1.0, **rule):
    """Active frames of a single event."""
    power = np.asarray(power, dtype=float)
    found = find_audible(power, np.array([0, len(power)]), np.array([peak]), [AudibleRule(**rule)])
    return np.flatnonzero(found.active).tolist()


def test_frames_within_30_db_of_the_loudest_are_active():
    assert active_frames([1.0, 1.01e-3, 0.99e-3, 0, 0, 0, 0, 0, 1.0], pause_s=0) == [0, 1, 8]


def test_pauses_shorter_than_half_a_second_are_bridged():
    four, five = [1, 0, 0, 0, 0, 1], [1, 0, 0, 0, 0, 0, 1]
    assert active_frames(four) == [0, 1, 2, 3, 4, 5]
    assert active_frames(five) == [0, 6]


def test_silence_before_and_after_is_not_bridged():
    assert active_frames([0, 0, 1, 0, 0]) == [2]


def test_the_noise_of_a_pause_is_not_taken_for_the_sound():
    assert active_frames([1e-6, 1e-6, 1e-6], peak=1.0) == []
    assert active_frames([1e-6, 1e-6, 1e-6], peak=0.01) == [0, 1, 2]


def test_nothing_is_raised_above_what_the_recording_allows():
    quiet = find_audible(np.array([1e-9]), np.array([0, 1]), np.array([1.0]), [AudibleRule()])
    assert quiet.rms[0] == pytest.approx(10 ** (-45 / 20))
    loud = find_audible(np.array([0.25, 0.25e-4]), np.array([0, 2]), np.array([1.0]), [AudibleRule()])
    assert loud.rms[0] == pytest.approx(0.5)


def test_silence_is_never_active():
    assert active_frames([0, 0, 0], peak=0.0, threshold_db=120, floor_db=120) == []


def test_no_events_no_frames():
    nothing = find_audible(np.zeros(0), np.array([0]), np.zeros(0), [])
    assert len(nothing.active) == len(nothing.rms) == 0


@given(
    st.lists(
        st.lists(st.sampled_from([0.0, 1e-9, 1e-4, 1e-3, 0.01, 1.0]), min_size=1, max_size=30), min_size=1, max_size=5
    ),
    st.sampled_from([0.0, 0.2, 0.5, 1.0]),
    st.sampled_from([0.1, 1.0]),
)
def test_many_events_at_once_equal_a_loop_over_each(events, pause_s, peak):
    rule = AudibleRule(pause_s=pause_s)
    first = np.cumsum([0, *map(len, events)])
    found = find_audible(np.concatenate(events), first, np.full(len(events), peak), [rule] * len(events))
    for number, power in enumerate(events):
        active, rms = by_loop(power, peak, rule)
        assert found.active[first[number] : first[number + 1]].tolist() == active
        assert found.rms[number] == pytest.approx(rms)


def by_loop(power, peak, rule):
    """The rule, read out loud."""
    least = max(max(power) / 10 ** (rule.threshold_db / 10), peak**2 / 10 ** (rule.floor_db / 10))
    loud = [value >= least and value > 0 for value in power]
    active = list(loud)
    for start in range(len(power)):
        for end in range(start + 2, len(power)):
            pause = end - start - 1
            if loud[start] and loud[end] and not any(loud[start + 1 : end]) and pause < round(rule.pause_s * 10):
                active[start:end] = [True] * (end - start)
    chosen = [value for value, is_loud in zip(power, loud, strict=True) if is_loud]
    rms = np.sqrt(np.mean(chosen)) if chosen else 0.0
    return active, max(rms, peak * 10 ** (-45 / 20))


@pytest.mark.parametrize("field", ["threshold_db", "floor_db", "pause_s"])
def test_impossible_rules_are_refused(field):
    with pytest.raises(SceneError, match=rf"audible\.{field} is -1"):
        AudibleRule(**{field: -1})
