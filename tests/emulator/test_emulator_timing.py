"""Cycle counts that the Cortex-M0+ TRM and the RP2040 datasheet state."""

from __future__ import annotations

from itertools import pairwise

import pytest
from emulator_programs import RESULTS, Build, Program

from syncer.emulator import Machine

# From one label to another of timing.S, which runs from SRAM: Cortex-M0+ TRM table 3-1.
STRETCHES = [
    ("loop", "loop_end", 100 * (1 + 1 + 2) - 1, "MULS 1, SUBS 1, a taken branch 2, at last 1"),
    ("simple", "simple_end", 4, "four of one cycle"),
    ("load", "load_end", 2, "LDR"),
    ("load_end", "store", 2, "LDRB"),
    ("store", "store_end", 2, "STR"),
    ("taken", "taken_end", 2, "a taken branch"),
    ("not_taken", "not_taken_end", 1 + 1, "CMP and a branch that is not taken"),
    ("call", "return", 3 + 2, "BL and BX"),
    ("ldm", "ldm_end", 4 + 1, "LDM of 4"),
    ("stm", "stm_end", 3 + 1, "STM of 3"),
    ("push", "push_end", 5 + 1, "PUSH of 5"),
    ("pop_pc", "popped", 5 + 3, "POP of 5 with PC"),
    ("sio", "sio_end", 1, "a load from the single-cycle I/O port"),
    ("barrier", "special", 3, "DMB"),
    ("special", "special_end", 3, "MRS"),
]


def first_cycles(program: Program, *labels: str, core: int = 0) -> dict[str, int]:
    """The cycle at which `core` first reaches each label."""
    with Machine() as machine:
        machine.load(program.path)
        for label in labels:
            machine.mark(program[label])
        result = machine.run(max_cycles=10**6)
    assert result.reason == "exit", result.fault
    names = {program[label]: label for label in labels}
    found: dict[str, int] = {}
    for address, by, cycle in result.marks:
        if by == core:
            found.setdefault(names[address], cycle)
    return found


@pytest.mark.parametrize(("start", "end", "cycles", "what"), STRETCHES)
def test_stretch_in_sram(program: Build, start: str, end: str, cycles: int, what: str) -> None:
    at = first_cycles(program("timing"), start, end)
    assert at[end] - at[start] == cycles, what


def test_code_in_flash_waits_for_each_word(program: Build) -> None:
    timing = program("timing")
    for word in (50, 60):
        with Machine(xip_word=word) as machine:
            machine.load(timing.path)
            machine.mark(timing["flash_code"])
            machine.mark(timing["flash_second_line"])
            (_, _, first), (_, _, second) = machine.run().marks
            # Two words more: the line's other one, and the next line's first, which is fetched
            # during the nop before it.
            assert second - first == 4 + 2 * word
            before = machine.counters(0)
        assert before.stall_xip_fill == before.xip_misses * word
        assert before.xip_misses > 0


def test_without_exact_timing_flash_costs_nothing(program: Build) -> None:
    timing = program("timing")
    with Machine(exact=False) as machine:
        machine.load(timing.path)
        machine.mark(timing["flash_code"])
        machine.mark(timing["flash_second_line"])
        (_, _, first), (_, _, second) = machine.run().marks
        assert second - first == 4
        assert machine.counters(0).xip_accesses == 0


def loop_cycles(program: Program, target: str) -> list[int]:
    """What each of core 0's rounds of 16 loads takes while core 1 loads from `target`."""
    with Machine() as machine:
        machine.load(program.path)
        machine.write(program["target"], program[target].to_bytes(4, "little"))
        machine.mark(program["first_loop"])
        marks = machine.run(max_cycles=10**6).marks
    cycles = [cycle for _, _, cycle in marks]
    return [b - a for a, b in pairwise(cycles)]


def test_cores_in_different_banks_do_not_meet(program: Build) -> None:
    rounds = loop_cycles(program("banks"), "elsewhere")
    # 16 loads, SUBS, BNE; core 1 only reaches its loop after a few rounds.
    assert rounds[10:] == [16 * 2 + 1 + 2] * 89


def test_the_loser_of_a_bank_waits_a_cycle(program: Build) -> None:
    rounds = loop_cycles(program("banks"), "here")
    free = 16 * 2 + 1 + 2
    # Loads take every other cycle, so after one wait the two cores pass each other, until the
    # branches, of which core 1 has another mix, bring them together again.
    assert set(rounds) == {free, free + 1}
    with Machine() as machine:
        banks = program("banks")
        machine.load(banks.path)
        machine.run(max_cycles=10**6)
        stalls = machine.counters(0).stall_bank
        assert stalls == sum(rounds) - 99 * free
        assert machine.counters(1).stall_bank > 0


def load_cycles(program: Program, addresses: list[int]) -> list[int]:
    """What each of these loads costs, one after the other, from code in SRAM."""
    with Machine() as machine:
        machine.load(program.path)
        machine.write(RESULTS, b"".join(a.to_bytes(4, "little") for a in (*addresses, 0)))
        machine.mark(program["access"])
        machine.mark(program["access_end"])
        marks = machine.run(max_cycles=10**6).marks
    cycles = [cycle for _, _, cycle in marks]
    return [end - start for start, end in zip(cycles[::2], cycles[1::2], strict=True)]


def test_cache_lines_ways_and_replacement(program: Build) -> None:
    cache = program("cache")
    hit, miss = 2, 2 + 50
    a, b, c = (0x10012340 + n * 0x2000 for n in range(3))  # one set: a way is 8 KB
    # Each half of a line is filled by itself, in the way where the other half is.
    assert load_cycles(cache, [a, a + 4, a, a + 8, a - 4]) == [miss, miss, hit, miss, miss]
    assert load_cycles(cache, [a, b, a + 4, b, a]) == [miss, miss, miss, hit, hit]
    # A line that goes takes both its halves with it; the one that comes has only what was read.
    assert load_cycles(cache, [a, a + 4, b, c, c + 4, b]) == [miss, miss, miss, miss, miss, hit]
    assert load_cycles(cache, [a, a + 4, b, c, a + 4]) == [miss, miss, miss, miss, miss]
    assert load_cycles(cache, [a, b, a, b]) == [miss, miss, hit, hit]
    # First in, first out: c takes a's place although a was used last.
    assert load_cycles(cache, [a, b, a, c, b, a, c]) == [miss, miss, hit, miss, hit, miss, hit]
    # Past the cache, and through its alias that does not allocate.
    assert load_cycles(cache, [a + (3 << 24), a + (3 << 24)]) == [miss, miss]
    assert load_cycles(cache, [a, a + (1 << 24)]) == [miss, hit]


def test_a_fill_blocks_the_cache_for_both_cores(program: Build) -> None:
    with Machine() as machine:
        machine.load(program("two_cores").path)
        machine.run(until="!")
        cores = [machine.counters(0), machine.counters(1)]
    second, first = sorted(cores, key=lambda core: core.stall_xip_fill)
    # Both walk the same table, one of them ahead: its fills are what the other waits for.
    assert first.stall_xip_fill > 30 * second.stall_xip_fill
    assert second.stall_xip_port > 0.9 * first.stall_xip_fill


def test_the_model_stays_as_it_was_fitted(program: Build) -> None:
    """Fetches, cache, banks and interleaving together decide this figure. It says nothing by
    itself; but the model was fitted to a board as a whole, so it shall not change unnoticed."""
    with Machine() as machine:
        machine.load(program("two_cores").path)
        assert machine.run(until="!").cycles == 123181
