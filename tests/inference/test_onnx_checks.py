"""ONNX files from strangers: what is refused, and in which sentence; a slow twin reads what passes with onnx.

Damage that onnxruntime itself refuses passes the check: `test_damaged_models_end_in_one_sentence` shows both together.
"""

import os
import random
import re
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings, strategies as st
from onnx import TensorProto, helper, numpy_helper

from whence.errors import InferenceError
from whence.inference import OnnxNetworks, onnx_checks
from whence.inference.onnx_checks import check_onnx

MUTATIONS = 1_000


def small_model():
    """Convolution, recurrence, a branch, a constant, raw and typed weights, a named dimension."""
    rng = np.random.default_rng(1)
    weights = {
        "kernel": rng.normal(size=(4, 2, 3)).astype(np.float32),
        "w": rng.normal(size=(1, 15, 4)).astype(np.float32),
        "r": rng.normal(size=(1, 15, 5)).astype(np.float32),
        "order": np.array([2, 0, 1], np.int64),
    }
    initializers = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    initializers.append(helper.make_tensor("half", TensorProto.FLOAT, [], [0.5]))
    initializers.append(helper.make_tensor("axes", TensorProto.INT64, [1], [1]))
    initializers.append(helper.make_tensor("yes", TensorProto.BOOL, [], [True]))
    branch = [
        helper.make_graph([helper.make_node(op, ["squeezed"], [f"{op}_out"])], op, [], [value(f"{op}_out", None)])
        for op in ("Tanh", "Sigmoid")
    ]
    nodes = [
        helper.make_node("Conv", ["sound", "kernel"], ["bands"], pads=[1, 1]),
        helper.make_node("Transpose", ["bands"], ["steps"], perm=[2, 0, 1]),
        helper.make_node("GRU", ["steps", "w", "r"], ["states"], hidden_size=5),
        helper.make_node("Squeeze", ["states", "axes"], ["squeezed"]),
        helper.make_node("If", ["yes"], ["chosen"], then_branch=branch[0], else_branch=branch[1]),
        helper.make_node("Constant", [], ["two"], value=numpy_helper.from_array(np.float32(2.0))),
        helper.make_node("Mul", ["chosen", "two"], ["doubled"]),
        helper.make_node("Add", ["doubled", "half"], ["events"]),
    ]
    graph = helper.make_graph(nodes, "small", [value("sound", [1, 2, "time"])], [value("events", None)], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"classes": "bell\nknock"})
    return model


def value(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def twin(content):
    """The obvious check of what may pass, by the onnx package; damaged models are left to onnxruntime."""
    try:
        model = onnx.load_from_string(content)
    except DecodeError:
        return
    assert not model.functions
    assert not model.training_info
    assert {entry.domain for entry in model.opset_import} <= {"", "ai.onnx"}
    graphs = [model.graph]
    while graphs:
        graph = graphs.pop()
        assert not graph.sparse_initializer
        tensors = list(graph.initializer)
        for node in graph.node:
            assert node.domain in ("", "ai.onnx")
            assert not node.op_type or node.op_type.encode() in onnx_checks._OPERATORS
            for attribute in node.attribute:
                tensors += [attribute.t] if attribute.HasField("t") else []
                tensors += attribute.tensors
                graphs += [attribute.g] if attribute.HasField("g") else []
                graphs += attribute.graphs
        for tensor in tensors:
            assert tensor.data_location == TensorProto.DEFAULT
            assert not tensor.external_data


@pytest.fixture(scope="module")
def good():
    return small_model().SerializeToString()


@pytest.fixture
def checked(tmp_path, monkeypatch):
    """Check bytes as a file: None, or the sentence."""
    monkeypatch.chdir(tmp_path)

    def check(content):
        Path("m.onnx").write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
        try:
            check_onnx("m.onnx")
        except InferenceError as error:
            return str(error)
        return None

    return check


def test_a_good_model_passes_and_runs(good, checked):
    assert checked(good) is None
    twin(good)
    session = onnxruntime.InferenceSession(good, providers=["CPUExecutionProvider"])
    (events,) = session.run(None, {"sound": np.zeros((1, 2, 7), np.float32)})
    assert events.shape == (7, 1, 5)


def changed(change):
    model = small_model()
    change(model)
    return model


def external(model):
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in (("location", "../../etc/passwd"), ("offset", "0"), ("length", "96")):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, text


def external_in_a_branch(model):
    branch = model.graph.node[4].attribute[0].g
    tensor = branch.initializer.add(name="far", data_type=1, dims=[1])
    tensor.data_location = TensorProto.EXTERNAL


def external_without_a_location(model):
    del model.graph.node[5].attribute[0].t.external_data[:]
    model.graph.node[5].attribute[0].t.data_location = TensorProto.EXTERNAL


def nested(depth):
    def change(model):
        graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [], [value("y", None)])
        for _ in range(depth):
            node = helper.make_node("If", ["yes"], ["y"], then_branch=graph, else_branch=graph)
            graph = helper.make_graph([node], "g", [], [value("y", None)])
        model.graph.CopyFrom(graph)

    return change


