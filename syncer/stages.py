"""The body of each stage: a function of its inputs to a frozen result. Only pipeline.py calls them.

Here the modules that may not know one another meet: the queue and the overrides, the firmware and
the target it runs on, what it printed and what TFLM says on the host.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from syncer.bench import oracle, parse
from syncer.bench.compare import figures
from syncer.bench.gate import gate, unmeasured
from syncer.build import symbols_starting
from syncer.errors import Exit, SyncError
from syncer.git import Repository
from syncer.lock import Lock, lock_text
from syncer.model import (
    BenchesResult,
    BenchResult,
    BuildResult,
    Firmware,
    Layer,
    OverrideResult,
    PatchResult,
    PatchVerdict,
    Pin,
    Rebased,
    Resolved,
    TestResult,
    TestsResult,
    Verdict,
)
from syncer.overrides import apply_overrides, rename_candidate
from syncer.port import Benchmark, Port
from syncer.queue.mail import Patch
from syncer.queue.rebase import rebase_component, required_blobs
from syncer.queue.series import SERIES, read_series, series_text
from syncer.targets import Target
from syncer.tree.arrays import input_bytes

Note = Callable[[str], None]

# MicroProfiler's two functions by the start of their linker names (micro_profiler.h upstream); the
# end of a name is its parameters, which differ between compilers.
_BEGIN = "_ZN6tflite13MicroProfiler10BeginEvent"
_END = "_ZN6tflite13MicroProfiler8EndEvent"
_CHECK_DONE = "check done"


def blobs_for_rebase(
    port: Port, resolved: Resolved, lock: Lock, repositories: Mapping[str, Repository]
) -> dict[str, tuple[str, ...]]:
    """Blobs beyond the new commits' own that `rebase` will read, by repository: what patches were
    made from. A partial clone has to fetch them while it still can."""
    needed = {}
    for pin in resolved.pins:
        repo = repositories[pin.name]
        series = _series(port, pin)
        base = _known(repo, lock.commits.get(pin.name))
        needed[pin.name] = required_blobs(repo, series, _target(repo, pin), base_commit=base)
    return needed


def rebase(
    port: Port, resolved: Resolved, lock: Lock, repositories: Mapping[str, Repository]
) -> Rebased:
    """Move the queue onto the new commits, component by component, and lay the overrides over it.
    A conflict ends the component's queue there; it is in the result, not raised."""
    trees: dict[str, str] = {}
    patches: list[PatchResult] = []
    overrides: list[OverrideResult] = []
    for pin in resolved.pins:
        repo = repositories[pin.name]
        base = _known(repo, lock.commits.get(pin.name))
        tree, results = rebase_component(
            repo, _series(port, pin), _target(repo, pin), base_commit=base
        )
        patches += results
        tree, laid = apply_overrides(repo, pin.name, tree, port.toml.override, port.read)
        overrides += laid
        trees[pin.name] = tree
    return Rebased(trees, tuple(patches), tuple(overrides))


def _series(port: Port, pin: Pin) -> tuple[Patch, ...]:
    patches = port.toml.patches
    return read_series(port.at(patches.folder), pin.name, context=patches.context)


def _known(repo: Repository, commit: str | None) -> str | None:
    return commit if commit and repo.has(commit) else None


def _target(repo: Repository, pin: Pin) -> str:
    """The commit the queue goes onto: the pinned one or, where upstream itself patches it, one
    of that content on top of it."""
    if repo.rev_parse(pin.commit, "tree") == pin.tree:
        return pin.commit
    return repo.commit_tree(pin.tree, [pin.commit])


def check_rebase(port: Port, rebased: Rebased, repositories: Mapping[str, Repository]) -> None:
    """Raises SyncError (CONFLICT) for a patch that conflicts or an override whose upstream file
    changed: both need a person."""
    for patch in rebased.patches:
        if patch.verdict is PatchVerdict.CONFLICT:
            raise SyncError(
                f"{patch.component}: {patch.file} conflicts in {', '.join(patch.conflicts)}",
                hint="Bring the patch to the new upstream by hand, or roll to an older --upstream.",
                exit=Exit.CONFLICT,
                detail=patch.reason,
            )
    for override in rebased.overrides:
        if override.found is None:
            repo, tree = repositories[override.component], rebased.trees[override.component]
            candidate = rename_candidate(repo, tree, override)
            raise SyncError(
                f"{override.component}: upstream no longer has {override.path}, "
                f"which {override.source} overrides",
                hint=f"It may be {candidate} now; follow it in {port.file.name}."
                if candidate
                else f"Find where its code went, or drop the [[override]] in {port.file.name}.",
                exit=Exit.CONFLICT,
            )
        if override.drifted:
            raise SyncError(
                f"{override.component}: upstream changed {override.path} under {override.source}"
                f" (blob {override.shadowed[:12]} → {override.found[:12]})",
                hint="Take upstream's change into the override, then set `shadows` in "
                f"{port.file.name} to {override.found}.",
                exit=Exit.CONFLICT,
            )


