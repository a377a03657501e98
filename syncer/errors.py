"""The one exception a person ever sees, and the exit status that goes with it."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit statuses of `sync`; the list is closed and documented in the README."""

    OK = 0
    BAD_INPUT = 1
    USAGE = 2
    BUG = 3
    CONFLICT = 10
    GATE = 11
    PUBLISH = 12
    BUILD = 13
    TEST = 14
    ENVIRONMENT = 15
    HELD = 16
    FOREIGN_COMMITS = 17
    INTERRUPTED = 130


class SyncError(Exception):
    """Something a person has to act on.

    Args:
        message: what happened and where (file, key, line, commit).
        hint: what to do about it; a command where there is one.
        exit: the status `sync` ends with.
        detail: longer output (a compiler's, a conflict's), shown after the message.
        about: upstream's files (paths in its checkout or in the generated tree, or patterns) that
            it may come from, in groups, the likeliest first: whoever knows upstream's history can
            say who changed them.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        exit: Exit = Exit.BAD_INPUT,
        detail: str = "",
        about: tuple[tuple[str, ...], ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit = exit
        self.detail = detail
        self.about = about

    def told(self, message: str, *, hint: str = "") -> SyncError:
        """The same error by someone who knows more of where it happened, and what to do where it
        does not say itself."""
        return SyncError(
            message,
            hint=self.hint or hint,
            exit=self.exit,
            detail=self.detail,
            about=self.about,
        )
