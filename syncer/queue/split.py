"""A fork's files told apart: upstream's, edits of them, whole files in their place, its own; and
the edits as patches."""

from __future__ import annotations

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from syncer.git import NO_BLOB
from syncer.git.objects import records
from syncer.queue.adopt import SIMILAR
from syncer.queue.fork import Fork, Place, Texts


@dataclass(frozen=True)
class Split:
    """The fork's files by what they are: `same` as upstream's, `edits` of upstream's (place by
    path), `overrides` of which most is the fork's, `line_ends` that differ in nothing else, and the
    fork's `own`."""

    same: tuple[str, ...]
    edits: tuple[str, ...]
    overrides: tuple[str, ...]
    line_ends: tuple[str, ...]
    own: tuple[str, ...]


def split(fork: Fork, tree: Mapping[str, Place], came: Mapping[str, str], read: Texts) -> Split:
    """Tell the fork's files apart."""
    kinds: dict[str, list[str]] = {name: [] for name in Split.__annotations__}
    read.load(tree[place] for place in came.values())
    for path, (mode, id) in sorted(fork.files.items()):
        place = came.get(path)
        if place is None:
            kinds["own"].append(path)
            continue
        item = tree[place]
        if id == item.id:
            kinds["same"].append(path)
        elif read.plain_id(id) == item.id:
            kinds["line_ends"].append(path)
        elif mode == "120000" or item.mode == "120000":
            kinds["own"].append(path)
        elif read.likeness(item.component, item.id, id) < SIMILAR:
            kinds["overrides"].append(path)
        else:
            kinds["edits"].append(path)
    return Split(**{name: tuple(paths) for name, paths in kinds.items()})


@dataclass(frozen=True)
class Group:
    """Edits that belong together: a patch. `paths` are the fork's."""

    component: str
    subject: str
    body: str
    author: str
    date: str
    paths: tuple[str, ...]


_UNKNOWN = "fork's author <nobody@localhost>"
_EPOCH = "1970-01-01T00:00:00+00:00"


def grouped(
    fork: Fork,
    paths: Iterable[str],
    tree: Mapping[str, Place],
    came: Mapping[str, str],
    read: Texts,
) -> tuple[Group, ...]:
    """The edits as patches: one for each text that was replaced by the same other in several files,
    one for what is included, and else one for each commit of the fork that last touched them (or,
    without history, for each folder)."""
    last = _last_commits(fork)
    swaps: dict[str, frozenset[tuple[bytes, bytes]]] = {}
    for path in paths:
        item = tree[came[path]]
        swaps[path] = _swaps(read.theirs(item.component, item.id), read.ours(fork.files[path][1]))
    common = Counter((tree[came[p]].component, s) for p, s in swaps.items() if len(s) == 1)
    groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for path, found in swaps.items():
        component = tree[came[path]].component
        if found and all(old.startswith(b"#include") for old, _ in found):
            key = ("0", "Include by other paths", "")
        elif len(found) == 1 and common[component, found] > 2:
            ((old, new),) = found
            key = ("1", f"Say {_word(new)} instead of {_word(old)}", "")
        elif path in last:
            key = ("2", last[path][1], last[path][0])
        else:
            key = ("3", f"Change {posixpath.dirname(tree[came[path]].path) or 'files'}", "")
        groups[component, *key[1:]].append(path)
    made = []
    for (component, subject, commit), members in sorted(groups.items(), key=lambda g: g[0]):
        author, date, body = _UNKNOWN, _EPOCH, ""
        newest = max((last[p] for p in members if p in last), key=lambda c: c[4], default=None)
        if newest is not None:
            author, date = newest[2], newest[3]
        if commit:
            body = f"Adopted from the fork's files; {commit} was the last to touch them."
        made.append(Group(component, subject, body, author, date, tuple(sorted(members))))
    return tuple(made)


def _word(text: bytes) -> str:
    plain = "".join(c if c.isprintable() else " " for c in text.decode("utf-8", "replace"))
    return " ".join(plain.split())[:40] or "nothing"


def _swaps(one: bytes, other: bytes) -> frozenset[tuple[bytes, bytes]]:
    """What was replaced by what, where both have as many lines and few differ; else nothing. An
    `#include` line is kept whole."""
    a, b = one.split(b"\n"), other.split(b"\n")
    if [line for line in a if line.startswith(b"#include")] != [
        line for line in b if line.startswith(b"#include")
    ]:
        rest = [
            [line for line in text if line and not line.startswith(b"#include")] for text in (a, b)
        ]
        if rest[0] == rest[1]:
            return frozenset({(b"#include", b"#include")})
    if len(a) != len(b):
        return frozenset()
    found = set()
    for old, new in zip(a, b, strict=True):
        if old != new:
            words = [re.findall(rb"\w+|\W", line) for line in (old, new)]
            start = _shared(words[0], words[1])
            end = _shared(words[0][start:][::-1], words[1][start:][::-1])
            found.add(tuple(b"".join(w[start : len(w) - end]) for w in words))
    return frozenset((old, new) for old, new in found) if len(found) == 1 else frozenset()


def _shared(one: list[bytes], other: list[bytes]) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def _last_commits(fork: Fork) -> dict[str, tuple[str, str, str, str, int]]:
    """The commit that last touched each file: (id, subject, author, date, when)."""
    if not fork.commit:
        return {}
    command = ["log", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-show-signature"]
    command += ["--format=@%h%x01%s%x01%an <%ae>%x01%aI%x01%at", fork.commit, "--"]
    found: dict[str, tuple[str, str, str, str, int]] = {}
    at = ("", "", "", "", 0)
    fields = records(fork.repository.run(command))
    for record in fields:
        text = record.lstrip("\n")
        if text.startswith("@"):
            id, subject, author, date, when = text[1:].split("\x01")
            at = (id, " ".join(subject.split())[:100] or "Change files", author, date, int(when))
            continue
        if text.split(" ")[3] != NO_BLOB:
            found.setdefault(next(fields), at)
        else:
            next(fields)
    return found
