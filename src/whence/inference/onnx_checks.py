"""Checks of ONNX files from strangers, before onnxruntime loads them.

onnxruntime itself refuses damaged files, shapes that do not fit and deep nesting: hundreds of mutated models made it
neither crash nor hang. But it would read weights from other files, run operators of other vendors, loop forever, and
allocate shapes of any size. A walk over the file, by the field numbers of onnx.proto, finds these.
"""

import math
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from whence.errors import InferenceError
from whence.text import shown

LARGEST_BYTES = 2_000_000_000
# The packaged network has some 10,000 parts; twenty times as many take less than a second.
_MOST_PARTS = 200_000
_DEEPEST = 3
_MOST_ELEMENTS = 2**40
# With this at its fifth byte a file is read in onnxruntime's own format, which is not checked here.
_ORT_MARK = b"ORTM"
# Without O_NONBLOCK, opening a pipe would wait for its writer. Windows needs O_BINARY.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

# The messages within a message, by field number.
_MESSAGES = {
    "model": {7: "graph", 8: "operator set"},
    "graph": {1: "node", 5: "tensor", 11: "value", 12: "value", 13: "value"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph"},
    "value": {2: "type"},
    "type": {1: "tensor type"},
    "tensor type": {2: "shape"},
}
_ELSEWHERE = "it keeps weights in another file; export it as a single file"
_SPARSE = "it holds sparse weights; export it with dense ones"
_REFUSED = {
    ("model", 20): "it brings training_info of its own; export it without",
    ("model", 25): "it brings functions of its own; export it without",
    ("graph", 15): _SPARSE,
    ("attribute", 22): _SPARSE,
    ("attribute", 23): _SPARSE,
    ("tensor", 13): _ELSEWHERE,
}
_OPERATOR, _SET_NAMES = ("node", 4), {("node", 7), ("operator set", 1)}
_DIMENSIONS, _LOCATION, _SIDE = ("tensor", 1), ("tensor", 14), ("shape", 1)
_BRANCHES = {("attribute", 6), ("attribute", 11)}
_FIXED_BYTES = {1: 8, 5: 4}
_DAMAGED = "it is cut or damaged"

_DOMAINS = {b"", b"ai.onnx"}
# What exporters make of audio networks, and near relatives. Loop is left out because it may never end; operators on
# text, sequences, optional values, images and random numbers are of no use here.
_OPERATORS = frozenset(
    b"""
    Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh Attention AveragePool BatchNormalization
    BlackmanWindow Cast CastLike Ceil Celu Clip Compress Concat Constant ConstantOfShape Conv ConvInteger
    ConvTranspose Cos Cosh CumSum DFT DepthToSpace DequantizeLinear Div Dropout DynamicQuantizeLinear Einsum Elu
    Equal Erf Exp Expand EyeLike Flatten Floor GRU Gather GatherElements GatherND Gelu Gemm GlobalAveragePool
    GlobalLpPool GlobalMaxPool Greater GreaterOrEqual GroupNormalization HammingWindow HannWindow HardSigmoid
    HardSwish Hardmax Identity If InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less
    LessOrEqual Log LogSoftmax LpNormalization LpPool MatMul MatMulInteger Max MaxPool Mean
    MeanVarianceNormalization MelWeightMatrix Min Mish Mod Mul Neg NonZero Not OneHot Or PRelu Pad Pow QLinearConv
    QLinearMatMul QuantizeLinear RMSNormalization RNN Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum
    ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize
    ReverseSequence RotaryEmbedding Round STFT Scan Scatter ScatterElements ScatterND Selu Shape Shrink Sigmoid Sign
    Sin Sinh Size Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Swish Tan Tanh
    ThresholdedRelu Tile TopK Transpose Trilu Unsqueeze Upsample Where Xor
    """.split()
)


class _RefusedError(Exception):
    """The reason for a refusal, without the file's name."""


def check_onnx(path: str | Path) -> bytes:
    """Read an ONNX file, and make sure that it is one self-contained network of standard operators.

    The check does not limit what the network computes, nor the memory and time that it takes.

    Args:
        path: a `.onnx` file of at most 2 GB.

    Returns:
        the content; run this and not the file, which may have changed since.

    Raises:
        InferenceError: one sentence with the file and what is wrong; no other exception, whatever the bytes.
    """
    try:
        content = _read(path)
        if content[4:8] == _ORT_MARK:
            raise _RefusedError("it is in onnxruntime's own format; export it as plain ONNX")
        _Walk(content).message("model", 0, len(content), depth=0)
    except _RefusedError as error:
        raise InferenceError(f"refused as a model: {error}", where=path) from None
    except FileNotFoundError:
        raise InferenceError("no such file", where=path) from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise InferenceError(f"cannot be read ({getattr(error, 'strerror', None) or error})", where=path) from None
    return content


def _read(path: str | Path) -> bytes:
    """The bytes of a regular file of a size that a model may have."""
    descriptor = os.open(path, _OPEN_FLAGS)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _RefusedError("it is not a regular file")
        if not 0 < status.st_size <= LARGEST_BYTES:
            raise _RefusedError(f"it has {status.st_size:,} bytes; a model in one file has 1 to {LARGEST_BYTES:,}")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(status.st_size)
    finally:
        os.close(descriptor)


class _Walk:
    """A walk over the fields of a protobuf file.

    A field may occur more often than it should, and readers then merge the occurrences: each of them is checked.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._parts_left = _MOST_PARTS

    def message(self, kind: str, start: int, end: int, depth: int) -> None:
        """Check one message and all within it; `depth` counts the graphs around it."""
        if depth > _DEEPEST:
            raise _RefusedError(f"its branches are nested more than {_DEEPEST} deep")
        sides: list[int] = []
        for number, value, span in self._fields(start, end):
            field = (kind, number)
            if field in _REFUSED:
                raise _RefusedError(_REFUSED[field])
            # Any location but 0: readers cut the number to 32 bits.
            if field == _LOCATION and value:
                raise _RefusedError(_ELSEWHERE)
            if field == _OPERATOR and (name := self._content[slice(*span)]) not in _OPERATORS:
                raise _RefusedError(f"operator {_quoted(name)} is not among those that are run here")
            if field in _SET_NAMES and (name := self._content[slice(*span)]) not in _DOMAINS:
                raise _RefusedError(f"it uses operators of {_quoted(name)}; only standard ones are run here")
            if field == _DIMENSIONS:
                sides += [value] if span[0] == span[1] else self._packed(*span)
            elif field == _SIDE:
                sides += [side for number, side, _ in self._fields(*span) if number == 1]
            elif number in _MESSAGES.get(kind, {}):
                inner = _MESSAGES[kind][number]
                self.message(inner, *span, depth + (field in _BRANCHES))
        if math.prod(max(side, 1) for side in sides) > _MOST_ELEMENTS:
            raise _RefusedError("a shape in it is too large for any memory")

    def _fields(self, position: int, end: int) -> Iterator[tuple[int, int, tuple[int, int]]]:
        """Yield the number of each field, its value if that is a varint, and where its bytes are if it has any."""
        while position < end:
            self._parts_left -= 1
            if self._parts_left < 0:
                raise _RefusedError(f"it has more than {_MOST_PARTS:,} parts")
            tag, position = self._varint(position, end)
            value = size = 0
            if tag & 7 == 0:
                value, position = self._varint(position, end)
            elif tag & 7 == 2:
                size, position = self._varint(position, end)
            elif tag & 7 in _FIXED_BYTES:
                position += _FIXED_BYTES[tag & 7]
            else:
                raise _RefusedError(_DAMAGED)
            if tag >> 32 or position + size > end:
                raise _RefusedError(_DAMAGED)
            yield tag >> 3, value, (position, position + size)
            position += size

    def _packed(self, position: int, end: int) -> Iterator[int]:
        """Yield the varints that are packed into one field."""
        while position < end:
            value, position = self._varint(position, end)
            yield value

    def _varint(self, position: int, end: int) -> tuple[int, int]:
        """Return a number of at most 64 bits, and where it ends."""
        number = 0
        for index, byte in enumerate(self._content[position : min(position + 10, end)]):
            number |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                return number % 2**64, position + index + 1
        raise _RefusedError(_DAMAGED)


def _quoted(name: bytes) -> str:
    """Return a name of any length and bytes, ready for a message."""
    return shown(name[:80].decode("utf-8", errors="backslashreplace"), 40)
