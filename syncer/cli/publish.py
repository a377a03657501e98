"""sync publish: bring the last roll to where a maintainer sees it."""

from __future__ import annotations

import os
import traceback
from dataclasses import replace
from pathlib import Path

import click

from syncer.cli.console import chosen_port, port_option, token_option
from syncer.errors import Exit, SyncError
from syncer.forge.dryrun import Rehearsal
from syncer.forge.github import GitHub, places
from syncer.forge.protocol import Site
from syncer.forge.token import VARIABLES, Token, take_token
from syncer.pipeline.publishing import publish
from syncer.port import Port


@click.command()
@port_option
@click.option(
    "--from",
    "folder",
    metavar="FOLDER",
    help="What a roll left: a folder with status.json and bundles/ (default: the port's state).",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@token_option
def command(
    port_file: str | None,
    folder: str | None,
    dry_run: bool,
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
    return send(port, place, token, dry_run=dry_run)


def send(port: Port, folder: Path, token: Token | None, *, dry_run: bool) -> int:
    """Publish what a roll left in `folder`, and say what was done; the exit status."""
    port = _placed(port)
    if token is None:
        rehearse(port, folder, None, f" There is no token in {' or '.join(VARIABLES)}.")
        return Exit.OK
    names = ("GITHUB_SERVER_URL", "GITHUB_API_URL")
    site = GitHub(token, *places(*(os.environ.get(name, "") for name in names)))
    try:
        if dry_run:
            rehearse(port, folder, site)
        else:
            for done in publish(port, folder, site):
                click.echo(done.text)
    except SyncError:
        raise
    except Exception:  # a bug's traceback is written down, and may quote anything
        raise SyncError(token.mask(traceback.format_exc()), exit=Exit.BUG) from None
    return Exit.OK


def _placed(port: Port) -> Port:
    """The port, published to the repository that an Action runs in where port.toml names none."""
    to, here = port.toml.publish, os.environ.get("GITHUB_REPOSITORY", "")
    if to.repository or not here:
        return port
    return replace(port, toml=replace(port.toml, publish=replace(to, repository=here)))


def rehearse(port: Port, folder: Path, site: Site | None, why: str = "") -> None:
    """Say what publishing would do, to `site` or where nothing is yet."""
    rehearsal = Rehearsal(site)
    for done in publish(port, folder, rehearsal, noted=False):
        if done.action == "unchanged":
            click.echo(done.text)
    for step in rehearsal.steps:
        click.echo(f"would {step}")
    asked = "" if site else " Nor was GitHub asked: this is what a very first run does."
    click.echo(f"Dry run: nothing was sent.{why}{asked}")
