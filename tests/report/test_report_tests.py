"""What a report says of tests: found, passed, failed, excepted, new, gone; each time."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console
from rolls import real_roll

from syncer.model import (
    BuildResult,
    Roll,
    TestCase,
    TestChange,
    TestResult,
    TestsResult,
    Unbuilt,
    UnneededException,
    Verdict,
)
from syncer.report.render import markdown
from syncer.report.status import status_document
from syncer.report.terminal import terminal
from syncer.report.view import headline

GOOD = TestResult("add_test", True, (TestCase("A.B", True), TestCase("A.C", True)), complete=True)
BAD = TestResult("conv_test", False, (TestCase("C.D", False),), "1 of 1 cases failed: C.D")
HUGE = TestResult(
    "huge_test", False, reason="not built: too large", stage="build", exception="256 KB of arena"
)
FLAKY = replace(BAD, name="limit_test", exception="written for 64 bits")


def roll(*results: TestResult, verdict: Verdict = Verdict.PASSED, **more: object) -> Roll:
    tests = TestsResult(results, **more)  # type: ignore[arg-type]
    return replace(real_roll(), verdict=verdict, tests=tests)


def body(made: Roll) -> str:
    return markdown(status_document(made))


def shown(made: Roll) -> str:
    out = io.StringIO()
    Console(file=out, width=200, color_system=None).print(terminal(status_document(made)))
    return out.getvalue()


def test_exceptions_are_reported_also_where_nothing_failed() -> None:
    made = roll(GOOD, HUGE, FLAKY)
    said = body(made)
    assert "## ✅ Ready to merge" in said
    assert "| **Tests** | 3 found: 1 passed, 2 excepted, 2 cases |" in said
    assert "| `huge_test` | 256 KB of arena | not built: too large |" in said
    assert "| `limit_test` | written for 64 bits | 1 of 1 cases failed: C.D |" in said
    assert "| Failed | Why |" not in said
    assert "| `huge_test` | 0 of 0 | **excepted**: not built: too large |" in said
    text = shown(made)
    assert "Tests: 3 found: 1 passed, 2 excepted, 2 cases" in text
    assert "huge_test excepted: 256 KB of arena (not built: too large)" in text


def test_what_failed_and_what_may_are_apart() -> None:
    made = roll(GOOD, BAD, HUGE, verdict=Verdict.TEST)
    said = body(made)
    assert "## ❌ 1 test program failed" in said
    assert "3 found: 1 passed, 1 failed, 1 excepted, 2 cases" in said
    assert "| `conv_test` | 1 of 1 cases failed: C.D |" in said
    assert "| `conv_test` | 0 of 1 | **failed**: 1 of 1 cases failed: C.D |" in said
    assert "conv_test: 1 of 1 cases failed: C.D" in shown(made)


def test_a_body_that_is_too_long_keeps_the_exceptions() -> None:
    many = (replace(GOOD, name=f"test_{n}") for n in range(500))
    said = markdown(status_document(roll(*many, HUGE)), limit=2_800)
    assert "### Tests\n\n_Left out" in said
    assert "| `huge_test` | 256 KB of arena |" in said


def test_what_changed_and_what_is_not_needed_is_said() -> None:
    made = roll(
        GOOD,
        changes=(
            TestChange("gone_test", 4, None),
            TestChange("new_test", None, 1),
            TestChange("less_test", 3, 2),
            TestChange("more_test", 1, 2),
        ),
        unneeded=(UnneededException("add_test", "it passes"),),
    )
    for text in (body(made), shown(made)):
        assert "gone_test" in text and "4 cases no longer run" in text
        assert "fewer than before" in text
        assert "is not needed any more: it passes" in text
    remarks = body(made).partition("### Upstream")[0]
    assert "new_test" not in remarks and "more_test" not in remarks
    tests = body(made).partition("### Tests")[2]
    assert "- `new_test` is new: 1 case." in tests
    assert "- `more_test` ran 2 cases, accepted were 1." in tests


def test_sources_that_nobody_tests_are_listed() -> None:
    made = real_roll()
    assert made.tree
    made = replace(made, tree=replace(made.tree, undeclared=("t/if_test.cc",)))
    assert "1 test source that upstream's Makefile makes no program of" in body(made)
    assert "- `t/if_test.cc`" in body(made)


def test_tests_that_do_not_build_are_listed_with_the_reason() -> None:
    unbuilt = (Unbuilt("huge_test", "region `RAM' overflowed"), Unbuilt("odd_test", "no member"))
    built = BuildResult((), (), unbuilt=unbuilt)
    made = replace(real_roll(), verdict=Verdict.BUILD, build=built, tests=None, benches=None)
    assert headline(status_document(made)) == "2 tests of upstream's not built"
    assert "| `odd_test` | no member |" in body(made)
    assert "huge_test: region `RAM' overflowed" in shown(made)
    # Where the roll went on, they were excepted, and the tests say so.
    assert "Not built" not in body(replace(made, verdict=Verdict.PASSED))
