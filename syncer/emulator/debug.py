"""Breakpoints, watchpoints, single steps and registers of a machine, for debuggers."""

from __future__ import annotations

from enum import IntEnum

from syncer.emulator.machine import Machine
from syncer.errors import SyncError


class Access(IntEnum):
    """What a watchpoint looks for; `enum WatchKind` in core/api.h."""

    WRITE = 1
    READ = 2
    ANY = 3


# In the order of machine_set_register's numbers.
REGISTERS = (
    *(f"r{n}" for n in range(13)),
    *("sp", "lr", "pc", "xpsr", "msp", "psp", "primask", "control"),
)


class Debugger:
    """Stops a machine's runs: Machine.run then ends with "break", "watchpoint" or "step". As long
    as one is there, runs are slower, to the same cycles."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def breakpoint(self, address: int, on: bool = True) -> None:
        """Stop before the instruction at `address`, unless a run begins there.

        Raises:
            SyncError: the host has no memory for it.
        """
        _, lib, m = self._machine.core
        if not lib.machine_break(m, address & ~1, on):
            raise SyncError("the host has no memory for a breakpoint")

    def watchpoint(self, address: int, size: int, kind: Access, on: bool = True) -> None:
        """Stop after an instruction of either core has accessed any of `size` bytes.

        Raises:
            SyncError: there are 16 already.
        """
        _, lib, m = self._machine.core
        if not lib.machine_watchpoint(m, address, size, kind, on):
            raise SyncError("there is no room for more than 16 watchpoints")

    def step(self, core: int) -> None:
        """The next run ends when `core` has executed an instruction."""
        _, lib, m = self._machine.core
        lib.machine_step(m, core)

    def stopped(self) -> tuple[int, int, int]:
        """Of the last "break", "watchpoint" or "step": core, address, kind of the watchpoint."""
        ffi, lib, m = self._machine.core
        at = ffi.new("struct Stopped *")
        lib.machine_stopped(m, at)
        return at.core, at.address, at.kind

    def set_register(self, core: int, name: str, value: int) -> None:
        """Changes a register by its name in REGISTERS; of xpsr the flags.

        Raises:
            SyncError: there is no such register, or no code can be at that pc.
        """
        _, lib, m = self._machine.core
        known = name in REGISTERS
        if not known or not lib.machine_set_register(
            m, core, REGISTERS.index(name), value & 0xFFFFFFFF
        ):
            raise SyncError(f"{name} cannot be set to 0x{value:x}")
