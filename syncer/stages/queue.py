"""The queue and the overrides, moved onto the new commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from syncer.errors import Exit, SyncError
from syncer.git import Repository, Touch
from syncer.lock import Lock
from syncer.model import OverrideResult, PatchResult, PatchVerdict, Pin, Rebased, Resolved
from syncer.overrides import apply_overrides, rename_candidate
from syncer.port import Port
from syncer.queue.mail import Patch
from syncer.queue.rebase import rebase_component, required_blobs
from syncer.queue.series import read_series
from syncer.stages.carried import carried_overrides, carried_patches, gone
from syncer.stages.since import Since


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
        needed[pin.name] = required_blobs(repo, series, _target(repo, pin), base_commit=base)
    since = Since(port, resolved, lock, repositories)
    moved = [move.name for move in resolved.moves if move.old != move.new]
    needed[since.upstream] += since.pin_blobs(moved)
    for pin in resolved.pins:
        if pin.name in moved:
            found = _touches(since, pin.name, _series(port, pin))
            needed[pin.name] += tuple(i for t in found for i in (t.before, t.after) if i)
    return needed


def rebase(
    port: Port, resolved: Resolved, lock: Lock, repositories: Mapping[str, Repository]
) -> Rebased:
    """Move the queue onto the new commits, component by component, and lay the overrides over it.
    A conflict ends the component's queue there; it is in the result, not raised."""
    trees: dict[str, str] = {}
    patches: list[PatchResult] = []
    overrides: list[OverrideResult] = []
    carried: dict[str, str] = {}
    for pin in resolved.pins:
        repo = repositories[pin.name]
        base = _known(repo, lock.commits.get(pin.name))
        series = _series(port, pin)
        tree, results = rebase_component(repo, series, _target(repo, pin), base_commit=base)
        patches += results
        carried |= carried_patches(series, results)
        tree, laid = apply_overrides(repo, pin.name, tree, port.toml.override, port.read)
        overrides += laid
        trees[pin.name] = tree
    carried |= carried_overrides(overrides, port.read)
    rebased = Rebased(trees, tuple(patches), tuple(overrides), carried)
    return replace(rebased, gone=gone(port, rebased, lock, repositories))


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
    for place in sorted(folder.iterdir()) if folder.is_dir() else ():
        if place.is_dir() and place.name not in known and any(place.iterdir()):
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


def check_rebase(port: Port, rebased: Rebased, since: Since) -> None:
    """Raises SyncError (CONFLICT) for a patch that conflicts or an override whose upstream file
    changed: both need a person. It names the upstream commit that is to blame."""
    for patch in rebased.patches:
        if patch.verdict is PatchVerdict.CONFLICT:
            raise _conflict(port, patch, since)
    for override in rebased.overrides:
        if override.found is None:
            raise _vanished(port, rebased, override, since)
        if override.drifted:
            raise _drifted(port, override, since)


def _conflict(port: Port, result: PatchResult, since: Since) -> SyncError:
    name = result.component
    patches = _series(port, next(pin for pin in since.resolved.pins if pin.name == name))
    number = next(n for n, patch in enumerate(patches) if patch.file == result.file)
    found = [t for t in _touches(since, name, patches) if t.path in result.conflicts]
    blamed = _blamed(since, name, patches[: number + 1], found)
    message = f"{name}: {result.file} conflicts in {', '.join(result.conflicts)}"
    hint = "Bring the patch to the new upstream by hand, or roll to an older --upstream."
    if blamed and blamed.gained:
        message += f" since {since.named(name, blamed)}"
        hint = f"Bring the patch over {blamed.commit[:12]} by hand, or roll to an --upstream "
        hint += "before it."
    elif blamed:
        message += f", as long as upstream is without {since.named(name, blamed)}"
        hint = f"{since.roll_to(name, blamed)}, or write a patch for this one."
    return SyncError(
        message,
        hint=hint,
        exit=Exit.CONFLICT,
        detail="\n".join(filter(None, (result.reason, since.detail(name, found)))),
    )


def _touches(since: Since, name: str, patches: Sequence[Patch]) -> tuple[Touch, ...]:
    """What upstream did to the patches' files since the blobs that they were made from."""
    known = {d.old_path: d.old_id for patch in reversed(patches) for d in patch.diffs if d.old_path}
    return tuple(t for path, blob in known.items() for t in since.touches_of(name, path, blob))


def _blamed(
    since: Since, name: str, patches: Sequence[Patch], found: Sequence[Touch]
) -> Touch | None:
    """The first upstream commit that the last of the patches does not go over or, where this roll
    goes back, the first with which it would; of those that touched its files."""
    repo, base = (
        since.repositories[name],
        _known(since.repositories[name], since.lock.commits.get(name)),
    )

    def conflicts(commit: str) -> bool:
        _, results = rebase_component(repo, patches, commit, base_commit=base)
        return results[-1].verdict is PatchVerdict.CONFLICT

    try:
        ahead = [t for t in reversed(found) if t.gained and conflicts(t.commit)]
        back = [t for t in found if not t.gained and not conflicts(t.commit)]
    except SyncError:  # a blob that was never fetched
        return None
    return next(iter(ahead + back), None)


def _others(count: int, when: str) -> str:
    return f" and {count} {when} commit{'s' if count > 1 else ''}" if count > 0 else ""


def _vanished(port: Port, rebased: Rebased, override: OverrideResult, since: Since) -> SyncError:
    repo, name = since.repositories[override.component], override.component
    gone = since.gone(name, override.path)
    moved = rename_candidate(repo, rebased.trees[name], override) or (gone[1] if gone else None)
    where = f"It may be {moved} now; follow it in {port.file.name}." if moved else ""
    if gone and not gone[0].gained:
        message = f"{name}: upstream does not have {override.path} yet, which {override.source} "
        message += f"overrides: it came with {since.named(name, gone[0])}"
        where = f"{since.roll_to(name, gone[0])}, or drop the [[override]] in {port.file.name}."
    else:
        message = f"{name}: upstream no longer has {override.path}, which {override.source} "
        message += "overrides"
        message += f"; it was deleted with {since.named(name, gone[0])}" if gone else ""
    return SyncError(
        message,
        hint=where or f"Find where its code went, or drop the [[override]] in {port.file.name}.",
        exit=Exit.CONFLICT,
    )


def _drifted(port: Port, override: OverrideResult, since: Since) -> SyncError:
    name, path = override.component, override.path
    found = since.touches_of(name, path, override.shadowed)
    blobs = f"(blob {override.shadowed[:12]} → {(override.found or '')[:12]})"
    if found and not found[0].gained:
        message = f"{name}: {path} is older {blobs} than {override.source} was written for; "
        message += f"that came with {since.named(name, found[-1])}"
        hint = f"{since.roll_to(name, found[-1])}, or write an override for this one."
    else:
        message = f"{name}: upstream changed {path} under {override.source} {blobs}"
        if found:
            message += f" with {since.named(name, found[0])}"
            message += _others(len(found) - 1, "earlier")
        hint = "Take upstream's change into the override, then set `shadows` in "
        hint += f"{port.file.name} to {override.found}."
    return SyncError(message, hint=hint, exit=Exit.CONFLICT, detail=since.detail(name, found))
