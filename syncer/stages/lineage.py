"""The queue beside the accepted one: which patch became which, and how it changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncer.errors import SyncError
from syncer.git import Repository, blob_id, quarantine
from syncer.lock import Lock
from syncer.model import Descent, PatchResult, PatchVerdict, Pin, Rebased, Resolved
from syncer.port import Port
from syncer.queue.lineage import range_diff
from syncer.queue.listing import home_of
from syncer.queue.mail import Patch, encode, parse_patch
from syncer.queue.series import read_series
from syncer.queue.stack import LEAVING, commits, stack


def descents(
    port: Port,
    resolved: Resolved,
    rebased: Rebased,
    lock: Lock,
    repositories: Mapping[str, Repository],
) -> tuple[Descent, ...]:
    """The patches of each component whose accepted ones can still be told: their texts are the
    port's files of today, or in the history of its repository."""
    found: list[Descent] = []
    if not lock.carried:
        return ()
    for pin in resolved.pins:
        results = [item for item in rebased.patches if item.component == pin.name]
        if any(item.verdict is PatchVerdict.CONFLICT for item in results):
            continue
        series = read_series(
            port.at(port.toml.patches.folder), pin.name, context=port.toml.patches.context
        )
        before = _accepted(port, lock, pin.name, series)
        after = _after(series, results)
        repo, old = repositories[pin.name], lock.commits.get(pin.name)
        if before is None or old is None or not (before or after) or not repo.has(old):
            continue
        if [(p.subject, p.text) for p in before] == [(p.subject, p.text) for p in after]:
            found += [Descent(pin.name, "=", patch.subject) for patch in after]
            continue
        if not before or not after:  # range-diff takes no empty queue
            gone = [Descent(pin.name, "<", patch.subject) for patch in before]
            found += [*gone, *(Descent(pin.name, ">", patch.subject) for patch in after)]
            continue
        found += _compared(repo, pin, old, before, after)
    return tuple(found)


def _after(series: Sequence[Patch], results: Sequence[PatchResult]) -> list[Patch]:
    found = []
    for patch, result in zip(series, results, strict=False):
        if result.verdict in LEAVING:
            continue
        text = patch.text if result.refreshed is None else result.refreshed
        found.append(parse_patch(encode(text), patch.component, patch.file, context=patch.context))
    return found


def _accepted(
    port: Port, lock: Lock, component: str, series: Sequence[Patch]
) -> list[Patch] | None:
    """The patches as they were accepted; None where one's text is nowhere."""
    today = {patch.file: patch for patch in series}
    names = {
        name.partition("/")[2]: blob
        for name, blob in lock.carried.items()
        if ":" not in name and name.startswith(f"{component}/")
    }
    order = {file: number for number, file in enumerate(today)}
    home = home_of(port.root)
    found = []
    for file in sorted(names, key=lambda file: (order.get(file, len(order)), file)):
        if file in today and blob_id(encode(today[file].text)) == names[file]:
            found.append(today[file])
        elif home and home[0].has(names[file]):
            data = home[0].blob(names[file])
            found.append(parse_patch(data, component, file, context=port.toml.patches.context))
        else:
            return None
    return found


def _compared(
    repo: Repository, pin: Pin, old: str, before: Sequence[Patch], after: Sequence[Patch]
) -> tuple[Descent, ...]:
    if repo.rev_parse(pin.commit, "tree") != pin.tree:
        return ()  # upstream's own patch lies below; what it was then is not known
    try:
        with quarantine(repo) as work:
            one = (old, *commits(work, stack(work, before, old), old))
            two = (pin.commit, *commits(work, stack(work, after, pin.commit), pin.commit))
            return range_diff(work, pin.name, (one[0], one[-1]), (two[0], two[-1]))
    except SyncError:
        return ()  # a clone that lacks what the accepted patches were made from
