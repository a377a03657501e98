"""sync status: what the last roll did, or is doing."""

from __future__ import annotations

import click
from rich.console import Console

from syncer.cli.console import chosen_port, port_option
from syncer.errors import Exit
from syncer.journal import Journal
from syncer.report import status
from syncer.report.terminal import terminal


@click.command()
@port_option
@click.option("--json", "as_json", is_flag=True, help="Print the status document.")
def command(port_file: str | None, as_json: bool) -> int:
    """Say what the last roll found, or where a running or broken-off one stands."""
    port = chosen_port(port_file)
    journal = Journal(port.state)
    state = journal.read_state()
    roll = journal.last_roll()
    if as_json:
        click.echo(status.dumps(status.status_document(roll)) if roll else "{}", nl=False)
        return Exit.OK
    console = Console(highlight=False, soft_wrap=True)
    if state.get("doing") in ("running", "interrupted"):
        running = journal.is_held()
        what = "is running" if running else "was broken off"
        console.print(f"A roll {what} in stage {state.get('stage', '?')}.", markup=False)
        if not running:
            console.print("Run `sync` again: finished stages are not repeated.", markup=False)
    if roll is None:
        console.print("No roll has ended yet. Start one with `sync`.", markup=False)
        return Exit.OK
    console.print(terminal(status.status_document(roll)))
    return Exit.OK
