"""sync clean: free what a roll can make again."""

from __future__ import annotations

import click

from syncer.cli.console import chosen_port, port_option
from syncer.errors import Exit
from syncer.pipeline.cleaning import clean


@click.command()
@port_option
@click.option("--all", "results", is_flag=True, help="The tree, the results and the proposal too.")
@click.option("--cache", is_flag=True, help="The cache's clones too, those of every port.")
@click.option("--dry-run", is_flag=True, help="Only say what would be freed.")
def command(port_file: str | None, results: bool, cache: bool, dry_run: bool) -> int:
    """Free the folders in which a roll works, and say what each took. The next roll makes them
    again. What the last roll found stays known, and so does where to go on; whatever may be a
    person's work stays too."""
    found = clean(chosen_port(port_file), results=results, cache=cache, dry_run=dry_run)
    freed = [item for item in found if not item.kept]
    for item in found:
        note = f"  kept: {item.kept}" if item.kept else ""
        click.echo(f"{_amount(item.bytes):>10}  {item.path}{note}")
    verb = "Would free" if dry_run else "Freed"
    total = sum(item.bytes for item in freed)
    click.echo(f"{verb} {_amount(total)}." if freed else "There is nothing to free.")
    return Exit.OK


def _amount(size: int) -> str:
    if size < 1_000_000:
        return f"{size / 1000:,.1f} kB"
    return f"{size / 1_000_000:,.1f} MB"
