"""Clips made from recordings: the organisers' files again, whole pairs only, the same bytes whenever made."""

import logging
import multiprocessing
import os
import random
import signal
import sys
import time
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import soundfile
from corpora_trees import STEREO_HEADER, starss_tree

from whence.corpora.converting import (
    OFFICIAL_SEED,
    Conversion,
    convert_clips,
    draw_windows,
    list_official_recordings,
    window_name,
)
from whence.corpora.dcase2025 import list_clips, recording_of
from whence.corpora.starss import CLIP_FRAMES, StereoWindows, Window, list_recordings
from whence.errors import CorpusError, LabelError, MissingExtraError


@pytest.fixture(scope="module")
def windows(tmp_path_factory):
    return StereoWindows(list_recordings(starss_tree(tmp_path_factory.mktemp("starss"))))


@pytest.fixture(scope="module")
def loud_windows(tmp_path_factory):
    """Recordings of which about half the windows exceed full scale."""
    return StereoWindows(list_recordings(starss_tree(tmp_path_factory.mktemp("loud"), level=0.155)))


def tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def organisers_way(recordings, count, seed):
    """Names and 16-bit samples of the clips, by the recipe written out: global generator, whole files, soundfile."""
    frames = [int(np.floor(soundfile.info(r.sound).frames / 24_000 * 10)) for r in recordings]
    made = {}
    random.seed(seed)
    while len(made) < count:
        number = random.choices(range(len(recordings)), weights=frames)[0]
        start, angle = random.randint(0, frames[number] - 50), random.randint(0, 359)
        name = f"{recordings[number].subset}/{recordings[number].name}_deg{angle:03d}_start{start:04d}"
        if name in made:
            continue
        foa, _ = soundfile.read(recordings[number].sound, dtype="float32")
        omni, y, _, x = foa[int(start * 0.1 * 24_000) : int((start + 50) * 0.1 * 24_000)].T
        turned = np.sin(angle / 180 * np.pi) * x.astype(np.float64) + np.cos(angle / 180 * np.pi) * y.astype(np.float64)
        stereo = np.stack([omni + turned, omni - turned]).astype(np.float32)
        if np.abs(stereo).max() <= 0.9999:
            made[name] = stereo
    return made


@pytest.mark.parametrize("which", ["windows", "loud_windows"])
def test_the_organisers_files_come_out(request, which, tmp_path):
    windows = request.getfixturevalue(which)
    result = convert_clips(windows, tmp_path / "out", count=25)
    expected = organisers_way(windows.recordings, 25, 20250305)
    assert result.made == 25
    assert (result.too_loud > 5) == (which == "loud_windows")
    written = {path.relative_to(tmp_path / "out" / "stereo_dev") for path in (tmp_path / "out").rglob("*.wav")}
    assert {path.with_suffix("").as_posix() for path in written} == set(expected)
    for name, stereo in expected.items():
        theirs = tmp_path / "theirs.wav"
        soundfile.write(theirs, stereo.T, 24_000)
        assert (tmp_path / "out" / "stereo_dev" / f"{name}.wav").read_bytes() == theirs.read_bytes()


def test_the_clips_read_as_a_stereo_set(windows, tmp_path):
    convert_clips(windows, tmp_path, count=30)
    clips = list_clips(tmp_path) + list_clips(tmp_path, "dev-test")
    assert len(clips) == 30
    for clip in clips:
        text = clip.labels.read_text()
        assert text.startswith(STEREO_HEADER)
        assert clip.read_signal().shape == (2, 120_000)
        assert clip.read_events().frame.max(initial=0) < 50


def test_the_same_bytes_come_out_by_any_number_of_jobs(windows, tmp_path):
    convert_clips(windows, tmp_path / "one", count=25, jobs=1, seed=7)
    convert_clips(windows, tmp_path / "many", count=25, jobs=8, seed=7)
    assert tree(tmp_path / "one") == tree(tmp_path / "many")
    convert_clips(windows, tmp_path / "other", count=25, seed=8)
    assert set(tree(tmp_path / "one")) != set(tree(tmp_path / "other"))


def test_a_longer_set_begins_with_the_shorter(windows, tmp_path):
    convert_clips(windows, tmp_path / "out", count=10)
    before = tree(tmp_path / "out")
    result = convert_clips(windows, tmp_path / "out", count=25)
    assert (result.kept, result.made) == (10, 15)
    assert before.items() <= tree(tmp_path / "out").items()


