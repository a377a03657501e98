"""The files of a tree, its folders read only as they are asked for: trees are large, and what a
patch has to do with is small."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from syncer.git.objects import Entry

_ENTRY = re.compile(rb"([0-7]+) ([^\0]+)\0(.{20})", re.DOTALL)
_TREE = (b"40000", b"040000")


@dataclass(frozen=True)
class Folder:
    """One tree object: its `files` (and submodules) by name to (mode, id), its `folders` to ids."""

    files: dict[str, tuple[str, str]] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)


Folders = Callable[[Iterable[str]], Mapping[str, Folder]]  # those of these ids, at once


def parse_folder(data: bytes) -> Folder:
    """A tree object's data."""
    folder = Folder()
    for mode, raw, id in _ENTRY.findall(data):
        name = raw.decode("utf-8", "surrogateescape")
        if mode in _TREE:
            folder.folders[name] = id.hex()
        else:
            folder.files[name] = (mode.decode(), id.hex())
    return folder


def listed(entries: Iterable[Entry], root: str) -> Folders:
    """The folders of a tree of which everything was listed, each folder before what is in it."""
    folders, ids = {"": Folder()}, {"": root}
    for entry in entries:
        parent, _, name = entry.path.rpartition("/")
        if entry.type == "tree":
            folders[entry.path], ids[entry.path] = Folder(), entry.id
            folders[parent].folders[name] = entry.id
        else:
            folders[parent].files[name] = (entry.mode, entry.id)
    known = {ids[path]: folder for path, folder in folders.items()}
    return lambda _: known


class Files(Mapping[str, tuple[str, str]]):
    """Path -> (mode, blob id) of a tree's files and submodules, and of what was changed in it.

    Args:
        root: the tree's id; "" for the empty tree.
        read: where its folders come from.
    """

    def __init__(self, root: str, read: Folders) -> None:
        self._read = read
        self._folders: dict[str, Folder | None] = {"": read([root])[root] if root else Folder()}
        self._changed: dict[str, tuple[str, str] | None] = {}
        self._above = set[str]()  # the folders of those

    def copy(self) -> Files:
        """The same files, to be changed apart from these."""
        twin = Files("", self._read)
        twin._folders = self._folders  # the tree's own, which stay as they are
        twin.change(self._changed)
        return twin

    def change(self, changes: Mapping[str, tuple[str, str] | None]) -> None:
        """Place files, or (None) take them away."""
        self._changed.update(changes)
        for path in changes:
            while (path := path.rpartition("/")[0]) and path not in self._above:
                self._above.add(path)

    def load(self, paths: Iterable[str]) -> None:
        """Read the folders that lead to many paths at once, level by level."""
        wanted = {path.rpartition("/")[0] for path in paths} - self._folders.keys()
        ways = [parent.split("/") for parent in wanted]
        for depth in range(1, max(map(len, ways), default=0) + 1):
            new = {}
            for names in ways:
                path = "/".join(names[:depth])
                if len(names) >= depth and path not in self._folders:
                    above = self._folders[path.rpartition("/")[0]]
                    new[path] = above.folders.get(names[depth - 1]) if above else None
            found = self._read([id for id in new.values() if id])
            self._folders.update({path: found[id] if id else None for path, id in new.items()})

    def below(self, path: str) -> list[str]:
        """The files in the folder `path`, and in its folders; none if it is no folder."""
        start = f"{path}/"
        found = set[str]()
        if path in self._above:
            found.update(p for p, entry in self._changed.items() if entry and p.startswith(start))
        self.load([start])
        if self._folders[path] is not None:
            found.update(p for p in self._walk(path) if p not in self._changed)
        return sorted(found)

    def _walk(self, path: str) -> Iterator[str]:
        folder = self._folders[path]
        if folder is None:
            return
        start = f"{path}/" if path else ""
        yield from (start + name for name in folder.files)
        self.load(f"{start}{name}/" for name in folder.folders)
        for name in folder.folders:
            yield from self._walk(start + name)

    def __getitem__(self, path: str) -> tuple[str, str]:
        parent, _, name = path.rpartition("/")
        if path in self._changed:
            entry = self._changed[path]
        else:
            if parent not in self._folders:
                self.load([path])
            folder = self._folders[parent]
            entry = folder.files.get(name) if folder else None
        if entry is None:
            raise KeyError(path)
        return entry

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self.get(path) is not None

    def __iter__(self) -> Iterator[str]:
        yield from (path for path in self._walk("") if path not in self._changed)
        yield from (path for path, entry in self._changed.items() if entry)

    def __len__(self) -> int:
        return sum(1 for _ in self)
