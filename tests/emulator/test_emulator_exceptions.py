"""exceptions.S, and every way a program can end badly."""

from __future__ import annotations

import pytest
from emulator_programs import RESULTS, Build

from syncer.emulator import Machine


def test_exceptions_and_sleep(program: Build) -> None:
    exceptions = program("exceptions")
    with Machine() as machine:
        machine.load(exceptions.path)
        for label in ("after_svc", "after_wfi", "systick", "irq_0"):
            machine.mark(exceptions[label])
        result = machine.run(max_cycles=10**6)
        assert result.reason == "asleep", result.fault
        log = machine.read(RESULTS, 0x100).rstrip(b"\0").decode()
        svc_sum, alarm, popped = (
            int.from_bytes(machine.read(RESULTS + offset, 4), "little")
            for offset in (0x100, 0x104, 0x108)
        )
        sleeping = [machine.registers(core)["sleep"] for core in (0, 1)]
    # SVC; SVC, then the PendSV it raised; the alarm; the masked alarm after the mask; two ticks of
    # SysTick; an interrupt preempted by a higher one; two words from core 0, on core 1.
    assert log == "SSP.A.mA.TT.<h>.FF"
    assert svc_sum == 42
    assert popped == 0x77
    assert sleeping == [1, 2]

    at: dict[int, list[int]] = {}
    for address, _, cycle in result.marks:
        at.setdefault(address, []).append(cycle)
    first_alarm = at[exceptions["irq_0"]][0]
    # The alarm's microsecond begins at 125 cycles each; entry takes 15 and may fetch a flash line.
    assert 0 <= first_alarm - alarm * 125 <= 15 + 2 * 88
    first_tick, second_tick = at[exceptions["systick"]]
    assert 1000 - 88 <= second_tick - first_tick <= 1000  # the handler is in the cache by then


FAULTS = {
    "read_nowhere": "read from 0x60000004, where nothing answers",
    "write_nowhere": "write to 0x60000004, where nothing answers",
    "misaligned": "unaligned access to 0x20030002",
    "undefined": "undefined instruction 0xde05",
    "no_thumb": "branch to 0x20030000, which has no Thumb bit",
    "run_off": "ran past the end of memory at 0x20042000",
    "masked_svc": "svc #3 where its priority does not allow it",
    "reset": "reset requested through 0xe000ed0c",
    "bad_return": "bad exception return 0xffffffe1",
    "break_seven": "breakpoint (bkpt #7)",
    "jump_nowhere": "branch to 0x20042100, where no code can be",
    "bad_stack": "write to 0xffffffe0, where nothing answers",
}


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "functional"])
@pytest.mark.parametrize("name", FAULTS)
def test_fault_report(program: Build, name: str, exact: bool) -> None:
    faults = program("faults")
    with Machine(exact=exact) as machine:
        machine.load(faults.path)
        machine.write(faults["choice"], list(FAULTS).index(name).to_bytes(4, "little"))
        result = machine.run(max_cycles=10**6)
        assert result.reason == "fault"
        again = machine.run(max_cycles=10**6)
    assert result.fault is not None
    first, *rest = result.fault.splitlines()
    assert FAULTS[name] in first
    assert f"cycle {result.cycles}" in first
    where = {"run_off": "0x20042000", "bad_return": "(svcall+0x2)"}
    assert where.get(name, f"({name}+0x") in first
    registers = "\n".join(rest)
    handling = {"bad_return": ", handling SVCall"}
    assert f"core 0, running{handling.get(name, '')}:" in registers
    assert "core 1, in WFE:" in registers or not exact  # core 0's first turn, if it is long
    assert "r1 60000004" in registers or name in ("reset", "run_off")
    assert (again.reason, again.fault, again.cycles) == ("fault", result.fault, result.cycles)


def test_report_names_the_function(program: Build) -> None:
    faults = program("faults")
    with Machine() as machine:
        machine.load(faults.path)
        machine.write(faults["main"], b"\xff\xde")
        report = machine.run().fault
        assert report is not None and "(main+0x0)" in report and "0xdeff" in report
