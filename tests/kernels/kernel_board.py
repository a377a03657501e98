"""The kernels on both cores of the emulated RP2040, with or without interrupts at random."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile
from kernel_library import ASSEMBLY, INCLUDE, KERNELS, SOURCES, WARNINGS
from kernel_target import TargetKernels

from syncer.emulator import Machine

HERE = Path(__file__).parent
RAM_END = 0x2004_0000


def build(target: Path) -> Path:
    sources = [SOURCES / name for name in (*KERNELS, *ASSEMBLY, "dual_core.c", "dual_core_stack.S")]
    command = ["arm-none-eabi-gcc", "-mcpu=cortex-m0plus", "-mthumb", "-std=gnu11", "-O3"]
    command += [*WARNINGS, "-fno-tree-loop-distribute-patterns", "-nostartfiles"]
    command += ["-DPICO_ON_DEVICE=1", "-DPICO_RP2040=1", "-DKERNELS_WEIGHTS_BY_DMA=0"]
    command += [f"-I{folder}" for folder in (SOURCES, INCLUDE, HERE / "sdk")]
    command += [f"-Wl,-T,{HERE / 'board' / 'board.ld'}", "-Wl,--no-warn-rwx-segments"]
    command += [*map(str, sources), str(HERE / "board" / "board.c"), "-o", str(target)]
    subprocess.run(command, check=True, timeout=120)
    return target


class _Memory:
    """The machine's memory as kernel_target uses Unicorn's."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def mem_write(self, address: int, data: bytes) -> None:
        self._machine.write(address, data)

    def mem_read(self, address: int, size: int) -> bytes:
        return self._machine.read(address, size)


@dataclass
class BoardKernels(TargetKernels):
    """The same face as kernel_target.TargetKernels. `order` is not used: parts run as they do."""

    cores: int = 2
    interrupts: bool = False
    _sizes: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._machine = Machine(exact=False)
        self._machine.load(self.program)
        self._cpu: Any = _Memory(self._machine)
        with self.program.open("rb") as file:
            table: Any = ELFFile(file).get_section_by_name(".symtab")
            for symbol in table.iter_symbols():
                self._symbols[symbol.name] = symbol["st_value"]
                self._sizes[symbol.name] = symbol["st_size"]
        self._free = self._symbols["heap"]
        if self.interrupts:
            self._machine.write(self._symbols["interrupts_wanted"], b"\1")
        if self.cores == 1:
            self._call("dual_core_disable")

    def _call(self, function: str, *arguments: int) -> int:
        assert self._free < RAM_END, "the layer is too large for the board"
        request = self._symbols["request"]
        words = [word & 0xFFFF_FFFF for word in arguments]
        data = b"".join(word.to_bytes(4, "little") for word in words)
        self._machine.write(request + 4, data)
        self._machine.write(request, (self._symbols[function] | 1).to_bytes(4, "little"))
        done = self._machine.run(until=".", max_cycles=500_000_000)
        assert done.reason == "line", done.fault or done.reason
        self._free = self._symbols["heap"]
        return int.from_bytes(self._machine.read(request + 4 + 64, 4), "little")

    def word(self, name: str, index: int = 0) -> int:
        """A variable of the program's."""
        place = self._symbols[name] + 4 * index
        return int.from_bytes(self._machine.read(place, 4), "little")

    def stack_left(self, name: str) -> int:
        """Bytes of a stack that were never used."""
        data = self._machine.read(self._symbols[name], self._sizes[name])
        return len(data) - len(data.lstrip(b"\0"))