def test_a_second_call_makes_exactly_what_is_missing(loud_windows, tmp_path):
    calls = []
    convert_clips(loud_windows, tmp_path, count=20)
    whole = tree(tmp_path)
    labels = sorted((tmp_path / "metadata_dev").rglob("*.csv"))
    sounds = sorted((tmp_path / "stereo_dev").rglob("*.wav"))
    labels[3].unlink()  # killed between the two files of a pair
    labels[7].unlink()
    sounds[7].unlink()  # killed before
    times = {path: path.stat().st_mtime_ns for path in labels if path.is_file()}
    result = convert_clips(loud_windows, tmp_path, count=20, progress=lambda *call: calls.append(call))
    assert (result.made, result.kept) == (2, 18)
    assert tree(tmp_path) == whole
    assert all(path.stat().st_mtime_ns == at for path, at in times.items())
    assert calls[-1] == ("converting", 20, 20)


def _convert(windows, out):
    convert_clips(windows, out, count=60, jobs=2)


def _killed_and_repeated(windows, out, kills, rng):
    """Kill a conversion again and again; every pair on disk must be whole each time."""
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    for _ in range(kills):
        process = context.Process(target=_convert, args=(windows, out))
        process.start()
        time.sleep(rng.uniform(0.005, 0.15))
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        for path in out.rglob("*.csv"):
            assert path.read_text().startswith(STEREO_HEADER)
            sound = out / "stereo_dev" / path.parent.name / f"{path.stem}.wav"
            assert soundfile.info(sound).frames == 120_000


@pytest.mark.parametrize("kills", [4, pytest.param(40, marks=pytest.mark.nightly)])
def test_a_killed_conversion_loses_nothing(windows, tmp_path, kills):
    _killed_and_repeated(windows, tmp_path / "killed", kills, random.Random(1))
    _convert(windows, tmp_path / "killed")
    _convert(windows, tmp_path / "calm")
    finished = {name: data for name, data in tree(tmp_path / "killed").items() if "unfinished" not in name}
    assert finished == tree(tmp_path / "calm")


def test_recordings_that_give_no_more_clips_end_the_conversion(tmp_path, monkeypatch):
    monkeypatch.setattr("whence.corpora.converting._MOST_SKIPPED", 100)
    windows = StereoWindows(list_recordings(starss_tree(tmp_path / "starss", level=0.5)))
    with pytest.raises(CorpusError, match=r"4 recordings give no more clips: 0 are there, \d+ windows were too loud"):
        convert_clips(windows, tmp_path / "out", count=2_000)
    assert not (tmp_path / "out").exists()


def test_recordings_without_distances_are_refused_before_anything_is_written(tmp_path):
    folder = starss_tree(tmp_path / "starss")
    for path in (folder / "metadata_dev").rglob("*.csv"):
        path.write_text("".join(line.rpartition(",")[0] + "\n" for line in path.read_text().splitlines()))
    with pytest.raises(
        CorpusError, match=r"mix\d+.csv: STARSS22 has no distances, which stereo clips need; use STARSS23"
    ):
        convert_clips(StereoWindows(list_recordings(folder), layout="dcase2022"), tmp_path / "out", count=20)
    assert list((tmp_path / "out").rglob("*.wav")) == []


def test_a_wrong_label_file_is_named_with_its_line(tmp_path):
    folder = starss_tree(tmp_path / "starss")
    for path in (folder / "metadata_dev").rglob("*.csv"):
        path.write_text("0,1,0,0,0,100\n0,77,0,0,0,100\n")
    with pytest.raises(LabelError, match=r"mix\d+.csv:2: .*77"):
        convert_clips(StereoWindows(list_recordings(folder)), tmp_path / "out", count=20)


def test_windows_drawn_twice_count_once(tmp_path):
    tree_of_short = starss_tree(tmp_path / "starss")
    for path in [*tree_of_short.rglob("*mix012.*"), *tree_of_short.rglob("*mix013.*"), *tree_of_short.rglob("fold4*")]:
        path.unlink()
    sound = next(tree_of_short.rglob("*.wav"))
    samples, rate = soundfile.read(sound)
    soundfile.write(sound, samples[:120_000], rate)
    windows = StereoWindows(list_recordings(tree_of_short))  # one recording, one start, 360 angles
    result = convert_clips(windows, tmp_path / "out", count=100)
    assert result.made == 100
    assert result.repeated > 5
    assert result == Conversion(made=100, kept=0, too_loud=0, repeated=result.repeated)


