"""Small programs for the emulator's tests, assembled and linked from firmware/."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

FIRMWARE = Path(__file__).parent / "firmware"
RESULTS = 0x20030000  # where programs leave what they found


@dataclass(frozen=True)
class Program:
    path: Path
    symbols: dict[str, int]

    def __getitem__(self, name: str) -> int:
        """A symbol's address, without the Thumb bit."""
        return self.symbols[name] & ~1


Build = Callable[..., Program]


def build(folder: Path, name: str, script: str = "link.ld", option: str = "-g0") -> Program:
    """firmware/<name>.S, linked into `folder` unless it is there."""
    elf = folder / f"{name}.{script}.elf" if option == "-g0" else folder / f"{name}{option}.elf"
    if not elf.exists():
        command = [
            "arm-none-eabi-gcc",
            "-mcpu=cortex-m0plus",
            "-mthumb",
            "-nostdlib",
            "-static",
            option,
        ]
        command += ["-Wl,--build-id=none", "-Wl,--no-warn-rwx-segments,-n"]
        sources = [FIRMWARE / f"{name}.S", FIRMWARE / "common.S"]
        subprocess.run([*command, "-T", FIRMWARE / script, *sources, "-o", elf], check=True)
    with elf.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        symbols = {symbol.name: symbol["st_value"] for symbol in table.iter_symbols()}
    return Program(elf, symbols)
