"""Random sequences of ARMv6-M instructions, as blocks of code that record what each one did.

A block holds many sequences. Each loads r0 to r5 and the flags from its record, copies some to r8
to r12, executes some ten random instructions and stores all of them back. r6 points into a window
of memory that loads and stores reach, r7 to the record; SP starts in the window.
"""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass

CODE, WINDOW, TABLE = 0x20000000, 0x20030000, 0x20031000
WINDOW_SIZE, BASE = 0x1000, WINDOW + 0x400
RECORD = struct.Struct("<13I")  # r0 to r5 and flags before; r0 to r5, flags, r8 to r12, SP after
CORNERS = (0, 1, 2, 31, 32, 33, 0x7F, 0x80, 0xFF, 0x100, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
HIGH = (0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12)
MOV_R7_SP = 0x466F

Halfwords = list[int]


@dataclass(frozen=True)
class Block:
    code: bytes
    table: bytes
    window: bytes
    sequences: tuple[Halfwords, ...]
    end: int  # where the last sequence has been recorded


def constant(register: int, value: int) -> Halfwords:
    """Loads a word without literals."""
    code = [0x2000 | register << 8 | value >> 24]
    for shift in (16, 8, 0):
        code += [0x0200 | register << 3 | register, 0x3000 | register << 8 | value >> shift & 255]
    return code


def simple(rng: random.Random) -> Halfwords:
    """One instruction on registers and flags."""
    d, n, third = rng.randrange(6), rng.randrange(6), rng.randrange(6)
    match rng.randrange(9):
        case 0:
            return [rng.randrange(3) << 11 | rng.randrange(32) << 6 | n << 3 | d]
        case 1:
            return [0x1800 | rng.randrange(4) << 9 | third << 6 | n << 3 | d]
        case 2:
            return [0x2000 | rng.randrange(4) << 11 | d << 8 | rng.getrandbits(8)]
        case 3 | 4 | 5:
            return [0x4000 | rng.randrange(16) << 6 | n << 3 | d]
        case 6:
            a, b = rng.choice(HIGH), rng.choice(HIGH)
            kind = rng.choice((0x4400, 0x4500, 0x4600))
            if kind == 0x4500 and a < 8 and b < 8:
                a = 8  # of two low registers this form is unpredictable
            return [kind | (a & 8) << 4 | b << 3 | a & 7]
        case 7:
            return [rng.choice((0xB200, 0xB240, 0xB280, 0xB2C0)) | n << 3 | d]
        case _:
            return [rng.choice((0xBA00, 0xBA40, 0xBAC0)) | n << 3 | d]


def memory(rng: random.Random) -> Halfwords:
    """A load or store in the window, of every form."""
    d, n = rng.sample(range(6), 2)
    match rng.randrange(10):
        case 0 | 1:
            return [rng.randrange(0x6000, 0x9000, 0x800) | rng.randrange(32) << 6 | 6 << 3 | d]
        case 2 | 3:  # by a register, also as its own target
            offset = 0x2000 | n << 8 | rng.randrange(64) * 4
            t = n if rng.random() < 0.2 else d
            return [offset, 0x5000 | rng.randrange(8) << 9 | n << 6 | 6 << 3 | t]
        case 4:  # LDM, the base among what is loaded or not
            return [0x4630 | n, 0xC800 | n << 8 | rng.randrange(1, 64)]
        case 5:  # STM; a base stored other than first is unpredictable
            registers = rng.randrange(1, 64)
            if registers & ((1 << n) - 1):
                registers &= ~(1 << n)
            return [0x4630 | n, 0xC000 | n << 8 | registers]
        case 6:
            return [rng.choice((0x9000, 0x9800)) | d << 8 | rng.getrandbits(8)]
        case 7:
            registers = rng.randrange(1, 64)
            return [rng.choice((0xB400, 0xB500, 0xBC00)) | registers]
        case 8:
            return [rng.choice((0xB000, 0xB080)) | rng.randrange(16)]
        case _:  # LDR of what is code, ADR, ADD to SP's value
            return [rng.choice((0x4800, 0xA000, 0xA800)) | d << 8 | rng.randrange(16)]


def control(rng: random.Random, at: int) -> Halfwords:
    """A branch of any form past a few instructions, or a system instruction. `at`: its halfword."""
    skipped = [h for _ in range(rng.randrange(1, 4)) for h in simple(rng)]
    match rng.randrange(8):
        case 0 | 1 | 2 | 3:
            return [0xD000 | rng.randrange(14) << 8 | len(skipped) - 1, *skipped]
        case 4:
            return [0xE000 | len(skipped) - 1, *skipped]
        case 5:  # BL
            return [0xF000, 0xF800 | len(skipped), *skipped]
        case 6:  # ADR, ADDS #1, BX or BLX; a word's address, so the code is padded
            d = rng.randrange(6)
            before = [0xBF00] if at % 2 else []
            if len(skipped) % 2 == 0:
                skipped.append(0xBF00)
            words = (1 + len(skipped) + 1) // 2
            jump = rng.choice((0x4700, 0x4780)) | d << 3
            return [*before, 0xA000 | d << 8 | words, 0x3001 | d << 8, jump, *skipped]
        case _:
            d = rng.randrange(6)
            return rng.choice(
                (
                    [0xF3EF, 0x8000 | d << 8],  # MRS APSR
                    # MSR APSR_nzcvq; Unicorn has a Q, which ARMv6-M has not
                    [0x2000 | d << 8 | rng.randrange(16), 0x0700 | d << 3 | d, 0xF380 | d, 0x8800],
                    [0xF3EF, 0x8010 | d << 8],  # MRS PRIMASK
                    [0xF3BF, 0x8F4F],
                    [0xF3BF, 0x8F5F],
                    [0xF3BF, 0x8F6F],
                    [0xB672],
                    [0xB662],
                    [0xBF00],
                )
            )


def sequence(rng: random.Random, at: int) -> Halfwords:
    """One sequence with its loads before and stores after; `at`: the halfword it begins at."""
    code = [0x69B8, 0xF380, 0x8800]  # ldr r0, [r7, #24]; msr apsr_nzcvq, r0
    code += [0x6838 | n << 6 | n for n in range(6)]
    code += [0x4680 | rng.randrange(6) << 3 | n for n in range(5)]  # r8 to r12
    code.append(0x46B5)  # mov sp, r6
    for _ in range(rng.randrange(4, 13)):
        kind = rng.random()
        if kind < 0.55:
            code += simple(rng)
        elif kind < 0.85:
            code += memory(rng)
        else:
            code += control(rng, at + len(code))
    code += [0xC73F, 0xF3EF, 0x8000]  # stmia r7!, {r0-r5}; mrs r0, apsr
    code += [0x4640 | n << 3 | n + 1 for n in range(5)]  # r1 to r5 from r8 to r12
    code += [0xC73F, 0x4668, 0xC701]  # stmia r7!, {r0-r5}; mov r0, sp; stmia r7!, {r0}
    return code


def block(rng: random.Random, count: int, leave_to: int) -> Block:
    code = [*constant(6, BASE), *constant(7, TABLE), 0x46B6]  # and mov lr, r6
    sequences = []
    for _ in range(count):
        sequences.append(sequence(rng, len(code)))
        code += sequences[-1]
    end = CODE + 2 * len(code)
    code += [*constant(0, leave_to | 1), 0x4700]
    table = b"".join(
        RECORD.pack(
            *(rng.choice(CORNERS) if rng.random() < 0.3 else rng.getrandbits(32) for _ in range(6)),
            rng.getrandbits(4) << 28,
            *[0] * 6,
        )
        for _ in range(count)
    )
    return Block(
        struct.pack(f"<{len(code)}H", *code),
        table,
        rng.randbytes(WINDOW_SIZE),
        tuple(sequences),
        end,
    )
