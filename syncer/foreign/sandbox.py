"""The ways to hold foreign code back, and which of them this machine can do."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from syncer.errors import Exit, SyncError
from syncer.foreign.room import Room
from syncer.model import Protection

Mode = Literal["auto", "required", "off"]
MODES: tuple[str, ...] = get_args(Mode)

_LAUNCHER = Path(__file__).with_name("launcher.py")
_PROBE_SECONDS = 20
MEND = (
    "apt-get install bubblewrap; in a container, allow it user namespaces too "
    "(docker run --privileged does)"
)


@dataclass(frozen=True)
class Sandbox:
    """A way to start foreign commands; `wrap` turns the room and the command into the command
    line that does it."""

    protection: Protection
    wrap: Callable[[Room, Sequence[str]], list[str]]


def choose(mode: str = "auto") -> Sandbox:
    """The strongest sandbox that this machine can do ("auto"), the same or none ("required"), or
    the one that only scrubs the environment and ends what it started ("off").

    Raises:
        SyncError: (ENVIRONMENT) "required", and no sandbox here holds both network and files;
            (USAGE) no such mode.
    """
    if mode not in MODES:
        raise SyncError(
            f"there is no sandbox mode {mode!r}",
            hint=f"It is one of {', '.join(MODES)} (--sandbox, or SYNC_SANDBOX).",
            exit=Exit.USAGE,
        )
    if mode == "auto":
        return _strongest()
    possible, refused = all_sandboxes()
    if mode == "off":
        return possible[-1]
    if mode == "required" and not possible[0].protection.whole:
        raise SyncError(
            "upstream's code cannot be confined on this machine, and that is required",
            hint=f"{MEND}; or do without: --sandbox auto",
            exit=Exit.ENVIRONMENT,
            detail="\n".join(refused),
        )
    return possible[0]


@cache
def _strongest() -> Sandbox:
    # The weaker ones are not tried: each takes as long as starting a few programs.
    return next((item for item in _known() if not _refusal(item)), _environment_only())


@cache
def all_sandboxes() -> tuple[tuple[Sandbox, ...], tuple[str, ...]]:
    """Every sandbox that works here, strongest first, and why the others do not. Each was tried:
    what a kernel or a container allows is told by nothing else."""
    possible, refused = [], []
    for sandbox in _known():
        if reason := _refusal(sandbox):
            refused.append(f"{sandbox.protection.name}: {reason}")
        else:
            possible.append(sandbox)
    if not shutil.which("bwrap"):
        refused.insert(0, "bubblewrap is not installed")
    return (*possible, _environment_only()), tuple(refused)


def _known() -> list[Sandbox]:
    everything = ("network", "files", "processes")
    known = [_namespaces(everything), _namespaces(everything[:2]), _namespaces(everything[:1])]
    if bubblewrap := shutil.which("bwrap"):
        known.insert(0, _bubblewrap(bubblewrap))
    return known


def _refusal(sandbox: Sandbox) -> str:
    """Why a sandbox does not work here; empty if it does."""
    with tempfile.TemporaryDirectory() as name:
        room = Room(Path(name), writable=(Path(name),))
        command = sandbox.wrap(room, ["sh", "-c", "echo done >answer"])
        try:
            done = subprocess.run(
                command,
                env={"PATH": os.defpath, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_PROBE_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if done.returncode == 0 and (Path(name) / "answer").is_file():
            return ""
        return " ".join(done.stderr.split()) or f"exit {done.returncode}"


def _bubblewrap(program: str) -> Sandbox:
    done = subprocess.run(
        [program, "--version"], capture_output=True, text=True, errors="replace", check=False
    )
    version = re.search(r"\d+(\.\d+)+", done.stdout)

    def wrap(room: Room, command: Sequence[str]) -> list[str]:
        line = [program, "--unshare-all", "--die-with-parent", "--cap-drop", "ALL"]
        line += ["--ro-bind", "/", "/", "--dev", "/dev"]
        # Below /proc/sys root's number alone is enough to write, without any capability.
        line += ["--proc", "/proc", "--remount-ro", "/proc"]
        for place in room.hidden:
            line += ["--tmpfs", str(place)]
        for path, writable in room.shown:
            line += ["--bind" if writable else "--ro-bind", str(path), str(path)]
        return [*line, "--chdir", str(room.folder), "--", *command]

    name = f"bubblewrap {version[0]}" if version else "bubblewrap"
    return Sandbox(Protection(name, network=True, files=True, processes=True), wrap)


def _namespaces(held: Sequence[str]) -> Sandbox:
    def wrap(room: Room, command: Sequence[str]) -> list[str]:
        return _launched(room, command, held)

    missing = [what for what in ("files", "processes") if what not in held]
    name = "namespaces" + (f" without {' and '.join(missing)}" if missing else "")
    protection = Protection(
        name, network="network" in held, files="files" in held, processes="processes" in held
    )
    return Sandbox(protection, wrap)


def _environment_only() -> Sandbox:
    protection = Protection("environment only", network=False, files=False, processes=False)
    return Sandbox(protection, lambda room, command: _launched(room, command, ()))


def _launched(room: Room, command: Sequence[str], namespaces: Sequence[str]) -> list[str]:
    order = {
        "parent": os.getpid(),
        "namespaces": list(namespaces),
        "hidden": [str(path) for path in room.hidden],
        "shown": [(str(path), writable) for path, writable in room.shown],
        "folder": str(room.folder),
    }
    return [sys.executable, "-I", "-S", str(_LAUNCHER), json.dumps(order), *command]
