"""One patch of the queue opened as a commit, for ordinary git work, and taken back.

The worktree lies in the port's state, `edit/<component>`, with the queue's files as they were when
it was opened: what was changed elsewhere meanwhile is never overwritten, and a taking back that was
killed half way can be done again.
"""

from __future__ import annotations

from pathlib import Path

from syncer.durable import write_whole
from syncer.errors import Exit, SyncError
from syncer.files import near
from syncer.git import Repository, blob_id
from syncer.model import PatchVerdict, Pin
from syncer.port import Port
from syncer.queue.mail import Patch, create_patch, encode, parse_patch, refresh
from syncer.queue.rebase import rebase_component
from syncer.queue.stack import plain_author, settled, stack
from syncer.queue.worktree import (
    Change,
    State,
    Worktree,
    find_worktree,
    make_worktree,
    taken_tree,
    untracked,
)
from syncer.stages.conflicts import put_aside
from syncer.stages.standing import Accepted, series_of

_KEPT = "queue-"


def edited_patches(port: Port) -> tuple[Worktree, ...]:
    """The patches that are open."""
    folder = port.state / "edit"
    places = sorted(folder.iterdir()) if folder.is_dir() else ()
    found = (find_worktree(place) for place in places if not place.name.startswith("."))
    return tuple(worktree for worktree in found if worktree)


def open_patch(port: Port, name: str, state: Accepted) -> Worktree:
    """Open a patch on what was accepted; where it is open already, that worktree.

    Raises:
        SyncError: no such patch; another of the component is open; (CONFLICT) the queue was made
            for other files than the accepted ones.
    """
    component, patches, number = _find(port, name)
    patch, pin = patches[number], state.pin(component)
    folder = port.state / "edit" / component
    there = find_worktree(folder)
    if there and there.state.name == patch.name:
        return there
    if there:
        raise SyncError(
            f"{there.state.name} is open in {there.work}",
            hint=f"Take it back first: sync queue edit {there.state.patch} --done, or --abort",
        )
    repo = state.repositories[component]
    base = _base(repo, pin)
    there_now = settled(repo, patches, base)
    now = next((item for item in there_now if item.file == patch.file), None)
    if now is None:
        raise SyncError(
            f"{patch.name} has nothing to do on the accepted {component}",
            hint="Roll and accept: it leaves the queue.",
        )
    step = stack(repo, there_now, base)[there_now.index(now)]
    paths = {p for d in now.diffs for p in (d.old_path, d.new_path) if p}
    after = {e.path: (e.mode, e.id) for e in repo.ls_tree(step.after) if e.path in paths}
    message = f"{step.subject}\n\n{step.body}\n" if step.body else f"{step.subject}\n"
    return make_worktree(
        folder,
        State(
            component, patch.file, blob_id(encode(patch.text)), pin.commit, pin.commit, "", after
        ),
        step.before,
        repo.blobs(id for _, id in after.values()),
        repo.path,
        change=Change(step.after, message, plain_author(step.author), step.date),
        others={_KEPT + other.file: encode(other.text) for other in patches},
    )


def take_back(port: Port, name: str, state: Accepted) -> tuple[str, ...]:
    """Write the patch, and those after it that stand on it, into the port; then close it.

    Returns:
        The files that changed, relative to the port's root.

    Raises:
        SyncError: it is not open; it changes nothing any more; a patch was changed elsewhere
            meanwhile; (CONFLICT) a later patch does not go onto it.
    """
    worktree = _open(port, name)
    component = worktree.state.component
    repo, pin = state.repositories[component], state.pin(component)
    base = _base(repo, pin)
    if pin.commit != worktree.state.to_commit:
        raise SyncError(
            f"another {component} was accepted since {worktree.state.name} was opened",
            hint="Close it with --abort, which keeps your edits, and open it again.",
        )
    patches = settled(repo, _as_opened(port, worktree), base)
    number = next(n for n, p in enumerate(patches) if p.file == worktree.state.patch)
    more = untracked(worktree)
    if more:
        raise SyncError(
            f"{worktree.work} has files that git does not track: {', '.join(more[:5])}",
            hint="`git add` there what belongs to the patch, and remove the rest.",
        )
    edited = _edited(worktree, patches[number])
    stack(repo, patches, base)  # so that what later patches were made from is there
    _bring(worktree, repo)
    series = [*patches[:number], edited, *patches[number + 1 :]]
    _, results = rebase_component(repo, series, base, base_commit=base)
    for result in results:
        if result.verdict is PatchVerdict.CONFLICT:
            raise SyncError(
                f"{component}/{result.file} does not go onto the edited {edited.file}: "
                f"{', '.join(result.conflicts)}",
                hint="Edit differently, or take the later patch out of the series first.",
                exit=Exit.CONFLICT,
                detail=result.reason,
            )
    folder = f"{port.toml.patches.folder}/{component}"
    changed = {}
    for old, patch, result in zip(patches, series, results, strict=True):
        data = encode(result.refreshed or patch.text)
        if data != encode(old.text):
            changed[f"{folder}/{patch.file}"] = data
    for path, data in changed.items():
        _check_as_opened(worktree, port.at(path), data)
    for path, data in changed.items():
        write_whole(port.at(path), data)
    put_aside(port, worktree)
    return tuple(changed)


