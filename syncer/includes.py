"""What C and C++ sources include of a tree, as far as `#include "…"` tells: conditions are not
looked at, and system headers not followed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
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
        file = waiting.pop()
        for name in _INCLUDE.findall(read(file) or b""):
            header = _header(file, name.decode("utf-8", "replace"), include_dirs, read)
            if header and header not in seen:
                seen.add(header)
                found.add(header)
                if follow(header):
                    waiting.append(header)
    return found


def _header(
    includer: str, name: str, include_dirs: Collection[str], read: Callable[[str], bytes | None]
) -> str | None:
    for folder in (dirname(includer) or ".", *include_dirs):
        path = normpath(f"{folder}/{name}")
        if not path.startswith("../") and read(path) is not None:
            return path
    return None
