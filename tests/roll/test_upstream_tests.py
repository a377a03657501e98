"""Upstream's tests in whole rolls: all found, all built, all run, and nothing passed over."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds import World

from syncer.errors import Exit
from syncer.model import Origin, Roll, TestChange, UnneededException, Verdict
from syncer.report import render, status
from syncer.report.view import headline

pytestmark = pytest.mark.slow


def upstream_files(world: World, tag: str) -> list[str]:
    repository = world.upstream / "tflite-micro.git"
    command = ["git", f"--git-dir={repository}", "ls-tree", "-r", "--name-only", tag]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def test_names(roll: Roll) -> list[str]:
    assert roll.tree
    return [p.name for p in roll.tree.programs if p.origin is Origin.UPSTREAM]


test_names.__test__ = False  # type: ignore[attr-defined]


def reasons(roll: Roll) -> dict[str, str]:
    assert roll.tests
    return {result.name: result.reason for result in roll.tests.results if not result.passed}


def body(roll: Roll) -> str:
    return render.markdown(status.status_document(roll))


def test_every_test_of_upstreams_is_found_and_run(shared: World) -> None:
    roll = shared.roll("base", until="test").roll
    sources = {path for path in upstream_files(shared, "base") if path.endswith("_test.cc")}
    sources.add("tensorflow/lite/micro/integration_tests/keyword/integration_tests.cc")
    assert roll.tree and roll.tests
    tests = [p for p in roll.tree.programs if p.origin is Origin.UPSTREAM]
    assert {path for test in tests for path in test.sources if path in sources} == sources
    assert len(tests) == len(sources)
    # The examples run, too; they come first.
    ran = {result.name: result for result in roll.tests.results}
    assert list(ran)[-len(tests) :] == [test.name for test in tests]
    assert all(result.passed and result.cases for result in ran.values())
    assert roll.tree.undeclared == ()
    # One that needs a model and tables as arrays, and two that share a source.
    by_name = {test.name: test.sources for test in tests}
    arrays = [path for path in by_name["integration_tests_keyword_test"] if "_data.cc" in path]
    assert len(arrays) == 3
    shared_data = "tensorflow/lite/micro/kernels/testdata/conv_test_data.cc"
    assert shared_data in by_name["kernel_conv_test"]
    assert shared_data in by_name["kernel_depthwise_conv_test"]
    cases = sum(len(result.cases) for result in roll.tests.results)
    count = len(ran)
    assert f"**Tests** | {count} found: {count} passed, {cases} cases |" in body(roll)


def test_what_upstream_adds_is_picked_up_and_what_it_removes_is_told(shared: World) -> None:
    base = shared.roll("base", until="test").roll
    added = shared.roll("source-added", until="test").roll
    assert set(test_names(added)) - set(test_names(base)) == {"hexdump_test"}
    assert added.tests and added.tests.changes == (TestChange("hexdump_test", None, 2),)
    assert "- `hexdump_test` is new: 2 cases." in body(added)

    removed = shared.roll("test-removed", until="test").roll
    assert removed.verdict is Verdict.PASSED
    assert removed.tests and removed.tests.changes == (
        TestChange("greedy_memory_planner_test", 3, None),
        TestChange("hexdump_test", None, 2),
        TestChange("kernel_reshape_test", 3, 2),
    )
    said = body(removed)
    assert "`greedy_memory_planner_test` is gone: 3 cases no longer run." in said
    assert "`kernel_reshape_test` ran 2 cases, accepted were 3: fewer than before." in said
    assert said.index("Worth a look") < said.index("`greedy_memory_planner_test` is gone")


WHY = {
    "failing_test": "1 of 2 cases failed: FailingTest.Wrong; first at "
    "./tensorflow/lite/micro/failing_test.cc:6",
    "faulting_test": "read from 0xc0000000",
    "garbage_test": "no final ~~~ALL TESTS PASSED~~~",
    "hanging_test": "still running after 2,000,000,000 cycles; case HangingTest.NeverReturns "
    "did not end",
    "miscounted_test": "1 cases seen, 2 cases ran by its own account: output was lost",
    "silent_test": "printed nothing",
    "truncated_test": "the last line is '~~~ALL TESTS PAS'",
}


def test_each_way_to_fail_fails_and_says_how(shared: World) -> None:
    outcome = shared.roll("test-fails", until="test")
    assert outcome.error and outcome.error.exit is Exit.TEST
    found = reasons(outcome.roll)
    assert list(found) == list(WHY)
    for name, reason in WHY.items():
        assert reason in found[name]
        assert f"`{name}`" in body(outcome.roll)
    assert outcome.roll.tests
    count = len(outcome.roll.tests.results)
    assert outcome.error.message == f"7 of {count} tests failed: {', '.join(WHY)}"
    document = status.status_document(outcome.roll)
    assert headline(document) == "7 test programs failed"
    # What is there to read without them: those that passed.
    assert f"{count} found: {count - 7} passed, 7 failed" in body(outcome.roll)


def test_tests_that_cannot_be_built_are_named_and_the_others_are_built(shared: World) -> None:
    outcome = shared.roll("test-unbuilt", until="test")
    assert outcome.error and outcome.error.exit is Exit.BUILD
    assert "incompatible_test, oversized_test" in outcome.error.message
    built = outcome.roll.build
    assert built and outcome.roll.tree
    found = {item.name: item.reason for item in built.unbuilt}
    assert list(found) == ["incompatible_test", "oversized_test"]
    assert "another_compilers_builtin" in found["incompatible_test"]
    assert found["incompatible_test"].startswith("tensorflow/lite/micro/incompatible_test.cc:5:")
    assert "region `RAM' overflowed by" in found["oversized_test"]
    linked = {f.name for f in built.firmware if f.kind == "test"}
    assert linked == set(test_names(outcome.roll)) - set(found)
    assert "| `oversized_test` | ld: region" in body(outcome.roll)
    # It is tried anew each time: what was lacking may have been this machine's.
    again = shared.roll("test-unbuilt", until="build")
    assert not next(r for r in again.roll.stages if r.name == "build").cached


def except_(world: World, *entries: str) -> None:
    file = world.port.file
    text = file.read_text().partition("\n# exceptions\n")[0]
    tables = "".join(f"[[test.exception]]\n{entry}\n" for entry in entries)
    file.write_text(f"{text}\n# exceptions\n{tables}" if entries else text)


@pytest.fixture
def excepting(shared: World) -> Iterator[World]:
    yield shared
    except_(shared)


def test_exceptions_let_a_roll_pass_and_are_told_each_time(excepting: World) -> None:
    world = excepting
    build, run = 'stage = "build"\ncause = "too large"', 'stage = "run"\ncause = "not ours"'
    except_(
        world,
        f'name = "incompatible_test"\n{build}',
        f'name = "oversized_test"\n{build}',
        f'name = "kernel_conv_test"\n{run}',
        f'name = "greedy_memory_planner_test"\n{run}',
    )
    outcome = world.roll("test-unbuilt", until="test")
    assert outcome.error is None, outcome.error
    tests = outcome.roll.tests
    assert tests and tests.passed
    excepted = {result.name: result.exception for result in tests.results if result.exception}
    assert excepted == {"incompatible_test": "too large", "oversized_test": "too large"}
    assert [item.why for item in tests.unneeded] == ["it passes", "it passes"]
    said = body(outcome.roll)
    count = len(tests.results)
    assert f"{count} found: {count - 2} passed, 2 excepted" in said
    assert "| `oversized_test` | too large | not built: ld: region" in said
    assert "The exception for `kernel_conv_test` is not needed any more: it passes." in said

    cases = 'cases = ["FailingTest.Wrong"]'
    names = [name for name in WHY if name != "failing_test"]
    except_(
        world,
        f'name = "failing_test"\n{run}\n{cases}',
        *(f'name = "{name}"\n{run}' for name in names),
    )
    outcome = world.roll("test-fails", until="test")
    assert outcome.error is None, outcome.error
    assert outcome.roll.tests and len(reasons(outcome.roll)) == len(WHY)
    assert outcome.roll.tests.unneeded == ()
    count = len(outcome.roll.tests.results)
    assert f"{count} found: {count - 7} passed, 7 excepted" in body(outcome.roll)

    except_(world, f'name = "failing_test"\n{run}\ncases = ["FailingTest.Right"]')
    outcome = world.roll("test-fails", until="test")
    assert outcome.error and outcome.error.exit is Exit.TEST
    assert "failing_test" in outcome.error.message
    # Nothing was built or run anew to judge it.
    assert {"build", "test"} <= {record.name for record in outcome.roll.stages if record.cached}
    assert outcome.roll.tests
    assert outcome.roll.tests.unneeded == (
        UnneededException("failing_test", "case FailingTest.Right passes"),
    )


def test_an_exception_for_no_test_is_refused(excepting: World) -> None:
    except_(excepting, 'name = "conv_test"\nstage = "run"\ncause = "none"')
    outcome = excepting.roll("base", until="test")
    assert outcome.error and outcome.error.exit is Exit.BAD_INPUT
    assert "upstream has no test 'conv_test'" in outcome.error.message
    assert "kernel_conv_test" in outcome.error.hint
    assert excepting.verdicts(outcome.roll)["tree"] == "bad input"


def loadable(elf: Path, out: Path) -> bytes:
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", elf, out], check=True)
    return out.read_bytes()


def test_precompiled_headers_leave_the_programs_alone(shared: World, tmp_path: Path) -> None:
    """What is timed and tested is what a person builds without them."""
    roll = shared.roll("base", until="build").roll
    assert roll.tree and roll.build
    sdk = next(tool.path for tool in roll.build.tools if tool.name == "pico-sdk")
    out = tmp_path / "build"
    settings = {"PICO_SDK_PATH": sdk, "PICO_BOARD": "pico", "TFLM_PRECOMPILE": "ON"}
    settings |= shared.port.toml.build.cmake
    command = ["cmake", "-G", "Ninja", "-S", roll.tree.path, "-B", str(out)]
    command += [f"-D{name}={value}" for name, value in settings.items()]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    wanted = ("keyword_benchmark", "micro_interpreter_test")
    done = subprocess.run(
        ["ninja", "-C", str(out), *wanted], capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "invalid-pch" not in done.stdout
    assert list(out.rglob("*.gch"))
    elfs = {f.name: Path(f.elf) for f in roll.build.firmware if f.board == "pico"}
    for name in wanted:
        folder = "tests" if name.endswith("_test") else "firmware"
        made = loadable(out / folder / f"{name}.elf", tmp_path / "with.bin")
        assert made == loadable(elfs[name], tmp_path / "without.bin") != b""
