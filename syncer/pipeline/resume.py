"""Going on with a roll that was broken off, and running one stage of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from syncer import stages
from syncer.errors import SyncError
from syncer.git import identity
from syncer.journal import Begun, Journal
from syncer.pipeline.order import Outcome, check_order, order_of
from syncer.pipeline.recorder import Progress, Recorder
from syncer.pipeline.rolling import Run
from syncer.port import Port
from syncer.queue.worktree import Worktree

_AGAIN = "Start a roll with `sync`."


def go_on(port: Port, progress: Progress) -> Outcome:
    """Go on with the roll that was begun last, as it was ordered then: from the commit it was
    resolved to, and without the stages whose results still hold.

    Raises:
        SyncError: there is none; (HELD) another process holds the port.
        Interrupted: as of `roll`.
    """
    journal = Journal(port.state)
    last = journal.begun()
    upstream = (last and last.order.get("upstream")) or port.toml.upstream.branch
    with journal.held("continue", upstream, progress.note):
        begun = _begun(journal, "there is nothing to continue: no roll has begun here", _AGAIN)
        check_order(order_of(begun), port)
        for resolution in stages.take_resolutions(port, identity(port.root)):
            progress.note(f"recorded the resolution {resolution.name}")
        return _again(port, journal, begun, progress)


def skip(port: Port, patch: str | None, progress: Progress) -> Outcome:
    """Go on with the roll that stopped at a conflict, without the patch that conflicts.

    Args:
        patch: its file or "component/file"; None where only one conflicts.

    Raises:
        SyncError: none of that name conflicts; (HELD) another process holds the port.
        Interrupted: as of `roll`.
    """
    journal = Journal(port.state)
    with journal.held("skip", note=progress.note):
        begun = _begun(journal, "there is nothing to skip: no roll has begun here", _AGAIN)
        check_order(order_of(begun), port)
        worktree = _chosen(stages.open_worktrees(port), patch)
        begun = replace(begun, skipped=tuple(sorted({*begun.skipped, worktree.state.name})))
        journal.write_begun(begun)
        if kept := stages.put_aside(port, worktree):
            progress.note(f"what was edited there is kept in {kept}")
        return _again(port, journal, begun, progress)


def _chosen(worktrees: Sequence[Worktree], patch: str | None) -> Worktree:
    names = [worktree.state.name for worktree in worktrees]
    if not worktrees:
        raise SyncError("no patch is in conflict", hint="See `sync status`.")
    found = [w for w in worktrees if patch in (w.state.name, w.state.patch)]
    if patch is None and len(worktrees) == 1:
        found = list(worktrees)
    if len(found) != 1:
        what = f"{patch} is not in conflict" if patch else "more than one patch is in conflict"
        raise SyncError(what, hint=f"Name one: sync skip {' | '.join(names)}")
    return found[0]


def abort(port: Port, note: Callable[[str], None]) -> tuple[Path, ...]:
    """Give up the roll that stopped at a conflict: what it met and took in goes aside, and what
    the port's state says of the last roll is what it said before. The port's own files were never
    touched.

    Returns:
        Where what a person had edited is kept.

    Raises:
        SyncError: no roll has stopped at a conflict; (HELD) another process holds the port.
    """
    journal = Journal(port.state)
    with journal.held("abort", note=note):
        if not (stages.open_worktrees(port) or stages.pending_texts(port)):
            raise SyncError("there is nothing to abort: no patch is in conflict")
        journal.restore()
        return stages.abandon(port)


def _again(port: Port, journal: Journal, begun: Begun, progress: Progress) -> Outcome:
    return Run(port, order_of(begun), Recorder(journal, progress), begun).all()


def run_stage(port: Port, stage: str, progress: Progress, **changed: Any) -> Outcome:
    """Run one stage on what was last resolved, with those before it whose results no longer hold.
    The last roll's record stays as it is, so that one can still go on with it.

    Args:
        changed: fields of the Order that the last roll was begun with, to be others now.

    Raises:
        SyncError: nothing has been resolved yet; (HELD) another process holds the port.
        Interrupted: as of `roll`.
    """
    journal = Journal(port.state)
    with journal.held(stage, note=progress.note):
        what = "nothing has been resolved here yet"
        hint = f"Name a commit, tag or branch: sync {stage} --upstream REF"
        begun = _begun(journal, what, hint)
        if not begun.commit:
            raise SyncError(what, hint=hint)
        order = replace(order_of(begun), until=stage, **changed)
        check_order(order, port)
        return Run(port, order, Recorder(journal, progress), begun).part()


def _begun(journal: Journal, what: str, hint: str) -> Begun:
    begun = journal.begun()
    if begun is None:
        raise SyncError(what, hint=hint)
    return begun
