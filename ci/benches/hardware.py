"""Firmware on the emulator beside what a board measured, layer by layer.

    ci/bench hardware FIRMWARE... [--figures FILE] [--table NAME] [--json]

FIRMWARE is a benchmark that prints each layer's ticks ("CONV_2D took 47509 ticks"), as ELF, UF2 or
.bin. FILE holds what boards measured, as port/rp2040/data/person_detection_hardware.json does: for
each table (one core, two cores) a total and the layers in order. Each firmware is compared with the
table whose total is nearer to its own, or with the one named. Tables by which no parameter of the
emulator was chosen are in port/rp2040/data/person_detection_hold_out.json. For each firmware:

    total_percent       how far the emulator's total is from the board's
    median_percent      the median layer's distance, without its sign
    within_5_percent    of the layers of over a millisecond on the board, how many are that near
    worst               the one that is furthest off

Several firmwares of one program, linked differently (other padding, another order), show how much
of that is the layout of code in the flash cache: `spread_percent` is between their totals.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from _world import ROOT

from syncer.bench.parse import parse_benchmark
from syncer.emulator import CLOCK_HZ, Machine

FIGURES = ROOT / "port/rp2040/data/person_detection_hardware.json"
TAG = "NoPersonDataIterations(1)"
LONG_US = 1000  # the timer counts microseconds: shorter layers say little


@dataclass(frozen=True)
class Row:
    """One layer: microseconds on the board and on the emulator."""

    op: str
    board: int
    ours: int

    @property
    def percent(self) -> float:
        return (self.ours / self.board - 1) * 100


@dataclass(frozen=True)
class Comparison:
    firmware: str
    table: str
    total_us: int
    total_percent: float
    median_percent: float
    within_5_percent: float
    worst: str
    rows: tuple[Row, ...]


def run(firmware: Path) -> tuple[int, tuple[tuple[str, int], ...]]:
    """The total and the layers' names and ticks, as the firmware prints them."""
    with Machine() as machine:
        machine.load(firmware)
        result = machine.run(until="SOFTMAX took", count=2, max_cycles=4 * 10**9)
        if result.reason != "line":
            sys.exit(f"{firmware}: ended by {result.reason}\n{result.fault or result.uart[-500:]}")
    total, layers = parse_benchmark(result.uart, TAG)
    return total, tuple((layer.op, layer.ticks) for layer in layers)


def compare(firmware: Path, tables: dict[str, Any], named: str | None) -> Comparison:
    total, layers = run(firmware)
    name = named or min(tables, key=lambda key: abs(tables[key]["total_us"] - total))
    board = tables[name]
    ops = [layer["op"] for layer in board["layers"]]
    if [op for op, _ in layers] != ops:
        sys.exit(f"{firmware} has other layers than the table {name}")
    rows = tuple(
        Row(op, layer["us"], ticks)
        for (op, ticks), layer in zip(layers, board["layers"], strict=True)
    )
    long = [row for row in rows if row.board > LONG_US]
    worst = max(long, key=lambda row: abs(row.percent))
    return Comparison(
        firmware=firmware.name,
        table=name,
        total_us=total,
        total_percent=(total / board["total_us"] - 1) * 100,
        median_percent=median(abs(row.percent) for row in rows),
        within_5_percent=100 * sum(abs(row.percent) <= 5 for row in long) / len(long),
        worst=f"layer {rows.index(worst)} {worst.op}: {worst.percent:+.2f} %",
        rows=rows,
    )


def show(found: Comparison) -> None:
    print(f"{found.firmware} beside {found.table}, at {CLOCK_HZ // 10**6} MHz")
    for n, row in enumerate(found.rows):
        print(f"{n:3} {row.op:20} {row.board:7} µs {row.ours:7} µs {row.percent:+7.2f} %")
    print(f"total {found.total_us} µs, {found.total_percent:+.2f} %")
    print(f"median layer {found.median_percent:.2f} %")
    print(f"layers over 1 ms within 5 %: {found.within_5_percent:.0f} %; worst {found.worst}\n")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="ci/bench hardware",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("firmware", type=Path, nargs="+")
    parser.add_argument("--figures", type=Path, default=FIGURES)
    parser.add_argument("--table", help="compare with this table of the figures")
    parser.add_argument("--json", action="store_true", help="print one object")
    options = parser.parse_args()
    document = json.loads(options.figures.read_text())
    tables = {key: value for key, value in document.items() if isinstance(value, dict)}
    if options.table and options.table not in tables:
        parser.error(f"{options.figures} has {', '.join(tables)}")
    found = [compare(path, tables, options.table) for path in options.firmware]
    for comparison in found if not options.json else ():
        show(comparison)
    spread = {}
    for table in sorted({c.table for c in found}):
        totals = [c.total_us for c in found if c.table == table]
        if len(totals) > 1:
            spread[table] = (max(totals) / min(totals) - 1) * 100
    if options.json:
        print(json.dumps({"firmware": [asdict(c) for c in found], "spread_percent": spread}))
    for table, percent in spread.items() if not options.json else ():
        print(f"{table}: the totals of these firmwares are within {percent:.2f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
