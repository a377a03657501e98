"""What a port's state and the cache take on the disk, and freeing it. Only what a roll makes again
is ever removed, by name: a person's edits, records and whatever else is there stay."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from syncer import clones
from syncer.components import sources
from syncer.durable import remove_folder
from syncer.forge.dryrun import DryRun
from syncer.journal import Journal
from syncer.model import TreeResult
from syncer.pipeline.order import order_of
from syncer.port import Port
from syncer.tree.digest import tree_digest

_RESULTS = ("tree", "publish", "bundles", "stages", "host")


@dataclass(frozen=True)
class Folder:
    """A folder that can be freed, with the bytes of its files; or, where `kept` says why, not."""

    path: Path
    bytes: int
    kept: str = ""


def clean(port: Port, *, results: bool, cache: bool, dry_run: bool) -> tuple[Folder, ...]:
    """Free the folders that a roll works in; returns them, and those that have to stay.

    Args:
        results: the tree, the proposal and the stages' results too.
        cache: the clones in the cache too, every port's; to have them again takes a network.
        dry_run: only say what would be freed.

    Raises:
        SyncError: (HELD) another process holds the port, or a roll of any port reads the clones.
    """
    found: list[Folder] = []
    with ExitStack() as stack:
        for state in (port, port.stripped(), port.on_trial()):  # each with a state of its own
            if not dry_run and state.state.is_dir():
                stack.enter_context(Journal(state.state).held("clean"))
            found += _of_port(state, results)
        if cache:
            folder = _clone_folder(port)
            if not dry_run and folder.is_dir():
                stack.enter_context(clones.to_remove(folder))
            found += [Folder(clone, _size(clone)) for clone in sorted(folder.glob("*.git"))]
        if not dry_run:
            for item in found:
                if not item.kept:
                    remove_folder(item.path)
    return tuple(found)


def _of_port(port: Port, results: bool) -> Iterator[Folder]:
    names = ("checkout", "build", *(_RESULTS if results else ()))
    kept = {"tree": lambda: _edited(port), "publish": lambda: _foreign(port)}
    for name in names:
        path = port.state / name
        if path.is_dir():
            yield Folder(path, _size(path), kept[name]() if name in kept else "")


def _edited(port: Port) -> str:
    made = Journal(port.state).last("tree", TreeResult)
    if made and tree_digest(Path(made.path)) == made.digest:
        return ""
    return "it is not as it was made: someone may have edited it"


def _foreign(port: Port) -> str:
    return "" if DryRun(port.state / "publish").is_ours() else "someone has put something there"


def _clone_folder(port: Port) -> Path:
    begun = Journal(port.state).begun()
    cache = order_of(begun).cache if begun else None
    return next(iter(sources(port, {}, cache).values())).clone.parent


def _size(folder: Path) -> int:
    return sum(
        (Path(place) / name).lstat().st_size
        for place, _, names in os.walk(folder)
        for name in names
    )
