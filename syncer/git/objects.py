"""What git's objects and answers are here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

BLOB_MODES = ("100644", "100755", "120000")
NO_BLOB = "0" * 40


@dataclass(frozen=True)
class Entry:
    """One entry of a tree. `type` is "blob", "tree" or "commit" (a submodule)."""

    mode: str
    type: str
    id: str
    path: str


@dataclass(frozen=True)
class Change:
    """One path that differs between two trees. `status` is A, D, M, T (type) or R (renamed from
    `old_path`); `old_path` equals `path` otherwise. The absent side's mode is "000000"."""

    status: str
    path: str
    old_path: str
    old_mode: str
    new_mode: str
    old_id: str
    new_id: str


@dataclass(frozen=True)
class Stage:
    """One side of a path in conflict: 1 is the base's, 2 ours, 3 theirs, as in git's index."""

    mode: str
    id: str
    number: int
    path: str


@dataclass(frozen=True)
class MergeResult:
    """`tree` holds conflict markers where `clean` is False. `messages` are git's, one a path;
    `stages` are the sides of the `conflicts`, where they are of one path."""

    tree: str
    clean: bool
    conflicts: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()


def object_id(kind: str, data: bytes) -> str:
    """The id git gives an object of this kind ("blob", "tree", "commit") with these bytes."""
    head = f"{kind} {len(data)}\0".encode()
    return hashlib.sha1(head + data, usedforsecurity=False).hexdigest()


def blob_id(data: bytes) -> str:
    return object_id("blob", data)


def decode(data: bytes) -> str:
    """git's output as text; bytes that are not UTF-8 become surrogate escapes."""
    return data.decode("utf-8", "surrogateescape")


def records(data: bytes) -> Iterator[str]:
    """The NUL-ended records of git's `-z` output."""
    text = decode(data)
    return iter(text.removesuffix("\0").split("\0")) if text else iter(())
