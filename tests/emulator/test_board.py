"""The board as a target: the same code and real serial devices, with the emulator as the board."""

from __future__ import annotations

import os
import sys
import threading
import tty
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import flasher
import pytest
from emulator_programs import Build

from syncer.errors import Exit, SyncError
from syncer.pipeline.order import Order, check_order
from syncer.port import Board, load_port
from syncer.targets.board import BoardTarget

FLASHER = str(Path(flasher.__file__))
BOARD = Board(
    flash=(sys.executable, FLASHER, "flash", "{elf}", "{port}"),
    reset=(sys.executable, FLASHER, "reset", "{port}"),
    clock_hz=125_000_000,
    first_seconds=20,
    silent_seconds=20,
)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "ttyBOARD"
    flasher.off(tmp_path / "ttyBOARD")


def test_a_program_is_flashed_started_and_read(place: Path, program: Build) -> None:
    target = BoardTarget(str(place), BOARD)
    elf = program("forever").path
    run = target.run(elf, until="tick", count=3, budget_cycles=10**12)
    assert (run.failure, run.cycles, run.marks) == ("", None, ())
    assert run.output.startswith("tick\ntick\ntick\n")  # from its first word on
    assert target.name == f"board:{place}"
    # Once more, with a port that is there and goes away with the flashing.
    assert target.run(elf, until="tick", budget_cycles=10**12).output.startswith("tick\n")


def test_a_program_that_never_says_it_is_still_running(place: Path, program: Build) -> None:
    run = BoardTarget(str(place), BOARD).run(
        program("forever").path, until="never", budget_cycles=125_000_000 * 2
    )
    assert run.failure == "still running after 2 s"
    assert "tick\n" in run.output


# ---- a serial port that stays, as a debug probe's does


@pytest.fixture
def probe() -> Iterator[tuple[int, str]]:
    """Its other end, and its name."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    yield ours, os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


def test_what_an_earlier_program_said_is_forgotten(
    probe: tuple[int, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, place = probe

    def command(self: BoardTarget, template: tuple[str, ...], elf: Path) -> None:
        os.write(ours, b"old done\r\n" if template == ("flash",) else b"new 1\r\nnew done\r\n")

    monkeypatch.setattr(BoardTarget, "_command", command)
    target = BoardTarget(place, replace(BOARD, flash=("flash",), reset=("reset",)))
    assert target.run(tmp_path, until="done", budget_cycles=10**12).output == "new 1\nnew done\n"


def test_a_silent_board_is_tried_again_and_then_said_to_be_silent(
    probe: tuple[int, str], tmp_path: Path
) -> None:
    tries = tmp_path / "tries"
    count = ("sh", "-c", f"echo {{elf}} >>{tries}")
    board = replace(BOARD, flash=count, reset=(), attempts=3, first_seconds=1)
    run = BoardTarget(probe[1], board).run(Path("x.elf"), until="done", budget_cycles=10**12)
    assert run.failure == "it printed nothing for 1 s, waiting for 'done'"
    assert tries.read_text() == "x.elf\n" * 3


def test_a_board_that_falls_silent_is_not_tried_again(
    probe: tuple[int, str], tmp_path: Path
) -> None:
    ours, place = probe
    board = replace(BOARD, flash=("true",), reset=(), silent_seconds=1)
    timer = threading.Timer(0.3, os.write, (ours, b"half a li"))
    timer.start()
    run = BoardTarget(place, board).run(Path("x.elf"), until="line", budget_cycles=10**12)
    assert run.output == "half a li"
    assert run.failure == "it fell silent for 1 s, waiting for 'line'"


# ---- clear words


@pytest.mark.parametrize(
    ("changed", "said", "hint"),
    [
        ({"flash": ("no-such-flasher", "{elf}")}, "no-such-flasher is not there", "Install it"),
        ({"flash": ("sh", "-c", "echo No board >&2; exit 7")}, "sh ended with 7", "plugged in"),
        ({"flash": ("sleep", "60"), "flash_seconds": 1}, "did not end within 1 s", "plugged in"),
        ({"flash": ("true",), "reset": (), "first_seconds": 1}, "no serial port", "here: "),
    ],
)
def test_no_board_answers(tmp_path: Path, changed: dict[str, object], said: str, hint: str) -> None:
    target = BoardTarget(str(tmp_path / "tty"), replace(BOARD, **changed))
    with pytest.raises(SyncError) as caught:
        target.run(Path("x.elf"), until="x", budget_cycles=10**12)
    assert caught.value.exit is Exit.ENVIRONMENT
    assert said in caught.value.message and hint in caught.value.hint
    if "exit 7" in str(changed):
        assert caught.value.detail == "No board"


def test_what_is_no_serial_port_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    target = BoardTarget(str(file), replace(BOARD, flash=("true",), reset=()))
    with pytest.raises(SyncError, match="file: cannot be opened"):
        target.run(Path("x.elf"), until="x", budget_cycles=10**12)


@pytest.mark.parametrize(
    "name", ["board", "board:", "bord:/dev/tty", "emulator,emulator", "board:a,board:b", "a,b,c"]
)
def test_targets_that_are_none(name: str) -> None:
    port = load_port(Path(__file__).parents[2] / "port" / "port.toml")
    with pytest.raises(SyncError) as caught:
        check_order(Order(target=name), port)
    assert caught.value.exit is Exit.USAGE
    assert "board:PORT" in caught.value.hint


def test_a_port_that_describes_no_board() -> None:
    port = load_port(Path(__file__).parents[2] / "port" / "port.toml")
    without = replace(port, toml=replace(port.toml, board=None))
    with pytest.raises(SyncError, match=r"no table \[board\]"):
        check_order(Order(target="board:/dev/ttyACM0"), without)
    check_order(Order(target="emulator,board:/dev/ttyACM0"), port)
