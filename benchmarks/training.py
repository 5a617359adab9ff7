"""How fast does the baseline network learn, beside the straightforward form of its recipe? Prints clips per second.

The straightforward form: float32, maps in their usual order, log-mel clip by clip and channel by channel, ReLU before
pooling, all 13 permutations in every frame and class, plain Adam one tensor at a time. Both forms take the same clips
and targets. They take turns, so that other work on the machine slows both; ratios mean something then, absolute
numbers only on an idle machine. Front ends are told beside the transforms and sums that they cannot do without.

    python benchmarks/training.py [--clips 64] [--threads 1]
"""

import argparse
import copy
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from whence.features import build_features, logmel_settings, mel_filterbank
from whence.features.settings import DEFAULTS
from whence.features.spectrum import Bands
from whence.inference import features_of
from whence.labels import Events
from whence.models.outputs import build_output
from whence.models.outputs.multi_accdoa import FIRST_PADDING, PERMUTATIONS, SECOND_PADDING
from whence.models.seldnet import SeldNet
from whence.recipes.seldnet import seldnet
from whence.training import NetworkRecipe
from whence.training.data import Batch
from whence.training.learner import Learner

TARGET = 2.5
ROUNDS = 5
# Fourier transforms in a clip, and their length.
FRONT_ENDS = {"logmel": (502, 1024), "midside": (502, 1024), "yamnet_mel": (500, 512), "dasheng_mel": (501, 512)}


def made_batch(clips: int) -> Batch:
    """Noise with two sources in every clip."""
    rng = np.random.default_rng(1)
    frames = np.tile(np.arange(50), 2)
    tables = [
        Events.from_columns(
            {
                "frame": frames,
                "class_index": np.repeat(rng.integers(0, 13, 2), 50),
                "azimuth_deg": np.repeat(rng.uniform(-90, 90, 2), 50),
                "distance_m": np.repeat(rng.uniform(0.5, 4, 2), 50),
            }
        )
        for _ in range(clips)
    ]
    audio = torch.from_numpy(rng.normal(0, 0.1, (clips, 2, 120_000)).astype(np.float32))
    return Batch(audio, tables, [f"clip {number}" for number in range(clips)])


class Straightforward:
    """The recipe as it is written down."""

    def __init__(self, network: SeldNet) -> None:
        self.network = copy.deepcopy(network).train()
        self.optimizer = torch.optim.Adam(self.network.parameters(), 1e-3, foreach=False, fused=False)
        self.bank = torch.from_numpy(mel_filterbank(logmel_settings()).T.copy())
        self.coding = build_output(seldnet().networks[0].output)

    def features(self, audio: Tensor) -> Tensor:
        """Log-mel of each channel of each clip."""
        window = nn.functional.pad(torch.hann_window(960), (32, 32))
        clips = []
        for clip in audio:
            maps = []
            for channel in clip:
                spectrum = torch.stft(
                    channel, 1024, 480, window=window, center=True, pad_mode="constant", return_complex=True
                )
                maps.append(10 * torch.log10((spectrum.abs() ** 2).T @ self.bank).clamp(min=-100))
            levels = torch.stack(maps)
            clips.append(torch.maximum(levels, levels.max() - 80))
        return torch.stack(clips)

    def forward(self, x: Tensor) -> Tensor:
        """Every layer in its turn."""
        net = self.network
        for block in net.conv_blocks:
            x = block.dropout(block.pool(torch.relu(block.bn(block.conv(x)))))
        x = torch.tanh(net.gru(x.transpose(1, 2).flatten(2))[0])
        x = x[:, :, : x.shape[2] // 2] * x[:, :, x.shape[2] // 2 :]
        for attention, norm in zip(net.mhsa_layers, net.layer_norms, strict=True):
            x = norm(x + attention(x, x, x)[0])
        for layer in net.fnn_list:
            x = layer(x)
        return x

    def loss(self, raw: Tensor, target: Tensor) -> Tensor:
        """The cheapest of 13 permutations, all of them tried everywhere."""
        estimate = self.coding.activate(raw)
        wanted = target[:, :, :, 1:] * target[:, :, :, :1]
        candidates = [
            wanted[:, :, tracks] + wanted[:, :, first] + wanted[:, :, second]
            for tracks, first, second in zip(PERMUTATIONS, FIRST_PADDING, SECOND_PADDING, strict=True)
        ]
        costs = [((estimate - candidate) ** 2).mean(dim=(2, 3)) for candidate in candidates]
        return torch.stack(costs).min(dim=0).values.mean()

    def learn(self, batch: Batch) -> float:
        """One step."""
        self.optimizer.zero_grad()
        raw = self.forward(self.features(batch.audio))
        loss = self.loss(raw, torch.from_numpy(self.coding.encode(batch.events, raw.shape[1])))
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())