def _on_target(port: Port, built: BuildResult) -> tuple[Firmware, ...]:
    """The programs for the board that they are run on."""
    return tuple(f for f in built.firmware if f.board == port.toml.build.boards[0])


def test(port: Port, built: BuildResult, target: Callable[[], Target], note: Note) -> TestsResult:
    """Run every test program, as many at a time as there are cores."""
    programs = [f for f in _on_target(port, built) if f.kind == "test"]

    def one(firmware: Firmware) -> TestResult:
        run = target().run(
            Path(firmware.elf), until=parse.SUCCESS, budget_cycles=port.toml.budget.test_cycles
        )
        result = parse.parse_tests(firmware.name, run.output)
        if run.failure:
            reason = f"{run.failure}; {result.reason}" if result.reason else run.failure
            result = replace(result, passed=False, reason=reason)
        note(f"{firmware.name}: {'passed' if result.passed else result.reason}")
        return replace(result, cycles=run.cycles or 0)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return TestsResult(tuple(pool.map(one, programs)))


def check_tests(tests: TestsResult) -> None:
    failed = [result for result in tests.results if not result.passed]
    if not tests.results:
        raise SyncError("the port names no test firmware", exit=Exit.TEST)
    if failed:
        raise SyncError(
            f"{len(failed)} of {len(tests.results)} tests failed: "
            + ", ".join(result.name for result in failed),
            exit=Exit.TEST,
            detail="\n".join(f"{result.name}: {result.reason}" for result in failed),
        )


def bench(
    port: Port,
    built: BuildResult,
    upstream_file: Callable[[str], bytes],
    lock: Lock,
    target: Target,
    note: Note,
) -> BenchesResult:
    """Run every benchmark and its check; compare outputs with TFLM's on the host."""
    by_name = {firmware.name: firmware for firmware in _on_target(port, built)}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [
            pool.submit(_one_bench, port, spec, by_name, upstream_file, target)
            for spec in port.toml.benchmark
        ]
        results = []
        for job in jobs:
            results.append(job.result())
            note(f"{results[-1].name}: {results[-1].ticks / 1000:.1f} ms")
    compared = figures(results, built, lock.figures, port.toml.gates)
    ungated = _not_comparable(port, built, lock)
    if ungated:
        compared = tuple(replace(figure, limit=None) for figure in compared)
    return BenchesResult(tuple(results), compared, ungated)


def _not_comparable(port: Port, built: BuildResult, lock: Lock) -> str:
    """Why the accepted figures are no measure for this build's: none there, or another compiler
    or SDK. What such a change costs is for a person to accept; it says nothing of upstream."""
    if not lock.figures:
        return "nothing was accepted before"
    decisive = (f"{port.toml.build.toolchain.prefix}gcc", port.toml.build.sdk.name)
    for tool in built.tools:
        accepted = lock.tools.get(tool.name)
        if tool.name in decisive and accepted != tool.version:
            return f"{tool.name} is {tool.version}, accepted was {accepted or 'none'}"
    return ""


def _one_bench(
    port: Port,
    spec: Benchmark,
    by_name: Mapping[str, Firmware],
    upstream_file: Callable[[str], bytes],
    target: Target,
) -> BenchResult:
    firmware = by_name[spec.firmware]
    elf = Path(firmware.elf)
    begin, end = (symbols_starting(elf, name) for name in (_BEGIN, _END))
    run = target.run(
        elf,
        until=spec.until,
        count=spec.until_count,
        budget_cycles=port.toml.budget.benchmark_cycles,
        marks=[*begin, *end],
    )
    if run.failure:
        raise SyncError(f"{spec.firmware}: {run.failure}", exit=Exit.TEST, detail=_tail(run.output))
    ticks, layers = parse.parse_benchmark(run.output, spec.tag)
    cycles = None
    if len(begin) == len(end) == 1 and run.marks:
        cycles, layers = parse.layer_cycles(
            run.marks,
            begin[0],
            end[0],
            layers,
            inference=spec.inference,
            clock_hz=target.clock_hz,
            before=parse.events_before(run.output),
        )
    layers, arena, outputs, note = _check(port, spec, by_name, upstream_file, target, layers)
    return BenchResult(
        name=spec.name,
        target=target.name,
        clock_hz=target.clock_hz,
        ticks=ticks,
        layers=layers,
        cycles=cycles,
        arena=arena,
        flash=firmware.flash,
        ram=firmware.ram,
        outputs=outputs,
        note=note,
    )


