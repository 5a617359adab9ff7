"""Make the packaged localizer for pairs of microphones other than the challenge's.

    python docs/make_pairs_localizer.py sounds.csv rooms.safetensors --tune xy:90=clips/xy90 ortf=clips/ortf --out work/

`sounds.csv` lists sounds as `whence scenes` reads them, with many as `interference` that are none of the classes;
`rooms.safetensors` is a bank of rooms. The localizer begins with the weights of the first packaged one: its maps for
time differences, its second track and what it is told of the pair begin with zero effect. It is trained on scenes of
all pairs. Then thresholds are chosen for its activity and the packaged detector's, on clips of each pair (`--tune`;
folders in the layout of the DCASE 2025 stereo set, `dev-val`), each the highest that costs its class half a point.

A training that was interrupted is continued by the same command.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from whence.audio import read
from whence.corpora import list_clips
from whence.features import build_features, midside_onsets_settings
from whence.inference import PACKAGED, PACKAGED_PAIRS, SystemFile, export_onnx, join, load, write_system
from whence.inference.packaged_model import PAIRS
from whence.labels import STARSS23
from whence.models import CompactLocalizerSettings, build_model, model_to_plain, save_weights
from whence.training.validation import ValidationClips, validate

OLD = CompactLocalizerSettings(input_maps=6, place_width=96, symmetric=True)
NEW = CompactLocalizerSettings(input_maps=8, output_size=78, tracks=2, place_width=96, told=True)
# Where the six maps of the first localizer are among the eight.
KEPT = [0, 1, 2, 3, 6, 7]
# Linear layers of the localizer in the order of the graph's matrices.
LAYERS = (
    "project",
    *(
        f"sequence.{layer}.{part}"
        for layer in (0, 1)
        for part in ("attention.qkv", "attention.project", "feed_forward.expand", "feed_forward.shrink")
    ),
    "output_layer",
    *(f"place.{part}" for part in ("enter.0", "enter.3", "active", "event", "of_onsets.0", "of_onsets.2")),
    *(f"place.{part}" for part in ("here", "of_state", "leave.2", "leave.4")),
)
SCENES = {
    "interferers": [0, 3],
    "same_class_overlap_probability": 0.35,
    "class_weights": {"clapping": 1.3, "door": 1.3},
    "lossy_coding": {"probability": 0.03},
    "gain": {"level_dbfs": [-55, -30]},
    "diffuse_background": {"snr_db": [3, 30]},
}
OPTIMIZER = {"peak_rate": 8e-4, "average_decay": 0.998, "warmup_share": 0.02}
LOCALIZER = {"epochs": 9, "epoch_clips": 4096, "batch_clips": 32, "optimizer": OPTIMIZER}
RECIPE = """from dataclasses import replace
from whence.recipes import recipe_named

both = recipe_named("whence_pairs")
recipe = replace(both, name="pairs_localizer", networks=both.networks[1:])
"""


def first_localizer(clips: list[Path]) -> nn.Module:
    """The localizer of the packaged file, whose batch norms get back the statistics that export folded away."""
    graph = onnx.load(PACKAGED).graph
    arrays = {
        entry.name.removesuffix(".half"): torch.from_numpy(numpy_helper.to_array(entry).astype(np.float32))
        for entry in graph.initializer
    }
    network = build_model(OLD).eval()
    state = network.state_dict()
    state |= {name.removeprefix("networks.1."): a for name, a in arrays.items() if name.startswith("networks.1.")}
    # The detector, which comes first, has one convolution, three matrices and one recurrent layer without names.
    convolutions = [array for name, array in arrays.items() if "Conv_" in name][2:]
    matrices = [array for name, array in arrays.items() if "MatMul_" in name][3:]
    recurrent = [array for name, array in arrays.items() if "GRU_" in name][3:]
    state |= {f"{name}.weight": matrix.T for name, matrix in zip(LAYERS, matrices, strict=True)}
    for name, parts in (("sequence.2.gru", recurrent[:3]), ("place.gru.gru", recurrent[3:])):
        state |= gru_weights(name, *parts)
    folded = {}
    names = [name for name, module in network.named_modules() if isinstance(module, nn.Conv2d)]
    for name, weight, bias in zip(names, convolutions[::2], convolutions[1::2], strict=True):
        norm = name[:-1] + "1" if name.endswith(".0") else name.replace("conv", "bn")
        ones, zeros = torch.ones_like(bias), torch.zeros_like(bias)
        state |= {f"{name}.weight": weight, f"{norm}.weight": ones, f"{norm}.bias": bias}
        state |= {f"{norm}.running_mean": zeros, f"{norm}.running_var": ones - 1e-5}
        folded[norm] = bias
    network.load_state_dict(state)
    return with_statistics(network, folded, clips)


def gru_weights(name: str, bias: Tensor, of_input: Tensor, of_state: Tensor) -> dict[str, Tensor]:
    """The weights of a recurrent layer in torch's order of gates (reset, update, new); ONNX has update first."""
    width = of_state.shape[2]
    state = {}
    for direction, ending in ((0, ""), (1, "_reverse")):
        biases = bias[direction].chunk(2)
        parts = {"weight_ih": of_input[direction], "weight_hh": of_state[direction]}
        parts |= {"bias_ih": biases[0], "bias_hh": biases[1]}
        for part, values in parts.items():
            update, reset, new = values.split(width)
            state[f"{name}.{part}_l0{ending}"] = torch.cat([reset, update, new])
    return state


