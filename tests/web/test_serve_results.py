"""Results: the spectrogram, the rows, the downloads, and the palette of the page."""

import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from web_doubles import CLASSES, FakeStream, FakeSystem, Page, client_of, tones, wav_of

from whence.features import hann, logmel_settings, mel_filterbank
from whence.labels import Events, read_dcase
from whence.views import COLOURS, MARKERS, level_colours
from whence.web.recognition import HOP_SAMPLES, Recognition, model_of
from whence.web.results import DOWNLOADS, Result, file_stem, rows_as_json
from whence.web.server import PAGE

SOUND = tones((1.0, 200, 0.5, 0.1), (1.0, 3_000, 0.1, 0.5))


def picture_of(signal, sizes):
    """The spectrogram of a signal that comes in pieces of the given sizes, over and over."""
    recognition = Recognition(model_of(FakeSystem(), FakeStream), "best")
    parts, at, turn = [], 0, 0
    while at < signal.shape[1]:
        parts.append(recognition.feed(signal[:, at : at + sizes[turn % len(sizes)]])[1])
        at += sizes[turn % len(sizes)]
        turn += 1
    return np.concatenate([*parts, recognition.finish()[1]])


def plain_picture(signal):
    """Column by column, the obvious way."""
    bank = mel_filterbank(logmel_settings())
    bank = bank / bank.sum(axis=1, keepdims=True)
    window = hann(1024)
    count = -(-signal.shape[1] // HOP_SAMPLES)
    padded = np.pad(signal, ((0, 0), (212, 2_048)))
    columns = np.zeros((count, 2, 64), np.uint8)
    for column in range(count):
        for channel in range(2):
            frame = padded[channel, column * HOP_SAMPLES : column * HOP_SAMPLES + 1024]
            power = bank @ np.abs(np.fft.rfft(frame * window) / window.sum() * 2) ** 2
            columns[column, channel] = np.clip((10 * np.log10(power + 1e-12) + 100) / 100 * 255, 0, 255)
    return columns


@given(st.lists(st.integers(1, 5_000), min_size=1, max_size=4), st.integers(0, 9_000))
@settings(max_examples=10, deadline=None)
def test_the_picture_is_the_same_for_pieces_of_any_size(sizes, length):
    signal = np.random.default_rng(length).normal(0, 0.1, (2, length)).astype(np.float32)
    difference = picture_of(signal, sizes).astype(int) - plain_picture(signal)
    assert np.abs(difference).max(initial=0) <= 1  # rounding


def test_the_picture_of_silence_is_empty_and_of_a_tone_is_loud_at_its_pitch():
    assert not picture_of(np.zeros((2, 6_000), np.float32), [6_000]).any()
    picture = picture_of(tones((1.0, 1_000, 1.0, 0.01)), [2_400])
    left, right = picture[20, 0].astype(int), picture[20, 1].astype(int)
    assert left.max() > 235
    assert left.argmax() == right.argmax()
    assert left.max() - right.max() == pytest.approx(40 * 2.55, abs=2)  # 40 dB


def result_of(**columns):
    return Result("a.wav", 1.0, Events.from_columns(columns), np.zeros((0, 2, 64), np.uint8), (), np.full(13, 0.5))


def test_chosen_rows_are_above_the_threshold_of_their_class():
    found = result_of(frame=[0, 1, 2, 3], class_index=[0, 0, 1, 1], azimuth_deg=[0] * 4, score=[0.39, 0.41, 0.4, 0.6])
    assert found.chosen(np.array([0.4, 0.5])).frame.tolist() == [1, 3]
    assert found.chosen(np.array([0.4, 0.5]), hidden=[1]).frame.tolist() == [1]


def test_the_server_chooses_the_rows_that_the_page_and_the_command_line_choose():
    """Neither scores nor thresholds are rounded: rounding would move rows over the line."""
    found = result_of(frame=[0, 1, 2], class_index=[0, 0, 0], azimuth_deg=[0] * 3, score=[0.32161, 0.3216, 0.3214])
    assert found.as_json()["thresholds"] == [0.5] * 13
    shown = [score > 0.3216 for score in rows_as_json(found.events)["score"]]
    assert shown == [True, False, False]
    assert found.chosen(np.array([0.3216])).frame.tolist() == [0]


def test_positions_are_rounded_and_unknown_values_are_null():
    rows = rows_as_json(
        Events.from_columns({"frame": [7], "class_index": [1], "azimuth_deg": [-12.3456], "score": [0.98765]})
    )
    assert rows == {
        "frame": [7], "class": [1], "source": [0], "azimuth_deg": [-12.3], "distance_m": [None], "score": [0.98765],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "frames"),
    [
        ("", range(20)),
        ("?score=own", range(20)),
        ("?score=0.9", []),
        ("?score=0.1&hide=0", range(10, 20)),
        ("?score=0.1&hide=0&hide=2", []),
    ],
)
def test_a_download_holds_what_is_shown(query, frames, tmp_path):
    with client_of() as client:
        page = Page(client)
        page.recognize(wav_of(SOUND * 0.8), "my street.wav")
        answer = client.get(f"{page.path}/downloads/dcase{query}")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''my-street.csv"
    (tmp_path / "a.csv").write_bytes(answer.content)
    assert read_dcase(tmp_path / "a.csv", CLASSES).frame.tolist() == list(frames)


