"""sync doctor: what this machine has for a roll, what it lacks, and the command that mends it."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from syncer.cli.console import chosen_port, port_option
from syncer.cli.machine import Finding, findings, remedies
from syncer.components import load_mirrors
from syncer.errors import Exit, SyncError
from syncer.port import Port

_SIGNS = {"good": "[green]✓[/]", "poor": "[yellow]![/]", "bad": "[red]✗[/]"}


@click.command()
@port_option
@click.option("--network", is_flag=True, help="Also try to reach every repository of the port.")
@click.option("--mirrors", metavar="FILE", envvar="SYNC_MIRRORS", help="Table of URL -> mirror.")
@click.option("--fix", is_flag=True, help="Run the commands that mend what is missing; asks first.")
@click.option("--yes", is_flag=True, help="With --fix: do not ask.")
def command(port_file: str | None, network: bool, mirrors: str | None, fix: bool, yes: bool) -> int:
    """Name every tool with its version and where it comes from, and what is missing; exit 15 if
    a roll cannot run."""
    if yes and not fix:
        raise click.UsageError("--yes goes with --fix.")
    port = chosen_port(port_file)
    table = load_mirrors(Path(mirrors) if mirrors else None)
    console = Console(highlight=False, soft_wrap=True)
    found: list[Finding] = []
    for finding in findings(port, table, network=network):
        _say(console, finding)
        found.append(finding)
    if fix and _mend(console, found, yes=yes):
        return _again(port, mirrors)
    return Exit.ENVIRONMENT if any(item.state == "bad" for item in found) else Exit.OK


def _say(console: Console, finding: Finding) -> None:
    origin = f"  [dim]{escape(finding.origin)}[/]" if finding.origin else ""
    console.print(f"{_SIGNS[finding.state]} {escape(finding.what)}{origin}")
    for line in filter(None, finding.mends):
        console.print(f"  [cyan]→[/] {escape(line)}")


def _mend(console: Console, found: list[Finding], *, yes: bool) -> bool:
    """Show what would be run, ask, and run it; whether anything was."""
    commands, left = remedies(found)
    for line in left:
        console.print(f"By hand: {line}", markup=False)
    if not commands:
        console.print("Nothing for --fix to do.")
        return False
    console.print("These commands mend it:")
    for words in commands:
        console.print(f"    {shlex.join(words)}", markup=False)
    if not yes:
        if not sys.stdin.isatty():
            raise SyncError(
                "--fix asks before it runs them, and there is nobody to ask",
                hint="Say yes beforehand: sync doctor --fix --yes",
                exit=Exit.USAGE,
            )
        if not click.confirm("Run them?"):
            return False
    for words in commands:
        _run(console, words)
    return True


def _run(console: Console, words: list[str]) -> None:
    console.print(f"$ {shlex.join(words)}", markup=False)
    sys.stdout.flush()
    try:
        status = subprocess.run(words, check=False).returncode
    except OSError as error:
        raise SyncError(
            f"{words[0]}: {error.strerror}",
            hint=f"Run it yourself: {shlex.join(words)}",
            exit=Exit.ENVIRONMENT,
        ) from None
    if status:
        raise SyncError(
            f"{shlex.join(words)} failed with exit {status}",
            hint="Its own words are above. Run it yourself, then `sync doctor` again.",
            exit=Exit.ENVIRONMENT,
        )


def _again(port: Port, mirrors: str | None) -> int:
    """Check once more, in a process that has not seen how it was before."""
    words = [sys.executable, "-m", "syncer", "doctor", "--port", str(port.file)]
    words += ["--mirrors", mirrors] if mirrors else []
    return subprocess.run(words, check=False).returncode
