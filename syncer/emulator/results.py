"""What a run, and a look inside a machine, give."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    Attributes:
        reason: "line" (the text was seen), "cycles" (max_cycles are over), "fault", "asleep" (both
            cores sleep and nothing is due), "exit" (the C library's _exit was reached), or "break",
            "watchpoint" or "step" (what a debugger asked for: debug.py).
        cycles: clk_sys cycles since reset, of the core that ended the run.
        uart: what UART0 sent in this run.
        fault: what happened and both cores' registers, or None.
        marks: (address, core, cycle) for each execution of a marked address in this run.
        instructions: executed in this run, both cores together.
        uart1: what UART1 sent in this run.
    """

    reason: str
    cycles: int
    uart: str
    fault: str | None
    marks: list[tuple[int, int, int]]
    instructions: int
    uart1: str = ""


@dataclass(frozen=True)
class Counters:
    """One core's counts since reset; what `struct Counters` in core/api.h says."""

    cycles: int
    instructions: int
    xip_accesses: int
    xip_misses: int
    xip_data_accesses: int
    xip_data_misses: int
    stall_xip_fill: int
    stall_xip_port: int
    stall_bank: int


@dataclass(frozen=True)
class Unmapped:
    """Accesses to registers that nothing models, in the 4 KB block of `first`, the first address
    accessed there."""

    first: int
    reads: int
    writes: int
