"""What every command prints with: progress on a terminal, plain lines elsewhere, errors."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import click
from rich.console import Console
from rich.markup import escape
from rich.status import Status

from syncer import foreign
from syncer.errors import SyncError
from syncer.forge.token import VARIABLES
from syncer.model import StageRecord, Verdict
from syncer.port import Port, find_port, load_port, port_file

_SIGNS = {Verdict.PASSED: "[green]✓[/]", Verdict.UP_TO_DATE: "[green]✓[/]"}


def print_error(error: SyncError) -> None:
    """Say what happened, then the detail, then what to do; on standard error."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"[red bold]sync:[/] {escape(error.message)}")
    print_detail(error)
    if error.hint:
        console.print(f"[cyan]→[/] {escape(error.hint)}")


def print_detail(error: SyncError) -> None:
    """The longer output behind an error, on standard error."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for line in error.detail.splitlines():
        if line.strip() in error.message:
            continue
        console.print(f"  [dim]{escape(line)}[/]")


class Watch:
    """Shows a roll's progress: a spinner for the stage that runs, a line for each that ended.

    Args:
        verbose: print every note; otherwise a note only replaces the spinner's text.
        quiet: print nothing.
    """

    def __init__(self, *, verbose: bool = False, quiet: bool = False) -> None:
        self.console = Console(highlight=False, soft_wrap=True, quiet=quiet)
        self.verbose = verbose
        self._status: Status | None = None
        self._stage = ""

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def begin(self, stage: str) -> None:
        self._stage = stage
        if self.console.is_terminal:
            self._status = self.console.status(f"{stage} …")
            self._status.start()
        elif self.verbose:
            self.console.print(f"{stage} …")

    def note(self, text: str) -> None:
        if self.verbose:
            self.console.print(f"    [dim]{escape(text)}[/]")
        else:
            self.step(text)

    def step(self, text: str) -> None:
        if self._status:
            self._status.update(f"{self._stage} … [dim]{escape(text)}[/]")

    def end(self, record: StageRecord) -> None:
        self._stop()
        sign = _SIGNS.get(record.verdict, "[red]✗[/]")
        seconds = "unchanged" if record.cached else f"{record.seconds:.1f} s"
        text = "" if record.verdict is Verdict.PASSED else f"  {record.verdict}"
        self.console.print(f"{sign} {record.name:<8} [dim]{seconds:>10}[/]{text}")

    def _stop(self) -> None:
        if self._status:
            self._status.stop()
            self._status = None


def chosen_port(given: str | None) -> Port:
    """The port that --port names, or the one this folder lies in.

    Raises:
        SyncError: there is none, or its port.toml cannot be read.
    """
    try:
        here = Path.cwd()
    except FileNotFoundError:
        raise SyncError("the current folder is gone", hint="Go to one that is there.") from None
    file = Path(given) if given is not None else find_port(here)
    if file is None:
        raise SyncError(
            f"{here} is not in a port: there is no port/port.toml here or above",
            hint="Go to a port's folder, name one with --port, or try `sync demo`.",
        )
    if file.is_dir() and file.name != "port.toml":
        found = port_file(file)
        if found is None:
            raise SyncError(
                f"{file} is not a port: there is no port/port.toml and no port.toml in it",
                hint="Name a port's folder or its port.toml, or begin one with `sync init`.",
            )
        file = found
    return load_port(file)


sandbox_option = click.option(
    "--sandbox",
    type=click.Choice(foreign.MODES),
    default="auto",
    show_default=True,
    envvar="SYNC_SANDBOX",
    help="Whether upstream's code must be confined (required), is where possible (auto), or is "
    "not (off).",
)
port_option = click.option(
    "--port", "port_file", metavar="PATH", help="A port.toml, or the folder of one (default: here)."
)
token_option = click.option(
    "--token-fd",
    type=int,
    metavar="N",
    help=f"Read the token from this file descriptor instead of {' or '.join(VARIABLES)}.",
)
