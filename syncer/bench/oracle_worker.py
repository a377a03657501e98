"""Runs one model once in real TFLM: `python oracle_worker.py FOLDER INPUTS`.

Reads FOLDER/model.tflite and FOLDER/input0 ..., writes FOLDER/result.json, an object with one key:
"crcs" ([[operator, CRC-32], ...]), or why not: "import", "input" or "model" (a sentence). A crash
leaves no result. Imports nothing of this package, so that it can be run by its path.
"""

from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path
from typing import Any

ARENA = 4 << 20  # bytes on top of the tensors, for what the interpreter itself keeps


def main(folder: Path, count: int) -> None:
    """Writes the result file; never raises for what the model or the inputs are."""
    answer: dict[str, object]
    try:
        answer = {"crcs": _run(folder, count)}
    except ImportError as error:
        answer = {"import": f"the package tflite-micro cannot be imported ({error})"}
    except _InputMismatch as error:
        answer = {"input": str(error)}
    except Exception as error:  # the interpreter's errors have no common class
        text = " ".join(str(error).split()) or "no message"
        answer = {"model": f"{type(error).__name__}: {text}"}
    # Renamed into place, so that a result is there whole or not at all.
    partial = folder / "result.part"
    partial.write_text(json.dumps(answer), encoding="utf-8")
    partial.rename(folder / "result.json")


class _InputMismatch(Exception):
    pass


def _run(folder: Path, count: int) -> list[tuple[str, int]]:
    import numpy as np
    from tflite_micro import runtime

    data = (folder / "model.tflite").read_bytes()
    if data[4:8] != b"TFL3":
        raise ValueError("not a .tflite file")
    model = runtime.convert_bytearray_to_object(data)
    if len(model.subgraphs) != 1:
        raise ValueError(f"{len(model.subgraphs)} subgraphs; only models with one are compared")
    graph = model.subgraphs[0]
    # All tensors are kept to the end: none shares its memory.
    elements = sum(int(np.prod(t.shape)) for t in graph.tensors if t.shape is not None)
    interpreter = runtime.Interpreter.from_bytes(
        data,
        arena_size=10 * len(data) + 8 * elements + ARENA,
        intrepreter_config=runtime.InterpreterConfig.kPreserveAllTensors,
    )

    if count != len(graph.inputs):
        raise _InputMismatch(f"the model has {len(graph.inputs)} inputs, {count} given")
    for index in range(count):
        details = interpreter.get_input_details(index)
        raw = (folder / f"input{index}").read_bytes()
        shape, dtype = tuple(details["shape"]), np.dtype(details["dtype"])
        size = int(np.prod(shape)) * dtype.itemsize
        if len(raw) != size:
            raise _InputMismatch(f"input {index} of the model has {size} bytes, {len(raw)} given")
        interpreter.set_input(np.frombuffer(raw, dtype).reshape(shape), index)
    interpreter.invoke()

    rows = []
    for operator in graph.operators:
        crc = 0
        for tensor in operator.outputs:
            if tensor >= 0:  # -1: an optional output that is left out
                crc = zlib.crc32(interpreter.GetTensor(tensor, 0)["tensor_data"].tobytes(), crc)
        rows.append((_name(runtime, model.operatorCodes[operator.opcodeIndex]), crc))
    return rows


def _name(runtime: Any, code: Any) -> str:
    """The operator's name as TFLM has it: the schema's enumerator, or the custom operator's."""
    kinds = runtime.schema_fb.BuiltinOperator
    builtin = runtime.get_builtin_code_from_operator_code(code)
    if builtin == kinds.CUSTOM:
        return str(code.customCode.decode())
    return str(next(name for name, value in vars(kinds).items() if value == builtin))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
