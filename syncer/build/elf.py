"""What a linked program takes and holds, read from its ELF file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from syncer.build.symtab import read_symbols
from syncer.errors import Exit, SyncError
from syncer.files import file_digest
from syncer.model import Firmware, Program, Section
from syncer.port import Memory


def measure(
    program: Program, board: str, elf: Path, memories: Mapping[Any, tuple[Memory, ...]]
) -> Firmware:
    """Sizes of a linked program by section: bytes that lie in flash (initialised data counts
    there too) and bytes of RAM.

    Raises:
        SyncError: (BUILD) the program was not made, or is no ELF file.
    """
    try:
        with elf.open("rb") as file:
            image = ELFFile(file)
            allocated = [s for s in image.iter_sections() if s["sh_flags"] & SH_FLAGS.SHF_ALLOC]
            loads = [s for s in image.iter_segments() if s["p_type"] == "PT_LOAD"]
            sections = []
            for section in allocated:
                if not section["sh_size"]:
                    continue
                address = int(section["sh_addr"])
                memory = _memory(address, memories)
                stored = section["sh_type"] != "SHT_NOBITS" and any(
                    s["p_vaddr"] <= address < s["p_vaddr"] + s["p_memsz"]
                    and _memory(int(s["p_paddr"]), memories) == "flash"
                    for s in loads
                )
                where = "flash+ram" if memory == "ram" and stored else memory
                sections.append(Section(section.name, address, int(section["sh_size"]), where))
    except FileNotFoundError:
        raise SyncError(
            f"firmware {program.name} was not built: there is no {elf}",
            hint="The port's CMake template must give each firmware a target of its name.",
            exit=Exit.BUILD,
        ) from None
    except ELFError as error:
        raise SyncError(f"{elf}: no ELF file: {error}", exit=Exit.BUILD) from None
    return Firmware(
        name=program.name,
        kind=program.kind,
        board=board,
        elf=str(elf),
        sha256=file_digest(elf),
        flash=sum(s.size for s in sections if "flash" in s.memory),
        ram=sum(s.size for s in sections if "ram" in s.memory),
        sections=tuple(sections),
    )


def _memory(address: int, memories: Mapping[Any, tuple[Memory, ...]]) -> str:
    for name, ranges in memories.items():
        if any(m.start <= address < m.start + m.length for m in ranges):
            return str(name)
    return "other"


def symbols_starting(elf: Path, prefix: str) -> list[int]:
    """Addresses, sorted and without the Thumb bit, of the functions whose linker names start so."""
    with elf.open("rb") as file:
        return sorted(
            {
                symbol.value & ~1
                for symbol in read_symbols(ELFFile(file))
                if symbol.kind == "function" and symbol.name.startswith(prefix)
            }
        )
