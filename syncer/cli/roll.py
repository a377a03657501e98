"""sync roll: one roll of the port."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from syncer.cli.console import (
    Watch,
    chosen_port,
    port_option,
    print_detail,
    sandbox_option,
    token_option,
)
from syncer.components import load_mirrors
from syncer.errors import Exit, SyncError
from syncer.files import writing
from syncer.forge.token import VARIABLES, Token, take_token
from syncer.pipeline import STAGES, Interrupted, Order, Outcome, Progress, hand_over, roll
from syncer.port import Port
from syncer.report import status
from syncer.report.terminal import terminal
from syncer.search import newest_good

# The verdicts of which a pull request or an issue tells.
_PUBLISHED = (Exit.OK, Exit.CONFLICT, Exit.GATE, Exit.BUILD, Exit.TEST)

mirrors_option = click.option(
    "--mirrors", metavar="FILE", envvar="SYNC_MIRRORS", help="Table of URL -> mirror."
)
bootrom_option = click.option(
    "--bootrom", metavar="FILE", help="The RP2040 boot ROM to emulate with."
)
target_option = click.option(
    "--target",
    default="emulator",
    show_default=True,
    help="Where firmware runs: emulator, board:PORT, or both (emulator,board:PORT).",
)
json_option = click.option(
    "--json", "json_file", metavar="FILE", help="Also write the status document here."
)
bare_option = click.option(
    "--bare",
    is_flag=True,
    help="Upstream alone, without the port's patches and overrides: is it theirs or ours?",
)
verbose_option = click.option("-v", "--verbose", is_flag=True, help="Say more while it runs.")


@click.command()
@click.option(
    "--upstream", metavar="REF", help="Branch, tag or commit (default: the port's branch)."
)
@port_option
@click.option(
    "--until", type=click.Choice(STAGES), default=STAGES[-1], help="The last stage to run."
)
@bare_option
@click.option(
    "--newest-good",
    "good",
    is_flag=True,
    help="Where that does not pass: the newest upstream that does, found by bisection.",
)
@target_option
@click.option(
    "--publish",
    type=click.Choice(["dry-run", "github"]),
    is_flag=False,
    flag_value="github",
    default="dry-run",
    show_default=True,
    help="What becomes of the pull request: with --publish alone, it is published.",
)
@token_option
@click.option("--leave", metavar="FOLDER", help="Also leave here what `sync publish --from` takes.")
@mirrors_option
@bootrom_option
@json_option
@sandbox_option
@verbose_option
def command(
    upstream: str | None,
    port_file: str | None,
    until: str,
    bare: bool,
    good: bool,
    target: str,
    publish: str,
    mirrors: str | None,
    bootrom: str | None,
    json_file: str | None,
    sandbox: str,
    verbose: bool,
    token_fd: int | None,
    leave: str | None,
) -> int:
    """Bring the port to upstream's newest commit: resolve, rebase, tree, build, test, bench,
    report, publish. The lock is not moved; see `sync accept`."""
    token = _token(publish, token_fd, until)
    port = chosen_port(port_file)
    order = Order(
        upstream=upstream,
        until=until,
        bare=bare,
        target=target,
        bootrom=Path(bootrom).absolute() if bootrom else None,
        mirrors=load_mirrors(Path(mirrors) if mirrors else None),
        sandbox=sandbox,
    )
    if good and bare:
        raise SyncError("--newest-good and --bare do not go together", exit=Exit.USAGE)
    run = partial(newest_good if good else roll, port, order)
    ended_with = show(port, run, json_file=json_file, verbose=verbose)
    if leave:
        hand_over(port.stripped() if bare else port, Path(leave))
    if token and ended_with in _PUBLISHED and not bare:
        from syncer.cli.publish import send  # late: most rolls publish nothing

        send(port, port.state, token, dry_run=False)
    return ended_with


def _token(publish: str, token_fd: int | None, until: str) -> Token | None:
    """The token, where there is something to do with one; taken before anything of upstream's
    runs, so that no child has it."""
    if publish == "dry-run":
        return None
    if until != STAGES[-1]:
        raise SyncError("--publish needs the whole roll, without --until", exit=Exit.USAGE)
    token = take_token(token_fd)
    if token is None:
        raise SyncError(
            f"--publish needs a token in {' or '.join(VARIABLES)}",
            hint="Without one, `sync publish` says what would be sent.",
        )
    return token


def show(
    port: Port,
    run: Callable[[Progress], Outcome],
    *,
    json_file: str | None = None,
    verbose: bool = False,
) -> int:
    """Run a roll and print it; the exit status."""
    if json_file and json_file != "-":
        _check_place(Path(json_file))
    with Watch(verbose=verbose, quiet=json_file == "-") as watch:
        outcome = ended(run, watch)
    document = status.status_document(outcome.roll)
    if json_file == "-":
        click.echo(status.dumps(document), nl=False)
    elif json_file:
        with writing(Path(json_file)):
            Path(json_file).write_text(status.dumps(document), encoding="utf-8")
    watch.console.print(terminal(document))
    _say_where(watch, port, outcome)
    if outcome.error:
        if outcome.error.exit is Exit.BUG:
            raise outcome.error
        print_detail(outcome.error)
    return outcome.roll.exit


def _check_place(file: Path) -> None:
    """Now, and not when the roll is over."""
    folder = file.absolute().parent
    if file.is_dir() or not folder.is_dir():
        what = "is a folder" if file.is_dir() else f"there is no folder {folder}"
        raise SyncError(f"--json {file}: {what}", hint="Name a file in a folder that is there.")
    if not os.access(file if file.exists() else folder, os.W_OK):
        raise SyncError(
            f"--json {file}: cannot be written",
            hint="Name a file that you may write.",
            exit=Exit.ENVIRONMENT,
        )


def ended(run: Callable[[Progress], Outcome], watch: Watch) -> Outcome:
    """How a roll ended, if only because it was asked to."""
    try:
        return run(watch)
    except Interrupted as stop:
        return stop.outcome


def _say_where(watch: Watch, port: Port, outcome: Outcome) -> None:
    if outcome.published:
        watch.console.print(outcome.published.text, markup=False)
    elif outcome.error is None:
        state = port.stripped().state if outcome.roll.bare else port.state
        watch.console.print(f"Results: {state}", markup=False)
