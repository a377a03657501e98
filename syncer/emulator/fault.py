"""A fault, and where a machine stands, as a person reads it: what happened, and both cores'
registers and backtraces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from syncer.emulator import symbols
from syncer.emulator.backtrace import MOST_FRAMES, Backtrace, Frame, Read
from syncer.emulator.debuginfo import DebugInfo

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
    15: "the watchdog was not fed in time; it would reset the chip",
    18: "the watchdog has reset the chip, and there is no program in flash to start again",
    11: "DMA channel {detail}, at 0x{address:08x}: it cannot go there, or waits for a peripheral "
    "that is not modelled",
    12: "more than {detail} marks",
    13: "the host has no memory left",
    14: "ran past the end of memory at 0x{address:08x}",
    # What ended a HardFault handler:
    16: "it turns round at one instruction",
    17: "it sleeps, and nothing is due that could wake it",
}
_SLEEP = ("running", "in WFE", "in WFI", "held in reset")
_HELD = 3
_EXCEPTIONS = {2: "NMI", 3: "HardFault", 11: "SVCall", 14: "PendSV", 15: "SysTick"}
_FIRST_IRQ = 16

Registers = Mapping[str, int]


@dataclass(frozen=True)
class Crash:
    """A fault and how everything was then.

    Args:
        fault: kind, core, pc, address and detail as core/api.h names them.
        cycles: of the core that it is of.
        registers: what Machine.registers gives for both cores.
        end: what ended the firmware's own HardFault handler, a fault as above, and its cycle.
    """

    fault: Mapping[str, int]
    cycles: int
    registers: tuple[Registers, Registers]
    end: tuple[Mapping[str, int], int] | None = None


class Reporter:
    """Describes one machine.

    Args:
        elf: the program's ELF file, for names, source lines and call frames; None: there is none.
        read: the machine's memory.
    """

    def __init__(self, elf: bytes | None, read: Read) -> None:
        self._symbols = symbols.read(elf)
        self._info = DebugInfo(elf)
        self._backtrace = Backtrace(read, self._symbols, self._info)

    def fault(self, crash: Crash) -> str:
        """What happened, and both cores' registers and backtraces."""
        at = {crash.fault["core"]: crash.fault["pc"]}
        lines = [self.headline(crash.fault, crash.cycles), *self._cores(crash.registers, at)]
        if crash.end is not None:
            lines.append(f"its HardFault handler ended: {self.headline(*crash.end)}")
        return "\n".join(lines)

    def headline(self, fault: Mapping[str, int], cycles: int) -> str:
        """What happened, where and when."""
        what = _WHAT[fault["kind"]].format_map(fault)
        pc = fault["pc"]
        name = self._name(pc, pc)
        where = f"0x{pc:08x} ({name})" if name else f"0x{pc:08x}"
        return f"core {fault['core']} at {where}, cycle {cycles}: {what}"

    def standing(self, registers: tuple[Registers, Registers]) -> str:
        """Both cores' registers and backtraces."""
        return "\n".join(self._cores(registers, {}))

    def brief(self, registers: tuple[Registers, Registers]) -> str:
        """Where both cores are, in a line for each."""
        lines = []
        for core, values in enumerate(registers):
            line = f"core {core}, {_state(values)}"
            if values["sleep"] != _HELD:
                first, *callers = self._backtrace.frames(values)
                names = [
                    self._name(frame.address, frame.inside) or f"0x{frame.address:08x}"
                    for frame in callers[:3]
                ]
                line += " <- ".join([f": {self._where(first)}", *names])
            lines.append(line)
        return "\n".join(lines)

    def _cores(self, registers: tuple[Registers, Registers], at: Mapping[int, int]) -> list[str]:
        lines = []
        for core, values in enumerate(registers):
            lines.append(f"core {core}, {_state(values)}:")
            names = [f"r{n}" for n in range(13)] + ["sp", "lr", "pc", "xpsr", "msp", "psp"]
            cells = [f"{name:>4} {values[name]:08x}" for name in names]
            lines += ["  " + " ".join(cells[i : i + 7]) for i in range(0, len(cells), 7)]
            if values["sleep"] == _HELD:
                continue
            frames = self._backtrace.frames(values, at.get(core))
            for number, frame in enumerate(frames[:MOST_FRAMES]):
                guessed = ", guessed" if frame.guessed else ""
                lines.append(f"  #{number:<2} {self._where(frame)}{guessed}")
            if len(frames) > MOST_FRAMES:
                lines.append(f"  ... and more than these {MOST_FRAMES}")
        return lines

    def _name(self, address: int, inside: int) -> str:
        function = self._symbols.at(inside)
        return "" if function is None else f"{function.name}+0x{address - function.start:x}"

    def _where(self, frame: Frame) -> str:
        parts = (
            f"0x{frame.address:08x}",
            self._name(frame.address, frame.inside),
            self._info.line(frame.inside),
        )
        return " ".join(filter(None, parts))


def _state(values: Registers) -> str:
    number = values["xpsr"] & 0x3F
    if not number:
        return _SLEEP[values["sleep"]]
    name = _EXCEPTIONS.get(number, f"exception {number}")
    if number >= _FIRST_IRQ:
        name = f"IRQ {number - _FIRST_IRQ}"
    return f"{_SLEEP[values['sleep']]}, handling {name}"