@torch.no_grad()
def with_statistics(network: nn.Module, folded: dict[str, Tensor], clips: list[Path]) -> nn.Module:
    """Give each batch norm the mean and variance of its input over clips, and weights that undo them."""
    front_end, sums = build_features(midside_onsets_settings()), {name: [] for name in folded}
    for name in folded:
        network.get_submodule(name).register_forward_pre_hook(
            lambda _, given, name=name: sums[name].append((given[0].mean((0, 2, 3)), (given[0] ** 2).mean((0, 2, 3))))
        )
    for clip in clips:
        network(front_end(torch.from_numpy(read(clip))[None]))
    state = network.state_dict()
    for name, bias in folded.items():
        mean, square = (torch.stack(parts).mean(0) for parts in zip(*sums[name], strict=True))
        variance = square - mean**2
        state |= {f"{name}.running_mean": mean, f"{name}.running_var": variance}
        state |= {f"{name}.weight": (variance + 1e-5).sqrt(), f"{name}.bias": bias + mean}
    network.load_state_dict(state)
    return network


def grown(old: nn.Module) -> dict[str, Tensor]:
    """The weights in the shape of the new network; what is new has no effect yet, and its second track is silent."""
    torch.manual_seed(1)
    state = build_model(NEW).state_dict()
    for name, values in old.state_dict().items():
        if name.startswith("scale.") and values.ndim:
            state[name][KEPT] = values
        elif name == "stem.0.weight":
            state[name].zero_()
            state[name][:, KEPT] = values
        elif name.startswith("output_layer"):
            state[name] *= 0.1
            state[name][: len(values)] = values
        else:
            state[name] = values
    state["output_layer.bias"][26:] = 0.0
    state["output_layer.bias"][26:39] = -4.0
    state["scale.running_mean"][4:6], state["scale.running_var"][4:6] = torch.tensor([0.5, 0.0]), 0.15
    for part in ("weight", "bias"):
        state[f"of_microphones.2.{part}"].zero_()
    return state


def whence(*arguments: object) -> None:
    """Show and run one command; stop if it fails."""
    line = [str(argument) for argument in arguments]
    print("whence", *line, flush=True)
    subprocess.run([sys.executable, "-m", "whence", *line], check=True)


def chosen_thresholds(folders: list[str]) -> NDArray[np.float64]:
    """The thresholds for the packaged detector and the localizer in the package, on clips of each pair."""
    system, parts, tables, names = load(), [], [], []
    for word in folders:
        pair, _, folder = word.partition("=")
        of_pair = system.for_microphones(pair)
        for clip in list_clips(Path(folder), "dev-val"):
            detected, located = of_pair.networks.predict(clip.read_signal()[None])
            frames, tracks = of_pair.smoothing_frames, of_pair.coding
            parts.append(join(detected, located, "mean", smoothing_frames=frames, tracks=tracks))  # type: ignore[arg-type]
            tables.append(clip.read_events(STARSS23))
            names.append(f"{clip.name}_{pair}")
    clips = ValidationClips(torch.empty(0), tables, names, STARSS23)
    found = validate(of_pair.coding, np.concatenate(parts), clips, None, 0.005)
    print(json.dumps(found.numbers))
    assert found.thresholds is not None
    return found.thresholds


def write_package(run: Path, thresholds: tuple[float, ...]) -> None:
    """Write the file in the package."""
    system = SystemFile(("localizer",), (), thresholds=thresholds, classes=STARSS23.names, recipe="whence_pairs")
    write_system(run, SystemFile(**{**vars(system), "microphones": PAIRS}))
    export_onnx([run], PACKAGED_PAIRS, half=True)


def main() -> None:
    """Run all steps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sounds", type=Path)
    parser.add_argument("rooms", type=Path)
    parser.add_argument("--tune", nargs="+", required=True, metavar="PAIR=FOLDER")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    start, run = args.out / "start.safetensors", args.out / "run"
    if not start.exists():
        scenes = args.out / "scenes"
        whence("scenes", args.sounds, "--rooms", args.rooms, "--clips", "48:dev-train", "--seed", 77, "--out", scenes)
        old = first_localizer(sorted(scenes.glob("stereo_dev/*/*.wav")))
        save_weights(start, grown(old), {"model": model_to_plain(NEW)})
    (args.out / "recipe.py").write_text(RECIPE)
    settings = args.out / "settings.json"
    settings.write_text(json.dumps({"precision": "float32", "scenes": SCENES, "networks": {"localizer": LOCALIZER}}))
    data = ("--scenes", args.sounds, "--rooms", args.rooms, "--settings", settings)
    whence("train", args.out / "recipe.py", *data, "--encoder", f"localizer={start}", "--out", run)
    write_package(run, (0.5,) * len(STARSS23))
    write_package(run, tuple(chosen_thresholds(args.tune).tolist()))


if __name__ == "__main__":
    main()
