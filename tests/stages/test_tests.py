"""Tests judged: what fails, what may, and what is no longer tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from syncer import stages
from syncer.errors import Exit, SyncError
from syncer.lock import Lock
from syncer.model import (
    BuildResult,
    Firmware,
    Origin,
    Program,
    TestCase,
    TestChange,
    TestResult,
    TestsResult,
    TreeResult,
    Unbuilt,
    UnneededException,
)
from syncer.port import Port, TestException, Tests, load_port
from syncer.stages import check_build, check_exceptions, check_tests, judge_tests, unexcepted
from syncer.targets import Run

PORT = Path(__file__).resolve().parents[2] / "ci/miniature/port.toml"


def port_with(*exceptions: TestException) -> Port:
    port = load_port(PORT)
    tests = Tests(variables={}, exception=exceptions)
    return replace(port, toml=replace(port.toml, test=tests))


def ran(name: str, cases: str = "a+ b+", reason: str = "", complete: bool = True) -> TestResult:
    found = tuple(TestCase(word[:-1], word.endswith("+")) for word in cases.split())
    failed = [case.name for case in found if not case.passed]
    said = reason or (f"failed: {', '.join(failed)}" if failed else "")
    return TestResult(name, not said, found, said, complete=complete)


UNBUILT = TestResult("huge_test", False, reason="not built: too large", stage="build")


def judged(*results: TestResult, lock: Lock | None = None, **exceptions: str) -> TestsResult:
    """`exceptions`: a test's name to the stage and, after colons, cases that may fail."""
    items = []
    for name, text in exceptions.items():
        stage, *cases = text.split(":")
        items.append(TestException(name, stage, "because", tuple(cases)))  # type: ignore[arg-type]
    return judge_tests(port_with(*items), TestsResult(results), lock or Lock())


def error(tests: TestsResult) -> str:
    with pytest.raises(SyncError) as caught:
        check_tests(tests)
    assert caught.value.exit is Exit.TEST
    return caught.value.message


def test_all_that_pass_and_need_no_exception() -> None:
    tests = judged(ran("a_test"), ran("b_test"))
    assert tests == TestsResult((ran("a_test"), ran("b_test")))
    assert tests.passed
    check_tests(tests)


def test_no_test_at_all_is_a_failure() -> None:
    assert "no test" in error(judged())


@pytest.mark.parametrize(
    ("result", "exception"),
    [
        (ran("t", "a+ b-"), "run"),
        (ran("t", "a+ b-"), "run:b"),
        (ran("t", "a+ b-"), "run:b:c"),
        (ran("t", "a+", "still running after 9 cycles", complete=False), "run"),
        (replace(UNBUILT, name="t"), "build"),
    ],
)
def test_what_an_exception_covers(result: TestResult, exception: str) -> None:
    tests = judged(ran("other"), result, t=exception)
    assert [r.exception for r in tests.results] == ["", "because"]
    assert [r.failed for r in tests.results] == [False, False]
    assert tests.passed
    check_tests(tests)


@pytest.mark.parametrize(
    ("result", "exception"),
    [
        (ran("t", "a- b-"), "run:b"),  # another case than those named
        (ran("t", "a+ b-", "hung; b failed", complete=False), "run:b"),  # more than that case
        (ran("t", "a+ b-"), "build"),
        (replace(UNBUILT, name="t"), "run"),
    ],
)
def test_what_an_exception_does_not_cover(result: TestResult, exception: str) -> None:
    tests = judged(ran("other"), result, t=exception)
    assert [r.failed for r in tests.results] == [False, True]
    assert not tests.passed
    assert error(tests) == "1 of 2 tests failed: t"


