"""Whole-file overrides: a file of the port in place of one of upstream's.

An override is pinned to the upstream blob it was written against. When upstream's file is another,
the override still goes in, but it has drifted: a person has to look at what upstream changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from syncer.errors import SyncError
from syncer.git import Repository, check_path
from syncer.model import OverrideResult


class Override(Protocol):
    """An `[[override]]` of port.toml. `source` is a path in the port, `path` one in the component,
    `shadows` the blob id of the upstream file it was written against."""

    @property
    def component(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def shadows(self) -> str: ...


def apply_overrides(
    repository: Repository,
    component: str,
    tree: str,
    overrides: Iterable[Override],
    read_source: Callable[[str], bytes],
) -> tuple[str, tuple[OverrideResult, ...]]:
    """Put the overrides of `component` into its `tree`, each with the mode of the file it replaces.

    One whose file is not in the tree goes nowhere (`found` is None): upstream may have moved the
    code, and a second copy of it would hide that. `rename_candidate` says where it may be.

    Args:
        overrides: those of the port; others' components are passed over.
        read_source: the bytes of a `source`.

    Returns:
        The new tree's id, and a result for each override, in order.

    Raises:
        SyncError: two overrides of one file, an unsafe path, a path that is not a plain file.
    """
    own = [override for override in overrides if override.component == component]
    entries = {entry.path: entry for entry in repository.ls_tree(tree)}
    results: dict[str, OverrideResult] = {}
    changes: dict[str, tuple[str, str] | None] = {}
    for override in own:
        path = override.path
        check_path(path)
        if path in results:
            raise SyncError(
                f"{component}: {path} is overridden twice", hint="keep one [[override]]"
            )
        entry = entries.get(path)
        if entry is not None:
            if entry.mode not in ("100644", "100755"):
                raise SyncError(f"{component}: {path} is not a plain file upstream: no override")
            changes[path] = (entry.mode, repository.write_blob(read_source(override.source)))
        results[path] = OverrideResult(
            component=component,
            path=path,
            source=override.source,
            shadowed=override.shadows,
            found=None if entry is None else entry.id,
        )
    return repository.write_tree(tree, changes), tuple(results.values())


def rename_candidate(repository: Repository, tree: str, result: OverrideResult) -> str | None:
    """Where upstream may have moved the file a vanished override shadows: a file of the tree with
    the same content, else the most similar one of the same name (half its lines or more).

    None if there is none, or if the blobs it would take are not in the clone.
    """
    entries = [entry for entry in repository.ls_tree(tree) if entry.type == "blob"]
    same = [entry.path for entry in entries if entry.id == result.shadowed]
    if same:
        return same[0]
    name = result.path.rpartition("/")[2]
    named = [entry for entry in entries if entry.path.rpartition("/")[2] == name]
    if not named or repository.missing([result.shadowed, *(entry.id for entry in named)]):
        return None
    old = repository.write_tree(None, {result.path: ("100644", result.shadowed)})
    new = repository.write_tree(None, {entry.path: (entry.mode, entry.id) for entry in named})
    moves = [change.path for change in repository.diff_tree(old, new) if change.status == "R"]
    return moves[0] if moves else None
