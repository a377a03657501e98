"""The token: where it comes from, and that it goes nowhere but into a request's header."""

from __future__ import annotations

import base64
import ctypes
import os
from dataclasses import dataclass, field
from urllib.parse import quote

from syncer.errors import Exit, SyncError

VARIABLES = ("SYNC_TOKEN", "GITHUB_TOKEN")
_MOST = 4096
MASK = "***"


@dataclass(frozen=True)
class Token:
    """A secret. Printing it, or anything that holds it, shows none of it."""

    secret: str = field(repr=False)

    @property
    def header(self) -> str:
        """What git sends, as the Basic scheme wants it (RFC 7617); GitHub takes any user's name,
        and documents this one for tokens of Apps and of Actions."""
        return f"AUTHORIZATION: basic {self._coded(f'x-access-token:{self.secret}')}"

    def mask(self, text: str) -> str:
        """`text` without the token in any form in which this program writes it."""
        for form in (
            self._coded(f"x-access-token:{self.secret}"),
            self._coded(self.secret),
            self.secret,
            quote(self.secret, safe=""),
        ):
            text = text.replace(form, MASK)
        return text

    @staticmethod
    def _coded(text: str) -> str:
        return base64.b64encode(text.encode()).decode()


_held: dict[str, str] = {}


def hold() -> None:
    """Take tokens out of the environment, before anything else runs: no child inherits one, and
    /proc/<pid>/environ does not show it. `take_token` still has it."""
    _held.clear()
    for name in VARIABLES:
        _held[name] = os.environ.get(name, "")
        _wipe(name)


def take_token(descriptor: int | None = None) -> Token | None:
    """The token that this process was given: by an open file descriptor, or in the environment
    under the first of `VARIABLES` that is set. None if it was given none.

    Raises:
        SyncError: the descriptor cannot be read, or what is there is no token.
    """
    if any(name in os.environ for name in VARIABLES):
        hold()
    if descriptor is not None:
        where, text = f"file descriptor {descriptor}", _read(descriptor)
    else:
        where = next((name for name in VARIABLES if _held.get(name, "").strip()), "")
        if not where:
            return None
        text = _held[where]
    secret = text.strip()
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise SyncError(
            f"what {where} holds is no token",
            hint="Give the token alone: one line of letters, digits and punctuation.",
        )
    return Token(secret)


def _read(descriptor: int) -> str:
    try:
        with os.fdopen(descriptor, "rb") as stream:
            return stream.read(_MOST).decode("ascii", "replace")
    except OSError as error:
        raise SyncError(
            f"cannot read the token from file descriptor {descriptor}: {error.strerror}",
            hint="Open it for the command, as in: sync publish --token-fd 3 3<FILE",
            exit=Exit.USAGE,
        ) from None


def _wipe(name: str) -> None:
    """Take a variable out of the environment, and its value out of the memory that the kernel
    shows as the process's environment (proc(5)): unsetenv alone leaves it there."""
    if name not in os.environ:
        return
    library = ctypes.CDLL(None)
    library.getenv.restype = ctypes.c_void_p
    place = library.getenv(name.encode())
    if place:
        ctypes.memset(place, ord("*"), len(os.fsencode(os.environ[name])))
    del os.environ[name]
