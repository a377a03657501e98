"""HardFault in the firmware's own handler, and NMI: ARMv6-M ARM B1.5."""

from __future__ import annotations

import struct
from dataclasses import asdict

import pytest
from emulator_programs import RESULTS, Build, Program

from syncer.emulator import Machine, RunResult
from syncer.emulator.debug import Debugger
from syncer.targets.emulator import EmulatorTarget

WAYS = ("in_thread", "masked", "on_process_stack", "in_svcall", "on_core_1", "in_nmi")
FAULTS = {
    "read_nowhere": "read from 0x60000004, where nothing answers",
    "write_nowhere": "write to 0x60000004, where nothing answers",
    "misaligned": "unaligned access to 0x20030102",
    "undefined": "undefined instruction 0xde05",
    "break_seven": "breakpoint (bkpt #7)",
    "masked_svc": "svc #3 where its priority does not allow it",
    "no_thumb": "which has no Thumb bit",
    "jump_nowhere": "branch to 0x20042100, where no code can be",
    "bad_return": "bad exception return 0xffffffe1",
    "bad_stack": "read from 0x60000004, where nothing answers",
}
ENDINGS = (
    *("skips", "goes_on", "repeats", "breaks", "spins", "sleeps", "faults_again", "exits"),
    *("loops", "leaves"),
)
FIRST_SIX = list(FAULTS)[:6]  # at an instruction of two bytes, which a handler may skip


def prepare(machine: Machine, program: Program, fault: str, ending: str, way: str) -> None:
    machine.load(program.path)
    numbers = {"choice": list(FAULTS).index(fault), "way": WAYS.index(way)}
    for name, number in (numbers | {"ending": ENDINGS.index(ending)}).items():
        machine.write(program[name], number.to_bytes(4, "little"))


def ended(
    program: Program, fault: str, ending: str, way: str = "in_thread", exact: bool = True
) -> tuple[RunResult, Machine]:
    machine = Machine(exact=exact)
    prepare(machine, program, fault, ending, way)
    return machine.run(max_cycles=200_000), machine


def entered_with(machine: Machine) -> tuple[int, int, int, tuple[int, ...]]:
    """IPSR, LR, SP and the frame that the handler found."""
    ipsr, lr, sp, *frame = struct.unpack("<11I", machine.read(RESULTS, 44))
    return ipsr, lr, sp, tuple(frame)


# ---- the handler runs, and the firmware goes on


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "functional"])
@pytest.mark.parametrize("fault", FIRST_SIX)
def test_the_firmware_recovers(program: Build, fault: str, exact: bool) -> None:
    built = program("hard_fault")
    way = "masked" if fault == "masked_svc" else "in_thread"
    result, machine = ended(built, fault, "skips", way, exact)
    assert (result.reason, result.uart) == ("exit", "!\n.\n"), result.fault
    ipsr, lr, sp, frame = entered_with(machine)
    assert (ipsr, lr) == (3, 0xFFFFFFF9)
    assert frame[1:4] == (0x60000004, 0x22222222, RESULTS + 0x102)
    assert frame[5] == built["after_fault"] | 1
    assert frame[6] == built[fault]
    assert frame[7] & 0x0100_003F == 1 << 24
    assert sp % 8 == 0
    assert "HardFault" not in machine.standing()


def test_a_branch_that_got_nowhere_is_returned_to_where_it_led(program: Build) -> None:
    built = program("hard_fault")
    result, machine = ended(built, "no_thumb", "goes_on")
    assert result.uart == "!\n.\n"
    *_, where, xpsr = entered_with(machine)[3]
    assert (where, xpsr >> 24 & 1) == (built["after_fault"], 0)  # without the Thumb bit
    result, machine = ended(built, "jump_nowhere", "leaves")
    assert result.uart == "!\n.\n"
    assert entered_with(machine)[3][6] == 0x20042100


@pytest.mark.parametrize(
    ("way", "exc_return", "interrupted"),
    [("masked", 0xFFFFFFF9, 0), ("on_process_stack", 0xFFFFFFFD, 0), ("in_svcall", 0xFFFFFFF1, 11)],
)
def test_from_where_it_was_entered(
    program: Build, way: str, exc_return: int, interrupted: int
) -> None:
    result, machine = ended(program("hard_fault"), "undefined", "skips", way)
    assert (result.reason, result.uart) == ("exit", "!\n.\n"), result.fault
    ipsr, lr, sp, frame = entered_with(machine)
    assert (ipsr, lr, frame[7] & 0x3F) == (3, exc_return, interrupted)
    if way == "on_process_stack":
        assert sp == 0x20018000 - 4 - 32 - 4  # behind a word that was pushed, and one more
        assert frame[7] >> 9 & 1


