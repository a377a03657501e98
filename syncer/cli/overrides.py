"""sync overrides: decide what becomes of overrides whose upstream file changed."""

from __future__ import annotations

from pathlib import Path

import click

from syncer.cli.console import chosen_port, port_option
from syncer.components import sources
from syncer.errors import Exit, SyncError
from syncer.files import near
from syncer.git import Repository, check_path
from syncer.journal import Journal
from syncer.model import OverrideResult, Pin, Roll
from syncer.port import Port
from syncer.stages import drift


@click.group()
def group() -> None:
    """Overrides whose upstream file changed: list, accept, merge."""


@group.command("list")
@port_option
def list_command(port_file: str | None) -> int:
    """List the overrides, and of those that drifted what upstream changed."""
    port = chosen_port(port_file)
    roll = _last(port)
    for override in _overrides(roll):
        state = "as it was"
        if override.drifted:
            now = override.found[:12] if override.found else "gone"
            state = f"was {override.shadowed[:12]}, is {now}"
        click.echo(f"{override.component}: {override.path} ({override.source}): {state}")
        if override.drifted:
            new, old = _pin(roll, override).commit, roll.accepted.get(override.component)
            for line in drift.what_changed(_clone(port, override), override, old, new):
                click.echo(f"    {line}")
    return Exit.OK


@group.command()
@click.argument("paths", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every override that drifted.")
@click.option("--moved-to", metavar="PATH", help="Where upstream has the file now.")
@port_option
def accept(paths: tuple[str, ...], every: bool, moved_to: str | None, port_file: str | None) -> int:
    """Say that the port's file stays as it is although upstream's changed: write the new blob into
    port.toml."""
    if every == bool(paths) or (moved_to and len(paths) != 1):
        raise click.UsageError("name the overrides, or all of them by --all; one with --moved-to")
    port = chosen_port(port_file)
    roll = _last(port)
    chosen = [_named(roll, path) for path in paths]
    if every:
        chosen = [override for override in _overrides(roll) if override.drifted]
    with Journal(port.state).held("overrides"):
        for override in chosen:
            blob = _blob(port, roll, override, moved_to)
            drift.pin(port, override, blob, moved_to)
            where = moved_to or override.path
            click.echo(f"{override.component}: {where} shadows {blob} now; {override.source} stays")
    if not chosen:
        click.echo("No override drifted in the last roll.")
        return Exit.OK
    click.echo("Go on with `sync continue`.")
    return Exit.OK


@group.command()
@click.argument("path")
@click.option("--take", is_flag=True, help="Put the merged file in place of the port's.")
@port_option
def merge(path: str, take: bool, port_file: str | None) -> int:
    """Merge upstream's change to PATH into the port's file: first into a file to look at and to
    edit, then, with --take, in place; port.toml gets the new blob."""
    port = chosen_port(port_file)
    override = _named(_last(port), path)
    with Journal(port.state).held("overrides"):
        if take:
            drift.take(port, override)
            click.echo(f"written  {override.source}")
            click.echo("Look at it, then go on with `sync continue`.")
            return Exit.OK
        clean = drift.merge(port, _clone(port, override), override)
    click.echo(f"{drift.merged_file(port, override)}")
    if not clean:
        click.echo("It has conflicts: edit it first. Its ours is the port's, theirs upstream's.")
    click.echo(f"Take it with `sync overrides merge {override.path} --take`.")
    return Exit.OK if clean else Exit.CONFLICT


def _last(port: Port) -> Roll:
    roll = Journal(port.state).last_roll()
    if roll is None or roll.rebased is None or roll.resolved is None:
        raise SyncError("no roll has got as far as the overrides", hint="Run `sync` first.")
    return roll


def _overrides(roll: Roll) -> tuple[OverrideResult, ...]:
    return roll.rebased.overrides if roll.rebased else ()


def _named(roll: Roll, path: str) -> OverrideResult:
    known = {override.path: override for override in _overrides(roll)}
    found = [o for o in known.values() if path in (o.path, o.source, Path(o.path).name)]
    if len(found) != 1:
        names = near(path, known) or tuple(known)[:3]
        raise SyncError(
            f"{path} is no override" if not found else f"{path} is more than one override",
            hint=f"There are: {', '.join(names)}." if names else "The port has none.",
        )
    if not found[0].drifted:
        raise SyncError(
            f"{found[0].path} has not changed upstream: there is nothing to decide",
            hint="`sync overrides list` says which have.",
        )
    return found[0]


def _blob(port: Port, roll: Roll, override: OverrideResult, moved_to: str | None) -> str:
    if moved_to is None:
        if override.found is None:
            raise SyncError(
                f"upstream no longer has {override.path}",
                hint="Follow it with --moved-to PATH, or drop the [[override]].",
            )
        return override.found
    check_path(moved_to)
    tree = _pin(roll, override).tree
    return _clone(port, override).rev_parse(f"{tree}:{moved_to}", "blob")


def _pin(roll: Roll, override: OverrideResult) -> Pin:
    pins = roll.resolved.pins if roll.resolved else ()
    return next(pin for pin in pins if pin.name == override.component)


def _clone(port: Port, override: OverrideResult) -> Repository:
    """The clone that the last roll read."""
    begun = Journal(port.state).begun()
    order = begun.order if begun else {}
    cache = Path(order["cache"]) if order.get("cache") else None
    return Repository(sources(port, order.get("mirrors") or {}, cache)[override.component].clone)
