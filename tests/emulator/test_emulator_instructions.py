"""Instructions against expectations written down, and against Unicorn on random ones."""

from __future__ import annotations

import importlib
import random
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from emulator_programs import Build, Program
from unicorn import UC_ARCH_ARM, UC_MODE_MCLASS, UC_MODE_THUMB
from unicorn.arm_const import UC_ARM_REG_SP, UC_CPU_ARM_CORTEX_M0

from syncer.emulator import Machine

SRAM = 0x20000000
BUFFER, BUFFER_SIZE = 0x20030000, 0x400
RECORD = struct.Struct("<2I13I")  # instruction, flags, r0 to r12
N, Z, C, V = 0x80000000, 0x40000000, 0x20000000, 0x10000000
Record = tuple[int, ...]


class Bench:
    """instructions.S on our machine: runs a table of records, gives the changed table."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.machine = Machine(exact=False)
        self.machine.load(program.path)
        self.machine.run(until="")  # one empty batch: everything is decoded once

    def run(self, records: list[Record]) -> list[Record]:
        table = b"".join(RECORD.pack(*record) for record in records)
        self.machine.write(SRAM, table)
        end = SRAM + len(table)
        self.machine.write(self.program["records_end"], end.to_bytes(4, "little"))
        result = self.machine.run(until="", max_cycles=10**8)
        assert result.reason == "line", result.fault
        return list(RECORD.iter_unpack(self.machine.read(SRAM, len(table))))


@pytest.fixture(scope="module")
def bench(program: Build) -> Iterator[Bench]:
    bench = Bench(program("instructions"))
    yield bench
    bench.machine.close()


def record_of(instruction: int, flags: int = 0, **registers: int) -> Record:
    return (instruction, flags, *(registers.get(f"r{n}", 0) for n in range(13)))


# Instruction, flags before, r0 and r1 before; r0 and flags after. From the pseudocode of ARMv6-M
# ARM A6.7, worked out by hand.
FLAGS = [
    ("adds r0, r1", 0x1840, 0, 0x7FFFFFFF, 1, 0x80000000, N | V),
    ("adds r0, r1", 0x1840, 0, 0xFFFFFFFF, 1, 0, Z | C),
    ("adds r0, r1", 0x1840, C | V, 1, 2, 3, 0),
    ("subs r0, r0, r1", 0x1A40, 0, 0x80000000, 1, 0x7FFFFFFF, C | V),
    ("subs r0, r0, r1", 0x1A40, C, 1, 2, 0xFFFFFFFF, N),
    ("cmp r0, r1", 0x4288, N, 5, 5, 5, Z | C),
    ("cmn r0, r1", 0x42C8, 0, 0x80000000, 0x80000000, 0x80000000, Z | C | V),
    ("rsbs r0, r1, #0", 0x4248, 0, 0, 0x80000000, 0x80000000, N | V),
    ("rsbs r0, r1, #0", 0x4248, 0, 9, 0, 0, Z | C),
    ("adcs r0, r1", 0x4148, C, 0xFFFFFFFF, 0, 0, Z | C),
    ("adcs r0, r1", 0x4148, 0, 0xFFFFFFFF, 0, 0xFFFFFFFF, N),
    ("sbcs r0, r1", 0x4188, C, 5, 3, 2, C),
    ("sbcs r0, r1", 0x4188, 0, 5, 5, 0xFFFFFFFF, N),
    ("lsls r0, r1, #0", 0x0008, C, 7, 0, 0, Z | C),
    ("lsls r0, r1, #1", 0x0048, 0, 0, 0x80000000, 0, Z | C),
    ("lsrs r0, r1, #32", 0x0808, 0, 0, 0x80000000, 0, Z | C),
    ("asrs r0, r1, #32", 0x1008, 0, 0, 0x80000000, 0xFFFFFFFF, N | C),
    ("lsls r0, r1", 0x4088, C, 1, 0x100, 1, C),
    ("lsls r0, r1", 0x4088, 0, 1, 32, 0, Z | C),
    ("lsls r0, r1", 0x4088, C, 1, 33, 0, Z),
    ("lsrs r0, r1", 0x40C8, 0, 0x80000000, 32, 0, Z | C),
    ("asrs r0, r1", 0x4108, 0, 0x80000000, 200, 0xFFFFFFFF, N | C),
    ("rors r0, r1", 0x41C8, 0, 0x80000001, 32, 0x80000001, N | C),
    ("rors r0, r1", 0x41C8, C, 1, 4, 0x10000000, 0),
    ("muls r0, r1", 0x4348, C | V, 0x10000, 0x10000, 0, Z | C | V),
    ("ands r0, r1", 0x4008, C | V, 0xF0, 0x0F, 0, Z | C | V),
    ("bics r0, r1", 0x4388, V, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, N | V),
    ("mvns r0, r1", 0x43C8, C, 0, 0xFFFFFFFF, 0, Z | C),
    ("movs r0, #0", 0x2000, C | V, 1, 0, 0, Z | C | V),
    ("sxtb r0, r1", 0xB248, N | Z | C | V, 0, 0x80, 0xFFFFFF80, N | Z | C | V),
    ("rev16 r0, r1", 0xBA48, V, 0, 0x11223344, 0x22114433, V),
    ("revsh r0, r1", 0xBAC8, V, 0, 0x00000080, 0xFFFF8000, V),
]


def test_flags(bench: Bench) -> None:
    before = [record_of(code, flags, r0=r0, r1=r1) for _, code, flags, r0, r1, _, _ in FLAGS]
    for row, after in zip(FLAGS, bench.run(before), strict=True):
        text, _, _, _, _, r0, flags = row
        assert (hex(after[2]), hex(after[1])) == (hex(r0), hex(flags)), text


def random_instruction(random: random.Random) -> int:
    """Data processing, shifts, comparisons, extensions: every form that touches only registers r0
    to r12 and flags."""
    form = random.randrange(6)
    if form == 0:  # shift, add, subtract, move, compare by immediate
        return random.randrange(0x0000, 0x4000)
    if form in (1, 2):  # data processing
        return random.randrange(0x4000, 0x4400)
    if form == 3:  # ADD, CMP, MOV on any register
        d, m = random.randrange(13), random.randrange(13)
        kind = random.choice((0x4400, 0x4500, 0x4600))
        if kind == 0x4500 and d < 8 and m < 8:
            d = 8  # with two low registers this form is unpredictable
        return kind | (d & 8) << 4 | m << 3 | d & 7
    if form == 4:  # extensions
        return 0xB200 | random.randrange(0x100)
    return random.choice((0xBA00, 0xBA40, 0xBAC0)) | random.randrange(0x40)


INTERESTING = (0, 1, 2, 31, 32, 33, 0x7F, 0x80, 0xFF, 0x100, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def random_values(random: random.Random) -> list[int]:
    return [
        random.choice(INTERESTING) if random.random() < 0.3 else random.getrandbits(32)
        for _ in range(13)
    ]


def random_record(random: random.Random) -> Record:
    instruction = random_instruction(random)
    return (instruction, random.getrandbits(4) << 28, *random_values(random))


def random_memory_record(random: random.Random) -> Record:
    """A load or store of every form but those on SP and PC, in the buffer."""
    values = random_values(random)
    base, offset, t = random.sample(range(8), 3)
    if random.random() < 0.3:
        t = base
    values[base] = BUFFER + 4 * random.randrange(64)
    form = random.randrange(3)
    if form == 0:
        values[offset] = 4 * random.randrange(64)
        instruction = 0x5000 | random.randrange(8) << 9 | offset << 6 | base << 3 | t
    elif form == 1:
        kind = random.randrange(0x6000, 0x9000, 0x800)
        instruction = kind | random.randrange(32) << 6 | base << 3 | t
    else:
        registers = random.randrange(1, 256)
        if random.random() < 0.5:
            instruction = 0xC800 | base << 8 | registers
        else:  # a base stored other than first is unpredictable
            if registers & ((1 << base) - 1):
                registers &= ~(1 << base)
            instruction = 0xC000 | base << 8 | registers
    return (instruction, random.getrandbits(4) << 28, *values)


class Reference:
    """The same program in Unicorn, batch by batch."""

    def __init__(self, program: Program, machine: Machine) -> None:
        self.program = program
        unicorn: Any = importlib.import_module("unicorn")  # it is only half typed
        self.uc = unicorn.Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS, cpu=UC_CPU_ARM_CORTEX_M0)
        self.uc.mem_map(SRAM, 0x42000)
        self.uc.mem_write(SRAM, machine.read(SRAM, 0x42000))

    def run(self, records: list[Record]) -> list[Record]:
        table = b"".join(RECORD.pack(*record) for record in records)
        self.uc.mem_write(SRAM, table)
        end = SRAM + len(table)
        self.uc.mem_write(self.program["records_end"], end.to_bytes(4, "little"))
        self.uc.reg_write(UC_ARM_REG_SP, 0)
        self.uc.emu_start(self.program["batch"] | 1, self.program["batch_end"])
        return list(RECORD.iter_unpack(bytes(self.uc.mem_read(SRAM, len(table)))))


def test_random_instructions_as_unicorn_runs_them(program: Build, bench: Bench) -> None:
    generator = random.Random(20400)
    reference = Reference(program("instructions"), bench.machine)
    for n in range(15):
        make = random_memory_record if n % 3 == 2 else random_record
        records = [make(generator) for _ in range(3000)]
        ours, theirs = bench.run(records), reference.run(records)
        for before, mine, other in zip(records, ours, theirs, strict=True):
            assert mine == other, (
                f"instruction 0x{before[0]:04x} on {[hex(v) for v in before[1:]]}: "
                f"{[hex(v) for v in mine[1:]]}, not {[hex(v) for v in other[1:]]}"
            )
        buffer = bytes(reference.uc.mem_read(BUFFER, BUFFER_SIZE))
        assert bench.machine.read(BUFFER, BUFFER_SIZE) == buffer
