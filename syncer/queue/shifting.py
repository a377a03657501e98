"""A merged patch's new text, where its hunks are the same but for the lines they stand at.

A refresh changes only what must change: a hunk whose lines are all still there, as many of them
around the change as the port keeps, gets new line numbers, the file new ids. Everything else is
made anew by git (`mail.refresh`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from syncer.errors import SyncError
from syncer.queue.contents import Contents
from syncer.queue.diff import FileDiff, Hunk, apply_hunks, split_lines
from syncer.queue.mail import Patch, decode
from syncer.queue.merging import same_start

_HEADER = re.compile(rb"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@.*\n", re.MULTILINE)
_INDEX = re.compile(rb"^index [0-9a-f]{40}\.\.[0-9a-f]{40}", re.MULTILINE)
_NAMED = 80  # bytes that git shows of the line above a hunk that names it

Entries = Mapping[str, tuple[str, str]]


def shifted(contents: Contents, patch: Patch, old: Entries, new: Entries) -> str | None:
    """The patch's text for making `new` of `old`, path -> (mode, blob id), of the files that it
    changes now; None where that takes more than new places."""
    left = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    sections = []
    for diff in patch.diffs:
        if diff.path not in left:
            continue  # nothing of it is left to do in that file
        left.remove(diff.path)
        one, two = old.get(diff.path), new.get(diff.path)
        if diff.old_path != diff.new_path and None not in (diff.old_path, diff.new_path):
            return None
        if (one, two) == (_side(diff.old_mode, diff.old_id), _side(diff.new_mode, diff.new_id)):
            sections.append(diff.text)
            continue
        if one is None or two is None or not one[0] == two[0] == diff.old_mode == diff.new_mode:
            return None
        text = _moved(contents, patch, diff, one[1], two[1])
        if text is None:
            return None
        sections.append(text)
    return None if left or not sections else patch.head + decode(b"".join(sections))


def _side(mode: str | None, id: str | None) -> tuple[str, str] | None:
    return (mode, id) if mode and id else None


def _moved(
    contents: Contents, patch: Patch, diff: FileDiff, old_id: str, new_id: str
) -> bytes | None:
    """The section for the same hunks on the blob `old_id`: as many lines further as the first line
    that they change has moved, or the file has grown."""
    if diff.binary is not None or not diff.hunks:
        return None
    lines = split_lines(contents.read(old_id))
    base, post = contents.base(patch, diff), contents.post(patch, diff)
    moved = _first_change(contents.read(old_id), contents.read(new_id)) - _first_change(base, post)
    for by in dict.fromkeys((moved, len(lines) - len(split_lines(base)))):
        hunks = tuple(
            replace(h, old_start=h.old_start + by, new_start=h.new_start + by) for h in diff.hunks
        )
        if not all(_has_context(hunk, patch.context, len(lines)) for hunk in hunks):
            continue
        try:
            apply_hunks(
                replace(diff, old_id=old_id, new_id=new_id, hunks=hunks),
                contents.read(old_id),
                patch.name,
            )
        except SyncError:
            continue
        head, *rest = _HEADER.split(diff.text)
        text = head + b"".join(
            _header(hunk, patch.context, lines) + body
            for hunk, body in zip(hunks, rest, strict=True)
        )
        return _INDEX.sub(f"index {old_id}..{new_id}".encode(), text, count=1)
    return None


def _first_change(one: bytes, two: bytes) -> int:
    """The number of lines that both begin with."""
    return one.count(b"\n", 0, same_start(one, two))


def _has_context(hunk: Hunk, context: int, length: int) -> bool:
    """Whether a hunk has as many lines around its change as a file of that length lets it have."""
    if not context:
        return hunk.old_start > 0 or hunk.old_count == 0
    kinds = b"".join(line[:1] for line in hunk.lines)
    before, after = (len(k) - len(k.lstrip(b" ")) for k in (kinds, kinds[::-1]))
    last = hunk.old_start + hunk.old_count - 1
    return (
        hunk.old_count > 0
        and (before == context or hunk.old_start == 1)
        and (after == context or last == length)
    )


def _header(hunk: Hunk, context: int, lines: list[bytes]) -> bytes:
    """A hunk's first line; it ends in the one above that names a function, as git finds it."""
    places = [
        f"{sign}{start}" + (f",{count}" if count != 1 else "")
        for sign, start, count in (
            ("-", hunk.old_start, hunk.old_count),
            ("+", hunk.new_start, hunk.new_count),
        )
    ]
    header = f"@@ {' '.join(places)} @@".encode()
    name = b""
    if context:
        above = reversed(lines[: max(hunk.old_start - 1, 0)])
        name = next((line for line in above if line[:1].isalpha() or line[:1] in (b"_", b"$")), b"")
    shown = name[:_NAMED].rstrip(b" \t\n\r")
    return header + (b" " + shown if shown else b"") + b"\n"
