"""Weights on disk: one safetensors file that says what it holds and notices damage. Never a pickle."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import whence
from whence.errors import ModelError
from whence.files import written_whole
from whence.models.encoders import encoder_from_plain
from whence.models.network import Network
from whence.models.registry import build_model, model_from_plain, model_to_plain

FORMAT = 1

# Files that run code when they are read the usual way; a name or the first bytes give them away.
_FOREIGN_ENDINGS = {".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".bin", ".npz", ".npy"}
_FOREIGN_STARTS = (b"PK", b"\x80")


@dataclass(frozen=True, eq=False)
class Weights:
    """What a file of weights holds.

    Args:
        tensors: by state-dict name.
        description: plain data; `model`, `features` and `output` hold settings where the writer knew them.
    """

    tensors: dict[str, Tensor]
    description: dict[str, Any]


def save_weights(path: Path, tensors: Mapping[str, Tensor], description: Mapping[str, Any]) -> None:
    """Write tensors and what they are into one file, whole or not at all.

    Args:
        path: ends in `.safetensors`; its folder must exist.
        tensors: by name; any device and type.
        description: plain data that JSON can hold. The format and the version of Whence are added.

    Raises:
        ModelError: the path has another ending.
        OSError: the disk refuses; what stood there before is as it was.
    """
    from safetensors.torch import save

    if path.suffix != ".safetensors":
        raise ModelError(f"{path}: weights are written as .safetensors")
    held = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    said = json.dumps({**description, "format": FORMAT, "version": whence.__version__}, sort_keys=True)
    with written_whole(path) as file:
        file.write(save(held, _metadata(held, said)))


def load_weights(path: Path) -> Weights:
    """Read a file that `save_weights` wrote, and check that it is undamaged.

    Raises:
        ModelError: missing, not ours, made by a newer Whence, or damaged. A pickle (`.pt`, `.pth`, `.ckpt`, `.pkl`) is
            refused unread; `whence convert-weights` brings the ones it knows into this form.
    """
    from safetensors import SafetensorError, safe_open

    refuse_pickle(path)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: damaged, or not a file of weights ({error})") from None
    sha256, _, said = metadata.get("whence", "").partition(" ")
    if not said:
        raise ModelError(f"{path}: holds tensors but does not say what they are; try whence convert-weights")
    if sha256 != _digest(tensors, said):
        raise ModelError(f"{path}: damaged (its checksum does not fit); fetch or copy it again")
    description = json.loads(said)
    if description["format"] > FORMAT:
        made_by = description.get("version", "a newer version")
        raise ModelError(f"{path}: made by whence {made_by}; this is {whence.__version__}. pip install -U whence")
    return Weights(tensors, description)


def load_network(path: Path) -> tuple[Network, dict[str, Any]]:
    """The network a file of weights describes, with these weights, ready to evaluate.

    Returns:
        the network, and the file's description.

    Raises:
        ModelError: as `load_weights`, or the file describes no network, or its tensors do not fit.
    """
    weights = load_weights(path)
    if "model" not in weights.description:
        raise ModelError(f"{path}: holds no whole network (it describes {', '.join(sorted(weights.description))})")
    network = build_model(model_from_plain(weights.description["model"]))
    fill(network, weights.tensors, str(path))
    return network.eval(), weights.description


def load_initial_weights(network: Network, path: Path) -> list[str]:
    """Let a network begin with weights of a file: those of its encoder, or of a network like it.

    A file of encoder weights fills the encoder and leaves what stands on it alone; settings that only say how an
    encoder runs (chunks, dilation, memory) may differ, and a tagging head is left out. A file of a whole network gives
    every tensor that fits by name and shape, so that a network may grow or learn other classes.

    Returns:
        the names of the tensors that begin anew.

    Raises:
        ModelError: as `load_weights`, or the file holds another encoder or network, or nothing fits.
    """
    weights = load_weights(path)
    if "model" in weights.description:
        return _load_alike(network, weights, path)
    if not hasattr(network.settings, "encoder"):
        raise ModelError(f"{path}: holds an encoder, and the network has none; give a whole network's weights")
    if "encoder" not in weights.description:
        raise ModelError(f"{path}: holds no encoder (it describes {', '.join(sorted(weights.description))})")
    theirs, ours = encoder_from_plain(weights.description["encoder"]), network.settings.encoder
    if type(theirs) is not type(ours):
        raise ModelError(f"{path}: holds {weights.description['encoder']['name']}; the network has another encoder")
    tensors = weights.tensors
    if not ours.tag_count:
        tensors = {name: t for name, t in tensors.items() if not name.startswith(("outputlayer.", "fc."))}
    fill(network.encoder, tensors, str(path))
    return [name for name in network.state_dict() if not name.startswith("encoder.")]


def _load_alike(network: Network, weights: Weights, path: Path) -> list[str]:
    """Take what fits from a network of the same kind."""
    theirs, ours = weights.description["model"].get("name"), model_to_plain(network.settings)["name"]
    if theirs != ours:
        raise ModelError(f"{path}: holds a {theirs}; the network is a {ours}")
    wanted = network.state_dict()
    fitting = {n: t for n, t in weights.tensors.items() if n in wanted and t.shape == wanted[n].shape}
    if not fitting:
        raise ModelError(f"{path}: none of its tensors fits the network")
    network.load_state_dict(fitting, strict=False)
    return [name for name in wanted if name not in fitting]


def fill(module: Any, tensors: Mapping[str, Tensor], where: str) -> None:
    """Load tensors that must fit one to one.

    Raises:
        ModelError: names the first missing, superfluous or differently shaped one, and how many there are.
    """
    wanted = module.state_dict()
    rules = {
        "lacks": [name for name in wanted if name not in tensors],
        "has too much": [name for name in tensors if name not in wanted],
        "has another shape for": [n for n, t in tensors.items() if n in wanted and t.shape != wanted[n].shape],
    }
    for rule, names in rules.items():
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise ModelError(f"{where}: does not fit the network: it {rule} {names[0]}{more}")
    module.load_state_dict(dict(tensors))


def refuse_pickle(path: Path) -> None:
    """Refuse a file that is missing or could be a pickle, before anything in it is read.

    Raises:
        ModelError: with the way to convert it.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such file" if not path.exists() else f"{path}: not a regular file")
    with path.open("rb") as file:
        start = file.read(9)
    # A safetensors file begins with the length of its header, whose bytes may be anything, and then the header's brace.
    foreign_start = start.startswith(_FOREIGN_STARTS) and start[8:] != b"{"
    if path.suffix.lower() in _FOREIGN_ENDINGS or foreign_start:
        raise ModelError(
            f"{path}: a foreign checkpoint, which could run code when read; first: whence convert-weights {path}"
        )


def _metadata(tensors: Mapping[str, Tensor], said: str) -> dict[str, str]:
    """The checksum and the description in one entry: several would be written in random order."""
    return {"whence": f"{_digest(tensors, said)} {said}"}


def _digest(tensors: Mapping[str, Tensor], said: str) -> str:
    """SHA-256 over the description and every tensor's name, type, shape and bytes."""
    digest = hashlib.sha256(said.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
