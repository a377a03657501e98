"""How fast the kernels are: upstream's on one core, ours on one and on two, layer by layer.

    ci/bench kernels [--json] [--port FILE] [--mirrors FILE] [--model NAME | --models]
                     [--firmware FILE]... [--page FOLDER]

Programs run on the emulator in exact mode, as a roll's benchmarks do, all in one run of this
command: upstream's CMSIS-NN (`sync --bare`: no patch or override of the port's) on one core, which
is all it uses; the port's on both; and the same program once more with core 1 left alone, told so
before main begins. Where the weights can be streamed by DMA, also both cores without that. By
default on the miniature; --port port/port.toml measures real TensorFlow Lite Micro, whose last roll
is then taken.

    speedup_dual_vs_stock_single   upstream's milliseconds / ours on two cores
    speedup_single                 upstream's milliseconds / ours on one core
    dual_core_gain                 ours on one core / on two
    least_gain                     the same of the layer that gains least, of those over 5 ms
    stock_ms, single_ms, dual_ms   an inference, at 125 MHz
    dual_no_dma_ms                 null where the firmware cannot do without
    firmware                       of each --firmware FILE: its SHA-256 and milliseconds

A layer's cycles per multiplication are those of both cores together, so that one core and two can
be compared with the floor of this arithmetic, 1.75: of four products, two MULS, an addition and two
instructions that take the sum apart are 5 cycles, and loading the operands 2 (README.md of
port/rp2040/kernels). A firmware of --firmware has to print as upstream's benchmarks do; it runs as
it is, and is compared by its total. --page writes figures and a chart into that folder's README.md,
beside those that were published for the fork. --models measures every benchmark of port.toml, a
line each; as JSON, a list of what --model gives.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from _kernels_page import write
from _world import ROOT, miniature
from elftools.elf.elffile import ELFFile

from syncer.bench import parse
from syncer.build.elf import symbols_starting
from syncer.emulator import CLOCK_HZ, Machine
from syncer.model import Layer
from syncer.port import Benchmark, load_port

BEGIN = "_ZN6tflite13MicroProfiler10BeginEvent"
END = "_ZN6tflite13MicroProfiler8EndEvent"
SLICE = 2_000  # cycles between looks whether main has begun
BOOT = 50_000_000
FLOOR = 1.75  # cycles of a core per multiplication

# Variables of the port's that a program is measured with and without.
ALONE = "dual_core.c:disabled"  # core 1 is left to the application
NO_DMA = "dma.c:_claimed"  # the SDK's: no channel is free
ALL = b"\xff\xff"  # of two bytes, one bit a channel

PUBLISHED = ROOT / "port/rp2040/data/person_detection_hardware.json"

Found = dict[str, Any]
Mark = tuple[int, int, int]  # address, core, cycle


@dataclass(frozen=True)
class Timed:
    """One program's inference: cycles in all, and its layers."""

    cycles: int
    layers: tuple[Layer, ...]

    @property
    def ms(self) -> float:
        return self.cycles / CLOCK_HZ * 1000


def symbol(elf: Path, name: str) -> tuple[int, int] | None:
    """Address and size of a variable `name`, given as <source>:<variable>; None where the program
    has none."""
    source, _, variable = name.partition(":")
    within = ""
    with elf.open("rb") as file:
        table: Any = ELFFile(file).get_section_by_name(".symtab")
        for entry in table.iter_symbols():
            if entry["st_info"]["type"] == "STT_FILE":
                within = entry.name
            elif entry.name == variable and within == source:
                return int(entry["st_value"]), int(entry["st_size"])
    return None


def set_at_main(machine: Machine, elf: Path, switches: Sequence[str]) -> list[Mark]:
    """Run until main begins, and a little on: the marks made meanwhile. Set each of these
    variables: a truth, or bits of channels."""
    (main,) = symbols_starting(elf, "main")[:1]
    machine.mark(main)
    marks: list[Mark] = []
    while all(mark[0] != main for mark in marks):
        marks += machine.run(max_cycles=SLICE).marks
        if machine.cycles > BOOT:
            sys.exit(f"{elf}: main has not begun after {BOOT:,} cycles")
    for name in switches:
        place = symbol(elf, name)
        if place is None:
            sys.exit(f"{elf}: it has no {name} to set")
        machine.write(place[0], ALL if place[1] == len(ALL) else b"\x01")
    return marks


