"""Compare maps that hold time differences between the channels, by short trainings of a small localizer at equal clips.

    python docs/make_time_difference_table.py sounds.csv --out work/

`sounds.csv` lists recordings with the column split (train, val), as `whence scenes` reads it. Scenes are rendered once
for a mixture of pairs of microphones, and the same 60 validation scenes for each of nine pairs. The localizer is
trained on the maps of `midside_onsets` alone, and with one kind of map more:

- `coherence`: `cross_real` and `cross_imaginary`, the complex coherence per mel band;
- `gcc`: generalized cross-correlation with phase transform (GCC-PHAT) at 64 lags within +-1.3 ms, in place of bands;
- `nipd`: the phase of the cross spectrum divided by the frequency, as a delay per mel band, from 100 Hz to 2 kHz.

Directions and distances are scored where the reference has an event, with its class: no detector takes part.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile
import torch
from torch import Tensor, nn

from whence.features import build_features, hann, mel_filterbank, midside_onsets_settings, midside_pairs_settings
from whence.labels import Events, read_dcase
from whence.models import CompactLocalizerSettings, build_model
from whence.models.outputs import ClasswiseSettings, DistanceScale, build_output

MIXTURE = {
    **{"dcase": 0.34, "xy:70-135": 0.14, "ortf": 0.06, "nos": 0.06, "ab:0.05-0.5": 0.14, "phone": 0.06},
    **{"binaural": 0.1, "ms": 0.05, "blumlein": 0.05},
}
PAIRS = ("dcase", "xy:90", "ortf", "nos", "ab:0.20", "ab:0.40", "phone", "binaural", "blumlein")
KINDS = ("midside_onsets", "coherence", "gcc", "nipd")
POLYPHONY = [0.7, 0.3]
CLIPS, EPOCHS, BATCH, VALIDATION_CLIPS = 6_000, 2.5, 32, 60
# Maps after the six of midside_onsets that change with swapped channels: by their sign, or by the order of lags.
SIGNED = {"midside_onsets": (), "coherence": (5,), "gcc": (), "nipd": (6,)}
FRAMES = 5  # that phases are averaged over


class Maps(nn.Module):
    """The maps of one kind, (B, 2, sample) -> (B, M, 251, 64)."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        settings = midside_pairs_settings() if kind == "coherence" else midside_onsets_settings()
        self.plain = build_features(settings)
        self.count = len(settings.maps) + (kind in ("gcc", "nipd"))
        self.bank = torch.from_numpy(mel_filterbank(settings)).T.contiguous()
        self.window = nn.functional.pad(torch.from_numpy(hann(settings.window)), (32, 32))
        self.frequency_hz = torch.arange(513) * 24_000 / 1024
        lags = torch.arange(-32, 32) + 0.5  # samples; above 0 the left channel is earlier
        self.turns = torch.exp(-2j * torch.pi * torch.arange(513)[:, None] * lags[None] / 1024)

    def forward(self, signal: Tensor) -> Tensor:
        """Return the maps."""
        maps = self.plain(signal)
        if self.kind not in ("gcc", "nipd"):
            return maps
        left, right = (self._spectrum(signal[:, channel]) for channel in (0, 1))
        cross = left * right.conj()
        return torch.cat([maps, (self._gcc if self.kind == "gcc" else self._nipd)(cross)[:, None]], dim=1)

    def _spectrum(self, channel: Tensor) -> Tensor:
        padded = nn.functional.pad(channel, (512, 512))
        return torch.stft(padded, 1024, 480, window=self.window, center=False, return_complex=True).transpose(1, 2)

    def _gcc(self, cross: Tensor) -> Tensor:
        phase = cross / (cross.abs() + 1e-10)
        smoothed = torch.complex(averaged(phase.real), averaged(phase.imag))
        return (smoothed[:, :, 20:430] @ self.turns[20:430]).real / 410

    def _nipd(self, cross: Tensor) -> Tensor:
        real, imag = averaged(cross.real), averaged(cross.imag)
        delay_ms = 1e3 * torch.atan2(imag, real + 1e-12) / (2 * torch.pi * self.frequency_hz.clamp(min=50))
        used = ((self.frequency_hz >= 100) & (self.frequency_hz <= 2000)).float()
        weight = (real**2 + imag**2).sqrt() * used
        return ((weight * delay_ms) @ self.bank) / (weight @ self.bank + 1e-10)

    def mirrored(self, maps: Tensor) -> Tensor:
        """The maps of swapped channels."""
        swapped = maps.clone()
        swapped[:, [2, maps.shape[1] - 1 - (self.kind in ("gcc", "nipd")) - 1, *SIGNED[self.kind]]] *= -1
        if self.kind == "gcc":
            swapped[:, -1] = swapped[:, -1].flip(-1)
        return swapped


def averaged(values: Tensor) -> Tensor:
    """Means over the feature frames around each of (B, T, N)."""
    around = FRAMES // 2
    return nn.functional.avg_pool2d(values[:, None], (FRAMES, 1), 1, (around, 0), count_include_pad=False)[:, 0]


def whence(*words: object) -> None:
    """Run one whence command."""
    subprocess.run([sys.executable, "-m", "whence", *map(str, words)], check=True)


