"""The emulator as a target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from syncer.emulator import Machine
from syncer.targets import Run

CLOCK_HZ = 125_000_000


class EmulatorTarget:
    """A fresh machine for each program, so that no run can colour the next.

    Args:
        exact: per-access interleaving of both cores, as gates need; False is quicker and counts
            instructions' cycles only.
        bootrom: a file that replaces the built-in boot ROM words.
    """

    name = "emulator"

    def __init__(
        self, *, exact: bool = True, bootrom: Path | None = None, clock_hz: int = CLOCK_HZ
    ) -> None:
        self.exact = exact
        self.bootrom = bootrom
        self.clock_hz = clock_hz

    def run(
        self,
        elf: Path,
        *,
        until: str,
        budget_cycles: int,
        count: int = 1,
        marks: Sequence[int] = (),
        on_line: Callable[[str], None] | None = None,
    ) -> Run:
        with Machine(bootrom=self.bootrom, clock_hz=self.clock_hz, exact=self.exact) as machine:
            machine.load(elf)
            for address in marks:
                machine.mark(address)
            result = machine.run(
                until=until, count=count, max_cycles=budget_cycles, on_line=on_line
            )
        failure = ""
        if result.reason == "cycles":
            failure = f"still running after {budget_cycles:,} cycles"
        elif result.reason == "fault":
            failure = result.fault or "fault"
        elif result.reason != "line":
            failure = f"stopped ({result.reason}) before it printed {until!r}"
        return Run(result.uart, failure, result.cycles, tuple(result.marks))
