"""DMA and the XIP stream: RP2040 datasheet 2.5 and 2.6.3.3."""

from __future__ import annotations

import binascii
import random
import struct
import zlib

import pytest
from emulator_programs import RESULTS, Build
from test_emulator_peripherals import DMA, TIMER, Access, run

from syncer.emulator import Counters, Machine

XIP = 0x14000000
STREAM_ADDR, STREAM_CTR, STREAM_FIFO, XIP_STAT = XIP + 0x14, XIP + 0x18, XIP + 0x1C, XIP + 8
AUX = 0x50400000
UNPACED, STREAM_REQUEST, TIMER_REQUEST, UART_TX_REQUEST = 0x3F, 37, 0x3B, 20
INTE0, INTS0, TIMER0, SNIFF_CTRL, SNIFF_DATA, ABORT = (
    DMA + offset for offset in (0x404, 0x40C, 0x420, 0x434, 0x438, 0x444)
)
BUSY = 1 << 24
LISTING = 0x10010000
SOURCE = 0x10030000
TARGET = 0x20001000
WORD = 50  # cycles of a streamed word


def control(request: int = UNPACED, size: int = 4, chain: int = 0, **flags: int) -> int:
    """A channel's CTRL; without `chain` it is that of channel 0, which ends there."""
    at = {"priority": 1, "read": 4, "write": 5, "ring": 6, "ring_write": 10, "quiet": 21}
    at |= {"bswap": 22, "sniff": 23}
    data_size = {1: 0, 2: 1, 4: 2}[size]
    bits = 1 | data_size << 2 | chain << 11 | request << 15
    return bits | sum(value << at[name] for name, value in flags.items())


def channel(number: int, read: int, write: int, count: int, ctrl: int) -> list[Access]:
    at = DMA + 0x40 * number
    return [(at, read), (at + 4, write), (at + 8, count), (at + 0xC, ctrl)]


