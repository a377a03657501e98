"""No change of the port's is lost on the way: each patch and override is followed from the queue
to the generated tree, the compiled objects and the linked programs.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path

from syncer.errors import Exit, SyncError
from syncer.git import Repository, blob_id
from syncer.model import (
    BuildResult,
    Changed,
    Effect,
    PatchResult,
    PatchVerdict,
    Rebased,
    Resolved,
)
from syncer.port import Port
from syncer.tree.checkout import SOURCE_SUFFIXES
from syncer.tree.places import place_of

_HEADER_SUFFIXES = (".h", ".hh", ".hpp")


def check_carried(port: Port, rebased: Rebased) -> None:
    """Raises SyncError (CONFLICT) for an override that changes nothing, and for a patch whose
    change an override replaces: neither would be in the tree."""
    for override in rebased.overrides:
        mine = rebased.carried.get(f"{override.component}:{override.path}")
        if mine == override.found:
            raise SyncError(
                f"{override.source} is upstream's own {override.path} to the byte: as an override "
                "it changes nothing",
                hint="Restore the port's version of it; or, if upstream has absorbed it, drop the "
                f"[[override]] in {port.file.name}.",
                exit=Exit.CONFLICT,
            )
        for patch in _in_force(rebased, override.component):
            if override.path in patch.paths:
                folder = f"{port.toml.patches.folder}/{patch.component}"
                raise SyncError(
                    f"{folder}/{patch.file} changes {override.path}, and {override.source} "
                    "replaces that file: the patch's change is lost",
                    hint=f"Take the change into {override.source} and out of the patch.",
                    exit=Exit.CONFLICT,
                )


def changed_paths(
    port: Port, resolved: Resolved, rebased: Rebased, repositories: Mapping[str, Repository]
) -> tuple[Changed, ...]:
    """Every file in which the port's trees differ from upstream's, and who changed it."""
    found = []
    for pin in resolved.pins:
        folder = f"{port.toml.patches.folder}/{pin.name}"
        patches = _in_force(rebased, pin.name)
        overrides = {o.path: o for o in rebased.overrides if o.component == pin.name}
        tree = rebased.trees[pin.name]
        for change in repositories[pin.name].diff_tree(pin.tree, tree, renames=None):
            override = overrides.get(change.path)
            by = [f"{folder}/{patch.file}" for patch in patches if change.path in patch.paths]
            # A patch that was merged may reach a file that it does not name.
            by = [override.source] if override else by or [f"{folder}/{p.file}" for p in patches]
            found.append(
                Changed(
                    component=pin.name,
                    path=change.path,
                    by=tuple(by),
                    place=place_of(port, pin.name, change.path),
                    override=override is not None,
                    code=change.status != "D"
                    and change.path.endswith((*SOURCE_SUFFIXES, *_HEADER_SUFFIXES)),
                )
            )
    return tuple(found)


def _in_force(rebased: Rebased, component: str) -> list[PatchResult]:
    """The component's patches that change anything: not those that are leaving the queue."""
    changing = (PatchVerdict.CLEAN, PatchVerdict.MERGED, PatchVerdict.RESOLVED)
    return [p for p in rebased.patches if p.component == component and p.verdict in changing]


def check_tree(
    port: Port,
    changed: tuple[Changed, ...],
    rebased: Rebased,
    repositories: Mapping[str, Repository],
    tree: Path,
) -> None:
    """Raises SyncError (BUILD) where the generated tree does not hold a changed file just as the
    queue leaves it. What is neither source nor header (a makefile, a script) need not be there:
    it has had its effect on what is listed."""
    ids = {
        (name, entry.path): entry.id
        for name in {item.component for item in changed}
        for entry in repositories[name].ls_tree(rebased.trees[name])
    }
    for item in changed:
        file, wanted = tree / item.place, ids.get((item.component, item.path))
        there = blob_id(file.read_bytes()) if file.is_file() else None
        if there == wanted or (there is None and not item.code):
            continue
        raise SyncError(
            f"{_names(item)} is lost in the tree: {_why_not_there(port, item, there)}",
            hint=f"Let it in (tree.extra, or a firmware's sources, in {port.file.name}), or take "
            f"{item.path} out of {item.by[0]}.",
            exit=Exit.BUILD,
        )


def _names(item: Changed | Effect) -> str:
    return f"{', '.join(item.by)} (for {item.component}: {item.path})"


def _why_not_there(port: Port, item: Changed, there: str | None) -> str:
    toml = port.toml
    if there is not None:
        arrays = [f"{array.to}{end}" for array in toml.tree.array for end in (".h", ".cc")]
        made = {item.place: "tree.own"} | dict.fromkeys(arrays, "tree.array")
        made |= {template.to: "tree.template" for template in toml.tree.template}
        return f"{made[item.place]} puts another file at {item.place}"
    if not port.needs(item.component, item.path):
        return f"`only` of {item.component} leaves it out"
    listed = item.path
    if item.component != toml.upstream.name:
        path = next(c.path for c in toml.component if c.name == item.component)
        listed = f"{toml.tree.downloads}/{path}/{item.path}"
    for pattern in toml.tree.exclude:
        if fnmatch(listed, pattern):
            return f"tree.exclude has {pattern!r}, which fits it"
    return f"upstream's {toml.tree.makefile} does not list it"


def check_effects(port: Port, built: BuildResult) -> None:
    """Raises SyncError (BUILD) for a changed source or header that no object is compiled of, that
    no program holds, or whose functions another file's took the place of."""
    for effect in built.effects:
        source = effect.place.endswith(SOURCE_SUFFIXES)
        what = ""
        if not effect.objects:
            what = "is lost in the build: " + (
                f"{effect.place} is in the tree, and nothing is compiled of it"
                if source
                else f"no source that is compiled includes {effect.place}"
            )
            hint = "Give it to a target in the port's CMake template, or take it out of the port."
        elif effect.displaced:
            what = f"is lost in the linked program: {effect.displaced[0]}"
            hint = "Two files define it, and the linker took the other: leave out one of them."
        elif not effect.programs:
            what = "is lost in the linked programs: it is compiled, and no program has code of it"
            hint = (
                "No benchmark, check or test uses it, so nobody would notice what it does: name a "
                f"[[firmware]] in {port.file.name} that does, or take it out of the port."
            )
        if what:
            raise SyncError(
                f"{_names(effect)} {what}",
                hint=hint,
                exit=Exit.BUILD,
                detail="\n".join(effect.displaced[1:]),
            )