def _check(
    port: Port,
    spec: Benchmark,
    by_name: Mapping[str, Firmware],
    upstream_file: Callable[[str], bytes],
    target: Target,
    layers: tuple[Layer, ...],
) -> tuple[tuple[Layer, ...], int | None, Verdict, str]:
    """Each operator's output, on the target against TFLM on the host."""
    run = target.run(
        Path(by_name[spec.check].elf),
        until=_CHECK_DONE,
        budget_cycles=port.toml.budget.benchmark_cycles,
    )
    if run.failure:
        raise SyncError(f"{spec.check}: {run.failure}", exit=Exit.TEST, detail=_tail(run.output))
    crcs, arena = parse.parse_check(run.output)
    if [op for _, op, _ in crcs] != [layer.op for layer in layers]:
        raise SyncError(
            f"{spec.check} ran other operators than {spec.firmware}: "
            f"{len(crcs)} against {len(layers)}",
            hint="Both must run the same model; look at their sources in port.toml.",
            exit=Exit.TEST,
        )
    layers = tuple(replace(layer, crc=crc) for layer, (_, _, crc) in zip(layers, crcs, strict=True))
    try:
        inputs = [input_bytes(path, upstream_file(path)) for path in spec.inputs]
        host = oracle.operator_crcs(upstream_file(spec.model), inputs)
    except oracle.OracleUnavailable as error:
        return layers, arena, Verdict.NOT_CHECKED, error.message
    if [item.op for item in host] != [layer.op for layer in layers]:
        return layers, arena, Verdict.TEST, "TFLM on the host ran other operators"
    layers = tuple(replace(a, host_crc=b.crc) for a, b in zip(layers, host, strict=True))
    for layer in layers:
        if layer.crc != layer.host_crc:
            note = f"layer {layer.index} ({layer.op}) is the first whose output differs"
            return layers, arena, Verdict.TEST, note
    return layers, arena, Verdict.PASSED, f"{len(layers)} operators equal TFLM on the host"


def check_benches(benches: BenchesResult, lock: Lock) -> None:
    """Raises SyncError: (TEST) outputs differ from TFLM's; (GATE) a figure is over its limit, or
    one that was accepted was not measured and so could not be gated."""
    wrong = [result for result in benches.results if result.outputs is Verdict.TEST]
    if wrong:
        raise SyncError(
            f"{wrong[0].name}: {wrong[0].note}",
            hint="A kernel computes something else than TFLM on the host.",
            exit=Exit.TEST,
        )
    lost = unmeasured(benches.figures, lock.figures)
    if lost and not benches.ungated:
        raise SyncError(
            f"{len(lost)} accepted figure(s) were not measured, first {lost[0]}",
            hint="A benchmark was removed or renamed; if that is meant: sync accept",
            exit=Exit.GATE,
        )
    over = gate(benches.figures)
    if over:
        first = over[0]
        raise SyncError(
            f"{len(over)} figure(s) over the limit, first {first.name}: "
            f"{first.old:,} → {first.new:,} {first.unit} (limit {first.limit:,})",
            hint="Find what made it worse; if it is worth it, accept it: sync accept",
            exit=Exit.GATE,
        )


def next_lock(
    resolved: Resolved, rebased: Rebased, built: BuildResult, benches: BenchesResult
) -> Lock:
    """What becomes accepted once this roll is merged."""
    return Lock(
        commits={pin.name: pin.commit for pin in resolved.pins},
        written={pin.name: pin.written for pin in resolved.components},
        overrides={f"{item.component}:{item.path}": item.found or "" for item in rebased.overrides},
        tools={tool.name: tool.version for tool in built.tools},
        figures={figure.name: figure.new for figure in benches.figures},
    )


def changed_files(port: Port, rebased: Rebased, lock: Lock) -> dict[str, str | None]:
    """What a roll changes in the port's repository: refreshed and dropped patches, each series,
    the lock; nothing that is so already. Paths relative to the port's root."""
    files: dict[str, str | None] = {
        port.lock_file.relative_to(port.root).as_posix(): lock_text(lock)
    }
    gone = (PatchVerdict.ABSORBED, PatchVerdict.DROPPED, PatchVerdict.EMPTIED)
    for component in sorted({patch.component for patch in rebased.patches}):
        mine = [patch for patch in rebased.patches if patch.component == component]
        folder = f"{port.toml.patches.folder}/{component}"
        for patch in mine:
            if patch.verdict in gone:
                files[f"{folder}/{patch.file}"] = None
            elif patch.refreshed is not None:
                files[f"{folder}/{patch.file}"] = patch.refreshed
        if any(patch.verdict in gone for patch in mine):
            old = port.read(f"{folder}/{SERIES}").decode()
            kept = [patch.file for patch in mine if patch.verdict not in gone]
            files[f"{folder}/{SERIES}"] = series_text(kept, old)
    return {path: text for path, text in files.items() if not _is(port, path, text)}


def _is(port: Port, path: str, text: str | None) -> bool:
    file = port.at(path)
    if text is None:
        return not file.exists()
    # A patch may hold any bytes.
    return file.is_file() and file.read_bytes() == text.encode("utf-8", "surrogateescape")


def _tail(output: str) -> str:
    return "\n".join(output.splitlines()[-15:])
