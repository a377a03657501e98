"""The profiler and the trace."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from emulator_programs import Build

from syncer.cli.app import run
from syncer.emulator import Machine, flame
from syncer.emulator.profile import Profile, Profiler


def profiled(program: Build, name: str, exact: bool = True) -> tuple[Profile, Machine]:
    machine = Machine(exact=exact)
    machine.load(program(name).path)
    profiler = Profiler(machine)
    machine.run(max_cycles=10**6)
    return profiler.result(), machine


def test_costs_of_functions_and_their_callers(program: Build) -> None:
    profile, _ = profiled(program, "profile")
    functions = profile.by_function(0)
    calls, inner = functions["inner"]
    assert (calls, inner.cycles) == (3, 3 * (1 + 100 * 4 - 1 + 2))
    assert inner.instructions == 3 * (1 + 300 + 1)
    assert functions["outer"][0] == functions["tail"][0] == 3
    assert functions["tail"][1].cycles == 3 * (2 + 2 + 1 + 2 + 2)
    stacks = {";".join(names): cost.cycles for names, cost in profile.stacks()}
    at = "core 0;start;main;work"
    # The tail call takes the place of its caller.
    assert stacks[f"{at};outer;inner"] == inner.cycles
    assert f"{at};tail" in stacks
    (region,) = profile.regions
    assert (region.name, region.core, region.count) == ("three calls", 0, 1)
    assert sum(functions[name][1].cycles for name in ("inner", "outer", "tail", "work")) == (
        pytest.approx(region.cost.cycles, abs=250)  # the fetches of main around it
    )


def test_without_symbols(program: Build, tmp_path: Path) -> None:
    stripped = tmp_path / "stripped.elf"
    subprocess.run(["arm-none-eabi-strip", "-o", stripped, program("profile").path], check=True)
    with Machine() as machine:
        machine.load(stripped)
        profiler = Profiler(machine)
        machine.run(max_cycles=10**6)
        functions = profiler.result().by_function(0)
    assert "inner" not in functions and sum(cost.cycles for _, cost in functions.values()) > 1000


# Without exact timing two cores that both run take their turns otherwise when watched.
@pytest.mark.parametrize(
    ("name", "exact"), [("two_cores", True), ("exceptions", True), ("exceptions", False)]
)
def test_a_profiled_run_is_the_same_and_all_of_it_is_accounted_for(
    program: Build, name: str, exact: bool
) -> None:
    with Machine(exact=exact) as plain:
        plain.load(program(name).path)
        plain.run(max_cycles=10**6)
        counters = [plain.counters(core) for core in (0, 1)]
    profile, machine = profiled(program, name, exact)
    with machine:
        assert [machine.counters(core) for core in (0, 1)] == counters
    for core, counted in enumerate(counters):
        total = profile.total(core)
        assert total.instructions == counted.instructions
        assert total.xip_misses == counted.xip_misses
        assert (total.fill, total.port) == (counted.stall_xip_fill, counted.stall_xip_port)
        # A core that sleeps at the end does so until the other stops.
        assert total.cycles + total.idle >= counted.cycles
        painted = sum(stretch.busy for stretch in profile.timeline[core])
        assert painted == total.cycles


def test_waiting_for_the_other_core(program: Build) -> None:
    profile, machine = profiled(program, "two_cores")
    machine.close()
    work = profile.by_function(0)["work"][1]
    # Core 0 turns round for the spinlock while core 1, which is ahead, waits for flash.
    assert work.sio > 0.1 * work.cycles
    assert work.port > 0.5 * work.cycles
    assert profile.by_function(1)["(boot ROM)"][1].idle > 0


def test_exceptions_are_frames_of_their_own(program: Build) -> None:
    profile, machine = profiled(program, "exceptions")
    machine.close()
    stacks = [";".join(names) for names, _ in profile.stacks()]
    assert any(stack.endswith(";irq_25;irq_24") for stack in stacks)
    assert any(stack.endswith(";systick") for stack in stacks)


def test_command_writes_what_it_says(
    program: Build, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out" / "profile"
    trace = tmp_path / "trace.txt"
    path = str(program("profile").path)
    assert run(["emulate", path, "--profile", str(folder), "--trace", str(trace)]) == 0
    out, err = capsys.readouterr()
    assert re.search(r"inner +3 +1,206 ", out)
    assert "three calls (core 0)" in out
    assert str(folder) in err
    lines = (folder / "stacks.txt").read_text().splitlines()
    assert any(re.fullmatch(r"core 0;start;main;work;outer;inner 1206", line) for line in lines)
    for name in ("flame.svg", "timeline.svg"):
        svg = ElementTree.parse(folder / name).getroot()
        assert svg.tag == "{http://www.w3.org/2000/svg}svg"
        assert "http" not in (folder / name).read_text().replace("http://www.w3.org/2000/svg", "")
    assert "inner: 1,206 cycles" in (folder / "flame.svg").read_text()
    traced = trace.read_text().splitlines()
    with Machine() as machine:
        machine.load(path)
        assert len(traced) == machine.run().instructions + 1  # the last ends the run
    assert any(re.fullmatch(r" *\d+ 0 [0-9a-f]{8} inner\+0x4: subs r1, #1", t) for t in traced)


def test_trace_to_the_output(program: Build, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["emulate", str(program("profile").path), "--trace", "-"]) == 0
    assert "tail+0x6: str r1, [r0]" in capsys.readouterr().out


def test_places_that_cannot_be_written(
    program: Build, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(program("profile").path)
    file = tmp_path / "file"
    file.write_text("")
    assert run(["emulate", path, "--profile", str(file)]) == 1
    assert run(["emulate", path, "--trace", str(tmp_path / "none" / "t")]) == 1
    assert run(["emulate", path, "--trace", "-", "--serial", "pty"]) == 1
    assert run(["emulate", path, "--gdb", "3333", "--trace", "-"]) == 1
    err = capsys.readouterr().err
    assert "cannot write a profile to" in err
    assert "cannot write the trace" in err
    assert "--gdb runs alone" in err
    assert "Traceback" not in err


def test_an_empty_profile_makes_files_too(program: Build) -> None:
    with Machine() as machine:
        machine.load(program("profile").path)
        profile = Profiler(machine).result()
    assert flame.collapsed(profile) == ""
    ElementTree.fromstring(flame.flame_graph(profile, "a < b", 125_000_000))
    ElementTree.fromstring(flame.timeline(profile, "a & b", 125_000_000))