def test_a_bad_return_is_told_by_lr(program: Build) -> None:
    """Nothing is popped, so nothing is pushed (B1.5.8): the frame is still SVCall's."""
    built = program("hard_fault")
    result, machine = ended(built, "bad_return", "spins", "in_svcall")
    assert result.reason == "fault"
    ipsr, lr, _, frame = entered_with(machine)
    assert (ipsr, lr) == (3, 0xFFFFFFE1)
    assert built["in_thread"] not in frame
    assert result.fault is not None
    assert "(bad_return+0x2)" in result.fault and ", handling SVCall:" in result.fault


def test_core_1_recovers_while_core_0_goes_on(program: Build) -> None:
    result, machine = ended(program("hard_fault"), "read_nowhere", "skips", "on_core_1")
    assert (result.reason, result.uart) == ("exit", "!\n.\n"), result.fault
    assert entered_with(machine)[:2] == (3, 0xFFFFFFF9)


# ---- the handler gets nowhere: the report is of the fault


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "functional"])
@pytest.mark.parametrize(
    ("ending", "what"),
    [
        ("breaks", "breakpoint (bkpt #3)"),
        ("spins", "it turns round at one instruction"),
        ("sleeps", "it sleeps, and nothing is due that could wake it"),
        ("faults_again", "write to 0x70000000, where nothing answers"),
        ("exits", "breakpoint (bkpt #0)"),
    ],
)
def test_the_report_is_of_the_fault(program: Build, ending: str, what: str, exact: bool) -> None:
    built = program("hard_fault")
    result, machine = ended(built, "write_nowhere", ending, exact=exact)
    assert (result.reason, result.uart) == ("fault", "!\n")
    assert result.fault is not None
    first, *rest = result.fault.splitlines()
    assert first.startswith(f"core 0 at 0x{built['write_nowhere']:08x} (write_nowhere+0x0), cycle ")
    assert first.endswith(FAULTS["write_nowhere"])
    assert rest[0] == "core 0, running:"
    assert "r1 60000004" in rest[1] and "r2 22222222" in rest[1]
    assert rest[4].startswith(f"  #0  0x{built['write_nowhere']:08x} write_nowhere")
    assert rest[5].startswith(f"  #1  0x{built['after_fault']:08x} in_thread")
    assert rest[-1].startswith("its HardFault handler ended: core 0 at 0x")
    assert rest[-1].endswith(f", cycle {result.cycles}: {what}") and f"({ending}+0x" in rest[-1]
    assert int(first.split("cycle ")[1].split(":")[0]) < result.cycles
    again = machine.run(max_cycles=1000)
    assert (again.reason, again.fault, again.cycles) == ("fault", result.fault, result.cycles)


def test_memory_in_the_report_is_as_it_was(program: Build) -> None:
    """The backtrace comes from the stack as it was, whatever the handler has made of it."""
    built = program("hard_fault")
    plain, _ = ended(built, "read_nowhere", "spins")
    with Machine() as machine:
        prepare(machine, built, "read_nowhere", "spins", "in_thread")
        # In place of "!": the stack is wiped. movs r5, #0; str r5, [r3, #36]; str r5, [r3, #44]
        machine.run(until="!")
        stack = machine.registers(0)["sp"]
        machine.write(stack, bytes(0x20042000 - stack))
        result = machine.run()
    assert result.fault == plain.fault


def test_on_core_1(program: Build) -> None:
    built = program("hard_fault")
    result, _ = ended(built, "undefined", "spins", "on_core_1")
    assert result.fault is not None
    first, *rest = result.fault.splitlines()
    assert first.startswith(f"core 1 at 0x{built['undefined']:08x} (undefined+0x0)")
    assert "core 0, in WFE:" in rest
    assert rest[-1].startswith("its HardFault handler ended: core 1 at")


