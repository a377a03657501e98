"""A machine's UART as a terminal device (a pseudo-terminal), for programs that talk to a board."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable
from types import TracebackType
from typing import Self

from syncer.emulator.machine import Machine
from syncer.emulator.results import RunResult
from syncer.errors import Exit, SyncError

_TURN = 250_000  # cycles between looking for input: 2 ms of target time
_WAIT = 0.05  # seconds that a sleeping machine waits for input before it looks again


class SerialTerminal:
    """The device at `path`: what a program writes there the UART receives, what the UART sends a
    program can read there. Any number of programs may open and close it, one after the other; what
    nobody reads is kept as far as the system's buffer goes, then lost, as on a wire.

    Args:
        uart: 0 or 1.

    Raises:
        SyncError: the system has no pseudo-terminal to give.
    """

    def __init__(self, uart: int = 0) -> None:
        self.uart = uart
        try:
            self._ours, self._theirs = os.openpty()
        except OSError as error:
            raise SyncError(
                f"no pseudo-terminal for the serial port: {error.strerror}", exit=Exit.ENVIRONMENT
            ) from error
        # Kept open, or reading would fail whenever nobody has it; raw, or the system would echo.
        tty.setraw(self._theirs, termios.TCSANOW)
        os.set_blocking(self._ours, False)
        self.path = os.ttyname(self._theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives the device back; its path is gone."""
        for descriptor in (self._ours, self._theirs):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def run(
        self,
        machine: Machine,
        *,
        until: str | None = None,
        max_cycles: int = 10**18,
        stop: Callable[[], bool] = lambda: False,
        on_line: Callable[[str], None] | None = None,
        on_slice: Callable[[], None] | None = None,
    ) -> RunResult:
        """Runs the machine, and both directions of the device, until what would end Machine.run or
        `stop` says so, which is asked every few milliseconds. A machine whose cores both sleep goes
        on when input comes.

        Returns: what Machine.run gave for the last few milliseconds. The reason of a run that was
            stopped is "cycles" or "asleep".
        """
        end = machine.cycles + max_cycles
        while True:
            if data := self._received():
                machine.send(data, self.uart)
            result = machine.run(
                until=until,
                max_cycles=max(0, min(_TURN, end - machine.cycles)),
                on_line=on_line,
                on_bytes=self._send,
                on_slice=on_slice,
            )
            if result.reason == "asleep":
                select.select([self._ours], [], [], _WAIT)
            elif result.reason != "cycles":
                return result
            if machine.cycles >= end or stop():
                return result

    def drain(self, grace: float = 1.0, most: float = 2.0) -> None:
        """Keep the device for `grace` seconds, and until all is read that the UART sent, `most`
        seconds at the most: with `close`, what is unread is gone. The system may still be moving
        the last of it when nothing seems unread, hence the grace."""
        began = time.monotonic()
        while (passed := time.monotonic() - began) < grace or (self._unread() and passed < most):
            time.sleep(_WAIT)

    def _unread(self) -> int:
        found = fcntl.ioctl(self._theirs, termios.FIONREAD, bytes(4))
        return int.from_bytes(found, sys.byteorder)

    def _received(self) -> bytes:
        with contextlib.suppress(BlockingIOError):
            return os.read(self._ours, 4096)
        return b""

    def _send(self, uart: int, data: bytes) -> None:
        if uart == self.uart:
            with contextlib.suppress(BlockingIOError):
                os.write(self._ours, data)
