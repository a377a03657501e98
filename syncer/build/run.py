"""cmake and ninja on the generated tree."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Timer

from syncer.build.elf import measure
from syncer.build.tools import Toolset
from syncer.build.uf2 import uf2
from syncer.errors import Exit, SyncError
from syncer.model import BuildResult, Firmware
from syncer.port import Port

_CONFIGURE_SECONDS = 600
_BUILD_SECONDS = 3600


def build(
    port: Port,
    toolset: Toolset,
    tree: Path,
    folder: Path,
    say: Callable[[str], None] = lambda _: None,
) -> BuildResult:
    """Configure and build the tree in `folder`/<board>: every program for the first board, the
    examples for the others; examples as UF2 too. `say` is told each step as it ends.

    Raises:
        SyncError: (BUILD) with the compiler's own words; or the flags meant did not reach it.
    """
    log = folder / "build.log"
    folder.mkdir(parents=True, exist_ok=True)
    log.write_text("")
    firmware: list[Firmware] = []
    first = port.toml.build.boards[0]
    for board in port.toml.build.boards:
        out = folder / board
        specs = [s for s in port.toml.firmware if board == first or s.kind == "example"]
        command = _configure_command(port, toolset, tree, out, board)
        _start_anew(out, [*command, *(f"{t.path} {t.version}" for t in toolset.tools)])
        _run(command, log, _CONFIGURE_SECONDS, say)
        _check_flags(port, tree, out)
        targets = [spec.name for spec in specs] if board != first else []
        _run(["ninja", "-C", str(out), *targets], log, _BUILD_SECONDS, say)
        family = port.toml.build.uf2.get(board)
        for spec in specs:
            elf = out / "firmware" / f"{spec.name}.elf"
            firmware.append(measure(spec, board, elf, port.toml.build.memories))
            if family is not None and spec.kind == "example":
                elf.with_suffix(".uf2").write_bytes(uf2(elf, family))
    return BuildResult(toolset.tools, tuple(firmware), str(log))


def _start_anew(out: Path, settings: Sequence[str]) -> None:
    """Empty a build folder that other settings made: CMake keeps what it found then, an SDK's
    folder for one, and mixes it with what it is told now."""
    made_with, text = out / "made-with.txt", "\n".join(settings)
    if not made_with.is_file() or made_with.read_text() != text:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        made_with.write_text(text)


def _configure_command(
    port: Port, toolset: Toolset, tree: Path, out: Path, board: str
) -> list[str]:
    cache = {
        port.toml.build.sdk.variable: str(toolset.sdk),
        port.toml.build.sdk.board_variable: board,
        "CMAKE_EXPORT_COMPILE_COMMANDS": "ON",
        **port.toml.build.cmake,
    }
    if ccache := shutil.which("ccache"):
        cache |= {"CMAKE_C_COMPILER_LAUNCHER": ccache, "CMAKE_CXX_COMPILER_LAUNCHER": ccache}
    command = ["cmake", "-G", port.toml.build.generator, "-S", str(tree), "-B", str(out)]
    return command + [f"-D{name}={value}" for name, value in cache.items()]


def _run(command: Sequence[str], log: Path, seconds: int, say: Callable[[str], None]) -> None:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in ("PATH", "HOME", "TMPDIR", "CCACHE_DIR")
    } | {"LC_ALL": "C", "SOURCE_DATE_EPOCH": "0"}
    with (
        log.open("a") as file,
        subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as child,
    ):
        late = Timer(seconds, _stop, [child])
        late.start()
        try:
            file.write(f"$ {shlex.join(command)}\n")
            lines = []
            assert child.stdout is not None
            for line in child.stdout:
                file.write(line)
                lines.append(line.rstrip("\n"))
                if step := re.match(r"\[\d+/\d+\]", line):
                    say(step[0])
            status = child.wait()
        except BaseException:
            _stop(child)
            raise
        finally:
            late.cancel()
    if status == -signal.SIGKILL:
        raise SyncError(
            f"{command[0]} was killed; it may run for {seconds} s",
            exit=Exit.BUILD,
            hint=f"Log: {log}",
        )
    if status:
        raise SyncError(
            f"{command[0]} failed with exit {status}",
            hint=f"The whole log: {log}",
            exit=Exit.BUILD,
            detail=_failure(lines),
        )


def _stop(child: subprocess.Popen[str]) -> None:
    """End the child and the compilers it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _failure(output: Sequence[str]) -> str:
    """The lines that say what went wrong, else the last ones; command lines left out."""
    lines = [line for line in output if len(line) < 300]
    errors = [i for i, line in enumerate(lines) if re.search(r"\berror\b|CMake Error", line, re.I)]
    start = max(errors[0] - 1, 0) if errors else max(len(lines) - 20, 0)
    return "\n".join(lines[start : start + 20])


def _check_flags(port: Port, tree: Path, out: Path) -> None:
    """Of several -O flags the compiler takes the last; the one that port.toml means must win."""
    commands = json.loads((out / "compile_commands.json").read_text())
    for entry in commands:
        if not Path(entry["file"]).is_relative_to(tree):
            continue
        levels = [word for word in shlex.split(entry["command"]) if re.fullmatch(r"-O\w*", word)]
        if not levels or levels[-1] != port.toml.build.optimisation:
            got = levels[-1] if levels else "no -O flag"
            raise SyncError(
                f"{Path(entry['file']).relative_to(tree)} would be compiled with {got}, "
                f"not {port.toml.build.optimisation}",
                hint="Set flags once, with target_compile_options, in the port's template.",
                exit=Exit.BUILD,
            )
