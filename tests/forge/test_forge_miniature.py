"""Whole rolls of the miniature, cut down to a few programs, published to the stand-in: by the
commands that a person types, and by the job scripts that automation runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from desk import SDK, Desk
from hub import Hub, git, serving
from state import State
from worlds import ROOT, World, make_world, reduce

from syncer.cli.app import run
from syncer.errors import Exit

pytestmark = pytest.mark.slow

PROFILER = "tensorflow/lite/micro/micro_profiler.h"
PATCH = "ci/miniature/patches/tflite-micro/0001-profiler-event-count.patch"


@dataclass
class Stage:
    """The port's copy as a checkout of a repository of the stand-in's."""

    world: World
    desk: Desk
    hub: Hub
    state: State
    mended: bool = False

    def push(self, message: str) -> None:
        git(self.world.folder / "port", "add", "--all")
        git(self.world.folder / "port", "commit", "--quiet", "--message", message)
        git(
            self.world.folder / "port",
            "push",
            "--quiet",
            str(self.state.bare),
            "HEAD:main",
        )

    def roll(self, to: str) -> int:
        """`sync roll --publish`, with the token in the environment."""
        done = self.desk.sync("roll", "--publish", "--upstream", to, env=self.hub.environment)
        assert self.hub.token not in done.out + done.err
        assert done.status in (Exit.OK, Exit.CONFLICT), done
        return done.status

    def publish(self) -> str:
        done = self.desk.sync("publish", env=self.hub.environment)
        assert done.status == 0, done
        return done.out

    @property
    def seen(self) -> Any:
        refs = git(self.state.bare, "for-each-ref", "--format=%(refname) %(objectname)")
        return (
            refs,
            repr(self.state.pulls),
            repr(self.state.issues),
            repr(self.state.comments),
        )


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("published")
    world = make_world(folder)
    reduce(world)
    assert world.roll("base").error is None
    assert run(["accept", "--port", str(world.port.file)]) == Exit.OK
    with serving(folder / "hub") as hub:
        stage = Stage(world, Desk(world), hub, hub.repository("example/miniature"))
        (folder / "port" / ".gitignore").write_text(".sync/\n")
        git(None, "init", "--quiet", "--initial-branch=main", str(folder / "port"))
        stage.push("The port")
        yield stage


def test_from_the_first_roll_to_the_mended_one(stage: Stage) -> None:
    pulls, issues, state = stage.state.pulls, stage.state.issues, stage.state

    # The first roll is killed between its push and its pull request; the next run completes it.
    assert stage.desk.sync("roll", "--upstream", "clean-move").status == 0
    killed: list[subprocess.Popen[bytes]] = []
    stage.hub.fail(
        "POST /api/v3/repos/example/miniature/pulls",
        status=503,
        act=lambda: os.kill(killed[0].pid, signal.SIGKILL),
    )
    command = [str(Path(sys.executable).with_name("tflm-sync")), "publish"]
    env = {**stage.desk.environment, **stage.hub.environment}
    killed.append(subprocess.Popen(command, cwd=stage.desk.file.parent, env=env))
    assert killed[0].wait(60) == -signal.SIGKILL
    tip = state.tip("sync/tflite-micro")
    assert tip and not pulls
    assert "Opened" in stage.publish()
    assert len(pulls) == 1 and state.tip("sync/tflite-micro") == tip
    (pull,) = pulls.values()
    first = pull["title"], pull["body"]
    changed = git(state.bare, "diff", "--name-only", "main", "sync/tflite-micro").splitlines()
    assert "ci/miniature/sync.lock" in changed
    assert all(path.startswith("ci/miniature/") for path in changed), changed

    # Upstream moves: the same pull request, brought up to date.
    assert stage.roll("source-added") == 0
    assert len(pulls) == 1 and (pull["title"], pull["body"]) != first

    # Ten times the same.
    before = stage.seen
    assert stage.roll("source-added") == 0
    for _ in range(9):
        assert "up to date" in stage.publish()
    assert stage.seen == before and not state.comments

    # A conflict: an issue, and a word on the pull request.
    assert stage.roll("conflict") == Exit.CONFLICT
    assert stage.roll("conflict") == Exit.CONFLICT
    (issue,) = issues.values()
    assert "0001-profiler-event-count.patch" in issue["body"] and issue["state"] == "open"
    assert [c["number"] for c in state.comments] == [pull["number"]]

    # A person mends the patch on main: the roll passes, the issue is closed.
    _mend(stage)
    assert stage.roll("conflict") == 0
    assert len(pulls) == 1 and len(issues) == 1
    assert issue["state"] == "closed"
    assert [c["number"] for c in state.comments] == [pull["number"]] * 2
    assert git(state.bare, "rev-parse", "sync/tflite-micro~1") == state.tip("main")
    before = stage.seen
    stage.publish()
    assert stage.seen == before


def _mend(stage: Stage) -> None:
    """The patch, made anew on the upstream that it conflicts with."""
    checkout = stage.world.folder / "mended"
    upstream = str(stage.world.upstream / "tflite-micro.git")
    git(None, "clone", "--quiet", "--branch", "conflict", upstream, str(checkout))
    file = checkout / PROFILER
    text = file.read_text()
    old = next(line for line in text.splitlines() if "int kMaxEvents = " in line)
    define = "#ifndef TFLM_PROFILER_MAX_EVENTS\n#define TFLM_PROFILER_MAX_EVENTS 4096\n#endif\n\n"
    text = text.replace(old, "  static constexpr int kMaxEvents = TFLM_PROFILER_MAX_EVENTS;")
    file.write_text(text.replace("namespace tflite {", f"{define}namespace tflite {{", 1))
    diff = git(checkout, "diff", "--full-index", "HEAD")
    patch = stage.world.at(PATCH)
    header = patch.read_text().split("diff --git", 1)[0]
    patch.write_text(f"{header}{diff}\n")
    stage.push("Bring the profiler's patch to the new upstream")
    stage.mended = True


def test_the_job_scripts_do_the_same(stage: Stage, tmp_path: Path) -> None:
    cache = stage.world.folder / "cache" / SDK.name
    if not cache.exists():
        cache.symlink_to(SDK)
    out, summary, output = (tmp_path / name for name in ("out", "summary.md", "output"))
    base = {
        **stage.desk.environment,
        "SYNC_PORT": str(stage.desk.file),
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_OUTPUT": str(output),
    }

    def job(name: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(ROOT / "ci" / name)],
            cwd=tmp_path,
            env={**base, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
        )

    refused = job("job-roll", SYNC_OUT=str(out), **stage.hub.environment)
    assert refused.returncode == 2 and "must have no token" in refused.stderr
    assert not out.exists()

    if not stage.mended:
        _mend(stage)
    stage.state.pulls.clear()  # as if nothing had been published yet
    if stage.state.tip("sync/tflite-micro"):
        git(stage.state.bare, "update-ref", "-d", "refs/heads/sync/tflite-micro")
    rolled = job("job-roll", SYNC_OUT=str(out), SYNC_UPSTREAM="conflict")
    assert rolled.returncode == 0, rolled.stdout + rolled.stderr
    assert output.read_text() == "publish=true\n"
    assert summary.read_text() == (out / "report.md").read_text()
    left = {"status.json", "report.md", "report.html", "history", "bundles"}
    assert left <= {path.name for path in out.iterdir()}
    assert "<svg" in (out / "report.html").read_text()

    # Another machine: the port as it is on main, and what the first job has left.
    elsewhere = tmp_path / "elsewhere"
    git(None, "clone", "--quiet", str(stage.state.bare), str(elsewhere))
    published = job(
        "job-publish",
        SYNC_PORT=str(elsewhere / "ci" / "miniature"),
        SYNC_FROM=str(out),
        **stage.hub.environment,
    )
    assert published.returncode == 0, published.stdout + published.stderr
    assert stage.hub.token not in published.stdout + published.stderr + summary.read_text()
    assert "/pull/" in published.stdout and "### Published" in summary.read_text()
    assert "/pull/" in json.loads((out / "status.json").read_text())["published"]["items"][0]["url"]
    entries = git(stage.state.bare, "ls-tree", "--name-only", "sync-history").splitlines()
    assert {path.name for path in (out / "history").iterdir()} & set(entries)
    bare = stage.state.bare
    lock = git(bare, "show", "sync/tflite-micro:ci/miniature/sync.lock")
    tag = git(stage.world.upstream / "tflite-micro.git", "rev-parse", "conflict")
    assert tag in lock

    failed = job("job-roll", SYNC_OUT=str(tmp_path / "other"), SYNC_UPSTREAM="nowhere")
    assert failed.returncode == Exit.BAD_INPUT
    assert output.read_text().splitlines()[-1] == "publish=false"

    alive = job(
        "job-keep-alive",
        SYNC_WORKFLOW="sync.yml",
        GITHUB_REPOSITORY="example/miniature",
        **stage.hub.environment,
    )
    assert alive.returncode == 0, alive.stderr
    assert stage.state.enabled == ["sync.yml"] and "anew" in alive.stdout
    stage.hub.fail("PUT", 403)
    alive = job(
        "job-keep-alive",
        SYNC_WORKFLOW="sync.yml",
        GITHUB_REPOSITORY="example/miniature",
        **stage.hub.environment,
    )
    assert alive.returncode == 0 and "could not be prolonged" in alive.stdout
