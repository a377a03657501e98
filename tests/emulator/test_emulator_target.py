"""The emulator as a target: marks in full, and of all else only how often it ran."""

from __future__ import annotations

import pytest
from emulator_programs import Build

from syncer.emulator import Machine
from syncer.targets.emulator import EmulatorTarget


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "functional"])
def test_counts_between_marks_at_no_cost(program: Build, exact: bool) -> None:
    forever = program("forever")
    done = forever["round_done"]
    target = EmulatorTarget(exact=exact)
    how = {"until": "tick", "budget_cycles": 10**9, "count": 20}
    plain = target.run(forever.path, **how)
    run = target.run(forever.path, marks=[forever["main"]], counted=[done], **how)
    assert (run.output, run.cycles) == (plain.output, plain.cycles)
    assert (plain.marks, plain.counts) == ((), ())
    assert [address for address, _, _ in run.marks] == [forever["main"]] * 20
    assert run.counts == ({}, *[{done: 1}] * 19)


def test_marks_handed_on_are_not_kept(program: Build) -> None:
    forever = program("forever")
    taken: list[tuple[int, int, int]] = []
    with Machine() as machine:
        machine.load(forever.path)
        machine.mark(forever["round_done"])
        result = machine.run(until="tick", count=20, on_marks=taken.extend)
    assert result.marks == []
    assert len(taken) == 19 and taken == sorted(taken, key=lambda mark: mark[2])
