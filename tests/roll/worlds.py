"""The miniature's port in a folder of its own, its upstream beside it, and rolls of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from syncer.model import Roll, StageRecord
from syncer.pipeline import Order, Outcome, roll
from syncer.port import Port, load_port

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("ci/miniature/port.toml", "ci/miniature/sync.lock", "ci/miniature/patches", "port/rp2040")
PARTS += ("port/templates",)


class Silent:
    """A watcher that says nothing and may be told to do something when a stage ends."""

    def __init__(self, at_end: Callable[[StageRecord], None] = lambda _: None) -> None:
        self.at_end = at_end

    def begin(self, stage: str) -> None: ...

    def note(self, text: str) -> None: ...

    def step(self, text: str) -> None: ...

    def end(self, record: StageRecord) -> None:
        self.at_end(record)


@dataclass(frozen=True)
class World:
    """A port's copy in `folder`/port and the miniature's repositories in `folder`/upstream. The
    cache is the world's own, so nothing is left from elsewhere."""

    folder: Path

    @property
    def port(self) -> Port:
        return load_port(self.folder / "port" / "ci" / "miniature" / "port.toml")

    @property
    def upstream(self) -> Path:
        return self.folder / "upstream"

    def order(
        self, upstream: str | None = None, until: str = "publish", bare: bool = False
    ) -> Order:
        mirrors = {
            f"https://miniature.invalid/{name}": str(self.upstream / f"{name}.git")
            for name in ("tflite-micro", "cmsis-nn")
        }
        cache = self.folder / "cache"
        return Order(upstream=upstream, until=until, mirrors=mirrors, cache=cache, bare=bare)

    def roll(
        self,
        upstream: str | None = None,
        until: str = "publish",
        watch: Silent | None = None,
        bare: bool = False,
    ) -> Outcome:
        return roll(self.port, self.order(upstream, until, bare), watch or Silent())

    def verdicts(self, done: Roll) -> dict[str, str]:
        return {record.name: str(record.verdict) for record in done.stages}


def make_world(folder: Path) -> World:
    for part in PARTS:
        source, target = ROOT / part, folder / "port" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy2(source, target)
    subprocess.run(
        [sys.executable, str(ROOT / "ci/miniature/history.py"), str(folder / "upstream")],
        check=True,
        capture_output=True,
    )
    return World(folder)