@pytest.mark.parametrize(
    ("result", "exception", "why"),
    [
        (ran("t"), "run", ["it passes"]),
        (ran("t"), "run:a", ["it passes"]),
        (ran("t"), "build", ["it passes"]),
        (ran("t", "a-"), "build", ["it is built, and fails when it is run"]),
        (ran("t", "a+ b-"), "run:a:b", ["case a passes"]),
        (ran("t", "b-"), "run:a:b", ["case a does not run"]),
        (ran("t", "a+", "hung", complete=False), "run:a:b", []),
        (ran("t", "a-"), "run", []),
        (None, "run", ["upstream no longer has it"]),
    ],
)
def test_an_exception_with_nothing_to_except_is_told(
    result: TestResult | None, exception: str, why: list[str]
) -> None:
    results = [result] if result else []
    tests = judged(ran("other"), *results, t=exception)
    assert tests.unneeded == tuple(UnneededException("t", text) for text in why)


def test_what_changed_since_the_accepted_tests() -> None:
    lock = Lock(tests={"gone_test": 4, "less_test": 3, "more_test": 1, "same_test": 2})
    results = (ran("less_test"), ran("more_test"), ran("new_test", "a+"), ran("same_test"))
    assert judged(*results, lock=lock).changes == (
        TestChange("gone_test", 4, None),
        TestChange("less_test", 3, 2),
        TestChange("more_test", 1, 2),
        TestChange("new_test", None, 1),
    )
    assert judged(*results).changes == ()  # a first roll


# ---- build


def built(*unbuilt: str) -> BuildResult:
    return BuildResult((), (), "/x/build.log", unbuilt=tuple(Unbuilt(n, "why") for n in unbuilt))


def test_a_test_that_does_not_build_ends_the_roll_unless_excepted() -> None:
    port = port_with(TestException("huge_test", "build", "because"))
    assert unexcepted(port, built("huge_test")) == ()
    check_build(port, built("huge_test"), ())
    programs = (Program("odd_test", "test", ("t/odd_test.cc",), Origin.UPSTREAM),)
    with pytest.raises(SyncError) as caught:
        check_build(port, built("huge_test", "odd_test"), programs)
    assert caught.value.exit is Exit.BUILD
    assert caught.value.message == "1 of upstream's tests do not build: odd_test"
    assert "[[test.exception]]" in caught.value.hint and "build.log" in caught.value.hint
    assert caught.value.about == (("t/odd_test.cc",),)
    run = port_with(TestException("huge_test", "run", "because"))
    assert [item.name for item in unexcepted(run, built("huge_test"))] == ["huge_test"]


def test_an_exception_for_a_test_that_exists_nowhere_is_bad_input() -> None:
    port = port_with(TestException("conv_test", "run", "because"))
    tree = TreeResult("", "", 0, 0, 0, 0)

    def with_tests(*names: str) -> TreeResult:
        tests = tuple(Program(name, "test", (), Origin.UPSTREAM) for name in names)
        return replace(tree, programs=(Program("conv_test", "test", ()), *tests))

    check_exceptions(port, with_tests("conv_test"), Lock())
    check_exceptions(port, with_tests("add_test"), Lock(tests={"conv_test": 3}))
    with pytest.raises(SyncError) as caught:
        check_exceptions(port, with_tests("kernel_conv_test", "add_test"), Lock())
    assert caught.value.exit is Exit.BAD_INPUT
    assert "upstream has no test 'conv_test'" in caught.value.message
    assert "Did you mean kernel_conv_test?" in caught.value.hint


def test_the_first_report_of_where_a_test_stood_is_shown() -> None:
    stood = [replace(ran(f"t{n}", "", "hung"), report=f"core 0 at {n}") for n in range(4)]
    with pytest.raises(SyncError) as caught:
        check_tests(judged(ran("s", "a-", "wrong"), *stood))
    assert caught.value.detail == "t0: hung\ncore 0 at 0"


# ---- run

PASSED = "[ RUN      ] A.B\n[       OK ] A.B\n[==========] 1 tests ran.\n~~~ALL TESTS PASSED~~~\n"
FAILED = "[ RUN      ] A.B\n[  FAILED  ] A.B\n[==========] 1 tests ran.\n[  PASSED  ] 0 tests.\n"


