"""An ONNX file from a stranger is looked through before anything runs it, or refused in one sentence."""

import math
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from whence.errors import InferenceError
from whence.inference import onnx_schema as schema
from whence.inference.wire_format import BYTES, FIXED32, FIXED64, VARINT, Part, Schema, Span, Wire, WireError, signed
from whence.text import shown

LARGEST_BYTES = 2_000_000_000
# The network that comes with whence has some 10,000 parts; twenty times as many take about a second to look through.
_MOST_PARTS = 200_000
_MOST_NODES = 20_000
# A branch within a branch within a branch; exporters write one.
_DEEPEST = 3
_MOST_DIMS = 16
_LARGEST_DIM = 2**31 - 1
_MOST_ELEMENTS = 2**40
_LONGEST_NAME = 1024
# A file with this at its fifth byte is taken for another format, whose content nobody here has looked at.
_ORT_MARK = b"ORTM"
# Without O_NONBLOCK, opening a pipe would wait for its writer for ever. Windows needs O_BINARY and knows no pipes here.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
# In translate() this leaves only the bytes that end a varint.
_CONTINUED = bytes(range(0x80, 0x100))
_WIDTH = {FIXED32: 4, FIXED64: 8}


def check_onnx(path: str | Path) -> None:
    """Make sure that a file is one self-contained network of standard operators; call it before making a session.

    The file is walked where it stands, by the published numbers of its format, and never built in memory. What passes
    is a whole ONNX model in one file with nothing stored elsewhere, no operators of somebody's own, no loops, few
    levels of branches, and as many numbers in each tensor as its shape says. What the network computes, and the memory
    it takes to do so, a look at the file cannot tell.

    Args:
        path: a `.onnx` file of at most 2 GB.

    Raises:
        InferenceError: one sentence with the file and what is wrong; no other exception, whatever the bytes.
    """
    place = shown(os.fspath(path))
    try:
        with _opened(path) as file:
            _Walk(Wire(file, _MOST_PARTS)).model()
    except WireError as error:
        raise InferenceError(f"{place}: refused as a model: {error}") from None
    except FileNotFoundError:
        raise InferenceError(f"{place}: no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise InferenceError(f"{place}: cannot be read ({getattr(error, 'strerror', None) or error})") from None


def _opened(path: str | Path) -> BinaryIO:
    """A regular file of a size that a model may have."""
    descriptor = os.open(path, _OPEN_FLAGS)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise WireError("it is not a regular file")
    if not 0 < status.st_size <= LARGEST_BYTES:
        os.close(descriptor)
        raise WireError(f"it has {status.st_size:,} bytes; a model in one file has 1 to {LARGEST_BYTES:,}")
    return os.fdopen(descriptor, "rb")


class _Walk:
    """One way through one file; each method looks at one kind of message."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._node_count = 0

    def model(self) -> None:
        """The outermost message: one graph of standard operators."""
        if self._wire.read(Span(0, min(8, self._wire.whole.end)), 8)[4:] == _ORT_MARK:
            raise WireError("it is in onnxruntime's own format; export it as plain ONNX")
        has_graph, has_operators = False, False
        for part in self._parts(self._wire.whole, schema.MODEL):
            if part.name in ("functions", "training_info"):
                raise WireError(f"it brings {part.name} of its own; export it without them")
            if part.name == "graph":
                has_graph = True
                self._graph(part.span, depth=0)
            elif part.name == "opset_import":
                has_operators = True
                self._opset(part.span)
        if not has_graph or not has_operators:
            raise WireError(f"it holds no {'graph' if has_operators else 'standard operators'}; is it an ONNX file?")

    def _parts(self, span: Span, of: Schema) -> Iterator[Part]:
        """The fields of a message; remarks are walked too, so that what passes can be read by everybody."""
        for part in self._wire.parts(span, of):
            if part.name == "metadata_props":
                for _ in self._wire.parts(part.span, schema.ENTRY):
                    pass
            yield part

    def _opset(self, span: Span) -> None:
        """A set of operators that nodes may be taken from."""
        for part in self._parts(span, schema.OPSET):
            if part.name == "domain":
                self._check_domain(self._name(part))

    def _graph(self, span: Span, depth: int) -> None:
        """Nodes, weights and the types of values; `depth` counts the branches around it."""
        if depth > _DEEPEST:
            raise WireError(f"its branches are nested more than {_DEEPEST} deep")
        for part in self._parts(span, schema.GRAPH):
            if part.name == "node":
                self._node(part.span, depth)
            elif part.name == "initializer":
                self._tensor(part.span)
            elif part.name in ("input", "output", "value_info"):
                self._value_info(part.span)
            elif part.name == "sparse_initializer":
                raise WireError("it holds sparse weights; export it with dense ones")

    def _node(self, span: Span, depth: int) -> None:
        """One operator."""
        self._node_count += 1
        if self._node_count > _MOST_NODES:
            raise WireError(f"it has more than {_MOST_NODES:,} nodes")
        operator = ""
        for part in self._parts(span, schema.NODE):
            if part.name == "op_type":
                operator = self._name(part)
            elif part.name == "domain":
                self._check_domain(self._name(part))
            elif part.name == "attribute":
                self._attribute(part.span, depth)
        if operator not in schema.OPERATORS:
            raise WireError(f"operator {shown(operator, 40)} is not among those that are run here")

    def _attribute(self, span: Span, depth: int) -> None:
        """A setting of an operator; tensors and branches hide here."""
        for part in self._parts(span, schema.ATTRIBUTE):
            if part.name in ("t", "tensors"):
                self._tensor(part.span)
            elif part.name in ("g", "graphs"):
                self._graph(part.span, depth + 1)

    def _tensor(self, span: Span) -> None:
        """Numbers: as many as the shape says, and all of them here."""
        dims: list[int] = []
        held: dict[str, int] = {}  # bytes of raw_data, elements of the others
        data_type, raw = 0, False
        for part in self._parts(span, schema.TENSOR):
            # Any location but 0: readers cut the number to 32 bits, where a large one may mean "elsewhere", too.
            if part.name == "external_data" or (part.name == "data_location" and part.number):
                raise WireError("it keeps weights in another file; export it as a single file")
            if part.name == "dims":
                dims += self._numbers(part, _MOST_DIMS)
            elif part.name == "data_type":
                data_type = part.number
            elif part.name == "raw_data":
                raw, held["raw_data"] = True, part.span.size
            elif part.name.endswith("_data"):
                held[part.name] = held.get(part.name, 0) + self._element_count(part)
        count = _element_count(dims)
        if data_type not in schema.ELEMENT_BYTES:
            raise WireError(f"a tensor has elements of type {data_type}, which no network here has")
        here = "raw_data" if raw else schema.TYPED_DATA[data_type]
        expected = count * schema.ELEMENT_BYTES[data_type] if raw else count
        if {name: number for name, number in held.items() if number} != ({here: expected} if expected else {}):
            raise WireError(f"a tensor of shape {dims} does not hold the {count:,} numbers that it should")

    def _element_count(self, part: Part) -> int:
        """How many numbers one field of a tensor brings, packed or alone."""
        field = next(field for field in schema.TENSOR.values() if field.name == part.name)
        if part.wire != BYTES:
            return 1
        if field.wire == VARINT:
            return sum(len(block.translate(None, _CONTINUED)) for block in self._wire.blocks(part.span))
        count, rest = divmod(part.span.size, _WIDTH[field.wire])
        if rest:
            raise WireError(f"{part.name} ends within a number")
        return count

    def _value_info(self, span: Span) -> None:
        """The type of an input, an output or a value between."""
        for part in self._parts(span, schema.VALUE_INFO):
            if part.name != "type":
                continue
            for kind in self._parts(part.span, schema.TYPE):
                if kind.name == "tensor_type":
                    self._tensor_type(kind.span)

    def _tensor_type(self, span: Span) -> None:
        """Element type and shape of a value."""
        for part in self._parts(span, schema.TENSOR_TYPE):
            if part.name == "elem_type" and part.number not in schema.ELEMENT_BYTES:
                raise WireError(f"a value has elements of type {part.number}, which no network here has")
            if part.name == "shape":
                _element_count([self._dim(dim.span) for dim in self._parts(part.span, schema.SHAPE)])

    def _dim(self, span: Span) -> int:
        """One side of a shape; 1 where it is only named."""
        values = [part.number for part in self._parts(span, schema.DIM) if part.name == "dim_value"]
        return signed(values[0]) if values else 1

    def _numbers(self, part: Part, most: int) -> list[int]:
        """Signed numbers of a field, packed or alone."""
        numbers = self._wire.varints(part.span, most) if part.wire == BYTES else [part.number]
        return [signed(number) for number in numbers]

    def _name(self, part: Part) -> str:
        """Text that has to be one of a few names."""
        return self._wire.read(part.span, _LONGEST_NAME).decode("utf-8", errors="backslashreplace")

    def _check_domain(self, domain: str) -> None:
        """Refuse operators that are somebody's own."""
        if domain not in schema.DOMAINS:
            raise WireError(f"it uses operators of {shown(domain, 40)}; only standard ones are run here")


def _element_count(dims: list[int]) -> int:
    """The product of a shape that a network may have."""
    if len(dims) > _MOST_DIMS:
        raise WireError(f"a shape has more than {_MOST_DIMS} dimensions")
    if any(not 0 <= dim <= _LARGEST_DIM for dim in dims):
        raise WireError(f"a shape of {dims} is impossible")
    count = math.prod(dims)
    if count > _MOST_ELEMENTS:
        raise WireError(f"a shape of {dims} is too large for any memory")
    return count
