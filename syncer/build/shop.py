"""Where a build's commands run, under what, and with what they are told."""

from __future__ import annotations

import errno
import os
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from syncer import foreign
from syncer.build.failure import last_words
from syncer.build.tools import CompilerCache, Toolset
from syncer.errors import Exit, SyncError

_NO_SPACE = os.strerror(errno.ENOSPC)


@dataclass(frozen=True)
class Shop:
    """A board's build: of the generated `tree`, in the folder `out`. Its commands and their output
    are written to `said`; errors name `log`, where people look. `say` is told each of ninja's
    steps; `launcher` starts the compilers, if there is one."""

    tree: Path
    out: Path
    said: TextIO
    log: Path
    say: Callable[[str], None]
    sandbox: foreign.Sandbox
    room: foreign.Room
    environment: dict[str, str]
    launcher: Path | None

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
        as_told = os.path.relpath(self.tree, self.out)  # to the compilers, by ccache

        def on_line(line: str) -> None:
            line = line.replace(as_told, str(self.tree))
            self.said.write(line + "\n")
            lines.append(line)
            if step := re.match(r"\[\d+/\d+\]", line):
                self.say(step[0])

        self.said.write(f"$ {shlex.join(command)}\n")
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

    def ask(self, command: Sequence[str], seconds: int) -> list[str]:
        """What a command says that does nothing; the log says nothing of it."""
        return foreign.run(
            command,
            self.room,
            seconds=seconds,
            sandbox=self.sandbox,
            environment=self.environment,
        ).out.splitlines()


def make_shop(
    toolset: Toolset,
    cache: CompilerCache | None,
    tree: Path,
    out: Path,
    sandbox: foreign.Sandbox,
    log: Path,
    said: TextIO,
    say: Callable[[str], None],
) -> Shop:
    """A shop with what the tools of `toolset` need, and `cache` to keep what compilers made."""
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
    launcher = cache.program if cache else None
    return Shop(tree, out, said, log, say, sandbox, room, environment, launcher)