class Prints:
    """A target whose programs print what their names say, and then stop as said."""

    name, clock_hz = "prints", 1

    def __init__(self, runs: Mapping[str, Run]) -> None:
        self.runs = runs

    def run(self, elf: Path, **how: object) -> Run:
        assert how["budget_cycles"] == load_port(PORT).toml.budget.test_cycles
        return self.runs[elf.stem]


@pytest.mark.parametrize(
    ("run", "cases", "reason"),
    [
        (Run(PASSED, cycles=7), True, ""),
        (Run("~~~ALL TESTS PASSED~~~\n"), False, ""),
        (Run("~~~ALL TESTS PASSED~~~\n"), True, "no test case ran"),
        # It said itself that it failed: that nothing more came is no news.
        (Run(FAILED, "still running after 9 cycles"), True, "1 of 1 cases failed: A.B"),
        (
            Run(FAILED[:36], "read from 0xc0\ncore 0\n  r0 0"),
            True,
            "read from 0xc0; 1 of 1 cases failed: A.B",
        ),
        (
            Run(FAILED[:17], "still running after 9 cycles"),
            True,
            "still running after 9 cycles; case A.B did not end; the last line is "
            "'[ RUN      ] A.B'",
        ),
        (Run("", "stopped (exit)"), True, "stopped (exit); printed nothing"),
        (Run(PASSED, "a fault after all"), True, "a fault after all"),
    ],
)
def test_a_run_and_what_stopped_it(run: Run, cases: bool, reason: str) -> None:
    program = Program("x_test", "test", (), Origin.UPSTREAM, cases)
    firmware = Firmware("x_test", "test", "pico", "/x/x_test.elf", "", 0, 0)
    other = replace(firmware, board="pico2", elf="/x/wrong.elf")
    target = Prints({"x_test": run})
    told: list[str] = []
    found = stages.test(
        port_with(), BuildResult((), (firmware, other)), [program], lambda: target, told.append
    )
    (result,) = found.results
    assert result.reason == reason
    assert result.report == ("core 0\n  r0 0" if "\n" in run.failure else "")
    assert result.passed == (not reason)
    assert result.cycles == (run.cycles or 0)
    assert told == [f"x_test: {reason or 'passed'}"]


def test_a_run_goes_on_where_a_case_printed_the_final_line() -> None:
    class Counts(Prints):
        def run(self, elf: Path, **how: object) -> Run:
            assert isinstance(how["count"], int)
            final = "~~~ALL TESTS PASSED~~~\n"
            return Run(
                "[ RUN      ] A.B\n" + final * 2 + PASSED[17:]
                if how["count"] > 2
                else "[ RUN      ] A.B\n" + final * how["count"]
            )

    program = Program("x_test", "test", (), Origin.UPSTREAM)
    firmware = Firmware("x_test", "test", "pico", "/x/x_test.elf", "", 0, 0)
    target = Counts({})
    made = BuildResult((), (firmware,))
    found = stages.test(port_with(), made, [program], lambda: target, lambda _: None)
    assert found.results[0].passed, found.results[0].reason


def test_a_test_that_was_not_built_has_a_result_too() -> None:
    programs = [
        Program("bench", "benchmark", ()),
        Program("own_test", "test", ()),
        Program("huge_test", "test", (), Origin.UPSTREAM),
    ]
    made = BuildResult(
        (),
        (Firmware("own_test", "test", "pico", "/x/own_test.elf", "", 0, 0),),
        unbuilt=(Unbuilt("huge_test", "region overflowed"),),
    )
    target = Prints({"own_test": Run(PASSED)})
    found = stages.test(port_with(), made, programs, lambda: target, lambda _: None)
    assert [(r.name, r.stage, r.passed) for r in found.results] == [
        ("own_test", "run", True),
        ("huge_test", "build", False),
    ]
    assert found.results[1].reason == "not built: region overflowed"
