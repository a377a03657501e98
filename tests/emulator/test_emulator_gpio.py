"""Interrupts of GPIOs: RP2040 datasheet 2.19.3, registers 2.19.6.1."""

from __future__ import annotations

import struct

import pytest
from emulator_programs import RESULTS, Build, Program
from test_emulator_peripherals import MASK, SIO, Access, run

from syncer.emulator import Machine

IO_BANK0, PADS_BANK0 = 0x40014000, 0x4001C000
INTR, INTE, INTF, INTS = (IO_BANK0 + offset for offset in (0xF0, 0x100, 0x110, 0x120))
CORE1, DORMANT = 0x30, 0x60  # from core 0's registers to those
LOW, HIGH, FALL, RISE = 1, 2, 4, 8


def bits(pin: int, events: int) -> int:
    return events << 4 * (pin % 8)


def register(first: int, pin: int) -> int:
    return first + 4 * (pin // 8)


def enable(pin: int, events: int, core: int = 0) -> Access:
    """By the atomic alias that sets."""
    return (register(INTE, pin) + CORE1 * core + 0x2000, bits(pin, events))


class Waiting:
    """gpio.S, asleep; what its handlers have seen since is taken with `seen`."""

    def __init__(self, machine: Machine, program: Program, setup: list[Access], both: bool) -> None:
        self.machine = machine
        self._read = RESULTS
        machine.load(program.path)
        packed = b"".join(struct.pack("<2I", a | 1, v or 0) for a, v in setup)
        machine.write(0x10010000, packed + bytes(8))
        machine.write(program["both"], struct.pack("<I", both))
        self.run()

    def run(self) -> None:
        result = self.machine.run(max_cycles=10**6)
        assert result.reason == "asleep", result.fault

    def seen(self) -> list[tuple[int, int, int]]:
        """(core, register, INTS) of each."""
        self.run()
        found = []
        while (pair := struct.unpack("<2I", self.machine.read(self._read, 8)))[0]:
            found.append((pair[1] >> 24, pair[1] >> 16 & 255, pair[0]))
            self._read += 8
        return found

    def drive(self, pin: int, level: bool | None) -> list[tuple[int, int, int]]:
        self.machine.drive(pin, level)
        return self.seen()


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "functional"])
def test_edges_from_outside(program: Build, exact: bool) -> None:
    setup = [enable(3, RISE), enable(21, FALL), enable(29, RISE | FALL)]
    with Machine(exact=exact) as machine:
        board = Waiting(machine, program("gpio"), setup, both=False)
        assert board.seen() == []
        assert board.drive(3, True) == [(0, 0, bits(3, RISE))]
        assert board.drive(3, True) == []  # the same level
        assert board.drive(3, False) == []
        assert board.drive(21, True) == []
        assert board.drive(21, False) == [(0, 2, bits(21, FALL))]
        assert board.drive(29, True) == [(0, 3, bits(29, RISE))]
        assert board.drive(29, None) == [(0, 3, bits(29, FALL))]  # to its pull
        machine.drive(3, True)
        machine.drive(29, True)
        assert board.seen() == [(0, 0, bits(3, RISE)), (0, 3, bits(29, RISE))]


def test_levels_last_as_long_as_they_last(program: Build) -> None:
    """The handler masks what it sees, else it would be called without end."""
    with Machine() as machine:
        board = Waiting(machine, program("gpio"), [enable(5, HIGH)], both=False)
        assert board.drive(5, True) == [(0, 0, bits(5, HIGH))]
        assert board.drive(5, False) == board.drive(5, True) == []
        machine.drive(6, True)
        # Loading lets go of every pin: the pull holds it low.
        board = Waiting(machine, program("gpio"), [enable(6, LOW), enable(7, LOW)], both=False)
        assert board.seen() == [(0, 0, bits(6, LOW) | bits(7, LOW))]


def test_each_core_has_its_own(program: Build) -> None:
    setup = [enable(0, RISE, core=0), enable(1, RISE, core=1), enable(2, RISE), enable(2, RISE, 1)]
    with Machine() as machine:
        board = Waiting(machine, program("gpio"), setup, both=True)
        assert board.drive(0, True) == [(0, 0, bits(0, RISE))]
        assert board.drive(1, True) == [(1, 0, bits(1, RISE))]
        both = board.drive(2, True)  # the one that is first clears it for both
        assert {core for core, _, _ in both} <= {0, 1} and both
        assert {ints for _, _, ints in both} == {bits(2, RISE)}


def test_registers(program: Build) -> None:
    """Pins that SIO drives make edges too, and those are in INTR whether enabled or not."""
    drive: list[Access] = [(SIO + 0x20, 1 << 9), (IO_BANK0 + 8 * 9 + 4, 5)]
    raw: Access = (register(INTR, 9), None)
    ints: Access = (register(INTS, 9), None)
    accesses: list[Access] = [*drive, raw, (SIO + 0x14, 1 << 9), raw, (SIO + 0x18, 1 << 9), raw]
    accesses += [ints, (register(INTE, 9), bits(9, FALL | HIGH)), ints]
    accesses += [(register(INTR, 9), bits(9, FALL)), raw, ints, (SIO + 0x14, 1 << 9), ints]
    accesses += [(register(INTR, 9), MASK), raw]  # a level cannot be cleared
    # Forced, whatever is enabled; each core by itself, and for waking, which only stores.
    accesses += [(register(INTF, 30), 1 << 20), (register(INTS, 30), None)]
    accesses += [(register(INTS + CORE1, 30), None)]
    accesses += [(register(INTE + DORMANT, 9), bits(9, RISE)), (register(INTF + DORMANT, 0), 8)]
    accesses += [(register(INTS + DORMANT, 9), None), (register(INTS + DORMANT, 0), None)]
    accesses += [(register(INTE + DORMANT, 9), None)]
    low = 0x1111_1111
    others = low & ~bits(9, 15)
    with Machine() as machine:
        got = run(machine, program("peripherals"), accesses)
        assert machine.unmapped == ()
    assert got[:3] == [low, others | bits(9, HIGH | RISE), low | bits(9, RISE | FALL)]
    assert got[3:5] == [0, bits(9, FALL)]
    assert got[5:7] == [low | bits(9, RISE), 0]
    assert got[7:9] == [bits(9, HIGH), others | bits(9, HIGH)]
    assert got[9:11] == [1 << 20, 0]
    assert got[11:] == [0, 8, bits(9, RISE)]


def test_overrides_and_pads(program: Build) -> None:
    """An interrupt goes by the pad, as IRQOVER overrides it; IN_OVER is for peripherals."""
    raw: Access = (register(INTR, 4), None)
    control, pad = IO_BANK0 + 8 * 4 + 4, PADS_BANK0 + 4 * 5
    accesses: list[Access] = [(control, 1 << 16 | 31), raw, (control, 1 << 28 | 31), raw]
    accesses += [(control, 31), (register(INTR, 4), MASK), raw]
    accesses += [(pad, 0x5A), raw, (control - 4, None), (pad, 0x1A), raw]  # pulled up; no input
    with Machine() as machine:
        got = [value >> 16 & 15 for value in run(machine, program("peripherals"), accesses)]
        assert got[:4] == [LOW, HIGH | RISE, LOW, HIGH | RISE]
        assert got[5] == LOW | RISE | FALL
        accesses = [(pad, 0x5A), (control, 1 << 28 | 31), (control - 4, None)]
        (status,) = run(machine, program("peripherals"), accesses)
    assert status == 1 << 17 | 1 << 19 | 1 << 24  # IRQTOPROC is inverted
