"""The page in a real browser, end to end; skipped where there is no Chromium."""

import json
import os
import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from web_doubles import CLASSES, FakeStream, FakeSystem, SineNetworks, served, tones

from whence.inference import NetworkSystem, Stream
from whence.labels import Events, read_dcase
from whence.web.limits import Limits

CHROMIUM = os.environ.get("WHENCE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
try:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)
except ImportError:
    sync_playwright = None

pytestmark = [
    pytest.mark.skipif(sync_playwright is None, reason="playwright is not installed; pip install 'whence[dev]'"),
    pytest.mark.skipif(
        CHROMIUM is None, reason="no chromium on the PATH; apt-get install chromium, or set WHENCE_CHROMIUM"
    ),
]

# Left, then right and surer, then a bell ahead.
SOUND = tones((1.0, 200, 0.4, 0.1), (1.0, 200, 0.1, 0.6), (1.0, 1_000, 0.45, 0.45))
ROOMY_MS = 60_000  # on a busy machine


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sounds")
    soundfile.write(folder / "street.wav", SOUND.T, 24_000)
    soundfile.write(folder / "mono.wav", SOUND[:1].T, 24_000)
    soundfile.write(folder / "microphone.wav", np.tile(tones((1.0, 200, 0.5, 0.1)), 3).T, 48_000)
    (folder / "<img src=x onerror=alert(1)>.wav").write_text("hello, no sound")
    return folder


@pytest.fixture(scope="module")
def browser(sounds):
    arguments = [
        *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--mute-audio"),
        *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
        f"--use-file-for-fake-audio-capture={sounds / 'microphone.wav'}",
    ]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def port():
    with served(Limits(upload_bytes=1_000_000)) as (port, _):
        yield port


@pytest.fixture
def page(browser, port):
    """A fresh page; at its end nothing may have been logged as an error or asked from elsewhere."""
    context = browser.new_context(permissions=["microphone"])
    context.set_default_timeout(ROOMY_MS)
    page = context.new_page()
    complaints, addresses = [], []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    # The browser logs every refusal itself; those are what the tests ask for.
    page.on(
        "console",
        lambda line: (
            line.type == "error" and "Failed to load resource" not in line.text and complaints.append(line.text)
        ),
    )
    page.on("request", lambda request: addresses.append(request.url))
    page.goto(f"http://127.0.0.1:{port}/")
    page.wait_for_selector("body[data-ready=yes]")
    yield page
    context.close()
    assert complaints == []
    assert {re.sub(r"^(blob:)?https?://127\.0\.0\.1:\d+/.*", "here", address) for address in addresses} == {"here"}


def drop(page, path):
    """Choose a file and wait for its events."""
    page.set_input_files("#file", path)
    page.wait_for_selector("#rows tr")


def wait_until(page, is_so):
    """Poll from here: the page's own policy forbids what `wait_for_function` does inside it."""
    end_s = time.monotonic() + ROOMY_MS / 1_000
    while not is_so():
        assert time.monotonic() < end_s
        page.wait_for_timeout(50)


def rows_of(page):
    """The table as texts, without the column of buttons."""
    return [row.inner_text().replace("Loop", "").split("\t")[1:] for row in page.query_selector_all("#rows tr")]


def expected_rows(threshold_of):
    """What the table should say, from Python's own events."""
    stream = FakeStream(FakeSystem(), threshold=0.1)
    events = Events.concatenate([stream.feed(SOUND), stream.finish()])
    events = events[events.score > np.array(threshold_of)[events.class_index]]
    for event in events:
        whole = round(event.azimuth_deg)
        side = "ahead" if whole == 0 else f"{abs(whole)}° {'left' if whole > 0 else 'right'}"
        yield [
            CLASSES[event.class_index],
            f"{event.onset_s:.1f}",
            f"{event.offset_s:.1f}",
            side,
            f"{event.distance_m:.1f} m",
        ]


def set_score(page, score):
    page.locator("#score").evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }", str(score)
    )