def fastest_s(steps: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Seconds of the fastest step of each form; they take turns.

    One thread is timed by what it computes, so that it may be interrupted; several by the clock on the wall.
    """
    now = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    best = dict.fromkeys(steps, float("inf"))
    for _ in range(rounds + 1):  # the first round warms up, and is never the fastest
        for name, step in steps.items():
            started = now()
            step()
            best[name] = min(best[name], now() - started)
    return best


def ceilings() -> dict[str, float]:
    """What this machine reaches at its best: multiplications of matrices, FLOP/s, and copying, B/s."""
    steps: dict[str, Callable[[], object]] = {}
    for name, kind in (("float32", torch.float32), ("bf16", torch.bfloat16)):
        a = torch.randn(1024, 1024).to(kind)
        steps[name] = lambda a=a: a @ a
    big = torch.randn(1 << 25)
    other = torch.empty_like(big)
    steps["copy"] = lambda: other.copy_(big)
    best = fastest_s(steps, 6)
    return {name: (2 * big.nbytes if name == "copy" else 2 * 1024**3) / s for name, s in best.items()}


def cost(step: Callable[[], object]) -> tuple[int, int]:
    """FLOP of a step, and bytes kept from its forward for its backward pass."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with FlopCounterMode(display=False) as counter, torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
        step()
    return counter.get_total_flops(), sum(kept.values())


def front_end_lines(audio: Tensor) -> list[str]:
    """One line for each front end: milliseconds a clip, and how many of them its unavoidable parts take alone."""
    lines = []
    with torch.no_grad():
        for name, (transforms, length) in FRONT_ENDS.items():
            front_end, windowed = build_features(name), torch.randn(transforms, length)
            bands, squares = Bands(mel_filterbank(DEFAULTS[name]())), torch.rand(transforms, length // 2 + 1)
            steps: dict[str, Callable[[], object]] = {
                "whole": lambda front_end=front_end: features_of(front_end, audio),
                "Fourier transforms": lambda windowed=windowed: [torch.fft.rfft(windowed) for _ in audio],
                "mel bands": lambda bands=bands, squares=squares: [bands(squares) for _ in audio],
            }
            best = {what: 1e3 * s / len(audio) for what, s in fastest_s(steps, 2 * ROUNDS).items()}
            whole = best.pop("whole")
            parts = ", ".join(f"{what} {ms:.2f} ({ms / whole:.0%})" for what, ms in best.items())
            lines.append(f"{name:24} {whole:5.2f} ms a clip; alone: {parts}")
    return lines


def main() -> int:
    """Print one line per form; 1 if the results differ or ours is not fast enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=64, help="in a batch")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    batch = made_batch(args.clips)
    recipe = replace(seldnet().networks[0], batch_clips=args.clips)
    same = first_losses_agree(recipe, made_batch(8))
    learners = {name: Learner(recipe, 1, name, "cpu") for name in ("float32", "bf16")}
    plain = Straightforward(learners["float32"].bare)
    steps: dict[str, Callable[[], object]] = {"straightforward float32": lambda: plain.learn(batch)}
    steps |= {f"whence {name}": lambda one=one: one.learn(batch) for name, one in learners.items()}
    best, most = fastest_s(steps, ROUNDS), ceilings()
    print(f"batches of {args.clips} clips, {args.threads} thread(s); first losses agree: {same}")
    print(", ".join(f"{name} {value / 1e9:.1f} G{'B' if name == 'copy' else 'FLOP'}/s" for name, value in most.items()))
    slow = best["straightforward float32"]
    for name, seconds in best.items():
        flop, kept = cost(steps[name])
        # Everything that is kept is written once and read once, at least.
        share = flop / seconds / most[name.split()[-1]], 2 * kept / seconds / most["copy"]
        print(
            f"{name:24} {args.clips / seconds:7.1f} clips/s  x {slow / seconds:4.2f}   "
            f"{flop / args.clips / 1e9:.2f} GFLOP a clip, {share[0]:4.0%} of the multiplications possible; "
            f"{kept / args.clips / 1e6:5.1f} MB kept a clip, {share[1]:4.0%} of the copying possible"
        )
    print("\n".join(front_end_lines(batch.audio[:16])))
    return 0 if same and slow / best["whence bf16"] >= TARGET else 1


def first_losses_agree(recipe: NetworkRecipe, batch: Batch) -> bool:
    """Without dropout the first two losses of both float32 forms are equal to rounding; the second follows a step."""
    recipe = replace(recipe, batch_clips=len(batch.events), model=replace(recipe.model, dropout=0.0))
    learner = Learner(recipe, 1, "float32", "cpu")
    plain = Straightforward(learner.bare)
    pairs = [(learner.learn(batch)["loss"], plain.learn(batch)) for _ in range(2)]
    return all(abs(ours - theirs) < 1e-4 * abs(theirs) for ours, theirs in pairs)


if __name__ == "__main__":
    sys.exit(main())
