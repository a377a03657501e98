"""What a roll hands to whoever publishes it: bundles, each of which is trusted with nothing.

The job that rolls runs upstream's code, the one that publishes holds the token. What passes between
them is a file that the first could have written as it liked. So it is read in an empty repository
of its own, every object checked; it may hold one ref and the files of that kind, and what is pushed
is a new commit of the files alone, with a message of ours, on the branch's own newest commit.

`queue.bundle` holds two commits: the port's files as the roll found them, and as it leaves them.
Its base is thus known by content: the roll need not have had the repository's history, and is good
for any newer commit that has those files unchanged. `tree.bundle` holds one: the generated tree.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from syncer.errors import Exit, SyncError
from syncer.files import writing
from syncer.git import (
    Change,
    GitError,
    Repository,
    blob_id,
    check_paths,
    init_bare,
    read_bundle,
    write_bundle,
)

REFS = {"queue": "refs/heads/sync/queue", "tree": "refs/heads/sync/tree"}
_MOST = {"queue": 64 << 20, "tree": 1 << 30}  # bytes of a bundle
_MODES = ("100644", "100755")

Files = Mapping[str, tuple[str, bytes]]  # by path: mode and content


@dataclass(frozen=True)
class Contents:
    """What a bundle holds: `before` and `tree`, ids of trees (`before` is None in a tree's), and
    when the roll says it was made, as git writes it."""

    tree: str
    before: str | None
    date: str


def write_queue(file: Path, scratch: Path, before: Files, after: Files, date: str) -> None:
    """Write a queue's bundle. `scratch` is a folder that is not there yet.

    Raises:
        SyncError: it cannot be written.
    """
    repository = init_bare(scratch)
    old = repository.commit_tree(_stored(repository, before), [], "Before", date=date)
    new = repository.commit_tree(_stored(repository, after), [old], "After", date=date)
    _write(repository, file, "queue", new)


def write_tree(file: Path, scratch: Path, folder: Path, date: str) -> None:
    """Write the bundle of a generated tree, which lies in `folder`.

    Raises:
        SyncError: it cannot be written, or the tree holds what no repository may.
    """
    repository = init_bare(scratch)
    files: dict[str, tuple[str, bytes]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise SyncError(f"{path} is neither a file nor a folder", exit=Exit.PUBLISH)
        if path.is_file():
            mode = "100755" if path.stat().st_mode & 0o100 else "100644"
            files[path.relative_to(folder).as_posix()] = (mode, path.read_bytes())
    check_paths(files)
    commit = repository.commit_tree(_stored(repository, files), [], "Tree", date=date)
    _write(repository, file, "tree", commit)


def _stored(repository: Repository, files: Files) -> str:
    objects = {blob_id(data): ("blob", data) for _, data in files.values()}
    repository.store(objects)
    return repository.write_tree(
        None, {path: (mode, blob_id(data)) for path, (mode, data) in files.items()}
    )


def _write(repository: Repository, file: Path, kind: str, commit: str) -> None:
    repository.run(["update-ref", REFS[kind], commit])
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        write_bundle(repository, file, [REFS[kind]])


def read(into: Repository, file: Path, kind: str) -> Contents:
    """Take a bundle into a repository, and look at all it holds.

    Raises:
        SyncError: (PUBLISH) it is not what a roll leaves: more than one ref or another one, too
            large, damaged, more history than it may have, or a file that may not be published.
    """
    try:
        if file.stat().st_size > _MOST[kind]:
            raise _refused(file, f"is larger than {_MOST[kind] >> 20} MiB")
        commit = read_bundle(into, file, REFS[kind], f"refs/bundles/{kind}")
        lines = into.text(
            ["log", "--max-count=3", "--format=%H %T %cI %P", "--end-of-options", commit]
        ).splitlines()
    except OSError as error:
        raise SyncError(
            f"{file}: {error.strerror}", hint="Roll first; a roll that passes leaves it there."
        ) from None
    except GitError as error:
        raise _refused(file, error.message, error.detail) from None
    expected = 2 if kind == "queue" else 1
    if len(lines) != expected:
        raise _refused(file, f"holds {len(lines)} commits or more, not {expected}")
    _, tree, date, *parents = lines[0].split()
    if len(parents) != expected - 1:
        raise _refused(file, "holds a merge")
    before = lines[1].split(" ")[1] if parents else None
    _check_tree(into, file, tree)
    if before:
        _check_tree(into, file, before)
    return Contents(tree, before, date)


def changes(
    into: Repository,
    contents: Contents,
    file: Path,
    allowed: Collection[str],
    known: Collection[str],
) -> Changes:
    """What a queue's bundle changes, all of it within `allowed`: files, or folders with a slash
    at the end, relative to the port's root. It may have been made of what is in `known` too.

    Raises:
        SyncError: (PUBLISH) it changes, or claims to have read, something else.
    """
    assert contents.before is not None
    before = {entry.path: (entry.mode, entry.id) for entry in into.ls_tree(contents.before)}
    changed = into.diff_tree(contents.before, contents.tree, renames=None)
    for path in before:
        if not _within(path, (*allowed, *known)):
            raise _refused(file, f"holds {path!r}, which is none of the port's files")
    for change in changed:
        if not _within(change.path, allowed):
            raise _refused(file, f"changes {change.path!r}, which no roll changes")
    return Changes(before, changed)


def _within(path: str, places: Collection[str]) -> bool:
    return any(path == place or (place[-1:] == "/" and path.startswith(place)) for place in places)


@dataclass(frozen=True)
class Changes:
    """`known` are the port's files as the roll found them, path to (mode, blob)."""

    known: Mapping[str, tuple[str, str]]
    changed: tuple[Change, ...]


def _check_tree(into: Repository, file: Path, tree: str) -> None:
    entries = into.ls_tree(tree)
    for entry in entries:
        if entry.type != "blob" or entry.mode not in _MODES:
            raise _refused(file, f"holds {entry.path!r}, which is no plain file")
        first = entry.path.split("/")[0].casefold()
        if first == ".github" or entry.path.split("/")[-1].casefold() == ".gitmodules":
            raise _refused(file, f"holds {entry.path!r}, which no roll changes")
    try:
        check_paths(entry.path for entry in entries)
    except SyncError as error:
        raise _refused(file, error.message) from None


def _refused(file: Path, why: str, detail: str = "") -> SyncError:
    return SyncError(
        f"{file} is not what a roll leaves, and nothing was published: it {why}"
        if not why.startswith("git ")
        else f"{file} is not what a roll leaves, and nothing was published: {why}",
        hint="Roll again. If it comes from a job of its own, look at what ran there.",
        exit=Exit.PUBLISH,
        detail=detail,
    )
