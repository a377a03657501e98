"""Where firmware runs. One protocol; the emulator is one implementation, a board another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Run:
    """What a program did: its serial output and, where the target counts them, cycles of
    clk_sys and each execution of a marked address as (address, core, cycle). `counts` are as many:
    how often each counted address was executed between the mark before (or the start) and this
    one. `failure` says why it stopped before the line waited for (a hang, a fault), else it is
    empty."""

    output: str
    failure: str = ""
    cycles: int | None = None
    marks: tuple[tuple[int, int, int], ...] = ()
    counts: tuple[Mapping[int, int], ...] = ()


class Target(Protocol):
    """Runs one program from reset."""

    name: str
    clock_hz: int

    def run(
        self,
        elf: Path,
        *,
        until: str,
        budget_cycles: int,
        count: int = 1,
        marks: Sequence[int] = (),
        counted: Sequence[int] = (),
    ) -> Run:
        """Run `elf` until `count` lines containing `until` were printed, or the budget is spent.
        `marks` and `counted` are addresses of code, without the Thumb bit."""
        ...
