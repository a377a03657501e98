"""sync status: what the last roll did, or is doing."""

from __future__ import annotations

import click
from rich.console import Console

from syncer.cli.console import chosen_port, port_option
from syncer.errors import Exit
from syncer.journal import Begun, Journal
from syncer.locking import seconds_since
from syncer.model import Verdict
from syncer.port import Port
from syncer.queue.worktree import undecided
from syncer.report import status
from syncer.report.numbers import duration
from syncer.report.terminal import terminal
from syncer.stages import editing, open_worktrees, pending_texts


@click.command()
@port_option
@click.option("--bare", is_flag=True, help="Of the last roll that was begun with --bare.")
@click.option("--json", "as_json", is_flag=True, help="Print the status document.")
def command(port_file: str | None, bare: bool, as_json: bool) -> int:
    """Say what the last roll found, or where a running or broken-off one stands."""
    port = chosen_port(port_file)
    if bare:
        port = port.stripped()
    journal = Journal(port.state)
    roll = journal.last_roll()
    if as_json:
        click.echo(status.dumps(status.status_document(roll)) if roll else "{}", nl=False)
        return Exit.OK
    console = Console(highlight=False, soft_wrap=True)
    for line in (*standing(journal), *_conflicts(port), *_edits(port)):
        console.print(line, markup=False)
    if roll is not None:
        console.print(terminal(status.status_document(roll)))
    return Exit.OK


def _conflicts(port: Port) -> list[str]:
    """What waits for a person: where, and what is still to be decided."""
    lines = []
    for worktree in open_worktrees(port):
        left = undecided(worktree)
        lines.append(f"Conflict: {worktree.state.name}, to be resolved in {worktree.work}")
        lines += [f"  {item}" for item in left] or ["  resolved; take it in with `sync continue`"]
    lines += [f"Recorded: resolution {name}, for `sync accept`" for name in pending_texts(port)]
    return lines


def _edits(port: Port) -> list[str]:
    """The patches that are open for editing: where, and how to close them."""
    lines = []
    for worktree in editing.edited_patches(port):
        patch = worktree.state.patch
        lines.append(f"Open: {worktree.state.name}, to be edited in {worktree.work}")
        lines.append(f"  take it back with `sync queue edit {patch} --done`, or --abort")
    return lines


def standing(journal: Journal) -> list[str]:
    """Who is at work on the port, how the last roll stands, and what to do."""
    begun, holder = journal.begun(), journal.holder()
    if journal.is_held():
        if holder is None or holder.process.gone:
            return ["Another process holds the port."]
        since = f" for {duration(seconds_since(holder.stage_since))}" if holder.stage else ""
        return [f"Running: {holder.what}{since} ({holder.process})."]
    if begun is None:
        return ["No roll has begun yet. Start one with `sync`."]
    if begun.verdict == Verdict.INTERRUPTED:
        lines = [f"{_roll(begun)} was interrupted in stage {begun.stage}, {_ago(begun.ended)}."]
    elif begun.verdict:
        return [f"{_roll(begun)} ended {_ago(begun.ended)}: {begun.verdict}."]
    else:
        stage = f" in stage {holder.stage}" if holder and holder.stage else ""
        lines = [f"{_roll(begun)}, begun {_ago(begun.began)}, was broken off{stage}."]
    again = "sync continue --bare" if begun.order.get("bare") else "sync continue"
    return [*lines, f"Go on with `{again}`: finished stages are not repeated."]


def _roll(begun: Begun) -> str:
    upstream = begun.order.get("upstream") or "the port's branch"
    commit = f" ({begun.commit[:12]})" if begun.commit else ""
    return f"The roll to {upstream}{commit}"


def _ago(moment: str) -> str:
    seconds = seconds_since(moment)
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if count := int(seconds // length):
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