def test_a_handler_in_a_loop_uses_up_the_budget(program: Build) -> None:
    """Nobody can tell what it waits for; but what happened is said."""
    built = program("hard_fault")
    result, machine = ended(built, "undefined", "loops")
    assert (result.reason, result.fault) == ("cycles", None)
    for brief in (True, False):
        first, second, *_ = machine.standing(brief=brief).splitlines()
        assert first.startswith(f"core 0 at 0x{built['undefined']:08x} (undefined+0x0), cycle ")
        assert first.endswith(FAULTS["undefined"])
        assert second.startswith("core 0, running, handling HardFault:")
    with Machine() as again:
        prepare(again, built, "undefined", "loops", "in_thread")
        run = again.run(max_cycles=10)
        assert run.reason == "cycles"


def test_a_target_takes_it_as_a_failure(program: Build, tmp_path: object) -> None:
    """As it is linked, the handler skips what it cannot do: the program prints on."""
    run = EmulatorTarget().run(program("hard_fault").path, until=".", budget_cycles=10**6)
    assert (run.failure, run.output) == ("", "!\n.\n")


# ---- lockup, and handlers that are nobody's


def test_within_nmi_it_locks_up(program: Build) -> None:
    result, _ = ended(program("hard_fault"), "undefined", "skips", "in_nmi")
    assert (result.reason, result.uart) == ("fault", "")
    assert result.fault is not None
    assert "core 0, running, handling NMI:" in result.fault
    assert "HardFault handler" not in result.fault


def test_without_a_stack_it_locks_up(program: Build) -> None:
    result, _ = ended(program("hard_fault"), "bad_stack", "skips")
    assert (result.reason, result.uart) == ("fault", "")
    assert result.fault is not None
    assert FAULTS["bad_stack"] in result.fault.splitlines()[0]
    assert "ended: " in result.fault and "write to 0xffffffe0" in result.fault.splitlines()[-1]


@pytest.mark.parametrize("first", ["00be", "fee7", "01be"], ids=["bkpt", "b .", "bkpt #1"])
def test_a_default_handler_is_as_none(program: Build, first: str) -> None:
    """The Pico SDK's is a BKPT. The machine stops at the fault, and nothing else has happened."""
    built = program("hard_fault")
    with Machine() as machine:
        prepare(machine, built, "write_nowhere", "skips", "in_thread")
        machine.write(built["hard_fault"], bytes.fromhex(first))
        result = machine.run(max_cycles=200_000)
        assert (result.reason, result.uart) == ("fault", "")
        assert machine.registers(0)["pc"] == built["write_nowhere"]
        assert machine.registers(0)["xpsr"] & 0x3F == 0
        assert result.fault is not None
        assert f"cycle {result.cycles}: " in result.fault.splitlines()[0]
        assert "ended" not in result.fault


@pytest.mark.parametrize("vector", [0, 0x20000000, 0x60000001, 0x1D])
def test_a_vector_that_leads_nowhere_is_as_none(program: Build, vector: int) -> None:
    built = program("hard_fault")
    with Machine() as machine:
        prepare(machine, built, "write_nowhere", "skips", "in_thread")
        machine.write(0x1000010C, struct.pack("<I", vector))
        result = machine.run(max_cycles=200_000)
    assert (result.reason, result.uart) == ("fault", "")


# ---- the same however it is run


@pytest.mark.parametrize("ending", ["skips", "spins", "sleeps"])
@pytest.mark.parametrize("way", ["in_thread", "in_svcall", "on_core_1"])
def test_pauses_and_watching_change_nothing(program: Build, ending: str, way: str) -> None:
    built = program("hard_fault")

    def outcome(slice_cycles: int, exact: bool, watched: bool = False) -> object:
        with Machine(exact=exact) as machine:
            prepare(machine, built, "undefined", ending, way)
            if watched:
                Debugger(machine).breakpoint(0x20041FFE)
            result = machine.run(max_cycles=slice_cycles)
            while result.reason == "cycles":
                result = machine.run(max_cycles=slice_cycles)
            counters = [asdict(machine.counters(core)) for core in (0, 1)]
            return result.reason, result.fault, result.cycles, counters

    for exact in (True, False):
        whole = outcome(10**8, exact)
        assert outcome(211, exact) == whole
    assert outcome(10**8, True, watched=True) == outcome(10**8, True)


# ---- NMI


def test_nmi_by_software_and_by_an_interrupt_input(program: Build) -> None:
    nmi = program("nmi")
    with Machine() as machine:
        machine.load(nmi.path)
        result = machine.run(max_cycles=10**6)
    # By ICSR while interrupts are masked; by the timer's input, which is not enabled in the NVIC;
    # not once it is out of the mask; within HardFault.
    assert (result.reason, result.uart) == ("exit", "N2T2-H2h\n"), result.fault
