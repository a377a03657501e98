"""Standard output and error that may go away: a pipe whose reader has left, a full disk.

What nobody can read any more is dropped and the command goes on: a roll's results are on disk, and
`sync | head` must not break one off.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO


class _Outlet(io.FileIO):
    """A file descriptor of which writing never fails; `failure` is why it would have."""

    failure: OSError | None = None

    def write(self, data: Any, /) -> int:
        size = memoryview(data).nbytes
        if self.failure is not None:
            return size
        try:
            return super().write(data) or 0
        except OSError as error:
            self.failure = error
            return size


@dataclass(frozen=True)
class Outlets:
    """This process's two."""

    out: _Outlet
    err: _Outlet

    @property
    def lost(self) -> str:
        """Why output was lost that somebody wanted; empty if none was, or its reader left."""
        failure = self.out.failure
        if failure is None or failure.errno == errno.EPIPE:
            return ""
        return failure.strerror or str(failure)


@contextmanager
def outlets() -> Iterator[Outlets]:
    """Put them in place of sys.stdout and sys.stderr. Characters that the terminal's encoding
    does not have become plain ones."""
    for number in (0, 1, 2):  # a closed one's number would go to the next file opened
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    before = sys.stdout, sys.stderr
    both = Outlets(_Outlet(1, "w", closefd=False), _Outlet(2, "w", closefd=False))
    sys.stdout, sys.stderr = _text(both.out, before[0]), _text(both.err, before[1])
    try:
        yield both
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdout, sys.stderr = before


_PLAIN = {"→": "->", "…": "...", "–": "-", "−": "-", "✓": "+", "✗": "x", "≠": "!=", "Δ": "change"}


def _plainly(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    lost = error.object[error.start : error.end]
    return "".join(_PLAIN.get(character, "?") for character in lost), error.end


codecs.register_error("plainly", _plainly)


def _text(outlet: _Outlet, like: TextIO | None) -> TextIO:
    encoding = like.encoding if like else "utf-8"
    return io.TextIOWrapper(
        io.BufferedWriter(outlet), encoding, errors="plainly", line_buffering=True
    )
