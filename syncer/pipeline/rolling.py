"""Whole rolls: the stages in their order, and what is kept of how they went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from syncer import stages
from syncer.errors import Exit, SyncError
from syncer.journal import Journal
from syncer.locking import now
from syncer.model import Roll, Verdict
from syncer.pipeline.order import STAGES, Interrupted, Order, Outcome, check_order
from syncer.pipeline.recorder import Progress, Recorder, interrupted
from syncer.pipeline.telling import Telling
from syncer.port import Port


def roll(port: Port, order: Order, progress: Progress) -> Outcome:
    """Run the stages up to `order.until`, taking from the journal what still holds.

    Whatever happens, the status document and the report say how far it got.

    Raises:
        SyncError: (HELD) another roll holds the port; (USAGE) no such stage or target.
        Interrupted: Ctrl-C or SIGTERM; what it had found is written down all the same.
    """
    check_order(order, port)
    if order.bare:
        port = port.stripped()
        order = replace(order, until=min(order.until, "report", key=STAGES.index))
    journal = Journal(port.state)
    with journal.held("roll", order.upstream or port.toml.upstream.branch, progress.note):
        if not stages.open_worktrees(port):  # else the roll that met them is not over
            journal.remember()
        return Run(port, order, Recorder(journal, progress)).all()


class Run(Telling):
    """One roll under way: its stages in their order, its report and its record."""

    def all(self) -> Outcome:
        """The whole roll, its report and its record in the journal."""
        self._note(ended="", verdict="", stage="")
        with self._holding:
            error = self._line()
            if self._wanted("report"):
                later = self._first_error(lambda: self.report(error))
                error = error or later
            if error is None and self._wanted("publish"):
                error = self._first_error(self.publish)
            elif error and error.exit is Exit.GATE and self._wanted("publish"):
                error = self._first_error(self.offer) or error
        later = self._first_error(lambda: self._keep(self.so_far(error)))
        error = error or later
        return self._ended(Outcome(self.so_far(error), error, self.published))

    def _keep(self, roll: Roll) -> None:
        """What is read when the roll is over."""
        if self._wanted("report") or roll.verdict is Verdict.INTERRUPTED:
            if roll.verdict is Verdict.INTERRUPTED:
                stages.discard(self.port)
            self._write_report(roll)  # once more, now that it is known how all stages ended
        self.recorder.journal.write_roll(roll)
        if self._wanted("publish"):
            self.settle(roll)
        self._note(ended=now(), verdict=roll.verdict.value, stage=self.recorder.stopped_in)

    def part(self) -> Outcome:
        """The stages up to the one ordered; what the journal says of the roll stays as it is."""
        with self._holding:
            error = self._line()
        return self._ended(Outcome(self.so_far(error), error))

    def _ended(self, outcome: Outcome) -> Outcome:
        if outcome.roll.verdict is Verdict.INTERRUPTED:
            raise Interrupted(outcome)
        return outcome

    def _line(self) -> SyncError | None:
        line = (self.resolve, self.rebase, self.tree, self.build, self.test, self.bench)
        return self._first_error(*line[: STAGES.index(self.order.until) + 1])

    def _first_error(self, *steps: Callable[[], None]) -> SyncError | None:
        """Take the steps in order, up to the first that fails."""
        try:
            for step in steps:
                step()
        except SyncError as error:
            return error
        except KeyboardInterrupt:  # between two stages
            return interrupted(self.recorder.stopped_in)
        return None

    def _wanted(self, stage: str) -> bool:
        return STAGES.index(stage) <= STAGES.index(self.order.until)
