"""Random sequences of instructions on our machine and on Unicorn: registers, flags, memory.

SYNC_SEQUENCES=1000000 runs more, SYNC_SEQUENCES_SEED=7 others.
"""

from __future__ import annotations

import importlib
import os
import random
from typing import Any

import random_sequences
from emulator_programs import Build
from random_sequences import CODE, RECORD, TABLE, WINDOW, WINDOW_SIZE, Block
from unicorn import UC_ARCH_ARM, UC_MODE_MCLASS, UC_MODE_THUMB
from unicorn.arm_const import UC_CPU_ARM_CORTEX_M0

from syncer.emulator import Machine

SEQUENCES = int(os.environ.get("SYNC_SEQUENCES", "20000"))
SEED = int(os.environ.get("SYNC_SEQUENCES_SEED", "20400"))
BATCH = 500


def on_unicorn(uc: Any, block: Block) -> tuple[bytes, bytes]:
    uc.mem_write(CODE, block.code)
    uc.ctl_remove_cache(CODE, CODE + 0x20000)
    uc.mem_write(TABLE, block.table)
    uc.mem_write(WINDOW, block.window)
    uc.emu_start(CODE | 1, block.end)
    table = bytes(uc.mem_read(TABLE, len(block.table)))
    return table, bytes(uc.mem_read(WINDOW, WINDOW_SIZE))


def on_ours(machine: Machine, block: Block) -> tuple[bytes, bytes]:
    machine.write(CODE, block.code)
    machine.write(TABLE, block.table)
    machine.write(WINDOW, block.window)
    result = machine.run(until="", max_cycles=10**7)
    assert result.reason == "line", result.fault
    return machine.read(TABLE, len(block.table)), machine.read(WINDOW, WINDOW_SIZE)


def test_sequences_as_unicorn_runs_them(program: Build) -> None:
    built = program("sequences")
    rng = random.Random(SEED)
    unicorn: Any = importlib.import_module("unicorn")  # it is only half typed
    uc = unicorn.Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS, cpu=UC_CPU_ARM_CORTEX_M0)
    uc.mem_map(CODE, 0x42000)
    with Machine() as machine:
        machine.load(built.path)
        for _ in range(max(SEQUENCES // BATCH, 1)):
            block = random_sequences.block(rng, BATCH, built["returned"])
            theirs, ours = on_unicorn(uc, block), on_ours(machine, block)
            before, mine, other = (
                list(RECORD.iter_unpack(table)) for table in (block.table, ours[0], theirs[0])
            )
            for code, start, a, b in zip(block.sequences, before, mine, other, strict=True):
                assert a == b, (
                    f"{[f'{h:04x}' for h in code]} on {[hex(v) for v in start[:7]]}: "
                    f"{[hex(v) for v in a]}, not {[hex(v) for v in b]}"
                )
            assert ours[1] == theirs[1]
