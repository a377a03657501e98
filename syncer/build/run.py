"""cmake and ninja on the generated tree."""

from __future__ import annotations

import errno
import json
import os
import re
import shlex
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from syncer import foreign
from syncer.build.elf import file_digest, measure
from syncer.build.failure import last_words, why_unbuilt
from syncer.build.tools import CompilerCache, Toolset, find_compiler_cache
from syncer.build.uf2 import uf2
from syncer.durable import sync_disk, write_whole
from syncer.errors import Exit, SyncError
from syncer.locking import boot
from syncer.model import BuildResult, Firmware, Origin, Program, Unbuilt
from syncer.port import Port

_CONFIGURE_SECONDS = 600
_BUILD_SECONDS = 3600
_MADE_WITH = "made-with.txt"
_NO_SPACE = os.strerror(errno.ENOSPC)
# A word of a shell's, with its quotes; shlex goes character by character.
_WORD = re.compile(r"""(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+""")
_LEVEL = re.compile(r"-O\w*").fullmatch


def build(
    port: Port,
    toolset: Toolset,
    tree: Path,
    folder: Path,
    programs: Sequence[Program],
    say: Callable[[str], None] = lambda _: None,
    sandbox: foreign.Sandbox | None = None,
) -> BuildResult:
    """Configure and build the tree in `folder`/<board>: every program for the first board, the
    examples for the others; the examples also as UF2, `folder`/examples/<name>-<board>.uf2. A
    test of upstream's that does not build is in the result, and the others are built all the
    same. `say` is told each step as it ends; `sandbox` holds back what runs, by default the
    strongest that works here.

    Raises:
        SyncError: (BUILD) with the compiler's own words; or the flags meant did not reach it.
    """
    log, examples = folder / "build.log", folder / "examples"
    shutil.rmtree(examples, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    log.write_text("")
    firmware: list[Firmware] = []
    unbuilt: tuple[Unbuilt, ...] = ()
    own = [program for program in programs if program.origin is Origin.PORT]
    tests = [program for program in programs if program.origin is Origin.UPSTREAM]
    sandbox, cache = sandbox or foreign.choose(), find_compiler_cache()
    first = port.toml.build.boards[0]
    for board in port.toml.build.boards:
        out = folder / board
        wanted = [program for program in own if board == first or program.kind == "example"]
        shop = _shop(toolset, cache, tree, out, sandbox, log, say)
        command = _configure_command(port, toolset, cache, tree, out, board)
        settings = "\n".join([*command, *(f"{t.path} {t.version}" for t in toolset.tools)])
        _start(out, settings)
        shop.run(command, _CONFIGURE_SECONDS)
        _check_flags(port, tree, out)
        _mark(out, f"{settings}\n{_building()}")
        targets = [program.name for program in wanted] if board != first else []
        shop.run(["ninja", "-C", str(out), *targets], _BUILD_SECONDS)
        family = port.toml.build.uf2.get(board)
        for program in wanted:
            elf = out / "firmware" / f"{program.name}.elf"
            measured = measure(program, board, elf, port.toml.build.memories)
            if family is not None and program.kind == "example":
                examples.mkdir(exist_ok=True)
                image = examples / f"{program.name}-{board}.uf2"
                write_whole(image, uf2(elf, family))
                measured = replace(measured, uf2=str(image))
            firmware.append(measured)
        if board == first and tests:
            unbuilt = _build_tests(shop, tests, tree, out)
            missing = {item.name for item in unbuilt}
            for test in tests:
                if test.name not in missing:
                    elf = out / "tests" / f"{test.name}.elf"
                    sizes = measure(test, board, elf, port.toml.build.memories)
                    # Its sections are no figures, and there are many tests.
                    firmware.append(replace(sizes, sections=()))
        sync_disk(out)
        _mark(out, settings)
    return BuildResult(
        toolset.tools,
        tuple(firmware),
        str(log),
        protection=sandbox.protection,
        unbuilt=unbuilt,
    )


def _build_tests(
    shop: _Shop, tests: Sequence[Program], tree: Path, out: Path
) -> tuple[Unbuilt, ...]:
    """Build all that can be built; the others, each with the words of what failed first."""
    names = [test.name for test in tests]
    command = ["ninja", "-C", str(out), "-k", "0", *names]
    status, output = shop.attempt(command, _BUILD_SECONDS)
    if not status:
        return ()
    # What ninja would still do is what it could not do.
    _, left = shop.attempt(["ninja", "-C", str(out), "-n", *names], _CONFIGURE_SECONDS)
    pending = set(re.findall(r"\btests/([\w.+-]+)\.elf\b", "\n".join(left)))
    failed = [test for test in tests if test.name in pending]
    if not failed:
        raise shop.failed(command, status, output)
    return tuple(Unbuilt(test.name, why_unbuilt(test, output, tree)) for test in failed)


def is_built(built: BuildResult) -> bool:
    """Whether the programs of an earlier build are there as they were made."""
    for firmware in built.firmware:
        if file_digest(Path(firmware.elf)) != firmware.sha256:
            return False
        if firmware.uf2 and not Path(firmware.uf2).is_file():
            return False
    return True


def distrust(folder: Path) -> None:
    """Have the next build in `folder` take nothing of what is there."""
    for made_with in folder.glob(f"*/{_MADE_WITH}"):
        made_with.unlink()


def _start(out: Path, settings: str) -> None:
    """Empty a build folder that cannot be gone on with: one that other settings made (CMake keeps
    what it found then, an SDK's folder for one, and mixes it with what it is told now), one whose
    configuring was broken off, or in which the power went while it was built. ninja by itself
    makes again what a killed compiler left half written: its log has no entry for it, or one
    older than what it is made of."""
    made_with = out / _MADE_WITH
    found = made_with.read_text() if made_with.is_file() else ""
    if found not in (settings, f"{settings}\n{_building()}"):
        made_with.unlink(missing_ok=True)  # first: half a folder must not look like a whole one
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True, exist_ok=True)
    _mark(out, "being configured")


