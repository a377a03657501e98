"""sync accept: make the last roll's results the accepted ones, here."""

from __future__ import annotations

import click

from syncer.cli.console import chosen_port, port_option
from syncer.errors import Exit, SyncError
from syncer.journal import Journal, write_whole
from syncer.lock import load_lock
from syncer.model import Roll, Verdict
from syncer.port import Port
from syncer.stages import changed_files, next_lock

_ACCEPTABLE = (Verdict.PASSED, Verdict.UP_TO_DATE, Verdict.NOT_CHECKED, Verdict.GATE)


@click.command()
@port_option
def command(port_file: str | None) -> int:
    """Write the last roll's lock and refreshed patches into the working tree, for you to commit."""
    port = chosen_port(port_file)
    roll = _last(port)
    if not (roll.resolved and roll.rebased and roll.build and roll.benches):
        raise SyncError(
            "the last roll did not reach the benchmark, so there are no figures to accept",
            hint="Run `sync` without --until first.",
        )
    if roll.verdict not in _ACCEPTABLE:
        raise SyncError(f"the last roll ended as {roll.verdict}: {roll.message}", hint=roll.hint)
    if dict(roll.accepted) != dict(load_lock(port.lock_file).commits):
        raise SyncError(
            f"{port.lock_file} has changed since the last roll", hint="Run `sync` again first."
        )
    lock = next_lock(roll.resolved, roll.rebased, roll.build, roll.benches)
    for path, text in changed_files(port, roll.rebased, lock).items():
        target = port.at(path)
        if text is None:
            target.unlink(missing_ok=True)
            click.echo(f"removed  {path}")
        else:
            write_whole(target, text.encode("utf-8", "surrogateescape"))
            click.echo(f"written  {path}")
    click.echo(f"Accepted {roll.resolved.upstream.name} {roll.resolved.upstream.commit[:12]}.")
    return Exit.OK


def _last(port: Port) -> Roll:
    roll = Journal(port.state).last_roll()
    if roll is None:
        raise SyncError("no roll has ended yet", hint="Run `sync` first.")
    return roll
