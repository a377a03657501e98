"""One run of a foreign command."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from syncer.errors import Exit, SyncError
from syncer.foreign.room import Room
from syncer.foreign.sandbox import Sandbox, choose
from syncer.locking import inherited_files

_MOST_OUTPUT = 64 << 20  # bytes
_LOOK_SECONDS = 0.5  # between two looks whether a silent command has ended
_GRACE_SECONDS = 5


@dataclass(frozen=True)
class Done:
    """How a foreign command ended. `status` is its exit status, or 128 + N where signal N ended
    it; `late`: it was ended because its time was over."""

    status: int
    out: str
    err: str
    late: bool = False


def run(
    command: Sequence[str],
    room: Room,
    *,
    seconds: float,
    sandbox: Sandbox | None = None,
    environment: Mapping[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
) -> Done:
    """Run a foreign command and wait for it and all it started.

    Args:
        command: the program, found on the room's search path, and its arguments.
        room: what it sees of the file system.
        seconds: the most it may take.
        sandbox: what holds it back; by default the strongest that works here.
        environment: variables beyond PATH, HOME, TMPDIR and LC_ALL, which are always ours.
            Nothing of the user's environment is passed on.
        on_line: told each line as it comes; standard error is then part of standard output.

    Raises:
        SyncError: (ENVIRONMENT) the program is not installed; (BUILD) it floods its output.
    """
    sandbox = sandbox or choose()
    for folder in room.writable:
        folder.mkdir(parents=True, exist_ok=True)
    path = room.search_path if sandbox.protection.files else os.environ.get("PATH", os.defpath)
    if shutil.which(command[0], path=path) is None:
        raise SyncError(f"{command[0]} is not installed", hint="sync doctor", exit=Exit.ENVIRONMENT)
    with tempfile.TemporaryDirectory() as scratch:
        # Where files are held, /tmp is the command's own and vanishes with it.
        home = "/tmp" if sandbox.protection.files else scratch
        child = subprocess.Popen(
            sandbox.wrap(room, command),
            env={"PATH": path, "HOME": home, "TMPDIR": home, "LC_ALL": "C", **(environment or {})},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if on_line else subprocess.PIPE,
            start_new_session=True,
            pass_fds=inherited_files(),
        )
        with child:
            try:
                out, err, late = _listen(child, time.monotonic() + seconds, on_line)
            finally:
                _stop(child)
    return Done(child.returncode, out.decode(errors="replace"), err.decode(errors="replace"), late)


def _listen(
    child: subprocess.Popen[bytes], deadline: float, on_line: Callable[[str], None] | None
) -> tuple[bytearray, bytearray, bool]:
    """What the child says until it ends, and whether its time was over first. What outlives it
    and holds its output open is not waited for."""
    out, err, rest = bytearray(), bytearray(), b""
    with selectors.DefaultSelector() as selector:
        for stream, said in ((child.stdout, out), (child.stderr, err)):
            if stream:
                selector.register(stream, selectors.EVENT_READ, said)
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            ready = selector.select(min(left, _LOOK_SECONDS))
            if not ready and child.poll() is not None:
                break
            for key, _ in ready:
                data = os.read(key.fd, 1 << 16)
                if not data:
                    selector.unregister(key.fileobj)
                key.data.extend(data)
                if on_line:
                    *lines, rest = (rest + data).split(b"\n")
                    for line in lines:
                        on_line(line.decode(errors="replace"))
            if len(out) + len(err) > _MOST_OUTPUT:
                raise SyncError(
                    f"a command of upstream's printed more than {_MOST_OUTPUT >> 20} MiB",
                    exit=Exit.BUILD,
                )
    if on_line and rest:
        on_line(rest.decode(errors="replace"))
    try:
        child.wait(max(deadline - time.monotonic(), 0))
    except subprocess.TimeoutExpired:
        return out, err, True
    return out, err, False


def _stop(child: subprocess.Popen[bytes]) -> None:
    """End the child with all it started: asked first, because what watches it then ends also
    those that left its process group."""
    child.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(_GRACE_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
