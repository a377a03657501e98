"""A board as a target: a program is put onto it by the port's own flasher, started, and what it
prints is read from a serial port.

The port may be a UART behind a debug probe, which stays, or the board's own USB, which goes and
comes back with every reset. A board's time is its own: nothing here is the same on every run, so
no figure of it is gated.
"""

from __future__ import annotations

import os
import subprocess
import termios
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import serial
from serial.tools import list_ports

from syncer.errors import Exit, SyncError
from syncer.port import Board
from syncer.targets import Run

_LOOK_SECONDS = 0.02  # between two looks for a port that is not there yet
_LOCKS: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


class BoardTarget:
    """One board, for one program after the other, however many ask for it at once.

    Args:
        place: the serial port, e.g. /dev/ttyACM0.
        board: the port's description of its flasher and of the serial line.
    """

    def __init__(self, place: str, board: Board) -> None:
        self.place, self.board = place, board
        self.name = f"board:{place}"
        self.clock_hz = board.clock_hz

    def run(
        self,
        elf: Path,
        *,
        until: str,
        budget_cycles: int,
        count: int = 1,
        marks: Sequence[int] = (),
        counted: Sequence[int] = (),
    ) -> Run:
        """As `Target.run`, without cycles, marks and counts: a board has no such. The budget is
        taken as time at the board's clock. A program that prints nothing at all is flashed and
        started again, as often as the port allows.

        Raises:
            SyncError: (ENVIRONMENT) the flasher is not there or fails; the serial port is not
                there, is another's, or went away.
        """
        seconds = budget_cycles / self.clock_hz
        with _LOCKS[self.place]:
            for _ in range(self.board.attempts):
                run = self._once(elf, until, count, seconds)
                if run.output:
                    break
        return run

    def _once(self, elf: Path, until: str, count: int, seconds: float) -> Run:
        line: _Line | None = None
        try:
            if Path(self.place).exists():  # before the program starts: its first words count
                line = _Line(self.place, self.board.baud)
            self._command(self.board.flash, elf)
            if self.board.reset:
                if line:
                    line.forget()
                self._command(self.board.reset, elf)
            if line is None or line.moved():
                if line:
                    line.close()
                line = self._opened()
            return self._read(line, until, count, seconds)
        finally:
            if line:
                line.close()

    def _read(self, line: _Line, until: str, count: int, seconds: float) -> Run:
        output, seen = "", 0
        started = heard = time.monotonic()
        while True:
            now = time.monotonic()
            allowed = self.board.silent_seconds if output else self.board.first_seconds
            if now - started > seconds:
                return Run(output, f"still running after {seconds:.0f} s")
            if now - heard > allowed:
                what = "it fell silent for" if output else "it printed nothing for"
                return Run(output, f"{what} {allowed} s, waiting for {until!r}")
            data = line.read()
            if not data:
                continue
            heard = now
            whole = len(output) - len(output.rpartition("\n")[2])  # lines that are counted already
            output += data
            new, _, _ = output[whole:].rpartition("\n")
            seen += sum(until in text for text in new.split("\n"))
            if seen >= count:
                return Run(output)

    def _opened(self) -> _Line:
        """The serial port, once it is (again) there."""
        late = time.monotonic() + self.board.first_seconds
        while not Path(self.place).exists():
            if time.monotonic() > late:
                found = ", ".join(sorted(port.device for port in list_ports.comports()))
                raise SyncError(
                    f"no board answers: there is no serial port {self.place} "
                    f"{self.board.first_seconds} s after it was started",
                    hint="Is it plugged in, and does its program print there? Serial ports here: "
                    f"{found or 'none'}. Name one with --target board:PORT.",
                    exit=Exit.ENVIRONMENT,
                )
            time.sleep(_LOOK_SECONDS)
        return _Line(self.place, self.board.baud)

    def _command(self, template: Sequence[str], elf: Path) -> None:
        """Run a command of port.toml's, with the program and the serial port in their places."""
        words = [part.replace("{elf}", str(elf)).replace("{port}", self.place) for part in template]
        try:
            done = subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=self.board.flash_seconds,
                check=False,
            )
        except FileNotFoundError:
            raise SyncError(
                f"{words[0]} is not there, which port.toml flashes the board with",
                hint="Install it, or name another flasher in port.toml, board.flash.",
                exit=Exit.ENVIRONMENT,
            ) from None
        except subprocess.TimeoutExpired as late:
            how = f"did not end within {late.timeout:.0f} s"
            raise self._failed(words, how, late.output) from None
        except OSError as error:
            raise self._failed(words, f"cannot be run: {error.strerror}", b"") from None
        if done.returncode:
            raise self._failed(words, f"ended with {done.returncode}", done.stdout)

    def _failed(self, words: Sequence[str], how: str, output: bytes | None) -> SyncError:
        said = (output or b"").decode("utf-8", "replace").splitlines()
        return SyncError(
            f"no board answers: {words[0]} {how}",
            hint="Is the board plugged in and powered, and may you use it (udev rules)? "
            f"The command was: {' '.join(words)}",
            exit=Exit.ENVIRONMENT,
            detail="\n".join(said[-15:]),
        )


class _Port(serial.Serial):
    """A serial port that keeps what came before it was opened."""

    def _reset_input_buffer(self) -> None:
        """pyserial empties the buffer when it opens a port, and with it a program's first words."""


class _Line:
    """A serial port that is open."""

    def __init__(self, place: str, baud: int) -> None:
        self.place = place
        try:
            self._port = _Port(place, baud, timeout=0.05, exclusive=True)
        except (serial.SerialException, OSError, ValueError) as error:
            raise SyncError(
                f"{place}: cannot be opened: {error}",
                hint="Close what else has it open; may you read and write it (group dialout)?",
                exit=Exit.ENVIRONMENT,
            ) from None

    def forget(self) -> None:
        """Throw away what an earlier program has printed."""
        try:
            termios.tcflush(self._port.fileno(), termios.TCIFLUSH)
        except (termios.error, OSError):  # gone with the flashing; it is opened again
            return

    def moved(self) -> bool:
        """Whether the port is not the one that was opened: the device went and came back."""
        try:
            return os.fstat(self._port.fileno()).st_rdev != Path(self.place).stat().st_rdev
        except OSError:
            return True

    def read(self) -> str:
        """What has come, at the latest after a twentieth of a second; lines end in a newline."""
        try:
            data = self._port.read(max(1, self._port.in_waiting))
        except (serial.SerialException, OSError) as error:
            raise SyncError(
                f"{self.place} went away while the program ran: {error}",
                hint="Look at the board's cable and supply, then run it again.",
                exit=Exit.ENVIRONMENT,
            ) from None
        return str(data.decode("ascii", "replace").replace("\r", ""))

    def close(self) -> None:
        self._port.close()
