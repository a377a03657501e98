"""Conflicts of the queue, between the roll that stops at one and the person who resolves it.

Everything is in the port's state: `conflict/<component>`, a worktree for each component whose queue
is stopped; `resolutions`, those that were taken in and that nobody has accepted yet; and `aside`,
what a person had edited and no roll has a use for any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from syncer.durable import remove_folder, write_whole
from syncer.errors import Exit, SyncError
from syncer.files import writing
from syncer.git import Repository, blob_id
from syncer.port import Port
from syncer.queue.conflict import Conflict
from syncer.queue.mail import Patch, encode
from syncer.queue.resolutions import (
    FOLDER,
    Decisions,
    Resolution,
    parse_resolution,
    read_resolutions,
    resolution_text,
)
from syncer.queue.series import read_series
from syncer.queue.worktree import (
    State,
    Worktree,
    find_worktree,
    is_edited,
    make_worktree,
    taken_tree,
    undecided,
    untracked,
)


def pending_folder(port: Port) -> Path:
    """Resolutions that were taken in and are not in the port's repository yet."""
    return port.state / FOLDER


def recorded_folder(port: Port) -> Path:
    return port.at(port.toml.patches.folder) / FOLDER


def decisions(port: Port, component: str, skipped: Iterable[str] = ()) -> Decisions:
    """What has been decided of a component's patches.

    Raises:
        SyncError: a resolution that cannot be read.
    """
    folders = (recorded_folder(port), pending_folder(port))
    return Decisions(read_resolutions(folders, component), frozenset(skipped))


def pending_texts(port: Port) -> dict[str, bytes]:
    """The pending resolutions, by name; part of what a rebase is made of."""
    folder = pending_folder(port)
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.glob("*/*.resolution"))
    }


def open_worktrees(port: Port) -> tuple[Worktree, ...]:
    """The conflicts that wait for a person."""
    folder = port.state / "conflict"
    places = sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else ()
    found = (find_worktree(place) for place in places if not place.name.startswith("."))
    return tuple(worktree for worktree in found if worktree)


def open_conflict(
    port: Port, conflict: Conflict, accepted: str | None, commit: str, clone: Repository
) -> Worktree:
    """The worktree of a conflict: the one that is there for it, or a new one."""
    component = conflict.patch.component
    folder = port.state / "conflict" / component
    state = State(
        component,
        conflict.patch.file,
        blob_id(encode(conflict.patch.text)),
        accepted or "",
        commit,
        "",
        dict(conflict.left),
        tuple(dict.fromkeys(stage.path for stage in conflict.stages)),
    )
    there = find_worktree(folder)
    if there and replace(there.state, commit="") == state:
        return there
    if there:
        put_aside(port, there)
    gone = conflict.ours.keys() - conflict.left.keys()
    return make_worktree(
        folder, state, conflict.tree, conflict.blobs, clone.path, conflict.stages, gone
    )


def close_others(port: Port, components: Iterable[str]) -> None:
    """Remove the worktrees of components whose queue is not stopped any more."""
    for worktree in open_worktrees(port):
        if worktree.state.component not in set(components):
            put_aside(port, worktree)


def put_aside(port: Port, worktree: Worktree) -> Path | None:
    """Take a worktree away; where its files were edited it is kept, and this is where."""
    if not _edited(worktree):
        remove_folder(worktree.folder)
        return None
    return _aside(port, worktree.folder, worktree.state.component)


def _edited(worktree: Worktree) -> bool:
    try:
        return is_edited(worktree)
    except SyncError:
        return True  # something is in it that we did not put there


def _aside(port: Port, path: Path, name: str) -> Path:
    folder = port.state / "aside"
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
        place = folder / f"{stamp}-{name.replace('/', '-')}"
        path.rename(place)
    return place


def take_resolutions(port: Port, by: str) -> tuple[Resolution, ...]:
    """Record what people have made of the open conflicts and close these.

    Args:
        by: who resolved them, "Name <mail>".

    Raises:
        SyncError: (CONFLICT) one is not resolved: files and lines are named. None is taken then.
    """
    taken = []
    for worktree in open_worktrees(port):
        patch = _unchanged_patch(port, worktree.state)
        if patch is None:
            put_aside(port, worktree)  # the patch itself was brought over
            continue
        taken.append((worktree, _resolution(worktree, patch, by)))
    for worktree, resolution in taken:
        write_whole(pending_folder(port) / resolution.name, encode(resolution.text))
        remove_folder(worktree.folder)
    return tuple(resolution for _, resolution in taken)


def _unchanged_patch(port: Port, state: State) -> Patch | None:
    patches = port.toml.patches
    series = read_series(port.at(patches.folder), state.component, context=patches.context)
    patch = next((patch for patch in series if patch.file == state.patch), None)
    return patch if patch and blob_id(encode(patch.text)) == state.patch_blob else None


def _resolution(worktree: Worktree, patch: Patch, by: str) -> Resolution:
    state = worktree.state
    left = undecided(worktree)
    if left:
        raise SyncError(
            f"{state.name} is not resolved yet",
            hint=f"Edit the files in {worktree.work}, then `sync continue`; or `sync skip`, "
            "`sync abort`.",
            exit=Exit.CONFLICT,
            detail="\n".join(left),
        )
    more = untracked(worktree)
    if more:
        raise SyncError(
            f"{worktree.work} has files that git does not track: {', '.join(more[:5])}",
            hint="`git add` there what belongs to the patch, and remove the rest.",
            exit=Exit.CONFLICT,
        )
    tree = taken_tree(worktree)
    try:
        text = resolution_text(
            *(worktree.repository, patch, state.commit, tree),
            by=by,
            date=format_datetime(datetime.now(UTC)),
            from_commit=state.from_commit or "unknown",
            to_commit=state.to_commit,
        )
    except SyncError as error:
        raise SyncError(error.message, hint=error.hint, exit=Exit.CONFLICT) from None
    return parse_resolution(encode(text), str(worktree.folder))


def forget_written(port: Port) -> None:
    """Remove the pending resolutions that the port's repository has now."""
    for name, data in pending_texts(port).items():
        file = recorded_folder(port) / name
        if file.is_file() and file.read_bytes() == data:
            (pending_folder(port) / name).unlink(missing_ok=True)


def abandon(port: Port) -> tuple[Path, ...]:
    """Close all open conflicts and forget the pending resolutions; where something of a person's
    is in them they are kept, and this is where."""
    kept = [put_aside(port, worktree) for worktree in open_worktrees(port)]
    pending = pending_folder(port)
    if pending.is_dir() and any(pending.iterdir()):
        kept.append(_aside(port, pending, FOLDER))
    return tuple(path for path in kept if path)
