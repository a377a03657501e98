"""What of a source reached the programs: ninja's log says what was compiled of it, the programs'
debug information which file each function comes from.

A linker map would name objects by their last name only, and two files of TFLM's share it with
others (kernels/conv.cc, kernels/cmsis_nn/conv.cc).
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from elftools.common.exceptions import DWARFError, ELFError
from elftools.elf.elffile import ELFFile

from syncer.build.symtab import read_symbols
from syncer.build.units import code_ranges
from syncer.errors import Exit, SyncError


@dataclass(frozen=True)
class Function:
    """A function of a linked program: its linker name, its address without the Thumb bit, the
    file it comes from (a path in the tree, else as the compiler has it; empty if it was compiled
    without debug information), and whether other files can call it by that name."""

    name: str
    address: int
    source: str
    exported: bool


@dataclass(frozen=True)
class Program:
    """A linked program's functions, and every file that something of was linked."""

    functions: tuple[Function, ...]
    sources: frozenset[str]
    data: frozenset[str]  # names of exported objects


def read_program(elf: Path, tree: Path) -> Program:
    """What is in a linked program.

    Raises:
        SyncError: (BUILD) it has no debug information, or damaged one, so nobody can tell.
    """
    try:
        return _read(elf, tree)
    except (ELFError, DWARFError) as error:
        raise SyncError(f"{elf}: cannot be read: {error}", exit=Exit.BUILD) from None


def _read(elf: Path, tree: Path) -> Program:
    with elf.open("rb") as file:
        image = ELFFile(file)
        place = cache(_Places(tree).of)
        ranges = [
            (start, end, place(name, folder) if name else "")
            for start, end, name, folder in code_ranges(image)
        ]
        if not ranges:
            raise SyncError(
                f"{elf} has no debug information: what was linked into it cannot be told",
                hint="Compile with -g; it takes no room in the program's memory.",
                exit=Exit.BUILD,
            )
        starts = [start for start, _, _ in ranges]
        functions, data = [], set()
        thumb = ~1 if image["e_machine"] == "EM_ARM" else ~0
        for symbol in read_symbols(image):
            if not symbol.placed:
                continue
            if symbol.kind == "function":
                address = symbol.value & thumb
                at = bisect_right(starts, address) - 1
                known = at >= 0 and address < ranges[at][1]
                source = ranges[at][2] if known else ""
                functions.append(Function(symbol.name, address, source, not symbol.local))
            elif not symbol.local:
                data.add(symbol.name)
    return Program(tuple(functions), frozenset(source for _, _, source in ranges), frozenset(data))


class _Places:
    """Where the files that compilers name are in a tree."""

    def __init__(self, tree: Path) -> None:
        self._tree = f"{os.path.realpath(tree)}/"
        self._real = cache(os.path.realpath)  # many files lie in one folder

    def of(self, name: str, folder: str) -> str:
        """The path in the tree of a source that the compiler calls `name`, in `folder`; else its
        name. With -ffile-prefix-map it is a path in the tree already."""
        full = os.path.join(folder, name)  # noqa: PTH118 (there are thousands)
        if full.startswith("/"):
            place, _, last = full.rpartition("/")
            real = f"{self._real(place)}/{last}"
            if last in ("", ".", "..") or os.path.islink(real):  # noqa: PTH114
                real = os.path.realpath(full)
            if real.startswith(self._tree):
                return real.removeprefix(self._tree)
        return os.path.normpath(name)


def exported_names(object_file: Path) -> tuple[frozenset[str], frozenset[str]]:
    """The functions and the data that a compiled object offers to others, by linker name, but
    those of which every object may bring its own copy (inline functions, in section groups)."""
    with object_file.open("rb") as file:
        image = ELFFile(file)
        grouped = {
            index
            for section in image.iter_sections()
            if section["sh_type"] == "SHT_GROUP"
            for index in _words(section.data(), image.little_endian)[1:]
        }
        names: dict[str, set[str]] = {"function": set(), "object": set()}
        for symbol in read_symbols(image):
            if symbol.placed and not symbol.local and symbol.section not in grouped:
                names[symbol.kind].add(symbol.name)
    return frozenset(names["function"]), frozenset(names["object"])


def _words(data: bytes, little: bool) -> list[int]:
    order: Literal["little", "big"] = "little" if little else "big"
    return [int.from_bytes(data[i : i + 4], order) for i in range(0, len(data), 4)]


def compiled(ninja: str, out: Path, tree: Path) -> dict[Path, tuple[str, ...]]:
    """Every object that the build in `out` made, with the files it was made of, its source
    first, as ninja's own log of dependencies has them; those of the tree by their path in it, the
    others in full. What goes into a precompiled header goes into all that is compiled with it.

    Raises:
        SyncError: (BUILD) ninja cannot read its log.
    """
    done = subprocess.run(
        [ninja, "-C", str(out), "-t", "deps"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SyncError(
            f"ninja -t deps failed in {out}", exit=Exit.BUILD, detail=done.stderr or done.stdout
        )
    found: dict[Path, tuple[str, ...]] = {}
    places, start = _Places(tree), f"{out}/"
    place = cache(lambda line: places.of(os.path.join(start, line.strip()), ""))  # noqa: PTH118
    for block in re.split(r"\n\n+", done.stdout):
        head, *files = block.splitlines() or [""]
        name, _, state = head.rpartition(": #deps")
        if name and state.endswith("(VALID)"):
            found[out / name] = tuple(place(line) for line in files)
    for path, header in _precompiled(out).items():
        if path in found:
            found[path] += found.get(header, ())
    return found


def _precompiled(out: Path) -> dict[Path, Path]:
    """Objects that are compiled with a precompiled header, which no log of dependencies names:
    the compiler takes it for the header that the command includes."""
    headers: dict[Path, Path] = {}
    for entry in json.loads((out / "compile_commands.json").read_text()):
        # Of a command of some kilobytes only these two words are wanted.
        words = [re.search(rf" {x} ((?:\\.|\S)+)", entry["command"]) for x in ("-o", "-include")]
        paths = [Path(entry["directory"], *shlex.split(word[1])) for word in words if word]
        if len(paths) == 2:
            headers[paths[0]] = paths[1].with_name(f"{paths[1].name}.gch")
    return headers
