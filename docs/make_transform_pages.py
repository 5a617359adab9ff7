"""One page for each transform of scenes: what it does, its settings, a picture and sounds before and after.

    python docs/make_transform_pages.py

writes docs/transforms/<name>.md and <name>.png, and the sounds to build/transforms/<name>_before.wav and _after.wav.
Texts and tables come from the docstrings and settings in the code, so that pages and code agree; a test compares them.
The sounds are made here: four plucked notes and a hiss.
"""

import importlib
import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from whence.audio import write
from whence.corpora import BACKGROUND, Sounds
from whence.files import written_whole
from whence.labels import STARSS23
from whence.scenes import render_batch
from whence.scenes.recording import Recording
from whence.scenes.rooms import RoomBank
from whence.scenes.scene import Piece, Scene, SceneEvent, SourcePath, TimeMask, Waypoint
from whence.scenes.transforms import SpecAugmentSettings, apply_filter_augment, apply_spec_augment, draw_spec_augment
from whence.scenes.transforms.automatic_gain import AutomaticGain
from whence.scenes.transforms.band_limits import BandLimits
from whence.scenes.transforms.diffuse_background import DiffuseBackgroundSettings, draw_diffuse_background
from whence.scenes.transforms.filter_augment import FilterCurve
from whence.scenes.transforms.lossy_coding import LossyCoding
from whence.scenes.transforms.microphone_mismatch import MicrophoneMismatch
from whence.scenes.transforms.recorder_noise import RecorderNoise
from whence.units import SAMPLE_RATE_HZ

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "transforms"
SOUNDS = ROOT / "build" / "transforms"
SAMPLES = 3 * SAMPLE_RATE_HZ

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Page:
    """What a page needs beyond the code.

    Args:
        used_by: who uses it, in the literature.
        shown: what the picture shows.
        example: gives (before, after): two stereo signals, or two spectrograms (2, frame, band) in dB.
        settings: name of the settings class in the transform's file; empty if it has none.
        waveform_samples: how much waveform the picture shows instead of spectra; 0 for spectra.
    """

    used_by: str
    shown: str
    example: Callable[[], tuple[Array, Array]]
    settings: str = ""
    waveform_samples: int = 0


