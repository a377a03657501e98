"""What C and C++ sources include of a tree, as far as `#include "…"` tells: conditions are not
looked at, and system headers not followed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from posixpath import dirname, normpath

_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', re.MULTILINE)


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
    seen, found, waiting = set(start), set[str](), start
    while waiting:
        for header in _direct(waiting.pop(), include_dirs, read):
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
    includers: dict[str, list[str]] = {}
    seen, waiting = set(start), list(start)
    while waiting:
        file = waiting.pop()
        for header in _direct(file, include_dirs, read):
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


def _direct(
    file: str, include_dirs: Collection[str], read: Callable[[str], bytes | None]
) -> Iterator[str]:
    for name in _INCLUDE.findall(read(file) or b""):
        for folder in (dirname(file) or ".", *include_dirs):
            path = normpath(f"{folder}/{name.decode('utf-8', 'replace')}")
            if not path.startswith("../") and read(path) is not None:
                yield path
                break
