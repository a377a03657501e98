"""The miniature's port in a folder of its own, its upstream beside it, and rolls of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import tomli_w

from syncer.components import sources
from syncer.git import Repository
from syncer.lock import Lock, load_lock, lock_text
from syncer.model import Roll, StageRecord
from syncer.pipeline import Order, Outcome, roll
from syncer.port import Port, load_port

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("ci/miniature/port.toml", "ci/miniature/sync.lock", "ci/miniature/sync.sizes")
PARTS += ("ci/miniature/patches", "port/rp2040", "port/templates")


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

    def at(self, path: str) -> Path:
        """A file of the port's copy."""
        return self.folder / "port" / path

    @contextmanager
    def kept(self) -> Iterator[None]:
        """The port's files, and the generated tree's, are as they were when it ends."""
        before = {p: p.read_bytes() for p in self._files()}
        try:
            yield
        finally:
            for path in self._files():
                if path not in before:
                    path.unlink()
            for path, data in before.items():
                if not path.is_file() or path.read_bytes() != data:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(data)

    def _files(self) -> list[Path]:
        found = (self.folder / "port").rglob("*")
        state = self.port.state
        return [p for p in found if p.is_file() and not (p.is_relative_to(state))]

    def replace(self, path: str, old: str, new: str) -> None:
        """Edit a text of the port's; `old` must be there."""
        text = self.at(path).read_text()
        assert old in text, old
        self.at(path).write_text(text.replace(old, new, 1))

    def clone(self, name: str) -> Repository:
        """The clone that rolls read a component from."""
        order = self.order()
        return Repository(sources(self.port, order.mirrors, order.cache)[name].clone)

    def upstream_commit(self, name: str, parent: str, path: str, old: str, new: str) -> str:
        """Commit an edit to one of upstream's repositories, on a branch of its own; the id."""
        repository = Repository(self.upstream / f"{name}.git")
        tip = repository.rev_parse(parent)
        entries = {entry.path: entry for entry in repository.ls_tree(tip)}
        text = repository.blob(entries[path].id).decode()
        assert old in text, old
        blob = repository.write_blob(text.replace(old, new, 1).encode())
        tree = repository.write_tree(tip, {path: (entries[path].mode, blob)})
        commit = repository.commit_tree(tree, [tip], f"Change {path}")
        repository.run(["update-ref", f"refs/heads/test-{commit[:12]}", commit])
        return commit

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


def reduce(world: World, model: str = "keyword") -> None:
    """Leave in the world's port one board and a few programs: for what needs many rolls, and not
    much in each. The accepted figures are forgotten. "gesture" has convolutions, "keyword" none."""
    programs = ("hello_world", f"{model}_benchmark", f"{model}_check")
    file, lock_file = world.port.file, world.port.lock_file
    toml = tomllib.loads(file.read_text())
    board = toml["build"]["boards"][0]
    toml["build"]["boards"] = [board]
    toml["build"]["uf2"] = {board: toml["build"]["uf2"][board]}
    toml["firmware"] = [spec for spec in toml["firmware"] if spec["name"] in programs]
    toml["benchmark"] = [spec for spec in toml["benchmark"] if spec["firmware"] in programs]
    toml["test"]["names"] = ["*reshape*"]
    file.write_text(tomli_w.dumps(toml))
    lock = load_lock(lock_file)
    kept = Lock(commits=lock.commits, written=lock.written, overrides=lock.overrides)
    lock_file.write_text(lock_text(replace(kept, carried=lock.carried, tools=lock.tools)))
