"""Paths of a tree: which are safe to write, and the folders and links they need."""

from __future__ import annotations

import os
import posixpath
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

from syncer.errors import SyncError


def check_path(path: str) -> None:
    """Raise SyncError if a tree's path is unsafe to write: it leaves the folder or is git's own."""
    if path.startswith("/") or "\\" in path or "\0" in path:
        raise SyncError(f"unsafe path {path!r}: absolute, or with a backslash")
    for part in path.split("/"):
        if part in ("", ".", ".."):
            raise SyncError(f"unsafe path {path!r}: it has an empty, `.` or `..` part")
        if part.isascii():
            plain = part.lower()
        else:
            plain = "".join(c for c in part if unicodedata.category(c) != "Cf").casefold()
        if plain.rstrip(". ").split(":")[0] in (".git", "git~1"):
            raise SyncError(f"unsafe path {path!r}: {part!r} names git's own folder")


def check_paths(paths: Iterable[str]) -> None:
    """Raise SyncError for a path that is unsafe, there twice, also another's folder, or that
    clashes with another on a file system that ignores case."""
    seen: dict[str, tuple[str, bool]] = {}
    folders: set[str] = set()
    for path in paths:
        check_path(path)
        parts = path.split("/")
        # Of a folder that was met, so were those it lies in.
        first = 1 if posixpath.dirname(path) not in folders else len(parts)
        for count in range(first, len(parts) + 1):
            prefix, is_file = "/".join(parts[:count]), count == len(parts)
            key = unicodedata.normalize("NFC", prefix).casefold()
            if key not in seen:
                seen[key] = (prefix, is_file)
            elif seen[key][0] != prefix:
                raise SyncError(f"paths {seen[key][0]!r} and {prefix!r} differ only in case")
            elif is_file or seen[key][1]:
                raise SyncError(f"path {prefix!r} is there twice")
        folders.add(posixpath.dirname(path))


def make_folder(folder: Path, made: set[Path]) -> None:
    """Make a folder and its parents, those of `made` excepted, and add them to it."""
    if folder not in made:
        make_folder(folder.parent, made)
        folder.mkdir()
        made.add(folder)


def make_links(folder: Path, links: Mapping[str, str]) -> None:
    """Make symbolic links (path -> where to) below `folder`.

    Raises:
        SyncError: one leads outside; then none is left.
    """
    for path, link in links.items():
        (folder / path).symlink_to(link)
    inside = os.path.realpath(folder)
    for path, link in links.items():  # only now: where one leads may depend on the others
        reached = os.path.realpath(folder / path)
        if posixpath.isabs(link) or os.path.commonpath([inside, reached]) != inside:
            for made in links:
                (folder / made).unlink()
            raise SyncError(f"{path} is a symbolic link that leads outside: {link}")
