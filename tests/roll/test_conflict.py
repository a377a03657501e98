"""A roll that stops at a patch, and the ways on: resolve, skip, abort; and what a kill leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds import World, make_world

from syncer import stages
from syncer.cli.app import run
from syncer.errors import Exit
from syncer.journal import Journal
from syncer.model import PatchVerdict, Verdict
from syncer.queue.worktree import Worktree

HEADER = "tensorflow/lite/micro/micro_profiler.h"
PATCH = "0001-profiler-event-count.patch"
NAME = f"tflite-micro/{PATCH}"
OURS = "  static constexpr int kMaxEvents = TFLM_PROFILER_MAX_EVENTS;\n"
ENVIRONMENT = {"GIT_AUTHOR_NAME": "Zoë Ångström", "GIT_AUTHOR_EMAIL": "zoe@example.com"}


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = make_world(tmp_path_factory.mktemp("conflict"))
    assert world.roll("base", until="rebase").error is None
    return world


@pytest.fixture
def world(once: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with once.kept():
        yield once
    for _ in range(2):  # a pending resolution may be left by itself
        run(["abort", "--port", str(once.port.file)])
    assert not stages.open_worktrees(once.port)


def sync(world: World, *arguments: str) -> int:
    return run([*arguments, "--port", str(world.port.file)])


def stopped(world: World) -> Worktree:
    """Roll onto the conflict; the worktree it leaves."""
    outcome = world.roll("conflict", until="rebase")
    assert outcome.error is not None and outcome.error.exit is Exit.CONFLICT
    (worktree,) = stages.open_worktrees(world.port)
    return worktree


def resolve(worktree: Worktree) -> str:
    """Take the patch's side in; the file's text."""
    file = worktree.work / HEADER
    text = file.read_text()
    before, _, rest = text.partition("<<<<<<< upstream\n")
    resolved = before + OURS + rest.partition(">>>>>>> the patch\n")[2]
    file.write_text(resolved)
    return resolved


def git(worktree: Worktree, *arguments: str) -> str:
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *arguments], cwd=worktree.work, env=env, capture_output=True, text=True, check=True
    )
    return done.stdout


def rolled(world: World) -> dict[str, str]:
    last = Journal(world.port.state).last_roll()
    assert last is not None and last.rebased is not None
    return {f"{p.component}/{p.file}": str(p.verdict) for p in last.rebased.patches}


def header(world: World) -> str:
    last = Journal(world.port.state).last_roll()
    assert last is not None and last.rebased is not None
    clone = world.clone("tflite-micro")
    blob = clone.rev_parse(f"{last.rebased.trees['tflite-micro']}:{HEADER}", "blob")
    return clone.blob(blob).decode()


def test_it_stops_with_all_that_a_person_needs(world: World) -> None:
    outcome = world.roll("conflict", until="rebase")
    error = outcome.error
    assert error is not None and error.exit is Exit.CONFLICT and error.exit == 10
    assert outcome.roll.resolved is not None
    broke = outcome.roll.resolved.upstream.commit
    assert PATCH in error.message and HEADER in error.message
    assert f"since tflite-micro {broke[:12]}" in error.message
    (worktree,) = stages.open_worktrees(world.port)
    assert str(worktree.work) in error.hint
    for command in ("sync continue", "sync skip", "sync abort"):
        assert command in error.hint
    row = next(line for line in error.detail.splitlines() if "8192" in line)
    left, right = row.split("│")
    assert left.strip() == "+  static constexpr int kMaxEvents = 8192;"
    assert right.strip().startswith("+  static constexpr int kMaxEvents = TFLM_PROF")

    files = [p for p in worktree.work.rglob("*") if p.is_file() and ".git" not in p.parts]
    assert [p.relative_to(worktree.work).as_posix() for p in files] == [HEADER]
    assert "<<<<<<< upstream\n" in files[0].read_text()
    for stage, text in ((1, "= 4096;"), (2, "= 8192;"), (3, "= TFLM_PROFILER_MAX_EVENTS;")):
        side = git(worktree, "show", f":{stage}:{HEADER}")
        assert f"kMaxEvents {text}" in side
    assert git(worktree, "status", "--porcelain") == f"UU {HEADER}\n"


def test_a_resolution_is_taken_in_recorded_and_replayed(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    worktree = stopped(world)
    before = {p: p.read_bytes() for p in (world.folder / "port").rglob("*.patch")}
    assert sync(world, "continue") == Exit.CONFLICT
    assert f"{HEADER}:46: conflict marker" in capsys.readouterr().err
    resolved = resolve(worktree)
    assert sync(world, "status") == Exit.OK
    assert "resolved; take it in with `sync continue`" in capsys.readouterr().out
    assert sync(world, "continue") == Exit.OK, capsys.readouterr().err
    assert stages.open_worktrees(world.port) == ()
    assert rolled(world)[NAME] == "resolved"
    assert header(world) == resolved
    out = capsys.readouterr().out
    assert "resolved" in out
    # Nothing in the working tree has changed; now it is asked to.
    assert {p: p.read_bytes() for p in (world.folder / "port").rglob("*.patch")} == before
    assert sync(world, "accept", "--resolutions") == Exit.OK
    (written,) = world.at("ci/miniature/patches/resolutions").rglob("*.resolution")
    text = written.read_text()
    assert "By: =?utf-8?" in text and f"Resolution: {NAME}\n" in text
    quoted = [line for line in text.splitlines() if line[:1] in (" ", "-") and line[:3] != "---"]
    assert not quoted and "8192" not in text and "+" + OURS in text
    assert stages.pending_texts(world.port) == {}

    # Elsewhere, as in CI: only the repository has it.
    outcome = world.roll("conflict", until="rebase")
    assert outcome.error is None
    assert outcome.roll.rebased is not None
    (patch,) = (p for p in outcome.roll.rebased.patches if p.file == PATCH)
    assert patch.verdict is PatchVerdict.RESOLVED
    assert patch.reason.startswith("as resolved by Zoë Ångström <zoe@example.com>, ")
    assert patch.resolution == f"tflite-micro/{written.name}"
    assert patch.refreshed is not None and "+" + OURS in patch.refreshed
    # And where upstream has moved on: carried like a patch.
    more = world.upstream_commit(
        "tflite-micro", "conflict", HEADER, "  void ClearEvents();\n", "  void Clear();\n"
    )
    outcome = world.roll(more, until="rebase")
    assert outcome.error is None
    assert rolled(world)[NAME] == "resolved"
    assert header(world) == resolved.replace("  void ClearEvents();\n", "  void Clear();\n")
    # It is one of this very patch.
    world.replace(f"ci/miniature/patches/tflite-micro/{PATCH}", "Let a port say", "Let it say")
    assert world.roll("conflict", until="rebase").error is None
    patch_file = world.at(f"ci/miniature/patches/tflite-micro/{PATCH}")
    made = world.port.read(f"ci/miniature/patches/tflite-micro/{PATCH}").decode()
    patch_file.write_text(made.replace("..e48e16e", "..f48e16e", 1))
    assert world.roll("conflict", until="rebase").error is not None


def test_skip(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    worktree = stopped(world)
    assert sync(world, "skip", "0009-none.patch") == Exit.BAD_INPUT
    assert f"sync skip {NAME}" in capsys.readouterr().err
    resolve(worktree)
    assert sync(world, "skip", PATCH) == Exit.OK
    out = capsys.readouterr().out
    assert "skipped" in out
    assert rolled(world)[NAME] == "skipped"
    assert "4096" not in header(world) and "8192" in header(world)
    last = Journal(world.port.state).last_roll()
    assert last is not None and last.rebased is not None
    assert NAME not in last.rebased.carried and NAME in last.rebased.gone
    # What was edited there is not lost, and the next roll asks again.
    (kept,) = (world.port.state / "aside").iterdir()
    assert OURS in (kept / "work" / HEADER).read_text()
    stopped(world)


def test_abort_leaves_all_as_it_was(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.roll("base", until="report").error is None
    state = world.port.state
    names = ("roll.json", "order.json", "status.json", "report.md")
    before = {name: (state / name).read_bytes() for name in names}
    resolve(stopped(world))
    assert world.roll("conflict", until="report").error is not None
    assert (state / "roll.json").read_bytes() != before["roll.json"]
    assert sync(world, "abort") == Exit.OK
    assert "kept     " in capsys.readouterr().out
    assert {name: (state / name).read_bytes() for name in names} == before
    assert sync(world, "status") == Exit.OK
    assert "Conflict:" not in capsys.readouterr().out
    assert sync(world, "abort") == Exit.BAD_INPUT
    assert "nothing to abort" in capsys.readouterr().err
    assert sync(world, "skip") == Exit.BAD_INPUT


def test_edits_in_the_worktree_survive_other_rolls(world: World) -> None:
    worktree = stopped(world)
    text = resolve(worktree)
    assert stopped(world).work == worktree.work
    assert (worktree.work / HEADER).read_text() == text
    assert world.roll("base", until="rebase").error is None
    assert stages.open_worktrees(world.port) == ()
    asides = [p for p in (world.port.state / "aside").iterdir() if (p / "work" / HEADER).is_file()]
    assert any((p / "work" / HEADER).read_text() == text for p in asides)


def test_the_patch_brought_over_by_hand_goes_on_too(world: World) -> None:
    stopped(world)
    patch = world.at(f"ci/miniature/patches/tflite-micro/{PATCH}")
    condition = "Drop-When: contains tensorflow/*/micro_profiler.h = 8192;"
    patch.write_text(patch.read_text().replace("Upstream-Status: Pending", condition))
    assert sync(world, "continue") == Exit.OK
    assert rolled(world)[NAME] == "dropped"


def test_what_a_worktree_may_not_hold(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    worktree = stopped(world)
    resolve(worktree)
    (worktree.work / "notes.txt").write_text("mine\n")
    assert sync(world, "continue") == Exit.CONFLICT
    assert "does not track: notes.txt" in capsys.readouterr().err
    (worktree.work / "notes.txt").unlink()
    file = worktree.work / HEADER
    elsewhere = world.folder / "elsewhere"
    elsewhere.mkdir()
    (file.parent).rename(elsewhere / "micro")
    file.parent.symlink_to(elsewhere / "micro")
    assert sync(world, "continue") == Exit.CONFLICT
    assert "does not track: tensorflow/lite/micro" in capsys.readouterr().err
    file.parent.unlink()
    (elsewhere / "micro").rename(file.parent)
    # Upstream's side alone is no resolution of a patch.
    upstream = git(worktree, "show", f":2:{HEADER}")
    file.write_text(upstream)
    assert sync(world, "continue") == Exit.CONFLICT
    assert "nothing of it is left" in capsys.readouterr().err


@pytest.mark.slow
def test_killed_at_any_moment_nothing_is_lost(world: World) -> None:
    """`sync continue` is killed before one of its changes to the disk, later each time."""
    resolved = resolve(stopped(world))
    script = """\
