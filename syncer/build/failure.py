"""What a build that failed says: its first error, and the files that it may come from."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from syncer.errors import SyncError

# gcc's, ld's and CMake's ways to say where; the first group is the file.
_ERROR = re.compile(
    r"^(?:\S*/ld(?:\.\w+)?: )?(?P<file>[^\s:(]+\.\w+)(?::\d+)*:"
    r"(?:\([^)]*\):)? (?P<said>(?:fatal )?error: .*|.*undefined reference to .*)$"
    r"|^CMake Error at (?P<cmake>\S+?):\d+"
)
_PLACE = re.compile(r"(?<![^\s:])(/[^\s:]+\.\w+)[:,]")
_INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
_BLOCK = 40  # lines of one error, with what it was included from and its notes


def located(error: SyncError, log: Path, tree: Path, include_dirs: Collection[str]) -> SyncError:
    """A failed build's error with the first thing that went wrong in its message, and the files
    of the generated tree that this may come from: those that the compiler names, and those that
    they include.

    Args:
        log: the build's, with each command after a `$ `.
        include_dirs: where headers are looked for, in the tree.
    """
    lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
    last = max((n for n, line in enumerate(lines) if line.startswith("$ ")), default=0)
    output = lines[last:]
    found = next(((n, m) for n, line in enumerate(output) if (m := _ERROR.match(line))), None)
    if found is None:
        return error
    number, match = found
    start = max(
        (n for n, line in enumerate(output[:number]) if line.startswith("FAILED")), default=0
    )
    first = _files(match["file"] or match["cmake"], tree)
    named = list(dict.fromkeys([*first, *_places(output[start : number + _BLOCK], tree)]))
    said = output[number].replace(f"{tree}/", "")
    return SyncError(
        f"{error.message}: {said[:400]}",
        hint=error.hint,
        exit=error.exit,
        detail=error.detail,
        about=(tuple(named), tuple(sorted(included(tree, named, include_dirs)))),
    )


def _files(place: str, tree: Path) -> list[str]:
    """The file of the tree that a message means; a linker gives its name alone."""
    if inside := _inside(place, tree):
        return [inside]
    if "/" in place:
        return []
    found = [path.relative_to(tree).as_posix() for path in sorted(tree.rglob(place))]
    return found if len(found) == 1 else []


def _places(lines: Sequence[str], tree: Path) -> Iterator[str]:
    ninja = re.compile(r"\[\d+/\d+\]")
    for line in lines:
        if ninja.match(line):
            return
        if not line.startswith(("FAILED", "/usr/bin/")) and len(line) < 500:
            for place in _PLACE.findall(line):
                if inside := _inside(place, tree):
                    yield inside


def _inside(place: str, tree: Path) -> str | None:
    path = (tree / place).resolve()
    if not path.is_relative_to(tree.resolve()) or not path.is_file():
        return None
    return path.relative_to(tree.resolve()).as_posix()


def included(tree: Path, files: Collection[str], include_dirs: Collection[str]) -> set[str]:
    """The headers of the tree that the files include, directly or not, as far as `#include "…"`
    tells: conditions are not looked at."""
    seen: set[str] = set()
    waiting = list(files)
    while waiting:
        file = waiting.pop()
        text = (tree / file).read_text(encoding="utf-8", errors="replace")
        folders = [Path(file).parent.as_posix(), *include_dirs]
        for name in _INCLUDE.findall(text):
            for folder in folders:
                header = _inside(f"{folder}/{name}", tree)
                if header and header not in seen and header not in files:
                    seen.add(header)
                    waiting.append(header)
                if header:
                    break
    return seen
