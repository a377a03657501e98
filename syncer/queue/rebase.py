"""Carrying a component's patches to a new upstream commit, in memory on its bare clone.

Each patch is three contents: the blob it was made from (its index line names it), the blob it makes
of it (its hunks, applied exactly), and what the tree has now. They are merged three-way, so where
a hunk ends up is the merge's finding and never a guess from the lines around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from syncer.errors import SyncError
from syncer.git import NO_BLOB, MergeResult, Repository
from syncer.model import PatchResult, PatchVerdict
from syncer.queue.classify import added_lines, drop_conditions, moved_lines, reason_to_drop
from syncer.queue.diff import FileDiff, apply_hunks
from syncer.queue.mail import Patch, refresh

Files = Mapping[str, tuple[str, str]]  # path -> mode, blob id


def rebase_component(
    repository: Repository,
    patches: Sequence[Patch],
    target_commit: str,
    *,
    base_commit: str | None = None,
) -> tuple[str, tuple[PatchResult, ...]]:
    """Stack `patches` on the target and say what became of each.

    It ends at the first patch that conflicts: the last result is then that one, and the tree is
    what the patches before it leave. Every blob of `required_blobs` must be here.

    Args:
        target_commit: the upstream commit to carry them to.
        base_commit: the one they were last carried to. With it, a file that upstream renamed is
            followed; without, only one that it moved unchanged.

    Returns:
        The tree's id and the results, one a patch, in order.

    Raises:
        SyncError: a patch that does not fit the blob it names, or whose blob is not here.
    """
    target = _files(repository, target_commit)
    upstream = _Upstream(repository, target_commit, target, base_commit)
    contents = _Contents(repository, patches)
    tree = repository.rev_parse(target_commit, "tree")
    files: Files = target
    results: list[PatchResult] = []
    for patch in patches:
        outcome = _carry(upstream, contents, patch, files)
        refreshed = None
        paths = patch.paths
        if outcome.changes:
            before, tree = tree, repository.write_tree(tree, outcome.changes)
            files = _changed(files, outcome.changes)
        if outcome.verdict is PatchVerdict.MERGED:
            paths = tuple(sorted(outcome.changes))
            text = refresh(repository, patch, before, tree)
            refreshed = text if text != patch.text else None
        results.append(
            PatchResult(
                component=patch.component,
                file=patch.file,
                subject=patch.subject,
                verdict=outcome.verdict,
                paths=paths,
                conflicts=outcome.conflicts,
                reason=outcome.reason,
                refreshed=refreshed,
            )
        )
        if outcome.verdict is PatchVerdict.CONFLICT:
            break
    return tree, tuple(results)


def required_blobs(
    repository: Repository,
    patches: Sequence[Patch],
    target_commit: str,
    *,
    base_commit: str | None = None,
) -> tuple[str, ...]:
    """The blobs that `rebase_component` with the same arguments reads; a partial clone has to
    fetch them first."""
    target = _files(repository, target_commit)
    diffs = [diff for patch in patches for diff in patch.diffs]
    paths = {path for diff in diffs for path in (diff.old_path, diff.new_path) if path}
    for patch in patches:
        paths |= {c[1] for c in drop_conditions(patch) if c[0] == "contains"}
    ids = {target[path][1] for path in paths if path in target}
    made = {diff.new_id for diff in diffs}
    ids |= {diff.old_id for diff in diffs if diff.old_id and diff.old_id not in made}
    if base_commit and any(diff.old_path and diff.old_path not in target for diff in diffs):
        for change in repository.diff_tree(base_commit, target_commit, renames=None):
            if change.status in "AD":
                ids.add(change.new_id if change.status == "A" else change.old_id)
    return tuple(sorted(ids - {NO_BLOB}))


# ---- what there is to merge


@dataclass
class _Upstream:
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


_EMPTY = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


class _Contents:
    """The contents patches were made from and make: blobs of the clone, or, for a patch stacked
    on another, what that one makes."""

    def __init__(self, repository: Repository, patches: Sequence[Patch]) -> None:
        self.repository = repository
        diffs = [(patch, diff) for patch in patches for diff in patch.diffs]
        self.makers = {diff.new_id: (patch, diff) for patch, diff in reversed(diffs) if diff.new_id}
        wanted = {diff.old_id for _, diff in diffs if diff.old_id}
        self.stored = wanted - set(repository.missing(wanted))
        self.known = repository.blobs(self.stored)
        self.pending: set[str] = set()

    def base(self, patch: Patch, diff: FileDiff) -> bytes:
        """The content `diff` was made from."""
        id = diff.old_id
        if id is None:
            return b""
        if id not in self.known:
            if id not in self.makers or id in self.pending:
                raise SyncError(
                    f"{patch.name}: {diff.path}: the blob it was made from, {id}, is not in "
                    f"{self.repository.path}",
                    hint="fetch the upstream commit it was made for, or make the patch again",
                )
            self.pending.add(id)
            self.post(*self.makers[id])
            self.pending.discard(id)
        return self.known[id]

    def post(self, patch: Patch, diff: FileDiff) -> bytes:
        """The content `diff` makes, verified against the id the patch gives it."""
        content = apply_hunks(diff, self.base(patch, diff), patch.name)
        if diff.new_id is not None:
            self.known[diff.new_id] = content
        return content

    def store(self, ids: Iterable[str]) -> None:
        """Put into the clone those that are only known here."""
        for id in ids:
            if id in self.known and id not in self.stored:
                self.repository.write_blob(self.known[id])
                self.stored.add(id)


# ---- one patch


@dataclass(frozen=True)
class _Outcome:
    verdict: PatchVerdict
    changes: Mapping[str, tuple[str, str] | None] = field(default_factory=dict)
    conflicts: tuple[str, ...] = ()
    reason: str = ""


def _carry(upstream: _Upstream, contents: _Contents, patch: Patch, files: Files) -> _Outcome:
    repository = upstream.repository

    def target_content(path: str) -> bytes | None:
        return repository.blob(upstream.files[path][1]) if path in upstream.files else None

    reason = reason_to_drop(repository, patch, upstream.commit, target_content)
    if reason:
        return _Outcome(PatchVerdict.DROPPED, reason=reason)
    if not patch.diffs:
        return _Outcome(PatchVerdict.EMPTIED, reason="the patch changes nothing")
    before, after, gone = _images(patch, files)
    if gone:
        reason = f"upstream no longer has {gone[0]}"
        return _Outcome(PatchVerdict.CONFLICT, conflicts=gone, reason=reason)
    touched = before.keys() | after.keys()
    changes = {p: after.get(p) for p in sorted(touched) if before.get(p) != after.get(p)}
    if all(files.get(path) == new for path, new in changes.items()):
        return _nothing_left(upstream, contents, patch, files, before, after)
    for diff in patch.diffs:
        contents.post(patch, diff)
    contents.store(id for side in (before, after) for _, id in side.values())
    if all(files.get(path) == before.get(path) for path in touched) and not _in_the_way(
        files, touched
    ):
        return _Outcome(PatchVerdict.CLEAN, changes)
    ours, merged = _merge(upstream, before, after, files)
    if not merged.clean:
        reason = "; ".join(merged.messages)
        return _Outcome(PatchVerdict.CONFLICT, conflicts=merged.conflicts, reason=reason)
    changes = {
        change.path: None if change.status == "D" else (change.new_mode, change.new_id)
        for change in repository.diff_tree(ours, merged.tree, renames=None)
    }
    if not changes:
        return _nothing_left(upstream, contents, patch, files, before, after)
    conflict = _only_moved(upstream, contents, patch, files, changes.keys())
    if conflict is not None:
        return conflict
    reason = _doubt(upstream, contents, patch, files, _changed(files, changes))
    return _Outcome(PatchVerdict.MERGED, changes, reason=reason)


def _images(patch: Patch, files: Files) -> tuple[Files, Files, tuple[str, ...]]:
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
    parts = (path.split("/") for path in paths)
    folders = {"/".join(names[:count]) for names in parts for count in range(1, len(names))}
    below = tuple(f"{path}/" for path in paths)
    return {path for path in files if path in folders or path.startswith(below)} - paths


def _merge(
    upstream: _Upstream, before: Files, after: Files, files: Files
) -> tuple[str, MergeResult]:
    """Merge the patch into the files it has to do with; also gives their tree before that."""
    touched = before.keys() | after.keys()
    places = touched | _in_the_way(files, touched)
    for path in before.keys() - files.keys():
        moved = upstream.moved_to(path, before[path][1])
        if moved is not None:
            places.add(moved)
    repository = upstream.repository
    base, ours, theirs = (
        repository.write_tree(None, side)
        for side in (before, {p: files[p] for p in places if p in files}, after)
    )
    return ours, repository.merge_tree(base, ours, theirs, ("upstream", "the patch"))


def _nothing_left(
    upstream: _Upstream,
    contents: _Contents,
    patch: Patch,
    files: Files,
    before: Files,
    after: Files,
) -> _Outcome:
    """Absorbed, if upstream by itself has the patch's effect; emptied, if only with the patches
    before it; a conflict, if what the patch deletes was moved and not deleted."""
    conflict = _only_moved(upstream, contents, patch, files, ())
    if conflict is not None:
        return conflict
    touched = before.keys() | after.keys()
    if any(files.get(path) != upstream.files.get(path) for path in touched):
        for diff in patch.diffs:
            contents.post(patch, diff)
        contents.store(id for side in (before, after) for _, id in side.values())
        ours, merged = _merge(upstream, before, after, upstream.files)
        if not merged.clean or merged.tree != ours:
            reason = "the patches before it leave nothing to change"
            return _Outcome(PatchVerdict.EMPTIED, reason=reason)
    return _Outcome(PatchVerdict.ABSORBED, reason="upstream has the change")


def _only_moved(
    upstream: _Upstream,
    contents: _Contents,
    patch: Patch,
    files: Files,
    changed: Iterable[str],
) -> _Outcome | None:
    """A conflict, if a deletion of the patch came to nothing because upstream moved the text."""
    for diff in patch.diffs:
        path = diff.old_path
        if not diff.only_deletes or path is None or path in set(changed):
            continue
        if path not in files:
            moved = upstream.moved_to(path, diff.old_id)
            reason = f"upstream moved {path} to {moved}" if moved in files else ""
        elif diff.new_id is not None and files[path][1] != diff.new_id:
            ours = upstream.repository.blob(files[path][1])
            line = moved_lines(diff, contents.post(patch, diff), ours)
            reason = f"upstream moved lines that this removes to line {line} of {path}"
            reason = reason if line else ""
        else:
            reason = ""
        if reason:
            return _Outcome(PatchVerdict.CONFLICT, conflicts=(path,), reason=reason)
    return None


def _doubt(
    upstream: _Upstream, contents: _Contents, patch: Patch, files: Files, merged: Files
) -> str:
    """A warning where the merge went through and may yet not be what the patch means: upstream
    gained the very lines it adds, or moved lines it removes out of its reach."""
    for diff in patch.diffs:
        path = diff.path
        if not diff.hunks or diff.old_path is None or path not in files or path not in merged:
            continue
        ours = upstream.repository.blob(files[path][1])
        line = added_lines(diff, contents.base(patch, diff), ours)
        if line:
            return f"line {line} of upstream's {path} already has lines that this adds"
        result = upstream.repository.blob(merged[path][1])
        line = moved_lines(diff, contents.post(patch, diff), result)
        if line:
            return f"line {line} of {path} still has lines that this removes"
    return ""


def _files(repository: Repository, tree: str) -> Files:
    return {entry.path: (entry.mode, entry.id) for entry in repository.ls_tree(tree)}


def _changed(files: Files, changes: Mapping[str, tuple[str, str] | None]) -> Files:
    kept = {path: entry for path, entry in files.items() if path not in changes}
    return kept | {path: new for path, new in changes.items() if new is not None}
