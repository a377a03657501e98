"""What C and C++ sources include of a tree, as far as `#include "…"` tells: conditions are not
looked at, and system headers not followed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache
from posixpath import dirname, normpath

# Begins with a character, which a search finds at once; what stands before it is looked at then.
_INCLUDE = re.compile(rb'#[ \t]*include[ \t]*"([^"\n]+)"')


def included(
    files: Iterable[str],
    include_dirs: Collection[str],
    read: Callable[[str], bytes | None],
    follow: Callable[[str], bool] = lambda _: True,
) -> set[str]:
    """The files of a tree that `files` include, directly or not, and that are none of them.

    Args:
        include_dirs: where headers are looked for, in this order, after the includer's folder.
        read: a file's content by its path in the tree; None if there is no such file.
        follow: whether what a found file includes itself is looked for too.
    """
    start = list(files)
    place = _places(include_dirs, read)
    seen, found, waiting = set(start), set[str](), start
    while waiting:
        for header in _direct(waiting.pop(), read, place):
            if header not in seen:
                seen.add(header)
                found.add(header)
                if follow(header):
                    waiting.append(header)
    return found


def including(
    files: Iterable[str],
    headers: Iterable[str],
    include_dirs: Collection[str],
    read: Callable[[str], bytes | None],
) -> set[str]:
    """Those of `files` that include one of `headers`, directly or not. See `included`."""
    start = list(files)
    place = _places(include_dirs, read)
    includers: dict[str, list[str]] = {}
    seen, waiting = set(start), list(start)
    while waiting:
        file = waiting.pop()
        for header in _direct(file, read, place):
            includers.setdefault(header, []).append(file)
            if header not in seen:
                seen.add(header)
                waiting.append(header)
    reached, back = set[str](), list(headers)
    while back:
        for file in includers.get(back.pop(), ()):
            if file not in reached:
                reached.add(file)
                back.append(file)
    return reached.intersection(start)


def names_included(content: bytes) -> Iterator[bytes]:
    """What a source or header includes, by the names in its `#include "…"`, in their order."""
    for found in _INCLUDE.finditer(content):
        before = content[content.rfind(b"\n", 0, found.start()) + 1 : found.start()]
        if not before.strip(b" \t"):
            yield found[1]


def _direct(
    file: str, read: Callable[[str], bytes | None], place: Callable[[str, bytes], str | None]
) -> Iterator[str]:
    folder = dirname(file) or "."
    for name in names_included(read(file) or b""):
        if path := place(folder, name):
            yield path


def _places(
    include_dirs: Collection[str], read: Callable[[str], bytes | None]
) -> Callable[[str, bytes], str | None]:
    """Where a header is that a file of a folder includes by a name; None if it is nowhere."""

    @cache
    def place(folder: str, name: bytes) -> str | None:
        for start in (folder, *include_dirs):
            path = normpath(f"{start}/{name.decode('utf-8', 'replace')}")
            if not path.startswith("../") and read(path) is not None:
                return path
        return None

    return place
