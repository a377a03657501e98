"""BUSCTRL: priorities of the bus's masters and performance counters (RP2040 datasheet 2.1.1.1,
2.1.1.2 and 2.1.5)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest
from emulator_programs import RESULTS, Build
from test_emulator_dma import channel, control
from test_emulator_peripherals import DMA, TIMER, Access, run

from syncer.emulator import Counters, Machine

BUSCTRL = 0x40030000
ACK = BUSCTRL + 4
PROC0, PROC1, DMA_R, DMA_W = 1 << 0, 1 << 4, 1 << 8, 1 << 12
NONE = 0x1F
LISTING = 0x10010000
ROUNDS = 100
LOADS = 16 * ROUNDS  # that core 0 makes
# PERFSEL: of all accesses to a port; the event before it is that of the contested ones.
APB, FASTPERI, SRAM5, SRAM4, SRAM3, SRAM2, SRAM1, SRAM0, XIP_MAIN, ROM = range(1, 20, 2)


def counter(n: int) -> int:
    return BUSCTRL + 8 + 8 * n


def select(*events: int) -> list[Access]:
    """Each counter counts one of the events from zero on."""
    return [
        access
        for n, event in enumerate(events)
        for access in ((counter(n) + 4, event), (counter(n), 0))
    ]


@dataclass(frozen=True)
class Loop:
    """What a run of arbiter.S left: cycles of core 0's loop, the cores' counters, BUSCTRL's."""

    cycles: int
    cores: tuple[Counters, Counters]
    counted: tuple[int, ...]


def loop(
    program: Build,
    core1: str = "",
    setup: Sequence[Access] = (),
    words: Mapping[str, int] | None = None,
    exact: bool = True,
) -> Loop:
    """Core 0 loads from bank 0 while core 1 runs a routine; `words` change memory before."""
    arbiter = program("arbiter")
    with Machine(exact=exact) as machine:
        machine.load(arbiter.path)
        for name, word in (words or {}).items():
            machine.write(arbiter[name], struct.pack("<I", word))
        packed = b"".join(struct.pack("<2I", a | 1, v or 0) for a, v in setup)
        machine.write(LISTING, packed + bytes(8))
        if core1:
            machine.write(arbiter["routine"], struct.pack("<I", arbiter[core1] | 1))
        machine.mark(arbiter["loop"])
        machine.mark(arbiter["loop_end"])
        result = machine.run(max_cycles=10**6)
        assert result.reason == "exit", result.fault
        at = [cycle for _, core, cycle in result.marks if core == 0]
        counted = struct.unpack("<4I", machine.read(RESULTS, 16))
        return Loop(at[-1] - at[0], (machine.counters(0), machine.counters(1)), counted)


# ---- priorities


def test_a_core_of_high_priority_never_waits(program: Build) -> None:
    alone = loop(program)
    equal = loop(program, "load_here", [(BUSCTRL, 0)])
    assert alone.cores[0].stall_bank == 0
    assert equal.cycles > alone.cycles
    assert all(core.stall_bank > 0 for core in equal.cores)

    first = loop(program, "load_here", [(BUSCTRL, PROC0)])
    assert first.cycles == alone.cycles
    assert first.cores[0].stall_bank == 0
    assert first.cores[1].stall_bank > equal.cores[1].stall_bank

    last = loop(program, "load_here", [(BUSCTRL, PROC1)])
    assert last.cores[1].stall_bank == 0
    assert last.cycles > equal.cycles
    assert last.cycles == alone.cycles + last.cores[0].stall_bank

    both = loop(program, "load_here", [(BUSCTRL, PROC0 | PROC1)])
    assert (both.cycles, both.cores[0].stall_bank) == (equal.cycles, equal.cores[0].stall_bank)


def test_priority_matters_on_one_port_only(program: Build) -> None:
    """Accesses to different banks go on side by side."""
    for priority in (0, PROC0, PROC1):
        found = loop(program, "load_elsewhere", [(BUSCTRL, priority)])
        assert [core.stall_bank for core in found.cores] == [0, 0]
        assert found.cycles == loop(program).cycles


