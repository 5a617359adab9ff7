"""The check of the channels: two, different, alive, and left on the left."""

import logging

import numpy as np
import pytest
from live_doubles import FakeClock, FakeDevice, FakeTerminal, noise

from whence.audio import check
from whence.live.channel_check import ChannelCheck, faults
from whence.live.device_input import DeviceInput
from whence.live.session import Stop

RATE = 24_000


def room(duration_s, seed=0, level=1e-3):
    return noise(round(duration_s * RATE), seed, level)


def snap(azimuth_deg, at_s=1.0, duration_s=2.0, seed=0, level=0.5, walls=0.3):
    """A click of 5 ms between two cardioids, with echoes as loud on the other side."""
    signal = room(duration_s, seed)
    gain = np.sin(np.radians(azimuth_deg))
    click = np.random.default_rng([seed, 2, 2]).normal(0, level / 3, RATE // 200)
    first = round(at_s * RATE)
    for delay_s, scale, side in ((0.0, 1.0, gain), (0.03, walls, -gain), (0.05, walls, -gain)):
        start = first + round(delay_s * RATE)
        signal[0, start : start + len(click)] += (scale * (1 + side) / 2 * click).astype(np.float32)
        signal[1, start : start + len(click)] += (scale * (1 - side) / 2 * click).astype(np.float32)
    return signal


def test_faults_of_pairs():
    good = room(2.0)
    assert faults(good) == []
    mono = np.stack([good[0], good[0]])
    assert "left and right are identical in 2.0 of 2.0 s" in faults(mono)[0]
    dead = np.stack([good[0], np.zeros_like(good[0])])
    assert faults(dead) == ["right channel is silent"]
    assert faults(np.stack([good[0] * 0.01, good[1]])) == ["left is 40 dB quieter than right: is it plugged in?"]
    (leaning,) = faults(np.stack([good[0], good[1] * 0.4]))
    assert leaning == "right is 8 dB quieter than left: set both to the same gain, or directions lean to the left"
    assert [check(pair).one_sided for pair in (good, mono, dead, np.zeros_like(good))] == [False, True, True, True]


def in_chunks(signal, chunk=1_200):
    return [signal[:, first : first + chunk] for first in range(0, signal.shape[1], chunk)]


def talk(caplog, signal, keys=(), stop=None):
    """A whole check; its messages, and the input."""
    clock = FakeClock()
    sound = DeviceInput(FakeDevice(clock, in_chunks(signal)), clock)
    with caplog.at_level(logging.INFO, "whence"):
        ChannelCheck(sound, FakeTerminal(keys), clock, stop or Stop()).run()
    return caplog.messages, sound


def test_left_is_left(caplog):
    messages, sound = talk(caplog, np.concatenate([room(6.0), snap(70), room(5.0)], axis=1))
    assert messages[:3] == [
        "checking the channels of a fake device, 5 s (any key: go on)",
        "two channels, different from each other",
        "snap your fingers at your LEFT (any key: skip)",
    ]
    assert messages[3].startswith("left is left (")
    assert len(messages) == 4
    assert not sound.swapped


@pytest.mark.parametrize(("answer", "swapped"), [("y", True), ("Y", True), ("n", False), ("?n", False)])
def test_swapped_channels_are_found_and_offered_to_be_swapped(answer, swapped, caplog):
    keys = [""] * (160 + 50) + [answer]
    messages, sound = talk(caplog, np.concatenate([room(6.0), snap(-70), room(40.0)], axis=1), keys)
    assert any(sentence.startswith("that came from the RIGHT (") for sentence in messages)
    assert sound.swapped is swapped
    assert messages[-1] == ("swapped; x swaps them back" if swapped else "left as they are; x swaps them at any time")


def test_no_answer_leaves_everything_as_it_is(caplog):
    messages, sound = talk(caplog, np.concatenate([room(6.0), snap(-70), room(40.0)], axis=1))
    assert messages[-1] == "left as they are; x swaps them at any time"
    assert not sound.swapped
    assert not sound.ended


def test_a_snap_in_front_is_asked_for_again(caplog):
    messages, _ = talk(caplog, np.concatenate([room(6.0), snap(0), room(1.0), snap(70), room(5.0)], axis=1))
    assert messages[3] == "that was as loud on both sides; once more, nearer to the left microphone"
    assert messages[4].startswith("left is left")


def test_no_snap_ends_the_question(caplog):
    messages, sound = talk(caplog, room(60.0))
    assert messages[-1] == "no snap was detected; the channels stay as they are"
    assert not sound.ended


def test_any_key_goes_on(caplog):
    messages, sound = talk(caplog, room(60.0), keys=["", "", " ", "", "", " "])
    assert messages[-1] == "skipped"
    assert not sound.ended


def test_q_stops(caplog):
    stop = Stop()
    talk(caplog, room(60.0), keys=["", "q"], stop=stop)
    assert (stop.asked, stop.code) == (True, 0)


def test_where_no_side_can_be_told_no_snap_is_asked_for(caplog):
    mono = np.repeat(room(30.0)[:1], 2, axis=0)
    messages, _ = talk(caplog, mono)
    assert len(messages) == 2
    assert "left and right are identical" in messages[1]
