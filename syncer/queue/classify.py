"""What a patch's fate is called, where the merge alone does not tell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from syncer.errors import SyncError
from syncer.git import Repository
from syncer.queue.diff import FileDiff, split_lines
from syncer.queue.mail import Patch

DROP_WHEN = "Drop-When"

_COMMIT = re.compile(r"commit +[0-9a-f]{40}")


def reason_to_drop(
    repository: Repository,
    patch: Patch,
    target_commit: str,
    content: Callable[[str], bytes | None],
) -> str:
    """Why a `Drop-When:` trailer of the patch holds at the target; "" if none does.

    `Drop-When: contains <path> <text>`: the target's file has that text.
    `Drop-When: commit <id>`: the target has that commit; one that was never fetched it has not.

    Args:
        content: the bytes of the target's file, None if it has no such file.

    Raises:
        SyncError: a trailer that is neither.
    """
    for condition in drop_conditions(patch):
        if condition[0] == "contains":
            found = content(condition[1])
            if found is not None and condition[2].encode("utf-8", "surrogateescape") in found:
                return f"{condition[1]} contains {condition[2]!r}"
        elif repository.is_ancestor(condition[1], target_commit):
            return f"upstream has commit {condition[1]}"
    return ""


def drop_conditions(patch: Patch) -> tuple[tuple[str, ...], ...]:
    """The patch's `Drop-When:` trailers: ("contains", path, text) or ("commit", id)."""
    conditions: list[tuple[str, ...]] = []
    for key, value in patch.trailers:
        if key.lower() != DROP_WHEN.lower():
            continue
        words = tuple(value.split(maxsplit=2))
        if not _COMMIT.fullmatch(value) and not (words[0] == "contains" and len(words) == 3):
            raise SyncError(
                f"{patch.name}: {DROP_WHEN}: {value} is not understood",
                hint=f"`{DROP_WHEN}: contains <path> <text>` or `{DROP_WHEN}: commit <full id>`",
            )
        conditions.append(words)
    return tuple(conditions)


def moved_lines(diff: FileDiff, theirs: bytes, ours: bytes) -> int:
    """The line from which upstream still has lines that `diff` removes; 0 if there is none.

    Upstream moving lines within a file looks, where they were, exactly like removing them.

    Args:
        theirs: the file as the patch leaves it; ours: as upstream has it.
    """
    return _surplus(diff.runs(b"-"), ours, theirs)


def added_lines(diff: FileDiff, base: bytes, ours: bytes) -> int:
    """The line from which upstream has lines that `diff` adds and `base` had not; 0 if there is
    none. It may have the change already, in another place."""
    return _surplus(diff.runs(b"+"), ours, base)


def _surplus(runs: Iterable[Sequence[bytes]], more: bytes, less: bytes) -> int:
    for run in runs:
        found = _places(run, more)
        if _telling(run) and len(found) > len(_places(run, less)):
            return found[0]
    return 0


def _telling(run: Sequence[bytes]) -> bool:
    """Whether a run says anything: braces, `#endif` and empty lines are everywhere."""
    return sum(chr(byte).isalnum() for line in run for byte in line) > 8


def _places(run: Sequence[bytes], content: bytes) -> list[int]:
    lines, wanted = split_lines(content), list(run)
    return [n + 1 for n in range(len(lines)) if lines[n : n + len(wanted)] == wanted]
