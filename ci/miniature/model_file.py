"""Writes a chain of operators as a .tflite file, with the schema's generated classes.

Needs flatbuffers and tflite.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
import tflite


@dataclass(frozen=True)
class Kind:
    """An operator as the file knows it: its code, the version of its int8 form, and its option
    table in the schema (the same word names the table and the union's member)."""

    code: int
    version: int
    table: str


CONV_2D = Kind(tflite.BuiltinOperator.CONV_2D, 3, "Conv2DOptions")
DEPTHWISE_CONV_2D = Kind(tflite.BuiltinOperator.DEPTHWISE_CONV_2D, 3, "DepthwiseConv2DOptions")
FULLY_CONNECTED = Kind(tflite.BuiltinOperator.FULLY_CONNECTED, 4, "FullyConnectedOptions")
AVERAGE_POOL_2D = Kind(tflite.BuiltinOperator.AVERAGE_POOL_2D, 2, "Pool2DOptions")
RESHAPE = Kind(tflite.BuiltinOperator.RESHAPE, 1, "ReshapeOptions")
SOFTMAX = Kind(tflite.BuiltinOperator.SOFTMAX, 2, "SoftmaxOptions")

ACTIVATIONS = {
    "none": tflite.ActivationFunctionType.NONE,
    "relu": tflite.ActivationFunctionType.RELU,
    "relu6": tflite.ActivationFunctionType.RELU6,
}
PADDINGS = {"same": tflite.Padding.SAME, "valid": tflite.Padding.VALID}


@dataclass(frozen=True)
class Tensor:
    """`type` is a member of tflite.TensorType. `scales` has one entry, or one for each index of
    dimension `axis`; none: not quantised. `data` is empty unless the tensor is a constant."""

    name: str
    shape: tuple[int, ...]
    scales: tuple[float, ...] = ()
    zero_point: int = 0
    axis: int = 0
    data: bytes = b""
    type: int = tflite.TensorType.INT8


@dataclass(frozen=True)
class Operator:
    """`inputs` and `output` index the tensors; `options` are the fields of the option table by
    the schema's names, tuples being vectors of int32."""

    kind: Kind
    inputs: tuple[int, ...]
    output: int
    options: dict[str, Any]


class _Writer:
    """Tables and vectors of the schema; every method returns an offset."""

    def __init__(self) -> None:
        self.builder = flatbuffers.Builder(1 << 16)

    def vector(self, items: Sequence[float], prepend: Callable[[Any], None], size: int) -> int:
        self.builder.StartVector(size, len(items), size)
        for item in reversed(items):
            prepend(item)
        return int(self.builder.EndVector())

    def ints(self, items: Sequence[int]) -> int:
        return self.vector(items, self.builder.PrependInt32, 4)

    def offsets(self, items: Sequence[int]) -> int:
        return self.vector(items, self.builder.PrependUOffsetTRelative, 4)

    def text(self, text: str) -> int:
        return int(self.builder.CreateString(text))

    def table(self, kind: str, **fields: int | float) -> int:
        getattr(tflite, f"{kind}Start")(self.builder)
        for name, value in fields.items():
            getattr(tflite, f"{kind}Add{name}")(self.builder, value)
        # Releases of flatbuffers share vtables between tables in different ways; sharing none
        # gives the same bytes with all of them.
        self.builder.vtables.clear()
        return int(getattr(tflite, f"{kind}End")(self.builder))

    def buffer(self, data: bytes) -> int:
        if not data:
            return self.table("Buffer")
        # The runtime reads weights where they lie in the file: 16-byte aligned.
        self.builder.StartVector(1, len(data), 16)
        self.builder.head -= len(data)
        self.builder.Bytes[self.builder.head : self.builder.head + len(data)] = data
        return self.table("Buffer", Data=self.builder.EndVector())

    def tensor(self, tensor: Tensor, buffer: int) -> int:
        fields = {"Shape": self.ints(tensor.shape), "Name": self.text(tensor.name)}
        if tensor.scales:
            zero_points = [tensor.zero_point] * len(tensor.scales)
            fields["Quantization"] = self.table(
                "QuantizationParameters",
                Scale=self.vector(tensor.scales, self.builder.PrependFloat32, 4),
                ZeroPoint=self.vector(zero_points, self.builder.PrependInt64, 8),
                QuantizedDimension=tensor.axis,
            )
        return self.table("Tensor", Type=tensor.type, Buffer=buffer, **fields)

    def operator(self, operator: Operator, code_index: int) -> int:
        options = {
            name: self.ints(value) if isinstance(value, tuple) else value
            for name, value in operator.options.items()
        }
        table = operator.kind.table
        return self.table(
            "Operator",
            Inputs=self.ints(operator.inputs),
            Outputs=self.ints((operator.output,)),
            BuiltinOptions=self.table(table, **options),
            BuiltinOptionsType=getattr(tflite.BuiltinOptions, table),
            OpcodeIndex=code_index,
        )


def serialise(tensors: Sequence[Tensor], operators: Sequence[Operator], description: str) -> bytes:
    """A .tflite file (schema version 3) of one subgraph, from tensor 0 to the last operator's
    output."""
    w = _Writer()
    kinds = sorted({operator.kind for operator in operators}, key=lambda kind: kind.code)
    constants = [tensor for tensor in tensors if tensor.data]
    # Buffer 0 stands for "no data"; every constant has its own.
    buffers = w.offsets([w.buffer(data) for data in (b"", *(t.data for t in constants))])
    graph = w.table(
        "SubGraph",
        Tensors=w.offsets([w.tensor(t, constants.index(t) + 1 if t.data else 0) for t in tensors]),
        Inputs=w.ints((0,)),
        Outputs=w.ints((operators[-1].output,)),
        Operators=w.offsets([w.operator(o, kinds.index(o.kind)) for o in operators]),
        Name=w.text("main"),
    )
    codes = [
        w.table(
            "OperatorCode",
            DeprecatedBuiltinCode=kind.code,
            Version=kind.version,
            BuiltinCode=kind.code,
        )
        for kind in kinds
    ]
    model = w.table(
        "Model",
        Version=3,
        OperatorCodes=w.offsets(codes),
        Subgraphs=w.offsets([graph]),
        Description=w.text(description),
        Buffers=buffers,
    )
    w.builder.Finish(model, file_identifier=b"TFL3")
    return bytes(w.builder.Output())
