"""The instruction trace: every instruction of both cores, with its cycle, in text."""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable
from typing import Any

import capstone

from syncer.emulator import symbols
from syncer.emulator.machine import Machine
from syncer.errors import Exit, SyncError

_AT_ONCE = 4096


class Tracer:
    """Traces a machine, from when it is made on: hand `take` to Machine.run as `on_slice`.

    Args:
        write: is given lines, with their ends: cycle, core, address, function, instruction.

    Raises:
        SyncError: the host has no memory for it.
    """

    def __init__(self, machine: Machine, write: Callable[[str], Any]) -> None:
        self._machine = machine
        self._write = write
        self._symbols = symbols.read(machine.elf)
        self._disassembler = capstone.Cs(
            capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS
        )
        self._line = functools.lru_cache(maxsize=1 << 17)(self._describe)
        ffi, lib, m = machine.core
        self._buffer = ffi.new("struct Trace[]", _AT_ONCE)
        if not lib.machine_trace(m, True):
            raise SyncError("the host has no memory for a trace", exit=Exit.ENVIRONMENT)

    def take(self) -> None:
        """Writes what has been executed since it was last called."""
        _, lib, m = self._machine.core
        while count := lib.machine_take_trace(m, self._buffer, _AT_ONCE):
            entries = (self._buffer[i] for i in range(count))
            self._write(
                "".join(f"{e.cycle:>10} {e.core} {self._line(e.pc, e.code)}" for e in entries)
            )

    def _describe(self, pc: int, code: int) -> str:
        function = self._symbols.at(pc)
        where = f"{function.name}+0x{pc - function.start:x}" if function else "-"
        decoded = next(self._disassembler.disasm_lite(struct.pack("<I", code), pc, 1), None)
        if decoded is None:
            return f"{pc:08x} {where}: .short 0x{code & 0xFFFF:04x}\n"
        _, _, mnemonic, operands = decoded
        return f"{pc:08x} {where}: {mnemonic} {operands}".rstrip() + "\n"
