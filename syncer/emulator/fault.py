"""A fault as a person reads it: what happened, where, and both cores' registers."""

from __future__ import annotations

import bisect
import io
from collections.abc import Callable, Mapping

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

_WHAT: dict[int, str] = {
    1: "read from 0x{address:08x}, where nothing answers",
    2: "write to 0x{address:08x}, where nothing answers",
    3: "branch to 0x{address:08x}, where no code can be",
    4: "unaligned access to 0x{address:08x}",
    5: "undefined instruction 0x{detail:04x}",
    6: "breakpoint (bkpt #{detail})",
    7: "branch to 0x{address:08x}, which has no Thumb bit",
    8: "bad exception return 0x{address:08x}",
    9: "svc #{detail} where its priority does not allow it",
    10: "reset requested through 0x{address:08x}",
    11: "DMA channel {detail}, at 0x{address:08x}: it cannot go there, or waits for a peripheral "
    "that is not modelled",
    12: "more than {detail} marks",
    13: "the host has no memory left",
    14: "ran past the end of memory at 0x{address:08x}",
}
_SLEEP = ("running", "in WFE", "in WFI", "held in reset")

Symbolise = Callable[[int], str]


def symboliser(elf: bytes | None) -> Symbolise:
    """A function from an address to " (function+0x12)", or to "" where no symbol is known."""
    symbols = _function_symbols(elf) if elf else []
    starts = [address for address, _, _ in symbols]

    def symbolise(address: int) -> str:
        at = bisect.bisect_right(starts, address) - 1
        if at < 0:
            return ""
        start, size, name = symbols[at]
        if size and address >= start + size:
            return ""
        return f" ({name}+0x{address - start:x})"

    return symbolise


def _function_symbols(elf: bytes) -> list[tuple[int, int, str]]:
    try:
        found = []
        for section in ELFFile(io.BytesIO(elf)).iter_sections():
            if not isinstance(section, SymbolTableSection):
                continue
            for symbol in section.iter_symbols():
                if symbol["st_info"]["type"] == "STT_FUNC":
                    found.append((symbol["st_value"] & ~1, symbol["st_size"], symbol.name))
        return sorted(found)
    except Exception:  # a damaged symbol table costs names, not the report
        return []


def describe(
    fault: Mapping[str, int],
    cycles: int,
    registers: tuple[Mapping[str, int], Mapping[str, int]],
    symbolise: Symbolise,
) -> str:
    """`fault` has kind, core, pc, address and detail as core/api.h names them; `registers` is what
    Machine.registers gives for both cores."""
    what = _WHAT[fault["kind"]].format_map(fault)
    pc = fault["pc"]
    lines = [f"core {fault['core']} at 0x{pc:08x}{symbolise(pc)}, cycle {cycles}: {what}"]
    for core, values in enumerate(registers):
        lines.append(f"core {core}, {_SLEEP[values['sleep']]}:")
        names = [f"r{n}" for n in range(13)] + ["sp", "lr", "pc", "xpsr", "msp", "psp"]
        cells = [f"{name:>4} {values[name]:08x}" for name in names]
        lines += ["  " + " ".join(cells[i : i + 7]) for i in range(0, len(cells), 7)]
        for name in ("pc", "lr"):
            if place := symbolise(values[name] & ~1):
                lines.append(f"  {name:>4} is{place.replace('(', '').replace(')', '')}")
    return "\n".join(lines)
