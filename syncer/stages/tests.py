"""Test programs: built, run on the target, and judged by port.toml and what was accepted."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from syncer.bench import parse
from syncer.errors import Exit, SyncError
from syncer.lock import Lock
from syncer.model import (
    BuildResult,
    Firmware,
    Origin,
    Program,
    TestChange,
    TestResult,
    TestsResult,
    TreeResult,
    Unbuilt,
    UnneededException,
)
from syncer.port import FirmwareSpec, Port, TestException
from syncer.targets import Run, Target

Note = Callable[[str], None]

# How often a program may print its final line: its cases may too.
_FINAL_LINES = 8
_MOST_REPORTS = 1  # of some 40 lines, as many as a pull request shows of a failure's detail


def on_target(port: Port, built: BuildResult) -> tuple[Firmware, ...]:
    """The programs for the board that they are run on."""
    return tuple(f for f in built.firmware if f.board == port.toml.build.boards[0])


# ---- tree and build


def check_exceptions(port: Port, tree: TreeResult, lock: Lock) -> None:
    """Raises SyncError for an exception whose test upstream neither has nor had when last
    accepted: it would be passed over without a word."""
    found = {program.name for program in tree.programs if program.origin is Origin.UPSTREAM}
    for name in _exceptions(port):
        if name not in found and name not in lock.tests:
            close = sorted(other for other in found if name in other or other in name)
            raise SyncError(
                f"{port.file}: test.exception.name: upstream has no test {name!r}",
                hint=f"Did you mean {', '.join(close[:3])}?" if close else "Remove the exception.",
            )


def unexcepted(port: Port, built: BuildResult) -> tuple[Unbuilt, ...]:
    """Tests that do not build, without an exception for that."""
    allowed = {name for name, item in _exceptions(port).items() if item.stage == "build"}
    return tuple(item for item in built.unbuilt if item.name not in allowed)


def check_build(port: Port, built: BuildResult, programs: Sequence[Program]) -> None:
    """Raises SyncError (BUILD) for a test that does not build."""
    if failed := unexcepted(port, built):
        names = {item.name for item in failed}
        sources = [path for test in programs if test.name in names for path in test.sources]
        raise SyncError(
            f"{len(failed)} of upstream's tests do not build: "
            + ", ".join(item.name for item in failed),
            hint="Mend the port; or, if one cannot be built for it, name the test and the cause "
            f"in a [[test.exception]] of {port.file.name}. The whole log: {built.log}",
            exit=Exit.BUILD,
            about=(tuple(sources),),
        )


# ---- run


def test(
    port: Port,
    built: BuildResult,
    programs: Sequence[Program],
    target: Callable[[], Target],
    note: Note,
) -> TestsResult:
    """Run every test program, and every example that has to print something in particular; as
    many at a time as there are cores. A test that was not built has a result too."""
    examples = {spec.name: spec for spec in port.toml.firmware if spec.expect}
    chosen = [p for p in programs if p.kind == "test" or p.name in examples]
    linked = {f.name: Path(f.elf) for f in on_target(port, built)}
    unbuilt = {item.name: item.reason for item in built.unbuilt}

    def one(program: Program) -> TestResult:
        if program.name in unbuilt:
            result = TestResult(
                program.name, False, reason=f"not built: {unbuilt[program.name]}", stage="build"
            )
        elif example := examples.get(program.name):
            result = _run_example(port, example, linked[program.name], target())
        else:
            result = _run(port, program, linked[program.name], target())
        note(f"{result.name}: {'passed' if result.passed else result.reason}")
        return result

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return TestsResult(tuple(pool.map(one, chosen)))


def _run(port: Port, program: Program, elf: Path, target: Target) -> TestResult:
    budget = port.toml.budget.test_cycles
    for count in range(1, _FINAL_LINES + 1):
        run = target.run(elf, until=parse.SUCCESS, count=count, budget_cycles=budget)
        if run.failure or not parse.in_a_case(run.output):
            break
    result = parse.parse_tests(program.name, run.output, cases=program.cases)
    own_verdict = result.complete and any(not case.passed for case in result.cases)
    if run.failure and not own_verdict:
        # What stopped it is the reason; what it had printed till then only says where.
        result = _stopped(result, run)
    return replace(result, cycles=run.cycles or 0)


def _stopped(result: TestResult, run: Run) -> TestResult:
    """A failure's first line says what happened, the others where the cores stood."""
    stopped, _, report = run.failure.partition("\n")
    reason = f"{stopped}; {result.reason}" if result.reason else stopped
    return replace(result, passed=False, reason=reason, report=report)


