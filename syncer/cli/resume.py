"""sync continue: go on with the roll that was broken off."""

from __future__ import annotations

import click

from syncer.cli.console import chosen_port, port_option
from syncer.cli.roll import json_option, show, verbose_option
from syncer.cli.status import standing
from syncer.errors import Exit
from syncer.journal import Journal
from syncer.model import Verdict
from syncer.pipeline import go_on

_DONE = (Verdict.PASSED, Verdict.UP_TO_DATE, Verdict.NOT_CHECKED)


@click.command()
@port_option
@click.option("--bare", is_flag=True, help="The last roll that was begun with --bare.")
@json_option
@verbose_option
def command(port_file: str | None, bare: bool, json_file: str | None, verbose: bool) -> int:
    """Go on with a roll that was killed, interrupted or stopped by something you have mended: to
    the same commit of upstream, with what it was ordered with, without the stages whose results
    still hold. Where the last roll ended well there is nothing to do, and that is no error."""
    port = chosen_port(port_file)
    if bare:
        port = port.stripped()
    journal = Journal(port.state)
    begun = journal.begun()
    if begun and begun.verdict in _DONE and not journal.is_held():
        click.echo("\n".join([*standing(journal), "Nothing to continue. Start anew with `sync`."]))
        return Exit.OK
    return show(port, lambda watch: go_on(port, watch), json_file=json_file, verbose=verbose)
