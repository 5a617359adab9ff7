"""Small models for the tests of the Hub: an ONNX file that whence takes, a run, weights."""

import json
import struct
from dataclasses import asdict

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from whence.features import FeatureSettings
from whence.inference import SystemFile
from whence.inference.onnx_networks import METADATA_KEY
from whence.models.outputs import MultiAccdoaSettings, output_to_plain

SYSTEM = json.dumps({"members": ["detector"], "localizers": ["localizer"], "recipe": "whence_small"}).encode()


def network(operator="Relu", **system):
    """The bytes of a network from "maps" to "seld", whose card makes it a whole system."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["b", 4]) for name in ("maps", "seld")]
    weight = numpy_helper.from_array(np.arange(50_000, dtype=np.float32), "w")
    graph = helper.make_graph([helper.make_node(operator, ["maps"], ["seld"])], "g", ends[:1], ends[1:], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    card = {
        "format": 1,
        "system": asdict(SystemFile(members=("seld",), **system)),
        "inputs": {"maps": asdict(FeatureSettings("logmel", maps=("left", "right")))},
        "networks": {"seld": output_to_plain(MultiAccdoaSettings())},
    }
    helper.set_model_props(model, {METADATA_KEY: json.dumps(card)})
    return model.SerializeToString()


def safetensors(content=bytes(8)):
    """A file of one tensor."""
    header = json.dumps({"w": {"dtype": "U8", "shape": [len(content)], "data_offsets": [0, len(content)]}}).encode()
    return struct.pack("<Q", len(header)) + header + content


NETWORK = network()
