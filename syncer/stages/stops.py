"""What upstream changed under the queue and the overrides, said so that a person can go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from syncer.errors import Exit, SyncError
from syncer.git import Touch
from syncer.model import OverrideResult, PatchResult, PatchVerdict, Rebased
from syncer.overrides import rename_candidate
from syncer.port import Port
from syncer.queue.mail import Patch
from syncer.queue.rebase import rebase_component
from syncer.stages.since import Since


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


def conflict(since: Since, result: PatchResult, series: Sequence[Patch]) -> Stop:
    """A patch of a component's series that conflicts."""
    name = result.component
    number = next(n for n, patch in enumerate(series) if patch.file == result.file)
    found = [t for t in queue_touches(since, name, series) if t.path in result.conflicts]
    blamed = _blamed(since, name, series[: number + 1], found)
    message = f"{name}: {result.file} conflicts in {', '.join(result.conflicts)}"
    hint, needs = "Bring it to the new upstream by hand, or roll to an older --upstream.", None
    if blamed and blamed.gained:
        message += f" since {since.named(name, blamed)}"
        hint = f"Bring the patch over {blamed.commit[:12]} by hand, or roll to an --upstream "
        hint += "before it."
    elif blamed:
        needs = since.pinned_by(name, blamed)
        message += f", as long as upstream is without {since.named(name, blamed)}"
        hint = f"{since.roll_to(name, blamed)}, or write a patch for this one."
    detail = "\n".join(filter(None, (result.reason, since.detail(name, found))))
    return Stop(result.file, message, hint, detail, needs)


def _blamed(
    since: Since, name: str, patches: Sequence[Patch], found: Sequence[Touch]
) -> Touch | None:
    """The first upstream commit that the last of the patches does not go over or, where this roll
    goes back, the first with which it would; of those that touched its files."""
    repo, base = since.repositories[name], since.lock.commits.get(name)
    if base and not repo.has(base):
        base = None

    def conflicts(commit: str) -> bool:
        _, results = rebase_component(repo, patches, commit, base_commit=base)
        return results[-1].verdict is PatchVerdict.CONFLICT

    try:
        ahead = (t for t in reversed(found) if t.gained and conflicts(t.commit))
        back = (t for t in found if not t.gained and not conflicts(t.commit))
        return next(ahead, None) or next(back, None)
    except SyncError:  # a blob that was never fetched
        return None


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
        hint = f"It may be {moved} now; follow it in {port.file.name}."
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
    hint = "Take upstream's change into the override, then set `shadows` in "
    hint += f"{port.file.name} to {override.found}."
    return Stop(path, message, hint, detail)