def make_sounds() -> Sounds:
    """Four plucked notes, another four, and ten seconds of hiss."""
    time_s = np.arange(SAMPLE_RATE_HZ // 2) / SAMPLE_RATE_HZ

    def notes(pitches: Sequence[float]) -> Array:
        strings = [
            sum(np.sin(2 * np.pi * pitch * k * time_s) * np.exp(-time_s * 3 * k**0.5) / k**0.7 for k in range(1, 27))
            for pitch in pitches
        ]
        return np.concatenate(strings).astype(np.float32)

    hiss = np.random.default_rng(0).normal(size=10 * SAMPLE_RATE_HZ).astype(np.float32)
    soft = np.convolve(hiss, np.hanning(9) / 4, mode="same").astype(np.float32)
    waves = [notes((220, 277, 330, 440)), notes((587, 494, 440, 392)), soft]
    return Sounds.from_waveforms(waves, [9, 9, BACKGROUND], ["low", "high", "hiss"], ["low", "high", "hiss"], STARSS23)


def make_rooms() -> RoomBank:
    """Seven positions in free field, 60 degrees left to right, and the same with a diffuse tail of half a second."""
    rng = np.random.default_rng(1)
    azimuth = np.tile(np.arange(60.0, -61.0, -20.0), 2)
    taps = 12_000
    responses = np.zeros((14, 3, taps))
    tail = rng.normal(size=(7, 3, taps)) * 10 ** (-3 * np.arange(taps) / taps) * 0.05
    responses[7:] = tail * np.array([1, 1 / np.sqrt(3), 1 / np.sqrt(3)])[:, None]
    responses[:, 0, 0], responses[:, 1, 0] = 1.0, np.sin(np.radians(azimuth))
    responses[:, 2, 0] = np.cos(np.radians(azimuth))
    zeros = np.zeros(14, np.int32)
    return RoomBank(
        responses=responses.astype(np.float16),
        direct_sample=zeros,
        room=np.repeat(np.arange(2, dtype=np.int32), 7),
        azimuth_deg=azimuth.astype(np.float32),
        elevation_deg=zeros.astype(np.float32),
        distance_m=np.ones(14, np.float32),
        room_name=("open air", "hall"),
        rt60_s=np.array([0.05, 0.5], np.float32),
    )


BANK, ROOMS = make_sounds(), make_rooms()


def event(sound: int = 0, response: int = 3, **more: Any) -> SceneEvent:
    """The notes from one position, by default ahead."""
    path = SourcePath((Waypoint(0, response, 0.0),))
    return SceneEvent(9, (Piece(sound, 0, 48_000, 7_200, 0, 120),), path, more.pop("level_dbfs", -30.0), **more)


def scene(*events: SceneEvent, **more: Any) -> Scene:
    """Three seconds of them."""
    return Scene(seed=0, epoch=0, index=0, sample_count=SAMPLES, room=0, view_deg=0.0, events=events, **more)


def rendered(*scenes: Scene) -> tuple[Array, Array]:
    """Two scenes as sound."""
    before, after = render_batch(scenes, BANK, ROOMS).audio.numpy()
    return before, after


def moving() -> SceneEvent:
    """The notes on their way from left to right."""
    return replace(event(), path=SourcePath(tuple(Waypoint(7_200 + 8_000 * i, i, 0.0) for i in range(7))))


def with_background() -> Scene:
    """The notes in a hiss 15 dB softer."""
    settings = DiffuseBackgroundSettings(recordings=(1, 1), snr_db=(15.0, 15.0))
    return scene(event(), background=draw_diffuse_background(np.random.default_rng(3), settings, BANK, SAMPLES))


def spectra(signal: Array) -> Array:
    """(2, frame, bin) levels in dB, no lower than 70 dB under the highest."""
    window = torch.hann_window(960)
    power = torch.stft(torch.from_numpy(signal), 960, 480, window=window, return_complex=True).abs().square()
    levels = 10 * torch.log10(power + 1e-12)
    return np.asarray(torch.clamp(levels, min=float(levels.max()) - 70).transpose(1, 2).numpy())


def masked() -> tuple[Array, Array]:
    """Spectra with stretches of time and frequency blanked."""
    before = spectra(rendered(scene(event()), scene(event()))[0])
    settings = SpecAugmentSettings(1.0, 2, (8, 15), 2, (20, 60))
    mask = draw_spec_augment(np.random.default_rng(2), settings, before.shape[1], before.shape[2])
    return before, apply_spec_augment(torch.from_numpy(before)[None], [mask])[0].numpy()


def filtered() -> tuple[Array, Array]:
    """Spectra under a curve."""
    before = spectra(rendered(scene(event()), scene(event()))[0])
    curve = FilterCurve(bands=(0, 100, 200, 480), gains_db=(-15.0, 10.0, -20.0, 10.0))
    return before, apply_filter_augment(torch.from_numpy(before)[None], [curve])[0].numpy()


MISMATCH = MicrophoneMismatch(2.0, 1.0, (1.0, 0.8), (0.0, 0.2), 0.4)
EQ_DB = (12.0, 6.0, 0.0, -12.0, -12.0, 0.0, 6.0)
REPORT = "the report this package follows (Zhao, Han and Liu, DCASE 2025 Task 3)"
STAGES = "the four stages of Wang et al. 2023"

PAGES_OF: dict[str, Page] = {
    "gain": Page(
        REPORT, "the same notes at -40 and at -25 dBFS",
        lambda: rendered(scene(event(level_dbfs=-40.0)), scene(event(level_dbfs=-25.0))), "GainSettings",
    ),
    "polarity_inversion": Page(
        REPORT, "20 ms of the waveform",
        lambda: rendered(scene(event()), scene(event(inverted=True))),
        "PolarityInversionSettings", waveform_samples=480,
    ),
    "multiband_eq": Page(
        REPORT, "bass and treble raised, the octaves of 1 and 2 kHz lowered by 12 dB",
        lambda: rendered(scene(event()), scene(event(eq_db=EQ_DB))), "MultibandEqSettings",
    ),
    "time_mask": Page(
        REPORT, "two stretches of a quarter of a second silenced",
        lambda: rendered(
            scene(event()), scene(event(masks=(TimeMask(15_000, 6_000), TimeMask(36_000, 6_000))))
        ), "TimeMaskSettings",
    ),
    "channel_swap": Page(
        f"{REPORT}, and {STAGES}", "notes at 60 degrees to the left, then to the right",
        lambda: rendered(scene(event(response=0)), scene(event(response=0), swapped=True)), "ChannelSwapSettings",
    ),
    "room_response": Page(
        f"{REPORT}, and {STAGES}", "the notes in the open, then in a hall, both 20 degrees to the left",
        lambda: rendered(scene(event(response=2)), scene(event(response=9))),
    ),
    "moving_source": Page(
        "this package", "the notes standing ahead, then on their way from left to right",
        lambda: rendered(scene(event()), scene(moving())), "MovingSourceSettings",
    ),
    "diffuse_background": Page(
        REPORT, "the notes alone, then with a diffuse hiss 15 dB softer",
        lambda: rendered(scene(event()), with_background()), "DiffuseBackgroundSettings",
    ),
    "scene_mixing": Page(
        STAGES, "the notes, then with a second scene to the right mixed in",
        lambda: rendered(
            scene(event(response=1)), scene(event(response=1), partner=scene(event(sound=1, response=6)))
        ),
        "SceneMixingSettings",
    ),
    "microphone_mismatch": Page(
        "this package", "the notes 60 degrees to the left, then with a right capsule too loud and too wide",
        lambda: rendered(scene(event(response=0)), scene(event(response=0), recording=Recording(mismatch=MISMATCH))),
        "MicrophoneMismatchSettings",
    ),
    "recorder_noise": Page(
        "this package", "the notes, then with hiss at -50 dBFS and wind at -35",
        lambda: rendered(scene(event()), scene(event(), recording=Recording(noise=RecorderNoise(1, -50.0, -35.0)))),
        "RecorderNoiseSettings", waveform_samples=SAMPLES,
    ),
    "band_limits": Page(
        "this package", "the notes, then from 200 Hz to 5 kHz",
        lambda: rendered(scene(event()), scene(event(), recording=Recording(band=BandLimits(200.0, 5_000.0, 4)))),
        "BandLimitsSettings",
    ),
    "automatic_gain": Page(
        "this package", "the notes, then evened out and limited",
        lambda: rendered(scene(event()), scene(event(), recording=Recording(gain=AutomaticGain(0.6, 0.2, 6.0)))),
        "AutomaticGainSettings", waveform_samples=SAMPLES,
    ),
    "lossy_coding": Page(
        "this package", "the notes, then as MP3 at 32 kbit/s",
        lambda: rendered(scene(event()), scene(event(), recording=Recording(coding=LossyCoding("mp3", 32_000)))),
        "LossyCodingSettings",
    ),
    "peak_protection": Page(
        "this package; the organisers leave such clips out", "a soft clip, left as it is, and a loud one, turned down",
        lambda: rendered(scene(event()), scene(event(level_dbfs=0.0))), waveform_samples=SAMPLES,
    ),
    "spec_augment": Page(
        f"{STAGES}, after Park et al. 2019", "spectra of the notes, two stretches of time and two of frequency blanked",
        masked, "SpecAugmentSettings",
    ),
    "filter_augment": Page(
        "Nam et al. 2022", "spectra of the notes under a curve of -20 to 10 dB", filtered, "FilterAugmentSettings",
    ),
}  # fmt: skip


def page_text(name: str) -> str:
    """The Markdown of one page."""
    page = PAGES_OF[name]
    module = importlib.import_module(f"whence.scenes.transforms.{name}")
    title, _, rest = inspect.getdoc(module).partition("\n")
    heading, _, sentence = title.partition(": ")
    parts = [f"# {heading}", f"{sentence[0].upper()}{sentence[1:]}", rest.strip()]
    parts.append(f"![{heading}, before and after]({name}.png)\n\nBefore and after: {page.shown}.")
    parts.append(f"## Settings\n\n{settings_table(getattr(module, page.settings)) if page.settings else 'None.'}")
    parts.append(f"## Used by\n\n{page.used_by[0].upper()}{page.used_by[1:]}.")
    parts.append(
        f"## Look and listen\n\n[Code](../../src/whence/scenes/transforms/{name}.py) · "
        f"[tests](../../tests/scenes/test_{name}.py) · `python docs/make_transform_pages.py` makes "
        f"`build/transforms/{name}_before.wav` and `{name}_after.wav`."
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def settings_table(settings: type) -> str:
    """Name, default and meaning of each setting, from the docstring of its class."""
    document = inspect.getdoc(settings)
    assert document is not None
    entries = re.findall(r"^    (\w+): (.+(?:\n        .+)*)", document.partition("Args:")[2], re.MULTILINE)
    known = {field.name: field for field in fields(settings)}
    rows = [f"| `{name}` | `{default_of(known[name])}` | {' '.join(text.split())} |" for name, text in entries]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows])


