"""What a roll leaves behind for whoever publishes it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from syncer import stages
from syncer.forge.failure import ACCEPTED
from syncer.git import Repository
from syncer.lock import Lock
from syncer.port import Port

_MOST_WHY = 300


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
    command = ["show", "--no-patch", "--format=%cI", "--end-of-options", upstream.commit]
    date = repositories[upstream.name].text(command)
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
