"""What an ONNX file may hold here: the published field numbers of its messages, element sizes, operators."""

from whence.inference.wire_format import BYTES, FIXED32, FIXED64, VARINT, Field, Schema

# The numbers are those of onnx.proto. What is left out on purpose is refused: functions of the model's own,
# training graphs, sparse tensors, sequences, maps, several devices.
MODEL: Schema = {
    1: Field("ir_version", VARINT),
    2: Field("producer_name", BYTES),
    3: Field("producer_version", BYTES),
    4: Field("domain", BYTES),
    5: Field("model_version", VARINT),
    6: Field("doc_string", BYTES),
    7: Field("graph", BYTES),
    8: Field("opset_import", BYTES, repeated=True),
    14: Field("metadata_props", BYTES, repeated=True),
    20: Field("training_info", BYTES, repeated=True),
    25: Field("functions", BYTES, repeated=True),
}
ENTRY: Schema = {1: Field("key", BYTES), 2: Field("value", BYTES)}
OPSET: Schema = {1: Field("domain", BYTES), 2: Field("version", VARINT)}
GRAPH: Schema = {
    1: Field("node", BYTES, repeated=True),
    2: Field("name", BYTES),
    5: Field("initializer", BYTES, repeated=True),
    10: Field("doc_string", BYTES),
    11: Field("input", BYTES, repeated=True),
    12: Field("output", BYTES, repeated=True),
    13: Field("value_info", BYTES, repeated=True),
    15: Field("sparse_initializer", BYTES, repeated=True),
    16: Field("metadata_props", BYTES, repeated=True),
}
NODE: Schema = {
    1: Field("input", BYTES, repeated=True),
    2: Field("output", BYTES, repeated=True),
    3: Field("name", BYTES),
    4: Field("op_type", BYTES),
    5: Field("attribute", BYTES, repeated=True),
    6: Field("doc_string", BYTES),
    7: Field("domain", BYTES),
    9: Field("metadata_props", BYTES, repeated=True),
}
ATTRIBUTE: Schema = {
    1: Field("name", BYTES),
    2: Field("f", FIXED32),
    3: Field("i", VARINT),
    4: Field("s", BYTES),
    5: Field("t", BYTES),
    6: Field("g", BYTES),
    7: Field("floats", FIXED32, repeated=True),
    8: Field("ints", VARINT, repeated=True),
    9: Field("strings", BYTES, repeated=True),
    10: Field("tensors", BYTES, repeated=True),
    11: Field("graphs", BYTES, repeated=True),
    13: Field("doc_string", BYTES),
    20: Field("type", VARINT),
}
TENSOR: Schema = {
    1: Field("dims", VARINT, repeated=True),
    2: Field("data_type", VARINT),
    4: Field("float_data", FIXED32, repeated=True),
    5: Field("int32_data", VARINT, repeated=True),
    7: Field("int64_data", VARINT, repeated=True),
    8: Field("name", BYTES),
    9: Field("raw_data", BYTES),
    10: Field("double_data", FIXED64, repeated=True),
    11: Field("uint64_data", VARINT, repeated=True),
    12: Field("doc_string", BYTES),
    13: Field("external_data", BYTES, repeated=True),
    14: Field("data_location", VARINT),
    16: Field("metadata_props", BYTES, repeated=True),
}
VALUE_INFO: Schema = {
    1: Field("name", BYTES),
    2: Field("type", BYTES),
    3: Field("doc_string", BYTES),
    4: Field("metadata_props", BYTES, repeated=True),
}
TYPE: Schema = {1: Field("tensor_type", BYTES), 6: Field("denotation", BYTES)}
TENSOR_TYPE: Schema = {1: Field("elem_type", VARINT), 2: Field("shape", BYTES)}
SHAPE: Schema = {1: Field("dim", BYTES, repeated=True)}
DIM: Schema = {1: Field("dim_value", VARINT), 2: Field("dim_param", BYTES), 3: Field("denotation", BYTES)}

# Bytes of one element in raw_data, by data_type. Text, complex numbers and those of less than a byte have no use here.
ELEMENT_BYTES = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2}

# Where the elements of a type stand when not in raw_data.
TYPED_DATA = {
    1: "float_data",
    **dict.fromkeys((2, 3, 4, 5, 6, 9, 10, 16), "int32_data"),
    7: "int64_data",
    11: "double_data",
    12: "uint64_data",
    13: "uint64_data",
}

# What exporters make of audio networks, and near relatives. Loop is left out because it may never end; operators
# on text, sequences, optional values, images and random numbers have no use here.
_OPERATOR_NAMES = """
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
"""
OPERATORS = frozenset(_OPERATOR_NAMES.split())
DOMAINS = frozenset({"", "ai.onnx"})
