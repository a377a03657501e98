"""What upstream changed under the queue and the overrides, said so that a person can go on."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from syncer.errors import Exit, SyncError
from syncer.git import Touch
from syncer.model import OverrideResult, PatchResult, PatchVerdict, Rebased
from syncer.overrides import rename_candidate
from syncer.port import Port
from syncer.queue.conflict import Conflict, side_by_side
from syncer.queue.mail import Patch
from syncer.queue.rebase import rebase_component
from syncer.queue.resolutions import Decisions
from syncer.stages.drift import what_changed
from syncer.stages.since import Since

_MOST_REGIONS = 5


@dataclass(frozen=True)
class Stop:
    """One thing that needs a person. `what` is the patch's or the file's name, `needs` the upstream
    commit that has to be there for it to go away by itself, where this roll went back behind it."""

    what: str
    message: str
    hint: str
    detail: str = ""
    needs: Touch | None = None


def as_error(since: Since, stops: Sequence[Stop]) -> SyncError:
    """All of them as one error (CONFLICT), the first in full."""
    first, rest = stops[0], stops[1:]
    hint, needs = first.hint, [stop.needs for stop in stops if stop.needs]
    if rest and len(needs) == len(stops):
        newest = needs[0]
        for touch in needs[1:]:
            if since.repositories[since.upstream].is_ancestor(newest.commit, touch.commit):
                newest = touch
        hint = f"Roll to --upstream {newest.commit[:12]} or newer, or bring all of it over by hand."
    more = f". Not that alone: {', '.join(stop.what for stop in rest)}" if rest else ""
    lines = [first.detail]
    lines += [line for stop in rest for line in (stop.message, f"  → {stop.hint}", stop.detail)]
    return SyncError(
        first.message + more,
        hint=hint,
        exit=Exit.CONFLICT,
        detail="\n".join(filter(None, lines)),
    )


def queue_touches(since: Since, name: str, patches: Sequence[Patch]) -> tuple[Touch, ...]:
    """What upstream did to the patches' files since the blobs that they were made from."""
    known = {d.old_path: d.old_id for patch in reversed(patches) for d in patch.diffs if d.old_path}
    return tuple(t for path, blob in known.items() for t in since.touches_of(name, path, blob))


def conflict(
    since: Since,
    result: PatchResult,
    series: Sequence[Patch],
    decided: Decisions,
    found: Conflict | None,
    work: Path | None,
) -> Stop:
    """A patch of a component's series that conflicts; `work` is where it can be resolved."""
    name = result.component
    number = next(n for n, patch in enumerate(series) if patch.file == result.file)
    touched = [t for t in queue_touches(since, name, series) if t.path in result.conflicts]
    blamed = _blamed(since, name, series[: number + 1], decided, touched)
    message = f"{name}: {result.file} conflicts in {', '.join(result.conflicts)}"
    hint, needs = "", None
    if blamed and blamed.gained:
        message += f" since {since.named(name, blamed)}"
    elif blamed:
        needs = since.pinned_by(name, blamed)
        message += f", as long as upstream is without {since.named(name, blamed)}"
        hint = f"{since.roll_to(name, blamed)}, or: "
    hint += "Resolve it" + (f" in {work}" if work else " in the patch") + ", then `sync continue`; "
    hint += "or `sync skip`, `sync abort`."
    lines = [result.reason, since.detail(name, touched)]
    if found:
        regions = list(found.regions())
        lines += side_by_side(regions[:_MOST_REGIONS])
        if len(regions) > _MOST_REGIONS:
            lines.append(f"… and {len(regions) - _MOST_REGIONS} more places")
        if found.stages:
            lines.append("All sides, there: git show :1:PATH is the base, :2: upstream's, :3: ours")
    return Stop(result.file, message, hint, "\n".join(filter(None, lines)), needs)


