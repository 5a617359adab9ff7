"""The queue between a device and a reader: order, length, and every lost second counted."""

import threading

import numpy as np
import pytest

from whence.live.device import SoundQueue


def numbered(first, count):
    return np.arange(first, first + count, dtype=np.float32) * np.ones((2, 1), np.float32)


@pytest.mark.parametrize("seed", range(20))
def test_queue_equals_a_list_with_a_limit(seed):
    """The slow twin keeps samples one by one."""
    rng = np.random.default_rng([seed, 0, 0])
    queue, twin, lost, number = SoundQueue(longest_s=1.0), [], 0, 0
    for _ in range(60):
        if rng.random() < 0.7:
            count = int(rng.integers(1, 400))
            queue.put(numbered(number, count), 1_000)
            if len(twin) + count <= 1_000:
                twin += range(number, number + count)
            else:
                lost += count
            number += count
        else:
            chunk = queue.take(0.0)
            assert (chunk.signal[0].tolist() if chunk else []) == twin
            twin = []
    assert queue.lost_s == pytest.approx(lost / 1_000)


def test_what_waits_is_one_stretch_without_a_hole():
    queue = SoundQueue(longest_s=1.0)
    for first in range(0, 3_000, 300):
        queue.put(numbered(first, 300), 1_000)
    assert queue.take(0.0).signal[0].tolist() == list(range(900))
    assert queue.lost_s == pytest.approx(2.1)


def test_sounds_of_two_rates_are_not_joined():
    queue = SoundQueue()
    queue.put(numbered(0, 10), 48_000)
    queue.put(numbered(10, 10), 48_000)
    queue.put(numbered(20, 10), 44_100)
    assert [(chunk.signal.shape[1], chunk.rate_hz) for chunk in (queue.take(0), queue.take(0))] == [
        (20, 48_000),
        (10, 44_100),
    ]
    assert queue.take(0) is None


def test_a_reader_wakes_up_when_something_comes():
    queue = SoundQueue()
    timer = threading.Timer(0.05, queue.put, (numbered(0, 10), 24_000))
    timer.start()
    chunk = queue.take(timeout_s=10.0)
    timer.join()
    assert chunk.signal.shape == (2, 10)


def test_hours_do_not_make_it_forget_its_length():
    queue = SoundQueue(longest_s=0.5)
    piece = numbered(0, 441)
    for _ in range(20_000):
        queue.put(piece, 44_100)
        assert queue.take(0) is not None
    for _ in range(100):
        queue.put(piece, 44_100)
    assert queue.lost_s == pytest.approx(0.5)
