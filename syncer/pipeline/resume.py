"""Going on with a roll that was broken off, and running one stage of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from syncer.errors import SyncError
from syncer.journal import Begun, Journal
from syncer.pipeline.order import Outcome, check_order, order_of
from syncer.pipeline.recorder import Progress, Recorder
from syncer.pipeline.rolling import Run
from syncer.port import Port

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
        order = order_of(begun)
        check_order(order)
        return Run(port, order, Recorder(journal, progress), begun).all()


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
        check_order(order)
        return Run(port, order, Recorder(journal, progress), begun).part()


def _begun(journal: Journal, what: str, hint: str) -> Begun:
    begun = journal.begun()
    if begun is None:
        raise SyncError(what, hint=hint)
    return begun
