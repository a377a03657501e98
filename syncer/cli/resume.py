"""sync continue, skip and abort: what to do with a roll that was broken off."""

from __future__ import annotations

import click

from syncer.cli.console import chosen_port, port_option
from syncer.cli.roll import json_option, show, verbose_option
from syncer.cli.status import standing
from syncer.errors import Exit
from syncer.journal import Journal
from syncer.model import Verdict
from syncer.pipeline import abort as abort_roll
from syncer.pipeline import go_on
from syncer.pipeline import skip as skip_patch

_DONE = (Verdict.PASSED, Verdict.UP_TO_DATE, Verdict.NOT_CHECKED)


@click.command()
@port_option
@click.option("--bare", is_flag=True, help="The last roll that was begun with --bare.")
@json_option
@verbose_option
def command(port_file: str | None, bare: bool, json_file: str | None, verbose: bool) -> int:
    """Go on with a roll that was killed, interrupted or stopped by something you have mended: to
    the same commit of upstream, with what it was ordered with, without the stages whose results
    still hold. Where the last roll ended well there is nothing to do, and that is no error.

    Where it stopped at a patch that conflicts, this takes your resolution in: it is recorded in the
    port's state, and `sync accept` writes it to the port's repository."""
    port = chosen_port(port_file)
    if bare:
        port = port.stripped()
    journal = Journal(port.state)
    begun = journal.begun()
    if begun and begun.verdict in _DONE and not journal.is_held():
        click.echo("\n".join([*standing(journal), "Nothing to continue. Start anew with `sync`."]))
        return Exit.OK
    return show(port, lambda watch: go_on(port, watch), json_file=json_file, verbose=verbose)


@click.command()
@click.argument("patch", required=False)
@port_option
@json_option
@verbose_option
def skip(patch: str | None, port_file: str | None, json_file: str | None, verbose: bool) -> int:
    """Go on without the PATCH that conflicts, in this roll. It stays in the queue, the report says
    that the roll went without it, and the roll ends at the gate at the best: accept it with a
    reason, if that is meant."""
    port = chosen_port(port_file)
    return show(
        port, lambda watch: skip_patch(port, patch, watch), json_file=json_file, verbose=verbose
    )


@click.command()
@port_option
def abort(port_file: str | None) -> int:
    """Give up the roll that stopped at a patch that conflicts, with what it recorded. `sync status`
    then says again what it said before that roll. What you edited is kept, and it is said where."""
    port = chosen_port(port_file)
    kept = abort_roll(port, click.echo)
    for path in kept:
        click.echo(f"kept     {path}")
    click.echo("Aborted. The port's own files are as they were.")
    return Exit.OK
