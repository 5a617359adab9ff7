"""A run folder becomes a system that can be asked."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from whence.features.registry import build_features
from whence.features.settings import FeatureSettings
from whence.inference.errors import InferenceError
from whence.inference.member import Member
from whence.inference.system import NetworkSystem
from whence.models.names import from_mapping
from whence.models.outputs.registry import build_output, output_from_json
from whence.models.weights import load_network

WEIGHTS_FILE = "weights.safetensors"
SYSTEM_FILE = "system.json"


def load_member(path: Path) -> Member:
    """One network with its front end and coding from a file of weights.

    Raises:
        ModelError: the file is missing, damaged or foreign.
        InferenceError: it does not say which features or coding the network has.
    """
    network, description = load_network(path)
    for part in ("features", "output"):
        if part not in description:
            raise InferenceError(f"{path}: does not say its {part}; train it again, or convert it anew")
    features = from_mapping(FeatureSettings, description["features"], f"{path}: features")
    return Member(network, build_features(features), build_output(output_from_json(description["output"])))


def load_run(folder: Path, *, swap: bool = False, precision: str = "float32") -> NetworkSystem:
    """The system of a finished run.

    Args:
        folder: as `whence train` left it.
        swap: average with the mirrored answer to the mirrored clip.
        precision: `float32`, or `bf16` for the networks.

    Raises:
        InferenceError: the folder holds no finished run.
        ModelError: weights are missing, damaged or foreign.
    """
    path = folder / SYSTEM_FILE
    try:
        system = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        what = "an unfinished run; the command that began it continues" if folder.is_dir() else "no such folder"
        raise InferenceError(f"{folder}: {what}") from None
    except ValueError as error:
        raise InferenceError(f"{path}: no JSON ({error}); train again") from None
    members, localizers = (
        [replace(load_member(folder / name / WEIGHTS_FILE), precision=precision) for name in system[key]]
        for key in ("members", "localizers")
    )
    thresholds = None if system["thresholds"] is None else np.array(system["thresholds"])
    return NetworkSystem(members, localizers, system["activity"], thresholds, swap=swap)
