"""What a roll leaves behind for whoever publishes it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from syncer import stages
from syncer.files import writing
from syncer.forge.failure import ACCEPTED
from syncer.git import Repository
from syncer.lock import Lock
from syncer.port import Port

_MOST_WHY = 300
_HANDED = ("status.json", "report.md", "report.html", "history", stages.BUNDLES)


def hand_over(port: Port, folder: Path) -> None:
    """Copy what a roll has left into `folder`, for `sync publish --from` on another machine. What
    an earlier roll left there goes.

    Raises:
        SyncError: (ENVIRONMENT) it cannot be written.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name in _HANDED:
            source, target = port.state / name, folder / name
            if target.is_dir():
                shutil.rmtree(target)
            target.unlink(missing_ok=True)
            if source.is_dir():
                shutil.copytree(source, target)
            elif source.is_file():
                shutil.copyfile(source, target)


def leave(
    port: Port,
    found: Mapping[str, Any],
    repositories: Mapping[str, Repository],
    changed: Mapping[str, str | None],
) -> None:
    """Write the bundles, dated as upstream's commit is, so that the same roll leaves the same.

    Args:
        found: what the roll has found, the fields of a Roll.
        changed: the port's files that change, with their new text.
    """
    upstream = found["resolved"].upstream
    date = repositories[upstream.name].describe(upstream.commit, "%cI")
    published = port.toml.publish.mode != "queue"
    stages.leave(port, changed, Path(found["tree"].path) if published else None, date)


def leave_for_acceptance(
    port: Port, found: Mapping[str, Any], repositories: Mapping[str, Repository], lock: Lock
) -> None:
    """Write the bundles of a roll that ended at the gate, where a person may let it through: with
    it, the anchor moves."""
    benches = found.get("benches")
    if benches is None or not stages.is_only_over(benches, lock, found["rebased"]):
        return
    names = ", ".join(sorted(figure.name for figure in benches.figures if figure.over))
    made_of = (found["resolved"], found["rebased"], found["build"], found["tests"], benches)
    new = stages.next_lock(lock, *made_of, why=f"{ACCEPTED}: {names}"[:_MOST_WHY])
    changed = stages.changed_files(port, found["rebased"], found["build"], new)
    leave(port, found, repositories, changed)