def foreign_function(model):
    model.functions.append(helper.make_function("mine", "f", [], [], [], [helper.make_opsetid("", 17)]))


def set_first(field, content):
    def change(model):
        setattr(model.graph.node[0], field, content)

    return change


def dims(*sides):
    def change(model):
        model.graph.initializer[0].dims[:] = sides

    return change


def input_shape(*sides):
    def change(model):
        model.graph.input[0].CopyFrom(value("sound", sides))

    return change


def sparse(model):
    model.graph.sparse_initializer.add()


CRAFTED = {
    "external": (external, "it keeps weights in another file; export it as a single file"),
    "external in a branch": (external_in_a_branch, "it keeps weights in another file.*"),
    "external without a location": (external_without_a_location, "it keeps weights in another file.*"),
    "custom domain": (set_first("domain", "com.microsoft"), "it uses operators of com.microsoft; only standard .*"),
    "foreign import": (
        lambda model: model.opset_import.append(helper.make_opsetid("evil\x1b[2J", 1)),
        r"it uses operators of 'evil\\x1b\[2J'; only .*",
    ),
    "unknown operator": (set_first("op_type", "Sneak"), "operator Sneak is not among those that are run here"),
    "no operator": (set_first("op_type", ""), "operator '' is not among .*"),
    "a loop": (set_first("op_type", "Loop"), "operator Loop is not .*"),
    "functions": (foreign_function, "it brings functions of its own; export it without"),
    "training": (lambda model: model.training_info.add(), "it brings training_info of its own.*"),
    "deep": (nested(4), "its branches are nested more than 3 deep"),
    "absurd dims": (dims(2**31 - 1, 2**31 - 1), "a shape in it is too large for any memory"),
    "negative": (dims(-4, -2, 3), "a shape in it is too large for any memory"),
    "large input": (input_shape(2**30, 2**30), ".* is too large for any memory"),
    "sparse": (sparse, "it holds sparse weights; export it with dense ones"),
    "onnxruntime's": (lambda model: setattr(model, "producer_name", "ORTM"), "it is in onnxruntime's own format; .*"),
}


@pytest.mark.parametrize("name", CRAFTED)
def test_crafted_models_are_refused(name, checked):
    change, sentence = CRAFTED[name]
    assert re.fullmatch(rf"m\.onnx: refused as a model: {sentence}", checked(changed(change)))


def test_three_branches_deep_is_still_fine(checked):
    assert checked(changed(nested(3))) is None


