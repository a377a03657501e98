"""Objects made by this process itself: thousands of small ones need no git each."""

from __future__ import annotations

import hashlib
import os
import unicodedata
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from itertools import accumulate
from pathlib import Path

from syncer.git.listing import Folders
from syncer.git.objects import object_id
from syncer.git.paths import check_path

Objects = Mapping[str, tuple[str, bytes]]  # by id: kind and data

_TREE_MODE = "40000"
_SYNTHETIC = b"syncer <syncer@invalid> 0 +0000"
_KINDS = {"commit": 1, "tree": 2, "blob": 3}


def write_loose(objects: Path, kind: str, data: bytes) -> None:
    """Store one object in the folder `objects`; one that is there is left alone."""
    from gitdb.base import IStream  # late, as it takes a while and most runs store nothing
    from gitdb.db.loose import LooseObjectDB

    LooseObjectDB(str(objects)).store(IStream(kind, len(data), BytesIO(data)))


def _pack(objects: Objects, level: int) -> tuple[bytes, dict[str, tuple[int, int]]]:
    """A pack of whole objects (gitformat-pack: a header; each object's type, its size in groups of
    7 bits and its deflated data; SHA-1 of it all), and by id each one's CRC-32 and offset in it."""
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


def write_pack(folder: Path, objects: Objects, *, keep: bool = True) -> None:
    """Put a pack and its index (gitformat-pack, version 2) into `folder`. The same objects have the
    same pack, which is written once.

    Args:
        keep: deflated, and on the disk when this returns; else for what does not live long.
    """
    ids = sorted(objects)
    told = hashlib.sha1("".join(ids).encode(), usedforsecurity=False).hexdigest()
    final = folder / f"pack-{told}.idx"
    if final.exists():
        return
    folder.mkdir(exist_ok=True)
    data, places = _pack(objects, 1 if keep else 0)
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
    # A pack counts once its index is there; what begins with tmp_ is anyone's to remove.
    for content, path in ((data, final.with_suffix(".pack")), (bytes(index), final)):
        part = folder / f"tmp_{os.getpid()}_{path.name}"
        with part.open("wb") as file:
            file.write(content)
            if keep:
                file.flush()
                os.fsync(file.fileno())
        part.chmod(0o444)
        part.rename(path)


def synthetic_commit(tree: str, parents: tuple[str, ...], message: str) -> bytes:
    """A commit that no history keeps: it only stands for `tree` where git wants a commit. Same
    arguments, same id; `message` tells apart what has the same tree and parents."""
    lines = [b"tree " + tree.encode(), *(b"parent " + parent.encode() for parent in parents)]
    lines += [b"author " + _SYNTHETIC, b"committer " + _SYNTHETIC, b"", message.encode()]
    return b"\n".join(lines) + b"\n"


@dataclass
class _Folder:
    """One tree: its id where it is unchanged, and what is in it once that was asked for."""

    id: str = ""
    files: dict[str, tuple[str, str]] = field(default_factory=dict)
    folders: dict[str, _Folder] = field(default_factory=dict)
    closed: bool = False


class TreeWriter:
    """A tree held in memory and changed path by path; `made` are the tree objects that came of it,
    to be stored.

    Args:
        root: the id of the tree to begin with; "" for the empty tree.
        read: where its folders come from.
    """

    def __init__(self, root: str = "", read: Folders | None = None) -> None:
        self.made: dict[str, tuple[str, bytes]] = {}
        self._read = read
        self._root = _Folder(root, closed=bool(root))

    def _open(self, folder: _Folder) -> _Folder:
        if folder.closed and self._read is not None:
            found = self._read([folder.id])[folder.id]
            folder.files = dict(found.files)
            folder.folders = {n: _Folder(id, closed=True) for n, id in found.folders.items()}
            folder.closed = False
        return folder

    def clash(self, path: str) -> str | None:
        """The file or folder of the tree that `path`, or a folder of it, is the same as but for
        case or the way its accents are written; None if there is none."""
        folder, passed = self._open(self._root), ""
        for name in path.split("/"):
            if name not in folder.folders:
                if name in folder.files:
                    return None
                there = (*folder.files, *folder.folders)
                same = (other for other in there if _folded(other) == _folded(name))
                return next((passed + other for other in same), None)
            folder, passed = self._open(folder.folders[name]), f"{passed}{name}/"
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
        folder = self._open(self._root)
        passed = [folder]
        for part in parts[:-1]:
            if part not in folder.folders:
                return
            folder = self._open(folder.folders[part])
            passed.append(folder)
        if folder.files.pop(parts[-1], None) is not None:
            for changed in passed:
                changed.id = ""

    def _place(self, parts: list[str], new: tuple[str, str]) -> None:
        folder = self._open(self._root)
        for part in parts[:-1]:
            folder.id = ""
            folder.files.pop(part, None)
            folder = self._open(folder.folders.setdefault(part, _Folder()))
        folder.id = ""
        folder.folders.pop(parts[-1], None)
        folder.files[parts[-1]] = new

    def _store(self, folder: _Folder) -> str:
        if folder.id:
            return folder.id
        items = [(_bytes(name), mode, id) for name, (mode, id) in folder.files.items()]
        for name, below in list(folder.folders.items()):
            id = self._store(below)
            if below.closed or below.files or below.folders:
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
