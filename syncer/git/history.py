"""Who changed a path between two commits.

Answered from commits and trees alone, so that a partial clone needs no network for it. The commits
between `old` and `new` are those that one of the two has and the other has not: `new` may as well
lie before `old`, or beside it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import PurePosixPath

from syncer.errors import SyncError
from syncer.git.objects import NO_BLOB, Change, records
from syncer.git.repository import Repository

_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Touch:
    """A commit's change to `path`. `before` and `after` are the file's blobs (None: not there);
    `date` is the committer's, YYYY-MM-DD; `gained` is False for a commit that only `old` has."""

    commit: str
    date: str
    subject: str
    path: str
    before: str | None
    after: str | None
    gained: bool = True

    def __str__(self) -> str:
        return f"{self.commit[:12]} ({self.date}, {self.subject})"


def touches(
    repository: Repository, old: str | None, new: str, paths: Collection[str]
) -> tuple[Touch, ...]:
    """The changes to `paths` by the commits between `old` (None, or not here: the beginning of
    history) and `new`, nearest to `new` first: those that it has, newest first, then those that
    only `old` has, oldest first.

    Args:
        paths: files, folders, or patterns as `pathlib.PurePath.match` reads them.
    """
    if not paths:
        return ()
    span = f"{old}...{new}" if old and repository.has(old) else new
    command = ["log", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-show-signature"]
    command += ["--left-right", "--format=%m %H %cs %s", span, "--", *sorted(map(_fixed, paths))]
    found: list[Touch] = []
    fields = iter(records(repository.run(command)))
    mark = commit = date = subject = ""
    for field in fields:
        if not field.lstrip("\n").startswith(":"):
            mark, commit, date, subject = field.split(" ", 3)
            continue
        before, after = (None if id == NO_BLOB else id for id in field.split(" ")[2:4])
        path = next(fields)
        if any(_meant(path, wanted) for wanted in paths):
            found.append(Touch(commit, date, subject, path, before, after, mark != "<"))
    gained = [touch for touch in found if touch.gained]
    return (*gained, *(touch for touch in reversed(found) if not touch.gained))


def _meant(path: str, wanted: str) -> bool:
    below = not wanted or path == wanted or path.startswith(f"{wanted}/")
    return below or PurePosixPath(path).match(wanted)


def _fixed(path: str) -> str:
    """What git is asked for: a path, or the folder that holds all a pattern matches."""
    parts = path.split("/")
    fixed = next((n for n, part in enumerate(parts) if _WILD.search(part)), len(parts))
    return "/".join(parts[:fixed]) or "."


def turning_point(
    repository: Repository, found: Collection[Touch], holds: Callable[[str], bool]
) -> Touch | None:
    """The first of `found` with whose commit the answer of `holds` (asked of commits) changed."""
    for touch in found:
        if holds(touch.commit) != _holds_before(repository, touch.commit, holds):
            return touch
    return None


def _holds_before(repository: Repository, commit: str, holds: Callable[[str], bool]) -> bool:
    try:
        parent = repository.rev_parse(f"{commit}^")
    except SyncError:
        return False  # the first commit of all
    return holds(parent)


def moved_to(repository: Repository, touch: Touch) -> str | None:
    """Where the commit of `touch`, which deletes its path, moved the file: the added file of the
    same content, or the most similar one as far as the blobs are here, or one of the same name."""
    if touch.after is not None:
        return None
    changes = repository.diff_tree(f"{touch.commit}^", touch.commit, renames=None)
    added = [change for change in changes if change.status == "A"]
    same = [change.path for change in added if change.new_id == touch.before]
    if same:
        return same[0]
    gone = [change for change in changes if change.status == "D"]
    if not repository.missing(_ids(added) + _ids(gone)):
        for change in repository.diff_tree(f"{touch.commit}^", touch.commit):
            if change.status == "R" and change.old_path == touch.path:
                return change.path
    name = posixpath.basename(touch.path)
    return next((change.path for change in added if posixpath.basename(change.path) == name), None)


def _ids(changes: Collection[Change]) -> list[str]:
    return [id for change in changes for id in (change.old_id, change.new_id) if id != NO_BLOB]
