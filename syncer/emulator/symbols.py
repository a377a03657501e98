"""Functions and source lines of a firmware, from its ELF file."""

from __future__ import annotations

import bisect
import io
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

ROM_END = 0x4000
_FILTERS = ("arm-none-eabi-c++filt", "c++filt")


@dataclass(frozen=True)
class Function:
    start: int
    end: int  # exclusive
    name: str


@dataclass(frozen=True)
class Symbols:
    """What a program's symbol table says of its code; without an ELF file only the boot ROM."""

    functions: tuple[Function, ...]  # in the order of their addresses, none inside another

    def at(self, address: int) -> Function | None:
        place = bisect.bisect_right(self._starts, address) - 1
        if place < 0 or address >= self.functions[place].end:
            return None
        return self.functions[place]

    def find(self, name: str) -> int | None:
        """The address of a function."""
        return next((f.start for f in self.functions if f.name == name), None)

    @cached_property
    def _starts(self) -> list[int]:
        return [function.start for function in self.functions]


def read(elf: bytes | None) -> Symbols:
    """The functions of an ELF file, C++ names in plain (where binutils' c++filt is there), without
    their arguments. A damaged symbol table costs names, not the run."""
    try:
        found = _from_table(elf) if elf else {}
    except Exception:  # the parser has no one exception for a damaged file
        found = {}
    starts = sorted(found)
    functions = []
    for start, following in zip(starts, [*starts, 1 << 32][1:], strict=True):
        size, name = found[start]
        # Hand-written assembly often gives no size: then up to the next one, within reason.
        end = start + size if size else min(following, start + 0x1000)
        functions.append(Function(start, min(end, following), name))
    names = _plain([function.name for function in functions])
    functions = [Function(f.start, f.end, n) for f, n in zip(functions, names, strict=True)]
    if not functions or functions[0].start >= ROM_END:
        functions.insert(0, Function(0, ROM_END, "(boot ROM)"))
    return Symbols(tuple(functions))


def _from_table(elf: bytes) -> dict[int, tuple[int, str]]:
    """Size and name by address; of several names the global one with a size."""
    found: dict[int, tuple[int, int, str]] = {}
    for section in ELFFile(io.BytesIO(elf)).iter_sections():
        if not isinstance(section, SymbolTableSection):
            continue
        for symbol in section.iter_symbols():
            if symbol["st_info"]["type"] != "STT_FUNC" or symbol["st_shndx"] == "SHN_UNDEF":
                continue
            weight = 2 * bool(symbol["st_size"]) + (symbol["st_info"]["bind"] == "STB_GLOBAL")
            start = symbol["st_value"] & ~1
            if weight >= found.get(start, (-1, 0, ""))[0]:
                found[start] = (weight, symbol["st_size"], symbol.name)
    return {start: (size, name) for start, (_, size, name) in found.items()}


def _plain(names: list[str]) -> list[str]:
    tool = next(filter(None, map(shutil.which, _FILTERS)), None)
    if tool is None or not any(name.startswith("_Z") for name in names):
        return names
    done = subprocess.run(
        [tool, "--no-params"], input="\n".join(names), capture_output=True, text=True, check=False
    )
    plain = done.stdout.splitlines()
    return plain if done.returncode == 0 and len(plain) == len(names) else names
