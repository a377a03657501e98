"""What `sync emulate --profile` prints and writes."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from syncer.emulator import flame
from syncer.emulator.profile import Cost, Profile
from syncer.errors import SyncError

_ROWS = 25  # functions of a core in the table; the stacks have all


def folder(wanted: Path, firmware: Path) -> Path:
    """The folder for the files; made now, so that a bad one is said before the run.

    Raises:
        SyncError: it cannot be made.
    """
    place = wanted if wanted != Path() else Path(f"{firmware.name}.profile")
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SyncError(f"cannot write a profile to {place}: {error.strerror}") from error
    return place


def show(profile: Profile, place: Path, firmware: Path, clock_hz: int) -> None:
    """Prints the tables and writes stacks.txt, flame.svg and timeline.svg."""
    console = Console(width=None if Console().is_terminal else 132)
    for core in (0, 1):
        total = profile.total(core)
        table = _table(f"core {core}: {total.cycles:,} cycles, asleep {total.idle:,}", "function")
        functions = list(profile.by_function(core).items())
        for name, (calls, cost) in functions[:_ROWS]:
            _row(table, name, calls, cost, total.cycles)
        if len(functions) > _ROWS:
            rest = sum((cost for _, (_, cost) in functions[_ROWS:]), Cost())
            _row(table, f"{len(functions) - _ROWS} more", 0, rest, total.cycles)
        console.print(table)
    if profile.regions:
        table = _table("regions, with all that they call", "region")
        for region in profile.regions:
            whole = profile.total(region.core).cycles
            _row(table, f"{region.name} (core {region.core})", region.count, region.cost, whole)
        console.print(table)
    files = {
        "stacks.txt": flame.collapsed(profile),
        "flame.svg": flame.flame_graph(profile, f"{firmware.name}: cycles by caller", clock_hz),
        "timeline.svg": flame.timeline(profile, f"{firmware.name}: who ran what", clock_hz),
    }
    for name, text in files.items():
        try:
            (place / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise SyncError(f"cannot write {place / name}: {error.strerror}") from error
    click.echo(f"written to {place}: {', '.join(files)}", err=True)


def _table(title: str, what: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 1))
    table.add_column(what, overflow="ellipsis", no_wrap=True, max_width=44)
    for name in (
        "calls",
        "cycles",
        "%",
        "instr.",
        "flash",
        "port",
        "bank",
        "SIO",
        "asleep",
        "hits",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _row(table: Table, name: str, calls: int, cost: Cost, whole: int) -> None:
    hits = 1 - cost.xip_misses / cost.xip_accesses if cost.xip_accesses else None
    table.add_row(
        name,
        f"{calls:,}" if calls else "",
        f"{cost.cycles:,}",
        f"{cost.cycles / whole:.1%}" if whole else "",
        *(
            f"{count:,}" if count else "-"
            for count in (cost.instructions, cost.fill, cost.port, cost.bank, cost.sio, cost.idle)
        ),
        "-" if hits is None else f"{hits:.1%}",
    )
