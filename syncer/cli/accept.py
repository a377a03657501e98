"""sync accept: make the last roll's results the accepted ones, here."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import click

from syncer.cli.console import chosen_port, port_option
from syncer.durable import clear_up, write_whole
from syncer.errors import Exit, SyncError
from syncer.journal import Journal
from syncer.lock import Anchor, Lock, load_lock
from syncer.model import Figure, Roll, Verdict
from syncer.port import Port
from syncer.queue.series import SERIES
from syncer.report.numbers import change, grouped, plural
from syncer.report.view import amount
from syncer.stages import changed_files, forget_written, next_lock, pending_files

_ACCEPTABLE = (Verdict.PASSED, Verdict.UP_TO_DATE, Verdict.NOT_CHECKED, Verdict.GATE)
_MOST_WHY = 300
_WORTH_HOLDING = 2  # percent


@click.command()
@port_option
@click.option(
    "--why",
    metavar="TEXT",
    help="Move the anchor too, for this reason. Needed after a roll that ended at the gate, and "
    "where the compiler or the SDK is another.",
)
@click.option(
    "--resolutions",
    is_flag=True,
    help="Write only the recorded resolutions of conflicts, however the last roll ended.",
)
def command(port_file: str | None, why: str | None, resolutions: bool) -> int:
    """Write the last roll's lock, sizes and refreshed patches into the working tree, for you to
    commit.

    The accepted figures move to the roll's. The anchor, from which the gates count as well, stays
    where it is unless you say why it should not.
    """
    port = chosen_port(port_file)
    if resolutions:
        return _resolutions(port)
    reason = _reason(why)
    roll = _last(port)
    lock = load_lock(port.lock_file)
    if not (roll.resolved and roll.rebased and roll.build and roll.tests and roll.benches):
        raise SyncError(
            "the last roll did not reach the benchmark, so there are no figures to accept",
            hint="Run `sync` without --until first.",
        )
    if roll.verdict not in _ACCEPTABLE:
        raise SyncError(f"the last roll ended as {roll.verdict}: {roll.message}", hint=roll.hint)
    if dict(roll.accepted) != lock.commits:
        raise SyncError(
            f"{port.lock_file} has changed since the last roll", hint="Run `sync` again first."
        )
    if not reason:
        _check_needs_no_reason(roll, lock)
    new = next_lock(
        lock,
        *(roll.resolved, roll.rebased, roll.build, roll.tests, roll.benches),
        why=reason,
        date=f"{datetime.now(UTC):%Y-%m-%d}",
    )
    with Journal(port.state).held("accept"):
        for path, text in _in_order(port, changed_files(port, roll.rebased, roll.build, new)):
            _put(port, path, text)
        forget_written(port)
    _say_moved(roll.benches.figures, lock, new)
    click.echo(f"Accepted {roll.resolved.upstream.name} {roll.resolved.upstream.commit[:12]}.")
    return Exit.OK


def _resolutions(port: Port) -> int:
    with Journal(port.state).held("accept"):
        files = pending_files(port)
        for path, text in files.items():
            _put(port, path, text)
        forget_written(port)
    if not files:
        click.echo("There is no resolution that is not here already.")
    return Exit.OK


def _put(port: Port, path: str, text: str | None) -> None:
    target = port.at(path)
    clear_up(target.parent)
    if text is None:
        target.unlink(missing_ok=True)
        click.echo(f"removed  {path}")
    else:
        write_whole(target, text.encode("utf-8", "surrogateescape"))
        click.echo(f"written  {path}")


def _in_order(port: Port, files: dict[str, str | None]) -> list[tuple[str, str | None]]:
    """So that what is broken off can be done again: no series names a patch that is gone, and the
    lock, by which it counts, comes last."""
    lock = port.lock_file.relative_to(port.root).as_posix()

    def rank(item: tuple[str, str | None]) -> tuple[bool, bool, bool]:
        path, text = item
        return path == lock, text is None, path.endswith(f"/{SERIES}")

    return sorted(files.items(), key=rank)


def _last(port: Port) -> Roll:
    roll = Journal(port.state).last_roll()
    if roll is None:
        raise SyncError("no roll has ended yet", hint="Run `sync` first.")
    return roll


def _reason(why: str | None) -> str:
    """Raises SyncError for a reason that says nothing, or that would not stay one line."""
    if why is None:
        return ""
    reason = why.strip()
    if not reason or len(reason) > _MOST_WHY or not reason.isprintable():
        raise SyncError(
            f"--why needs a reason: one line of at most {_MOST_WHY} characters",
            hint="It is kept in sync.lock, for whoever asks why the figures moved.",
        )
    return reason


def _check_needs_no_reason(roll: Roll, lock: Lock) -> None:
    ungated = roll.benches.ungated if roll.benches else ""
    what = ""
    if roll.verdict is Verdict.GATE:
        what = f"the last roll ended at the gate: {roll.message}"
    elif ungated and lock.figures:
        what = f"no figure was gated: {ungated}"
    if what:
        raise SyncError(
            what, hint='If that is meant, say why: sync accept --why "…". It moves the anchor.'
        )


def _say_moved(figures: tuple[Figure, ...], old: Lock, new: Lock) -> None:
    """What moved, figure by figure but for layers, and where the anchor is now."""
    for figure in figures:
        before = old.figures.get(figure.name)
        if before != figure.new and "/layer/" not in figure.name:
            click.echo(
                f"moved    {figure.name}: {amount(before, figure.unit)} → "
                f"{amount(figure.new, figure.unit)} ({change(figure.new, before)})"
            )
    for name in sorted(old.figures.keys() - new.figures.keys()):
        click.echo(f"dropped  {name}: {grouped(old.figures[name])}")
    _say_anchor(old.anchor, new.anchor)
    gained = [
        name
        for name, value in new.anchor.figures.items()
        if "/layer/" not in name and new.figures[name] * 100 < value * (100 - _WORTH_HOLDING)
    ]
    if gained:
        click.echo(
            f"note     {', '.join(gained)}: better than the anchor by more than "
            f"{_WORTH_HOLDING} %. So that it is not lost bit by bit, move the anchor there: roll "
            "again, and sync accept --why …"
        )


def _say_anchor(old: Anchor, new: Anchor) -> None:
    if replace(new, figures={}) != replace(old, figures={}):
        click.echo(f"anchor   moved to {new.commit[:12]}: {new.why}")
    elif joined := new.figures.keys() - old.figures.keys():
        click.echo(f"anchor   unmoved; joined by {plural(len(joined), 'new figure')}")
    else:
        click.echo(f"anchor   unmoved since {new.commit[:12]}: {new.why}")
