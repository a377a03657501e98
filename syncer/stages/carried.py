"""What the port carries, patch by patch and override by override, as the lock remembers it: so
that one that vanishes from the port is seen even if nothing else fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from syncer.errors import SyncError
from syncer.files import checkout_of
from syncer.git import Repository, blob_id
from syncer.lock import Lock
from syncer.model import OverrideResult, PatchResult, PatchVerdict, Rebased
from syncer.port import Port
from syncer.queue.mail import Patch, encode, parse_patch
from syncer.queue.rebase import rebase_component

_LEAVING = (PatchVerdict.ABSORBED, PatchVerdict.DROPPED, PatchVerdict.EMPTIED)


def carried_patches(series: Iterable[Patch], results: Iterable[PatchResult]) -> dict[str, str]:
    """The patches that stay, "component/file", with the blob that their file is or becomes."""
    text = {patch.file: patch.text for patch in series}
    return {
        f"{item.component}/{item.file}": blob_id(encode(item.refreshed or text[item.file]))
        for item in results
        if item.verdict not in (*_LEAVING, PatchVerdict.SKIPPED)
    }


def carried_overrides(
    overrides: Iterable[OverrideResult], read: Callable[[str], bytes]
) -> dict[str, str]:
    """The overrides, "component:path", with the blob of the port's file."""
    return {f"{item.component}:{item.path}": blob_id(read(item.source)) for item in overrides}


def gone(
    port: Port, rebased: Rebased, lock: Lock, repositories: Mapping[str, Repository]
) -> tuple[str, ...]:
    """What the lock carries and the port does not any more, though its effect is nowhere in the
    new trees. One that only has another name, or whose change upstream or another patch has now,
    is not gone."""
    leaving = {f"{p.component}/{p.file}" for p in rebased.patches if p.verdict in _LEAVING}
    stopped = {p.component for p in rebased.patches if p.verdict is PatchVerdict.CONFLICT}
    missing = []
    for name, blob in lock.carried.items():
        component = name.split(":")[0].split("/")[0]
        if name in rebased.carried or name in leaving or component in stopped:
            continue
        repo, tree = repositories.get(component), rebased.trees.get(component)
        if repo is None or tree is None:
            missing.append(name)
        elif blob in {id for key, id in rebased.carried.items() if _alike(key, name)}:
            continue
        elif ":" in name:
            if blob not in {entry.id for entry in repo.ls_tree(tree)}:
                missing.append(name)
        elif not _in_effect(port, repo, tree, name, blob):
            missing.append(name)
    return tuple(sorted(missing))


def _alike(one: str, other: str) -> bool:
    """Whether both are patches, or both overrides, of one component."""
    return (":" in one) == (":" in other) and one.split(":")[0].split("/")[0] == (
        other.split(":")[0].split("/")[0]
    )


def _in_effect(port: Port, repo: Repository, tree: str, name: str, blob: str) -> bool:
    """Whether the tree has what a patch that is gone would make of it. Its text is in the
    history of the port's own repository, if it is there."""
    component, _, file = name.partition("/")
    home = checkout_of(port.root)
    try:
        if home is None or not Repository(home).has(blob):
            return False
        context = port.toml.patches.context
        patch = parse_patch(Repository(home).blob(blob), component, file, context=context)
        commit = repo.commit_tree(tree)
        (result,) = rebase_component(repo, [patch], commit)[1]
    except SyncError:
        return False  # it cannot be tried, so nothing is known of it
    return result.verdict is PatchVerdict.ABSORBED
