"""Weights on disk: one safetensors file that describes its content and detects damage; never a pickle."""

import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.modules.module import register_module_parameter_registration_hook

import whence
from whence.errors import ModelError, WhenceError
from whence.files import parse_json, written_whole
from whence.models.blocks import Network
from whence.models.registry import ENCODERS, build_model, model_from_plain, model_name
from whence.settings import named_from_plain
from whence.text import shown

FORMAT = 1

# Files that run code when they are read the usual way, by their endings or first bytes.
_PICKLE_ENDINGS = {".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".bin", ".npz", ".npy"}
_PICKLE_STARTS = (b"PK", b"\x80")


@dataclass(frozen=True, eq=False)
class Weights:
    """The content of a file of weights.

    Args:
        tensors: by state-dict name.
        description: plain data; `model`, `encoder`, `features` and `output` hold settings where they are known.
    """

    tensors: dict[str, Tensor]
    description: dict[str, Any]


def save_weights(path: Path, tensors: Mapping[str, Tensor], description: Mapping[str, Any]) -> None:
    """Write tensors and their description into one file, whole or not at all.

    Args:
        path: ends in `.safetensors`; its folder must exist.
        tensors: by name; any device and type.
        description: plain data that JSON can hold. The format and the version of Whence are added.

    Raises:
        ModelError: the path has another ending.
        OSError: the disk refuses; an earlier file is unchanged.
    """
    from safetensors.torch import save

    if path.suffix != ".safetensors":
        raise ModelError("weights are written as .safetensors", where=path)
    on_cpu = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    text = json.dumps({**description, "format": FORMAT, "version": whence.__version__}, sort_keys=True)
    with written_whole(path) as file:
        file.write(save(on_cpu, _metadata(on_cpu, text)))


def load_weights(path: Path) -> Weights:
    """Read a file that `save_weights` wrote, and check that it is undamaged.

    Raises:
        ModelError: missing, from another program, from a newer Whence, or damaged. A pickle (`.pt`, `.pth`, `.ckpt`,
            `.pkl`) is refused unread; `whence convert-weights` converts the kinds it knows.
    """
    from safetensors import SafetensorError, safe_open

    refuse_pickle(path)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"damaged, or not a file of weights ({error})", where=path) from None
    sha256, _, text = metadata.get("whence", "").partition(" ")
    if not text:
        raise ModelError("no description of its tensors", where=path, remedy="try whence convert-weights")
    if sha256 != _digest(tensors, text):
        raise ModelError("damaged (its checksum does not fit)", where=path, remedy="fetch or copy it again")
    description = parse_json(text, path, ModelError, "fetch or copy it again")
    found = description.get("format") if isinstance(description, dict) else None
    if not isinstance(found, int):
        raise ModelError("no description of its tensors", where=path, remedy="fetch or copy it again")
    if found > FORMAT:
        made_by = shown(description.get("version", "a newer version"), 40)
        what = f"made by whence {made_by}; this is {whence.__version__}"
        raise ModelError(what, where=path, remedy="pip install -U whence")
    return Weights(tensors, description)


def load_network(path: Path) -> tuple[Network, dict[str, Any]]:
    """Build the network that a file of weights describes, with these weights, in evaluation mode.

    Returns:
        the network, and the file's description.

    Raises:
        ModelError: as `load_weights`, or the file describes no network, or its tensors do not fit.
    """
    weights = load_weights(path)
    if "model" not in weights.description:
        raise ModelError(f"no whole network (it describes {', '.join(sorted(weights.description))})", where=path)
    settings = model_from_plain(weights.description["model"])
    _check_size(settings, weights.tensors, path)
    network = build_model(settings)
    fill(network, weights.tensors, path)
    return network.eval(), weights.description


def _check_size(settings: Any, tensors: Mapping[str, Tensor], where: Path) -> None:
    """Refuse settings of a network that has more or larger tensors than the file, before any memory is taken.

    Raises:
        ModelError: they do not fit; or the network cannot be built.
    """
    this_thread, seen = threading.get_ident(), 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += threading.get_ident() == this_thread
        if seen > len(tensors):
            raise ModelError("does not fit the network: it has fewer tensors", where=where)

    with register_module_parameter_registration_hook(count):
        try:
            with torch.device("meta"):
                network = build_model(settings)
        except WhenceError:
            raise
        except (ValueError, TypeError, RuntimeError, ArithmeticError, LookupError, AssertionError) as error:
            raise ModelError(f"describes a network that cannot be built ({error})", where=where) from None
    _check_fit(network.state_dict(), tensors, where)


