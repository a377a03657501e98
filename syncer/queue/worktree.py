"""Where a person resolves a conflict or edits a patch: a sparse work tree with only the files that
the patch has to do with, in a repository of its own.

The folder holds `state.json` and `work/`. It is put in place whole, so that a process killed at any
moment leaves all of it or nothing; what a person does in `work/` is only ever read. It is read
file by file and never by a command of git's that would run filters.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from syncer.durable import fresh_folder, put_in_place
from syncer.errors import Exit, SyncError
from syncer.files import writing
from syncer.git import NO_BLOB, Repository, Stage, blob_id, check_paths, init_worktree
from syncer.queue.conflict import MARKER

_STATE, _WORK = "state.json", "work"

Files = Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class State:
    """What a worktree was made for. `patch_blob` is the patch file's; `from_commit` the upstream
    commit that was accepted ("" if none), `to_commit` the one it is for. `commit` holds the whole
    tree that the patch goes onto; `left` are the files that were written (path -> mode, blob), of
    which `unmerged` could not be merged."""

    component: str
    patch: str
    patch_blob: str
    from_commit: str
    to_commit: str
    commit: str
    left: dict[str, tuple[str, str]]
    unmerged: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.component}/{self.patch}"


@dataclass(frozen=True)
class Change:
    """A commit to be made: its tree, in the clone, message, author ("Name <mail>") and date."""

    tree: str
    message: str
    author: str
    date: str


@dataclass(frozen=True)
class Worktree:
    """One that is there."""

    folder: Path
    state: State

    @property
    def work(self) -> Path:
        return self.folder / _WORK

    @property
    def repository(self) -> Repository:
        return Repository(self.work)


def find_worktree(folder: Path) -> Worktree | None:
    """The worktree in `folder`; None if there is none, or it is another version's."""
    try:
        state = TypeAdapter(State).validate_json((folder / _STATE).read_bytes())
    except (OSError, ValidationError):
        return None
    return Worktree(folder, state)


def make_worktree(
    folder: Path,
    state: State,
    tree: str,
    blobs: Mapping[str, bytes],
    clone: Path,
    stages: Sequence[Stage] = (),
    gone: Collection[str] = (),
    *,
    change: Change | None = None,
    others: Mapping[str, bytes] | None = None,
) -> Worktree:
    """Make a worktree in `folder`, which is replaced.

    Args:
        state: all but its `commit`.
        tree: what the patch goes onto, in `clone`.
        blobs: the contents of what is written, and of all stages.
        clone: the component's bare clone, whose objects git finds in the worktree too.
        stages: the sides of what could not be merged, for the index.
        gone: files of the tree that the patch deletes.
        change: the patch as a commit, on which the branch then stands.
        others: files to keep beside the worktree, by name.

    Raises:
        SyncError: an unsafe path; (ENVIRONMENT) the disk is full or cannot be written.
    """
    check_paths(state.left)
    with writing(folder):
        fresh = fresh_folder(folder)
        repository = init_worktree(fresh / "new", clone)
        repository.store({id: ("blob", data) for id, data in blobs.items()})
        message = f"{state.component} {state.to_commit}, and the patches before {state.patch}"
        commit = repository.commit_tree(tree, message=message)
        head = commit
        if change:
            head = repository.commit_tree(
                change.tree, [commit], change.message, change.author, change.date
            )
        repository.run(["update-ref", "HEAD", head])
        work = fresh / _WORK
        repository.export(repository.write_tree(None, state.left), work)
        (fresh / "new" / ".git").rename(work / ".git")
        (fresh / "new").rmdir()
        _fill_index(Repository(work), head, state, stages, () if change else gone)
        for name, data in (others or {}).items():
            (fresh / name).write_bytes(data)
        made = asdict(state) | {"commit": commit}
        (fresh / _STATE).write_text(json.dumps(made), encoding="utf-8")
        put_in_place(folder, durable=True)
    found = find_worktree(folder)
    assert found is not None
    return found


def _fill_index(
    repository: Repository,
    commit: str,
    state: State,
    stages: Sequence[Stage],
    gone: Collection[str],
) -> None:
    here = ["-C", str(repository.path), "-c", "core.bare=false", f"--work-tree={repository.path}"]
    repository.run([*here, "read-tree", commit])
    unmerged = {stage.path for stage in stages}
    lines = [f"0 {NO_BLOB}\t{path}\0" for path in {*unmerged, *gone}]
    lines += [f"{s.mode} {s.id} {s.number}\t{s.path}\0" for s in stages]
    # What merged goes into the index as merged, so that `git diff` is about what did not.
    lines += [
        f"{mode} {id}\t{path}\0" for path, (mode, id) in state.left.items() if path not in unmerged
    ]
    if stages or gone:
        repository.run([*here, "update-index", "-z", "--index-info"], input=_bytes(lines))
    away = [f"{path}\0" for path in _listed(repository) if path not in {*state.left, *unmerged}]
    (repository.git_dir / "info").mkdir(exist_ok=True)
    sparse = "".join(f"/{_escaped(path)}\n" for path in sorted({*state.left, *unmerged}))
    (repository.git_dir / "info" / "sparse-checkout").write_bytes(os.fsencode(sparse))
    repository.run(["config", "core.sparseCheckout", "true"])
    repository.run([*here, "update-index", "-z", "--skip-worktree", "--stdin"], input=_bytes(away))