def test_a_file_becomes_events_and_a_csv(page, sounds, tmp_path):
    expect(page.locator("#limits")).to_have_text("Two channels, or four of Ambisonics, up to 10 minutes.")
    drop(page, sounds / "street.wav")
    expect(page.locator("#status")).to_have_text("2 events in 3.0 s of street.wav.")
    assert [row[:-1] for row in rows_of(page)] == list(expected_rows(FakeSystem.thresholds))
    with page.expect_download() as download:
        page.click("#to-dcase")
    assert download.value.suggested_filename == "street.csv"
    download.value.save_as(tmp_path / "street.csv")
    events = read_dcase(tmp_path / "street.csv", CLASSES)
    assert [(event.onset_s, event.offset_s) for event in events] == [(0.0, 2.0), (2.0, 3.0)]
    with page.expect_download() as download:
        page.click("#to-audacity")
    assert Path(download.value.path()).read_text().count("\n") == 2
    with page.expect_download() as download:
        page.click("#to-png")
    assert download.value.suggested_filename == "street.png"
    assert Path(download.value.path()).read_bytes()[:4] == b"\x89PNG"


def test_the_threshold_filters_without_a_request(page, sounds):
    drop(page, sounds / "street.wav")
    page.wait_for_timeout(300)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for score in (0.1, 0.75, 0.99):
        set_score(page, score)
        assert [row[:-1] for row in rows_of(page)] == list(expected_rows([score] * 3))
        expect(page.locator("#own")).not_to_be_checked()
    page.check("#own")
    assert [row[:-1] for row in rows_of(page)] == list(expected_rows(FakeSystem.thresholds))
    assert [address for address in asked if "/api/" in address] == []


def test_sorting_and_hiding_by_keyboard(page, sounds):
    drop(page, sounds / "street.wav")
    names = lambda: [row[0] for row in rows_of(page)]  # noqa: E731
    assert names() == ["speech", "bell"]
    page.focus("th[data-key=name] button")
    page.keyboard.press("Enter")
    assert names() == ["bell", "speech"]
    assert page.get_attribute("th[data-key=name]", "aria-sort") == "ascending"
    page.keyboard.press("Enter")
    assert names() == ["speech", "bell"]
    page.focus('#legend [data-class="0"]')
    page.keyboard.press("Space")
    assert names() == ["bell"]
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "false"
    assert "hide=0" in page.get_attribute("#to-dcase", "href")


def test_an_event_is_looped_and_the_cursor_moves(page, sounds):
    drop(page, sounds / "street.wav")
    expect(page.locator("#play")).to_be_enabled()
    page.locator("#rows button").nth(1).click()
    expect(page.locator("#unloop")).to_be_visible()
    expect(page.locator("#rows tr").nth(1)).to_have_class(re.compile("is-looped"))
    time_s = "document.getElementById('audio').currentTime"
    wait_until(page, lambda: page.evaluate(time_s) > 2.05)
    assert page.evaluate(time_s) <= 3.3
    page.focus("#timeline")
    page.keyboard.press(" ")
    expect(page.locator("#play")).to_have_text("Play")
    page.keyboard.press("Escape")
    expect(page.locator("#unloop")).to_be_hidden()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#timeline")).to_have_attribute("aria-valuetext", "1.0 s of 3.0 s")
    expect(page.locator("#map")).to_have_attribute("aria-label", re.compile("Now: speech 64° right"))


def test_a_click_on_a_bar_loops_it_and_a_click_elsewhere_seeks(page, sounds):
    drop(page, sounds / "street.wav")
    expect(page.locator("#play")).to_be_enabled()
    box = page.locator("#timeline").bounding_box()
    left, width = 124, box["width"] - 124 - 18
    page.mouse.click(box["x"] + left + width * 2.5 / 3, box["y"] + 30)
    expect(page.locator("#time")).to_have_text("2.5 s of 3.0 s")
    lane_y = 2 * 58 + 3 + 10 + 170 + 10 + 22 + 11  # the second lane of bars
    page.mouse.click(box["x"] + left + width * 2.5 / 3, box["y"] + lane_y)
    expect(page.locator("#rows tr").nth(1)).to_have_class(re.compile("is-looped"))


def test_an_unusable_file_is_refused_in_the_words_of_the_command_line_and_as_text(page, sounds):
    page.set_input_files("#file", sounds / "mono.wav")
    expect(page.locator("#problem")).to_contain_text("mono.wav: 1 channel; direction needs two;")
    page.set_input_files("#file", sounds / "<img src=x onerror=alert(1)>.wav")
    expect(page.locator("#problem")).to_contain_text("<img src=x onerror=alert(1)>.wav: not a sound file")
    assert page.locator("#problem img").count() == 0
    drop(page, sounds / "street.wav")
    expect(page.locator("#problem")).to_be_hidden()


