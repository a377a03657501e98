"""A roll killed at any moment and then continued ends as if nothing had happened.

SYNC_KILLS is the number of moments (`ci/killed`: 50), SYNC_KILL_SEED chooses them. Two of three
are spread over the time that a roll takes, the others over its stages, however short. Killed is the
process alone or with its process group; in the first roll of all or in a later one, to another
upstream. Once it has resolved upstream, that moves on; and once that stage is over, upstream cannot
be reached at all. The port is the miniature's with few of its programs; SYNC_KILL_WHOLE takes all.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from worlds import make_world, reduce

from syncer.build.tools import find_sdk
from syncer.errors import Exit
from syncer.git import Repository
from syncer.journal import Begun, Journal
from syncer.model import Verdict
from syncer.pipeline import STAGES
from syncer.processes import holders

KILLS = int(os.environ.get("SYNC_KILLS", "5"))
SEED = int(os.environ.get("SYNC_KILL_SEED", "1"))
WHOLE = bool(os.environ.get("SYNC_KILL_WHOLE"))
PATIENCE = 1800  # seconds for one whole roll on a busy machine

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Start:
    """A world before the roll that will be killed: a copy of it, what the roll ends with where
    nothing disturbs it, and the seconds of each stage then."""

    folder: Path
    result: dict[str, Any]
    seconds: dict[str, float]
    whole: float


@dataclass(frozen=True)
class Draw:
    """When and how a roll is killed: after `seconds` of it, or of `stage` where one is named."""

    number: int
    start: str
    stage: str
    seconds: float
    group: bool

    def __str__(self) -> str:
        where = f"{self.seconds:.2f} s into {self.stage or 'the roll'}"
        return f"{self.number}: {self.start} roll, {where}, {'group' if self.group else 'process'}"


class Scene:
    """A world that always lies at the same path, so that all in it can be compared to the byte."""

    def __init__(self, folder: Path) -> None:
        self.world = make_world(folder / "world")
        if not WHOLE:
            reduce(self.world)
        self.folder = self.world.folder
        self.mirrors = self.folder / "mirrors.toml"
        lines = "".join(f'"{url}" = "{to}"\n' for url, to in self.world.order().mirrors.items())
        self.mirrors.write_text(f"[mirrors]\n{lines}")
        sdk = self.world.port.toml.build.sdk
        self.environment = os.environ | {
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            sdk.variable: str(find_sdk(sdk)),
            "NO_COLOR": "1",
        }

    def command(self, name: str, *arguments: str) -> subprocess.Popen[str]:
        port = ["--port", str(self.world.port.file)]
        return subprocess.Popen(
            [sys.executable, "-m", "syncer", name, *port, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def roll(self) -> subprocess.Popen[str]:
        return self.command("roll", "--mirrors", str(self.mirrors))

    def whole_roll(self) -> None:
        process = self.roll()
        said, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == Exit.OK, said

    def put(self, copy: Path) -> None:
        shutil.rmtree(self.folder)
        shutil.copytree(copy, self.folder, symlinks=True)

    def keep(self, name: str) -> Path:
        copy = self.folder.with_name(name)
        shutil.copytree(self.folder, copy, symlinks=True)
        return copy

    def result(self) -> dict[str, Any]:
        """Everything a roll leaves that anyone may look at, without times."""
        state = self.world.port.state
        return {
            "status": _timeless(json.loads((state / "status.json").read_text())),
            "roll": _timeless(json.loads((state / "roll.json").read_text())),
            "report": (state / "report.md").read_text(),
            "tree": _digests(state / "tree"),
            "proposal": _digests(state / "publish"),
            "programs": _digests(state / "build", "*/firmware/*.elf", "*/firmware/*.uf2"),
            "names": sorted(entry.name for entry in state.iterdir()),
            "clones": sorted(p.name for p in (self.folder / "cache/syncer/clones").iterdir()),
            "leavings": [
                str(path)
                for pattern in ("*.sync-*", "*.git/**/*.lock", "*.git/objects/pack/tmp_*")
                for path in self.folder.rglob(pattern)
            ],
            "lock": self.world.port.lock_file.read_bytes(),
        }


def _timeless(document: Any) -> Any:
    if isinstance(document, dict):
        return {k: _timeless(v) for k, v in document.items() if k not in ("seconds", "cached")}
    return [_timeless(item) for item in document] if isinstance(document, list) else document


def _digests(folder: Path, *patterns: str) -> dict[str, str]:
    files = (path for pattern in patterns or ("**/*",) for path in folder.glob(pattern))
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.is_file()
    }


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(tmp_path_factory.mktemp("killed"))


@pytest.fixture(scope="module")
def starts(scene: Scene) -> dict[str, Start]:
    """The first roll of a world, and one after upstream has moved on."""
    first = scene.keep("first")
    repository = Repository(scene.world.upstream / "tflite-micro.git")
    newest = repository.rev_parse("refs/heads/main")
    repository.run(["update-ref", "refs/heads/main", "refs/tags/base^{commit}"])
    scene.whole_roll()
    repository.run(["update-ref", "refs/heads/main", newest])
    later = scene.keep("later")
    found = {"later": _undisturbed(scene, later)}  # compilers' outputs are in the cache then
    scene.put(first)
    return found | {"first": _undisturbed(scene, first)}


def _undisturbed(scene: Scene, folder: Path) -> Start:
    began = time.monotonic()
    scene.whole_roll()
    whole = time.monotonic() - began
    document = json.loads((scene.world.port.state / "status.json").read_text())
    assert document["verdict"] == Verdict.PASSED
    seconds = {record["name"]: record["seconds"] for record in document["stages"]}
    return Start(folder, scene.result(), seconds, whole)


def _draws(starts: dict[str, Start]) -> Iterator[Draw]:
    chance = random.Random(SEED)
    for number in range(KILLS):
        name = ("first", "later")[number % 2]
        start, group = starts[name], number % 4 < 2
        if number % 3 == 2:
            stage = chance.choice(STAGES)
            yield Draw(number, name, stage, chance.uniform(0, start.seconds[stage]), group)
        else:
            # One in each of as many equal parts of the time, so that no part is left out.
            part = (number + chance.random()) / KILLS
            yield Draw(number, name, "", start.whole * part, group)


def test_killed_at_any_moment_and_gone_on_with(scene: Scene, starts: dict[str, Start]) -> None:
    for draw in _draws(starts):
        start = starts[draw.start]
        scene.put(start.folder)
        before = Journal(scene.world.port.state).begun()
        while not _kill(scene, draw):  # it was quicker this time, and had ended
            draw = replace(draw, seconds=draw.seconds * 0.7)
            scene.put(start.folder)
        said = _go_on(scene, before)
        found = scene.result()
        for what, expected in start.result.items():
            assert found[what] == expected, f"{draw}: {what}\n{said}"
        assert holders(scene.world.port.state / "children") == (), draw
        print(f"{draw}: whole")


def _kill(scene: Scene, draw: Draw) -> bool:
    """Begin a roll and kill it; whether it was still running."""
    process = scene.roll()
    try:
        _await_stage(scene, draw.stage, process)
        process.wait(draw.seconds)
    except subprocess.TimeoutExpired:
        if draw.group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
        return process.returncode == -signal.SIGKILL
    finally:
        assert process.stdout is not None
        process.stdout.close()
    return False


def _await_stage(scene: Scene, stage: str, process: subprocess.Popen[str]) -> None:
    journal = Journal(scene.world.port.state)
    order = STAGES.index(stage) if stage else -1
    while stage and process.poll() is None:
        holder = journal.holder()
        if holder and holder.process.id == process.pid and holder.stage in STAGES[order:]:
            return
        time.sleep(0.002)


def _go_on(scene: Scene, before: Begun | None) -> str:
    journal = Journal(scene.world.port.state)
    begun, holder = journal.begun(), journal.holder()
    if begun == before:  # killed before anything was written down: there is nothing to go on with
        scene.whole_roll()
        return ""
    if begun and begun.commit and not begun.verdict:
        repository = Repository(scene.world.upstream / "tflite-micro.git")
        repository.run(["update-ref", "refs/heads/main", "refs/tags/slowdown^{commit}"])
        if holder and holder.stage in STAGES[1:]:
            scene.world.upstream.rename(scene.folder / "unplugged")
    process = scene.command("continue")
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == Exit.OK, said
    return said
