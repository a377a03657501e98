"""sync history: what earlier rolls found, as a table and as charts."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from syncer.cli.console import chosen_port, port_option
from syncer.errors import Exit, SyncError
from syncer.files import writing
from syncer.report import history
from syncer.report.neutral import one_line
from syncer.report.numbers import change, grouped, milliseconds
from syncer.report.page import history_page

_WIDTH = 112  # of the table, where the output is no terminal


@click.command()
@port_option
@click.option("--model", metavar="NAME", help="Of this model alone (default: all).")
@click.option("--last", "most", type=click.IntRange(1), help="So many rolls at most, the newest.")
@click.option("--chart", "chart_file", metavar="FILE", help="Also write the charts here, as HTML.")
@click.option("--json", "as_json", is_flag=True, help="Print the entries as JSON.")
@click.option("--keep", is_flag=True, help="Commit the entries to a branch that has nothing else.")
@click.option(
    "--branch",
    metavar="NAME",
    help="That branch, which is read as well (default: publish.history of port.toml, "
    f"else {history.BRANCH}).",
)
def command(
    port_file: str | None,
    model: str | None,
    most: int | None,
    chart_file: str | None,
    as_json: bool,
    keep: bool,
    branch: str | None,
) -> int:
    """Show the port's rolls over upstream's time: latency, memory, and what came where a figure
    jumps. Every roll that measures adds an entry to .sync/<port>/history."""
    port = chosen_port(port_file)
    branch = branch or port.toml.publish.history or history.BRANCH
    entries = history.load(port.state / history.FOLDER, port.root, branch, port.name)
    if keep:
        commit = history.keep(entries, port.root, branch)
        click.echo(
            f"{branch}: {commit[:12]}" if commit else f"{branch}: has all of them", err=as_json
        )
    entries = entries[-most:] if most else entries
    known = sorted({name for entry in entries for name in entry.clock_hz})
    if model and model not in known:
        raise SyncError(
            f"no roll of the history measured {model!r}",
            hint=f"There is: {', '.join(known) or 'none yet'}.",
        )
    if as_json:
        click.echo(json.dumps([asdict(entry) for entry in entries], indent=1))
        return Exit.OK
    if not entries:
        click.echo("No roll has measured anything yet. Start one with `sync`.")
        return Exit.OK
    console = Console(highlight=False, soft_wrap=True)
    console.width = max(console.width, _WIDTH)
    for name in [model] if model else known:
        console.print(_table(entries, name))
        for line in _jumps(entries, name):
            console.print(Text(one_line(line)))
    if chart_file:
        shown = [c for c in history.charts(entries) if not model or c[0].startswith(f"{model}:")]
        with writing(Path(chart_file)):
            Path(chart_file).write_text(history_page(port.name, shown), encoding="utf-8")
        click.echo(f"Charts: {chart_file}")
    return Exit.OK


def _table(entries: tuple[history.Entry, ...], model: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=Text(model), title_justify="left")
    for column in ("Upstream", "Date", "Verdict"):
        table.add_column(column)
    for column in ("Latency", "Cycles", "Δ", "Flash", "RAM", "Arena"):
        table.add_column(column, justify="right")
    before: int | None = None
    for entry in entries:
        cycles = entry.figures.get(f"{model}/cycles")
        ticks = entry.ticks.get(model)
        sizes = (entry.figures.get(f"{model}/{kind}") for kind in ("flash", "ram", "arena"))
        table.add_row(
            entry.commit[:12],
            entry.date[:10],
            Text(one_line(entry.verdict), "" if entry.verdict == "passed" else "yellow"),
            "–" if ticks is None else milliseconds(ticks),
            "–" if cycles is None else grouped(cycles),
            "–" if cycles is None else change(cycles, before),
            *("–" if size is None else f"{grouped(size)} B" for size in sizes),
        )
        before = cycles if cycles is not None else before
    return table


def _jumps(entries: tuple[history.Entry, ...], model: str) -> list[str]:
    """Where a figure of the model's jumps, a line each, and what else moved with that roll."""
    lines = []
    for kind in ("cycles", "flash", "ram", "arena"):
        for number, step in history.steps(entries, f"{model}/{kind}").items():
            lines.append(f"  {entries[number].date[:10]}  {kind} moved with {step.what}")
    return lines
