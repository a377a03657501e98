"""`sync --newest-good`: the longest run of upstream commits that passes, and who ended it."""

from __future__ import annotations

import pytest
from worlds import Silent, World, make_world, reduce

from syncer.cli.app import run
from syncer.errors import Exit, SyncError
from syncer.git import Repository
from syncer.lock import load_lock
from syncer.model import Verdict
from syncer.pipeline import Outcome
from syncer.search import newest_good


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = make_world(tmp_path_factory.mktemp("good"))
    reduce(made)
    return made


MICRO = "tensorflow/lite/micro"


def commit(world: World, tag: str) -> str:
    return Repository(world.upstream / "tflite-micro.git").rev_parse(f"refs/tags/{tag}")


def search(world: World, upstream: str, until: str = "report") -> Outcome:
    return newest_good(world.port, world.order(upstream, until), Silent())


def test_the_newest_passes_and_that_is_that(world: World) -> None:
    outcome = search(world, "pin-bumped", "rebase")
    assert outcome.error is None
    assert outcome.roll.newest_good is None


def test_a_conflict_ends_the_run(world: World) -> None:
    outcome = search(world, "conflict", "rebase")
    assert outcome.error is None, outcome.error
    found, resolved = outcome.roll.newest_good, outcome.roll.resolved
    assert found and resolved
    assert resolved.upstream.commit == found.good == commit(world, "pin-bumped")
    assert found.bad == found.wanted == commit(world, "conflict")
    assert (found.stage, found.verdict) == ("rebase", Verdict.CONFLICT)
    assert found.subject == "Profiler: room for twice as many events"
    # Between base, which was accepted, and this: clean-move, source-added, pin-bumped, conflict.
    assert (found.span, found.tried) == (4, 3)


def test_what_came_after_a_bad_commit_is_not_taken(world: World) -> None:
    """Fine commits follow the bad one: none of them is gone to."""
    upstream = Repository(world.upstream / "tflite-micro.git")
    tip = commit(world, "conflict")
    for number in range(5):
        blob = upstream.write_blob(b"%d\n" % number)
        tree = upstream.write_tree(tip, {"NEWS": ("100644", blob)})
        tip = upstream.commit_tree(tree, [tip], f"News {number}", date=f"@{1_800_000_000 + number}")
    upstream.run(["update-ref", "refs/heads/news", tip])
    outcome = search(world, "news", "rebase")
    found = outcome.roll.newest_good
    assert outcome.error is None and found
    assert (found.wanted, found.bad) == (tip, commit(world, "conflict"))
    assert found.good == commit(world, "pin-bumped")
    assert (found.span, found.tried) == (9, 4)


def test_the_first_commit_is_bad_already(world: World) -> None:
    bad = world.upstream_commit(
        "tflite-micro",
        "refs/tags/base",
        "tensorflow/lite/micro/micro_profiler.h",
        "kMaxEvents = 4096",
        "kMaxEvents = 8192",
    )
    outcome = search(world, bad, "rebase")
    assert outcome.error is not None and outcome.error.exit is Exit.CONFLICT
    assert "Not even the first commit since" in outcome.error.hint


def test_nothing_accepted_and_another_history_are_told(world: World) -> None:
    lock_file = world.port.lock_file
    kept = lock_file.read_bytes()
    try:
        text = lock_file.read_text()
        base, other = commit(world, "base"), commit(world, "slowdown")
        lock_file.write_text(text.replace(base, other))
        with pytest.raises(SyncError, match="is none of .* first parents"):
            search(world, "conflict", "rebase")
    finally:
        lock_file.write_bytes(kept)
    assert load_lock(lock_file).commits["tflite-micro"] == base


def test_help_and_wrong_usage(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["roll", "--newest-good", "--bare", "--port", str(world.port.file)]) == Exit.USAGE
    assert "do not go together" in capsys.readouterr().err


# What only a build, the tests, the outputs or the benchmarks tell.

UTIL = "tensorflow/lite/kernels/kernel_util.cc"
BROKEN = (
    (
        "build",
        Verdict.BUILD,
        f"{MICRO}/kernels/cmsis_nn/conv.cc",
        "#include ",
        "#error broken\n#include ",
    ),
    ("test", Verdict.TEST, f"{MICRO}/kernels/reshape_test.cc", "EXPECT_EQ(", "EXPECT_NE("),
    ("bench", Verdict.TEST, UTIL, "input_scale * filter", "1.01 * input_scale * filter"),
    ("bench", Verdict.GATE, "slowdown", "", ""),
)


@pytest.mark.slow
@pytest.mark.parametrize(("stage", "kind", "path", "old", "new"), BROKEN)
def test_whatever_fails_ends_the_run(
    small: World, stage: str, kind: Verdict, path: str, old: str, new: str
) -> None:
    """A fine commit, then the one that fails, then another fine one."""
    upstream = Repository(small.upstream / "tflite-micro.git")
    accepted = commit(small, "pin-bumped")
    if old:
        broken = small.upstream_commit("tflite-micro", accepted, path, old, new)
    else:
        broken = commit(small, path)
    tip, line = accepted, []
    for number, tree in enumerate((accepted, broken, broken)):
        blob = upstream.write_blob(b"%d\n" % number)
        made = upstream.write_tree(tree, {"NEWS": ("100644", blob)})
        tip = upstream.commit_tree(made, [tip], f"Step {number}", date=f"@{1_800_000_000 + number}")
        line.append(tip)
    upstream.run(["update-ref", "refs/heads/line", tip])
    outcome = search(small, "line")
    found = outcome.roll.newest_good
    assert outcome.error is None and found, outcome.error
    assert (found.wanted, found.bad, found.good) == (line[2], line[1], line[0])
    assert (found.stage, found.verdict, found.subject) == (stage, kind, "Step 1")
    report = (small.port.state / "report.md").read_text()
    assert f"{line[1][:12]}" in report and f"{kind} in {stage}" in report
