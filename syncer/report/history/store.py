"""Where a history is kept: a folder of the port's state, and a branch that has nothing else."""

from __future__ import annotations

from pathlib import Path

from syncer.durable import write_whole
from syncer.errors import SyncError
from syncer.files import checkout_of
from syncer.git import Repository
from syncer.report.history.entry import Entry, entry_text, read_entry

FOLDER = "history"
BRANCH = "sync-history"


def store(folder: Path, entry: Entry) -> None:
    """Put an entry into a folder; one that is there already stays."""
    file = folder / entry.name
    if not file.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(file, entry_text(entry).encode())


def load(folder: Path, root: Path, branch: str = BRANCH, port: str = "") -> tuple[Entry, ...]:
    """Every entry of the folder, and of the branch (the remote's too) of the repository that
    `root` lies in, in upstream's order; of one `port` alone, where it is given.

    Raises:
        SyncError: a file there is no entry.
    """
    found: dict[str, Entry] = {}
    for file in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        found[file.name] = read_entry(file.read_bytes(), str(file))
    repo = _repository(root)
    for ref in (f"refs/heads/{branch}", f"refs/remotes/origin/{branch}") if repo else ():
        assert repo is not None
        tip = _tip(repo, ref)
        for item in repo.ls_tree(tip) if tip else ():
            if item.path.endswith(".json") and item.path not in found:
                found[item.path] = read_entry(repo.blob(item.id), f"{branch}:{item.path}")
    entries = (found[name] for name in sorted(found))
    return tuple(entry for entry in entries if not port or entry.port == port)


def keep(entries: tuple[Entry, ...], root: Path, branch: str = BRANCH) -> str | None:
    """Commit to the branch those entries that it does not have, on top of what it has; it begins
    without a parent. The commit, or None where it had all of them.

    Raises:
        SyncError: `root` lies in no git repository, or someone moved the branch meanwhile.
    """
    repo = _repository(root)
    if repo is None:
        raise SyncError(
            f"{root} lies in no git repository", hint="A history's branch is one of the port's."
        )
    ref = f"refs/heads/{branch}"
    tip = _tip(repo, ref) or _tip(repo, f"refs/remotes/origin/{branch}")
    there = {item.path for item in repo.ls_tree(tip)} if tip else set()
    new = [entry for entry in entries if entry.name not in there]
    if not new:
        return None
    files = {e.name: ("100644", repo.write_blob(entry_text(e).encode())) for e in new}
    tree = repo.write_tree(tip, files)
    what = new[0].commit[:12] if len(new) == 1 else f"{len(new)} rolls"
    commit = repo.commit_tree(tree, [tip] if tip else [], f"{new[0].port}: {what}\n")
    # Only from where it was a moment ago.
    repo.run(["update-ref", ref, commit, _tip(repo, ref) or "0" * 40])
    return commit


def branch_in(root: Path, branch: str) -> Path | None:
    """The repository that `root` lies in, where it has the branch itself."""
    repo = _repository(root)
    return repo.git_dir if repo and _tip(repo, f"refs/heads/{branch}") else None


def _repository(root: Path) -> Repository | None:
    """The repository that `root` lies in; a damaged one has no history that could be read."""
    folder = checkout_of(root)
    found = Repository(folder) if folder else None
    return found if found and (found.git_dir / "HEAD").exists() else None


def _tip(repo: Repository, ref: str) -> str | None:
    said = repo.run(["rev-parse", "--verify", "--quiet", ref], check=False)
    return said.decode().strip() or None
