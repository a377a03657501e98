"""A fork's files, upstream's beside them, and what the two have in common."""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from syncer.errors import SyncError
from syncer.git import Repository, blob_id, check_path

# What a port's build may have renamed: a source of the same language under another suffix.
SUFFIXES = ({".cc", ".cpp", ".cxx"}, {".h", ".hpp", ".hh"})


@dataclass(frozen=True)
class Fork:
    """The fork's files, by path: (mode, blob id); `repository` has the blobs. `commit` and `date`
    (YYYY-MM-DD) are empty for a folder without history."""

    repository: Repository
    files: Mapping[str, tuple[str, str]]
    commit: str = ""
    date: str = ""


def read_fork(folder: Path, ref: str | None, scratch: Repository) -> Fork:
    """The fork in `folder`: a repository's commit `ref` (HEAD), or, where it is none, its files as
    they lie there, kept in `scratch`.

    Raises:
        SyncError: no such commit; no file; one with an unsafe path.
    """
    found = Repository(folder)
    if (found.git_dir / "HEAD").is_file() and (found.git_dir / "objects").is_dir():
        commit = found.rev_parse(ref or "HEAD")
        entries = found.ls_tree(commit)
        date = found.describe(commit, "%cs")
        files = {entry.path: (entry.mode, entry.id) for entry in entries if entry.type == "blob"}
        fork = Fork(found, files, commit, date)
    elif ref is not None:
        raise SyncError(f"{folder} is no git repository", hint="Leave --ref out.")
    else:
        fork = Fork(scratch, dict(_stored(folder, scratch)))
    for path in fork.files:
        check_path(path)
    if not fork.files:
        raise SyncError(f"{folder} has no files", hint="Name the fork's folder or repository.")
    return fork


def _stored(folder: Path, scratch: Repository) -> Iterable[tuple[str, tuple[str, str]]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            mode = "100755" if path.stat().st_mode & 0o111 else "100644"
            place = path.relative_to(folder).as_posix()
            yield place, (mode, scratch.write_blob(path.read_bytes()))


@dataclass(frozen=True)
class Place:
    """A file of upstream's or of a component's, and where it lies in a generated tree."""

    component: str
    path: str
    mode: str
    id: str


def stem_of(path: str) -> str:
    """A path whose suffix stands for all that mean the same."""
    stem, suffix = posixpath.splitext(path)
    alike = next((group for group in SUFFIXES if suffix in group), {suffix})
    return stem + min(alike)


@dataclass
class Texts:
    """The contents of the fork's and of upstream's files, and what they have in common.

    Args:
        fork: the fork's.
        repositories: by component.
    """

    fork: Fork
    repositories: Mapping[str, Repository]
    _contents: dict[str, bytes] = field(default_factory=dict)
    _names: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._contents |= self.fork.repository.blobs(id for _, id in self.fork.files.values())
        self._plain = {
            id: blob_id(data.replace(b"\r\n", b"\n"))
            for id, data in self._contents.items()
            if b"\r\n" in data
        }

    def plain_id(self, id: str) -> str:
        """The blob of a file of the fork's with plain line ends."""
        return self._plain.get(id, id)

    def ours(self, id: str) -> bytes:
        return self._contents[id]

    def theirs(self, component: str, id: str) -> bytes:
        if id not in self._contents:
            self._contents[id] = self.repositories[component].blob(id)
        return self._contents[id]

    def load(self, places: Iterable[Place]) -> None:
        """Read many of upstream's files at once."""
        wanted: dict[str, set[str]] = defaultdict(set)
        for place in places:
            if place.id not in self._contents:
                wanted[place.component].add(place.id)
        for component, ids in wanted.items():
            self._contents |= self.repositories[component].blobs(ids)

    def likeness(self, component: str, theirs: str, ours: str) -> float:
        """The share of lines, of the longer of the two, that both have; line ends do not count."""
        one, other = self.theirs(component, theirs), self.ours(ours)
        if b"\0" in one[:8000] + other[:8000]:
            return float(one == other)
        a, b = (Counter(line.rstrip() for line in data.split(b"\n")) for data in (one, other))
        return (a & b).total() / max(a.total(), b.total())

    def names(self, tree: Mapping[str, Place]) -> Mapping[str, list[str]]:
        """The places of each file name (its suffix as `stem_of` has it)."""
        if not self._names:
            for place in tree:
                self._names.setdefault(posixpath.basename(stem_of(place)), []).append(place)
        return self._names
