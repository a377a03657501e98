"""What TensorFlow Lite Micro itself computes, on the host: a checksum for every operator.

The interpreter is the `tflite-micro` package, built from the same C++ sources as the target's, with
the reference kernels. It runs in a process of its own (`oracle_worker.py`), because on a model it
cannot run it may abort instead of raising, and because a model is upstream's: it is held back.
"""

from __future__ import annotations

import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from syncer import foreign
from syncer.errors import Exit, SyncError

WORKER = Path(__file__).with_name("oracle_worker.py")
INSTALL = (
    "pip install --pre --no-deps tflite-micro\n"
    "pip install absl-py bitarray flatbuffers numpy pyyaml"
)


class OracleUnavailable(SyncError):
    """TFLM cannot be run on the host for this model; nothing is known about its outputs."""


@dataclass(frozen=True)
class OperatorCrc:
    """`op` is the operator's name as TFLM's profiler prints it; `crc` the CRC-32 (zlib's) over the
    bytes of all its outputs, in order."""

    index: int
    op: str
    crc: int


def operator_crcs(
    model: bytes,
    inputs: Sequence[bytes],
    *,
    timeout: float = 120.0,
    sandbox: foreign.Sandbox | None = None,
) -> tuple[OperatorCrc, ...]:
    """One inference of a .tflite `model`; `inputs` are the raw bytes of its input tensors.
    `sandbox` holds TFLM back, to which a model is a program; by default the strongest there is.

    Raises OracleUnavailable where the package is missing, or does not run the model, or takes more
    than `timeout` seconds; SyncError where `inputs` do not fit the model.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "model.tflite").write_bytes(model)
        for index, data in enumerate(inputs):
            (folder / f"input{index}").write_bytes(data)
        result = folder / "result.json"
        # -P: the folder of the worker, a package's, must not come first on the module path.
        command = [sys.executable, "-P", str(WORKER), name, str(len(inputs))]
        readable = (WORKER, *foreign.installation(Path(sys.executable)))
        room = foreign.Room(folder, writable=(folder,), readable=readable)
        run = foreign.run(command, room, seconds=timeout, sandbox=sandbox)
        if run.late:
            raise _unavailable(f"it took more than {timeout:g} s on the model")
        if not result.exists():
            raise _unavailable(_ended(run.status), run.err)
        answer = json.loads(result.read_text(encoding="utf-8"))

    match answer:
        case {"crcs": list(rows)}:
            return tuple(OperatorCrc(i, op, crc) for i, (op, crc) in enumerate(rows))
        case {"input": str(message)}:
            raise SyncError(message, hint="Give one file per input tensor, of that many bytes.")
        case {"import": str(message)}:
            raise _unavailable(message, hint=INSTALL)
        case {"model": str(message)}:
            raise _unavailable(message, run.err)
        case _:
            raise AssertionError(f"unknown answer of {WORKER.name}: {answer}")


def _ended(status: int) -> str:
    if status - 128 in set(signal.Signals):
        return f"it was ended by {signal.Signals(status - 128).name}"
    return f"it ended with status {status}"


def _unavailable(reason: str, log: str = "", hint: str = "") -> OracleUnavailable:
    return OracleUnavailable(
        f"TFLM on the host could not compute the reference outputs: {reason}",
        hint=hint,
        exit=Exit.ENVIRONMENT,
        detail="\n".join(log.strip().splitlines()[-20:]),
    )
