"""What TensorFlow Lite Micro itself computes, on the host: a checksum for every operator.

The interpreter is the `tflite-micro` package, built from the same C++ sources as the target's, with
the reference kernels. It runs in a process of its own (`oracle_worker.py`), because on a model it
cannot run it may abort instead of raising, and because a model is upstream's: it is held back.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from syncer import foreign
from syncer.durable import write_whole
from syncer.errors import Exit, SyncError

WORKER = Path(__file__).with_name("oracle_worker.py")
INSTALL = (
    "pip install --pre --no-deps tflite-micro\n"
    "pip install absl-py bitarray flatbuffers numpy pyyaml"
)
_MOST_KEPT = 64


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
    kept: Path | None = None,
) -> tuple[OperatorCrc, ...]:
    """One inference of a .tflite `model`; `inputs` are the raw bytes of its input tensors.
    `sandbox` holds TFLM back, to which a model is a program; by default the strongest there is.
    `kept` is a folder for answers: what the same TFLM has said of the same model, of the same
    inputs and as well held back, is not asked again.

    Raises OracleUnavailable where the package is missing, or does not run the model, or takes more
    than `timeout` seconds; SyncError where `inputs` do not fit the model.
    """
    sandbox = sandbox or foreign.choose()
    file = kept / f"{_question(model, inputs, sandbox)}.json" if kept else None
    rows = _load(file) if file else None
    if rows is None:
        rows = _ask(model, inputs, timeout, sandbox)
        if file:
            _keep(file, rows)
    return tuple(OperatorCrc(i, op, crc) for i, (op, crc) in enumerate(rows))


def _ask(
    model: bytes, inputs: Sequence[bytes], timeout: float, sandbox: foreign.Sandbox
) -> list[tuple[str, int]]:
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
            return [(op, crc) for op, crc in rows]
        case {"input": str(message)}:
            raise SyncError(message, hint="Give one file per input tensor, of that many bytes.")
        case {"import": str(message)}:
            raise _unavailable(message, hint=INSTALL)
        case {"model": str(message)}:
            raise _unavailable(message, run.err)
        case _:
            raise AssertionError(f"unknown answer of {WORKER.name}: {answer}")


def _question(model: bytes, inputs: Sequence[bytes], sandbox: foreign.Sandbox) -> str:
    """What an answer depends on, as a name."""
    try:
        version = metadata.version("tflite-micro")
    except metadata.PackageNotFoundError:
        version = ""
    code = WORKER.read_bytes() if WORKER.is_file() else b""
    digests = [hashlib.sha256(data).hexdigest() for data in (code, model, *inputs)]
    by = [version, sys.version, platform.machine(), asdict(sandbox.protection)]
    return hashlib.sha256(json.dumps([by, digests]).encode()).hexdigest()


def _load(file: Path) -> list[tuple[str, int]] | None:
    try:
        return [(str(op), int(crc)) for op, crc in json.loads(file.read_bytes())]
    except (OSError, ValueError, TypeError):
        return None


def _keep(file: Path, rows: Sequence[tuple[str, int]]) -> None:
    write_whole(file, json.dumps(rows).encode(), durable=False)
    with contextlib.suppress(OSError):  # another thread may remove the same
        for old in sorted(file.parent.glob("*.json"), key=_age)[:-_MOST_KEPT]:
            old.unlink()


def _age(file: Path) -> int:
    return file.stat().st_mtime_ns


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
