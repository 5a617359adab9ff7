"""A program: one network, trained by however many processes `torchrun` started, into a folder.

Each process writes a report beside the run. Words after the folder: `plain` leaves out batch norms, `frozen` does too
and freezes the network's encoder at first.
"""

import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import small_detectors
import torch
from torch import nn
from training_runs import noise_data, noise_recipe

from whence.inference import network_bundle
from whence.scenes.transforms import SpecAugmentSettings
from whence.training import loop
from whence.training.batch_norm import share_batch_norms
from whence.training.loop import LoopSettings, train_network
from whence.training.processes import Processes

build_model = network_bundle.build_model


class Seen:
    """Training data that remembers the names of its clips."""

    def __init__(self, data):
        self.data, self.names = data, []

    def batches(self, *words):
        for batch in self.data.batches(*words):
            self.names += batch.names
            yield batch


class Observed(loop.Learner):
    """The learner, to be found after the training."""

    def __init__(self, *words):
        super().__init__(*words)
        Observed.last = self


def without_batch_norm(settings):
    """Rounding errors in the moments of a batch grow in a few steps of Adam; without them weights can be compared."""
    network = build_model(settings)
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d):
                setattr(module, name, nn.Identity())
    return network


def network_with_norms():
    torch.manual_seed(0)
    layers = nn.BatchNorm2d(3), nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.ReLU(), nn.Conv2d(5, 2, 3), nn.BatchNorm2d(2)
    return nn.Sequential(*layers).double()


def error_of_shared_norms(processes):
    """The largest difference in gradients and running means, to one process that has the whole batch."""
    torch.manual_seed(1)
    x, wanted = torch.randn(8, 3, 6, 7).double() * 3 - 30, torch.randn(8, 2, 2, 3).double()
    alone, shared = network_with_norms(), share_batch_norms(network_with_norms(), torch.device("cpu"))
    ((alone(x) - wanted) ** 2).mean().backward()
    part = slice(processes.rank, None, processes.count)
    averaging = nn.parallel.DistributedDataParallel(shared)
    ((averaging(x[part]) - wanted[part]) ** 2).mean().backward()
    pairs = [(a.grad, b.grad) for a, b in zip(alone.parameters(), shared.parameters(), strict=True)]
    pairs += zip(alone.buffers(), shared.buffers(), strict=True)
    pairs.append((alone.eval()(x[part]), shared.eval()(x[part])))
    return max(float((a - b).abs().max()) for a, b in pairs)


def digest(network):
    """Of all parameters and buffers."""
    content = b"".join(tensor.numpy().tobytes() for tensor in network.state_dict().values())
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    torch.set_num_threads(1)
    loop.Learner = Observed
    recipe = noise_recipe(epochs=2)
    detector = recipe.networks[0]
    # Key biases of attention have no gradient but rounding errors, which Adam would blow up; dropout differs between
    # processes.
    model = replace(detector.model, dropout=0.0, sequence=("gru",))
    detector = replace(detector, model=model, spec_augment=SpecAugmentSettings())
    if "plain" in sys.argv or "frozen" in sys.argv:
        network_bundle.build_model = without_batch_norm
    if "frozen" in sys.argv:
        frozen = small_detectors.detector()
        detector = replace(frozen, model=replace(frozen.model, dropout=0.0), epochs=2)
    data, held_out = noise_data(recipe)
    seen, folder, processes = Seen(data), Path(sys.argv[1]), Processes()
    (folder / detector.name).mkdir(parents=True, exist_ok=True)
    train_network(folder, recipe, detector, seen, held_out, LoopSettings())
    report = {"count": processes.count, "clips": seen.names, "weights": digest(Observed.last.bare)}
    if processes.count > 1:
        report["norm_error"] = error_of_shared_norms(processes)
    (folder / f"rank{processes.rank}.json").write_text(json.dumps(report))
