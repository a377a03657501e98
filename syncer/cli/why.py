"""sync why: which of the inputs that moved between two rolls moved the cycles and the sizes."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich import box
from rich.table import Table
from rich.text import Text

from syncer.cli.console import Watch, chosen_port, port_option, sandbox_option
from syncer.cli.roll import mirrors_option, verbose_option
from syncer.components import load_mirrors
from syncer.errors import Exit, SyncError
from syncer.journal import Journal
from syncer.pipeline import Order
from syncer.report.neutral import one_line
from syncer.report.numbers import change, grouped, plural
from syncer.report.view import amount
from syncer.why import ACCEPTED, Why, why


@click.command()
@click.argument("old", default=ACCEPTED)
@click.argument("new", required=False)
@port_option
@click.option("--sdk", metavar="FOLDER", help="Move the SDK too: to the one in this folder.")
@click.option(
    "--compiler", metavar="FOLDER", help="Move the compiler too: to the one in this folder."
)
@click.option("--layers", is_flag=True, help="Also the cycles of every layer.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@mirrors_option
@sandbox_option
@verbose_option
def command(
    old: str,
    new: str | None,
    port_file: str | None,
    sdk: str | None,
    compiler: str | None,
    layers: bool,
    as_json: bool,
    mirrors: str | None,
    sandbox: str,
    verbose: bool,
) -> int:
    """Say which of the inputs that moved from OLD (a commit of upstream's; default: what was
    accepted) to NEW (default: where the last roll went) moved the cycles and the sizes.

    Upstream's commit, each component that it pins and, where others are given, SDK and compiler
    are moved one at a time, each in a roll as far as the benchmarks. Nothing of the last roll
    changes."""
    port = chosen_port(port_file)
    begun = Journal(port.state).begun()
    order = Order(
        upstream=new or (begun.commit if begun and begun.commit else None),
        mirrors=load_mirrors(Path(mirrors) if mirrors else None),
        sandbox=sandbox,
    )
    folders = [_folder(name, given) for name, given in (("--sdk", sdk), ("--compiler", compiler))]
    with Watch(verbose=verbose, quiet=as_json) as watch:
        found = why(port, order, watch, old, sdk=folders[0], compiler=folders[1])
    if as_json:
        click.echo(json.dumps(asdict(found) | {"said": verdict(found)}, indent=1))
        return Exit.OK
    watch.console.print(table(found, layers=layers))
    for line in verdict(found):
        watch.console.print(line, markup=False)
    return Exit.OK


def _folder(option: str, given: str | None) -> Path | None:
    if given is None:
        return None
    folder = Path(given).absolute()
    if not folder.is_dir():
        raise SyncError(
            f"{option} {given}: there is no such folder", hint="Name one that is there."
        )
    return folder


def table(found: Why, *, layers: bool = False) -> Table:
    """A line for each figure that moved: as it was, what each input moves it by, as it is."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column("Figure")
    made.add_column("old", justify="right")
    for item in found.inputs:
        made.add_column(Text(one_line(item.name, 30)), justify="right")
    for title in ("together", "new", "Δ"):
        made.add_column(title, justify="right")
    for name in found.moved(layers=layers):
        old, new = found.old.figures.get(name), found.new.figures.get(name)
        unit = "bytes" if name.rpartition("/")[2] not in ("cycles", "ticks") else "cycles"
        moves = [found.moved_by(item.name, name) for item in found.inputs]
        known = [move for move in moves if move is not None]
        rest = "–"
        if old is not None and new is not None and len(known) == len(moves):
            rest = signed(new - old - sum(known))
        cells = ["–" if move is None else signed(move) for move in moves]
        delta = "gone" if new is None else change(new, old)
        made.add_row(
            Text(one_line(name)), amount(old, unit), *cells, rest, amount(new, unit), delta
        )
    return made


def signed(number: int) -> str:
    return "=" if not number else ("+" if number > 0 else "") + grouped(number)


def verdict(found: Why) -> list[str]:
    """In a sentence for each input, what it moves; then what they only move together."""
    said = []
    for item in found.inputs:
        moves = {name: found.moved_by(item.name, name) or 0 for name in found.moved()}
        told = [
            f"{name} by {change(found.old.figures[name] + by, found.old.figures[name])}"
            for name, by in moves.items()
            if by and name.endswith("/cycles")
        ]
        sizes = sum(
            1 for name, by in moves.items() if by and not name.endswith(("cycles", "ticks"))
        )
        if sizes:
            told.append(plural(sizes, "size"))
        way = f"{item.name} {_short(item.old)} → {_short(item.new)}"
        if failed := found.alone[item.name].stage:
            way += f" (alone it ends in {failed}; told from moving all others)"
            if found.without[item.name].stage:
                said.append(
                    f"{item.name} {_short(item.old)} → {_short(item.new)}: neither alone nor "
                    f"without it: {one_line(found.alone[item.name].message, 200)}"
                )
                continue
        said.append(f"{way}: moves {', '.join(told) if told else 'no cycles and no size'}.")
    names = [name for name in found.moved() if name.endswith("/cycles")]
    largest = max(
        ((abs(found.moved_by(i.name, n) or 0), i.name) for i in found.inputs for n in names),
        default=(0, ""),
    )
    said.append(
        f"{largest[1]} moved the cycles most." if largest[0] else "The cycles did not move."
    )
    return said


def _short(value: str) -> str:
    return value[:12] if len(value) == 40 else value or "as it is"