def test_priority_at_the_cache_port(program: Build) -> None:
    """Both cores run from cached flash: without priority they meet at its port."""

    def stalls(priority: int) -> list[int]:
        """Of the last half of a loop, when nothing is read from flash any more."""
        arbiter = program("arbiter")
        with Machine() as machine:
            machine.load(arbiter.path)
            machine.write(LISTING, struct.pack("<2I", BUSCTRL | 1, priority) + bytes(8))
            machine.write(arbiter["routine"], struct.pack("<I", arbiter["flash_forever"] | 1))
            machine.write(arbiter["rounds"], struct.pack("<I", 10**6))
            # In place of the loads: to flash_loop.
            jump = bytes.fromhex("014a 1047 0000 0000")  # ldr r2, [pc, #4]; bx r2
            machine.write(arbiter["loop"], jump + struct.pack("<I", arbiter["flash_loop"] | 1))
            machine.run(max_cycles=10_000)
            before = [machine.counters(core) for core in (0, 1)]
            machine.run(max_cycles=10_000)
            after = [machine.counters(core) for core in (0, 1)]
        assert [b.xip_misses - a.xip_misses for a, b in zip(before, after, strict=True)] == [0, 0]
        return [b.stall_xip_port - a.stall_xip_port for a, b in zip(before, after, strict=True)]

    assert max(stalls(0)) > 0
    high, low = stalls(PROC0)
    assert high == 0 < low
    low, high = stalls(PROC1)
    assert high == 0 < low


def test_busctrl_registers(program: Build) -> None:
    accesses: list[Access] = [(BUSCTRL, None), (ACK, None), (counter(3) + 4, None)]
    accesses += [(BUSCTRL, 0xFFFFFFFF), (BUSCTRL, None), (ACK, 0), (ACK, None)]
    accesses += [(BUSCTRL + 0x3000, PROC1), (BUSCTRL, None)]  # the atomic alias that clears
    accesses += [(counter(0) + 4, 0xFFFF_FFE5), (counter(0) + 4, None)]
    with Machine() as machine:
        got = run(machine, program("peripherals"), accesses)
        assert machine.unmapped == ()
    every = PROC0 | PROC1 | DMA_R | DMA_W
    assert got == [0, 1, NONE, every, 1, every & ~PROC1, 5]


# ---- performance counters


def test_accesses_are_counted_one_by_one(program: Build) -> None:
    """The loop's 18 instructions are nine words, and the word behind it is fetched as well: each
    branch stands in an upper halfword."""
    found = loop(program, setup=select(SRAM0, SRAM0 - 1, SRAM1, SRAM5))
    assert found.counted[:3] == (LOADS, 0, 0)
    assert found.counted[3] == pytest.approx(10 * ROUNDS, abs=12)
    assert found.cycles == loop(program).cycles
    assert found.counted[3] == loop(program, "load_elsewhere", select(0, 0, 0, SRAM5)).counted[3]


def test_contested_accesses_are_those_that_waited(program: Build) -> None:
    events = select(SRAM0, SRAM0 - 1, SRAM1 - 1, SRAM4 - 1)
    for setup in ([], [(BUSCTRL, PROC0)], [(BUSCTRL, PROC1)]):
        found = loop(program, "load_here", [*setup, *events])
        waited = sum(core.stall_bank for core in found.cores)
        assert found.counted[2:] == (0, 0)
        assert found.counted[0] > 1.5 * LOADS
        if setup:  # of unequal priority one access may wait several cycles
            assert 0 < found.counted[1] <= waited
        else:  # one
            assert found.counted[1] == waited


def test_every_master_is_counted_at_every_port(program: Build) -> None:
    """Core 1 reads registers; nobody reads the boot ROM."""
    found = loop(program, "read_registers", select(APB, FASTPERI, XIP_MAIN, ROM))
    turns = found.cycles // (5 + 3 + 2)  # of core 1, while core 0 loads
    assert turns <= found.counted[1] < 2 * turns
    assert found.counted[1] < found.counted[0] < 1.1 * found.counted[1]  # and the set-up's
    assert found.counted[2] <= 40  # the end of the set-up, in flash
    assert found.counted[3] == 0
    contested = loop(program, "read_registers", select(0, 2, 16, 18)).counted
    assert 0 < contested[0] < 8  # the set-up is at APB too
    assert contested[1:] == (0, 0, 0)


