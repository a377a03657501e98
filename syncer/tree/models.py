"""Models and their inputs, looked at before anything is built of them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from math import prod

import tflite

from syncer.errors import SyncError
from syncer.port import Benchmark
from syncer.tree.arrays import input_bytes

_IDENTIFIER = b"TFL3"  # at byte 4, as of flatbuffers' file identifiers
_MODEL = "Name a .tflite file in port.toml, {key}."
# Bytes of an element, by the schema's TensorType; what is not here, TFLM has no inputs of.
_BYTES = {
    tflite.TensorType.FLOAT32: 4,
    tflite.TensorType.INT32: 4,
    tflite.TensorType.UINT8: 1,
    tflite.TensorType.INT64: 8,
    tflite.TensorType.BOOL: 1,
    tflite.TensorType.INT16: 2,
    tflite.TensorType.INT8: 1,
}


def check_model(path: str, data: bytes, key: str) -> None:
    """Raises SyncError: `data` is no .tflite file; `key` is the one that names it."""
    if len(data) < 8 or data[4:8] != _IDENTIFIER:
        raise SyncError(f"{path} is no TensorFlow Lite model", hint=_MODEL.format(key=key))


def check_benchmark(spec: Benchmark, read: Callable[[str, str], bytes]) -> None:
    """Hold a benchmark's inputs against its model.

    Args:
        read: gives a file of upstream's, by its path and the key of port.toml that names it.

    Raises:
        SyncError: the model is none, or broken; it has other inputs than port.toml gives it, or
            of another size.
    """
    key = f"benchmark.{spec.name}"
    model = read(spec.model, f"{key}.model")
    check_model(spec.model, model, f"{key}.model")
    try:
        sizes = _input_sizes(model)
    # The accessors check nothing: whatever they meet in a broken file, they fail as they may.
    except (AttributeError, IndexError, TypeError, ValueError, struct.error) as error:
        raise SyncError(
            f"{spec.model} is a broken TensorFlow Lite model: {error}",
            hint=_MODEL.format(key=f"{key}.model"),
        ) from None
    if len(sizes) != len(spec.inputs):
        raise SyncError(
            f"{spec.model} has {_count(len(sizes), 'input')}, {key}.inputs names "
            f"{len(spec.inputs)}",
            hint=f"Name one file for each input in port.toml, {key}.inputs, in the model's order.",
        )
    for index, (path, size) in enumerate(zip(spec.inputs, sizes, strict=True)):
        given = len(input_bytes(path, read(path, f"{key}.inputs")))
        if size is not None and given != size:
            raise SyncError(
                f"{path} has {_count(given, 'byte')}, input {index} of {spec.model} takes {size}",
                hint=f"Name a file of that size in port.toml, {key}.inputs.",
            )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _input_sizes(model: bytes) -> tuple[int | None, ...]:
    """The bytes of each input of the first subgraph; None where its type is not known here."""
    graph = tflite.Model.GetRootAs(model, 0).Subgraphs(0)
    if graph is None:
        raise ValueError("it has no subgraph")
    tensors = (graph.Tensors(graph.Inputs(i)) for i in range(graph.InputsLength()))
    return tuple(_size(tensor) for tensor in tensors)


def _size(tensor: tflite.Tensor) -> int | None:
    width = _BYTES.get(tensor.Type())
    shape = [tensor.Shape(i) for i in range(tensor.ShapeLength())]
    if any(length < 0 for length in shape):
        raise ValueError(f"an input's shape is {shape}")
    return width and width * prod(shape)
