"""What a patch's fate is called, where the merge alone does not tell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from syncer.errors import SyncError
from syncer.files import nearest
from syncer.git import BLOB_MODES, Repository
from syncer.queue.diff import FileDiff
from syncer.queue.mail import Patch

DROP_WHEN = "Drop-When"
UPSTREAM_STATUS = "Upstream-Status"
# OpenEmbedded's words (contributor guide, "Patch Upstream Status"), and Accepted, its older one
# for Backport.
STATUSES = (
    *("Pending", "Submitted", "Accepted", "Backport", "Denied", "Inactive-Upstream"),
    "Inappropriate",
)

_COMMIT = re.compile(r"commit +[0-9a-f]{40}")
_STATUS = re.compile(r"^Upstream[-_ ]Status:?[ \t]*(.*)$", re.IGNORECASE | re.MULTILINE)


def upstream_status(patch: Patch) -> str:
    """What the patch's `Upstream-Status:` line says, e.g. "Submitted [#123]"; "" without one.

    Raises:
        SyncError: two of them, or a word that is none of `STATUSES`.
    """
    found = list(_STATUS.finditer(patch.body))
    if not found:
        return ""
    if len(found) > 1:
        raise SyncError(
            f"{patch.name}: {UPSTREAM_STATUS} stands there {len(found)} times",
            hint="Keep the one that is true today.",
        )
    said = found[0][1].strip()
    word = re.split(r"[\s\[(:]", said, maxsplit=1)[0]
    if not found[0][0].startswith(f"{UPSTREAM_STATUS}: ") or word not in STATUSES:
        near = nearest(word, STATUSES)
        shown = found[0][0].strip()
        raise SyncError(
            f"{patch.name}: `{shown}` is no status" + (f"; did you mean {near}?" if near else ""),
            hint=f"`{UPSTREAM_STATUS}: WORD [remark]`, where WORD is one of {', '.join(STATUSES)}.",
        )
    return said


def check_message(patch: Patch) -> None:
    """Refuse what a patch's message says to this program and cannot mean.

    Raises:
        SyncError: an `Upstream-Status:` or a `Drop-When:` that is not understood, or one that
            stands where nobody would read it.
    """
    upstream_status(patch)
    drop_conditions(patch)
    read = sum(key.lower() == DROP_WHEN.lower() for key, _ in patch.trailers)
    if len(re.findall(rf"^{DROP_WHEN}:", patch.body, re.IGNORECASE | re.MULTILINE)) > read:
        raise SyncError(
            f"{patch.name}: a {DROP_WHEN}: line stands in the midst of the message",
            hint="Put it last, into a paragraph that has only `Key: value` lines.",
        )


def reason_to_drop(
    repository: Repository,
    patch: Patch,
    target_commit: str,
    files: Mapping[str, tuple[str, str]],
    content: Callable[[str], bytes],
) -> str:
    """Why a `Drop-When:` trailer of the patch holds at the target; "" if none does.

    `Drop-When: contains <path> <text>`: a file of the target's has that text; in the path `*`
    stands for any characters, `/` too.
    `Drop-When: commit <id>`: the target has that commit; one that was never fetched it has not.

    Args:
        files: the target's, path -> (mode, blob).
        content: the bytes of one of them.

    Raises:
        SyncError: a trailer that is neither.
    """
    for condition in drop_conditions(patch):
        if condition[0] == "contains":
            text = condition[2].encode("utf-8", "surrogateescape")
            for path in matching(condition[1], files):
                if text in content(path):
                    return f"{path} contains {condition[2]!r}"
        elif repository.is_ancestor(condition[1], target_commit):
            return f"upstream has commit {condition[1]}"
    return ""


def matching(pattern: str, files: Mapping[str, tuple[str, str]]) -> list[str]:
    """The files that a condition's path names; not submodules."""
    found = (path for path, (mode, _) in files.items() if mode in BLOB_MODES)
    return sorted(path for path in found if fnmatchcase(path, pattern))


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
        if not _telling(run):
            continue
        text = b"".join(run)
        found = _places(text, more)
        if len(found) > len(_places(text, less)):
            return more.count(b"\n", 0, found[0]) + 1
    return 0


def _telling(run: Sequence[bytes]) -> bool:
    """Whether a run says anything: braces, `#endif` and empty lines are everywhere."""
    return sum(chr(byte).isalnum() for line in run for byte in line) > 8


def _places(run: bytes, content: bytes) -> list[int]:
    """Where whole lines of the content begin that are those of `run`."""
    found, at = [], content.find(run)
    while at >= 0:
        end = at + len(run)
        if (not at or content[at - 1 : at] == b"\n") and (run[-1:] == b"\n" or end == len(content)):
            found.append(at)
        at = content.find(run, at + 1)
    return found