def _run_example(port: Port, example: FirmwareSpec, elf: Path, target: Target) -> TestResult:
    run = target.run(elf, until=example.until, budget_cycles=port.toml.budget.test_cycles)
    result = parse.parse_example(example.name, run.output, example.expect)
    if run.failure:
        result = _stopped(result, run)
    return replace(result, cycles=run.cycles or 0)


# ---- judge


def judge_tests(port: Port, ran: TestsResult, lock: Lock) -> TestsResult:
    """The results with port.toml's exceptions laid over them, what exceptions are for nothing,
    and what changed against the accepted tests."""
    exceptions = _exceptions(port)
    results = tuple(
        replace(result, exception=exception.cause)
        if (exception := exceptions.get(result.name)) and _covers(exception, result)
        else result
        for result in ran.results
    )
    by_name = {result.name: result for result in results}
    unneeded = [
        UnneededException(name, why)
        for name, exception in exceptions.items()
        for why in _unneeded(exception, by_name.get(name))
    ]
    return TestsResult(results, _changes(results, lock), tuple(unneeded))


def _exceptions(port: Port) -> dict[str, TestException]:
    return {item.name: item for item in port.toml.test.exception} if port.toml.test else {}


def _covers(exception: TestException, result: TestResult) -> bool:
    if result.passed or result.stage != exception.stage:
        return False
    failed = {case.name for case in result.cases if not case.passed}
    # Named cases excuse nothing but themselves: a hang is none of them.
    return not exception.cases or (result.complete and failed.issubset(exception.cases))


def _unneeded(exception: TestException, result: TestResult | None) -> list[str]:
    if result is None:
        return ["upstream no longer has it"]
    if result.passed:
        return ["it passes"]
    if exception.stage == "build" and result.stage == "run":
        return ["it is built, and fails when it is run"]
    failed = {case.name for case in result.cases if not case.passed}
    known = {case.name for case in result.cases}
    return [
        f"case {case} {'passes' if case in known else 'does not run'}"
        for case in exception.cases
        if result.complete and case not in failed
    ]


def _changes(results: Sequence[TestResult], lock: Lock) -> tuple[TestChange, ...]:
    """Tests whose number of cases is not the accepted one. A first roll has nothing to compare
    with, and of a test that could not be run nothing is known."""
    if not lock.tests:
        return ()
    now = {result.name: len(result.cases) for result in results}
    changes = [
        TestChange(name, lock.tests.get(name), now.get(name))
        for name in sorted({*now, *lock.tests})
    ]
    return tuple(change for change in changes if change.before != change.now)


def check_tests(tests: TestsResult) -> None:
    """Raises SyncError (TEST) if there is no test, or one failed without an exception."""
    failed = [result for result in tests.results if result.failed]
    if not tests.results:
        raise SyncError("the port has no test", hint="See [test] in docs/port.md.", exit=Exit.TEST)
    if failed:
        raise SyncError(
            f"{len(failed)} of {len(tests.results)} tests failed: "
            + ", ".join(result.name for result in failed),
            exit=Exit.TEST,
            detail="\n".join(
                f"{result.name}: {result.reason}\n{result.report}"
                for result in [result for result in failed if result.report][:_MOST_REPORTS]
            ),
        )
