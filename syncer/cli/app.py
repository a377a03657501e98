"""The click group: which command, and what becomes of an error."""

from __future__ import annotations

import gc
import importlib
import os
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

import click

from syncer.cli import COMMANDS
from syncer.errors import Exit, SyncError
from syncer.files import from_machine, log_folder, nearest
from syncer.forge.token import hold
from syncer.processes import interruptible


class _Commands(click.Group):
    """Commands by name, each imported only when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(".")
        gc.disable()  # what modules make stays: nothing of it is garbage, however often one looks
        try:
            command: click.Command = getattr(importlib.import_module(f"syncer.cli.{module}"), name)
        finally:
            gc.freeze()
            gc.enable()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            near = nearest(args[0], COMMANDS)
            meant = f"Did you mean {near!r}?" if near else f"There are: {', '.join(COMMANDS)}."
            ctx.fail(f"No such command {args[0]!r}. {meant}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="syncer", prog_name="sync")
def group() -> None:
    """Keep a downstream port of TensorFlow Lite Micro alive.

    Without a command: one roll of the port in this folder (sync roll).
    """


def run(arguments: list[str]) -> int:
    """Run one command line and return the exit status."""
    if not arguments or (
        arguments[0].startswith("-") and arguments[0] not in ("-h", "--help", "--version")
    ):
        arguments = ["roll", *arguments]
    hold()  # whatever is run, nothing that it starts gets a token
    try:
        with interruptible():
            status = group.main(args=arguments, prog_name="sync", standalone_mode=False)
        return int(status or Exit.OK)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted. What was finished is kept; see `sync status`.", err=True)
        return Exit.INTERRUPTED
    except Exception as error:
        known = error if isinstance(error, SyncError) else from_machine(error)
        if known is None or known.exit is Exit.BUG:
            return _bug(arguments)
        from syncer.cli.console import print_error  # late: not everything that is run prints

        print_error(known)
        return known.exit


def _bug(arguments: list[str]) -> int:
    """Write down the exception under way, where that can be done, and say where."""
    what = f"sync {' '.join(arguments)}\n{traceback.format_exc()}"
    name = f"bug-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}.log"
    own = log_folder()
    for folder in (own, None):
        try:
            place = folder or Path(tempfile.gettempdir())
            place.mkdir(parents=True, exist_ok=True)
            log = place / name
            log.write_text(what, encoding="utf-8", errors="backslashreplace")
        except OSError:
            continue
        note = f" ({own} cannot be written)" if own and not folder else ""
        click.echo(f"This is a bug in sync. What happened is written down in {log}{note}", err=True)
        return Exit.BUG
    click.echo(f"This is a bug in sync, and there is nowhere to write it down:\n{what}", err=True)
    return Exit.BUG
