"""The emulator as a target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from syncer.emulator import CLOCK_HZ, Machine
from syncer.emulator.bootrom import load as load_bootrom
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
        if bootrom:  # a wrong one is said before anything is built
            load_bootrom(bootrom)

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
        log = _Log(frozenset(marks))
        with Machine(
            bootrom=self.bootrom,
            clock_hz=self.clock_hz,
            exact=self.exact,
            mark_limit=_MOST_MARKS,
            reboots=False,  # a program that has to be started again has failed
        ) as machine:
            machine.load(elf)
            for address in {*marks, *counted}:
                machine.mark(address)
            result = machine.run(
                until=until, count=count, max_cycles=budget_cycles, on_marks=log.take
            )
            failure = ""
            if result.reason == "fault":
                failure = result.fault or "fault"
            elif result.reason != "line":
                failure = f"stopped ({result.reason}) before it printed {until!r}"
                if result.reason == "cycles":
                    failure = f"still running after {budget_cycles:,} cycles"
                failure += f"\n{machine.standing(brief=True)}"
        return Run(result.uart, failure, result.cycles, tuple(log.marks), tuple(log.counts))


_MOST_MARKS = 100_000_000  # executions counted; none of them is kept


class _Log:
    """The marks of a run; of what is counted between two of them, only how often."""

    def __init__(self, marked: frozenset[int]) -> None:
        self.marked = marked
        self.marks: list[tuple[int, int, int]] = []
        self.counts: list[Mapping[int, int]] = []
        self._since = Counter[int]()

    def take(self, executed: Sequence[tuple[int, int, int]]) -> None:
        for mark in executed:
            if mark[0] in self.marked:
                self.marks.append(mark)
                self.counts.append(self._since)
                self._since = Counter()
            else:
                self._since[mark[0]] += 1
