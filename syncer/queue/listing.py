"""What each patch of the queue is and has cost, from its file and the port's own history."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from syncer.files import checkout_of
from syncer.git import Repository
from syncer.queue.exchange import OURS
from syncer.queue.mail import Patch


@dataclass(frozen=True)
class Row:
    """One patch. `status` is its Upstream-Status, `made` its date (ISO 8601; empty if it cannot be
    read); `files`, `added` and `removed` are of the change, `removed` None where the patch has no
    context and so does not say. `refreshed` is in how many commits of the port's repository the
    patch had to change since it came; None where that has no history. `conflicts` is how many of
    them were recorded resolutions."""

    component: str
    file: str
    subject: str
    status: str
    made: str
    files: int
    added: int
    removed: int | None
    refreshed: int | None
    conflicts: int

    @property
    def cost(self) -> tuple[int, int, int]:
        """To sort by: what a person had to do weighs more than what the tool did."""
        return (self.conflicts, self.refreshed or 0, self.added + (self.removed or 0))


def row_of(patch: Patch, home: Repository | None, place: str, resolved: Collection[str]) -> Row:
    """The row of a patch.

    Args:
        home: the port's repository; None if it has none.
        place: the patch file's path there.
        resolved: the patches that recorded resolutions are of, one for each, "component/file".
    """
    status = (value for key, value in patch.trailers if key.lower() == OURS[0].lower())
    added = sum(line[:1] == b"+" for diff in patch.diffs for h in diff.hunks for line in h.lines)
    removed = sum(line[:1] == b"-" for diff in patch.diffs for h in diff.hunks for line in h.lines)
    return Row(
        component=patch.component,
        file=patch.file,
        subject=patch.subject,
        status=next(status, ""),
        made=_date(patch.date),
        files=len(patch.diffs),
        added=added,
        removed=None if patch.context == 0 and any(d.marked for d in patch.diffs) else removed,
        refreshed=_changes(home, place) if home else None,
        conflicts=sum(name == patch.name for name in resolved),
    )


def _date(text: str) -> str:
    try:
        return parsedate_to_datetime(text).isoformat()
    except ValueError:
        try:
            return datetime.fromisoformat(text).isoformat()
        except ValueError:
            return ""


def _changes(home: Repository, place: str) -> int | None:
    """How often the file changed after it was added; None if no commit has it."""
    out = home.run(["log", "--format=%H", "--diff-filter=AM", "HEAD", "--", place], check=False)
    count = len(out.split())
    return count - 1 if count else None


def home_of(root: Path) -> tuple[Repository, Path] | None:
    """The repository that a port lies in, and its folder; None if it is in none."""
    folder = checkout_of(root)
    return (Repository(folder), folder) if folder else None
