"""What the git of this machine can do, found out by doing it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from syncer.errors import SyncError
from syncer.git.repository import Repository, init_bare


def features() -> dict[str, bool]:
    """What a roll needs of git, and whether this one has it.

    Raises:
        SyncError: (ENVIRONMENT) there is no git, or no folder for temporary files.
    """
    with tempfile.TemporaryDirectory(prefix="syncer-") as folder:
        first, second = (init_bare(Path(folder) / name) for name in ("first.git", "second.git"))
        first.run(["config", "uploadpack.allowFilter", "true"])
        base = first.write_tree(None, {"file": ("100644", first.write_blob(b"1\n2\n3\n"))})
        ours = first.write_tree(None, {"file": ("100644", first.write_blob(b"0\n1\n2\n3\n"))})
        theirs = first.write_tree(None, {"file": ("100644", first.write_blob(b"1\n2\n3\n4\n"))})
        return {
            "merges in memory": _works(lambda: first.merge_trees([(base, ours, theirs)])[0].clean),
            "partial clones": _works(lambda: _is_partial(first, second, base)),
        }


def _works(attempt: Callable[[], bool]) -> bool:
    try:
        return attempt()
    except SyncError:
        return False


def _is_partial(remote: Repository, clone: Repository, tree: str) -> bool:
    """Whether a clone has a commit without its blob, knows so, and can have it later."""
    remote.run(["update-ref", "refs/heads/main", remote.commit_tree(tree)])
    clone.fetch(str(remote.path), ["+refs/heads/main:refs/heads/main"], filter="blob:none")
    blobs = [entry.id for entry in clone.ls_tree("refs/heads/main")]
    return len(clone.missing(blobs)) == clone.fetch_missing(str(remote.path), blobs) == 1