def field(number, content):
    """One length-delimited field."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def model_with(tensor):
    """The bytes of a model with one weight."""
    return b"\x42\x02\x10\x11" + field(7, field(5, tensor))


# What readers of protobuf merge, cut or skip, so that they might see another model than was checked.
SMUGGLED = {
    "external in a second graph": (
        lambda good: good + field(7, field(5, field(13, b""))),
        "it keeps weights in another file; .*",
    ),
    "a location of 33 bits": (
        lambda good: model_with(b"\x08\x01\x10\x01\x70\x81\x80\x80\x80\x10"),
        "it keeps weights in another file; .*",
    ),
    "external in a sparse weight": (
        lambda good: good + field(7, field(1, field(4, b"Conv") + field(5, field(22, b"")))),
        "it holds sparse weights; .*",
    ),
    "packed dimensions": (lambda good: model_with(field(1, varint(2**31) * 2)), "a shape in it is too large .*"),
    "a group": (lambda good: good + b"\x3b\x3c", "it is cut or damaged"),
    "a tag of 35 bits": (lambda good: good + b"\xba\x80\x80\x80\x80\x01\x00", "it is cut or damaged"),
    "a number of 71 bits": (lambda good: b"\x08" + b"\xff" * 10 + b"\x7f" + good, "it is cut or damaged"),
    "a length beyond the end": (lambda good: good + b"\x32\xff\xff\xff\xff\x0f", "it is cut or damaged"),
    "half a tag": (lambda good: good + b"\xb2", "it is cut or damaged"),
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_what_readers_understand_in_two_ways_is_refused(name, good, checked):
    craft, sentence = SMUGGLED[name]
    message = checked(craft(good))
    assert re.fullmatch(rf"m\.onnx: refused as a model: {sentence}", message)


def test_the_number_of_parts_is_limited(good, checked, monkeypatch):
    monkeypatch.setattr(onnx_checks, "_MOST_PARTS", 2_000)
    assert "more than 2,000 parts" in checked(good + b"\x72\x00" * 2_000)


def mutated(rng, content):
    """One of the ways in which files are damaged by chance or on purpose."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        where = rng.randrange(len(data)) if data else 0
        kind = rng.randrange(8)
        if kind == 0:
            data[where : where + 1] = bytes([data[where] ^ 1 << rng.randrange(8)]) if data else b""
        elif kind == 1:
            data[where : where + 1] = rng.randbytes(1)
        elif kind == 2:
            del data[where:]
        elif kind == 3:
            del data[where : where + rng.randrange(1, 20)]
        elif kind == 4:
            data[where:where] = rng.randbytes(rng.randrange(1, 20))
        elif kind == 5:
            data[where:where] = data[where : where + rng.randrange(1, 200)]
        elif kind == 6:
            data[where : where + 5] = b"\xff\xff\xff\xff\x0f"
        else:
            data[where : where + 10] = b"\xff" * 9 + b"\x01"
    return bytes(data)


def test_damaged_models_end_in_one_sentence(good, checked, capfd):
    """By the check or by onnxruntime behind it, and what passes the check is what the twin would let pass."""
    rng = random.Random(20251125)
    passed = 0
    for number in range(MUTATIONS):
        content = mutated(rng, good)
        message = checked(content)
        if message is None:
            passed += 1
            twin(content)
            if number % 5 == 0:
                with pytest.raises(InferenceError) as caught:
                    OnnxNetworks(Path("m.onnx"))
                message = str(caught.value)
        if message is not None:
            assert message.startswith("m.onnx: ")
            assert "\n" not in message
    assert capfd.readouterr().out == ""
    # Most changes within a weight are still a model; if nothing passed, the twin would have tested nothing.
    assert 100 < passed < MUTATIONS


@settings(max_examples=200, deadline=2000)
@given(content=st.binary(max_size=400))
def test_any_bytes_end_in_one_sentence(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.onnx"
    path.write_bytes(content)
    with pytest.raises(InferenceError, match=r"any\.onnx: "):
        OnnxNetworks(path)


def test_a_model_of_two_gigabytes_is_refused_unread(tmp_path):
    path = tmp_path / "huge.onnx"
    with path.open("wb") as file:
        file.truncate(2_000_000_001)
    with pytest.raises(InferenceError, match=r"2,000,000,001 bytes; a model in one file has 1 to 2,000,000,000"):
        check_onnx(path)


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nowhere.onnx", "nowhere.onnx: no such file"),
        ("empty.onnx", "empty.onnx: refused as a model: it has 0 bytes; .*"),
        ("folder.onnx", "folder.onnx: refused as a model: it is not a regular file"),
        ("pipe.onnx", "pipe.onnx: refused as a model: it is not a regular file"),
        ("zero\0.onnx", r"'zero\\x00.onnx': cannot be read \(.*\)"),
        ("two\nlines.onnx", r"'two\\nlines.onnx': no such file"),
    ],
)
def test_a_path_without_a_regular_file_is_refused_at_once(name, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("empty.onnx").touch()
    Path("folder.onnx").mkdir()
    os.mkfifo("pipe.onnx")
    with pytest.raises(InferenceError, match=rf"^{sentence}$"):
        check_onnx(name)
