"""The UARTs, both ways (RP2040 datasheet 4.2), and a UART as a terminal device."""

from __future__ import annotations

import os
import threading
from itertools import pairwise

import pytest
from emulator_programs import Build
from test_emulator_peripherals import Access, run

from syncer.emulator import Machine
from syncer.emulator.serial import SerialTerminal
from syncer.errors import SyncError

UART1 = 0x40038000
CHARACTER = (67 * 64 + 52) * 10 / 4  # clk_sys cycles at 115200 baud


def loaded(machine: Machine, program: Build, by_interrupt: bool = False) -> None:
    uart = program("uart")
    machine.load(uart.path)
    machine.write(uart["by_interrupt"], bytes([by_interrupt, 0, 0, 0]))


def test_characters_come_at_the_baud_rate(program: Build) -> None:
    with Machine() as machine:
        loaded(machine, program)
        machine.mark(program("uart")["received"])
        machine.send("Hello.")
        result = machine.run(max_cycles=10**6)
        assert (result.reason, result.uart) == ("exit", "Hello.")
        for (_, _, first), (_, _, second) in pairwise(result.marks):
            assert second - first == pytest.approx(CHARACTER, abs=100)  # a cache miss


def test_interrupts_by_level_and_by_timeout(program: Build) -> None:
    with Machine() as machine:
        loaded(machine, program, by_interrupt=True)
        machine.send("abcdefghij.")
        result = machine.run(max_cycles=10**6)
        assert (result.reason, result.uart) == ("exit", "abcdefghij.")
        # Every fourth character by the level (an eighth of 32 at IFLS 2 is half: 16), the rest when
        # 32 bit periods have passed.
        count = int.from_bytes(machine.read(program("uart")["interrupts"], 4), "little")
        assert count == 1
        assert result.cycles == pytest.approx(11 * CHARACTER + 3.2 * CHARACTER, rel=0.05)
        loaded(machine, program, by_interrupt=True)
        machine.send("0123456789abcdefX.")
        assert machine.run(max_cycles=10**6).reason == "exit"
        count = int.from_bytes(machine.read(program("uart")["interrupts"], 4), "little")
        assert count == 2


def test_a_sleeping_machine_goes_on_with_input(program: Build) -> None:
    with Machine() as machine:
        loaded(machine, program, by_interrupt=True)
        assert machine.run().reason == "asleep"
        machine.send(".")
        assert machine.run().reason == "exit"
        with pytest.raises(SyncError, match="uart is 2"):
            machine.send("x", uart=2)


def test_input_in_slices_is_the_same(program: Build) -> None:
    def cycles(slice_cycles: int) -> tuple[int, str]:
        with Machine() as machine:
            loaded(machine, program)
            machine.send("slices.")
            text = ""
            while True:
                result = machine.run(max_cycles=slice_cycles)
                text += result.uart
                if result.reason != "cycles":
                    return result.cycles, text

    assert cycles(333) == cycles(10**7)


def test_loopback_and_registers(program: Build) -> None:
    dr, fr, cr, ris, mis, icr = (UART1 + at for at in (0, 0x18, 0x30, 0x3C, 0x40, 0x44))
    accesses: list[Access] = [
        (fr, None),
        (UART1 + 0x2C, 0x70),
        (UART1 + 0x34, 0),  # ask at an eighth: 4
        (cr, 0x381),  # looped back
        *[(dr, ord(c)) for c in "loop"],
        *[(fr, None)] * 100,
        (ris, None),
        (mis, None),
        (UART1 + 0x38, 0x10),
        (mis, None),
        (dr, None),
        (ris, None),
        *[(dr, None)] * 3,
        (fr, None),
        (icr, 0x7FF),
        (ris, None),
        (UART1 + 0xFE0, None),
    ]
    with Machine() as machine:
        got = run(machine, program("peripherals"), accesses)
    assert got[0] == 0x90
    # Level and timeout (the divisor is 0: characters come at once), and the sent one.
    assert got[101:] == [0x70, 0, 0x10, ord("l"), 0x60, *b"oop", 0x90, 0, 0x11]


def test_a_terminal_device(program: Build) -> None:
    with Machine() as machine, SerialTerminal() as serial:
        loaded(machine, program, by_interrupt=True)
        done = threading.Event()
        thread = threading.Thread(target=lambda: (serial.run(machine), done.set()))
        thread.start()
        host = os.open(serial.path, os.O_RDWR | os.O_NOCTTY)
        try:
            received = b""
            for part in (b"over the \xff\r\n", b"wire."):
                os.write(host, part)
                while not received.endswith(part):
                    received += os.read(host, 100)
            assert received == b"over the \xff\r\nwire."
        finally:
            os.close(host)
            thread.join(30)
        assert done.is_set()


def test_a_terminal_is_stopped(program: Build) -> None:
    with Machine() as machine, SerialTerminal() as serial:
        loaded(machine, program, by_interrupt=True)
        assert serial.run(machine, stop=lambda: True).reason == "asleep"
        loaded(machine, program)
        result = serial.run(machine, max_cycles=10**6)
        assert result.reason == "cycles"
        assert 10**6 <= machine.cycles < 10**6 + 100
