"""How stages are run: timed, watched, kept in the journal, and recorded however they end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from syncer.errors import Exit, SyncError
from syncer.journal import Journal
from syncer.model import StageRecord, Verdict

T = TypeVar("T")


class Progress(Protocol):
    """Who watches a roll: a stage begins, has something to tell, is this far, ends."""

    def begin(self, stage: str) -> None: ...
    def note(self, text: str) -> None: ...
    def step(self, text: str) -> None: ...
    def end(self, record: StageRecord) -> None: ...


def verdict_of(exit: Exit) -> Verdict:
    """The verdict that goes with an exit status."""
    return {
        Exit.OK: Verdict.PASSED,
        Exit.USAGE: Verdict.BAD_INPUT,
        Exit.BAD_INPUT: Verdict.BAD_INPUT,
    }.get(exit) or Verdict[exit.name]


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
    upstream: str | None
    records: list[StageRecord] = field(default_factory=list)
    _stage: str = ""

    @contextmanager
    def stage(self, name: str) -> Iterator[Course]:
        """One stage; however it ends, it is recorded with its time and its verdict."""
        self._stage = name
        self.progress.begin(name)
        self.say("running")
        course = Course(time.monotonic())
        try:
            yield course
        except SyncError as error:
            course.verdict = verdict_of(error.exit)
            self._end(course, error.message)
            raise
        except KeyboardInterrupt:
            self.say("interrupted")
            raise
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
        stored = self.journal.find(self._stage, key, kind)
        if stored and holds(stored[0]):
            course.kept_seconds = stored[1]
            return stored[0]
        value = make()
        self.journal.store(self._stage, key, time.monotonic() - course.started, value)
        return value

    def say(self, doing: str, **more: object) -> None:
        """Tell `sync status` what the roll is doing."""
        self.journal.write_state(doing=doing, stage=self._stage, upstream=self.upstream, **more)

    def _end(self, course: Course, message: str = "") -> None:
        cached = course.kept_seconds is not None
        took = course.kept_seconds if cached else time.monotonic() - course.started
        record = StageRecord(self._stage, course.verdict, round(took or 0.0, 3), cached, message)
        self.records.append(record)
        self.progress.end(record)
