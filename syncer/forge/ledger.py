"""A branch of files that are only ever added, with nothing else on it: the history of rolls."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from syncer.errors import Exit, SyncError
from syncer.forge.marks import commit_ours
from syncer.forge.protocol import Published, Site
from syncer.git import Repository

_LOCAL = "refs/local/ledger"


def add_files(
    site: Site,
    repository: str,
    branch: str,
    files: Mapping[str, bytes],
    scratch: Repository,
    *,
    local: Path | None,
    message: str,
    author: str,
    date: str,
) -> Published | None:
    """Add to a branch of the site those of `files` that it does not have, on top of what it has;
    it begins without a parent. None where it has all of them.

    Args:
        scratch: an empty bare repository.
        local: a repository whose branch of this name goes first, if it holds all of the site's.

    Raises:
        SyncError: (PUBLISH) the branch has other things than such files, or the site refuses;
            (FOREIGN_COMMITS) somebody else was quicker.
    """
    tip = site.tips(repository, [branch]).get(branch, "")
    if tip:
        site.fetch(repository, scratch, [branch])
    parent = _ahead(scratch, local, branch, tip) or tip
    there = {entry.path for entry in scratch.ls_tree(parent)} if parent else set()
    if other := next((path for path in sorted(there) if not _is_of_kind(path)), None):
        raise SyncError(
            f"{branch} of {repository} is no history: it has {other}",
            hint="Name a branch that has nothing else as `history` in [publish] of port.toml.",
            exit=Exit.PUBLISH,
        )
    new = {name: data for name, data in files.items() if name not in there}
    commit = parent
    if new:
        blobs = {name: ("100644", scratch.write_blob(data)) for name, data in new.items()}
        tree = scratch.write_tree(parent or None, blobs)
        commit = commit_ours(scratch, tree, parent or None, message, author, date)
    if commit == tip:
        return None
    site.push(repository, scratch, commit, branch, tip)
    text = f"{branch} of {repository} is at {commit[:12]}."
    return Published("updated" if tip else "created", None, text)


def _ahead(scratch: Repository, local: Path | None, branch: str, tip: str) -> str:
    """The local branch's commit, where nothing of the site's is lost with it."""
    if local is None:
        return ""
    scratch.fetch(str(local), [f"refs/heads/{branch}:{_LOCAL}"], protocols=("file",))
    commit = scratch.rev_parse(_LOCAL)
    return commit if not tip or scratch.is_ancestor(tip, commit) else ""


def _is_of_kind(path: str) -> bool:
    return path.endswith(".json") and "/" not in path
