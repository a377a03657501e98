"""cmake and ninja on the generated tree."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from syncer import foreign
from syncer.build.elf import measure
from syncer.build.tools import CompilerCache, Toolset, find_compiler_cache
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
    sandbox: foreign.Sandbox | None = None,
) -> BuildResult:
    """Configure and build the tree in `folder`/<board>: every program for the first board, the
    examples for the others; examples as UF2 too. `say` is told each step as it ends; `sandbox`
    holds back what runs, by default the strongest that works here.

    Raises:
        SyncError: (BUILD) with the compiler's own words; or the flags meant did not reach it.
    """
    log = folder / "build.log"
    folder.mkdir(parents=True, exist_ok=True)
    log.write_text("")
    firmware: list[Firmware] = []
    sandbox, cache = sandbox or foreign.choose(), find_compiler_cache()
    first = port.toml.build.boards[0]
    for board in port.toml.build.boards:
        out = folder / board
        specs = [s for s in port.toml.firmware if board == first or s.kind == "example"]
        shop = _shop(toolset, cache, tree, out, sandbox, log, say)
        command = _configure_command(port, toolset, cache, tree, out, board)
        _start_anew(out, [*command, *(f"{t.path} {t.version}" for t in toolset.tools)])
        shop.run(command, _CONFIGURE_SECONDS)
        _check_flags(port, tree, out)
        targets = [spec.name for spec in specs] if board != first else []
        shop.run(["ninja", "-C", str(out), *targets], _BUILD_SECONDS)
        family = port.toml.build.uf2.get(board)
        for spec in specs:
            elf = out / "firmware" / f"{spec.name}.elf"
            firmware.append(measure(spec, board, elf, port.toml.build.memories))
            if family is not None and spec.kind == "example":
                elf.with_suffix(".uf2").write_bytes(uf2(elf, family))
    return BuildResult(toolset.tools, tuple(firmware), str(log), protection=sandbox.protection)


def _start_anew(out: Path, settings: Sequence[str]) -> None:
    """Empty a build folder that other settings made: CMake keeps what it found then, an SDK's
    folder for one, and mixes it with what it is told now."""
    made_with, text = out / "made-with.txt", "\n".join(settings)
    if not made_with.is_file() or made_with.read_text() != text:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        made_with.write_text(text)


def _configure_command(
    port: Port, toolset: Toolset, cache: CompilerCache | None, tree: Path, out: Path, board: str
) -> list[str]:
    given = {
        port.toml.build.sdk.variable: str(toolset.sdk),
        port.toml.build.sdk.board_variable: board,
        "CMAKE_EXPORT_COMPILE_COMMANDS": "ON",
        **port.toml.build.cmake,
    }
    if cache:
        launcher = str(cache.program)
        given |= {"CMAKE_C_COMPILER_LAUNCHER": launcher, "CMAKE_CXX_COMPILER_LAUNCHER": launcher}
    command = ["cmake", "-G", port.toml.build.generator, "-S", str(tree), "-B", str(out)]
    return command + [f"-D{name}={value}" for name, value in given.items()]


def _shop(
    toolset: Toolset,
    cache: CompilerCache | None,
    tree: Path,
    out: Path,
    sandbox: foreign.Sandbox,
    log: Path,
    say: Callable[[str], None],
) -> _Shop:
    programs = [Path(tool.path) for tool in toolset.tools if Path(tool.path).is_file()]
    readable, writable = [tree, toolset.sdk], [out]
    environment = {"SOURCE_DATE_EPOCH": "0"}
    if cache:
        programs.append(cache.program)
        writable.append(cache.folder)
        # Below this folder all is at the same place in every port: what one has compiled, in
        # whatever folder, the next need not.
        shared = os.path.commonpath([tree.resolve(), out.resolve()])
        environment |= {**cache.environment, "CCACHE_BASEDIR": shared, "CCACHE_NOHASHDIR": "1"}
    for program in programs:
        readable += foreign.installation(program)
    room = foreign.Room(out, tuple(writable), tuple(readable))
    return _Shop(room, sandbox, environment, log, say)


@dataclass(frozen=True)
class _Shop:
    """Where the build's commands run, under what, and with what they are told."""

    room: foreign.Room
    sandbox: foreign.Sandbox
    environment: dict[str, str]
    log: Path
    say: Callable[[str], None]

    def run(self, command: Sequence[str], seconds: int) -> None:
        lines: list[str] = []
        with self.log.open("a") as file:

            def on_line(line: str) -> None:
                file.write(line + "\n")
                lines.append(line)
                if step := re.match(r"\[\d+/\d+\]", line):
                    self.say(step[0])

            file.write(f"$ {shlex.join(command)}\n")
            done = foreign.run(
                command,
                self.room,
                seconds=seconds,
                sandbox=self.sandbox,
                environment=self.environment,
                on_line=on_line,
            )
        if done.late:
            raise SyncError(
                f"{command[0]} was killed; it may run for {seconds} s",
                exit=Exit.BUILD,
                hint=f"Log: {self.log}",
            )
        if done.status:
            raise SyncError(
                f"{command[0]} failed with exit {done.status}",
                hint=f"The whole log: {self.log}",
                exit=Exit.BUILD,
                detail=_failure(lines),
            )


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
