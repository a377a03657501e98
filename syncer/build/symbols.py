"""A linked program's sizes by section and symbol, and names as people write them."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from elftools.elf.elffile import ELFFile

from syncer.build.symtab import read_symbols
from syncer.model import Firmware


def program_sizes(firmware: Firmware) -> dict[tuple[str, str], int]:
    """Bytes by (section or symbol, memory). Symbols are functions and objects by linker name;
    those of one name (static ones of several files) are summed, and of several names for one
    place the first in order counts."""
    memory = {section.name: section.memory for section in firmware.sections}
    sizes = Counter({(s.name, s.memory): s.size for s in firmware.sections})
    with Path(firmware.elf).open("rb") as file:
        image = ELFFile(file)
        places: dict[tuple[int, int, int], str] = {}
        for symbol in read_symbols(image):
            if symbol.placed and symbol.size:
                key = (symbol.section, symbol.value, symbol.size)
                places[key] = min(symbol.name, places.get(key, symbol.name))
        names = {i: section.name for i, section in enumerate(image.iter_sections())}
    for (index, _, size), name in places.items():
        where = memory.get(names.get(index, ""))
        if where:
            sizes[name, where] += size
    return dict(sizes)


def demangled(names: Iterable[str], prefix: str) -> dict[str, str]:
    """C++ names as they stand in sources, by linker name, as the toolchain's own c++filt (with
    the toolchain's `prefix`) says; without one, the linker's names."""
    wanted = sorted(set(names))
    program = shutil.which(f"{prefix}c++filt")
    if not program or not wanted:
        return {name: name for name in wanted}
    done = subprocess.run(
        [program], input="\n".join(wanted), capture_output=True, text=True, check=False
    )
    lines = done.stdout.splitlines()
    return dict(zip(wanted, lines if len(lines) == len(wanted) else wanted, strict=True))
