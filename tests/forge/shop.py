"""A port whose rolls only look as if they had been made, in a checkout of a repository of the
stand-in's: for what becomes of a roll, not for how it comes about."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock

from hub import Hub, git
from state import State

from syncer.cli.app import run
from syncer.forge.github import GitHub
from syncer.journal import Journal
from syncer.model import (
    BenchesResult,
    Figure,
    Pin,
    Rebased,
    Resolved,
    Roll,
    StageRecord,
    TreeResult,
    Verdict,
)
from syncer.port import Port, load_port
from syncer.report import status
from syncer.stages import leave

NAME = "owner/port"
PORT = """\
[port]
name = "toy"
[upstream]
name = "up"
url = "https://example.invalid/up"
[tree]
makefile = "Makefile"
downloads = "downloads"
goals = ["sources"]
include_dirs = ["."]
[[tree.own]]
from = "port/src"
to = "port"
[build]
boards = ["toy"]
toolchain = { prefix = "", minimum = "1", packages = "gcc" }
[build.memories]
flash = [{ start = 0, length = 0x40000000 }]
[publish]
branch = "sync/up"
repository = "owner/port"
"""
STAGES = ("resolve", "rebase", "tree", "build", "test", "bench", "report", "publish")
DATE = "2026-01-06T10:00:00+00:00"


def commit_id(name: str) -> str:
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Said:
    status: int
    out: str
    err: str

    def done(self) -> Said:
        assert self.status == 0, (self.status, self.out, self.err)
        return self

    @property
    def text(self) -> str:
        return self.out + self.err


@dataclass
class Shop:
    hub: Hub
    state: State
    folder: Path
    waited: list[float] = field(default_factory=list)
    timeout: int = 30

    @property
    def checkout(self) -> Path:
        return self.folder / "checkout"

    @property
    def port(self) -> Port:
        return load_port(self.checkout / "port" / "port.toml")

    # ---- what there is

    def write(self, files: Mapping[str, str], message: str = "Change") -> str:
        """Commit files to the repository's main, by the checkout."""
        for path, text in files.items():
            file = self.checkout / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        git(self.checkout, "add", "--all")
        git(self.checkout, "commit", "--quiet", "--message", message)
        git(self.checkout, "push", "--quiet", str(self.state.bare), "HEAD:main")
        return git(self.checkout, "rev-parse", "HEAD")

    def person(self, branch: str, path: str = "notes.md", text: str = "mine\n") -> str:
        """A person's commit on top of a branch of the repository; its id."""
        place = self.folder / "person"
        shutil.rmtree(place, ignore_errors=True)
        git(
            None,
            "clone",
            "--quiet",
            "--branch",
            branch,
            str(self.state.bare),
            str(place),
        )
        (place / path).write_text(text)
        git(place, "add", "--all")
        git(place, "commit", "--quiet", "--message", "A person's own work")
        git(place, "push", "--quiet", "origin", f"HEAD:{branch}")
        return git(place, "rev-parse", "HEAD")

    def roll(
        self,
        to: str = "first",
        verdict: Verdict = Verdict.PASSED,
        message: str = "",
        over: Mapping[str, int] = {},
        changed: Mapping[str, str | None] | None = None,
        kept: bool = False,
        **more: Any,
    ) -> None:
        """A roll to the upstream commit `to`, with this verdict; figures of `over` are. The journal
        knows of it if it is `kept`."""
        figures = tuple(
            Figure(name, "cycles", new, new // 2, new // 2, new // 2, "accepted")
            for name, new in over.items()
        )
        done = verdict in (Verdict.PASSED, Verdict.UP_TO_DATE, Verdict.NOT_CHECKED)
        last = Verdict.PASSED if done else Verdict.NOT_RUN
        roll = Roll(
            port="toy",
            verdict=verdict,
            stages=tuple(
                StageRecord(s, last if s == "publish" else Verdict.PASSED) for s in STAGES
            ),
            message=message,
            resolved=Resolved(
                Pin(
                    *("up", "https://example.invalid/up", commit_id(to), commit_id("tree")),
                    date="2026-01-06T10:00:00Z",
                ),
                (),
                (),
            ),
            rebased=Rebased({"up": commit_id("tree")}),
            tree=TreeResult("/x", "0" * 64, 1, 1, 1, 1),
            benches=BenchesResult((), figures),
            accepted={"up": commit_id("accepted")},
        )
        roll = replace(roll, **more)
        port = self.port
        port.state.mkdir(parents=True, exist_ok=True)
        (port.state / "status.json").write_text(status.dumps(status.status_document(roll)))
        if kept:
            Journal(port.state).write_roll(roll)
        default = {
            "port/sync.lock": f"to = '{to}'\n",
            "patches/up/0001.patch": f"for {to}\n",
        }
        tree = self.folder / "tree" if port.toml.publish.mode != "queue" else None
        if tree:
            shutil.rmtree(tree, ignore_errors=True)
            (tree / "src").mkdir(parents=True)
            (tree / "src" / "a.cc").write_text(f"// {to}\n")
            (tree / "run.sh").write_text("#!/bin/sh\n")
            (tree / "run.sh").chmod(0o755)
        leave(port, default if changed is None else changed, tree, DATE)

    # ---- what is done

    def sync(self, *arguments: str, env: Mapping[str, str] = {}) -> Said:
        """`sync`, as a job with the token in its environment runs it."""
        out, err = io.StringIO(), io.StringIO()
        wanted = {**self.hub.environment, **env}
        with (
            mock.patch.dict(os.environ, {k: v for k, v in wanted.items() if v}),
            mock.patch("syncer.cli.publish.GitHub", self._github),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = run([*arguments, "--port", str(self.checkout / "port" / "port.toml")])
        return Said(code, out.getvalue(), err.getvalue())

    def _github(self, *arguments: Any) -> GitHub:
        """As it is, but that nobody waits: what it would have is in `waited`."""
        return GitHub(*arguments, timeout=self.timeout, writes=0, sleep=self.waited.append)

    def publish(self, *arguments: str, env: Mapping[str, str] = {}) -> Said:
        return self.sync("publish", *arguments, env=env)

    # ---- what came of it

    @property
    def snapshot(self) -> Any:
        """All that a person or git can see of the repository."""
        refs = git(self.state.bare, "for-each-ref", "--format=%(refname) %(objectname)")
        return (
            refs,
            repr(self.state.pulls),
            repr(self.state.issues),
            repr(self.state.comments),
        )

    def sent(self, method: str) -> list[str]:
        """The API's requests of one method so far."""
        return [
            seen.path for seen in self.hub.seen if seen.method == method and "/api/" in seen.path
        ]

    def files(self, branch: str) -> dict[str, str]:
        listed = git(self.state.bare, "ls-tree", "-r", "--name-only", branch).splitlines()
        return {path: git(self.state.bare, "show", f"{branch}:{path}") for path in listed}


def copy_shop(hub: Hub, like: Shop, folder: Path) -> Shop:
    """Another of the same, in a tenth of the time."""
    shutil.copytree(like.checkout, folder / "checkout")
    return Shop(hub, hub.repository(NAME, like.state.bare), folder)


def open_shop(hub: Hub, folder: Path, toml: str = PORT) -> Shop:
    shop = Shop(hub, hub.repository(NAME), folder)
    git(None, "init", "--quiet", "--initial-branch=main", str(shop.checkout))
    (shop.checkout / ".gitignore").write_text(".sync/\n")
    shop.write(
        {
            "port/port.toml": toml,
            "port/src/clock.cc": "int clock_;\n",
            "port/sync.lock": "to = 'accepted'\n",
            "port/sync.sizes": "\n",
            "patches/up/series": "0001.patch\n",
            "patches/up/0001.patch": "for accepted\n",
            ".github/workflows/sync.yml": "on: push\n",
            "README.md": "A port.\n",
        },
        "The port",
    )
    return shop
