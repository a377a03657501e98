"""The report of where both cores stand: backtrace.S, faulting and spinning, with and without what
its ELF file says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from emulator_programs import RESULTS, Build, Program

from syncer.emulator import Machine
from syncer.targets.emulator import EmulatorTarget

WAYS = ("exact", "bare", "deep", "trap", "spin")


@pytest.fixture
def built(program: Build) -> Program:
    return program("backtrace", option="-g")


def report(firmware: Path, way: str, brief: bool = False) -> str:
    with Machine() as machine:
        machine.load(firmware)
        machine.write(RESULTS, WAYS.index(way).to_bytes(4, "little"))
        result = machine.run(max_cycles=100_000)
        assert result.reason == ("cycles" if way == "spin" else "fault")
        return machine.standing(brief=True) if brief else result.fault or machine.standing()


def frames(text: str) -> tuple[list[str], list[str]]:
    """The function or address of each frame, of both cores, with what is said of it beside its
    source line."""
    cores: tuple[list[str], list[str]] = ([], [])
    core = 0
    for line in text.splitlines():
        if line.startswith("core 1,"):
            core = 1
        if line.startswith("  #"):
            number, address, *rest = line.replace(", guessed", " ?").split()
            assert number == f"#{len(cores[core])}"
            name = rest[0].partition("+")[0] if rest and rest[0] != "?" else address
            cores[core].append(name + "?" * (rest[-1:] == ["?"]))
    return cores


def test_by_call_frames(built: Program) -> None:
    text = report(built.path, "exact")
    # The address of another call in its locals is passed over.
    assert frames(text) == (["crash", "exact", "main", "start"], ["wait", "second", "(boot"])
    source = (Path(__file__).parent / "firmware/backtrace.S").read_text().splitlines()
    fault = source.index("fault_here:") + 2
    call = source.index("after_exact:")
    assert f"#0  0x{built['fault_here']:08x} crash+0x2 backtrace.S:{fault}\n" in text
    assert f"#1  0x{built['after_exact']:08x} exact+0xc backtrace.S:{call}\n" in text
    assert text.startswith(f"core 0 at 0x{built['fault_here']:08x} (crash+0x2), cycle ")
    assert "read from 0x60000004" in text.splitlines()[0]
    assert "core 1, in WFE:" in text


def test_guessed_where_there_are_none(built: Program) -> None:
    """Also past a return address in a local that belongs to a call of something else."""
    core0, core1 = frames(report(built.path, "bare"))
    assert core0 == ["bare_crash", "bare_middle?", "bare?", "main?", "start?"]
    assert core1 == ["wait", "second", "(boot"]


def test_through_an_exception(built: Program) -> None:
    text = report(built.path, "trap")
    assert frames(text)[0] == ["crash", "svcall", "trap", "main", "start"]
    assert f"#2  0x{built['after_svc']:08x} trap" in text
    assert "core 0, running, handling SVCall:" in text


def test_no_more_than_sixteen(built: Program) -> None:
    text = report(built.path, "deep")
    assert frames(text)[0] == ["crash", *["deep"] * 15]
    assert "... and more than these 16" in text


@pytest.mark.parametrize("kind", ["stripped", "bin"])
def test_without_symbols(built: Program, tmp_path: Path, kind: str) -> None:
    firmware = tmp_path / f"firmware.{kind}"
    if kind == "bin":
        command = ["arm-none-eabi-objcopy", "-O", "binary", "-j", ".text", built.path, firmware]
    else:
        command = ["arm-none-eabi-strip", "-o", firmware, built.path]
    subprocess.run(command, check=True)
    if kind == "bin":  # from the start of flash; what core 1's launch keeps in SRAM is not in it
        firmware.write_bytes(bytes(0x100) + firmware.read_bytes())
    with Machine() as machine:
        machine.load(firmware)
        with Machine() as whole:
            whole.load(built.path)
            machine.write(built["launch_sequence"], whole.read(built["launch_sequence"], 24))
        machine.write(RESULTS, WAYS.index("trap").to_bytes(4, "little"))
        text = machine.run(max_cycles=100_000).fault
    assert text is not None
    calls = ("after_svcall", "after_svc", "after_way")
    through = [f"0x{built[name]:08x}?" for name in calls]
    core0, core1 = frames(text)
    assert core0 == [f"0x{built['fault_here']:08x}", *through, core0[-1]]
    assert core1[1] == f"0x{built['after_wait']:08x}?"


def test_a_damaged_table_costs_names_only(built: Program, tmp_path: Path) -> None:
    content = bytearray(built.path.read_bytes())
    for section in (b".debug_frame", b".debug_aranges", b".debug_line"):
        dump = tmp_path / "section"
        command = ["arm-none-eabi-objcopy", "-O", "binary", "--dump-section"]
        subprocess.run(
            [*command, f"{section.decode()}={dump}", built.path, tmp_path / "unused"], check=True
        )
        at = content.index(dump.read_bytes())
        content[at : at + 16] = b"\xff" * 16
    damaged = tmp_path / "damaged.elf"
    damaged.write_bytes(content)
    text = report(damaged, "exact")
    assert frames(text)[0] == ["crash", "exact?", "main?", "start?"]
    assert "backtrace.S" not in text


def test_a_spinning_program(built: Program) -> None:
    text = report(built.path, "spin")
    assert frames(text) == (["spin", "main", "start"], ["wait", "second", "(boot"])
    core0, core1 = report(built.path, "spin", brief=True).splitlines()
    assert core0.startswith(f"core 0, running: 0x{built['spin'] + 2:08x} spin+0x2 backtrace.S:")
    assert core0.endswith(f" <- main+0x{built['after_way'] - built['main']:x} <- start+0x4")
    assert core1.startswith("core 1, in WFE: ") and " wait+0x" in core1 and "<- second+0x" in core1


def test_a_target_says_where_it_hung(program: Build) -> None:
    run = EmulatorTarget().run(program("forever").path, until="tock", budget_cycles=5000)
    said, core0, core1 = run.failure.splitlines()
    assert said == "still running after 5,000 cycles"
    assert core0.startswith("core 0, running: 0x1000")
    assert core1.startswith("core 1, in WFE: 0x0000")
