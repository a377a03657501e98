"""Carrying a component's patches to a new upstream commit, in memory on its bare clone.

Each patch is three contents: the blob it was made from (its index line names it), the blob it makes
of it (its hunks, applied exactly), and what the tree has now. They are merged three-way, so where
a hunk ends up is the merge's finding and never a guess from the lines around it.

Patches that have nothing to do with one another are merged by one command, wave after wave; what
comes out is what carrying them one by one gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from syncer.errors import SyncError
from syncer.git import NO_BLOB, Files, Repository, TreeWriter, quarantine
from syncer.model import PatchResult, PatchVerdict
from syncer.queue.carry import Carrying, Changes, Merge, Merged, Outcome, Upstream, carry
from syncer.queue.carry import places as places_of
from syncer.queue.classify import drop_conditions, matching
from syncer.queue.contents import Contents
from syncer.queue.mail import Patch, refresh
from syncer.queue.resolutions import NONE, Decisions
from syncer.queue.shifting import shifted

_CHANGED = (PatchVerdict.MERGED, PatchVerdict.RESOLVED)


def rebase_component(
    repository: Repository,
    patches: Sequence[Patch],
    target_commit: str,
    *,
    base_commit: str | None = None,
    decisions: Decisions = NONE,
) -> tuple[str, tuple[PatchResult, ...]]:
    """Stack `patches` on the target and say what became of each.

    It ends at the first patch that conflicts: the last result is then that one, and the tree is
    what the patches before it leave. Every blob of `required_blobs` must be here.

    Args:
        target_commit: the upstream commit to carry them to.
        base_commit: the one they were last carried to. With it, a file that upstream renamed is
            followed; without, only one that it moved unchanged.
        decisions: what people have decided of conflicts.

    Returns:
        The tree's id and the results, one a patch, in order.

    Raises:
        SyncError: a patch that does not fit the blob it names, or whose blob is not here.
    """
    with quarantine(repository) as work:
        target = work.files(target_commit)
        upstream = Upstream(work, target_commit, target, base_commit)
        contents = contents_for(work, patches, target, decisions)
        outcomes = carry_all(upstream, contents, patches, decisions)
        texts = _refreshed(contents, patches, outcomes, target)
        writer = work.tree_writer(target_commit)
        tree = store_tree(repository, work, writer, net(target, outcomes))
    return tree, tuple(
        PatchResult(
            component=patch.component,
            file=patch.file,
            subject=patch.subject,
            verdict=outcome.verdict,
            paths=tuple(sorted(outcome.changes)) if outcome.verdict in _CHANGED else patch.paths,
            conflicts=outcome.conflicts,
            reason=outcome.reason,
            refreshed=text if text != patch.text else None,
            resolution=outcome.resolution,
        )
        for patch, outcome, text in zip(patches, outcomes, texts, strict=False)
    )


def contents_for(
    repository: Repository, patches: Sequence[Patch], target: Files, decisions: Decisions
) -> Contents:
    """What carrying the patches reads, of upstream's `target` files too."""
    resolved = [r.as_patch(patch) for patch in patches for r in decisions.of(patch)]
    paths = {path for patch in (*patches, *resolved) for path in patch.paths}
    target.load(paths)
    there = (target.get(path) for path in paths)
    return Contents(repository, [*patches, *resolved], [entry[1] for entry in there if entry])


def _refreshed(
    contents: Contents, patches: Sequence[Patch], outcomes: Sequence[Outcome], target: Files
) -> list[str]:
    """The text of each patch: a new one where it was merged."""
    files = target.copy()
    texts = [patch.text for patch in patches[: len(outcomes)]]
    asked = []  # of git
    for number, outcome in enumerate(outcomes):
        if outcome.verdict in _CHANGED:
            old = {path: files[path] for path in outcome.changes if path in files}
            new = {path: entry for path, entry in outcome.changes.items() if entry}
            text = shifted(contents, patches[number], old, new)
            if text is None:
                asked.append((number, old, new))
            else:
                texts[number] = text
        files.change(outcome.changes)
    if asked:
        trees = [(patches[n], contents.tree(old), contents.tree(new)) for n, old, new in asked]
        for (number, *_), text in zip(asked, refresh(contents.repository, trees), strict=True):
            texts[number] = text
    return texts


def store_tree(
    repository: Repository, work: Repository, writer: TreeWriter, changes: Changes
) -> str:
    """Put into the repository, from its quarantine, the writer's tree with `changes` made."""
    for path in (path for path, new in changes.items() if new):
        clash = writer.clash(path)
        if clash:
            raise SyncError(
                f"the queue adds {path}, which differs from upstream's {clash} only in case",
                hint="Give it another name: some file systems cannot hold both.",
            )
    tree = writer.write(changes)
    blobs = work.blobs(new[1] for new in changes.values() if new)
    repository.store(writer.made | {id: ("blob", data) for id, data in blobs.items()})
    return tree


