"""Windows of recordings as clips: what `whence convert` writes, drawn by a generator."""

import numpy as np
import pytest
from corpora_trees import noise, starss_tree, write_text, write_wav

from whence.audio import read_window
from whence.corpora import (
    StereoWindows,
    Window,
    WindowClip,
    check_lengths,
    convert_clips,
    draw_clip,
    draw_window_clips,
    list_recordings,
)
from whence.errors import CorpusError
from whence.labels import read_dcase


@pytest.fixture(scope="module")
def windows(tmp_path_factory):
    return StereoWindows(list_recordings(starss_tree(tmp_path_factory.mktemp("starss"))))


def test_a_clip_is_what_the_conversion_writes(windows, tmp_path):
    convert_clips(windows, tmp_path, count=6, seed=4, jobs=1)
    written = sorted((tmp_path / "stereo_dev").rglob("*.wav"))
    assert len(written) == 6
    for path in written:
        recording, angle, start = path.stem.rsplit("_", 2)
        index = [one.name for one in windows.recordings].index(recording)
        window = Window(index, int(start.removeprefix("start")), int(angle.removeprefix("deg")))
        clip = WindowClip(windows, window)
        assert (clip.name, clip.recording) == (path.stem, recording)
        # The file has 16 bits, rounded down as the organisers' writer did.
        difference = clip.read_signal() - read_window(path, 0, 120_000)
        assert difference.min() >= -1e-6
        assert difference.max() <= 2.0**-15 + 1e-6
        labels = tmp_path / "metadata_dev" / path.parent.name / f"{path.stem}.csv"
        expected, events = read_dcase(labels), clip.read_events()
        assert events.frame.tolist() == expected.frame.tolist()
        np.testing.assert_allclose(events.azimuth_deg, expected.azimuth_deg, atol=0.51)


def test_starts_and_angles_are_drawn_evenly_and_recordings_by_length(windows):
    clips = [draw_clip(windows, np.random.default_rng([1, number, 3]))[0] for number in range(600)]
    again, signal = draw_clip(windows, np.random.default_rng([1, 17, 3]))
    assert again == clips[17]
    assert np.array_equal(signal, clips[17].read_signal())
    frames = np.array([recording.frame_count for recording in windows.recordings])
    counts = np.bincount([clip.window.recording for clip in clips])
    np.testing.assert_allclose(counts / 600, frames / frames.sum(), atol=0.06)
    angles = np.array([clip.window.viewing_angle_deg for clip in clips])
    assert (angles.min() < 10, angles.max() > 349) == (True, True)
    longest = int(frames.argmax())
    starts = {clip.window.start_frame for clip in clips if clip.window.recording == longest}
    assert (min(starts), max(starts)) == (0, frames[longest] - 50)


def test_a_fixed_set_is_always_the_same_and_has_no_window_twice(windows):
    clips = draw_window_clips(windows, 20, seed=1)
    assert [clip.name for clip in clips] == sorted({clip.name for clip in clips})
    assert [clip.name for clip in draw_window_clips(windows, 20, seed=1)] == [clip.name for clip in clips]
    assert [clip.name for clip in draw_window_clips(windows, 20, seed=2)] != [clip.name for clip in clips]


def test_windows_that_are_too_loud_are_not_drawn(tmp_path):
    folder = starss_tree(tmp_path / "loud", level=0.0)
    loud = folder / "foa_dev/dev-train-sony/fold3_room21_mix012.wav"
    samples = noise(1, 4, 216_000, 0.01)
    samples[:24_000] = 0.9
    write_wav(loud, samples)
    windows = StereoWindows([one for one in list_recordings(folder) if one.sound == loud])
    for number in range(20):
        _, signal = draw_clip(windows, np.random.default_rng([1, number, 3]))
        assert np.abs(signal).max() <= 0.9999
    write_wav(loud, 0.9 * np.sign(noise(2, 4, 216_000)))
    with pytest.raises(CorpusError, match="all too loud"):
        draw_clip(windows, np.random.default_rng(1))


def test_a_recording_shorter_than_a_clip_is_named(tmp_path):
    key = "dev-train-sony/fold3_room21_mix001"
    write_wav(tmp_path / "foa_dev" / f"{key}.wav", noise(1, 4, 48_000))
    write_text(tmp_path / "metadata_dev" / f"{key}.csv", "")
    with pytest.raises(CorpusError, match=r"mix001\.wav: shorter than the five seconds"):
        check_lengths(StereoWindows(list_recordings(tmp_path)))
    with pytest.raises(CorpusError, match="no recordings"):
        draw_window_clips(StereoWindows([]), 1, seed=1)
