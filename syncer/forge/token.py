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


def take_token(descriptor: int | None = None) -> Token | None:
    """The token that this process was given: by an open file descriptor, or in the environment
    under the first of `VARIABLES` that is set. None if it was given none.

    Afterwards it is in neither: no child inherits it, and /proc/<pid>/environ does not show it.

    Raises:
        SyncError: the descriptor cannot be read, or what is there is no token.
    """
    if descriptor is not None:
        where, text = f"file descriptor {descriptor}", _read(descriptor)
        for name in VARIABLES:
            _wipe(name)
    else:
        found = {name: os.environ.get(name, "") for name in VARIABLES}
        for name in VARIABLES:
            _wipe(name)
        where = next((name for name, value in found.items() if value.strip()), "")
        if not where:
            return None
        text = found[where]
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