def make_scenes(sounds: Path, out: Path, clips: int) -> None:
    """Render training scenes of the mixture, and validation scenes of each pair; what is there is kept."""
    for name, count, seed in (("rooms", 60, 3), ("rooms_val", 12, 77)):
        if not (out / f"{name}.safetensors").exists():
            whence("scenes", "rooms", out / f"{name}.safetensors", "--rooms", count, "--seed", seed)
    wanted = [("train", "split=train", MIXTURE, f"{clips}:dev-train", "rooms", 5)]
    wanted += [
        (f"val/{pair.replace(':', '')}", "split=val", {pair: 1.0}, f"{VALIDATION_CLIPS}:dev-test", "rooms_val", 9)
        for pair in PAIRS
    ]
    for folder, where, microphones, count, rooms, seed in wanted:
        settings = out / "scenes.json"
        settings.write_text(json.dumps({"microphones": microphones, "polyphony_weights": POLYPHONY}))
        banks = ("--rooms", out / f"{rooms}.safetensors", "--settings", settings)
        whence("scenes", sounds, "--where", where, *banks, "--clips", count, "--seed", seed, "--out", out / folder)


def clips_of(folder: Path) -> list[tuple[Path, Events]]:
    """The sounds of a data set and their labels."""
    sounds = sorted(folder.glob("stereo_dev/*/*.wav"))
    return [(path, read_dcase(folder / "metadata_dev" / path.parent.name / f"{path.stem}.csv")) for path in sounds]


def read(paths: list[Path]) -> Tensor:
    """(clip, 2, sample)."""
    return torch.from_numpy(np.stack([soundfile.read(path, dtype="float32")[0].T for path in paths]))


def train(kind: str, clips: list[tuple[Path, Events]], out: Path) -> tuple[nn.Module, Maps]:
    """Train a localizer on one kind of maps."""
    torch.manual_seed(1)
    maps = Maps(kind)
    settings = CompactLocalizerSettings(
        input_maps=maps.count, channels=(16, 32, 32, 64), width=128, sequence=("transformer", "gru")
    )
    net, coding = build_model(settings), coding_of()
    cache = np.lib.format.open_memmap(out / f"{kind}.npy", "w+", np.float16, (len(clips), maps.count, 251, 64))
    with torch.inference_mode():
        for first in range(0, len(clips), BATCH):
            part = maps(read([path for path, _ in clips[first : first + BATCH]]))
            cache[first : first + BATCH] = part.numpy()
    steps = int(EPOCHS * len(clips) / BATCH)
    optimizer = torch.optim.AdamW(net.parameters(), 2e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps, pct_start=0.1)
    rng = np.random.default_rng(1)
    order = np.concatenate([rng.permutation(len(clips)) for _ in range(int(EPOCHS) + 1)])
    swaps = rng.random(len(order)) < 0.5
    net.train()
    for step in range(steps):
        chosen = np.sort(order[step * BATCH : (step + 1) * BATCH])
        swapped = swaps[step * BATCH : (step + 1) * BATCH]
        plain = torch.from_numpy(cache[chosen].astype(np.float32))
        given = torch.where(torch.from_numpy(swapped)[:, None, None, None], maps.mirrored(plain), plain)
        tables = [clips[at][1].mirrored() if swap else clips[at][1] for at, swap in zip(chosen, swapped, strict=True)]
        with torch.autocast("cpu", torch.bfloat16):
            raw = net(given)
        loss = coding.loss(raw.float(), torch.from_numpy(coding.encode(tables, 50)))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        schedule.step()
    return net.eval(), maps


def coding_of() -> object:
    """Activity, azimuth and distance of each class."""
    scale = DistanceScale("log", absolute=True)
    return build_output(ClasswiseSettings(direction_absolute=True, distance_weight=1.0, scale=scale))


@torch.inference_mode()
def score(net: nn.Module, maps: Maps, clips: list[tuple[Path, Events]]) -> tuple[float, float, float, float]:
    """Mean and median azimuth error, share within 20 degrees, mean relative distance error."""
    coding, azimuth, distance = coding_of(), [], []
    given = maps(read([path for path, _ in clips]))
    values = coding.average([coding.activate(net(given)), coding.mirror(coding.activate(net(maps.mirrored(given))))])
    for value, (_, events) in zip(values, clips, strict=True):
        cells = np.array(value)[events.frame, :, events.class_index]
        azimuth.append(np.abs(cells[:, 1] - events.azimuth_deg))
        distance.append(np.abs(cells[:, 2] - events.distance_m) / events.distance_m)
    error, relative = np.concatenate(azimuth), np.concatenate(distance)
    return float(error.mean()), float(np.median(error)), float((error < 20).mean()), float(relative.mean())


def main() -> None:
    """Render, train, print a row for each kind and pair."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sounds", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    make_scenes(args.sounds, args.out, args.clips)
    clips = clips_of(args.out / "train")
    for kind in args.kinds:
        net, maps = train(kind, clips, args.out)
        for pair in PAIRS:
            found = score(net, maps, clips_of(args.out / "val" / pair.replace(":", "")))
            text = "mean {:.1f} deg, median {:.1f} deg, within 20 deg {:.1%}, RDE {:.3f}".format(*found)
            sys.stdout.write(f"{kind} {pair}: {text}\n")


if __name__ == "__main__":
    main()