def close(port: Port, name: str) -> Path | None:
    """Close a patch that is open; where its edits are kept, if there are any.

    Raises:
        SyncError: it is not open.
    """
    return put_aside(port, _open(port, name))


def _find(port: Port, name: str) -> tuple[str, tuple[Patch, ...], int]:
    names = [port.toml.upstream.name, *(component.name for component in port.toml.component)]
    series = {component: series_of(port, component) for component in names}
    every = {p.name: (c, n) for c, patches in series.items() for n, p in enumerate(patches)}
    found = [key for key in every if name in (key, key.partition("/")[2])]
    if len(found) != 1:
        known = near(name, every) or tuple(every)[:3]
        raise SyncError(
            f"{name} is more than one patch" if found else f"there is no patch {name}",
            hint=f"There are: {', '.join(found or known)}.",
        )
    component, number = every[found[0]]
    return component, series[component], number


def _open(port: Port, name: str) -> Worktree:
    for worktree in edited_patches(port):
        if name in (worktree.state.name, worktree.state.patch):
            return worktree
    raise SyncError(f"{name} is not open", hint=f"Open it with: sync queue edit {name}")


def _base(repo: Repository, pin: Pin) -> str:
    same = repo.rev_parse(pin.commit, "tree") == pin.tree
    return pin.commit if same else repo.commit_tree(pin.tree, [pin.commit])


def _as_opened(port: Port, worktree: Worktree) -> tuple[Patch, ...]:
    """The component's patches as they were when the patch was opened, in the order of today."""
    context, component = port.toml.patches.context, worktree.state.component
    found = []
    for patch in series_of(port, component):
        kept = worktree.folder / f"{_KEPT}{patch.file}"
        if not kept.is_file():
            raise SyncError(
                f"{patch.name} came into the series since {worktree.state.patch} was opened",
                hint="Take it out for now, or close the edit with --abort.",
            )
        found.append(parse_patch(kept.read_bytes(), component, patch.file, context=context))
    return tuple(found)


def _check_as_opened(worktree: Worktree, file: Path, new: bytes) -> None:
    if file.read_bytes() not in ((worktree.folder / f"{_KEPT}{file.name}").read_bytes(), new):
        raise SyncError(
            f"{file} was changed since {worktree.state.patch} was opened",
            hint="Put it back, or close the edit with --abort, which keeps what you edited.",
        )


def _edited(worktree: Worktree, patch: Patch) -> Patch:
    """The patch as the work tree has it: the message, too, where its commit was amended."""
    repo = worktree.repository
    before, after = worktree.state.commit, taken_tree(worktree)
    trees = repo.rev_parse(before, "tree"), repo.rev_parse(after, "tree")
    if trees[0] == trees[1]:
        raise SyncError(
            f"{patch.name} would change nothing any more",
            hint="Take it out of the series instead.",
        )
    message = _message(repo, before)
    if message in (None, (patch.subject, patch.body)):
        (text,) = refresh(repo, [(patch, *trees)])
    else:
        assert message is not None
        text = create_patch(
            *(repo, *trees),
            subject=message[0],
            author=plain_author(patch.author),
            date=patch.date,
            body=message[1],
            context=patch.context,
        )
    return parse_patch(encode(text), patch.component, patch.file, context=patch.context)


def _message(repo: Repository, before: str) -> tuple[str, str] | None:
    """Subject and body of the one commit on `before`; None where there are several."""
    if len(repo.text(["rev-list", f"{before}..HEAD", "--"]).split()) != 1:
        return None
    subject, _, body = repo.describe("HEAD", "%s%n%b").partition("\n")
    return subject, body.strip()


def _bring(worktree: Worktree, repo: Repository) -> None:
    """Put into the clone what the edited files are, for later patches to be merged with."""
    made = taken_tree(worktree)
    changed = worktree.repository.diff_tree(worktree.state.commit, made, renames=None)
    ids = [change.new_id for change in changed if change.status != "D"]
    blobs = worktree.repository.blobs(ids)
    repo.store({id: ("blob", data) for id, data in blobs.items()})