def net(target: Files, outcomes: Sequence[Outcome]) -> Changes:
    """What all of them change in upstream's files."""
    files = target.copy()
    for outcome in outcomes:
        files.change(outcome.changes)
    return {
        path: files.get(path)
        for path in {path for outcome in outcomes for path in outcome.changes}
        if files.get(path) != target.get(path)
    }


def required_blobs(
    repository: Repository,
    patches: Sequence[Patch],
    target_commit: str,
    *,
    base_commit: str | None = None,
    decisions: Decisions = NONE,
) -> tuple[str, ...]:
    """The blobs that `rebase_component` with the same arguments reads; a partial clone has to
    fetch them first."""
    target = repository.files(target_commit)
    resolved = [r for patch in patches for r in decisions.of(patch)]
    diffs = [diff for patch in patches for diff in patch.diffs]
    diffs += [diff for item in resolved for diff in item.diffs]
    paths = {path for diff in diffs for path in (diff.old_path, diff.new_path) if path}
    for patch in patches:
        for condition in drop_conditions(patch):
            if condition[0] == "contains":
                paths.update(matching(condition[1], target))
    ids = {target[path][1] for path in paths if path in target}
    made = {diff.new_id for diff in diffs}
    ids |= {diff.old_id for diff in diffs if diff.old_id and diff.old_id not in made}
    if base_commit and any(diff.old_path and diff.old_path not in target for diff in diffs):
        for change in repository.diff_tree(base_commit, target_commit, renames=None):
            if change.status in "AD":
                ids.add(change.new_id if change.status == "A" else change.old_id)
    return tuple(sorted(ids - {NO_BLOB}))


# ---- waves


@dataclass
class _Waiting:
    """A patch under way, and what it waits for."""

    number: int
    places: set[str]
    carrying: Carrying
    merge: Merge


def carry_all(
    upstream: Upstream, contents: Contents, patches: Sequence[Patch], decisions: Decisions
) -> tuple[Outcome, ...]:
    """What becomes of each patch, up to the first that conflicts."""
    files = upstream.files.copy()
    outcomes: dict[int, Outcome] = {}
    places = {n: places_of(upstream, patch, decisions) for n, patch in enumerate(patches)}
    waiting: list[_Waiting] = []
    ended = len(patches)  # the number of the first that conflicts, once one does

    def end(number: int, outcome: Outcome) -> None:
        nonlocal ended
        outcomes[number] = outcome
        if outcome.verdict is PatchVerdict.CONFLICT:
            ended = min(ended, number)
        files.change(outcome.changes)

    def go_on(number: int, carrying: Carrying, merged: Merged | None) -> None:
        """Carry on until the patch is done or has something to merge."""
        try:
            merge = next(carrying) if merged is None else carrying.send(merged)
            waiting.append(_Waiting(number, places[number], carrying, merge))
        except StopIteration as stop:
            end(number, stop.value)

    pending = list(range(len(patches)))
    while pending or waiting:
        held = _Held()
        later = []
        for busy in waiting:
            held.add(busy.places)
        for number in pending:
            if number > ended:
                break
            if held.meets(places[number]):
                held.add(places[number])  # nothing may overtake it
                later.append(number)
            else:
                go_on(number, carry(upstream, contents, patches[number], files, decisions), None)
                if number not in outcomes:
                    held.add(places[number])
        pending = later
        wave, waiting[:] = list(waiting), []
        for busy, merged in zip(wave, _merge_all(contents, wave), strict=True):
            go_on(busy.number, busy.carrying, merged)
    return tuple(outcomes[number] for number in range(min(ended + 1, len(patches))))


def _merge_all(contents: Contents, wave: Sequence[_Waiting]) -> list[Merged]:
    repository = contents.repository
    sides = [(item.merge.base, item.merge.ours, item.merge.theirs) for item in wave]
    merges = [(contents.tree(b), contents.tree(o), contents.tree(t)) for b, o, t in sides]
    results = repository.merge_trees(merges, ("upstream", "the patch"))
    pairs = [(ours, result.tree) for (_, ours, _), result in zip(merges, results, strict=True)]
    found = []
    for result, changes in zip(results, repository.diff_trees(pairs), strict=True):
        gone = {c.path: None for c in changes if c.status == "D"}
        new = {c.path: (c.new_mode, c.new_id) for c in changes if c.status != "D"}
        found.append(Merged(result, {**gone, **new}))
    contents.load(new[1] for m in found if m.result.clean for new in m.changes.values() if new)
    return found


class _Held:
    """Paths that no other patch may touch yet, nor their folders and what lies below them."""

    def __init__(self) -> None:
        self.paths, self.above = set[str](), set[str]()

    def add(self, paths: set[str]) -> None:
        self.paths |= paths
        self.above |= _with_folders(paths)

    def meets(self, paths: set[str]) -> bool:
        if not self.paths:
            return False
        return not self.above.isdisjoint(paths) or not self.paths.isdisjoint(_with_folders(paths))


def _with_folders(paths: set[str]) -> set[str]:
    parts = [path.split("/") for path in paths]
    return {"/".join(names[:count]) for names in parts for count in range(1, len(names) + 1)}