def _mark(out: Path, state: str) -> None:
    write_whole(out / _MADE_WITH, state.encode())


def _building() -> str:
    return f"being built, boot {boot()}"


def _configure_command(
    port: Port, toolset: Toolset, cache: CompilerCache | None, tree: Path, out: Path, board: str
) -> list[str]:
    sdk = port.toml.build.sdk
    given = {sdk.variable: str(toolset.sdk), sdk.board_variable: board} if sdk else {}
    given |= {"CMAKE_EXPORT_COMPILE_COMMANDS": "ON", **port.toml.build.cmake}
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
    readable, writable = [tree, *filter(None, [toolset.sdk])], [out]
    environment = {"SOURCE_DATE_EPOCH": "0"}
    if cache:
        programs.append(cache.program)
        writable.append(cache.folder)
        # Below this folder all is at the same place in every port: what one has compiled, in
        # whatever folder, the next need not.
        shared = os.path.commonpath([tree.resolve(), out.resolve()])
        environment |= {**cache.environment, "CCACHE_BASEDIR": shared, "CCACHE_NOHASHDIR": "1"}
        # So that it takes precompiled headers, which are large: hashed once, not for each source.
        # Dates are no part of what is compiled, with SOURCE_DATE_EPOCH.
        environment |= {"CCACHE_SLOPPINESS": "pch_defines,time_macros", "CCACHE_INODECACHE": "1"}
    for program in programs:
        readable += foreign.installation(program)
    room = foreign.Room(out, tuple(writable), tuple(readable))
    return _Shop(room, sandbox, environment, log, say, (os.path.relpath(tree, out), str(tree)))


@dataclass(frozen=True)
class _Shop:
    """Where the build's commands run, under what, and with what they are told."""

    room: foreign.Room
    sandbox: foreign.Sandbox
    environment: dict[str, str]
    log: Path
    say: Callable[[str], None]
    tree: tuple[str, str]  # as ccache names it to the compiler, and as it is

    def run(self, command: Sequence[str], seconds: int) -> None:
        """Raises SyncError (BUILD) if the command fails or does not end in time."""
        status, output = self.attempt(command, seconds)
        if status:
            raise self.failed(command, status, output)

    def failed(self, command: Sequence[str], status: int, output: Sequence[str]) -> SyncError:
        return SyncError(
            f"{command[0]} failed with exit {status}",
            hint=f"The whole log: {self.log}",
            exit=Exit.BUILD,
            detail=last_words(output),
        )

    def attempt(self, command: Sequence[str], seconds: int) -> tuple[int, list[str]]:
        """The command's exit status and its lines.

        Raises:
            SyncError: (BUILD) it did not end in time; (ENVIRONMENT) it had no space.
        """
        lines: list[str] = []
        with self.log.open("a", buffering=1) as file:

            def on_line(line: str) -> None:
                line = line.replace(*self.tree)
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
        if done.status and (full := next((li for li in lines if _NO_SPACE in li), None)):
            raise SyncError(
                f"{command[0]}: {full.strip()[:300]}",
                hint=f"Free space for {self.room.folder} and for temporary files.",
                exit=Exit.ENVIRONMENT,
            )
        return done.status, lines


def _unquoted(word: str) -> str:
    return word.strip("\"'")


def _check_flags(port: Port, tree: Path, out: Path) -> None:
    """Of several -O flags the compiler takes the last; the one that port.toml means must win."""
    commands = json.loads((out / "compile_commands.json").read_text())
    for entry in commands:
        if not Path(entry["file"]).is_relative_to(tree):
            continue
        levels = [flag for flag in map(_unquoted, _WORD.findall(entry["command"])) if _LEVEL(flag)]
        if not levels or levels[-1] != port.toml.build.optimisation:
            got = levels[-1] if levels else "no -O flag"
            raise SyncError(
                f"{Path(entry['file']).relative_to(tree)} would be compiled with {got}, "
                f"not {port.toml.build.optimisation}",
                hint="Set flags once, with target_compile_options, in the port's template.",
                exit=Exit.BUILD,
            )
