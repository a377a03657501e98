"""Three-way merges that need no git, for where what git would make of them is certain.

A text that only one side changed is that side's. One that both changed is merged here if a line
parts their changes that stands once in the base, once in each side, and with everything after it
(or before it) the same in the one and with everything before it (or after it) the same in the
other. Then what git's merge makes of it is known, whatever its diffs look like in detail:

- Of two texts that are the same up to such a line, any diff of git's leaves all lines up to it as
  they are. Myers cuts a common beginning and end off first (xdl_trim_ends). Histogram, which
  merges use, takes the longest run of lines that is in both and as rare as any, and goes on before
  and after it. The run with that line in it is as rare as can be and goes back to the beginning, so
  it is longer than any that would put a line from before it to one from after it, or the other way
  round: no such run is taken, here or in any part that still has that line.
- Sliding a change up or down (xdl_change_compact) does not carry it over a line that is in none of
  the changed ones.
- So all of one side's changes end before that line, all of the other's begin after it, and
  xdl_merge takes both, since a line lies between them.

Whatever else there may be (a file added, deleted or renamed, a link, a binary file, changes on both
sides of each other's) is left to git.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

_BINARY = 8000  # bytes that git looks at (xdiff-interface.c, buffer_is_binary)
_PLAIN = {"100644", "100755"}
_LARGE = 100 << 20  # git's own limit is ten times that


def merge_files(
    base: Mapping[str, tuple[str, str]],
    ours: Mapping[str, tuple[str, str]],
    theirs: Mapping[str, tuple[str, str]],
    read: Callable[[str], bytes],
) -> dict[str, tuple[str, bytes | str]] | None:
    """What merging makes of files, path -> (mode, blob id), given as git would be given them: the
    mode and the blob's id, or its content where it is new, of each that `ours` is changed in. None
    where it is not certain here."""
    changes: dict[str, tuple[str, bytes | str]] = {}
    paths = base.keys() | theirs.keys()
    if ours.keys() - paths:
        return None
    for path in paths:
        old, mine, new = base.get(path), ours.get(path), theirs.get(path)
        if new is None:
            return None
        if old is None or mine is None:
            if old != mine:
                return None
            changes[path] = new
            continue
        if not {old[0], mine[0], new[0]} <= _PLAIN:
            return None
        mode = new[0] if mine[0] == old[0] else mine[0]
        if new[1] in (old[1], mine[1]):
            id = mine[1]
        elif mine[1] == old[1]:
            id = new[1]
        else:
            merged = merge_texts(read(old[1]), read(mine[1]), read(new[1]))
            if merged is None:
                return None
            changes[path] = (mode, merged)
            continue
        if (mode, id) != mine:
            changes[path] = (mode, id)
    return changes


def merge_texts(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """What git's three-way merge of a file gives; None where that is not certain here."""
    if ours == theirs or theirs == base:
        return ours
    if ours == base:
        return theirs
    if any(b"\0" in text[:_BINARY] or len(text) > _LARGE for text in (base, ours, theirs)):
        return None
    return _parted(base, ours, theirs) or _parted(base, theirs, ours)


def _parted(base: bytes, upper: bytes, lower: bytes) -> bytes | None:
    """The merge, where a line parts the changes of `upper` from those of `lower` below them."""
    start = len(base) - _same_end(base, upper)
    end = _same_start(base, lower)
    for at, line in _lines(base, start, end):
        above = at + len(upper) - len(base)
        if _only(line, base) == at == _only(line, lower) and _only(line, upper) == above:
            return upper[:above] + lower[at:]
    return None


def _lines(text: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """The whole lines of text[start:end], and where they begin."""
    if start and text[start - 1 : start] != b"\n":
        start = text.find(b"\n", start) + 1 or end
    while (after := text.find(b"\n", start, end) + 1) > 0:
        yield start, text[start:after]
        start = after


def _only(line: bytes, text: bytes) -> int:
    """Where the one line of the text begins that is this one; -1 if there is none, or another."""
    if text.startswith(line):
        return -1 if b"\n" + line in text[len(line) - 1 :] else 0
    at = text.find(b"\n" + line)
    return -1 if at < 0 or text.find(b"\n" + line, at + 1) >= 0 else at + 1


def _same_start(one: bytes, two: bytes) -> int:
    """How many bytes both begin with."""
    low, high = 0, min(len(one), len(two))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == two[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _same_end(one: bytes, two: bytes) -> int:
    """How many bytes both end with."""
    low, high = 0, min(len(one), len(two))
    while low < high:
        middle = (low + high + 1) // 2
        if one[len(one) - middle : len(one) - low] == two[len(two) - middle : len(two) - low]:
            low = middle
        else:
            high = middle - 1
    return low
