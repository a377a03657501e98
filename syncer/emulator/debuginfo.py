"""What an ELF file's debugging information says of an address: its source line, and how to find the
caller's registers (DWARF 5, sections 6.2 and 6.4)."""

from __future__ import annotations

import bisect
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from elftools.dwarf.callframe import FDE
from elftools.elf.elffile import ELFFile

from syncer.emulator.symbols import ROM_END


@dataclass(frozen=True)
class CallFrame:
    """The canonical frame address is register `register` + `offset`; a saved register (its DWARF
    number: r0 to r15) lies at that address + saved[number], or has no value any more (None)."""

    register: int
    offset: int
    saved: Mapping[int, int | None]


class DebugInfo:
    """Of a program; there may be none, and a damaged one costs its answers, not the report: the
    parser has no one exception for it."""

    def __init__(self, elf: bytes | None) -> None:
        self._elf = elf
        self._rows: dict[int, list[Any]] = {}

    def line(self, address: int) -> str:
        """ "file:line" of the instruction at `address`, or ""."""
        try:
            return self._line(address)
        except Exception:
            return ""

    def call_frame(self, address: int) -> CallFrame | None:
        """How the instruction at `address` finds its caller, where .debug_frame says so."""
        try:
            return self._call_frame(address)
        except Exception:
            return None

    @cached_property
    def _dwarf(self) -> Any:
        # Never a file that the firmware names.
        return ELFFile(io.BytesIO(self._elf or b"")).get_dwarf_info(follow_links=False)

    @cached_property
    def _ranges(self) -> Any:
        return self._dwarf.get_aranges()

    def _line(self, address: int) -> str:
        # What the linker threw away is described too, at 0.
        place = self._ranges.cu_offset_at_addr(address) if address >= ROM_END else None
        if place is None:
            return ""
        program = self._dwarf.line_program_for_CU(self._dwarf.get_CU_at(place))
        if place not in self._rows:
            states = [entry.state for entry in program.get_entries()]
            self._rows[place] = [state for state in states if state is not None]
        rows = self._rows[place]
        for row, following in pairwise(rows):
            if not row.end_sequence and row.address <= address < following.address:
                first = 0 if program.header.version >= 5 else 1
                name = program["file_entry"][row.file - first].name
                return f"{name.decode('utf-8', 'replace')}:{row.line}"
        return ""

    @cached_property
    def _entries(self) -> list[FDE]:
        entries = [entry for entry in self._dwarf.CFI_entries() if isinstance(entry, FDE)]
        return sorted(entries, key=lambda entry: entry["initial_location"])

    @cached_property
    def _starts(self) -> list[int]:
        return [entry["initial_location"] for entry in self._entries]

    def _call_frame(self, address: int) -> CallFrame | None:
        at = bisect.bisect_right(self._starts, address) - 1
        if (
            at < 0
            or address < ROM_END
            or address >= self._starts[at] + self._entries[at]["address_range"]
        ):
            return None
        table = self._entries[at].get_decoded().table
        row = next(row for row in reversed(table) if row["pc"] <= address)
        if row["cfa"].reg is None:  # an expression: nothing that compilers make for this core
            return None
        saved = {
            number: {"OFFSET": rule.arg, "UNDEFINED": None}[rule.type]
            for number, rule in row.items()
            if isinstance(number, int) and rule.type != "SAME_VALUE"
        }
        return CallFrame(row["cfa"].reg, row["cfa"].offset, saved)
