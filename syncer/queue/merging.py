"""Three-way merges that need no git, for where what git would make of them is certain.

A text that only one side changed is that side's. One that both changed is merged here where lines
that stand once in the base and once in each side hold the changes apart. Git's merge compares the
base with each side by histogram: of the runs of lines that are in both it takes the longest, or
one whose lines are rarer in the base, and goes on before and after it. A run that has a line which
is there once is as rare as can be, so it is passed over only for a longer one. Hence:

- Where a side is the same as the base up to such a line, that run goes back to the beginning, and
  is longer than any that would put something from before the line to something from after it, or
  the other way round. So no such run is ever taken: all up to the line stays as it is. The same
  holds for a side that is the same from such a line to the end. (Myers cuts both off first.)
- Where a side has everything between two such lines as it is, and no run as long as that is in the
  base before and in the side after them, or the other way round, nothing is put across them either,
  and all between them stays as it is.
- Sliding a change up or down (xdl_change_compact) does not carry it over a line that is none of the
  changed ones.
- So with such a line between the changes of both sides, or two around all those of one side,
  xdl_merge sees changes that do not touch, and takes them all.

Whatever else there may be (a file added, deleted or renamed, a link, a binary file, changes on both
sides of each other's) is left to git.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from syncer.queue.diff import split_lines

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
    for one, two in ((ours, theirs), (theirs, ours)):
        merged = _parted(base, one, two) or _framed(base, one, two)
        if merged is not None:
            return merged
    return None


def _parted(base: bytes, upper: bytes, lower: bytes) -> bytes | None:
    """The merge, where a line parts the changes of `upper` from those of `lower` below them."""
    start = len(base) - _same_end(base, upper)
    end = same_start(base, lower)
    for at, line in _lines(base, start, end):
        above = at + len(upper) - len(base)
        if _only(line, base) == at == _only(line, lower) and _only(line, upper) == above:
            return upper[:above] + lower[at:]
    return None


def _framed(base: bytes, outer: bytes, inner: bytes) -> bytes | None:
    """The merge, where all changes of `inner` lie in a stretch that `outer` has as it was."""
    old, new, other = split_lines(base), split_lines(inner), split_lines(outer)
    start = _alike(zip(old, new, strict=False))
    most = min(len(old), len(new)) - start
    end = len(old) - min(most, _alike(zip(reversed(old), reversed(new), strict=False)))
    within, without = _single(new), _single(other)
    single = {line for line in _single(old) if line in within and line in without}
    above = next((at for at in range(start - 1, -1, -1) if old[at] in single), None)
    if above is None:
        return None
    by = without[old[above]] - above
    last = above + _alike(zip(old[above:], other[above + by :], strict=False))
    back = zip(reversed(old[:above]), reversed(other[: above + by]), strict=False)
    first = above - _alike(back)
    below = next((at for at in range(last - 1, end - 1, -1) if old[at] in single), None)
    if below is None:
        return None
    above = next(at for at in range(first, above + 1) if old[at] in single)
    length = below + 1 - above
    if _run(other[below + 1 + by :], old[:above]) >= length:
        return None
    if _run(other[: above + by], old[below + 1 :]) >= length:
        return None
    inside = new[above : below + 1 + len(new) - len(old)]
    return b"".join([*other[: above + by], *inside, *other[below + 1 + by :]])


def _alike(pairs: Iterable[tuple[bytes, bytes]]) -> int:
    """How many pairs, from the first on, are of two that are the same."""
    count = 0
    for one, two in pairs:
        if one != two:
            break
        count += 1
    return count


def _single(lines: Sequence[bytes]) -> dict[bytes, int]:
    """Where each line is that is there once."""
    found: dict[bytes, int] = {}
    for number, line in enumerate(lines):
        found[line] = -1 if line in found else number
    return {line: number for line, number in found.items() if number >= 0}


def _run(lines: Sequence[bytes], others: Sequence[bytes]) -> int:
    """At least as many lines as the longest run of `lines` has that is in `others` too."""
    known, longest, length = set(others), 0, 0
    for line in lines:
        length = length + 1 if line in known else 0
        longest = max(longest, length)
    return longest


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


def same_start(one: bytes, two: bytes) -> int:
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
