"""sync.sizes, beside sync.lock: what each section and symbol of the accepted programs takes.

A row is bytes, memory, programs (by number) and a name: a section's, which begins with a dot, or a
symbol's as the linker has it. What is equal in several programs stands there once, and symbols of
less than `LEAST` bytes not at all, so that the file stays small and its diff readable.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from syncer.errors import SyncError
from syncer.model import SizeMove

# program, by the name its figures have -> (name, memory) -> bytes
Sizes = Mapping[str, Mapping[tuple[str, str], int]]

LEAST = 32
_HEADER = (
    "# What the accepted programs take, in bytes: size, memory, programs, section or symbol.\n"
    f"# Written by sync. Symbols of less than {LEAST} bytes are left out.\n"
)
_PROGRAM = re.compile(r"program (\d+) (\S+)")
_ROW = re.compile(r"(\d+) (\S+) (\d+(?:,\d+)*) (.+)")


def sizes_text(sizes: Sizes) -> str:
    """The file's text; equal sizes give equal bytes."""
    programs = {name: str(number) for number, name in enumerate(sorted(sizes), 1)}
    rows: dict[tuple[str, str, int], list[str]] = defaultdict(list)
    for program, number in programs.items():
        for (name, memory), size in sizes[program].items():
            if size >= LEAST or name.startswith("."):
                rows[_printable(name), memory, size].append(number)
    lines = [f"program {number} {name}" for name, number in programs.items()]
    lines += [
        f"{size} {memory} {','.join(held)} {name}"
        for (name, memory, size), held in sorted(rows.items())
    ]
    return _HEADER + "".join(f"{line}\n" for line in lines)


def _printable(name: str) -> str:
    return "".join(char if char.isprintable() and char.isascii() else "?" for char in name)


def load_sizes(file: Path) -> dict[str, dict[tuple[str, str], int]]:
    """Read sync.sizes; none accepted where there is no file.

    Raises:
        SyncError: it cannot be read, or a line is not of the form `sizes_text` writes.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SyncError(f"{file}: cannot be read: {error}") from None
    names: dict[str, str] = {}
    sizes: dict[str, dict[tuple[str, str], int]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        program, row = _PROGRAM.fullmatch(line), _ROW.fullmatch(line)
        if program:
            names[program[1]] = program[2]
            sizes[program[2]] = {}
        elif row and names.keys() >= set(row[3].split(",")):
            for held in row[3].split(","):
                sizes[names[held]][row[4], row[2]] = int(row[1])
        elif line and not line.startswith("#"):
            raise SyncError(
                f"{file}:{number}: {line[:80]!r} is no row of sizes",
                hint=f"Restore it from git: git checkout -- {file.name}",
            )
    return sizes


def largest(old: Sizes, new: Sizes, most: int = 10) -> tuple[SizeMove, ...]:
    """What each program takes now, beside `old`: its sections in order of their size, then the
    `most` symbols that take most."""
    found: list[SizeMove] = []
    for program in sorted(new):
        before = old.get(program, {})
        every = [
            SizeMove(program, *key, before.get(key, 0), size) for key, size in new[program].items()
        ]
        every.sort(key=lambda item: (-item.new, item.name, item.memory))
        found += [item for item in every if item.name.startswith(".") and item.new]
        found += [item for item in every if not item.name.startswith(".")][:most]
    return tuple(found)


def moves(old: Sizes, new: Sizes, most: int = 10) -> tuple[SizeMove, ...]:
    """What moved between two builds: of every program in both, each section that did, and the
    `most` symbols that moved most."""
    found: list[SizeMove] = []
    for program in sorted(old.keys() & new.keys()):
        before, after = old[program], new[program]
        moved = sorted(
            (
                SizeMove(program, *key, before.get(key, 0), after.get(key, 0))
                for key in before.keys() | after.keys()
                if before.get(key, 0) != after.get(key, 0)
            ),
            key=lambda move: (-abs(move.new - move.old), move.name, move.memory),
        )
        found += [move for move in moved if move.name.startswith(".")]
        found += _symbols(moved)[:most]
    return tuple(found)


def _symbols(moved: Iterable[SizeMove]) -> list[SizeMove]:
    """Symbols that moved. Of one that is listed on one side only, and is small there, it cannot
    be told whether it came or merely grew."""
    symbols = [move for move in moved if not move.name.startswith(".")]
    return [m for m in symbols if (m.old and m.new) or max(m.old, m.new) >= 2 * LEAST]
