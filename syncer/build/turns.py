"""Boards that are built at the same time, without more compilers at once than one has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, nullcontext
from threading import Event, Lock

from syncer import processes
from syncer.build.shop import Shop

_FEW = 4  # steps other than links that may run beside another board's
_COUNT_SECONDS = 600


class Turns:
    """ninja keeps every core busy with compilers, and each has its memory: of two boards that both
    have much to compile, one waits. What does not fill the cores runs beside it: configuring, and
    what a small change leaves to do."""

    def __init__(self) -> None:
        self._compiling = Lock()
        self._failed = Event()

    @contextmanager
    def board(self) -> Iterator[None]:
        """One board's build; where it fails, the others end at their next turn."""
        try:
            yield
        except BaseException:
            self._failed.set()
            raise

    @contextmanager
    def turn(self, shop: Shop, ninja: Sequence[str]) -> Iterator[None]:
        """The time to run a command of ninja's.

        Raises:
            CancelledError: another board has failed.
        """
        planned = shop.ask([*ninja, "-n"], _COUNT_SECONDS)
        steps = [line for line in planned if re.match(r"\[\d+/\d+\] (?!Linking )", line)]
        # A board that fails says so before another gets its turn.
        with nullcontext() if len(steps) <= _FEW else self._compiling, self.board():
            processes.check()
            if self._failed.is_set():
                raise CancelledError
            yield