def _escaped(path: str) -> str:
    return "".join(f"\\{char}" if char in "\\*?[]!# " else char for char in path)


def _bytes(lines: Sequence[str]) -> bytes:
    return "".join(lines).encode("utf-8", "surrogateescape")


def _listed(repository: Repository) -> dict[str, tuple[str, str, str, str]]:
    """Path -> tag, mode, blob, stage of what the index has; `S`: it is not in the work tree."""
    out = repository.run(["ls-files", "-s", "-t", "-z"]).decode("utf-8", "surrogateescape")
    found = {}
    for record in out.split("\0")[:-1]:
        meta, path = record.split("\t", 1)
        tag, mode, id, stage = meta.split(" ")
        found[path] = (tag, mode, id, stage)
    return found


# ---- what a person has made of it


def is_edited(worktree: Worktree) -> bool:
    """Whether any file is another than the one that was written, or one has come."""
    listed = _listed(worktree.repository)
    now = _contents(worktree, listed)
    before = worktree.state.left
    return {p: (mode, blob_id(data)) for p, (mode, data) in now.items()} != dict(before)


def undecided(worktree: Worktree) -> list[str]:
    """What is still to be resolved, a line for each, with file and line."""
    listed = _listed(worktree.repository)
    now, found = _contents(worktree, listed), []
    for path in worktree.state.unmerged:
        mode, data = now.get(path, ("", b""))
        if marker := MARKER.search(data):
            line = data.count(b"\n", 0, marker.start()) + 1
            found.append(f"{path}:{line}: conflict marker")
        elif listed.get(path, ("",) * 4)[3] not in ("", "0") and (
            mode and worktree.state.left.get(path) == (mode, blob_id(data))
        ):
            found.append(f"{path}: keep it with `git add`, or remove it with `git rm`")
    return found


def taken_tree(worktree: Worktree) -> str:
    """The tree that the work tree stands for: tracked files as they are on the disk, the others
    as in the index. It is in the worktree's repository.

    Raises:
        SyncError: something that is neither a file nor a symbolic link, or an unsafe path.
    """
    repository, listed = worktree.repository, _listed(worktree.repository)
    now = _contents(worktree, listed)
    tree: dict[str, tuple[str, str] | None] = {}
    for path, (tag, mode, id, _) in listed.items():
        if tag == "S":  # and not put there by hand
            tree[path] = (mode, id)
    for path, (mode, data) in now.items():
        tree[path] = (mode, repository.write_blob(data))
    check_paths(tree)
    known = {e.path: (e.mode, e.id) for e in repository.ls_tree(worktree.state.commit)}
    changes = {p: tree.get(p) for p in {*known, *tree} if tree.get(p) != known.get(p)}
    return repository.write_tree(worktree.state.commit, changes)


def untracked(worktree: Worktree) -> list[str]:
    """Files that are in the work tree and not in its index: they are not part of the result."""
    return sorted(_on_disk(worktree) - _listed(worktree.repository).keys())


def _on_disk(worktree: Worktree) -> set[str]:
    """All files and symbolic links; what lies behind one of these is not looked at."""
    found = set()
    for place, folders, names in os.walk(worktree.work):
        if Path(place) == worktree.work:
            folders.remove(".git")
        links = (name for name in folders if (Path(place) / name).is_symlink())
        for name in (*names, *links):
            found.add((Path(place) / name).relative_to(worktree.work).as_posix())
    return found


def _contents(
    worktree: Worktree, listed: Mapping[str, tuple[str, str, str, str]]
) -> dict[str, tuple[str, bytes]]:
    found = {}
    for path in sorted(_on_disk(worktree) & listed.keys()):
        file = worktree.work / path
        status = file.lstat()
        if stat.S_ISLNK(status.st_mode):
            found[path] = ("120000", os.fsencode(file.readlink()))
        elif stat.S_ISREG(status.st_mode):
            executable = status.st_mode & stat.S_IXUSR
            found[path] = ("100755" if executable else "100644", file.read_bytes())
        else:
            raise SyncError(f"{file} is no file", exit=Exit.CONFLICT, hint="Remove it.")
    return found