def wait(cycles: int) -> list[Access]:
    """Reads that take at least so long."""
    return [(DMA + 0x448, None)] * (cycles // 10 + 1)


def numbers(count: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(4 * count)


# ---- transfers between memories


def test_words_bytes_and_a_chain(program: Build) -> None:
    words = control(read=1, write=1)
    accesses = channel(0, LISTING, 0x20001000, 16, words)
    accesses += [(DMA + 0xC, None), (DMA + 0xC, None)]
    # Channel 2 copies from SRAM and starts channel 3, which repeats one byte.
    accesses += channel(3, 0x20001000, 0x20002100, 0, 0)
    accesses += [
        (DMA + 0x40 * 3 + 8, 5),
        (DMA + 0x40 * 3 + 0x10, control(size=1, chain=3, write=1)),
    ]
    accesses += channel(2, 0x20001000, 0x20002000, 4, control(chain=3, read=1, write=1))
    accesses += wait(4000)
    accesses += [(DMA + 0x400, None), (DMA + 0xC, None), (DMA, None), (DMA + 8, None)]
    accesses += [(DMA + 0x804, None)]
    with Machine() as machine:
        got = run(machine, program("peripherals"), accesses)
        listing = machine.read(LISTING, 64)
        assert machine.read(0x20001000, 64) == listing
        assert machine.read(0x20002000, 16) == listing[:16]
        assert machine.read(0x20002100, 6) == listing[:1] * 5 + b"\0"
    assert got[0] & BUSY
    assert got[-5] == 0b1101
    assert not got[-4] & BUSY
    assert got[-3] == LISTING + 64
    assert got[-2:] == [0, 16]  # transfers left; what a trigger reloads


def test_rings_byte_swap_and_halfwords(program: Build) -> None:
    data = numbers(4)
    swapped = control(size=2, chain=1, read=1, write=1, bswap=1)
    accesses: list[Access] = [
        # Eight words out of a ring of 16 bytes; halfwords, swapped; words into a ring, swapped.
        *channel(0, 0x20000100, 0x20001000, 8, control(read=1, write=1, ring=4)),
        *channel(1, 0x20000100, 0x20002000, 8, swapped),
        *channel(
            2,
            0x20000100,
            0x20003000,
            4,
            control(chain=2, read=1, write=1, ring=3, ring_write=1, bswap=1),
        ),
        *wait(300),
    ]
    with Machine() as machine:
        fill = [
            (0x20000100 + at, int.from_bytes(data[at : at + 4], "little")) for at in (0, 4, 8, 12)
        ]
        run(machine, program("peripherals"), [*fill, *accesses])
        assert machine.read(0x20001000, 32) == data * 2
        halves = [data[at : at + 2][::-1] for at in range(0, 16, 2)]
        assert machine.read(0x20002000, 16) == b"".join(halves)
        assert machine.read(0x20003000, 12) == data[8:12][::-1] + data[12:][::-1] + bytes(4)


def test_a_list_of_control_blocks(program: Build) -> None:
    """Channel 1 writes channel 0's registers, block by block; a null one ends it (2.5.6.2)."""
    blocks = [(SOURCE, TARGET, 3), (SOURCE + 64, TARGET + 100, 2), (0, 0, 0)]
    copy = control(chain=1, read=1, write=1, quiet=1)
    table = [value for read, write, count in blocks for value in (copy, write, count, read)]
    feed = control(chain=1, read=1, write=1, ring=4, ring_write=1)
    accesses: list[Access] = [
        *((0x20000200 + 4 * n, value) for n, value in enumerate(table)),
        # The block's order is that of alias 3: CTRL, WRITE_ADDR, TRANS_COUNT, READ_ADDR_TRIG.
        *channel(1, 0x20000200, DMA + 0x30, 4, feed),
        *wait(2000),
        (DMA + 0x400, None),
    ]
    with Machine() as machine:
        got = run(machine, program("peripherals"), accesses)
        source = machine.read(SOURCE, 128)
        assert machine.read(TARGET, 12) == source[:12]
        assert machine.read(TARGET + 100, 8) == source[64:72]
    assert got[-1] == 0b11  # channel 1 each time, channel 0 by the null block


def test_abort_and_pause(program: Build) -> None:
    long = control(request=TIMER_REQUEST, read=1, write=1)
    paused = long & ~1
    accesses: list[Access] = [
        (TIMER0, 1 << 16 | 100),
        *channel(0, LISTING, TARGET, 1000, long),
        *wait(1000),
        (DMA + 8, None),
        (DMA + 0x10, paused),
        *wait(1000),
        (DMA + 8, None),
        (DMA + 8, None),
        (DMA + 0xC, None),
        (DMA + 0x10, long),
        *wait(1000),
        (DMA + 8, None),
        (ABORT, 1),
        (ABORT, None),
        (DMA + 0xC, None),
        (DMA + 0x400, None),
    ]
    with Machine() as machine:
        got = run(machine, program("peripherals"), accesses)
    got = [value for value in got if value != 12]  # what wait() reads
    before, held, still, flags, after, aborting, ended, raised = got
    assert 800 < before < 995
    assert held == still <= before
    assert flags & BUSY
    assert after < held - 5
    assert (aborting, ended & BUSY, raised) == (0, 0, 0)


def test_interrupts(program: Build) -> None:
    accesses: list[Access] = [
        (INTE0, 1),
        (DMA + 0x414, 2),
        *channel(0, LISTING, TARGET, 1, control(read=1, write=1)),
        *channel(1, LISTING, TARGET, 1, control(chain=1, read=1, write=1)),
        *wait(300),
        (INTS0, None),
        (DMA + 0x41C, None),
        (0xE000E200, None),
        (INTS0, 1),
        (DMA + 0x400, None),
        (DMA + 0x408, 4),
        (INTS0, None),
        (INTE0, 4),
        (INTS0, None),
    ]
    with Machine() as machine:
        got = run(machine, program("peripherals"), accesses)
    assert got[-4] >> 11 & 0b11 == 0b11  # pending in the NVIC
    assert [*got[-6:-4], *got[-3:]] == [1, 2, 2, 0, 4]


# ---- pacing and peripherals


@pytest.mark.parametrize(("x", "y"), [(1, 100), (3, 100), (1, 1), (2, 7)])
def test_pacing_timers(program: Build, x: int, y: int) -> None:
    """The microsecond timer itself is what is read: each value tells when."""
    count = 60
    accesses: list[Access] = [
        (TIMER0, x << 16 | y),
        *channel(0, TIMER + 0x28, TARGET, count, control(request=TIMER_REQUEST, write=1)),
        *wait(count * max(y // x, 6) + 100),
        (DMA + 8, None),
    ]
    with Machine(clock_hz=1_000_000) as machine:  # a microsecond is a cycle
        assert run(machine, program("peripherals"), accesses)[-1] == 0
        times = struct.unpack(f"<{count}I", machine.read(TARGET, 4 * count))
    if x / y > 1 / 5:  # APB takes longer than that
        assert times[-1] - times[0] == pytest.approx((count - 1) * 4, abs=4)
        return
    assert times[-1] - times[0] == pytest.approx((count - 1) * y / x, abs=2)


def test_bytes_to_a_uart(program: Build) -> None:
    text = b"sent by DMA\n"
    words = text.ljust((len(text) + 3) & ~3, b"\0")
    accesses: list[Access] = [
        *(
            (0x20000300 + at, int.from_bytes(words[at : at + 4], "little"))
            for at in range(0, len(words), 4)
        ),
        *channel(
            0, 0x20000300, 0x40034000, len(text), control(request=UART_TX_REQUEST, size=1, read=1)
        ),
        *wait(400),
    ]
    with Machine() as machine:
        machine.load(program("peripherals").path)
        listing = b"".join(struct.pack("<2I", a | (v is not None), v or 0) for a, v in accesses)
        machine.write(LISTING, listing + bytes(8))
        assert machine.run().uart == text.decode()


@pytest.mark.parametrize(
    ("request_number", "read", "write"),
    [(24, 0x20000000, TARGET), (UNPACED, 0xD0000000, TARGET), (UNPACED, 0x20000000, 0xE000E010)],
    ids=["pwm", "from sio", "to a core's own"],
)
def test_what_dma_cannot_do_ends_the_run(
    program: Build, request_number: int, read: int, write: int
) -> None:
    with Machine() as machine:
        machine.load(program("peripherals").path)
        accesses = channel(7, read, write, 1, control(request=request_number, chain=7)) + wait(100)
        listing = b"".join(struct.pack("<2I", a | (v is not None), v or 0) for a, v in accesses)
        machine.write(LISTING, listing + bytes(8))
        report = machine.run().fault
    assert report is not None and "DMA channel 7" in report


# ---- the sniffer


def sniffed(program: Build, data: bytes, calc: int, seed: int, size: int, extra: int = 0) -> int:
    ctrl = control(size=size, read=1, sniff=1)
    accesses: list[Access] = [
        *(
            (0x20000400 + at, int.from_bytes(data[at : at + 4], "little"))
            for at in range(0, len(data), 4)
        ),
        (SNIFF_CTRL, 1 | calc << 5 | extra),
        (SNIFF_DATA, seed),
        *channel(0, 0x20000400, TARGET, len(data) // size, ctrl),
        *wait(400),
        (SNIFF_DATA, None),
    ]
    with Machine() as machine:
        return run(machine, program("peripherals"), accesses)[-1]


def test_sniffed_checksums(program: Build) -> None:
    data = numbers(16)
    out_reversed_inverted, bswap = 1 << 10 | 1 << 11, 1 << 9
    for size in (1, 4):
        crc32 = sniffed(program, data, 1, 0xFFFFFFFF, size, out_reversed_inverted)
        assert crc32 == zlib.crc32(data)
    # Most significant bit first: bytes as they come, words turned round.
    assert sniffed(program, data, 2, 0xFFFF, 1) == binascii.crc_hqx(data, 0xFFFF)
    assert sniffed(program, data, 2, 0xFFFF, 4, bswap) == binascii.crc_hqx(data, 0xFFFF)
    assert sniffed(program, data, 15, 5, 1) == 5 + sum(data)
    words = struct.unpack("<16I", data)
    assert sniffed(program, data, 15, 0, 4) == sum(words) & 0xFFFFFFFF
    assert sniffed(program, data, 14, 0, 4) == sum(word.bit_count() for word in words) & 1


# ---- the XIP stream


def test_stream_by_hand(program: Build) -> None:
    data = numbers(3)
    accesses: list[Access] = [
        (XIP_STAT, None),
        (STREAM_ADDR, SOURCE),
        (STREAM_CTR, 3),
        *wait(3 * WORD),
        (XIP_STAT, None),
        (STREAM_CTR, None),
        (STREAM_FIFO, None),
        *wait(2 * WORD),
        (STREAM_ADDR, None),
        (AUX, None),
        (STREAM_FIFO, None),
        (XIP_STAT, None),
        (STREAM_FIFO, None),
    ]
    with Machine() as machine:
        machine.load(program("peripherals").path)
        # run() loads: the data come with the listing, which lies below them.
        got = run(machine, program("peripherals"), accesses)
        assert [value for value in got if value not in (12, 0xFFFFFFFF)] == [
            0b011, 0b101, 1, SOURCE + 12, 0b011, 0
        ]  # fmt: skip
    assert len(data) == 12


def streaming(
    program: Build, beside: str, words: int, priority: int = 0, listing: list[Access] | None = None
) -> tuple[int, Counters, bytes]:
    """The cycles of a transfer from the stream to SRAM while core 0 runs `beside`, core 0's
    counters, and what came."""
    dma = program("dma")
    accesses: list[Access] = [(INTE0, 1), (0x40030000, priority)]
    if listing is None:
        into = control(request=STREAM_REQUEST, write=1)
        accesses += [
            *channel(0, AUX, TARGET, words, into),
            (STREAM_ADDR, SOURCE),
            (STREAM_CTR, words),
        ]
    else:
        accesses += listing
    with Machine() as machine:
        machine.load(dma.path)
        packed = b"".join(struct.pack("<2I", a | 1, v or 0) for a, v in accesses)
        machine.write(LISTING, packed + bytes(8))
        machine.write(SOURCE, numbers(words, seed=words))
        machine.write(dma["beside"], struct.pack("<I", dma[beside] | 1))
        machine.mark(dma["set"])
        machine.mark(dma["interrupted"])
        result = machine.run(max_cycles=10**6)
        assert result.reason == "exit", result.fault
        *_, (_, _, start), (_, _, end) = result.marks
        return end - start, machine.counters(0), machine.read(TARGET, 4 * words)


def test_stream_to_sram_by_dma(program: Build) -> None:
    cycles, _, came = streaming(program, "sleep", 100)
    assert came == numbers(100, seed=100)
    # One word after the other; around them the request, the transfer and the interrupt.
    assert 100 * WORD <= cycles <= 100 * WORD + 2 * 88 + 40


def test_hits_do_not_disturb_the_stream(program: Build) -> None:
    alone, _, _ = streaming(program, "sleep", 100)
    cycles, counters, came = streaming(program, "hit", 100)
    assert came == numbers(100, seed=100)
    assert cycles == pytest.approx(alone, abs=88 + WORD)
    assert counters.xip_data_accesses > 500


def test_misses_go_first_and_wait_for_a_word_under_way(program: Build) -> None:
    cycles, counters, came = streaming(program, "miss_now_and_then", 20)
    assert came == numbers(20, seed=20)
    # After each fill and its cooldown the stream begins a word, for which the next miss waits.
    assert cycles == pytest.approx(20 * (WORD + 7 + WORD), rel=0.1)
    assert counters.stall_xip_port == pytest.approx(20 * (WORD - 10), rel=0.2)


def test_misses_without_a_pause_starve_the_stream(program: Build) -> None:
    """The cooldown is longer than the time between two of them."""
    with pytest.raises(AssertionError, match="cycles"):
        streaming(program, "miss", 20)


def copy_beside(program: Build, priority: int, words: int = 512) -> tuple[int, Counters]:
    """Words of bank 2 only, while a core loads from bank 2 too."""
    into = control()
    copy = channel(0, 0x20000028, 0x20000018, words, into)
    cycles, counters, _ = streaming(program, "load_bank", words, priority, copy)
    return cycles, counters


def test_each_word_contends_for_its_bank(program: Build) -> None:
    """Each word is read from and written to bank 2, which is 2 cycles; the core wants it every
    other cycle; with priority DMA never waits, but the core does."""
    words = 512
    in_turns, core_in_turns = copy_beside(program, 0, words)
    dma_first, core_last = copy_beside(program, 1 << 8 | 1 << 12, words)
    core_first, core_free = copy_beside(program, 1 << 0, words)
    assert dma_first == pytest.approx(2 * words, abs=60)
    assert core_last.stall_bank > words / 2
    assert core_first >= in_turns > 1.2 * dma_first
    assert core_free.stall_bank == 0 < core_in_turns.stall_bank


def test_stream_is_the_same_in_slices(program: Build) -> None:
    def counts(slice_cycles: int) -> tuple[object, ...]:
        dma = program("dma")
        into = control(request=STREAM_REQUEST, write=1)
        accesses: list[Access] = [
            (INTE0, 1),
            *channel(0, AUX, TARGET, 64, into),
            (STREAM_ADDR, SOURCE),
            (STREAM_CTR, 64),
        ]
        with Machine() as machine:
            machine.load(dma.path)
            packed = b"".join(struct.pack("<2I", a | 1, v or 0) for a, v in accesses)
            machine.write(LISTING, packed + bytes(8))
            machine.write(dma["beside"], struct.pack("<I", dma["miss_now_and_then"] | 1))
            result = machine.run(max_cycles=slice_cycles)
            while result.reason == "cycles":
                result = machine.run(max_cycles=slice_cycles)
            return result.reason, machine.counters(0), machine.read(RESULTS, 4)

    whole = counts(10**6)
    assert whole[0] == "exit"
    assert counts(37) == whole
    assert counts(1000) == whole
