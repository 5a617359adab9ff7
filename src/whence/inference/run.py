"""A run folder becomes a system that can be asked."""

from dataclasses import replace
from pathlib import Path

from whence.errors import InferenceError, ModelError
from whence.features import FeatureSettings, build_features
from whence.inference.member import NetworkBundle, TorchNetworks, best_device
from whence.inference.system import NetworkSystem
from whence.inference.system_file import read_system
from whence.models import load_network
from whence.models.outputs import build_output, output_from_plain
from whence.settings import from_plain

WEIGHTS_FILE = "weights.safetensors"


def load_bundle(path: Path) -> NetworkBundle:
    """One network with its front end and coding from a file of weights.

    Raises:
        ModelError: the file is missing, damaged or foreign.
        InferenceError: it does not say which features or coding the network has.
    """
    network, description = load_network(path)
    for part in ("features", "output"):
        if part not in description:
            raise InferenceError(f"{path}: does not say its {part}; train it again, or convert it anew")
    features = from_plain(FeatureSettings, description["features"], f"{path}: features", ModelError)
    return NetworkBundle(network, build_features(features), build_output(output_from_plain(description["output"])))


def load_run(
    folder: Path, *, swap: bool = False, precision: str = "float32", device: str | None = None
) -> NetworkSystem:
    """The system of a finished run.

    Args:
        folder: as `whence train` left it.
        swap: average with the mirrored answer to the mirrored clip.
        precision: `float32`, or `bf16` for the networks.
        device: where it runs; a GPU where there is one when None.

    Raises:
        InferenceError: the folder holds no finished run.
        ModelError: weights are missing, damaged or foreign.
    """
    file = read_system(folder)
    where = device or best_device()

    def members(names: tuple[str, ...]) -> list[NetworkBundle]:
        return [replace(load_bundle(folder / name / WEIGHTS_FILE), precision=precision).on(where) for name in names]

    networks = TorchNetworks(members((*file.members, *file.localizers)))
    return file.system(networks, swap=swap, name=str(folder))
