"""How well distance can be predicted from room impulse responses: a bound for what a network can learn.

    python docs/make_distance_limits.py rooms_train.safetensors rooms_test.safetensors

A small network is trained on the responses of one bank and tested on those of another. Its input is, in turn: the
energies over time of mid and side, relative to the direct sound; these and their mean over the room; the averages of
mid, side and their product in six bands, which is what a steady sound reveals; these and the reverberation time; and
the level alone, for a source of random loudness. Prints the mean relative distance error of each and of a constant.
"""

import argparse
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from whence.scenes.rooms import RoomBank, load_room_bank
from whence.scenes.transforms.room_response import turn_to_stereo

Table = NDArray[np.float32]
# Samples after the direct sound at 24 kHz where the energies in time begin and end.
EDGES = (-24, 36, 72, 120, 240, 480, 960, 1_920, 4_800, 9_600, 24_000)
BAND_EDGES_HZ = (250, 500, 1_000, 2_000, 4_000)
STEPS, RESPONSES_AT_ONCE = 3_000, 512


def mid_and_side(bank: RoomBank, seed: int) -> NDArray[np.float32]:
    """(response, 2, tap) of every response, rotated by a random angle."""
    rng = np.random.default_rng(seed)
    turn_deg = torch.from_numpy(rng.uniform(0, 360, len(bank)))
    left, right = turn_to_stereo(torch.from_numpy(bank.responses).float(), turn_deg).unbind(1)
    return torch.stack([left + right, left - right], 1).div_(2).numpy()


def energies_in_time(bank: RoomBank, pairs: NDArray[np.float32]) -> Table:
    """Mid and side energy between the edges, in dB relative to the direct sound."""
    rows = []
    for pair, direct in zip(pairs, bank.direct_sample, strict=True):
        power = pair.astype(np.float64) ** 2
        spans = [(max(0, direct + first), direct + end) for first, end in itertools.pairwise(EDGES)]
        parts = np.array([[row[first:end].sum() for first, end in spans] for row in power])
        rows.append(10 * np.log10(parts / parts[:, 0].sum() + 1e-6).ravel())
    return np.array(rows, dtype=np.float32)


def steady(pairs: NDArray[np.float32]) -> Table:
    """The averages over a long steady sound: product and side share in six bands."""
    mid, side = (np.fft.rfft(pairs[:, channel], 48_000) for channel in (0, 1))
    band = np.searchsorted(BAND_EDGES_HZ, np.fft.rfftfreq(48_000, 1 / 24_000), side="right")
    starts = np.searchsorted(band, np.arange(len(BAND_EDGES_HZ) + 1))

    def in_bands(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.add.reduceat(values, starts, axis=1))

    both = in_bands(np.abs(mid) ** 2 + np.abs(side) ** 2)
    product, side_power = in_bands((mid * side.conj()).real), in_bands(np.abs(side) ** 2)
    return np.concatenate([product / both, side_power / both], axis=1).astype(np.float32)


def relative_error(train: tuple[Table, Table], test: tuple[Table, Table]) -> tuple[float, float]:
    """Mean relative error and correlation on the second bank of a network trained on the first."""
    torch.manual_seed(1)
    mean, spread = train[0].mean(axis=0), train[0].std(axis=0) + 1e-6
    x, unseen = (torch.from_numpy((given - mean) / spread) for given in (train[0], test[0]))
    metres = torch.from_numpy(train[1])
    net = nn.Sequential(
        nn.Linear(x.shape[1], 128), nn.ReLU(), nn.Dropout(0.1), nn.Linear(128, 128), nn.ReLU(), nn.Dropout(0.1),
        nn.Linear(128, 1), nn.Softplus(),
    )  # fmt: skip
    optimizer = torch.optim.AdamW(net.parameters(), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=STEPS)
    for _ in range(STEPS):
        drawn = torch.randint(len(x), (RESPONSES_AT_ONCE,))
        loss = (net(x[drawn])[:, 0] / metres[drawn] - 1).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    predicted = net.eval()(unseen)[:, 0].detach().numpy()
    return float(np.abs(predicted / test[1] - 1).mean()), float(np.corrcoef(predicted, test[1])[0, 1])


def main() -> None:
    """Print the error for every input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    args = parser.parse_args()
    banks = [load_room_bank(path) for path in (args.train, args.test)]
    pairs = [mid_and_side(bank, seed) for seed, bank in enumerate(banks)]
    metres = [bank.distance_m.astype(np.float32) for bank in banks]
    times = [energies_in_time(bank, pair) for bank, pair in zip(banks, pairs, strict=True)]
    rooms = [np.stack([t[b.room == r].mean(axis=0) for r in b.room]) for t, b in zip(times, banks, strict=True)]
    lasting = [steady(pair) for pair in pairs]
    echo = [np.log(bank.rt60_s[bank.room])[:, None] for bank in banks]
    rng = np.random.default_rng(1)
    level = [(-20 * np.log10(m)[:, None] + rng.uniform(-10, 10, (len(m), 1))).astype(np.float32) for m in metres]
    inputs: dict[str, Callable[[int], Table]] = {
        "energies in time": lambda i: times[i],
        "and the room's mean of them": lambda i: np.concatenate([times[i], rooms[i]], axis=1),
        "a steady sound": lambda i: lasting[i],
        "and the reverberation time": lambda i: np.concatenate([lasting[i], echo[i]], axis=1),
        "level, drawn within 20 dB": lambda i: level[i],
    }
    grid = np.arange(0.5, 4.0, 0.05)
    best = min(grid, key=lambda metre: float(np.abs(metre / metres[0] - 1).mean()))
    print(f"{f'always {best:.2f} m':32s} RDE {np.abs(best / metres[1] - 1).mean():.3f}", flush=True)
    for name, make in inputs.items():
        first, second = (make(number).astype(np.float32) for number in (0, 1))
        error, correlation = relative_error((first, metres[0]), (second, metres[1]))
        print(f"{name:32s} RDE {error:.3f}  correlation {correlation:.2f}", flush=True)


if __name__ == "__main__":
    main()
