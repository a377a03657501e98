"""How stages are run: timed, watched, kept in the journal, and recorded however they end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from syncer.errors import Exit, SyncError
from syncer.files import from_machine
from syncer.journal import Journal
from syncer.model import StageRecord, Verdict
from syncer.processes import end_children

T = TypeVar("T")


class Progress(Protocol):
    """Who watches a roll: a stage begins, has something to tell, is this far, ends."""

    def begin(self, stage: str) -> None: ...
    def note(self, text: str) -> None: ...
    def step(self, text: str) -> None: ...
    def end(self, record: StageRecord) -> None: ...


def interrupted(stage: str) -> SyncError:
    """What a roll ends with that was asked to end."""
    hint = "See `sync status` for how to go on; finished stages are not repeated."
    return SyncError(f"interrupted in stage {stage}", hint=hint, exit=Exit.INTERRUPTED)


def verdict_of(exit: Exit) -> Verdict:
    """The verdict that goes with an exit status."""
    # Wrong usage is found before there is a roll; as a verdict it would be bad input.
    named = {Exit.OK: Verdict.PASSED, Exit.USAGE: Verdict.BAD_INPUT}
    return named.get(exit) or Verdict[exit.name]


def understood(error: Exception, folder: Path) -> SyncError:
    """What a stage at work in `folder` was ended by, as an error for a person: the machine's no,
    or a bug."""
    if isinstance(error, SyncError):
        return error
    return from_machine(error, folder) or SyncError(
        f"{type(error).__name__}: {error}",
        hint="This is a bug in sync; report it with the log file.",
        exit=Exit.BUG,
    )


@dataclass
class Course:
    """How a stage under way is going; what it says when the stage ends is recorded."""

    started: float
    verdict: Verdict = Verdict.PASSED
    kept_seconds: float | None = None  # what a result from the journal once took


@dataclass
class Recorder:
    """Runs stages one after the other and remembers how each ended."""

    journal: Journal
    progress: Progress
    records: list[StageRecord] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)  # what each stage was made of
    _stage: str = ""

    @contextmanager
    def stage(self, name: str) -> Iterator[Course]:
        """One stage; however it ends, it is recorded with its time and its verdict."""
        self._stage = name
        course = Course(time.monotonic())
        try:
            self.journal.at(name)
            self.progress.begin(name)
            yield course
        except Exception as error:
            known = understood(error, self.journal.folder)
            course.verdict = verdict_of(known.exit)
            self._end(course, known.message)
            if known is error:
                raise
            raise known from error
        except KeyboardInterrupt:
            end_children()
            course.verdict = Verdict.INTERRUPTED
            self._end(course)
            raise interrupted(name) from None
        self._end(course)

    def kept(
        self,
        course: Course,
        kind: type[T],
        key: str,
        make: Callable[[], T],
        holds: Callable[[T], bool] = lambda _: True,
    ) -> T:
        """The stage's result: from the journal where the key is the same and what the result
        speaks of is still there (`holds`), else made, and kept for the next time."""
        self.keys[self._stage] = key
        stored = self.journal.find(self._stage, key, kind)
        if stored and holds(stored[0]):
            course.kept_seconds = stored[1]
            return stored[0]
        value = make()
        self.journal.store(self._stage, key, time.monotonic() - course.started, value)
        return value

    @property
    def stopped_in(self) -> str:
        """The stage that failed; the last one, if none did."""
        failed = (r for r in self.records if r.verdict not in (Verdict.PASSED, Verdict.NOT_CHECKED))
        return next((record.name for record in failed), self._stage)

    def _end(self, course: Course, message: str = "") -> None:
        cached = course.kept_seconds is not None
        took = course.kept_seconds if cached else time.monotonic() - course.started
        record = StageRecord(self._stage, course.verdict, round(took or 0.0, 3), cached, message)
        self.records.append(record)
        self.progress.end(record)