def test_dma_is_counted_too(program: Build) -> None:
    """It reads and writes 512 words of bank 2, from where a core loads. Its read port and its write
    port are two masters."""
    words = 512
    copy = channel(0, 0x20001028, 0x20002028, words, control())
    for priority in (0, DMA_R | DMA_W, PROC0):
        setup = [(BUSCTRL, priority), *select(SRAM2, SRAM2 - 1, SRAM1, FASTPERI), *copy]
        found = loop(program, "", setup, {"target": 0x20003008})
        waited = found.cores[0].stall_bank
        assert found.counted[0] == LOADS + 2 * words + 1  # `target` itself is in that bank
        assert found.counted[2:] == (0, 4)  # and what the channel's registers took
        assert waited < found.counted[1] <= waited + 2 * words
        assert (waited == 0) == (priority == PROC0)
        if priority == DMA_R | DMA_W:  # it waits for itself only
            assert found.counted[1] < waited + words


def test_registers_are_counted_and_contested(program: Build) -> None:
    """The access that reads a counter is not in it, nor is the one that clears it."""
    apb: list[Access] = [(TIMER + 0x28, None)] * 5
    fast: list[Access] = [(DMA + 0x448, None)] * 3
    events = select(APB, FASTPERI, 0, ROM)
    reads: list[Access] = [(counter(n), None) for n in range(4)]
    accesses = [*events, (counter(0), 0), *apb, *fast, *reads]
    with Machine() as machine:
        got = run(machine, program("peripherals"), accesses)[-4:]
    assert got == [5, 3, 0, 0]


def test_a_counter_stops_at_24_bits_and_any_write_clears_it(program: Build) -> None:
    arbiter = program("arbiter")
    with Machine() as machine:
        machine.load(arbiter.path)
        packed = [struct.pack("<2I", a | 1, v or 0) for a, v in select(SRAM0, SRAM5, NONE, NONE)]
        machine.write(LISTING, b"".join(packed) + bytes(8))
        rounds = (1 << 24) // 16 + 1
        machine.write(arbiter["rounds"], struct.pack("<I", rounds))
        assert machine.run(max_cycles=10**8).reason == "exit"
        counted = struct.unpack("<4I", machine.read(RESULTS, 16))
    assert counted[0] == (1 << 24) - 1
    assert counted[1] == pytest.approx(10 * rounds, abs=12)
    assert counted[2:] == (0, 0)
    listing = [*select(APB, NONE, NONE, NONE), (TIMER + 0x28, None), (counter(0), 77)]
    with Machine() as machine:
        assert run(machine, program("peripherals"), [*listing, (counter(0), None)])[-1] == 0


def test_another_event_goes_on_from_where_the_counter_is(program: Build) -> None:
    timer: Access = (TIMER + 0x28, None)
    listing: list[Access] = [*select(APB), timer, timer, (counter(0) + 4, NONE), timer]
    listing += [(counter(0), None), (counter(0) + 4, FASTPERI), (DMA, None), timer]
    with Machine() as machine:
        found = run(machine, program("peripherals"), [*listing, (counter(0), None)])
    assert (found[3], found[-1]) == (3, 4)


def test_exceptions_are_counted(program: Build) -> None:
    """SVC: a vector from flash, eight words onto the stack, which is in SRAM5 as the code is, and
    eight back from it."""
    events = select(SRAM0, SRAM5, SRAM4, XIP_MAIN)
    plain = loop(program, setup=events).counted
    svc_and_load = 0x680A_DF00
    found = loop(program, setup=events, words={"loop": svc_and_load}).counted
    assert found[0] == plain[0] - ROUNDS
    # Where the handler returns to is fetched anew.
    assert 16 * ROUNDS <= found[1] - plain[1] <= 18 * ROUNDS
    assert ROUNDS <= found[2] - plain[2] <= 2 * ROUNDS
    assert found[3] - plain[3] == ROUNDS


@pytest.mark.parametrize("core1", ["load_here", "load_elsewhere", "read_registers"])
def test_counting_costs_no_cycle(program: Build, core1: str) -> None:
    idle = loop(program, core1, [(counter(0) + 4, NONE)])
    counting = loop(program, core1, [(counter(0) + 4, SRAM0)])
    assert counting.cycles == idle.cycles
    assert counting.cores == idle.cores


def test_without_exact_timing_nothing_is_counted(program: Build) -> None:
    found = loop(program, "load_here", select(SRAM0, SRAM0 - 1, APB, XIP_MAIN), exact=False)
    assert found.counted == (0, 0, 0, 0)