import os, sys
from syncer import durable
from syncer.cli.app import run
import syncer.stages.conflicts as conflicts
left = int(sys.argv[1])
def counted(name, module):
    real = getattr(module, name)
    def step(*arguments, **more):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), 9)
        return real(*arguments, **more)
    setattr(module, name, step)
counted("rename", os)
counted("replace", os)
counted("unlink", os)
counted("link", os)
import pathlib
for name in ("rename", "replace", "unlink"):
    counted(name, pathlib.Path)
sys.exit(run(["continue", "--port", sys.argv[2]]))
"""
    state = world.port.state
    killed = 0
    for step in range(0, 200, 4):
        done = subprocess.run(
            [sys.executable, "-c", script, str(step), str(world.port.file)],
            env={**os.environ},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != -signal.SIGKILL:
            break
        killed += 1
        # The person's work is in the worktree or recorded, whole.
        there = stages.open_worktrees(world.port)
        texts = stages.pending_texts(world.port)
        assert there or texts, step
        for worktree in there:
            assert (worktree.work / HEADER).read_text() == resolved
        for text in texts.values():
            assert ("+" + OURS).encode() in text
        assert sync(world, "status") == Exit.OK
    assert done.returncode == Exit.OK, done.stderr
    assert killed >= 5
    assert rolled(world)[NAME] == "resolved" and header(world) == resolved
    last = Journal(state).last_roll()
    assert last is not None and last.verdict is Verdict.PASSED


@pytest.mark.slow
def test_killed_while_it_stops_or_gives_up(world: World) -> None:
    """A roll that is killed while it lays out the conflict, and an abort that is killed."""
    script = """\
