"""What becomes of one patch on what upstream and the patches before it leave.

Merging is git's, one command for many patches, where the result is not certain without it: there a
patch's carrying stops and yields what to merge, and goes on with the result.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field, replace

from syncer.git import Files, MergeResult, Repository, blob_id
from syncer.model import PatchVerdict
from syncer.queue.classify import added_lines, moved_lines, reason_to_drop
from syncer.queue.contents import Contents
from syncer.queue.mail import Patch
from syncer.queue.merging import merge_files
from syncer.queue.resolutions import NONE, Decisions

Entries = Mapping[str, tuple[str, str]]  # path -> mode, blob id
Changes = Mapping[str, tuple[str, str] | None]  # None: deleted

_EMPTY = blob_id(b"")
_CLEAN = MergeResult("", clean=True)


@dataclass
class Upstream:
    """The target, and where upstream moved files on the way to it."""

    repository: Repository
    commit: str
    files: Files
    base_commit: str | None
    moves: dict[str, str] | None = None

    def moved_to(self, path: str, blob: str | None) -> str | None:
        """Where upstream moved the file that was at `path`, with `blob` as its content."""
        if self.moves is None:
            self.moves = {}
            if self.base_commit:
                changes = self.repository.diff_tree(self.base_commit, self.commit)
                self.moves = {c.old_path: c.path for c in changes if c.status == "R"}
        if path not in self.moves and not self.base_commit:
            same = [p for p, (_, id) in self.files.items() if id == blob != _EMPTY]
            if len(same) == 1:
                self.moves[path] = same[0]
        return self.moves.get(path)


@dataclass(frozen=True)
class Merge:
    """Three sides to be merged, of the files a patch has to do with."""

    base: Entries
    ours: Entries
    theirs: Entries


@dataclass(frozen=True)
class Merged:
    """What became of it; `changes` is what the merge changes in `ours`."""

    result: MergeResult
    changes: Changes


@dataclass(frozen=True)
class Outcome:
    """What became of a patch; `changes` is what it changes now. `resolution` is the one that was
    replayed ("component/file"); of a conflict, `merge` is what could not be merged and, where
    merging was tried, `result` how far it came."""

    verdict: PatchVerdict
    changes: Changes = field(default_factory=dict)
    conflicts: tuple[str, ...] = ()
    reason: str = ""
    resolution: str = ""
    merge: Merge | None = None
    result: MergeResult | None = None


Carrying = Generator[Merge, Merged, Outcome]


def carry(
    upstream: Upstream,
    contents: Contents,
    patch: Patch,
    files: Files,
    decisions: Decisions = NONE,
) -> Carrying:
    """Carry one patch to what the patches before it leave of upstream, `files`; where it conflicts,
    by a resolution that is recorded and still leads there."""
    if patch.name in decisions.skipped:
        return Outcome(PatchVerdict.SKIPPED, reason="this roll goes without it")
    reason = reason_to_drop(
        *(upstream.repository, patch, upstream.commit),
        upstream.files,
        lambda path: contents.read(upstream.files[path][1]),
    )
    if reason:
        return Outcome(PatchVerdict.DROPPED, reason=reason)
    outcome = yield from _carry(upstream, contents, patch, files)
    if outcome.verdict is not PatchVerdict.CONFLICT:
        return outcome
    for resolution in decisions.of(patch):
        if all(contents.can_read(diff.old_id) for diff in resolution.diffs):
            other = yield from _carry(upstream, contents, resolution.as_patch(patch), files)
            if other.verdict in (PatchVerdict.CLEAN, PatchVerdict.MERGED):
                said = f"as resolved by {resolution.by}, {resolution.date}"
                return replace(
                    other,
                    verdict=PatchVerdict.RESOLVED,
                    reason="; ".join(filter(None, (said, other.reason))),
                    resolution=resolution.name,
                )
    return outcome


def _carry(upstream: Upstream, contents: Contents, patch: Patch, files: Files) -> Carrying:
    if not patch.diffs:
        return Outcome(PatchVerdict.EMPTIED, reason="the patch changes nothing")
    before, after, gone = _images(patch, files)
    if gone:
        reason = f"upstream no longer has {gone[0]}"
        merge = _merge(upstream, before, after, files)
        return Outcome(PatchVerdict.CONFLICT, conflicts=gone, reason=reason, merge=merge)
    touched = before.keys() | after.keys()
    changes = {p: after.get(p) for p in sorted(touched) if before.get(p) != after.get(p)}
    if all(files.get(path) == new for path, new in changes.items()):
        return (yield from _nothing_left(upstream, contents, patch, files, before, after))
    for diff in patch.diffs:
        contents.post(patch, diff)
    if all(files.get(path) == before.get(path) for path in touched) and not _in_the_way(
        files, touched
    ):
        contents.store(new[1] for new in changes.values() if new)
        return Outcome(PatchVerdict.CLEAN, changes)
    merge = _merge(upstream, before, after, files)
    merged = _merged_here(contents, merge) or (yield merge)
    if not merged.result.clean:
        return Outcome(
            PatchVerdict.CONFLICT,
            conflicts=merged.result.conflicts,
            reason="; ".join(merged.result.messages),
            merge=merge,
            result=merged.result,
        )
    if not merged.changes:
        return (yield from _nothing_left(upstream, contents, patch, files, before, after))
    conflict = _only_moved(upstream, contents, patch, files, merged.changes.keys())
    if conflict is not None:
        return replace(conflict, merge=merge)
    reason = _doubt(contents, patch, files, merged.changes)
    return Outcome(PatchVerdict.MERGED, merged.changes, reason=reason)


def _merged_here(contents: Contents, merge: Merge) -> Merged | None:
    """The merge, where it is certain without git."""
    found = merge_files(merge.base, merge.ours, merge.theirs, contents.read)
    if found is None:
        return None
    changes = {
        path: (mode, new if isinstance(new, str) else contents.add(new))
        for path, (mode, new) in sorted(found.items())
    }
    contents.store(id for _, id in changes.values())
    return Merged(_CLEAN, changes)


def places(upstream: Upstream, patch: Patch, decisions: Decisions = NONE) -> set[str]:
    """The paths of upstream's and the queue's that carrying the patch looks at or changes; what
    lies below one of them, or is a folder of it, counts as well."""
    diffs = [*patch.diffs, *(d for item in decisions.of(patch) for d in item.diffs)]
    found = {path for diff in diffs for path in (diff.old_path, diff.new_path) if path}
    for diff in diffs:
        if diff.old_path and diff.old_path not in upstream.files:
            found |= {upstream.moved_to(diff.old_path, diff.old_id) or diff.old_path}
    return found


def _images(patch: Patch, files: Files) -> tuple[Entries, Entries, tuple[str, ...]]:
    """The files the patch was made from and those it makes; then those of which only the name or
    the mode is its business, and that are not there."""
    before: dict[str, tuple[str, str]] = {}
    after: dict[str, tuple[str, str]] = {}
    gone = []
    for diff in patch.diffs:
        mode, old_id, new_id = "", diff.old_id, diff.new_id
        if old_id is None and new_id is None:
            there = files.get(diff.old_path or "") or files.get(diff.new_path or "")
            if there is None:
                gone.append(diff.old_path or diff.path)
                continue
            mode, old_id = there
            new_id = old_id
        if diff.old_path is not None and old_id is not None:
            before[diff.old_path] = (diff.old_mode or mode, old_id)
        if diff.new_path is not None and new_id is not None:
            after[diff.new_path] = (diff.new_mode or mode, new_id)
    return before, after, tuple(gone)


def _in_the_way(files: Files, touched: Iterable[str]) -> set[str]:
    """The files whose path is a folder of a touched one's, or that lie below a touched path."""
    paths = set(touched)
    found = set[str]()
    for path in paths:
        if path not in files:  # where a file is, neither can be
            found.update(files.below(path))
            names = path.split("/")
            folders = ("/".join(names[:count]) for count in range(1, len(names)))
            found.update(folder for folder in folders if folder in files)
    return found - paths


