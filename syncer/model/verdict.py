"""How a stage, or a whole roll, ended."""

from __future__ import annotations

from enum import StrEnum

from syncer.errors import Exit


class Verdict(StrEnum):
    """How a stage, or a whole roll, ended. The list is closed; report/status.schema.json has it.
    Each but the first four bears the name of the exit status that goes with it."""

    PASSED = "passed"
    UP_TO_DATE = "up to date"
    NOT_RUN = "not run"
    NOT_CHECKED = "not checked"
    BAD_INPUT = "bad input"
    CONFLICT = "conflict"
    GATE = "gate"
    PUBLISH = "publish"
    BUILD = "build"
    TEST = "test"
    ENVIRONMENT = "environment"
    HELD = "held"
    FOREIGN_COMMITS = "foreign commits"
    INTERRUPTED = "interrupted"
    BUG = "bug"

    @property
    def exit(self) -> Exit:
        """The status `sync` ends with when a roll ends so."""
        return Exit.__members__.get(self.name, Exit.OK)
