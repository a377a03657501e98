"""Two versions of a queue side by side, by git range-diff."""

from __future__ import annotations

import re

from syncer.git import Repository
from syncer.model import Descent
from syncer.queue.mail import decode

_PAIR = re.compile(r" *(?:\d+|-): +\S+ ([=!<>]) +(?:\d+|-): +\S+ (.*)")
_LONGEST = 4000


def range_diff(
    repository: Repository, component: str, old: tuple[str, str], new: tuple[str, str]
) -> tuple[Descent, ...]:
    """The patches of two stacks, each (base, tip), in the new one's order. Long texts are cut."""
    command = ["range-diff", "--no-color", "--no-notes", "--creation-factor=75"]
    out = decode(repository.run([*command, "..".join(old), "..".join(new)]))
    found: list[Descent] = []
    for line in out.splitlines():
        if pair := _PAIR.fullmatch(line):
            found.append(Descent(component, pair[1], pair[2]))
        elif found:
            last = found.pop()
            found.append(Descent(component, last.mark, last.subject, f"{last.text}{line[4:]}\n"))
    return tuple(
        Descent(component, item.mark, item.subject, item.text[:_LONGEST]) for item in found
    )
