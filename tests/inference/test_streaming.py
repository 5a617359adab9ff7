"""Streams: the same events for any pieces, every frame once and from the right window, constant memory."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from systems import LevelNetworks, noise, random_system
from whole_windows import cut_windows, put_together, window_audio

from whence.errors import InferenceError
from whence.inference.streaming import Stream, frame_count_of
from whence.inference.system import NetworkSystem
from whence.labels import Events
from whence.units import FRAME_SAMPLES


def streamed(system, signal, sizes, **options):
    stream = Stream(system, **options)
    found, first = [], 0
    for size in sizes:
        found.append(stream.feed(signal[:, first : first + size]))
        first += size
    found.append(stream.feed(signal[:, first:]))
    return Events.concatenate([*found, stream.finish()]), stream


def slow_detect(system, signal):
    """Windows cut with the length known, each predicted alone, the parts put together."""
    frame_count = frame_count_of(signal.shape[1])
    windows = cut_windows(frame_count)
    parts = [system.values(audio[None])[0] for audio in window_audio(signal, windows)]
    return system.decode(put_together(parts, windows)[:frame_count])


@pytest.mark.parametrize("seconds", [0.05, 1.0, 4.95, 5.0, 5.05, 7.49, 7.5, 7.51, 9.9, 12.34])
def test_a_stream_gives_what_windows_of_the_whole_recording_give(seconds):
    system, signal = random_system(), noise(seconds)
    found, stream = streamed(system, signal, [])
    assert found == slow_detect(system, signal)
    assert stream.frame_count == frame_count_of(signal.shape[1])


class CountedNetworks(LevelNetworks):
    """Counts the windows of each call."""

    def __init__(self):
        super().__init__()
        self.together = []

    def predict(self, audio):
        self.together.append(len(audio))
        return super().predict(audio)


def test_windows_are_predicted_together_where_they_can_be():
    networks, signal = CountedNetworks(), noise(20)
    streamed(NetworkSystem(networks), signal, [])
    assert networks.together == [1, 2, 2, 2]
    quiet = signal.copy()
    quiet[:, 170_000:250_000] = 0  # no whole window is silent
    quiet[:, 300_000:] = 0
    silent = CountedNetworks()
    streamed(NetworkSystem(silent), quiet, [])
    assert silent.together == [1, 2, 2]


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 300_000), st.lists(st.integers(0, 90_000), max_size=8), st.sampled_from(["best", "low"]))
def test_the_sizes_of_the_pieces_do_not_matter(sample_count, sizes, latency):
    system, signal = NetworkSystem(LevelNetworks()), noise(13)[:, :sample_count]
    whole, _ = streamed(system, signal, [], latency=latency)
    pieces, stream = streamed(system, signal, sizes, latency=latency)
    assert pieces == whole
    assert stream.frame_count == frame_count_of(sample_count)


@pytest.mark.parametrize("latency", ["best", "low"])
def test_the_sizes_of_the_pieces_do_not_matter_to_real_networks(latency):
    system, signal = random_system(), noise(7.3)
    whole, _ = streamed(system, signal, [], latency=latency)
    pieces, _ = streamed(system, signal, [1, 5_000, 100, 77_777, 0, 2_400], latency=latency)
    assert pieces == whole
    assert whole


@pytest.mark.parametrize("latency", ["best", "low"])
def test_every_frame_comes_once_and_in_order(latency):
    signal = noise(11.03)
    found, _ = streamed(NetworkSystem(LevelNetworks()), signal, [FRAME_SAMPLES] * 60, latency=latency)
    assert found.frame.tolist() == list(range(111))


@pytest.mark.parametrize("latency", ["best", "low"])
def test_events_come_within_the_stated_latency(latency):
    stream = Stream(NetworkSystem(LevelNetworks()), latency=latency)
    signal = noise(20)
    for frame in range(200):
        stream.feed(signal[:, frame * FRAME_SAMPLES : (frame + 1) * FRAME_SAMPLES])
        fed_s, final_s = (frame + 1) / 10, stream.frame_count / 10
        # A sound at the beginning of the first frame that is not final waits from there on.
        assert fed_s - final_s < stream.latency_s + 1e-9
    assert Stream(NetworkSystem(LevelNetworks()), latency="low").latency_s == pytest.approx(0.2)


def test_directions_are_right_at_their_time():
    signal = np.zeros((2, 12 * 24_000), np.float32)
    signal[0, 3 * 24_000 : 4 * 24_000] = 0.5
    signal[1, 8 * 24_000 : 9 * 24_000] = 0.5
    for latency in ("best", "low"):
        found, _ = streamed(NetworkSystem(LevelNetworks()), signal, [10_000] * 9, latency=latency)
        events = [(event.onset_s, event.offset_s, event.azimuth_deg) for event in found]
        assert events == [(3.0, 4.0, 90.0), (8.0, 9.0, -90.0)]


def test_digital_silence_reaches_no_network():
    networks = LevelNetworks()
    found, stream = streamed(NetworkSystem(networks), np.zeros((2, 30 * 24_000), np.float32), [])
    assert not found
    assert networks.clip_count == 0
    assert stream.frame_count == 300


@pytest.mark.parametrize("latency", ["best", "low"])
def test_memory_does_not_grow_with_the_recording(latency):
    stream = Stream(NetworkSystem(LevelNetworks()), latency=latency)
    piece, largest = np.full((2, 24_000), 0.2, np.float32), 0
    for _ in range(600):
        stream.feed(piece)
        largest = max(largest, stream._buffer.shape[1])
    assert largest <= 160 * FRAME_SAMPLES


def test_a_stream_without_sound_has_no_events():
    stream = Stream(random_system())
    assert not stream.feed(np.zeros((2, 0), np.float32))
    assert not stream.finish()
    assert stream.frame_count == 0


def test_wrong_use_is_refused():
    with pytest.raises(InferenceError, match="latency is 'none'; it must be one of: best, low"):
        Stream(random_system(), latency="none")
    with pytest.raises(InferenceError, match=r"shape \(2, sample\), this one \(24000,\)"):
        Stream(random_system()).feed(np.zeros(24_000, np.float32))
    stream = Stream(random_system())
    stream.finish()
    with pytest.raises(InferenceError, match="has ended"):
        stream.feed(noise(1))
    with pytest.raises(InferenceError, match=r"a threshold lies in 0\.\.1, not at 1\.5"):
        Stream(random_system(), threshold=1.5)


def test_a_given_threshold_counts_for_every_class():
    system, signal = random_system(), noise(5)
    few, _ = streamed(system, signal, [], threshold=0.9)
    many, _ = streamed(system, signal, [], threshold=0.1)
    assert few.row_count < many.row_count
    assert few.score.min() > 0.9


@given(st.integers(1, 400), st.sampled_from([(50, 25), (50, 50), (50, 1), (10, 7)]))
def test_windows_cover_every_frame_once_from_the_most_central_window(frame_count, sizes):
    window_frames, hop_frames = sizes
    windows = cut_windows(frame_count, window_frames, hop_frames)
    covered = [frame for window in windows for frame in range(*window.taken)]
    assert covered == list(range(frame_count))
    for window in windows:
        for frame in range(*window.taken):
            assert 0 <= frame - window.first_frame < window_frames
            distance = [abs(2 * (frame - other.first_frame) + 1 - window_frames) for other in windows]
            # Two windows may be equally central.
            assert abs(2 * (frame - window.first_frame) + 1 - window_frames) == min(distance)


@given(st.integers(1, 60 * FRAME_SAMPLES))
def test_frames_are_counted_as_soon_as_they_begin(sample_count):
    assert frame_count_of(sample_count) == int(np.ceil(sample_count / 2_400))


def test_windows_hold_the_samples_they_say_and_zeros_after_the_end():
    signal = np.arange(2 * 130_000, dtype=np.float32).reshape(2, -1) + 1
    windows = cut_windows(frame_count_of(130_000))
    parts = list(window_audio(signal, windows))
    assert {part.shape for part in parts} == {(2, 120_000)}
    for window, part in zip(windows, parts, strict=True):
        first = window.first_frame * FRAME_SAMPLES
        inside = min(130_000 - first, 120_000)
        np.testing.assert_array_equal(part[:, :inside], signal[:, first : first + inside])
        assert not part[:, inside:].any()


@given(st.integers(51, 200))
def test_what_is_cut_and_put_together_is_the_whole(frame_count):
    truth = np.random.default_rng(frame_count).normal(size=(frame_count, 3)).astype(np.float32)
    windows = cut_windows(frame_count)
    parts = [truth[window.first_frame : window.first_frame + 50] for window in windows]
    np.testing.assert_array_equal(put_together(parts, windows), truth)
