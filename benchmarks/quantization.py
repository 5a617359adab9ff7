"""Size, speed and accuracy of the packaged model with eight-bit weights.

Compares the weights as packaged (16 bits), in float32, and quantized to eight bits by onnxruntime: matrices and
recurrences only, and everything. Runs both networks on clips of the demo's scenes, on one core.
"""

import contextlib
import importlib
import io
import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import soundfile
from numpy.typing import NDArray
from onnx import numpy_helper

from whence.cli.demo import SCENES
from whence.features import numpy_features
from whence.inference import PACKAGED, OnnxNetworks, import_onnxruntime

onnxruntime = import_onnxruntime()
quantization = importlib.import_module("onnxruntime.quantization")
MATRICES = ["MatMul", "Gemm", "GRU"]
ROUNDS = 5


def widened(model: Any) -> Any:
    """The model with float32 weights where it stores sixteen bits and a cast."""
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in [n for n in model.graph.node if n.op_type == "Cast" and n.input[0] in stored]:
        wide = numpy_helper.to_array(stored[node.input[0]]).astype(np.float32)
        model.graph.initializer.remove(stored[node.input[0]])
        model.graph.initializer.append(numpy_helper.from_array(wide, node.output[0]))
        model.graph.node.remove(node)
    return model


def clips() -> NDArray[np.float32]:
    """(clip, 2, 120000) of both scenes."""
    sounds = [soundfile.read(SCENES / f"{name}.flac", dtype="float32")[0].T for name in ("calm", "busy")]
    return np.stack([s[:, first : first + 120_000] for s in sounds for first in range(0, s.shape[1] - 119_999, 60_000)])


def measured(path: Path, maps: dict[str, NDArray[np.float32]]) -> tuple[float, list[NDArray[np.float32]]]:
    """Milliseconds of one core for a clip, and the raw output of the networks."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    raw = session.run(None, maps)
    began = time.process_time()
    for _ in range(ROUNDS):
        session.run(None, maps)
    count = len(next(iter(maps.values())))
    return (time.process_time() - began) / ROUNDS / count * 1000, raw


def main() -> int:
    """Make the files, measure them, print."""
    sounds = clips()
    inputs = OnnxNetworks(PACKAGED).card.inputs
    maps = {name: numpy_features(settings)(sounds) for name, settings in inputs.items()}
    expected_ms, expected = measured(PACKAGED, maps)
    print(f"{'as packaged':24s} {PACKAGED.stat().st_size / 1e6:6.1f} MB {expected_ms:7.1f} ms a clip")
    with tempfile.TemporaryDirectory() as folder:
        wide, target = Path(folder) / "wide.onnx", Path(folder) / "eight.onnx"
        onnx.save(widened(onnx.load(PACKAGED)), wide)
        for name, kinds in (("float32", []), ("matrices in 8 bits", MATRICES), ("everything in 8 bits", None)):
            file = wide if kinds == [] else target
            if file == target:
                # onnxruntime prints a line for every shape that it cannot infer.
                with contextlib.redirect_stdout(io.StringIO()):
                    quantization.quantize_dynamic(
                        wide, target, weight_type=quantization.QuantType.QInt8, op_types_to_quantize=kinds
                    )
            took_ms, raw = measured(file, maps)
            apart = max(float(np.abs(a - b).max()) for a, b in zip(raw, expected, strict=True))
            print(
                f"{name:24s} {file.stat().st_size / 1e6:6.1f} MB {took_ms:7.1f} ms a clip, "
                f"raw numbers at most {apart:.3f} apart"
            )
    return 0


if __name__ == "__main__":
    logging.getLogger().setLevel(logging.ERROR)
    sys.exit(main())