@pytest.mark.parametrize("form", DOWNLOADS)
def test_every_format_that_is_one_file_can_be_downloaded(form):
    with client_of() as client:
        page = Page(client)
        page.recognize(wav_of(SOUND))
        assert client.get(f"{page.path}/downloads/{form}").status_code == 200


@pytest.mark.parametrize(
    ("rest", "status"),
    [
        ("dcase?score=2", 400),
        ("dcase?score=nan", 400),
        ("dcase?score=", 400),
        ("dcase?hide=x", 400),
        ("sonic-visualiser", 404),
        ("../../serve", 404),
        ("exe", 404),
    ],
)
def test_wrong_downloads_are_refused(rest, status):
    with client_of() as client:
        page = Page(client)
        page.recognize(wav_of(SOUND))
        assert client.get(f"{page.path}/downloads/{rest}").status_code == status


def test_events_that_do_not_fit_a_format_give_a_reason():
    with client_of() as client:
        page = Page(client)
        page.recognize(wav_of(SOUND))
        session = client.server.sessions.get(page.about["session"])
        session.job.result = result_of(frame=[0], class_index=[0], azimuth_deg=[0])
        answer = client.get(f"{page.path}/downloads/dcase?score=0.1")
        assert (answer.status_code, answer.text.strip()[:27]) == (422, "row 0: no distance is known")


def test_no_result_yet_is_404():
    with client_of() as client:
        page = Page(client)
        for rest in ("findings", "picture", "downloads/dcase"):
            assert client.get(f"{page.path}/{rest}").status_code == 404


@given(st.text(max_size=300))
@settings(max_examples=50, deadline=None)
def test_any_name_becomes_a_file_name(name):
    stem = file_stem(name)
    assert re.fullmatch(r"[\w-]{1,80}", stem)


def test_the_page_gets_its_palette_from_the_server():
    """A class looks the same on the page and in pictures of the command line."""
    with client_of() as client:
        palette = client.get("/api/palette").json()
        assert client.get("/api/palette", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert palette["light"] == [colour.light for colour in COLOURS]
    assert palette["dark"] == [colour.dark for colour in COLOURS]
    assert palette["markers"] == [[list(corner) for corner in marker.corners] for marker in MARKERS]
    assert palette["levels"] == level_colours().tolist()
    for script in PAGE.glob("*.js"):
        assert not re.search("#[0-9a-fA-F]{6}", script.read_text()), script.name