def video(path, frames, rate=30):
    av = pytest.importorskip("av")
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for _ in range(frames):
            picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def test_official_lengths_are_those_of_the_shorter_of_sound_and_video(tmp_path, caplog):
    folder = starss_tree(tmp_path)
    video(folder / "video_dev" / "dev-test-tau" / "fold4_room8_mix001.mp4", frames=7 * 30 + 2)
    video(folder / "video_dev" / "dev-train-tau" / "fold3_room2_mix001.mp4", frames=9 * 30)
    with caplog.at_level(logging.WARNING, "whence.corpora"):
        listed = {r.name: r.frame_count for r in list_official_recordings(folder)}
    # mix012 of room 21 has no video in STARSS23 and never was in the stereo set.
    assert listed == {"fold3_room21_mix013": 73, "fold3_room2_mix001": 60, "fold4_room8_mix001": 70}
    assert "1 of 3 recordings have no video in video_dev" in caplog.text


def test_a_broken_video_is_named(tmp_path):
    folder = starss_tree(tmp_path)
    path = folder / "video_dev" / "dev-test-tau" / "fold4_room8_mix001.mp4"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a video")
    with pytest.raises(CorpusError, match=r"fold4_room8_mix001.mp4: not readable as a video"):
        list_official_recordings(folder)


def test_videos_without_pyav_name_the_extra(tmp_path, monkeypatch):
    folder = starss_tree(tmp_path)
    video(folder / "video_dev" / "dev-test-tau" / "fold4_room8_mix001.mp4", frames=1)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'whence\[av\]'"):
        list_official_recordings(folder)


def slow_draw(frame_counts, seed, count):
    """The obvious way, with the module's own generator, as anyone would write it."""
    random.seed(seed)
    drawn = []
    for _ in range(count):
        name = random.choices([str(n) for n in range(len(frame_counts))], weights=frame_counts)[0]
        start = random.randint(0, frame_counts[int(name)] - 50)
        drawn.append(Window(int(name), start, random.randint(0, 359)))
    return drawn


@pytest.mark.parametrize("seed", [OFFICIAL_SEED, 1, 2])
def test_the_draw_is_the_obvious_one(seed):
    counts = [600, 50, 3_000, 1_234]
    assert list(islice(draw_windows(counts, seed), 2_000)) == slow_draw(counts, seed, 2_000)


def test_the_draw_does_not_touch_python_s_global_generator():
    random.seed(3)
    expected = random.Random(3).random()
    next(draw_windows([100]))
    assert random.random() == expected


def test_windows_are_within_their_recordings_and_drawn_by_length():
    counts = [50, 150, 800]
    drawn = list(islice(draw_windows(counts), 5_000))
    assert all(0 <= w.start_frame <= counts[w.recording] - CLIP_FRAMES for w in drawn)
    assert {w.viewing_angle_deg for w in drawn} == set(range(360))
    share = [sum(w.recording == n for w in drawn) / len(drawn) for n in range(3)]
    assert share == pytest.approx([0.05, 0.15, 0.8], abs=0.03)


def test_what_cannot_be_drawn_from_is_refused():
    with pytest.raises(CorpusError, match=r"no recordings to draw windows from"):
        next(draw_windows([]))
    with pytest.raises(CorpusError, match=r"recording 1 has 49 frames; a clip needs 50"):
        next(draw_windows([60, 49]))


def test_a_recording_that_is_too_short_is_named_with_its_file(starss_folder, tmp_path):
    recordings = list_recordings(starss_folder)
    short = [replace(recordings[0], frame_count=49), *recordings[1:]]
    with pytest.raises(CorpusError, match=rf"{recordings[0].name}\.wav: shorter than the five seconds of a clip"):
        convert_clips(StereoWindows(short), tmp_path / "out", count=2)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("start", "angle"), [(0, 0), (9_999, 359), (12_345, 7)])
def test_a_name_says_its_recording(start, angle):
    assert recording_of(window_name("fold3_room21_mix013", start, angle)) == "fold3_room21_mix013"


def test_other_names_are_their_own_recording():
    assert [recording_of(name) for name in ("a", "a_deg12_start0001", "a_deg012_start1")] == [
        "a",
        "a_deg12_start0001",
        "a_deg012_start1",
    ]