def test_a_sound_of_one_channel_has_times_and_dashes(page, sounds):
    page.fill("#channels", "mono")
    drop(page, sounds / "mono.wav")
    rows = rows_of(page)
    assert len(rows) == 2
    assert {cell for row in rows for cell in row[3:5]} == {"\u2013"}
    page.fill("#channels", "")


def test_names_of_classes_are_text(page, sounds, tmp_path):
    soundfile.write(tmp_path / "high.wav", tones((1.0, 5_000, 0.5, 0.3)).T, 24_000)
    drop(page, tmp_path / "high.wav")
    assert rows_of(page)[0][0] == CLASSES[2]
    assert page.locator("img").count() == 0


def test_a_file_that_is_too_large_is_not_even_sent(page, tmp_path):
    (tmp_path / "large.wav").write_bytes(bytes(1_000_001))
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_input_files("#file", tmp_path / "large.wav")
    expect(page.locator("#problem")).to_have_text("large.wav is larger than 1 MB, the limit here")
    assert [address for address in asked if "/sound" in address] == []


def test_the_microphone_is_processed_live_and_can_be_played_again(page):
    page.click("#listen")
    expect(page.locator("#listen-text")).to_have_text("Stop")
    expect(page.locator("#status")).to_contain_text("events come 0.1 s after their sound")
    page.wait_for_selector("#rows tr.is-now")
    expect(page.locator("#map")).to_have_attribute("aria-label", re.compile("Now: speech .* left"))
    page.click("#listen")
    expect(page.locator("#status")).to_contain_text("of the microphone.")
    expect(page.locator("#listen-text")).to_have_text("Listen")
    expect(page.locator("#play")).to_be_enabled()
    row = rows_of(page)[0]
    assert row[0] == "speech"
    assert "left" in row[3]  # two channels have come through, the left one louder
    with page.expect_download() as download:
        page.click("#to-wav")
    signal, rate_hz = soundfile.read(download.value.path())
    assert rate_hz == 24_000
    assert np.abs(signal[:, 0]).max() > 2 * np.abs(signal[:, 1]).max()


def test_settings_of_the_microphone_that_bend_directions_are_shown(page):
    sentences = page.evaluate(
        """async () => (await import("/page/microphone.js"))
             .settingSentences({ channelCount: 1, echoCancellation: true, noiseSuppression: true })"""
    )
    assert "gives one channel" in sentences[0]
    assert "echo cancellation and noise suppression on" in sentences[1]
    assert (
        page.evaluate("async () => (await import('/page/microphone.js')).settingSentences({ channelCount: 2 })") == []
    )


def test_another_rate_becomes_24_khz_in_pieces_of_any_size(page):
    """The page's own resampler, for browsers that cannot open a microphone at 24 kHz."""
    made = page.evaluate(
        """async () => {
            const { Resampler } = await import("/page/resampler.js");
            const turn = 2 * Math.PI / 44_100;
            const wave = (hz) => Float32Array.from({ length: 22_050 }, (_, i) => Math.sin(turn * hz * i));
            const run = (samples, size) => {
                const resampler = new Resampler(44_100), parts = [];
                for (let at = 0; at < samples.length; at += size) {
                    parts.push(...resampler.push(samples.slice(at, at + size)));
                }
                return parts;
            };
            return JSON.stringify([run(wave(1_000), 128), run(wave(1_000), 1_001), run(wave(15_000), 128)]);
        }"""
    )
    small, large, above = (np.array(part) for part in json.loads(made))
    assert np.abs(small - large).max() < 1e-5
    assert 11_900 < small.size <= 12_000
    middle = slice(1_000, 11_000)
    ideal = np.sin(2 * np.pi * 1_000 * np.arange(small.size) / 24_000)
    assert np.abs(small - ideal)[middle].max() < 0.01
    assert np.abs(above[middle]).max() < 0.02  # would fold back to 9 kHz


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1_280])
def test_the_page_fits_and_can_be_read(browser, port, sounds, scheme, width):
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 800}, reduced_motion="reduce"
    )
    context.set_default_timeout(ROOMY_MS)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{port}/")
    page.wait_for_selector("body[data-ready=yes]")
    drop(page, sounds / "street.wav")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ground, ink, quiet = page.evaluate(
        """() => ["--sheet", "--ink", "--quiet"].map((name) =>
             getComputedStyle(document.documentElement).getPropertyValue(name).trim())"""
    )
    assert contrast(ground, ink) > 7
    assert contrast(ground, quiet) > 4.5
    context.close()


