"""The queue and the overrides, moved onto the new commits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from syncer.errors import Exit, SyncError
from syncer.git import Repository
from syncer.lock import Lock
from syncer.model import OverrideResult, PatchResult, PatchVerdict, Pin, Rebased, Resolved
from syncer.overrides import apply_overrides
from syncer.port import Port
from syncer.queue.conflict import find_conflict
from syncer.queue.mail import Patch
from syncer.queue.rebase import rebase_component, required_blobs
from syncer.queue.resolutions import FOLDER
from syncer.queue.series import read_series
from syncer.stages.carried import carried_overrides, carried_patches, gone
from syncer.stages.conflicts import close_others, decisions, open_conflict
from syncer.stages.lineage import descents
from syncer.stages.notable import notable
from syncer.stages.since import Since
from syncer.stages.stops import Stop, as_error, conflict, drifted, queue_touches, vanished


def blobs_for_rebase(
    port: Port, resolved: Resolved, lock: Lock, repositories: Mapping[str, Repository]
) -> dict[str, tuple[str, ...]]:
    """Blobs beyond the new commits' own that `rebase` will read, by repository: what patches were
    made from. A partial clone has to fetch them while it still can."""
    needed = {}
    for pin in resolved.pins:
        repo = repositories[pin.name]
        series = _series(port, pin)
        base = _known(repo, lock.commits.get(pin.name))
        needed[pin.name] = required_blobs(
            *(repo, series, _target(repo, pin)),
            base_commit=base,
            decisions=decisions(port, pin.name),
        )
        needed[pin.name] += tuple(
            item.shadows for item in port.toml.override if item.component == pin.name
        )
    since = Since(port, resolved, lock, repositories)
    moved = [move.name for move in resolved.moves if move.old != move.new]
    needed[since.upstream] += since.pin_blobs(moved)
    for pin in resolved.pins:
        if pin.name in moved:
            found = queue_touches(since, pin.name, _series(port, pin))
            needed[pin.name] += tuple(i for t in found for i in (t.before, t.after) if i)
    return needed


def rebase(
    port: Port,
    resolved: Resolved,
    lock: Lock,
    repositories: Mapping[str, Repository],
    skipped: Collection[str] = (),
) -> Rebased:
    """Move the queue onto the new commits, component by component, and lay the overrides over it.
    A conflict ends the component's queue there; it is in the result, not raised. `skipped` are the
    patches ("component/file") that this roll goes without."""
    trees: dict[str, str] = {}
    patches: list[PatchResult] = []
    overrides: list[OverrideResult] = []
    carried: dict[str, str] = {}
    for pin in resolved.pins:
        repo = repositories[pin.name]
        base = _known(repo, lock.commits.get(pin.name))
        series = _series(port, pin)
        tree, results = rebase_component(
            *(repo, series, _target(repo, pin)),
            base_commit=base,
            decisions=decisions(port, pin.name, skipped),
        )
        patches += results
        carried |= carried_patches(series, results)
        tree, laid = apply_overrides(repo, pin.name, tree, port.toml.override, port.read)
        overrides += laid
        trees[pin.name] = tree
    carried |= carried_overrides(overrides, port.read)
    rebased = Rebased(trees, tuple(patches), tuple(overrides), carried)
    return replace(
        rebased,
        gone=gone(port, rebased, lock, repositories),
        notable=notable(Since(port, resolved, lock, repositories), patches, overrides),
        lineage=descents(port, resolved, rebased, lock, repositories),
    )


def check_folders(port: Port, resolved: Resolved) -> None:
    """Raises SyncError for a folder of patches that belongs to no component: it would otherwise
    be passed over without a word."""
    folder = port.at(port.toml.patches.folder)
    known = {port.toml.upstream.name, *(component.name for component in port.toml.component)}
    for name in sorted(known.difference(pin.name for pin in resolved.pins)):
        if read_series(folder, name, context=port.toml.patches.context):
            raise SyncError(
                f"{name}: upstream no longer uses it, but {folder / name} changes it",
                hint="Drop those patches, or do not call the component optional.",
                exit=Exit.CONFLICT,
            )
    for file in (folder / name for name in sorted(known) if (folder / name).is_file()):
        raise SyncError(
            f"{file} is a file; a component's patches lie in a folder of its name",
            hint="Make it a folder with a `series` and the patches, or remove it.",
        )
    for place in sorted(folder.iterdir()) if folder.is_dir() else ():
        expected = place.name in known or place.name == FOLDER
        if place.is_dir() and not expected and any(place.iterdir()):
            raise SyncError(
                f"{place} belongs to no component of {port.file}",
                hint=f"Rename it to one of {', '.join(sorted(known))}, or remove it.",
            )


def _series(port: Port, pin: Pin) -> tuple[Patch, ...]:
    patches = port.toml.patches
    return read_series(port.at(patches.folder), pin.name, context=patches.context)


def _known(repo: Repository, commit: str | None) -> str | None:
    return commit if commit and repo.has(commit) else None


def _target(repo: Repository, pin: Pin) -> str:
    """The commit the queue goes onto: the pinned one or, where upstream itself patches it, one
    of that content on top of it."""
    if repo.rev_parse(pin.commit, "tree") == pin.tree:
        return pin.commit
    return repo.commit_tree(pin.tree, [pin.commit])


def check_rebase(port: Port, rebased: Rebased, since: Since, skipped: Collection[str] = ()) -> None:
    """Raises SyncError (CONFLICT) for a patch that conflicts or an override whose upstream file
    changed: both need a person. It names the upstream commit that is to blame and, of a patch,
    where it can be resolved."""
    stops, stopped = [], set()
    for result in rebased.patches:
        if result.verdict is PatchVerdict.CONFLICT:
            stopped.add(result.component)
            stops.append(_conflict(port, since, result, skipped))
    close_others(port, stopped)
    for override in rebased.overrides:
        if override.found is None:
            stops.append(vanished(port, since, rebased, override))
        elif override.drifted:
            stops.append(drifted(port, since, override))
    if stops:
        raise as_error(since, stops)


def _conflict(port: Port, since: Since, result: PatchResult, skipped: Collection[str]) -> Stop:
    pin = next(pin for pin in since.resolved.pins if pin.name == result.component)
    repo, series = since.repositories[pin.name], _series(port, pin)
    decided = decisions(port, pin.name, skipped)
    accepted = _known(repo, since.lock.commits.get(pin.name))
    found = find_conflict(repo, series, _target(repo, pin), base_commit=accepted, decisions=decided)
    if found is None:  # what was stored of the rebase is of other decisions
        return conflict(since, result, series, decided, None, None)
    worktree = open_conflict(port, found, accepted, pin.commit, repo)
    return conflict(since, result, series, decided, found, worktree.work)
