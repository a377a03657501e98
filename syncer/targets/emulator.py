"""The emulator as a target."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from syncer.emulator import CLOCK_HZ, Machine
from syncer.targets import Run


class EmulatorTarget:
    """A fresh machine for each program, so that no run can colour the next.

    Args:
        exact: per-access interleaving of both cores, as gates need; False is quicker and counts
            instructions' cycles only.
        bootrom: a file that replaces the built-in boot ROM words.
    """

    name = "emulator"
    clock_hz = CLOCK_HZ

    def __init__(self, *, exact: bool = True, bootrom: Path | None = None) -> None:
        self.exact = exact
        self.bootrom = bootrom

    def run(
        self,
        elf: Path,
        *,
        until: str,
        budget_cycles: int,
        count: int = 1,
        marks: Sequence[int] = (),
    ) -> Run:
        with Machine(bootrom=self.bootrom, clock_hz=self.clock_hz, exact=self.exact) as machine:
            machine.load(elf)
            for address in marks:
                machine.mark(address)
            result = machine.run(until=until, count=count, max_cycles=budget_cycles)
        failure = ""
        if result.reason == "cycles":
            failure = f"still running after {budget_cycles:,} cycles"
        elif result.reason == "fault":
            failure = result.fault or "fault"
        elif result.reason != "line":
            failure = f"stopped ({result.reason}) before it printed {until!r}"
        return Run(result.uart, failure, result.cycles, tuple(result.marks))
