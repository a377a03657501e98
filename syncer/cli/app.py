"""The click group: which command, and what becomes of an error."""

from __future__ import annotations

import importlib
import traceback
from datetime import UTC, datetime

import click
from platformdirs import user_log_path

from syncer.cli import COMMANDS
from syncer.cli.console import print_error
from syncer.errors import Exit, SyncError
from syncer.processes import interruptible


class _Commands(click.Group):
    """Commands by name, each imported only when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(".")
        command: click.Command = getattr(importlib.import_module(f"syncer.cli.{module}"), name)
        return command


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
    try:
        with interruptible():
            status = group.main(args=arguments, prog_name="sync", standalone_mode=False)
        return int(status or Exit.OK)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.UsageError as error:
        error.show()
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted. What was finished is kept; see `sync status`.", err=True)
        return Exit.INTERRUPTED
    except SyncError as error:
        print_error(error)
        return error.exit
    except Exception:
        log = user_log_path("syncer") / f"bug-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(f"sync {' '.join(arguments)}\n{traceback.format_exc()}")
        click.echo(f"This is a bug in sync. What happened is written down in {log}", err=True)
        return Exit.BUG
