"""`sync emulate`, as its caller sees it."""

from __future__ import annotations

from pathlib import Path

import pytest
from emulator_programs import Build

from syncer.cli.app import run


def test_until_a_line(program: Build, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["emulate", str(program("forever").path), "--until", "tick"]) == 0
    out, err = capsys.readouterr()
    assert out == "tick\n"
    assert "the text was seen" in err


def test_functional_and_exit(program: Build, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["emulate", str(program("two_cores").path), "--functional"]) == 0
    out, err = capsys.readouterr()
    assert out == "!\n"
    assert "main returned" in err


def test_asleep(program: Build) -> None:
    assert run(["emulate", str(program("exceptions").path)]) == 0


def test_the_line_never_comes(program: Build, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["emulate", str(program("forever").path), "--until", "tock", "--max-cycles", "2000"]
    assert run(command) == 14
    err = capsys.readouterr().err
    assert "never printed 'tock'" in err
    assert "--max-cycles" in err
    assert "core 0, running:" in err and "  #0  0x1000" in err
    assert "core 1, in WFE:" in err and "  #0  0x0000" in err


def test_fault(program: Build, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["emulate", str(program("faults").path)]) == 14
    err = capsys.readouterr().err
    assert "faults.link.ld.elf faulted" in err
    assert "read from 0x60000004" in err
    assert "(read_nowhere+0x0)" in err
    assert "read_nowhere+0x0\n" in err and "  #0  0x" in err


def test_serial_port(program: Build, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["emulate", str(program("forever").path), "--serial", "pty", "--until", "tick"]
    assert run(command) == 0
    out, err = capsys.readouterr()
    assert out == "tick\n"
    assert "serial port: /dev/" in err
    assert run([*command[:-3], "/dev/ttyUSB0"]) == 2


def test_bad_firmware_and_boot_rom(
    program: Build, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a program")
    assert run(["emulate", str(text)]) == 1
    assert run(["emulate", str(tmp_path / "absent.elf")]) == 1
    assert run(["emulate", str(program("forever").path), "--bootrom", str(text)]) == 1
    err = capsys.readouterr().err
    assert "neither an ELF file nor UF2" in err
    assert "cannot read the firmware" in err
    assert "boot ROM has 16384" in err