def run(elf: Path, spec: Benchmark, switches: Sequence[str] = ()) -> Timed:
    """Time the benchmark's inference, from the profiler's marks where the program has them."""
    begin, end = (symbols_starting(elf, name) for name in (BEGIN, END))
    marks: list[Mark] = []
    wanted = {*begin, *end}
    with Machine() as machine:
        machine.load(elf)
        for address in wanted:
            machine.mark(address)
        if switches:
            marks += [m for m in set_at_main(machine, elf, switches) if m[0] in wanted]
        done = machine.run(
            until=spec.until,
            count=spec.until_count,
            on_marks=lambda seen: marks.extend(m for m in seen if m[0] in wanted),
        )
    if done.reason != "line":
        sys.exit(f"{elf}: {done.fault or done.reason}\n{done.uart[-2000:]}")
    ticks, layers = parse.parse_benchmark(done.uart, spec.tag)
    cycles: int | None = None
    if len(begin) == len(end) == 1:
        cycles, layers = parse.layer_cycles(
            marks,
            begin[0],
            end[0],
            layers,
            inference=spec.inference,
            clock_hz=CLOCK_HZ,
            before=parse.events_before(done.uart),
        )
    return Timed(cycles or ticks * (CLOCK_HZ // 1_000_000), layers)


def multiplications(model: bytes) -> list[int]:
    """Of each operator of a model, how many products of an activation and a weight it adds up;
    0 for operators without weights. Shapes are the schema's: NHWC, OHWI, 1HWO, OI."""
    from tflite_micro import runtime

    found = runtime.convert_bytearray_to_object(model)
    graph = found.subgraphs[0]
    kinds = runtime.schema_fb.BuiltinOperator
    counts = []
    for operator in graph.operators:
        kind = runtime.get_builtin_code_from_operator_code(
            found.operatorCodes[operator.opcodeIndex]
        )
        each = 0
        if kind in (kinds.CONV_2D, kinds.DEPTHWISE_CONV_2D, kinds.FULLY_CONNECTED):
            weights = graph.tensors[operator.inputs[1]].shape
            each = math.prod(weights[1:])
            if kind == kinds.DEPTHWISE_CONV_2D:
                each //= weights[3]
        counts.append(int(each * math.prod(graph.tensors[operator.outputs[0]].shape)))
    return counts


@dataclass(frozen=True)
class Row:
    """A layer: its operator, and cycles as measured in each way of running it."""

    index: int
    op: str
    macs: int
    stock: int
    single: int
    dual: int

    @property
    def gain(self) -> float:
        return self.single / self.dual


def rows(ways: dict[str, Timed], macs: Sequence[int]) -> list[Row]:
    stock, single, dual = (ways[name].layers for name in ("stock", "single", "dual"))
    if not len(stock) == len(single) == len(dual) == len(macs):
        sys.exit("the programs ran different numbers of layers")
    return [
        Row(one.index, one.op, mac, *(_cycles(layer) for layer in (one, two, three)))
        for one, two, three, mac in zip(stock, single, dual, macs, strict=True)
    ]


def _cycles(layer: Layer) -> int:
    return layer.cycles or layer.ticks * (CLOCK_HZ // 1_000_000)


def table(found: Sequence[Row]) -> str:
    def per_mac(cycles: int, row: Row, cores: int) -> str:
        return f"{cores * cycles / row.macs:.2f}" if row.macs else "–"

    lines = [
        f"{'':>3} {'operator':22} {'MAC':>9} {'stock':>9} {'ours, 1':>9} {'ours, 2':>9} "
        f"{'faster':>7} {'gain':>5}   cycles/MAC: stock, 1, 2; floor {FLOOR}"
    ]
    for row in found:
        lines.append(
            f"{row.index:>3} {row.op:22} {row.macs:>9,} {_ms(row.stock):>9} {_ms(row.single):>9} "
            f"{_ms(row.dual):>9} {row.stock / row.dual:>6.2f}x {row.gain:>5.2f}   "
            f"{per_mac(row.stock, row, 1):>6} {per_mac(row.single, row, 1):>6} "
            f"{per_mac(row.dual, row, 2):>6}"
        )
    return "\n".join(lines)


def _ms(cycles: int) -> str:
    return f"{cycles / CLOCK_HZ * 1000:.3f}"


def rolled(port_file: Path, mirrors: Path | None, bare: bool) -> Path:
    """The state folder of a port's last roll, after one that builds."""
    port = load_port(port_file)
    state = port.stripped().state if bare else port.state
    options = ["--bare"] if bare else []
    command = [sys.executable, "-m", "syncer", "roll", "--port", str(port_file), "--until", "build"]
    command += ["--mirrors", str(mirrors)] if mirrors else []
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"sync roll ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return state


def benchmarks(port_file: Path, model: str | None) -> Sequence[Benchmark]:
    """The benchmark of that name, or all."""
    every = load_port(port_file).toml.benchmark
    found = [spec for spec in every if model in (None, spec.name)]
    if not found:
        sys.exit(f"{port_file} has no benchmark {model}")
    return found


def measure(
    port_file: Path, spec: Benchmark, states: Mapping[bool, Path], given: Sequence[Path]
) -> Found:
    """All about one benchmark; `states`: the state folders of the bare roll and of the port's."""
    board = load_port(port_file).toml.build.boards[0]
    ours, stock = (
        states[bare] / "build" / board / "firmware" / f"{spec.firmware}.elf"
        for bare in (False, True)
    )
    jobs: dict[str, Callable[[], Timed]] = {
        "stock": lambda: run(stock, spec),
        "single": lambda: run(ours, spec, [ALONE]),
        "dual": lambda: run(ours, spec),
    }
    if symbol(ours, NO_DMA):
        jobs["dual_no_dma"] = lambda: run(ours, spec, [NO_DMA])
    for number, firmware in enumerate(given):
        jobs[f"given{number}"] = partial(run, firmware, spec)
    ways = {name: job() for name, job in jobs.items()}
    macs = multiplications((states[False] / "checkout" / spec.model).read_bytes())
    layers = rows(ways, macs)
    long = [row.gain for row in layers if row.dual > 5 * CLOCK_HZ // 1000]
    return {
        "model": spec.name,
        "speedup_dual_vs_stock_single": ways["stock"].ms / ways["dual"].ms,
        "speedup_single": ways["stock"].ms / ways["single"].ms,
        "dual_core_gain": ways["single"].ms / ways["dual"].ms,
        "least_gain": min(long, default=None),
        "stock_ms": ways["stock"].ms,
        "single_ms": ways["single"].ms,
        "dual_ms": ways["dual"].ms,
        "dual_no_dma_ms": ways["dual_no_dma"].ms if "dual_no_dma" in ways else None,
        "floor_cycles_per_mac": FLOOR,
        "layers": [asdict(row) for row in layers],
        "firmware": [
            {
                "file": firmware.name,
                "sha256": hashlib.sha256(firmware.read_bytes()).hexdigest(),
                "ms": ways[f"given{number}"].ms,
                "times_dual": ways[f"given{number}"].ms / ways["dual"].ms,
                "layers": [_cycles(layer) for layer in ways[f"given{number}"].layers],
            }
            for number, firmware in enumerate(given)
        ],
    }


def show(found: Found) -> None:
    print(table([Row(**row) for row in found["layers"]]))
    print()
    for key in ("stock_ms", "single_ms", "dual_ms", "dual_no_dma_ms"):
        if found[key] is not None:
            print(f"{key:30} {found[key]:9.3f}")
    for key in ("speedup_dual_vs_stock_single", "speedup_single", "dual_core_gain", "least_gain"):
        if found[key] is not None:
            print(f"{key:30} {found[key]:9.3f}")
    for given in found["firmware"]:
        print(f"{given['file']}, SHA-256 {given['sha256']}:")
        print(f"{'':30} {given['ms']:9.3f} ms, {given['times_dual']:.2f} times ours on two cores")


def show_models(every: Sequence[Found]) -> None:
    print(f"{'model':20} {'stock, ms':>10} {'ours, 1':>9} {'ours, 2':>9} {'faster':>8}   slower")
    for found in every:
        rows = [Row(**row) for row in found["layers"]]
        slower = [
            f"{row.index} {row.op} +{(row.dual / row.stock - 1) * 100:.1f} %"
            for row in rows
            if row.dual > row.stock
        ]
        print(
            f"{found['model']:20} {found['stock_ms']:>10.3f} {found['single_ms']:>9.3f} "
            f"{found['dual_ms']:>9.3f} {found['speedup_dual_vs_stock_single']:>7.2f}x   "
            f"{', '.join(slower) or 'none'}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="ci/bench kernels",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument("--port", type=Path, help="a port.toml (default: the miniature's)")
    parser.add_argument("--mirrors", type=Path, help="table of URL -> mirror")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--model", default="person_detection", help="which benchmark of port.toml")
    which.add_argument("--models", action="store_true", help="all of them")
    parser.add_argument(
        "--firmware", type=Path, action="append", default=[], help="a program to compare with"
    )
    parser.add_argument("--page", type=Path, help="write the figures into its README.md")
    options = parser.parse_args()
    if options.models and (options.page or options.firmware):
        parser.error("--page and --firmware are about one model")
    if absent := [str(file) for file in options.firmware if not file.is_file()]:
        parser.error(f"there is no {absent[0]}")
    with tempfile.TemporaryDirectory(prefix="sync-bench-") as folder:
        port, mirrors = options.port, options.mirrors
        if port is None:
            port, mirrors = miniature(Path(folder))
        specs = benchmarks(port, None if options.models else options.model)
        states = {bare: rolled(port, mirrors, bare) for bare in (False, True)}
        every = [measure(port, spec, states, options.firmware) for spec in specs]
    if options.models:
        print(json.dumps(every)) if options.json else show_models(every)
        return 0
    (found,) = every
    if options.page:
        write(found, PUBLISHED, options.page)
    if options.json:
        print(json.dumps(found))
    else:
        show(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
