"""The queue beside what was accepted, from the clones alone: nothing here asks a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from syncer.components import Source, chosen, is_whole, repository, resolve
from syncer.errors import Exit, SyncError
from syncer.git import Repository, blob_id
from syncer.lock import Lock
from syncer.model import PatchVerdict, Pin, Rebased, Resolved
from syncer.port import Port
from syncer.queue.mail import Patch, encode
from syncer.queue.series import read_series
from syncer.stages.queue import check_folders, rebase


@dataclass(frozen=True)
class Accepted:
    """What the lock stands for, in the clones: its commits and the repositories that have them."""

    resolved: Resolved
    repositories: Mapping[str, Repository]

    def pin(self, name: str) -> Pin:
        """The commit of a component. Raises SyncError if there is none of that name."""
        for pin in self.resolved.pins:
            if pin.name == name:
                return pin
        known = ", ".join(pin.name for pin in self.resolved.pins)
        raise SyncError(f"there is no component {name!r}", hint=f"There are: {known}.")


def accepted(port: Port, lock: Lock, found: Mapping[str, Source]) -> Accepted:
    """The state that the lock names, without a network.

    Raises:
        SyncError: nothing was accepted; (ENVIRONMENT) the clones do not have all of it.
    """
    upstream = port.toml.upstream.name
    commit = lock.commits.get(upstream)
    if commit is None:
        raise SyncError(
            f"{port.lock_file} names no commit of {upstream}: nothing was accepted yet",
            hint="Roll once and accept it: sync, then sync accept",
        )
    # A clone that stands for its own origin: whatever is missing, is.
    local = {name: _local(source) for name, source in found.items()}
    try:
        clone = found[upstream].clone
        if not clone.is_dir() or not repository(found[upstream]).has(commit):
            raise SyncError(f"{clone} has no commit {commit}", exit=Exit.ENVIRONMENT)
        resolved = resolve(port, lock, local, commit)
        if not is_whole(port, chosen(local, resolved), resolved):
            raise SyncError("some files of it are missing", exit=Exit.ENVIRONMENT)
    except SyncError as error:
        if error.exit is not Exit.ENVIRONMENT:
            raise
        raise SyncError(
            f"the clones in {found[upstream].clone.parent} do not have all of {upstream} "
            f"{commit[:12]}, which {port.lock_file.name} names",
            hint=f"Have them fetched: sync --until rebase --upstream {commit}",
            exit=Exit.ENVIRONMENT,
            detail="\n".join(filter(None, (error.message, error.detail))),
        ) from None
    used = chosen(local, resolved)
    return Accepted(resolved, {name: repository(source) for name, source in used.items()})


def _local(source: Source) -> Source:
    others = tuple(_local(other) for other in source.others)
    return replace(source, place=str(source.clone), others=others)


class Kind:
    """What may be said of a part of the queue; the first three are wrong."""

    CONFLICT = "conflict"
    DRIFTED = "drifted"
    GONE = "gone"
    CHANGED = "changed since accepted"
    NEW = "new since accepted"
    LEAVING = "leaving"


@dataclass(frozen=True)
class Finding:
    """Something about a patch ("component/file") or an override ("component:path")."""

    name: str
    kind: str
    said: str = ""

    @property
    def exit(self) -> Exit:
        """The status that `sync queue check` ends with because of it."""
        exits = {Kind.CONFLICT: Exit.CONFLICT, Kind.DRIFTED: Exit.CONFLICT, Kind.GONE: Exit.GATE}
        return exits.get(self.kind, Exit.OK)


def check_queue(port: Port, lock: Lock, state: Accepted) -> tuple[Finding, ...]:
    """How the queue and the overrides of today stand to what was accepted.

    Raises:
        SyncError: a series, a patch or an override that cannot be read at all.
    """
    check_folders(port, state.resolved)
    rebased = rebase(port, state.resolved, lock, state.repositories)
    found: list[Finding] = []
    for result in rebased.patches:
        name = f"{result.component}/{result.file}"
        if result.verdict is PatchVerdict.CONFLICT:
            said = result.reason or ", ".join(result.conflicts)
            found.append(Finding(name, Kind.CONFLICT, said))
        elif result.verdict is not PatchVerdict.CLEAN and result.verdict is not PatchVerdict.MERGED:
            said = f"{result.verdict}: {result.reason}" if result.reason else str(result.verdict)
            found.append(Finding(name, Kind.LEAVING, said))
    for override in rebased.overrides:
        name = f"{override.component}:{override.path}"
        if override.found is None:
            found.append(Finding(name, Kind.DRIFTED, "upstream has no such file there"))
        elif override.drifted:
            said = f"shadows {override.shadowed[:12]}, upstream has {override.found[:12]}"
            found.append(Finding(name, Kind.DRIFTED, said))
    found += _since(lock, rebased, _files(port, state.resolved))
    return tuple(found)


def _files(port: Port, resolved: Resolved) -> dict[str, str]:
    """The blob of each patch file as it lies there, by "component/file"."""
    return {
        patch.name: blob_id(encode(patch.text))
        for pin in resolved.pins
        for patch in series_of(port, pin.name)
    }


def series_of(port: Port, component: str) -> tuple[Patch, ...]:
    """The patches that the port has for a component."""
    patches = port.toml.patches
    return read_series(port.at(patches.folder), component, context=patches.context)


def _since(lock: Lock, rebased: Rebased, files: dict[str, str]) -> list[Finding]:
    found = [Finding(name, Kind.GONE, "its effect is nowhere") for name in rebased.gone]
    overrides = {name: id for name, id in rebased.carried.items() if ":" in name}
    for name, id in sorted((files | overrides).items()):
        if lock.carried and name not in lock.carried:
            found.append(Finding(name, Kind.NEW))
        elif lock.carried.get(name, id) != id:
            found.append(Finding(name, Kind.CHANGED))
    return found
