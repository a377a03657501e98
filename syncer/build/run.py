"""cmake and ninja on the generated tree."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TextIO

from syncer import foreign
from syncer.build.elf import measure
from syncer.build.failure import why_unbuilt
from syncer.build.left import MADE_WITH
from syncer.build.shop import Shop, make_shop
from syncer.build.tools import Toolset, find_compiler_cache
from syncer.build.turns import Turns
from syncer.build.uf2 import uf2
from syncer.durable import sync_disk, write_whole
from syncer.errors import Exit, SyncError
from syncer.locking import boot
from syncer.model import BuildResult, Firmware, Origin, Program, Unbuilt
from syncer.port import Port

_CONFIGURE_SECONDS = 600
_BUILD_SECONDS = 3600
_EXAMPLES = "examples"
# A word of a shell's, with its quotes; shlex goes character by character.
_WORD = re.compile(r"""(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+""")
_LEVEL = re.compile(r"-O\w*").fullmatch
# A board's programs, and the tests that did not build.
_Made = tuple[list[Firmware], tuple[Unbuilt, ...]]


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
    log, boards = folder / "build.log", port.toml.build.boards
    shutil.rmtree(folder / _EXAMPLES, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    sandbox, cache = sandbox or foreign.choose(), find_compiler_cache()
    firmware: list[Firmware] = []
    unbuilt: list[Unbuilt] = []
    with log.open("w", buffering=1) as file, ThreadPoolExecutor(len(boards)) as pool:
        turns, jobs = Turns(), list[tuple[Future[_Made], TextIO]]()
        watched = turns.board()(_build_board)
        for board in boards:
            shop = make_shop(
                *(toolset, cache, tree, folder / board, sandbox, log),
                said=io.StringIO() if jobs else file,
                say=say if len(boards) == 1 else partial(_tell, say, board),
            )
            job = pool.submit(watched, port, toolset, board, programs, shop, turns)
            jobs.append((job, shop.said))
        for job, said in jobs:
            # One that was cancelled is so because of another.
            with contextlib.suppress(CancelledError):
                try:
                    made, missing = job.result()
                finally:
                    if isinstance(said, io.StringIO):
                        file.write(said.getvalue())
                firmware += made
                unbuilt += missing
    return BuildResult(
        toolset.tools,
        tuple(firmware),
        str(log),
        protection=sandbox.protection,
        unbuilt=tuple(unbuilt),
    )


def _tell(say: Callable[[str], None], board: str, step: str) -> None:
    say(f"{board} {step}")


def _build_board(
    port: Port,
    toolset: Toolset,
    board: str,
    programs: Sequence[Program],
    shop: Shop,
    turns: Turns,
) -> _Made:
    """Configure and build for one board."""
    first, out = board == port.toml.build.boards[0], shop.out
    own = [program for program in programs if program.origin is Origin.PORT]
    wanted = [program for program in own if first or program.kind == "example"]
    tests = [program for program in programs if first and program.origin is Origin.UPSTREAM]
    command = _configure_command(port, toolset, shop, board)
    settings = "\n".join([*command, *(f"{t.path} {t.version}" for t in toolset.tools)])
    _start(out, settings)
    shop.run(command, _CONFIGURE_SECONDS)
    _check_flags(port, shop.tree, out)
    _mark(out, f"{settings}\n{_building()}")
    ninja = ["ninja", "-C", str(out), *([] if first else [program.name for program in wanted])]
    with turns.turn(shop, ninja):
        shop.run(ninja, _BUILD_SECONDS)
    firmware = [_measured(port, program, board, out) for program in wanted]
    unbuilt: tuple[Unbuilt, ...] = ()
    if tests:
        unbuilt = _build_tests(shop, tests, turns)
        missing = {item.name for item in unbuilt}
        for test in tests:
            if test.name not in missing:
                elf = out / "tests" / f"{test.name}.elf"
                sizes = measure(test, board, elf, port.toml.build.memories)
                # Its sections are no figures, and there are many tests.
                firmware.append(replace(sizes, sections=()))
    sync_disk(out)
    _mark(out, settings)
    return firmware, unbuilt


def _measured(port: Port, program: Program, board: str, out: Path) -> Firmware:
    """A program that was linked; of an example, the UF2 is made."""
    elf = out / "firmware" / f"{program.name}.elf"
    measured = measure(program, board, elf, port.toml.build.memories)
    family = port.toml.build.uf2.get(board)
    if family is None or program.kind != "example":
        return measured
    image = out.parent / _EXAMPLES / f"{program.name}-{board}.uf2"
    write_whole(image, uf2(elf, family))
    return replace(measured, uf2=str(image))


def _build_tests(shop: Shop, tests: Sequence[Program], turns: Turns) -> tuple[Unbuilt, ...]:
    """Build all that can be built; the others, each with the words of what failed first."""
    names = [test.name for test in tests]
    command = ["ninja", "-C", str(shop.out), "-k", "0", *names]
    with turns.turn(shop, command):
        status, output = shop.attempt(command, _BUILD_SECONDS)
    if not status:
        return ()
    # What ninja would still do is what it could not do.
    _, left = shop.attempt(["ninja", "-C", str(shop.out), "-n", *names], _CONFIGURE_SECONDS)
    pending = set(re.findall(r"\btests/([\w.+-]+)\.elf\b", "\n".join(left)))
    failed = [test for test in tests if test.name in pending]
    if not failed:
        raise shop.failed(command, status, output)
    return tuple(Unbuilt(test.name, why_unbuilt(test, output, shop.tree)) for test in failed)


def _start(out: Path, settings: str) -> None:
    """Empty a build folder that cannot be gone on with: one that other settings made (CMake keeps
    what it found then, an SDK's folder for one, and mixes it with what it is told now), one whose
    configuring was broken off, or in which the power went while it was built. ninja by itself
    makes again what a killed compiler left half written: its log has no entry for it, or one
    older than what it is made of."""
    made_with = out / MADE_WITH
    found = made_with.read_text() if made_with.is_file() else ""
    if found not in (settings, f"{settings}\n{_building()}"):
        made_with.unlink(missing_ok=True)  # first: half a folder must not look like a whole one
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True, exist_ok=True)
    _mark(out, "being configured")


def _mark(out: Path, state: str) -> None:
    write_whole(out / MADE_WITH, state.encode())


def _building() -> str:
    return f"being built, boot {boot()}"


def _configure_command(port: Port, toolset: Toolset, shop: Shop, board: str) -> list[str]:
    sdk = port.toml.build.sdk
    given = {sdk.variable: str(toolset.sdk), sdk.board_variable: board} if sdk else {}
    given |= {"CMAKE_EXPORT_COMPILE_COMMANDS": "ON", **port.toml.build.cmake}
    if shop.launcher:
        launcher = str(shop.launcher)
        given |= {"CMAKE_C_COMPILER_LAUNCHER": launcher, "CMAKE_CXX_COMPILER_LAUNCHER": launcher}
    generator = port.toml.build.generator
    command = ["cmake", "-G", generator, "-S", str(shop.tree), "-B", str(shop.out)]
    return command + [f"-D{name}={value}" for name, value in given.items()]


def _levels(words: str) -> list[str]:
    """The -O flags of a command, or a part of one."""
    return list(filter(_LEVEL, (word.strip("\"'") for word in _WORD.findall(words))))


def _check_flags(port: Port, tree: Path, out: Path) -> None:
    """Of several -O flags the compiler takes the last; the one that port.toml means must win."""
    commands = json.loads((out / "compile_commands.json").read_text())
    levels_in = cache(_levels)
    for entry in commands:
        if not Path(entry["file"]).is_relative_to(tree):
            continue
        # What stands before the files' names is the same for many.
        flags, _, files = entry["command"].rpartition(" -o ")
        levels = [*levels_in(flags), *_levels(files)]
        if not levels or levels[-1] != port.toml.build.optimisation:
            got = levels[-1] if levels else "no -O flag"
            raise SyncError(
                f"{Path(entry['file']).relative_to(tree)} would be compiled with {got}, "
                f"not {port.toml.build.optimisation}",
                hint="Set flags once, with target_compile_options, in the port's template.",
                exit=Exit.BUILD,
            )
