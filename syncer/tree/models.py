"""Models and their inputs, looked at before anything is built of them."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence
from itertools import accumulate
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from syncer.errors import SyncError
from syncer.port import Benchmark
from syncer.tree.arrays import input_bytes
from syncer.tree.lists import load_list, save_list

if TYPE_CHECKING:
    import tflite

MODELS = "models.json"  # what inputs models have, as a roll keeps it beside the tree
_IDENTIFIER = b"TFL3"  # at byte 4, as of flatbuffers' file identifiers
_MODEL = "Name a .tflite file in port.toml, {key}."
# Bytes of an element, by the schema's TensorType; what is not here, TFLM has no inputs of.
_FLOAT32, _INT32, _UINT8, _INT64, _BOOL, _INT16, _INT8 = 0, 2, 3, 4, 6, 7, 9
_BYTES = {_FLOAT32: 4, _INT32: 4, _UINT8: 1, _INT64: 8, _BOOL: 1, _INT16: 2, _INT8: 1}
# Of these, any bits are a number.
_WHOLE = _BYTES.keys() - {_FLOAT32, _BOOL}
_MOST_KEPT = 64
_MOST_NOISE = 1 << 20  # bytes; no model for a microcontroller takes more


def check_model(path: str, data: bytes, key: str) -> None:
    """Raises SyncError: `data` is no .tflite file; `key` is the one that names it."""
    if len(data) < 8 or data[4:8] != _IDENTIFIER:
        raise SyncError(f"{path} is no TensorFlow Lite model", hint=_MODEL.format(key=key))


def noise(seed: int, size: int) -> bytes:
    """`size` bytes that look random and are the same everywhere; a port's program for such inputs
    makes them as well. Each is the upper byte of the next state of x -> 1664525 * x + 1013904223
    mod 2^32, which begins with `seed`."""
    made = bytearray()
    state = seed
    for _ in range(size):
        state = (state * 1_664_525 + 1_013_904_223) & 0xFFFF_FFFF
        made.append(state >> 24)
    return bytes(made)


def benchmark_inputs(
    spec: Benchmark, read: Callable[[str, str], bytes], kept: Path | None = None
) -> list[bytes]:
    """What a benchmark's model is given, one item for each of its inputs, held against the model.
    Of a `seed`, the inputs are one stretch of noise, cut in the model's order.

    Args:
        read: gives a file of upstream's, by its path and the key of port.toml that names it.
        kept: a file for what inputs models have, by their content: looking at one imports numpy,
            which takes longer than all the rest.

    Raises:
        SyncError: the model is none, or broken; it has other inputs than port.toml gives it, or
            of another size; noise would be numbers in floating point.
    """
    key = f"benchmark.{spec.name}"
    model = read(spec.model, f"{key}.model")
    check_model(spec.model, model, f"{key}.model")
    try:
        wanted = _kept_inputs(model, kept) if kept else _inputs(model)
    # The accessors check nothing: whatever they meet in a broken file, they fail as they may.
    except (AttributeError, IndexError, TypeError, ValueError, struct.error) as error:
        raise SyncError(
            f"{spec.model} is a broken TensorFlow Lite model: {error}",
            hint=_MODEL.format(key=f"{key}.model"),
        ) from None
    if spec.seed is not None:
        return _noise(spec, spec.seed, wanted)
    if len(wanted) != len(spec.inputs):
        raise SyncError(
            f"{spec.model} has {_count(len(wanted), 'input')}, {key}.inputs names "
            f"{len(spec.inputs)}",
            hint=f"Name one file for each input in port.toml, {key}.inputs, in the model's order.",
        )
    data = [input_bytes(path, read(path, f"{key}.inputs")) for path in spec.inputs]
    for index, (path, given, (_, size)) in enumerate(zip(spec.inputs, data, wanted, strict=True)):
        if size is not None and len(given) != size:
            raise SyncError(
                f"{path} has {_count(len(given), 'byte')}, input {index} of {spec.model} takes "
                f"{size}",
                hint=f"Name a file of that size in port.toml, {key}.inputs.",
            )
    return data


def _noise(spec: Benchmark, seed: int, wanted: Sequence[tuple[int, int | None]]) -> list[bytes]:
    for index, (kind, size) in enumerate(wanted):
        if kind not in _WHOLE or size is None or size > _MOST_NOISE:
            raise SyncError(
                f"input {index} of {spec.model} takes no whole numbers, or more than "
                f"{_MOST_NOISE:,} bytes of them: it cannot be noise",
                hint=f"Name a file in port.toml, benchmark.{spec.name}.inputs, instead of a seed.",
            )
    sizes = [size or 0 for _, size in wanted]
    data = noise(seed, sum(sizes))
    ends = list(accumulate(sizes))
    return [data[end - size : end] for end, size in zip(ends, sizes, strict=True)]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _kept_inputs(model: bytes, kept: Path) -> Sequence[tuple[int, int | None]]:
    known = load_list(kept)
    key = hashlib.sha256(Path(__file__).read_bytes() + model).hexdigest()
    if key not in known:
        known[key] = _inputs(model)
        save_list(kept, dict([*known.items()][-_MOST_KEPT:]))
    return [(kind, size) for kind, size in known[key]]


def _inputs(model: bytes) -> tuple[tuple[int, int | None], ...]:
    """Of each input of the first subgraph its type, and its bytes; None where the type is not
    known here."""
    import tflite  # late: it imports numpy

    graph = tflite.Model.GetRootAs(model, 0).Subgraphs(0)
    if graph is None:
        raise ValueError("it has no subgraph")
    tensors = [graph.Tensors(graph.Inputs(i)) for i in range(graph.InputsLength())]
    return tuple((tensor.Type(), _size(tensor)) for tensor in tensors)


def _size(tensor: tflite.Tensor) -> int | None:
    width = _BYTES.get(tensor.Type())
    shape = [tensor.Shape(i) for i in range(tensor.ShapeLength())]
    if any(length < 0 for length in shape):
        raise ValueError(f"an input's shape is {shape}")
    return width and width * prod(shape)
