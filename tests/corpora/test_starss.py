"""Ambisonic recordings rendered in any direction: the fast way against the plain one."""

import shutil

import numpy as np
import pytest
import soundfile
from corpora_trees import STARSS_LENGTHS_S, noise, starss_rows, starss_tree, write_text, write_wav

from whence.corpora.starss import StereoWindows, Window, list_recordings
from whence.errors import AudioError, CorpusError, LabelError


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return starss_tree(tmp_path_factory.mktemp("starss"))


@pytest.fixture(scope="module")
def windows(tree):
    return StereoWindows(list_recordings(tree))


def slow_signal(path, start_frame, angle_deg):
    """Decode everything, cut, turn, add: sample by sample by the formula."""
    whole, _ = soundfile.read(path, dtype="float64")
    cut = whole[int(start_frame * 0.1 * 24_000) : int((start_frame + 50) * 0.1 * 24_000)]
    turn = np.deg2rad(angle_deg)
    left, right = [], []
    for omni, y, _, x in cut:
        turned = np.sin(turn) * x + np.cos(turn) * y
        left.append(omni + turned)
        right.append(omni - turned)
    return np.array([left, right])


def slow_events(rows, start_frame, angle_deg):
    """(frame, class, source, azimuth, distance) by the rules written out."""
    events = []
    for frame, class_index, source, azimuth, _, distance in rows:
        if start_frame <= frame < start_frame + 50:
            turned = azimuth + angle_deg
            turned = turned - 360 if turned > 180 else turned
            folded = 180 - turned if turned > 90 else -180 - turned if turned < -90 else turned
            events.append((frame - start_frame, class_index, source, folded, distance / 100))
    return events


def test_recordings_are_listed_with_their_lengths(tree):
    listed = list_recordings(tree)
    assert [f"{r.subset}/{r.name}" for r in listed] == sorted(STARSS_LENGTHS_S)
    assert {f"{r.subset}/{r.name}": r.frame_count for r in listed} == {
        "dev-train-sony/fold3_room21_mix012": 90,
        "dev-train-sony/fold3_room21_mix013": 73,
        "dev-train-tau/fold3_room2_mix001": 60,
        "dev-test-tau/fold4_room8_mix001": 123,
    }
    assert [r.name for r in list_recordings(tree, "dev-test-*")] == ["fold4_room8_mix001"]
    assert listed[0].recording == listed[0].name


@pytest.mark.parametrize(("number", "start", "angle"), [(0, 0, 0), (0, 73, 90), (1, 40, 123), (2, 17, 359)])
def test_a_window_follows_the_formula(tree, windows, number, start, angle):
    recording = windows.recordings[number]
    signal, _ = windows.render(Window(number, start, angle))
    assert signal.shape == (2, 120_000)
    assert signal.dtype == np.float32
    slow = slow_signal(recording.sound, start, angle)
    assert np.abs(signal - slow).max() < 2e-7
    assert np.array_equal(windows.render_signal(Window(number, start, angle), exact=True), slow.astype(np.float32))


def test_events_follow_the_rules(windows):
    seeds = {name: seed for seed, name in enumerate(key.partition("/")[2] for key in STARSS_LENGTHS_S)}
    for number, recording in enumerate(windows.recordings):
        rows = starss_rows(seeds[recording.name], 1_000)
        for start, angle in ((0, 0), (3, 90), (10, 271), (7, 359)):
            _, events = windows.render(Window(number, start, angle))
            columns = (events.frame, events.class_index, events.source, events.azimuth_deg, events.distance_m)
            assert list(zip(*(column.tolist() for column in columns), strict=True)) == slow_events(rows, start, angle)


def test_looking_the_other_way_swaps_the_channels(windows):
    front = windows.render_signal(Window(1, 5, 30))
    back = windows.render_signal(Window(1, 5, 210))
    assert np.abs(front - back[::-1]).max() < 1e-6


@pytest.mark.parametrize("subtype", ["FLOAT", "PCM_24"])
def test_other_sample_formats_give_the_same_signal(tmp_path, subtype):
    tree = starss_tree(tmp_path)
    path = tree / "foa_dev" / "dev-train-tau" / "fold3_room2_mix001.wav"
    before = StereoWindows(list_recordings(tree)).render_signal(Window(3, 4, 77))
    samples, rate = soundfile.read(path)
    soundfile.write(path, samples, rate, subtype=subtype)
    after = StereoWindows(list_recordings(tree)).render_signal(Window(3, 4, 77))
    assert np.array_equal(before, after)


