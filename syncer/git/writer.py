"""Objects made by this process itself: thousands of small ones need no git each."""

from __future__ import annotations

import hashlib
import unicodedata
import zlib
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from io import BytesIO
from itertools import accumulate
from pathlib import Path

from gitdb.base import IStream
from gitdb.db.loose import LooseObjectDB

from syncer.git.objects import Entry, object_id
from syncer.git.paths import check_path

Objects = Mapping[str, tuple[str, bytes]]  # by id: kind and data

_TREE_MODE = "40000"
_SYNTHETIC = b"syncer <syncer@invalid> 0 +0000"
_KINDS = {"commit": 1, "tree": 2, "blob": 3}


def write_loose(objects: Path, kind: str, data: bytes) -> None:
    """Store one object in the folder `objects`; one that is there is left alone."""
    LooseObjectDB(str(objects)).store(IStream(kind, len(data), BytesIO(data)))


def pack(objects: Objects) -> bytes:
    """A pack of whole objects (gitformat-pack: a header; each object's type, its size in groups of
    7 bits and its deflated data; SHA-1 of it all)."""
    return _pack(objects, 1)[0]


def _pack(objects: Objects, level: int) -> tuple[bytes, dict[str, tuple[int, int]]]:
    """The pack, and by id each object's CRC-32 and offset in it."""
    body = bytearray(b"PACK" + (2).to_bytes(4, "big") + len(objects).to_bytes(4, "big"))
    places = {}
    for id, (kind, data) in objects.items():
        start = len(body)
        rest, byte = len(data) >> 4, _KINDS[kind] << 4 | len(data) & 15
        while rest:
            body.append(byte | 128)
            rest, byte = rest >> 7, rest & 127
        body.append(byte)
        body += zlib.compress(data, level)
        places[id] = (zlib.crc32(memoryview(body)[start:]), start)
    body += hashlib.sha1(body, usedforsecurity=False).digest()
    return bytes(body), places


def write_pack(folder: Path, objects: Objects) -> None:
    """Put a pack and its index (gitformat-pack, version 2) into `folder`; for what does not live
    long: nothing of it is compressed, or on the disk when this returns."""
    data, places = _pack(objects, 0)
    ids = sorted(places)
    counts = [0] * 257
    for id in ids:
        counts[int(id[:2], 16) + 1] += 1
    index = bytearray(b"\377tOc" + (2).to_bytes(4, "big"))
    index += b"".join(count.to_bytes(4, "big") for count in accumulate(counts[1:]))
    index += b"".join(bytes.fromhex(id) for id in ids)
    for place in (0, 1):
        index += b"".join(places[id][place].to_bytes(4, "big") for id in ids)
    index += data[-20:]
    index += hashlib.sha1(index, usedforsecurity=False).digest()
    name = folder / f"pack-{data[-20:].hex()}"
    name.with_suffix(".pack").write_bytes(data)
    name.with_suffix(".idx").write_bytes(index)


def synthetic_commit(tree: str, parents: tuple[str, ...], message: str) -> bytes:
    """A commit that no history keeps: it only stands for `tree` where git wants a commit. Same
    arguments, same id; `message` tells apart what has the same tree and parents."""
    lines = [b"tree " + tree.encode(), *(b"parent " + parent.encode() for parent in parents)]
    lines += [b"author " + _SYNTHETIC, b"committer " + _SYNTHETIC, b"", message.encode()]
    return b"\n".join(lines) + b"\n"


@dataclass
class _Folder:
    """One tree: `files` by name to (mode, id), subfolders, and its id where it is unchanged."""

    files: dict[str, tuple[str, str]] = field(default_factory=dict)
    folders: dict[str, _Folder] = field(default_factory=dict)
    id: str = ""


class TreeWriter:
    """A tree held in memory and changed path by path; `made` are the tree objects that came of it,
    to be stored.

    Args:
        entries: those of the tree to begin with, its folders included.
        root: its id; empty for the empty tree.
    """

    def __init__(self, entries: tuple[Entry, ...] = (), root: str = "") -> None:
        self.made: dict[str, tuple[str, bytes]] = {}
        self._root = _Folder(id=root)
        for entry in entries:
            *parents, name = entry.path.split("/")
            folder = self._root
            for parent in parents:
                folder = folder.folders[parent]
            if entry.type == "tree":
                folder.folders[name] = _Folder(id=entry.id)
            else:
                folder.files[name] = (entry.mode, entry.id)

    def files(self) -> dict[str, tuple[str, str]]:
        """Path -> (mode, id) of all it holds."""
        found: dict[str, tuple[str, str]] = {}

        def walk(folder: _Folder, prefix: str) -> None:
            found.update({prefix + name: entry for name, entry in folder.files.items()})
            for name, below in folder.folders.items():
                walk(below, f"{prefix}{name}/")

        walk(self._root, "")
        return found

    def copy(self) -> TreeWriter:
        """The same tree, to be changed apart from this one."""
        twin = TreeWriter()
        twin._root = deepcopy(self._root)
        return twin

    def clash(self, path: str) -> str | None:
        """The file or folder of the tree that `path`, or a folder of it, is the same as but for
        case or the way its accents are written; None if there is none."""
        folder, passed = self._root, ""
        for name in path.split("/"):
            there = (*folder.files, *folder.folders)
            if name not in there:
                same = (other for other in there if _folded(other) == _folded(name))
                return next((passed + other for other in same), None)
            if name not in folder.folders:
                return None
            folder, passed = folder.folders[name], f"{passed}{name}/"
        return None

    def write(self, changes: Mapping[str, tuple[str, str] | None]) -> str:
        """The id of the tree with `changes` made: path -> (mode, blob id), or None to delete. A
        file in the way of a placed path's folders goes, and so does a folder in the way of a
        placed file. The blobs need not be here. Later calls go on from there.

        Raises:
            SyncError: an unsafe path (absolute, `.git`, `..`).
        """
        for path in changes:
            check_path(path)
        for path, new in changes.items():
            if new is None:
                self._delete(path.split("/"))
        for path, new in changes.items():
            if new is not None:
                self._place(path.split("/"), new)
        return self._store(self._root)

    def _delete(self, parts: list[str]) -> None:
        folder, passed = self._root, [self._root]
        for part in parts[:-1]:
            if part not in folder.folders:
                return
            folder = folder.folders[part]
            passed.append(folder)
        if folder.files.pop(parts[-1], None) is not None:
            for changed in passed:
                changed.id = ""

    def _place(self, parts: list[str], new: tuple[str, str]) -> None:
        folder = self._root
        for part in parts[:-1]:
            folder.id = ""
            folder.files.pop(part, None)
            folder = folder.folders.setdefault(part, _Folder())
        folder.id = ""
        folder.folders.pop(parts[-1], None)
        folder.files[parts[-1]] = new

    def _store(self, folder: _Folder) -> str:
        if folder.id:
            return folder.id
        items = [(_bytes(name), mode, id) for name, (mode, id) in folder.files.items()]
        for name, below in list(folder.folders.items()):
            id = self._store(below)
            if below.files or below.folders:
                # git orders a folder as if its name ended in a slash.
                items.append((_bytes(name) + b"/", _TREE_MODE, id))
            else:
                del folder.folders[name]
        data = b"".join(
            mode.lstrip("0").encode() + b" " + name.rstrip(b"/") + b"\0" + bytes.fromhex(id)
            for name, mode, id in sorted(items)
        )
        folder.id = object_id("tree", data)
        self.made[folder.id] = ("tree", data)
        return folder.id


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