def default_of(field: "Field[Any]") -> Any:
    """The default of a field."""
    return field.default if field.default_factory is MISSING else field.default_factory()


def index_text() -> str:
    """The list of all pages."""
    rows = []
    for name in PAGES_OF:
        title = inspect.getdoc(importlib.import_module(f"whence.scenes.transforms.{name}")).partition("\n")[0]
        heading, _, sentence = title.partition(": ")
        rows.append(f"| [{heading}]({name}.md) | {sentence.rstrip('.')} |")
    lead = "What happens to sounds and scenes. How they are drawn: [scenes in detail](../scenes-in-detail.md)."
    return "\n".join(["# Transforms", "", lead, "", "| transform | what it does |", "|---|---|", *rows]) + "\n"


def draw_picture(name: str, before: Array, after: Array) -> None:
    """Left and right channel, before and after, as a small PNG."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    count = PAGES_OF[name].waveform_samples
    shown = [one if one.ndim == 3 or count else spectra(one) for one in (before, after)]
    top = max(float(one.max()) for one in shown)
    figure, axes = plt.subplots(2, 2, figsize=(7, 3.4), sharex=True, sharey=True, layout="constrained")
    for column, (one, title) in enumerate(zip(shown, ("before", "after"), strict=True)):
        axes[0, column].set_title(title, fontsize=9)
        axes[1, column].set_xlabel("s", fontsize=8)
        for channel, axis in enumerate(axes[:, column]):
            axis.tick_params(labelsize=7)
            axis.locator_params(axis="x", nbins=5)
            if count:
                # From the onset of the first note.
                first = 0 if count == SAMPLES else 7_200
                axis.plot(np.arange(count) / SAMPLE_RATE_HZ, one[channel, first : first + count], linewidth=0.7)
            else:
                extent = (0, SAMPLES / SAMPLE_RATE_HZ, 0, 12)
                axis.imshow(one[channel].T, origin="lower", aspect="auto", extent=extent, vmin=top - 60, vmax=top)
            if column == 0:
                axis.set_ylabel(("left", "right")[channel] + ("" if count else ", kHz"), fontsize=8)
    with written_whole(PAGES / f"{name}.png") as file:
        # Without the version of the library in it, the same picture is the same file.
        figure.savefig(file, format="png", dpi=72, metadata={"Software": None})
    plt.close(figure)


def main() -> None:
    """Write all pages, pictures and sounds."""
    PAGES.mkdir(parents=True, exist_ok=True)
    SOUNDS.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES_OF.items():
        (PAGES / f"{name}.md").write_text(page_text(name), encoding="utf-8")
        before, after = page.example()
        draw_picture(name, before, after)
        if before.ndim == 2:
            write(SOUNDS / f"{name}_before.wav", before)
            write(SOUNDS / f"{name}_after.wav", after)
    (PAGES / "index.md").write_text(index_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