def _blamed(
    since: Since,
    name: str,
    patches: Sequence[Patch],
    decided: Decisions,
    found: Sequence[Touch],
) -> Touch | None:
    """The first upstream commit that the last of the patches does not go over or, where this roll
    goes back, the first with which it would; of those that touched its files. Found by bisection,
    with the patches that have to do with it."""
    repo, base = since.repositories[name], since.lock.commits.get(name)
    if base and not repo.has(base):
        base = None
    mine = _related(patches)

    def conflicts(commit: str) -> bool:
        _, results = rebase_component(repo, mine, commit, base_commit=base, decisions=decided)
        return results[-1].verdict is PatchVerdict.CONFLICT

    try:
        ahead = [t for t in reversed(found) if t.gained]  # oldest first
        if ahead and conflicts(ahead[-1].commit):
            first = bisect_left(ahead, True, key=lambda touch: conflicts(touch.commit))
            return ahead[first]
        back = [t for t in found if not t.gained]
        return next((t for t in back if not conflicts(t.commit)), None)
    except SyncError:  # a blob that was never fetched
        return None


def _related(patches: Sequence[Patch]) -> list[Patch]:
    """The last of the patches, and those before it that lead to what it was made from."""
    kept: list[Patch] = []
    paths: set[str] = set()
    for patch in reversed(patches):
        mine = {path for d in patch.diffs for path in (d.old_path, d.new_path) if path}
        if not kept or not paths.isdisjoint(mine):
            kept.append(patch)
            paths |= mine
    return kept[::-1]


def vanished(port: Port, since: Since, rebased: Rebased, override: OverrideResult) -> Stop:
    """An override whose upstream file is not there."""
    repo, name = since.repositories[override.component], override.component
    gone = since.gone(name, override.path)
    moved = rename_candidate(repo, rebased.trees[name], override) or (gone[1] if gone else None)
    message = f"{name}: upstream no longer has {override.path}, which {override.source} overrides"
    if gone and not gone[0].gained:
        message = f"{name}: upstream does not have {override.path} yet, which {override.source} "
        message += f"overrides; it came with {since.named(name, gone[0])}"
        hint = f"{since.roll_to(name, gone[0])}, or drop the [[override]] in {port.file.name}."
        return Stop(override.path, message, hint, needs=since.pinned_by(name, gone[0]))
    message += f"; it was deleted with {since.named(name, gone[0])}" if gone else ""
    hint = f"Find where its code went, or drop the [[override]] in {port.file.name}."
    if moved:
        hint = f"It may be {moved} now; follow it: sync overrides accept {override.path} "
        hint += f"--moved-to {moved}"
    return Stop(override.path, message, hint)


def drifted(port: Port, since: Since, override: OverrideResult) -> Stop:
    """An override of another blob than the one it was written against."""
    name, path = override.component, override.path
    found = since.touches_of(name, path, override.shadowed)
    detail = since.detail(name, found)
    blobs = f"(blob {override.shadowed[:12]} → {(override.found or '')[:12]})"
    if found and not found[0].gained:
        message = f"{name}: {path} is older {blobs} than {override.source} was written for; "
        message += f"that came with {since.named(name, found[-1])}"
        hint = f"{since.roll_to(name, found[-1])}, or write an override for this one."
        return Stop(path, message, hint, detail, since.pinned_by(name, found[-1]))
    message = f"{name}: upstream changed {path} under {override.source} {blobs}"
    if found:
        message += f" with {since.named(name, found[0])}"
        more = len(found) - 1
        message += f" and {more} earlier commit{'s' if more > 1 else ''}" if more else ""
    hint = f"Decide: `sync overrides accept {path}` keeps the port's file and pins the new blob, "
    hint += "`sync overrides merge PATH` brings upstream's change into it."
    repo, old = since.repositories[name], since.lock.commits.get(name)
    lines = [detail, *what_changed(repo, override, old, since.commit(name))]
    return Stop(path, message, hint, "\n".join(filter(None, lines)))
