"""Benchmarks on the target: what they printed, and what TFLM says on the host."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from syncer import foreign
from syncer.bench import oracle, parse
from syncer.bench.kernels import layer_kernels
from syncer.build.elf import symbols_starting
from syncer.build.linked import read_program
from syncer.errors import Exit, SyncError
from syncer.lock import Lock
from syncer.model import (
    BenchesResult,
    BenchResult,
    BuildResult,
    Firmware,
    Kernel,
    Verdict,
)
from syncer.port import Benchmark, Port
from syncer.sizes import load_sizes
from syncer.stages.gates import compared
from syncer.stages.tests import Note, on_target
from syncer.targets import Run, Target
from syncer.tree.models import MODELS, benchmark_inputs
from syncer.tree.places import place_of

# MicroProfiler's two functions by the start of their linker names (micro_profiler.h upstream); the
# end of a name is its parameters, which differ between compilers.
_BEGIN = "_ZN6tflite13MicroProfiler10BeginEvent"
_END = "_ZN6tflite13MicroProfiler8EndEvent"
_CHECK_DONE = "check done"
_KEPT = "host"  # the host's answers

_Kernels = Callable[[Path], Mapping[int, Kernel]]


def bench(
    port: Port,
    built: BuildResult,
    tree: Path,
    upstream_file: Callable[[str], bytes],
    lock: Lock,
    target: Target,
    note: Note,
    sandbox: foreign.Sandbox | None = None,
    beside: Target | None = None,
) -> BenchesResult:
    """Run every benchmark and its check; compare outputs with TFLM's on the host, which
    `sandbox` holds back (by default the strongest that works here), and what was measured with
    what was accepted. What the target `beside` measures of the same is put beside it, ungated."""
    accepted = load_sizes(port.sizes_file)
    sandbox, read = sandbox or foreign.choose(), cache(upstream_file)
    kernels = partial(_kernels, port, built, tree)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        hosts = [
            pool.submit(_on_the_host, spec, read, sandbox, port.state)
            for spec in port.toml.benchmark
        ]
        results = []
        for result in _measured(port, built, target, kernels, hosts, pool):
            results.append(result)
            note(f"{result.name}: {result.ticks / 1000:.1f} ms")
        others = []
        for result in _measured(port, built, beside, lambda _: {}, hosts, pool) if beside else ():
            assert beside is not None
            others.append(result)
            note(f"{result.name} on {beside.name}: {result.ticks / 1000:.1f} ms")
    done = compared(port, built, lock, accepted, results)
    return replace(done, protection=sandbox.protection, beside=tuple(others))


def _measured(
    port: Port,
    built: BuildResult,
    target: Target,
    kernels: _Kernels,
    hosts: Sequence[Future[tuple[oracle.OperatorCrc, ...]]],
    pool: Executor,
) -> Iterator[BenchResult]:
    """Every benchmark and its check on the target, held against the host's answer to each."""
    by_name = {firmware.name: firmware for firmware in on_target(port, built)}
    jobs = [
        (
            pool.submit(_run_bench, port, spec, by_name[spec.firmware], target, kernels),
            pool.submit(_run_check, port, by_name[spec.check], target),
        )
        for spec in port.toml.benchmark
    ]
    for spec, (ran, checked), host in zip(port.toml.benchmark, jobs, hosts, strict=True):
        yield _compared(_with_crcs(spec, ran.result(), checked.result()), host)


def _run_bench(
    port: Port, spec: Benchmark, firmware: Firmware, target: Target, kernels: _Kernels
) -> BenchResult:
    elf = Path(firmware.elf)
    begin, end = (symbols_starting(elf, name) for name in (_BEGIN, _END))
    functions = kernels(elf)
    run = target.run(
        elf,
        until=spec.until,
        count=spec.until_count,
        budget_cycles=port.toml.budget.benchmark_cycles,
        marks=[*begin, *end],
        counted=list(functions),
    )
    if run.failure:
        raise _stopped(spec.firmware, run)
    ticks, layers = parse.parse_benchmark(run.output, spec.tag)
    cycles = None
    if len(begin) == len(end) == 1 and run.marks:
        before = parse.events_before(run.output)
        at = (run.marks, begin[0], end[0], layers)
        cycles, layers = parse.layer_cycles(
            *at, inference=spec.inference, clock_hz=target.clock_hz, before=before
        )
        spans = parse.layer_spans(*at, inference=spec.inference, before=before)
        layers = layer_kernels(layers, spans, run.counts, functions)
    return BenchResult(
        name=spec.name,
        target=target.name,
        clock_hz=target.clock_hz,
        ticks=ticks,
        layers=layers,
        cycles=cycles,
        flash=firmware.flash,
        ram=firmware.ram,
    )


