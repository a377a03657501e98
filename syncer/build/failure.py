"""What a build that failed says: its first error, and the files that it may come from."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from posixpath import normpath

from syncer.errors import SyncError
from syncer.includes import included
from syncer.model import Program

# gcc's, ld's and CMake's ways to say where; the first group is the file.
_ERROR = re.compile(
    r"^(?:\S*/ld(?:\.\w+)?: )?(?P<file>[^\s:(]+\.\w+)(?::\d+)*:"
    r"(?:\([^)]*\):)? (?P<said>(?:fatal )?error: .*|.*undefined reference to .*)$"
    r"|^CMake Error at (?P<cmake>\S+?):\d+"
)
_PLACE = re.compile(r"(?<![^\s:])(/[^\s:]+\.\w+)[:,]")
_MISSING = re.compile(r"fatal error: (\S+): No such file")
_BLOCK = 40  # lines of one error, with what it was included from and its notes

# The linker's own words first: "ld returned 1 exit status" comes after them and says nothing.
_TELLING = (r"overflowed by", r"undefined reference", r"multiple definition", r"\b(fatal )?error\b")


def located(error: SyncError, log: Path, tree: Path, include_dirs: Collection[str]) -> SyncError:
    """A failed build's error with the first thing that went wrong in its message, and the files
    of the generated tree that this may come from: those that the compiler names (of a header that
    it does not find, where that could be), and those that they include.

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

    def read(path: str) -> bytes | None:
        return (tree / path).read_bytes() if _inside(path, tree) else None

    missing = _MISSING.search(output[number])
    places = [normpath(f"{folder}/{missing[1]}") for folder in include_dirs] if missing else []
    return SyncError(
        f"{error.message}: {said[:400]}",
        hint=error.hint,
        exit=error.exit,
        detail=error.detail,
        about=((*places, *named), tuple(sorted(included(named, include_dirs, read)))),
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


def last_words(output: Sequence[str]) -> str:
    """The lines that say what went wrong, else the last ones; command lines left out."""
    lines = [line for line in output if len(line) < 300]
    errors = [i for i, line in enumerate(lines) if re.search(r"\berror\b|CMake Error", line, re.I)]
    start = max(errors[0] - 1, 0) if errors else max(len(lines) - 20, 0)
    return "\n".join(lines[start : start + 20])


def why_unbuilt(test: Program, output: Sequence[str], tree: Path) -> str:
    """The line of ninja's output that says why a test was not built: of its own steps, else of
    a source that it shares with others."""
    own = (f"tests/{test.name}.elf", f"/{test.name}.dir/")
    shared = tuple(f"/{source}." for source in test.sources)
    for marks in (own, shared):
        for step, lines in _failed_steps(output):
            if any(mark in step for mark in marks):
                return _telling(lines).replace(f"{tree}/", "").replace(str(tree), "")
    return "what it is made of does not build"


def _failed_steps(output: Sequence[str]) -> list[tuple[str, list[str]]]:
    """What each step that failed would have made, and the lines it printed. Ninja prints the
    command in between."""
    steps: list[tuple[str, list[str]]] = []
    at = -1
    for number, line in enumerate(output):
        if line.startswith("FAILED: "):
            steps.append((line, []))
            at = number
        elif re.match(r"\[\d+/\d+\]|ninja: ", line):
            at = -1
        elif at >= 0 and number > at + 1:
            steps[-1][1].append(line)
    return steps


def _telling(lines: Sequence[str]) -> str:
    for pattern in _TELLING:
        for line in lines:
            if re.search(pattern, line):
                return re.sub(r"^\S*/(\S*ld: )", r"\1", line.strip())[:300]
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "it failed")
