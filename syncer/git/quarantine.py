"""A repository's quarantine: objects that nobody needs afterwards never get into it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from syncer.git.repository import Repository
from syncer.git.writer import Objects
from syncer.locking import scratch

_MEMORY = ("/dev/shm",)


@contextmanager
def quarantine(repository: Repository) -> Iterator[Repository]:
    """The repository, with a folder of its own for every new object; it goes when this is left.
    Objects made here are handed to git only when a command is run, all at once."""
    # Thousands of files that live for a moment: in memory, where the system has a place for them.
    place = next((place for place in _MEMORY if os.access(place, os.W_OK)), tempfile.gettempdir())
    with scratch(Path(place)) as folder:
        (folder / "pack").mkdir()
        yield _Quarantine(repository.path, folder)


@dataclass(frozen=True)
class _Quarantine(Repository):
    folder: Path
    waiting: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    @property
    def objects(self) -> Path:
        return self.folder

    def store(self, objects: Objects) -> None:
        self.waiting.update(objects)

    def _status(
        self,
        arguments: Sequence[str],
        *,
        input: bytes | None = None,
        env: Mapping[str, str] | None = None,
        protocols: Collection[str] = (),
    ) -> tuple[int, bytes, str]:
        if self.waiting:
            objects = dict(self.waiting)
            self.waiting.clear()
            super().store(objects)
        places = {
            "GIT_OBJECT_DIRECTORY": str(self.folder),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(self.git_dir / "objects"),
        }
        return super()._status(
            arguments, input=input, env={**(env or {}), **places}, protocols=protocols
        )
