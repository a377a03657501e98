"""Upstream's commits that touch what the port changes: those a maintainer should read."""

from __future__ import annotations

from collections.abc import Iterable

from syncer.model import Notable, OverrideResult, PatchResult
from syncer.stages.since import Since


def notable(
    since: Since, patches: Iterable[PatchResult], overrides: Iterable[OverrideResult]
) -> tuple[Notable, ...]:
    """The commits between the accepted ones and this roll's under patches and overrides, by
    component, nearest to the new commit first; none on a first roll."""
    owners: dict[str, dict[str, list[str]]] = {}
    for patch in patches:
        for path in patch.paths:
            owners.setdefault(patch.component, {}).setdefault(path, []).append(patch.file)
    for override in overrides:
        files = owners.setdefault(override.component, {})
        files.setdefault(override.path, []).append(override.source)
    found: list[Notable] = []
    for name, files in owners.items():
        accepted = since.lock.commits.get(name)
        if accepted is None or not since.repositories[name].has(accepted):
            continue
        paths: dict[str, list[str]] = {}
        touches = since.touches(name, list(files))
        for touch in touches:
            paths.setdefault(touch.commit, []).append(touch.path)
        for touch in {touch.commit: touch for touch in touches}.values():
            touched = tuple(dict.fromkeys(paths[touch.commit]))
            by = tuple(dict.fromkeys(file for path in touched for file in files.get(path, ())))
            found.append(
                Notable(name, touch.commit, touch.date, touch.subject, touched, by, touch.gained)
            )
    return tuple(found)