def contrast(first, second):
    """WCAG's ratio of two colours like #1b1e23."""

    def luminance(colour):
        parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_control_has_a_name(page, sounds):
    drop(page, sounds / "street.wav")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, a[href], input, [tabindex='0'], canvas[role], progress")]
             .filter((one) => !(one.ariaLabel || one.getAttribute("aria-labelledby") || one.textContent.trim()
                 || one.labels?.length))
             .map((one) => one.outerHTML)"""
    )
    assert nameless == []
    assert page.get_attribute("#status", "aria-live") == "polite"
    assert page.get_attribute("#problem", "role") == "alert"


def test_cancel_stops_the_work(browser, sounds):
    class Slow(FakeStream):
        def feed(self, signal):
            time.sleep(0.2)
            return super().feed(signal)

    with served(open_stream=Slow) as (port, server):
        page = browser.new_page()
        page.set_default_timeout(ROOMY_MS)
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_selector("body[data-ready=yes]")
        long = np.tile(SOUND, 40)
        soundfile.write(sounds / "long.wav", long.T, 24_000)
        page.set_input_files("#file", sounds / "long.wav")
        expect(page.locator("#progress-text")).to_contain_text(
            re.compile(r"Processed \d+\.\d of 120\.0 s"), timeout=ROOMY_MS
        )
        page.click("#cancel")
        expect(page.locator("#status")).to_have_text("Cancelled.")
        expect(page.locator("#work")).to_be_hidden()
        wait_until(page, lambda: server.jobs.length == 0)
        page.close(run_before_unload=False)


def test_ambisonics_are_shown_on_a_whole_circle(browser, tmp_path):
    azimuth, tone = np.radians(150.0), tones((2.0, 500, 0.3, 0.0))[:1]
    ambix = np.array([[1.0], [np.sin(azimuth)], [0.0], [np.cos(azimuth)]]) * tone
    soundfile.write(tmp_path / "around.wav", ambix.T, 24_000)
    system = NetworkSystem(SineNetworks(), thresholds=np.full(13, 0.5))
    with served(open_stream=Stream, system=system) as (port, _):
        page = browser.new_page()
        page.set_default_timeout(ROOMY_MS)
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_selector("body[data-ready=yes]")
        assert page.input_value("#microphones") == "auto"
        assert "foa" in page.eval_on_selector_all("#microphone-names option", "all => all.map((one) => one.value)")
        page.fill("#microphones", "foa")
        drop(page, tmp_path / "around.wav")
        assert rows_of(page)[0][3] == "150° left"
        expect(page.locator("#map-note")).to_contain_text("What is behind you is below.")
        # The mark of the sound is below the listener, who is in the middle of the map, and left of them.
        drawn = page.eval_on_selector(
            "#map",
            """(map) => {
                const { width, height } = map, pixels = map.getContext("2d").getImageData(0, 0, width, height).data;
                let [sum, x, y] = [0, 0, 0];
                for (let i = 0; i < pixels.length; i += 4) {
                    const [r, g, b] = pixels.slice(i, i + 3), colour = Math.max(r, g, b) - Math.min(r, g, b);
                    if (colour < 60) continue;
                    sum += 1; x += (i / 4) % width / width; y += Math.floor(i / 4 / width) / height;
                }
                return [x / sum, y / sum];
            }""",
        )
        assert drawn[0] < 0.48
        assert drawn[1] > 0.55
        page.fill("#microphones", "ortf")
        page.set_input_files("#file", tmp_path / "around.wav")
        expect(page.locator("#problem")).to_contain_text(": 4 channels; choose two")
        page.fill("#microphones", "foa:0")
        drop(page, tmp_path / "around.wav")
        assert rows_of(page)[0][3] == "30° left"
        expect(page.locator("#map-note")).to_contain_text("Half a circle only")
        page.close()
