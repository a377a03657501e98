"""sync bench --compare: two sets of figures beside one another."""

from __future__ import annotations

import json
from dataclasses import asdict

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from syncer.cli.console import chosen_port
from syncer.errors import Exit
from syncer.report import history
from syncer.report.neutral import one_line
from syncer.report.numbers import change
from syncer.report.view import amount


def show_compared(port_file: str | None, old: str, new: str, *, layers: bool, as_json: bool) -> int:
    """Print both sets of figures; the exit status."""
    port = chosen_port(port_file)
    entries = history.load(port.state / history.FOLDER, port.root, port=port.name)
    both = (history.figures_of(named, entries, port.lock_file) for named in (old, new))
    rows = history.compare(*both, layers=layers)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=1))
        return Exit.OK
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Figure")
    for column in (one_line(old, 40), one_line(new, 40), "Δ"):
        table.add_column(Text(column), justify="right")
    for row in rows:
        delta = "gone" if row.new is None else change(row.new, row.old)
        cells = (amount(row.old, row.unit), amount(row.new, row.unit), delta)
        table.add_row(Text(one_line(row.name)), *cells)
    Console(highlight=False, soft_wrap=True).print(table)
    return Exit.OK