import os, sys, pathlib
from syncer.cli.app import run
left = int(sys.argv[1])
real = pathlib.Path.rename
def rename(self, target):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), 9)
    return real(self, target)
pathlib.Path.rename = rename
sys.exit(run(sys.argv[2:]))
"""
    mirrors = world.folder / "mirrors.toml"
    lines = "".join(f'"{url}" = "{place}"\n' for url, place in world.order().mirrors.items())
    mirrors.write_text(f"[mirrors]\n{lines}")

    def child(step: int, *arguments: str) -> int:
        command = [sys.executable, "-c", script, str(step), *arguments]
        command += ["--port", str(world.port.file)]
        env = {**os.environ, "XDG_CACHE_HOME": str(world.folder / "xdg")}
        return subprocess.run(command, env=env, capture_output=True, check=False).returncode

    roll = ("roll", "--upstream", "conflict", "--until", "rebase", "--mirrors", str(mirrors))
    codes = []
    for step in range(0, 40, 2):
        codes.append(child(step, *roll))
        for worktree in stages.open_worktrees(world.port):
            assert "<<<<<<< upstream" in (worktree.work / HEADER).read_text()
            assert git(worktree, "status", "--porcelain") == f"UU {HEADER}\n"
        if codes[-1] != -signal.SIGKILL:
            break
    assert codes[-1] == Exit.CONFLICT and len(codes) > 2, codes
    (worktree,) = stages.open_worktrees(world.port)
    text = resolve(worktree)
    codes = []
    for step in range(40):
        codes.append(child(step, "abort"))
        places = [worktree.folder, *(world.port.state / "aside").glob("*")]
        found = [p / "work" / HEADER for p in places if (p / "work" / HEADER).is_file()]
        assert any(file.read_text() == text for file in found), step
        if codes[-1] != -signal.SIGKILL:
            break
    assert codes[-1] == Exit.OK and len(codes) > 1, codes


def test_where_paths_lead(world: World) -> None:
    """The worktree is one for git, and its folder is in the port's state."""
    worktree = stopped(world)
    assert worktree.work.is_relative_to(world.port.state)
    top = git(worktree, "rev-parse", "--show-toplevel").strip()
    assert Path(top) == worktree.work.resolve()
    assert "kMaxEvents" in git(worktree, "diff", "--stat", "-p")
