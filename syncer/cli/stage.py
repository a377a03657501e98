"""One stage on what was last resolved: sync tree, sync build, sync test, sync bench."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from syncer.cli.compare import show_compared
from syncer.cli.console import Watch, chosen_port, port_option, print_error, sandbox_option
from syncer.cli.roll import (
    bootrom_option,
    ended,
    mirrors_option,
    target_option,
    verbose_option,
)
from syncer.components import load_mirrors
from syncer.errors import Exit
from syncer.pipeline import Order, roll, run_stage
from syncer.report import status
from syncer.report.terminal import stage_result

_ABOUT = {
    "tree": "Make the port's tree.",
    "build": "Build the port's programs.",
    "test": "Run the test programs.",
    "bench": "Run the benchmarks and compare them with what was accepted.",
}
_COMMON = """

Of the stages before it only those are run whose results no longer hold. It works on what was last
resolved, without a network; with --upstream it begins a roll to there, and ends it here.
"""


def _command(stage: str) -> click.Command:
    @click.command(stage, help=_ABOUT[stage] + _COMMON)
    @port_option
    @click.option("--upstream", metavar="REF", help="Resolve this branch, tag or commit first.")
    @mirrors_option
    @sandbox_option
    @verbose_option
    def command(
        port_file: str | None, upstream: str | None, verbose: bool, **options: str | None
    ) -> int:
        port = chosen_port(port_file)
        changed = _given(options)
        if upstream is None:
            if "mirrors" in changed:
                raise click.UsageError("--mirrors is for --upstream: nothing else is fetched")
            run = partial(run_stage, port, stage, **changed)
        else:
            mirrors = options["mirrors"]
            changed["mirrors"] = load_mirrors(Path(mirrors) if mirrors else None)
            run = partial(roll, port, Order(upstream, stage, **changed))
        with Watch(verbose=verbose) as watch:
            outcome = ended(run, watch)
        watch.console.print(stage_result(status.status_document(outcome.roll), stage))
        if outcome.error:
            print_error(outcome.error)
            return outcome.error.exit
        return Exit.OK

    return target_option(bootrom_option(command)) if stage in ("test", "bench") else command


@click.command("bench", help=_ABOUT["bench"] + _COMMON)
@click.option(
    "--compare",
    "compared",
    nargs=2,
    metavar="A B",
    help="Run nothing; show the figures of B beside those of A. Each is `accepted`, `last`, the "
    "start of a commit that was rolled to, or a file: a status document, a sync.lock, an entry "
    "of a history.",
)
@click.option("--layers", is_flag=True, help="With --compare: the layers' figures too.")
@click.option("--json", "as_json", is_flag=True, help="With --compare: print JSON.")
@click.pass_context
def bench(
    context: click.Context,
    /,
    compared: tuple[str, str] | None,
    layers: bool,
    as_json: bool,
    **options: Any,
) -> int:
    if compared is None:
        if layers or as_json:
            raise click.UsageError("--layers and --json go with --compare")
        status: int = context.invoke(_bench, **options)
        return status
    extra = [
        name
        for name in options
        if name != "port_file" and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    if extra:
        raise click.UsageError(f"--compare runs nothing, so --{extra[0]} does not go with it")
    return show_compared(options["port_file"], *compared, layers=layers, as_json=as_json)


def _given(options: dict[str, str | None]) -> dict[str, Any]:
    """The options that stand on the command line, as an Order has them."""
    context = click.get_current_context()
    given: dict[str, Any] = {
        name: value
        for name, value in options.items()
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    if "bootrom" in given:
        given["bootrom"] = Path(given["bootrom"]).absolute()
    return given


tree, build, test, _bench = (_command(stage) for stage in ("tree", "build", "test", "bench"))
bench.params += _bench.params
