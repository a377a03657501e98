"""Whole rolls, driven to find something out: the newest upstream that passes."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from syncer.components import repository, sources
from syncer.errors import Exit, SyncError
from syncer.files import writing
from syncer.lock import load_lock
from syncer.model import NewestGood, Verdict
from syncer.pipeline import STAGES, Order, Outcome, Progress, roll
from syncer.port import Port

# What a newer or an older upstream may do better: all else is the machine's or the port's.
_FAULTS = (Exit.CONFLICT, Exit.GATE, Exit.BUILD, Exit.TEST)
_KEPT = ("test.json", "bench.json")  # results that hold whatever else was built since


def newest_good(port: Port, order: Order, progress: Progress) -> Outcome:
    """Roll to upstream's newest commit or, where that does not pass, to the newest that does: the
    end of the longest run of commits since the accepted one of which all pass, found by bisection
    over upstream's first parents. The roll says which commit came next, and how it failed.

    Bisection takes for granted that what a commit broke stays broken: where upstream mended it
    since, the commit that it broke with is still the one that is named.

    Raises:
        SyncError: nothing was accepted yet, or the accepted commit is not among the first parents.
        Interrupted: as of `roll`.
    """
    first = roll(port, order, progress)
    if first.error is None or first.error.exit not in _FAULTS:
        return first
    if first.roll.resolved is None:  # a pin that cannot be read: of what, only resolving tells
        wanted = _wanted(port, order, first)
    else:
        wanted = first.roll.resolved.upstream.commit
    span = _span(port, order, wanted)
    search = _Search(port, order, progress, {len(span) - 1: _Seen.of(first)})
    bad = search.first_bad(span)
    if bad == 0:
        accepted = load_lock(port.lock_file).commits[port.toml.upstream.name]
        first.error.hint = (
            f"Not even the first commit since {accepted[:12]} passes. {first.error.hint}"
        )
        return first
    return search.settle(span, bad, wanted)


@dataclass(frozen=True)
class _Seen:
    """How a roll to a commit ended; `error` is None where it passed."""

    error: SyncError | None
    stage: str = ""

    @classmethod
    def of(cls, outcome: Outcome) -> _Seen:
        return cls(outcome.error, outcome.stopped_in)


class _Search:
    """Which commits were rolled to, by their number, and how each ended."""

    def __init__(
        self, port: Port, order: Order, progress: Progress, seen: dict[int, _Seen]
    ) -> None:
        self.port, self.progress, self.seen = port, progress, seen
        self.order = order
        self.shelf = port.state / "search"

    def first_bad(self, span: list[str]) -> int:
        """The number of the first commit that does not pass; the last is known not to."""
        low, high = -1, len(span) - 1  # the accepted one passed
        while high - low > 1:
            middle = (low + high) // 2
            self.progress.note(f"newest good: {high - low - 1} commits left to tell")
            if self._passes(span, middle):
                low = middle
            else:
                high = middle
        return high

    def _passes(self, span: list[str], number: int) -> bool:
        until = min(self.order.until, "bench", key=STAGES.index)
        outcome = roll(
            self.port, replace(self.order, upstream=span[number], until=until), self.progress
        )
        if outcome.error and outcome.error.exit not in _FAULTS:
            raise outcome.error
        self.seen[number] = _Seen.of(outcome)
        self._shelve(span[number])
        return outcome.error is None

    def settle(self, span: list[str], bad: int, wanted: str) -> Outcome:
        """Roll to the commit before the bad one, which says why."""
        seen = self.seen[bad]
        assert seen.error is not None
        source = sources(self.port, self.order.mirrors, self.order.cache)
        repo = repository(source[self.port.toml.upstream.name])
        date, _, subject = repo.describe(span[bad], "%cs %s").partition(" ")
        found = NewestGood(
            wanted=wanted,
            good=span[bad - 1],
            bad=span[bad],
            subject=subject,
            date=date,
            stage=seen.stage,
            verdict=Verdict[seen.error.exit.name],
            message=seen.error.message,
            span=len(span),
            tried=len(self.seen),
        )
        self._unshelve(span[bad - 1])
        order = replace(self.order, upstream=span[bad - 1], newest_good=found)
        try:
            return roll(self.port, order, self.progress)
        finally:
            shutil.rmtree(self.shelf, ignore_errors=True)

    # What a roll to a good commit has found, the next ones write over; at the end it is of use.

    def _shelve(self, commit: str) -> None:
        with writing(self.shelf):
            for name in _KEPT:
                self._copy(self.port.state / "stages" / name, self.shelf / commit / name)

    def _unshelve(self, commit: str) -> None:
        with writing(self.port.state / "stages"):
            for name in _KEPT:
                self._copy(self.shelf / commit / name, self.port.state / "stages" / name)

    def _copy(self, source: Path, target: Path) -> None:
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _wanted(port: Port, order: Order, first: Outcome) -> str:
    """The commit that a roll went to which could not even resolve it."""
    source = sources(port, order.mirrors, order.cache)[port.toml.upstream.name]
    repo, ref = repository(source), order.upstream or port.toml.upstream.branch
    for rev in (f"refs/heads/{ref}", f"refs/tags/{ref}", ref):
        try:
            return repo.rev_parse(rev)
        except SyncError:
            continue
    assert first.error is not None
    raise first.error


def _span(port: Port, order: Order, wanted: str) -> list[str]:
    """Upstream's first parents after the accepted commit, up to `wanted`, oldest first."""
    name = port.toml.upstream.name
    accepted = load_lock(port.lock_file).commits.get(name)
    if accepted is None:
        raise SyncError(
            f"{port.lock_file} names no commit of {name}: there is nothing known to be good",
            hint="Roll to a commit that passes, and accept it: sync --upstream REF, sync accept",
        )
    repo = repository(sources(port, order.mirrors, order.cache)[name])
    command = ["rev-list", "--first-parent", "--reverse", wanted, f"^{accepted}", "--"]
    span = repo.text(command).split()
    if not span or repo.rev_parse(f"{span[0]}^1") != accepted:
        raise SyncError(
            f"the accepted {name} {accepted[:12]} is none of {wanted[:12]}'s first parents",
            hint="Name a newer --upstream: a search goes on from what was accepted.",
        )
    return span
