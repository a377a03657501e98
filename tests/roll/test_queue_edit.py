"""One patch opened for ordinary git work, and taken back."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds import World, make_world

from syncer.cli.app import run
from syncer.errors import Exit
from syncer.git import Repository
from syncer.lock import load_lock
from syncer.queue.mail import create_patch, encode, parse_patch

HEADER = "tensorflow/lite/micro/micro_profiler.h"
PATCH = "0001-profiler-event-count.patch"
FOLDER = "ci/miniature/patches/tflite-micro"
MINE = "// How many events a profiler has room for; each takes five words.\n"


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = make_world(tmp_path_factory.mktemp("edit"))
    commit = load_lock(world.port.lock_file).commits["tflite-micro"]
    assert world.roll(commit, until="rebase").error is None
    return world


@pytest.fixture
def world(once: World) -> Iterator[World]:
    with once.kept():
        yield once
    run(["queue", "edit", PATCH, "--abort", "--port", str(once.port.file)])


def edit(world: World, *options: str, patch: str = PATCH) -> int:
    return run(["queue", "edit", patch, *options, "--port", str(world.port.file)])


def opened(world: World) -> Path:
    assert edit(world) == Exit.OK
    return world.port.state / "edit" / "tflite-micro" / "work"


def git(work: Path, *arguments: str) -> str:
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    for role in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{role}_NAME": "B", f"GIT_{role}_EMAIL": "b@example.com"}
    return subprocess.run(
        ["git", *arguments], cwd=work, env=env, capture_output=True, text=True, check=True
    ).stdout


def test_edit_amend_and_take_back(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    file = world.at(f"{FOLDER}/{PATCH}")
    before = file.read_bytes()
    work = opened(world)
    assert git(work, "status", "--porcelain") == ""
    assert [p.name for p in work.rglob("*.h")] == ["micro_profiler.h"]
    assert (
        git(work, "log", "--format=%s|%an", "-1")
        == "Let a port say how many events a profiler holds|Syncer\n"
    )
    status = ["status", "--port", str(world.port.file)]
    capsys.readouterr()
    assert run(status) == Exit.OK
    said = capsys.readouterr().out
    assert f"Open: tflite-micro/{PATCH}, to be edited in {work}\n" in said
    assert f"`sync queue edit {PATCH} --done`, or --abort" in said
    # Nothing edited: nothing changes.
    assert edit(world, "--done") == Exit.OK
    assert file.read_bytes() == before
    assert run(status) == Exit.OK and "Open:" not in capsys.readouterr().out

    work = opened(world)
    text = (work / HEADER).read_text()
    (work / HEADER).write_text(text.replace(MINE, MINE.replace("five", "5")))
    assert edit(world, "--done") == Exit.OK
    assert capsys.readouterr().out.endswith(f"written  {FOLDER}/{PATCH}\n")
    old, new = (parse_patch(data, "c", "p") for data in (before, file.read_bytes()))
    assert new.head == old.head and b"+" + MINE.replace("five", "5").encode() in encode(new.text)
    assert world.roll(None, until="rebase").error is None

    work = opened(world)
    git(work, "commit", "--amend", "-q", "-m", "Say it shorter\n\nUpstream-Status: Denied")
    assert edit(world, "--done") == Exit.OK
    last = parse_patch(file.read_bytes(), "c", "p")
    assert (last.subject, last.body) == ("Say it shorter", "Upstream-Status: Denied")
    assert (last.author, last.date, last.diffs) == (new.author, new.date, new.diffs)


def test_later_patches_follow_or_stop_it(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    clone = world.clone("tflite-micro")
    base = load_lock(world.port.lock_file).commits["tflite-micro"]
    made = (opened(world) / HEADER).read_bytes()
    assert edit(world, "--abort") == Exit.OK
    trees = [
        clone.write_tree(base, {HEADER: ("100644", clone.write_blob(data))})
        for data in (made, made.replace(MINE.encode(), MINE.encode() + b"// And more.\n"))
    ]
    later = create_patch(
        *(Repository(clone.path), *trees),
        subject="More",
        author="A <a@example.com>",
        date="1700000000 +0000",
    )
    world.at(f"{FOLDER}/0002-more.patch").write_text(later)
    world.at(f"{FOLDER}/series").write_text(f"{PATCH}\n0002-more.patch\n")
    work = opened(world)
    text = (work / HEADER).read_text()
    (work / HEADER).write_text(text.replace(MINE, "// No more than that.\n"))
    assert edit(world, "--done") == Exit.CONFLICT
    assert "0002-more.patch does not go onto the edited" in capsys.readouterr().err
    assert world.at(f"{FOLDER}/0002-more.patch").read_text() == later
    (work / HEADER).write_text(f"// First.\n{text}")
    assert edit(world, "--done") == Exit.OK
    assert f"written  {FOLDER}/0002-more.patch" in capsys.readouterr().out
    outcome = world.roll(base, until="rebase")
    assert outcome.error is None and outcome.roll.rebased is not None
    mine = [p for p in outcome.roll.rebased.patches if p.component == "tflite-micro"]
    assert {str(p.verdict) for p in mine} == {"clean"}


def test_what_is_refused(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert edit(world, patch="0001-profiler.patch") == Exit.BAD_INPUT
    assert "0001-profiler-event-count.patch" in capsys.readouterr().err
    assert edit(world, "--done") == Exit.BAD_INPUT
    assert "is not open" in capsys.readouterr().err
    assert edit(world, "--done", "--abort") == Exit.USAGE
    work = opened(world)
    git(work, "reset", "-q", "--hard", "HEAD^")
    assert edit(world, "--done") == Exit.BAD_INPUT
    assert "would change nothing any more" in capsys.readouterr().err
    git(work, "reset", "-q", "--hard", "HEAD@{1}")
    (work / "mine.txt").write_text("x")
    assert edit(world, "--done") == Exit.BAD_INPUT
    assert "does not track: mine.txt" in capsys.readouterr().err
    (work / "mine.txt").unlink()
    (work / HEADER).write_text("// gone\n" + (work / HEADER).read_text())
    file = world.at(f"{FOLDER}/{PATCH}")
    file.write_text(file.read_text().replace("Upstream-Status: Pending", "Upstream-Status: Denied"))
    assert edit(world, "--done") == Exit.BAD_INPUT
    assert "was changed since" in capsys.readouterr().err
    assert edit(world, "--abort") == Exit.OK
    asides = (world.port.state / "aside").iterdir()
    kept = [(place / work.name / HEADER).read_text() for place in asides]
    assert any(text.startswith("// gone\n") for text in kept)