# Of Dasheng, YAMNet and EfficientAT.
_TAGGING_HEADS = ("outputlayer.", "fc.", "classifier.")


def load_initial_weights(network: Network, path: Path) -> list[str]:
    """Initialise a network from a file of weights for its encoder, or for a network of the same kind.

    Weights of an encoder fill the encoder and leave the head as it is; settings that only change how an encoder runs
    (windows, dilation, memory) may differ, and a tagging head is left out. Weights of a network fill every tensor that
    fits by name and shape, so that a network may be larger or have other classes.

    Returns:
        the names of the tensors that keep their random values.

    Raises:
        ModelError: as `load_weights`, or the file holds another encoder or network, or no tensor fits.
    """
    weights = load_weights(path)
    if "model" in weights.description:
        return _load_fitting(network, weights, path)
    if not hasattr(network.settings, "encoder"):
        raise ModelError("an encoder, which this network does not have", where=path, remedy="give a network's weights")
    if "encoder" not in weights.description:
        raise ModelError(f"no encoder (it describes {', '.join(sorted(weights.description))})", where=path)
    plain, wanted = weights.description["encoder"], network.settings.encoder
    if type(named_from_plain(plain, ENCODERS, "encoder", ModelError)) is not type(wanted):
        raise ModelError(f"holds {plain['name']}; the network has another encoder", where=path)
    tensors = weights.tensors
    if not wanted.tag_count:
        tensors = {
            name: t for name, t in tensors.items() if not name.startswith(("outputlayer.", "fc.", "classifier."))
        }
    fill(network.encoder, tensors, path)
    return [name for name in network.state_dict() if not name.startswith("encoder.")]


def _load_fitting(network: Network, weights: Weights, path: Path) -> list[str]:
    """Fill every tensor that fits from the weights of a network of the same kind."""
    given, wanted = weights.description["model"].get("name"), model_name(network.settings)
    if given != wanted:
        raise ModelError(f"holds a {given}; the network is a {wanted}", where=path)
    state = network.state_dict()
    fitting = {n: t for n, t in weights.tensors.items() if n in state and t.shape == state[n].shape}
    if not fitting:
        raise ModelError("none of its tensors fits the network", where=path)
    network.load_state_dict(fitting, strict=False)
    return [name for name in state if name not in fitting]


def fill(module: Any, tensors: Mapping[str, Tensor], where: Path) -> None:
    """Load tensors that must fit one to one.

    Raises:
        ModelError: names the first missing, superfluous or differently shaped one, and how many there are.
    """
    _check_fit(module.state_dict(), tensors, where)
    module.load_state_dict(dict(tensors))


def _check_fit(state: Mapping[str, Tensor], tensors: Mapping[str, Tensor], where: Path) -> None:
    """As `fill`, without loading."""
    problems = {
        "lacks": [name for name in state if name not in tensors],
        "has the unknown": [name for name in tensors if name not in state],
        "has another shape for": [n for n, t in tensors.items() if n in state and t.shape != state[n].shape],
    }
    for problem, names in problems.items():
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise ModelError(f"does not fit the network: it {problem} {names[0]}{more}", where=where)


def refuse_pickle(path: Path) -> None:
    """Refuse a file that is missing or could be a pickle, before anything in it is read.

    Raises:
        ModelError: with the command that converts it.
    """
    check_is_file(path)
    with path.open("rb") as file:
        start = file.read(9)
    # A safetensors file begins with the length of its header, whose bytes may be anything, and then the header's brace.
    pickle_start = start.startswith(_PICKLE_STARTS) and start[8:] != b"{"
    if path.suffix.lower() in _PICKLE_ENDINGS or pickle_start:
        what = "a checkpoint of another program, which could run code when read"
        raise ModelError(what, where=path, remedy=f"first: whence convert-weights {path}")


def check_is_file(path: Path) -> None:
    """Refuse a path without a regular file.

    Raises:
        ModelError: nothing is there, or a folder, a pipe or a device.
    """
    if not path.is_file():
        raise ModelError("not a regular file" if path.exists() else "no such file", where=path)


def _metadata(tensors: Mapping[str, Tensor], text: str) -> dict[str, str]:
    """The checksum and the description in one entry, because several would be written in random order."""
    return {"whence": f"{_digest(tensors, text)} {text}"}


def _digest(tensors: Mapping[str, Tensor], text: str) -> str:
    """SHA-256 over the description and every tensor's name, type, shape and bytes."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
