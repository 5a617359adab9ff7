"""Export of runs as one ONNX file: every network in one graph, with a description of the systems."""

import json
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from whence.errors import MissingExtraError
from whence.features import FeatureSettings
from whence.files import written_whole
from whence.inference.averaging import average_systems
from whence.inference.network_bundle import WEIGHTS_FILE, NetworkBundle, TorchNetworks, load_bundle
from whence.inference.onnx_networks import CARD_FORMAT, METADATA_KEY, MICROPHONES_INPUT
from whence.inference.system_file import read_system
from whence.models import Network
from whence.models.outputs import output_to_plain
from whence.units import MICROPHONE_NUMBERS

OPSET = 17
# Smaller tensors (biases, scales) stay in float32: halving them saves nothing and costs precision.
_SMALLEST_HALVED = 1_024


class _Joined(nn.Module):
    """Networks side by side, each with its own maps or sharing those of another.

    Args:
        networks: all of them.
        inputs: for each, which of the graph's inputs are its own.
    """

    def __init__(self, networks: Sequence[Network], inputs: Sequence[Sequence[int]]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self.inputs = inputs

    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        """Return the raw output of each network."""
        pairs = zip(self.networks, self.inputs, strict=True)
        return tuple(network(*(given[index] for index in own)) for network, own in pairs)


def export_onnx(runs: Sequence[Path], target: Path, *, half: bool = False) -> None:
    """Write a run, or several whose predictions are averaged, as one ONNX file of opset 17 without data beside it.

    It takes any number of clips of any length.

    Inputs are the maps of each front end, (clip, map, time, band), named after it, and, where a network is told the
    pair of microphones, `microphones`, (clip, number), see `whence.audio.Microphones.numbers`. Outputs are the raw
    numbers of each network, (clip, label frame, number), named after it. Features are computed outside:
    `whence.features.numpy_twin`.

    Args:
        runs: folders of finished runs or converted checkpoints.
        target: the file.
        half: store large weights in float16 and compute with them in float32: half the size.

    Raises:
        InferenceError: a run is not finished, or several differ in classes or codings.
        ModelError: its weights are missing, damaged or foreign.
        MissingExtraError: onnx is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise MissingExtraError("exporting", "export") from None
    systems, bundles = _read_runs(runs)
    names = list(bundles)
    front_ends = [bundle.settings.features for bundle in bundles.values()]
    inputs = _input_names(front_ends)
    unique = list(dict.fromkeys(inputs))
    # Beside the systems, since older programs refuse what they do not know in them.
    microphones = [system.pop("microphones") for system in systems]
    networks = [bundle.network for bundle in bundles.values()]
    is_told = any(network.is_told for network in networks)
    card = {
        # Where they can, older programs shall read it too.
        **(
            {"format": 1, "system": systems[0]}
            if len(systems) == 1 and not is_told
            else {"format": CARD_FORMAT if is_told else 2, "systems": systems}
        ),
        "microphones": microphones,
        "inputs": {name: asdict(front_ends[inputs.index(name)]) for name in dict.fromkeys(inputs)},
        "networks": {name: output_to_plain(bundle.settings.output) for name, bundle in bundles.items()},
    }
    examples = [_example(front_ends[inputs.index(name)]) for name in unique]
    own = [
        (unique.index(name), *([len(unique)] if network.is_told else []))
        for name, network in zip(inputs, networks, strict=True)
    ]
    if is_told:
        unique.append(MICROPHONES_INPUT)
        examples.append(torch.zeros(len(examples[0]), MICROPHONE_NUMBERS))
    module = _Joined(networks, own).eval()
    with written_whole(target) as file:
        model = onnx.load_from_string(_exported(module, tuple(examples), unique, names))
        if half:
            _halve(model)
        onnx.helper.set_model_props(model, {METADATA_KEY: json.dumps(card)})
        onnx.checker.check_model(model)
        file.write(model.SerializeToString())


def _read_runs(runs: Sequence[Path]) -> tuple[list[dict[str, Any]], dict[str, NetworkBundle]]:
    """Return the systems as plain data, and all networks by name; of several runs, names end in the run's number."""
    systems, bundles, loaded = [], {}, []
    for number, run in enumerate(runs, start=1):
        system = read_system(run)
        ending = "" if len(runs) == 1 else f"_{number}"
        names = (*system.members, *system.localizers)
        own = [load_bundle(run / name / WEIGHTS_FILE) for name in names]
        loaded.append(system.system(TorchNetworks(own), name=str(run)))
        bundles.update({f"{name}{ending}": bundle for name, bundle in zip(names, own, strict=True)})
        members, localizers = (tuple(f"{n}{ending}" for n in group) for group in (system.members, system.localizers))
        systems.append(asdict(replace(system, members=members, localizers=localizers)))
    average_systems(loaded)  # refuses what does not fit together
    return systems, bundles


def _input_names(front_ends: Sequence[FeatureSettings]) -> list[str]:
    """Name the maps of each network; equal front ends share one name."""
    names: dict[FeatureSettings, str] = {}
    for front_end in front_ends:
        taken = list(names.values())
        name = front_end.name if front_end.name not in taken else f"{front_end.name}{len(taken) + 1}"
        names.setdefault(front_end, name)
    return [names[front_end] for front_end in front_ends]


def _example(settings: FeatureSettings) -> Tensor:
    """Random maps of the shape that two clips of three seconds have."""
    frames = 3 * settings.rate_hz // settings.hop + 1
    return torch.randn(2, len(settings.maps), frames, settings.mel_count, generator=torch.Generator().manual_seed(1))


def _exported(module: nn.Module, examples: tuple[Tensor, ...], inputs: list[str], outputs: list[str]) -> bytes:
    """Return the graph that torch writes."""
    axes = {name: {0: "clip", 2: f"time_{name}"} for name in inputs if name != MICROPHONES_INPUT}
    axes |= {name: {0: "clip", 1: "frame"} for name in outputs}
    if MICROPHONES_INPUT in inputs:
        axes[MICROPHONES_INPUT] = {0: "clip"}
    # The exporter wants a path, and the finished file must appear whole: its bytes go through memory.
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        path = Path(folder) / "graph.onnx"
        # The tracing exporter handles GRUs and variable lengths correctly; it warns of its age and of shapes.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module, examples, path, dynamo=False, opset_version=OPSET,
            input_names=inputs, output_names=outputs, dynamic_axes=axes,
        )  # fmt: skip
        return path.read_bytes()


def _halve(model: Any) -> None:
    """Store large float32 tensors in float16 and cast them before use; runtimes do so once, when they load the file."""
    import onnx
    from onnx import numpy_helper

    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT or np.prod(tensor.dims) < _SMALLEST_HALVED:
            continue
        name = tensor.name
        halved = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}.half")
        tensor.CopyFrom(halved)
        casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*casts, *nodes])