def test_recordings_without_distances_have_none(tmp_path):
    tree = starss_tree(tmp_path)
    for path in (tree / "metadata_dev").rglob("*.csv"):
        path.write_text("".join(line.rpartition(",")[0] + "\n" for line in path.read_text().splitlines()))
    windows = StereoWindows(list_recordings(tree), layout="dcase2022")
    _, events = windows.render(Window(0, 0, 0))
    assert events
    assert np.isnan(events.distance_m).all()
    with pytest.raises(LabelError):
        StereoWindows(list_recordings(tree), layout="dcase2023").render(Window(0, 0, 0))


def test_labels_are_read_once(tmp_path):
    tree = starss_tree(tmp_path)
    windows = StereoWindows(list_recordings(tree))
    first = windows.render_events(Window(0, 0, 10))
    windows.recordings[0].labels.unlink()
    assert windows.render_events(Window(0, 0, 10)) == first


@pytest.mark.parametrize(
    ("window", "sentence"),
    [
        (Window(4, 0, 0), r"no recording 4; there are 4"),
        (Window(-1, 0, 0), r"no recording -1"),
        (Window(0, -1, 0), r"five seconds from frame -1 are not within its 123 frames"),
        (Window(0, 74, 0), r"fold4_room8_mix001: five seconds from frame 74 are not within its 123 frames"),
    ],
)
def test_windows_outside_are_refused(windows, window, sentence):
    for render in (windows.render_signal, windows.render_events):
        with pytest.raises(CorpusError, match=sentence):
            render(window)


@pytest.mark.parametrize(
    ("gone", "sentence"),
    [
        ("foa_dev", r"foa_dev: no such folder; unpack foa_dev.zip of STARSS23 or STARSS22 here"),
        ("metadata_dev", r"metadata_dev: no such folder; unpack metadata_dev.zip"),
        ("foa_dev/dev-train-tau", r"metadata_dev: 1 recordings without .wav, first dev-train-tau/fold3_room2_mix001"),
        ("metadata_dev/dev-test-tau", r"foa_dev: 1 recordings without .csv, first dev-test-tau/fold4_room8_mix001"),
    ],
)
def test_a_tree_that_lacks_something_is_refused(tmp_path, gone, sentence):
    tree = starss_tree(tmp_path)
    shutil.rmtree(tree / gone)
    with pytest.raises(CorpusError, match=sentence):
        list_recordings(tree)


def test_an_empty_choice_is_refused(tree):
    with pytest.raises(CorpusError, match=r"foa_dev: no recordings in dev-val-\*/\*.wav"):
        list_recordings(tree, "dev-val-*")


@pytest.mark.parametrize(("channels", "rate"), [(2, 24_000), (4, 48_000), (32, 24_000)])
def test_another_format_is_refused(tmp_path, channels, rate):
    tree = starss_tree(tmp_path)
    write_wav(tree / "foa_dev" / "dev-train-tau" / "fold3_room2_mix001.wav", noise(1, channels, 24_000), rate)
    with pytest.raises(CorpusError, match=rf"has {channels} channels at {rate} Hz; first-order Ambisonics has 4"):
        list_recordings(tree)


def test_a_recording_cut_after_listing_raises_the_reader_s_error(tmp_path):
    tree = starss_tree(tmp_path)
    windows = StereoWindows(list_recordings(tree))
    write_wav(windows.recordings[0].sound, noise(1, 4, 24_000))
    with pytest.raises(AudioError, match=r"fold4_room8_mix001.wav ends before"):
        windows.render_signal(Window(0, 20, 0))
    windows.recordings[0].sound.unlink()
    with pytest.raises(AudioError, match=r"fold4_room8_mix001.wav: no such file"):
        windows.render_signal(Window(0, 20, 0))


def test_hidden_files_are_skipped(tmp_path):
    tree = starss_tree(tmp_path)
    write_text(tree / "foa_dev" / "dev-train-tau" / "._fold3_room2_mix001.wav", "strewn about")
    assert len(list_recordings(tree)) == 4
