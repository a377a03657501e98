"""sync publish: bring the last roll to where a maintainer sees it."""

from __future__ import annotations

import os
from pathlib import Path

import click

from syncer.cli.console import chosen_port, port_option
from syncer.errors import Exit, SyncError
from syncer.forge.dryrun import Rehearsal
from syncer.forge.github import GitHub, places
from syncer.forge.protocol import Site
from syncer.forge.token import VARIABLES, Token, take_token
from syncer.pipeline import publish
from syncer.port import Port

token_option = click.option(
    "--token-fd",
    type=int,
    metavar="N",
    help=f"Read the token from this file descriptor instead of {' or '.join(VARIABLES)}.",
)


@click.command()
@port_option
@click.option(
    "--from",
    "folder",
    metavar="FOLDER",
    help="What a roll left: a folder with status.json and bundles/ (default: the port's state).",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option(
    "--keep-alive",
    metavar="WORKFLOW",
    help="Also enable this workflow file anew, so that its schedule goes on.",
)
@token_option
def command(
    port_file: str | None,
    folder: str | None,
    dry_run: bool,
    keep_alive: str | None,
    token_fd: int | None,
) -> int:
    """Publish the last roll: push its branch and bring its pull request up to date or, where it
    needs a person, its issue. With a token that is done; without one, or with --dry-run, it is
    only said what would be.

    The token comes from SYNC_TOKEN or GITHUB_TOKEN, or from an open file; nothing else takes one.
    What is done already is not done twice, so this can be run again at any time.
    """
    token = take_token(token_fd)
    port = chosen_port(port_file)
    place = Path(folder) if folder else port.state
    if not place.is_dir():
        raise SyncError(f"there is no folder {place}", hint="Roll first, with `sync`.")
    return send(port, place, token, dry_run=dry_run, keep_alive=keep_alive)


def send(
    port: Port, folder: Path, token: Token | None, *, dry_run: bool, keep_alive: str | None = None
) -> int:
    """Publish what a roll left in `folder`, and say what was done; the exit status."""
    site: Site | None = None
    if token:
        web, api = places(
            os.environ.get("GITHUB_SERVER_URL", ""), os.environ.get("GITHUB_API_URL", "")
        )
        site = GitHub(token, web, api)
    rehearsal = Rehearsal(site)
    sends = site is not None and not dry_run
    chosen = site if site is not None and not dry_run else rehearsal
    for done in publish(port, folder, chosen):
        if sends or done.action == "unchanged":
            click.echo(done.text)
    for step in rehearsal.steps:
        click.echo(f"would {step}")
    if keep_alive:
        chosen.keep_alive(port.toml.publish.repository, keep_alive)
    if not sends:
        why = "" if dry_run else f" There is no token in {' or '.join(VARIABLES)}."
        asked = "" if site else " Nor was GitHub asked: this is what a very first run does."
        click.echo(f"Dry run: nothing was sent.{why}{asked}")
    return Exit.OK