def _kernels(port: Port, built: BuildResult, tree: Path, elf: Path) -> dict[int, Kernel]:
    """The functions of a program that may be a layer's kernels, by address: those that overrides
    define, and all others of the components that have overrides."""
    if not port.toml.override:
        return {}
    ours = {effect.place for effect in built.effects if effect.override}
    folders = tuple({place_of(port, item.component, "") for item in port.toml.override} - {""})
    return {
        f.address: Kernel(f.name, 0, f.source in ours)
        for f in read_program(elf, tree).functions
        if f.exported and (f.source in ours or f.source.startswith(folders))
    }


def _run_check(port: Port, firmware: Firmware, target: Target) -> parse.Checked:
    budget = port.toml.budget.benchmark_cycles
    run = target.run(Path(firmware.elf), until=_CHECK_DONE, budget_cycles=budget)
    if run.failure:
        raise _stopped(firmware.name, run)
    return parse.parse_check(run.output)


def _with_crcs(spec: Benchmark, bench: BenchResult, checked: parse.Checked) -> BenchResult:
    """The benchmark with the arena and each operator's CRC, as the check firmware prints them."""
    if [op for _, op, _ in checked.crcs] != [layer.op for layer in bench.layers]:
        raise SyncError(
            f"{spec.check} ran other operators than {spec.firmware}: "
            f"{len(checked.crcs)} against {len(bench.layers)}",
            hint="Both must run the same model; look at their sources in port.toml.",
            exit=Exit.TEST,
        )
    pairs = zip(bench.layers, checked.crcs, strict=True)
    return replace(
        bench,
        layers=tuple(replace(layer, crc=crc) for layer, (_, _, crc) in pairs),
        arena=checked.arena,
        slow=checked.slow,
    )


def _on_the_host(
    spec: Benchmark, read: Callable[[str], bytes], sandbox: foreign.Sandbox, state: Path
) -> tuple[oracle.OperatorCrc, ...]:
    inputs = benchmark_inputs(spec, lambda path, _: read(path), state / MODELS)
    return oracle.operator_crcs(read(spec.model), inputs, sandbox=sandbox, kept=state / _KEPT)


def _compared(bench: BenchResult, answer: Future[tuple[oracle.OperatorCrc, ...]]) -> BenchResult:
    """The benchmark with what TFLM on the host says of each operator's output."""
    try:
        host = answer.result()
    except oracle.OracleUnavailable as error:
        return replace(bench, outputs=Verdict.NOT_CHECKED, note=error.message)
    if [item.op for item in host] != [layer.op for layer in bench.layers]:
        note = "TFLM on the host ran other operators"
        return replace(bench, outputs=Verdict.TEST, note=note)
    pairs = zip(bench.layers, host, strict=True)
    layers = tuple(replace(layer, host_crc=item.crc) for layer, item in pairs)
    wrong = next((layer for layer in layers if layer.crc != layer.host_crc), None)
    if wrong:
        note = f"layer {wrong.index} ({wrong.op}) is the first whose output differs"
        return replace(bench, layers=layers, outputs=Verdict.TEST, note=note)
    note = f"{len(layers)} operators equal TFLM on the host"
    return replace(bench, layers=layers, outputs=Verdict.PASSED, note=note)


def _stopped(name: str, run: Run) -> SyncError:
    what, _, report = run.failure.partition("\n")
    detail = "\n".join(filter(None, (report, _tail(run.output))))
    return SyncError(f"{name}: {what}", exit=Exit.TEST, detail=detail)


def _tail(output: str) -> str:
    return "\n".join(output.splitlines()[-15:])