def _merge(upstream: Upstream, before: Entries, after: Entries, files: Files) -> Merge:
    """The patch, and the files it has to do with, to be merged."""
    touched = before.keys() | after.keys()
    paths = touched | _in_the_way(files, touched)
    for path in before:
        if path not in files:
            moved = upstream.moved_to(path, before[path][1])
            if moved is not None:
                paths.add(moved)
    return Merge(before, {path: files[path] for path in paths if path in files}, after)


def _nothing_left(
    upstream: Upstream,
    contents: Contents,
    patch: Patch,
    files: Files,
    before: Entries,
    after: Entries,
) -> Carrying:
    """Absorbed, if upstream by itself has the patch's effect; emptied, if only with the patches
    before it; a conflict, if what the patch deletes was moved and not deleted."""
    conflict = _only_moved(upstream, contents, patch, files, ())
    if conflict is not None:
        return replace(conflict, merge=_merge(upstream, before, after, files))
    touched = before.keys() | after.keys()
    if any(files.get(path) != upstream.files.get(path) for path in touched):
        for diff in patch.diffs:
            contents.post(patch, diff)
        merge = _merge(upstream, before, after, upstream.files)
        merged = _merged_here(contents, merge) or (yield merge)
        if not merged.result.clean or merged.changes:
            reason = "the patches before it leave nothing to change"
            return Outcome(PatchVerdict.EMPTIED, reason=reason)
    return Outcome(PatchVerdict.ABSORBED, reason="upstream has the change")


def _only_moved(
    upstream: Upstream,
    contents: Contents,
    patch: Patch,
    files: Files,
    changed: Iterable[str],
) -> Outcome | None:
    """A conflict, if a deletion of the patch came to nothing because upstream moved the text."""
    for diff in patch.diffs:
        path = diff.old_path
        if not diff.only_deletes or path is None or path in set(changed):
            continue
        if path not in files:
            moved = upstream.moved_to(path, diff.old_id)
            reason = f"upstream moved {path} to {moved}" if moved in files else ""
        elif diff.new_id is not None and files[path][1] != diff.new_id:
            ours = contents.read(files[path][1])
            line = moved_lines(diff, contents.post(patch, diff), ours)
            reason = f"upstream moved lines that this removes to line {line} of {path}"
            reason = reason if line else ""
        else:
            reason = ""
        if reason:
            return Outcome(PatchVerdict.CONFLICT, conflicts=(path,), reason=reason)
    return None


def _doubt(contents: Contents, patch: Patch, files: Files, changes: Changes) -> str:
    """A warning where the merge went through and may yet not be what the patch means: upstream
    gained the very lines it adds, or moved lines it removes out of its reach."""
    for diff in patch.diffs:
        path = diff.path
        new = changes.get(path, files.get(path))
        if not diff.hunks or diff.old_path is None or path not in files or new is None:
            continue
        line = added_lines(diff, contents.base(patch, diff), contents.read(files[path][1]))
        if line:
            return f"line {line} of upstream's {path} already has lines that this adds"
        line = moved_lines(diff, contents.post(patch, diff), contents.read(new[1]))
        if line:
            return f"line {line} of {path} still has lines that this removes"
    return ""
