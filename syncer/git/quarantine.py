"""A repository's quarantine: objects that nobody needs afterwards never get into it."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from syncer.errors import SyncError
from syncer.git.listing import Files, Folder, Folders, parse_folder
from syncer.git.objects import NO_BLOB, Change
from syncer.git.reader import Reader
from syncer.git.repository import Repository
from syncer.git.writer import Objects, write_pack
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
        work = _Quarantine(repository.path, folder, outer)
        try:
            yield work
        finally:
            work.close()


@dataclass(frozen=True)
class _Quarantine(Repository):
    """`outer` are the folders of quarantines that this one is in. Objects are read through one git
    that goes on running; what was made here is `waiting` for git to be given it, or `made`."""

    folder: Path
    outer: tuple[Path, ...] = ()
    waiting: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    made: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    readers: list[Reader] = field(default_factory=list)
    folders: dict[str, Folder] = field(default_factory=dict)

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
            write_pack(self.folder / "pack", self.waiting, keep=False)
            self.made.update(self.waiting)
            self.waiting.clear()

    def close(self) -> None:
        for reader in self.readers:
            reader.close()
        self.readers.clear()

    def _reader(self) -> Reader:
        if not self.readers:
            self.readers.append(Reader(self.git_dir, self._places()))
        return self.readers[0]

    def _partial(self) -> bool:
        return b"promisor" in (self.git_dir / "config").read_bytes().lower()

    def _read(self, ids: Iterable[str]) -> dict[str, tuple[str, bytes]]:
        """Kind and data of the objects that are here; those made here without asking git."""
        found, rest = {}, []
        for id in ids:
            mine = self.waiting.get(id) or self.made.get(id)
            if mine:
                found[id] = mine
            else:
                rest.append(id)
        return found | self._reader().read(rest) if rest else found

    def missing(self, ids: Iterable[str]) -> tuple[str, ...]:
        wanted = set(ids)
        if self._partial():  # where git ends at the first that is not here
            return super().missing(wanted)
        return tuple(sorted(wanted - self._read(wanted).keys()))

    def blobs(self, ids: Iterable[str]) -> dict[str, bytes]:
        wanted = list(dict.fromkeys(ids))
        found = self._read(wanted)
        if any(found.get(id, ("", b""))[0] != "blob" for id in wanted):
            return super().blobs(wanted)  # which says what is wrong
        return {id: found[id][1] for id in wanted}

    def blobs_here(self, ids: Iterable[str]) -> dict[str, bytes]:
        wanted = set(ids)
        if self._partial():
            wanted -= set(super().missing(wanted))
        return {id: data for id, (kind, data) in self._read(wanted).items() if kind == "blob"}

    def _tree(self, base: str) -> tuple[str, Folders]:
        root = self._reader().root(base) if _ID.fullmatch(base) else ""
        return (root, self._folders) if root else super()._tree(base)

    def _folders(self, ids: Iterable[str]) -> Mapping[str, Folder]:
        wanted = set(ids) - self.folders.keys()
        found = self._read(wanted) if wanted else {}
        for id in wanted:
            kind, data = found.get(id, ("", b""))
            if kind != "tree":
                raise SyncError(f"tree {id} is not in {self.path}", hint="fetch it first")
            self.folders[id] = parse_folder(data)
        return self.folders

    def diff_trees(self, pairs: Sequence[tuple[str, str]]) -> tuple[tuple[Change, ...], ...]:
        return tuple(_differing(self._files(old), self._files(new)) for old, new in pairs)

    def _files(self, tree: str) -> Files:
        return Files(tree, self._folders)


def _differing(
    before: Mapping[str, tuple[str, str]], after: Mapping[str, tuple[str, str]]
) -> tuple[Change, ...]:
    none, changes = ("000000", NO_BLOB), []
    for path in sorted(before.keys() | after.keys()):
        one, two = before.get(path, none), after.get(path, none)
        if one != two:
            status = "A" if one is none else "D" if two is none else "M"
            if status == "M" and one[0][:3] != two[0][:3]:
                status = "T"
            changes.append(Change(status, path, path, one[0], two[0], one[1], two[1]))
    return tuple(changes)
