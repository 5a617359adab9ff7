"""How close training and inference of the hybrids come to the machine's limits: clips per second, FLOP and bytes.

Measures the report's hybrid (`xiaomi_1`: Dasheng and a ResNet-Conformer) and the small one (`whence_small`), each
network separately: a training step with front end, loss and optimizer, and inference, in float32 and in bf16. Shares
are relative to large matrix products and copies of large arrays in the same run, so that other work on the machine
affects both. Bytes are what all operations read and write; in a cache, a share above 100 % is possible.

    python benchmarks/inference.py [--clips 4] [--threads 1]
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from training import ceilings, fastest_s, made_batch
from whence.inference import NetworkBundle, features_of
from whence.recipes import recipe_named
from whence.training import NetworkRecipe
from whence.training.learner import Learner

SYSTEMS = ("xiaomi_1", "whence_small")
PRECISIONS = ("float32", "bf16")
ROUNDS = 2
# Largest difference of activities, or of azimuths in units of 90 degrees, that half the digits of a number may make.
TOLERANCE = 0.1


class Traffic(TorchDispatchMode):
    """Counts the bytes that operations read and write; views move none."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation and count its bytes."""
        result = func(*args, **(kwargs or {}))
        if not func.is_view:
            tensors = (leaf for leaf in tree_leaves((args, kwargs, result)) if isinstance(leaf, torch.Tensor))
            self.bytes += sum(tensor.numel() * tensor.element_size() for tensor in tensors)
        return result


@dataclass(frozen=True)
class Job:
    """Work to be timed.

    Args:
        name: shown.
        precision: whose limit it is compared with.
        work: one training step or inference.
    """

    name: str
    precision: str
    work: Callable[[], Any]

    def line(self, seconds: float, clips: int, flop: float, most: Mapping[str, float]) -> str:
        """Format the speed, operations and bytes, and their shares of the limits."""
        with Traffic() as traffic:
            self.work()
        shares = flop / seconds / most[self.precision], traffic.bytes / seconds / most["copy"]
        return (
            f"{self.name:38} {self.precision:8} {clips / seconds:7.2f} clips/s  "
            f"{flop / clips / 1e9:6.2f} GFLOP a clip, {shares[0]:4.0%} of what is possible; "
            f"{traffic.bytes / clips / 1e6:7.1f} MB moved a clip, {shares[1]:4.0%}"
        )


def jobs_of(system: str, network: NetworkRecipe, clips: int) -> tuple[list[Job], float]:
    """Training and inference of one network in both precisions, and how much its values differ between them."""
    batch, jobs, results = made_batch(clips), [], []
    for precision in PRECISIONS:
        learner = Learner(replace(network, batch_clips=clips, frozen_encoder=()), 1, precision, "cpu")
        bundle = learner.evaluated_bundle()
        # Before training, so that both precisions have the same weights.
        results.append(predicted(bundle, batch.audio))
        name = f"{system} {network.name}"
        jobs.append(Job(f"{name}: training step", precision, lambda one=learner: one.learn(batch)))
        jobs.append(Job(f"{name}: inference", precision, lambda one=bundle: predicted(one, batch.audio)))
    float32, bf16 = (np.nan_to_num(values[:, :, :2]) / np.array([1.0, 90.0])[:, None] for values in results)
    return jobs, float(np.abs(float32 - bf16).max())


def predicted(bundle: NetworkBundle, audio: torch.Tensor) -> NDArray[np.float32]:
    """Values as `NetworkBundle.values` gives them, without inference mode, in which nothing can be counted."""
    bundle.network.eval()
    with torch.no_grad():
        features = features_of(bundle.features, audio)
        with torch.autocast("cpu", torch.bfloat16, enabled=bundle.precision == "bf16"):
            raw = bundle.network(features)
        values: NDArray[np.float32] = bundle.coding.activate(raw.float().numpy())
    return values


def operations(work: Callable[[], object]) -> int:
    """FLOP of one inference."""
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


def main() -> int:
    """Print one line for each network, kind of work and precision; 1 if the precisions do not agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=4, help="in a step")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    most = ceilings()
    print(f"{args.clips} clips at once, {args.threads} thread(s)")
    print(", ".join(f"{name} {value / 1e9:.1f} G{'B' if name == 'copy' else 'FLOP'}/s" for name, value in most.items()))
    agree = True
    for system in SYSTEMS:
        inference_s = dict.fromkeys(PRECISIONS, 0.0)
        for network in recipe_named(system).networks:
            jobs, difference = jobs_of(system, network, args.clips)
            agree &= difference < TOLERANCE
            best = fastest_s({f"{job.name} {job.precision}": job.work for job in jobs}, ROUNDS)
            # A step is taken as three inferences, because the counter takes depthwise gradients for dense ones.
            flop = operations(jobs[1].work)
            for job, seconds in zip(jobs, best.values(), strict=True):
                print(job.line(seconds, args.clips, flop if job.name.endswith("inference") else 3 * flop, most))
                inference_s[job.precision] += seconds if job.name.endswith("inference") else 0.0
            print(f"{system} {network.name}: float32 and bf16 differ by at most {difference:.3f}")
        for precision, seconds in inference_s.items():
            print(f"{system} joined, {precision}: {5 * args.clips / seconds:.1f} times real time")
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
