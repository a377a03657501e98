"""A repository's quarantine: objects that nobody needs afterwards never get into it."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from syncer.git.objects import NO_BLOB, Change
from syncer.git.reader import Reader
from syncer.git.repository import Repository
from syncer.git.writer import Objects, TreeWriter, write_pack
from syncer.locking import scratch

_MEMORY = ("/dev/shm",)
_ID = re.compile("[0-9a-f]{40}")


@contextmanager
def quarantine(repository: Repository) -> Iterator[Repository]:
    """The repository, with a folder of its own for every new object; it goes when this is left.
    Objects made here are handed to git only when a command is run, all at once."""
    # Thousands of files that live for a moment: in memory, where the system has a place for them.
    place = next((place for place in _MEMORY if os.access(place, os.W_OK)), tempfile.gettempdir())
    outer: tuple[Path, ...] = ()
    if isinstance(repository, _Quarantine):
        repository.flush()
        outer = (repository.folder, *repository.outer)
    with scratch(Path(place)) as folder:
        (folder / "pack").mkdir()
        work = _Quarantine(repository.path, folder, outer)
        try:
            yield work
        finally:
            work.close()


@dataclass(frozen=True)
class _Quarantine(Repository):
    """`outer` are the folders of quarantines that this one is in. Where nothing can be missing
    that a remote would have, objects are read through one git that goes on running."""

    folder: Path
    outer: tuple[Path, ...] = ()
    waiting: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    readers: list[Reader] = field(default_factory=list)

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
        self.flush()
        return super()._status(
            arguments, input=input, env={**(env or {}), **self._places()}, protocols=protocols
        )

    def _places(self) -> dict[str, str]:
        others = (*self.outer, self.git_dir / "objects")
        return {
            "GIT_OBJECT_DIRECTORY": str(self.folder),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": os.pathsep.join(map(str, others)),
        }

    def flush(self) -> None:
        """Hand to git what was made here."""
        if self.waiting:
            write_pack(self.folder / "pack", self.waiting)
            self.waiting.clear()

    def close(self) -> None:
        for reader in self.readers:
            reader.close()
        self.readers.clear()

    def _reader(self) -> Reader | None:
        """None for a partial clone."""
        if not self.readers:
            if b"promisor" in (self.git_dir / "config").read_bytes().lower():
                return None
            self.readers.append(Reader(self.git_dir, self._places()))
        self.flush()
        return self.readers[0]

    def missing(self, ids: Iterable[str]) -> tuple[str, ...]:
        reader, wanted = self._reader(), set(ids)
        if reader is None:
            return super().missing(wanted)
        return tuple(sorted(wanted - reader.read(wanted).keys()))

    def blobs(self, ids: Iterable[str]) -> dict[str, bytes]:
        wanted = list(dict.fromkeys(ids))
        reader = self._reader() if wanted else None
        if reader is None:
            return super().blobs(wanted)
        found = reader.read(wanted)
        if any(found.get(id, ("", b""))[0] != "blob" for id in wanted):
            return super().blobs(wanted)  # which says what is wrong
        return {id: found[id][1] for id in wanted}

    def tree_writer(self, base: str | None) -> TreeWriter:
        reader = self._reader() if base and _ID.fullmatch(base) else None
        root = reader.root(base) if reader and base else ""
        if reader is None or not root:
            return super().tree_writer(base)
        return TreeWriter(reader.entries(root), root)

    def diff_trees(self, pairs: Sequence[tuple[str, str]]) -> tuple[tuple[Change, ...], ...]:
        reader = self._reader() if pairs else None
        if reader is None:
            return super().diff_trees(pairs)
        reader.load(tree for pair in pairs for tree in pair)
        return tuple(_differing(reader, old, new) for old, new in pairs)


def _differing(reader: Reader, old: str, new: str) -> tuple[Change, ...]:
    if old == new:
        return ()
    before, after = (
        {e.path: (e.mode, e.id) for e in reader.entries(tree) if e.type != "tree"}
        for tree in (old, new)
    )
    none, changes = ("000000", NO_BLOB), []
    for path in sorted(before.keys() | after.keys()):
        one, two = before.get(path, none), after.get(path, none)
        if one != two:
            status = "A" if one is none else "D" if two is none else "M"
            if status == "M" and one[0][:3] != two[0][:3]:
                status = "T"
            changes.append(Change(status, path, path, one[0], two[0], one[1], two[1]))
    return tuple(changes)
