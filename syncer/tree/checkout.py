"""Upstream as its Makefile sees it: its files, and every component below its downloads folder.

Kept between rolls, because most of it stays as it is from one to the next: what changed in git is
brought up to date here, and what make answered is asked again only where that could be otherwise.
A list beside the checkout (checkout.json) says what each file was when sync wrote it. A folder in
which anything differs from it, by a file's size or time or by its being there, is made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from syncer.errors import SyncError
from syncer.git import BLOB_MODES, Change, Repository, check_paths
from syncer.port import Port
from syncer.tree.lists import load_list, save_list

SOURCE_SUFFIXES = (".c", ".cc", ".cpp", ".S")
# Of these a makefile knows the names; what is in them is for a compiler.
_FOR_COMPILERS = (*SOURCE_SUFFIXES, ".h", ".hpp")
_PLAIN = frozenset(BLOB_MODES[:2])
_ABSENT = "000000"
_LIST, _ANSWERS = "checkout.json", "answers.json"
_KEPT_ANSWERS = 8


@dataclass(frozen=True)
class Checkout:
    """`folder` and the blob id of each plain file that git has put there, by path; `whole` says
    that there is nothing else, and no symbolic link."""

    folder: Path
    files: Mapping[str, str]
    answers: Path | None = None
    whole: bool = False

    def has(self, path: str) -> bool:
        """Whether `path` is a file of the checkout, and not reached through a way out of it."""
        if path in self.files:
            return True
        if self.whole and posixpath.normpath(path) == path:
            return False
        full = (self.folder / path).resolve()
        return full.is_relative_to(self.folder.resolve()) and full.is_file()

    def read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    def answer(self, question: object, ask: Callable[[], str]) -> str:
        """What `ask` returns; from the last time, where the question is the same and so is all
        that a makefile could look at: every name, and what is in every file but sources."""
        if self.answers is None:
            return ask()
        text = json.dumps([self._visible, question], sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()
        known = dict(load_list(self.answers))
        if key not in known:
            known[key] = ask()
            save_list(self.answers, dict(list(known.items())[-_KEPT_ANSWERS:]))
        return str(known[key])

    @cached_property
    def _visible(self) -> str:
        digest = hashlib.sha256()
        for path, id in sorted(self.files.items()):
            digest.update(f"{path}\0{'' if path.endswith(_FOR_COMPILERS) else id}\0".encode())
        return digest.hexdigest()


# What sync wrote: mode, blob id, size and modification time (ns), by path in the checkout.
_Written = dict[str, list[Any]]


@dataclass(frozen=True)
class _Place:
    """A repository's tree in a folder of the checkout ("" for upstream's own)."""

    name: str
    folder: str
    tree: str
    only: tuple[str, ...]

    def at(self, path: str) -> str:
        return f"{self.folder}/{path}" if self.folder else path


def check_out(
    port: Port, trees: Mapping[str, str], repositories: Mapping[str, Repository], folder: Path
) -> Checkout:
    """Make `folder`/checkout hold the trees (by repository; a component that is not among them is
    left out) and return it.

    Raises:
        SyncError: a path that leaves the folder, or two that differ only in case.
    """
    root, list_file = folder / "checkout", folder / _LIST
    places = _places(port, trees)
    had = load_list(list_file)
    list_file.unlink(missing_ok=True)  # a roll that is killed from here on leaves none
    written = _updated(port, had, places, repositories, root)
    if written is None:
        shutil.rmtree(root, ignore_errors=True)
        written = {}
        for place in places:
            written |= _exported(port, place, repositories[place.name], root)
    for placeholder in port.toml.tree.placeholders:
        (root / port.toml.tree.downloads / placeholder).mkdir(parents=True, exist_ok=True)
    save_list(list_file, {"places": [asdict(place) for place in places], "written": written})
    plain = {path: item[1] for path, item in written.items() if item[0] in _PLAIN}
    return Checkout(root, plain, folder / _ANSWERS, len(plain) == len(written))


def _places(port: Port, trees: Mapping[str, str]) -> list[_Place]:
    """The outer of two nested ones first."""
    toml = port.toml
    places = [_Place(toml.upstream.name, "", trees[toml.upstream.name], toml.upstream.only)]
    for item in sorted(toml.component, key=lambda item: item.path):
        if item.name in trees:
            where = f"{toml.tree.downloads}/{item.path}"
            places.append(_Place(item.name, where, trees[item.name], item.only))
    return places


def _exported(port: Port, place: _Place, repository: Repository, root: Path) -> _Written:
    entries = [e for e in repository.ls_tree(place.tree) if port.needs(place.name, e.path)]
    try:
        repository.export(place.tree, root / place.folder, [entry.path for entry in entries])
    except SyncError as error:
        raise error.told(
            f"{place.name}: {error.message}",
            hint="Nothing was written there. Look at that commit; roll to another.",
        ) from None
    return {
        place.at(entry.path): [entry.mode, entry.id, *_stat(root / place.at(entry.path))]
        for entry in entries
        if entry.type == "blob"
    }


def _updated(
    port: Port,
    had: Any,
    places: list[_Place],
    repositories: Mapping[str, Repository],
    root: Path,
) -> _Written | None:
    """What is written once the checkout of the last time is as wanted; None if that one is of
    other places, was changed since, or is to change in other ways than in plain files."""
    try:
        old = [_Place(**{**item, "only": tuple(item["only"])}) for item in had["places"]]
        written: _Written = dict(had["written"])
    except (KeyError, TypeError):
        return None
    if [replace(p, tree="") for p in old] != [replace(p, tree="") for p in places]:
        return None
    if {path: item[2:] for path, item in written.items()} != dict(_found(root)):
        return None
    for was, place in zip(old, places, strict=True):
        if was.tree != place.tree:
            repository = repositories[place.name]
            if not repository.has(was.tree):
                return None
            changes = [
                change
                for change in repository.diff_tree(was.tree, place.tree, renames=None)
                if port.needs(place.name, change.path)
            ]
            if not all({c.old_mode, c.new_mode} <= {*_PLAIN, _ABSENT} for c in changes):
                return None
            if any(change.status == "A" for change in changes):
                check_paths(entry.path for entry in repository.ls_tree(place.tree))
            _apply(place, changes, repository, root, written)
    return written


def _apply(
    place: _Place, changes: list[Change], repository: Repository, root: Path, written: _Written
) -> None:
    contents = repository.blobs(change.new_id for change in changes if change.status != "D")
    for change in changes:  # first what goes: a file may become a folder, a folder a file
        if change.status == "D":
            target = root / place.at(change.path)
            target.unlink()
            del written[place.at(change.path)]
            for parent in target.parents:
                if parent == root or any(parent.iterdir()):
                    break
                parent.rmdir()
    for change in changes:
        if change.status != "D":
            target = root / place.at(change.path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            target.write_bytes(contents[change.new_id])
            target.chmod(0o755 if change.new_mode == "100755" else 0o644)
            written[place.at(change.path)] = [change.new_mode, change.new_id, *_stat(target)]


def _found(root: Path) -> Iterator[tuple[str, list[int]]]:
    """Everything in the checkout that is no folder, with its size and time."""
    start, waiting = len(str(root)) + 1, [str(root)] if root.is_dir() else []
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    found = entry.stat(follow_symlinks=False)
                    yield entry.path[start:], [found.st_size, found.st_mtime_ns]


def _stat(path: Path) -> list[int]:
    found = path.lstat()
    return [found.st_size, found.st_mtime_ns]
