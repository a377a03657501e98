"""The generated tree on disk: replaced by renames, and never over a person's edits.

Beside the tree lies a list of what sync wrote there (tree.json). A file that is not as the list has
it was edited in place. The tree changes by two renames, with the list of either side on disk
meanwhile, so that a roll killed between any two steps leaves nothing that looks like an edit. The
folders of the one that went stay, empty, for the one to come (tree.new).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import posixpath
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syncer.errors import Exit, SyncError
from syncer.model import EDITED

TREE = "tree"
_FRESH, _OLD, _LIST, _ASIDE = "tree.new", "tree.old", "tree.json", "tree.aside"


@dataclass(frozen=True)
class Edit:
    """A file of the tree that a person changed, or `added`; `path` is relative to the tree."""

    path: str
    added: bool


class EditedTree(SyncError):
    """The tree holds edits. `trees` are the git trees, by component, that it was made from."""

    def __init__(self, tree: Path, edits: tuple[Edit, ...], trees: Mapping[str, str]) -> None:
        named = ", ".join(f"{e.path}{' (added)' if e.added else ''}" for e in edits[:5])
        more = f" and {len(edits) - 5} more" if len(edits) > 5 else ""
        super().__init__(
            f"{tree} {EDITED}{named}{more}",
            hint="Nothing was overwritten. Take into the port what is to stay, then move the "
            f"edited tree out of the way: mv {tree} {tree}.mine",
            exit=Exit.CONFLICT,
        )
        self.tree, self.edits, self.trees = tree, edits, trees


def replace_tree(files: Mapping[str, bytes], folder: Path, trees: Mapping[str, str]) -> None:
    """Make `folder`/tree hold just `files`; one that stays as it is keeps its time, so that a
    rebuild compiles only what changed.

    Args:
        trees: the git tree of each component that `files` are made from, kept for `EditedTree`.

    Raises:
        EditedTree: the tree there holds a file that a person changed or added, and that the new
            one does not have just so. It is then left as it is.
    """
    final, fresh, old = (folder / name for name in (TREE, _FRESH, _OLD))
    _recover(folder)
    made = _load(folder)
    new = _Made(dict(trees), {path: _digest(data) for path, data in files.items()})
    _make_folders(fresh, files)
    for path, data in files.items():
        same = {item.files.get(path) for item in made} == {new.files[path]}
        _put(f"{fresh}/{path}", data, f"{final}/{path}", same)
    if final.is_dir() and not made:
        final.rename(_unused(folder))  # nobody knows what is in it, so nobody may delete it
    _save(folder, [new, *made])
    if final.is_dir():
        # Out of the way first, then looked at: what is saved by its name later is in the new one.
        final.rename(old)
        edits, base = _edits(old, made, new)
        if edits:
            old.rename(final)
            _save(folder, made)
            _emptied(fresh)
            raise EditedTree(final, edits, base.trees)
    fresh.rename(final)
    if old.is_dir():
        old.rename(fresh)
    _save(folder, [new])
    _emptied(fresh)


def _make_folders(root: Path, files: Iterable[str]) -> None:
    """Make `root` hold the folders of `files`, and nothing else. There is a file system on which to
    remove a folder takes as long as to write a file, so those that are there already stay."""
    wanted, waiting = {""}, {posixpath.dirname(path) for path in files}
    while waiting:
        wanted |= waiting
        waiting = {posixpath.dirname(folder) for folder in waiting} - wanted
    there = _emptied(root)
    for folder in sorted(there - wanted, reverse=True):
        (root / folder).rmdir()
    for folder in sorted(wanted - there):
        (root / folder).mkdir(parents=True)


def _emptied(root: Path) -> set[str]:
    """Remove all files below `root`; returns the folders that are left, by their paths there."""
    folders, waiting = set[str](), [""] if root.is_dir() else []
    while waiting:
        folder = waiting.pop()
        folders.add(folder)
        with os.scandir(root / folder) as listed:
            for entry in listed:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(posixpath.join(folder, entry.name))
                else:
                    os.unlink(entry.path)  # noqa: PTH108 (there are thousands)
    return folders


def _recover(folder: Path) -> None:
    """Finish or undo what a killed roll began: the tree out of the way and none in its place
    comes back; with one in its place, it had been looked at."""
    final, old = folder / TREE, folder / _OLD
    if old.is_dir() and not final.exists():
        old.rename(final)
    shutil.rmtree(old, ignore_errors=True)


@dataclass(frozen=True)
class _Made:
    """A tree as sync made it: the git trees it is made from, and the SHA-256 of each file."""

    trees: dict[str, str]
    files: dict[str, str]


def _load(folder: Path) -> list[_Made]:
    """The trees of which the one on disk is one, as sync made them; none if that is not known."""
    try:
        data: Any = json.loads((folder / _LIST).read_bytes())
        return [_Made(dict(item["trees"]), dict(item["files"])) for item in data]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def _save(folder: Path, made: Sequence[_Made]) -> None:
    part = folder / f"{_LIST}.part"
    with part.open("w", encoding="utf-8") as file:
        file.write(json.dumps([{"trees": item.trees, "files": item.files} for item in made]))
        file.flush()
        os.fsync(file.fileno())
    part.rename(folder / _LIST)


def _edits(tree: Path, made: Sequence[_Made], new: _Made) -> tuple[tuple[Edit, ...], _Made]:
    """What in `tree` is neither as sync made it nor as it is made now; and which of `made` it
    is. A file that is gone is no edit: nothing of it could be lost."""
    now = dict(_files(tree))
    choices = []
    for base in made:
        edited = [p for p, id in now.items() if id not in (base.files.get(p), new.files.get(p))]
        choices.append((tuple(Edit(p, p not in base.files) for p in sorted(edited)), base))
    return min(choices, key=lambda choice: len(choice[0]))


def _files(tree: Path) -> Iterator[tuple[str, str]]:
    """Everything in a tree that is no folder, with its SHA-256, but what CMake made of it."""
    start, waiting = len(str(tree)) + 1, [str(tree)]
    while waiting:
        with os.scandir(waiting.pop()) as listed:
            entries = list(listed)
        if any(entry.name == "CMakeCache.txt" and not entry.is_dir() for entry in entries):
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            else:
                plain = entry.is_file(follow_symlinks=False)
                yield entry.path[start:], _digest(_read(entry.path)) if plain else "link"


def _read(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123
        return file.read()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _unused(folder: Path) -> Path:
    number = 1
    while (folder / f"{_ASIDE}-{number}").exists():
        number += 1
    return folder / f"{_ASIDE}-{number}"


def _put(target: str, data: bytes, before: str, same: bool) -> None:
    """Write a file of the new tree, or take over the one `before` it: the same file where sync
    made it the `same` (an edit of it is found by its digest), else at least its time."""
    if same and not os.path.islink(before):  # noqa: PTH114 (there are thousands)
        with contextlib.suppress(OSError):  # it is gone, or the file system has no links
            os.link(before, target)
            return
    written, old = Path(target), Path(before)
    written.write_bytes(data)
    if old.is_file() and old.read_bytes() == data:
        stat = old.stat()
        os.utime(target, ns=(stat.st_atime_ns, stat.st_mtime_ns))
