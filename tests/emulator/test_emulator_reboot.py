"""The watchdog resets the chip: RP2040 datasheet 4.7, 2.13 and 2.8.1.1."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
from emulator_programs import Build, Program
from test_emulator_peripherals import DMA, Access, run

from syncer.cli.app import run as cli
from syncer.emulator import Machine
from syncer.emulator.debug import Debugger
from syncer.emulator.profile import Profiler
from syncer.targets.emulator import EmulatorTarget

SCENES = (
    *("dirty", "clean", "jump", "again", "done"),
    *("nothing", "core_1_only", "fault", "twice"),
)
WATCHDOG, PSM, UART0 = 0x40058000, 0x40010000, 0x40034000


def start(machine: Machine, program: Program, scene: str = "dirty", **words: int) -> None:
    machine.load(program.path)
    for name, value in (words | {"first_scene": SCENES.index(scene)}).items():
        machine.write(program[name], value.to_bytes(4, "little"))


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "functional"])
def test_everything_starts_anew_but_memory_and_the_watchdog(program: Build, exact: bool) -> None:
    reboot = program("reboot")
    with Machine(exact=exact) as machine:
        start(machine, reboot)
        for label in ("main", "bitten", "jumped"):
            machine.mark(reboot[label])
        machine.drive(3, True)
        result = machine.run(max_cycles=10**6)
        # The reason at each start: power, the timer, by force; after that core 1's word, and from
        # the address in the scratch registers.
        assert (result.reason, result.uart) == ("exit", "0112j22\n"), result.fault
        assert machine.reboots == 5
        assert machine.unmapped == ()
        names = {reboot["main"]: "main", reboot["jumped"]: "jumped", reboot["bitten"]: "bitten"}
        order = [names[address] for address, _, _ in result.marks]
        assert [name for name in order if name != "bitten"] == [
            *["main"] * 3,
            *("jumped", "main", "main"),
        ]
        assert order[0] == "main" and order[1] == "bitten"
        cycles = [cycle for _, _, cycle in result.marks]
        assert cycles == sorted(cycles)
        bite = cycles[order.index("main", 1)]
        assert 0 < bite - cycles[1] < 20 * 125 + 200  # booting takes no time
        machine.load(reboot.path)
        assert machine.reboots == 0


def test_a_machine_may_be_told_to_end_there(program: Build) -> None:
    reboot = program("reboot")
    with Machine(reboots=False) as machine:
        start(machine, reboot)
        bitten = machine.run(max_cycles=10**6)
        start(machine, reboot, "again")
        forced = machine.run(max_cycles=10**6)
    assert bitten.reason == forced.reason == "fault"
    assert bitten.fault is not None and forced.fault is not None
    assert "the watchdog was not fed in time" in bitten.fault
    assert "(bitten+0x0)" in bitten.fault
    assert "reset requested through 0x4005a000" in forced.fault


def test_a_target_takes_it_as_a_failure(program: Build) -> None:
    run = EmulatorTarget().run(program("reboot").path, until="never", budget_cycles=10**6)
    assert "the watchdog was not fed in time" in run.failure
    assert run.output == "0"


def test_no_stage_no_reset(program: Build) -> None:
    """What the watchdog resets is what WDSEL says: of the blocks, here none, or UART1."""
    reboot = program("reboot")
    with Machine() as machine:
        for blocks, expected in ((0, "01\n"), (1 << 23, "01u\n")):
            start(machine, reboot, "nothing", stages=0, blocks=blocks)
            result = machine.run(max_cycles=10**6)
            assert (result.reason, result.uart) == ("exit", expected)
            assert machine.reboots == 0


def test_only_core_1(program: Build) -> None:
    with Machine() as machine:
        start(machine, program("reboot"), "core_1_only", stages=1 << 16)
        result = machine.run(max_cycles=10**6)
        assert (result.reason, result.uart, machine.reboots) == ("exit", "011\n", 0)


def test_a_handler_of_hard_fault_may_wait_for_it(program: Build) -> None:
    reboot = program("reboot")
    with Machine() as machine:
        start(machine, reboot, "fault")
        result = machine.run(max_cycles=10**6)
        assert (result.reason, result.uart) == ("exit", "01\n"), result.fault
        assert "core 0 at" not in machine.standing().splitlines()[0]
    with Machine(reboots=False) as machine:
        start(machine, reboot, "fault")
        result = machine.run(max_cycles=10**6)
        assert result.reason == "fault"
        assert result.fault is not None and "undefined instruction 0xde01" in result.fault


def test_a_program_in_sram_does_not_outlast_it(program: Build) -> None:
    """A board would wait there for its flash to be written."""
    with Machine() as machine:
        machine.load(program("ram_only", script="link_ram.ld").path)
        # ldr r0, [pc, #8]; ldr r1, [pc, #12]; str r1, [r0]; ldr r0, [pc, #12]; str r1, [r0]; b .
        code = bytes.fromhex("0348 0449 0160 0448 0449 0160 fee7 0000")
        words = (PSM + 8, 0x1FFFC, WATCHDOG, 1 << 31)
        start = machine.registers(0)["pc"]
        machine.write(start, code + b"".join(word.to_bytes(4, "little") for word in words))
        result = machine.run(max_cycles=10**6)
    assert result.reason == "fault"
    assert result.fault is not None and "there is no program in flash" in result.fault


def test_one_that_has_fired_fires_again_once_it_is_loaded(program: Build) -> None:
    """With no stage chosen nothing else happens, so that it can be looked at."""
    control, load, reason = WATCHDOG, WATCHDOG + 4, WATCHDOG + 8
    pause: list[Access] = [(DMA, None)] * 100
    look: list[Access] = [(control, None), (reason, None)]
    listing: list[Access] = [(load, 40), (control + 0x2000, 1 << 30), *pause, *look]
    listing += [(control + 0x3000, 1 << 24), *pause, *look, (reason, 0), (reason, None)]
    listing += [(load, 0xFFFFFF), (control, None), (load, None)]
    with Machine() as machine:
        found = [value for value in run(machine, program("peripherals"), listing) if value]
    assert found[:4] == [0x47000000, 1, 0x46000000, 1]
    assert found[4] == 1
    assert found[5] >> 24 == 0x46 and found[5] & 0xFFFFFF > 0xFFFF00


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "functional"])
def test_pauses_and_watching_change_nothing(program: Build, exact: bool) -> None:
    reboot = program("reboot")

    def outcome(slice_cycles: int, watched: bool = False, in_turns: bool = False) -> object:
        with Machine(exact=exact, in_turns=in_turns) as machine:
            start(machine, reboot)
            if watched:
                Debugger(machine).breakpoint(0x20041FFE)
            result = machine.run(max_cycles=slice_cycles)
            while result.reason == "cycles":
                result = machine.run(max_cycles=slice_cycles)
            counters = [asdict(machine.counters(core)) for core in (0, 1)]
            return result.reason, result.cycles, counters

    whole = outcome(10**8)
    assert outcome(97) == whole
    if exact:
        assert outcome(10**8, watched=True) == outcome(10**8, in_turns=True) == whole


def test_a_profile_goes_on(program: Build) -> None:
    with Machine() as machine:
        start(machine, program("reboot"))
        profiler = Profiler(machine)
        assert machine.run(max_cycles=10**6).reason == "exit"
        result = profiler.result()
        functions = result.by_function(0)
        assert functions["main"][0] == 0 or functions["main"][1].instructions > 0
        spent = sum(cost.cycles + cost.idle for _, cost in functions.values())
        assert spent == machine.counters(0).cycles


def test_the_command_says_so(
    program: Build, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli(["emulate", str(program("reboot").path)]) == 0
    out, err = capsys.readouterr()
    assert out == "0112j22\n"
    assert "the watchdog restarted the chip 5 times\n" in err
