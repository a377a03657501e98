"""Running one core ahead of the other gives what turns give, each counter, register, mark and byte,
however a run is cut into slices, watched or not, and every time."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from emulator_programs import Build, Program

from syncer.emulator import Machine
from syncer.emulator.debug import Debugger

NOWHERE = 0x20041FFE
SRAM, SRAM_SIZE = 0x20000000, 0x42000


def outcome(
    program: Program,
    in_turns: bool,
    slice_cycles: int,
    mark: str = "",
    exact: bool = True,
    watched: bool = False,
) -> object:
    with Machine(in_turns=in_turns, exact=exact) as machine:
        machine.load(program.path)
        if watched:
            Debugger(machine).breakpoint(NOWHERE)
        if mark:
            machine.mark(program[mark])
        marks = []
        reason = "cycles"
        while reason == "cycles":
            result = machine.run(max_cycles=slice_cycles)
            reason = result.reason
            marks += result.marks
        cores = [(asdict(machine.counters(n)), machine.registers(n)) for n in (0, 1)]
        return reason, machine.cycles, cores, marks, machine.read(SRAM, SRAM_SIZE)


@pytest.mark.parametrize(("name", "mark"), [("two_cores", "round"), ("banks", "first_loop")])
def test_ahead_is_as_in_turns(program: Build, name: str, mark: str) -> None:
    built = program(name)
    turns = outcome(built, True, 10**8)
    assert outcome(built, False, 10**8) == turns
    assert outcome(built, False, 10**8) == turns
    assert outcome(built, False, 4999) == turns
    marked = outcome(built, True, 10**8, mark)
    assert outcome(built, False, 10**8, mark) == marked
    assert marked[:3] == turns[:3]  # type: ignore[index]  # marks cost nothing


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "functional"])
def test_a_pause_at_an_event_changes_nothing(program: Build, exact: bool) -> None:
    """Whatever is due at the cycle of the pause: DMA, SysTick."""
    built = program("events")
    whole = outcome(built, False, 10**8, exact=exact)
    for slice_cycles in (13, 97):
        assert outcome(built, False, slice_cycles, exact=exact) == whole
    if exact:
        assert outcome(built, False, 10**8, watched=True) == whole
        assert outcome(built, True, 3, watched=True) == whole
