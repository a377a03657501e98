"""The bytes a rebase works on: of upstream, of the patches, of what merging them gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from syncer.errors import SyncError
from syncer.git import Repository, blob_id
from syncer.queue.diff import FileDiff, apply_hunks
from syncer.queue.mail import Patch


class Contents:
    """The contents patches were made from and make: blobs of the clone, or, for a patch stacked
    on another, what that one makes."""

    def __init__(
        self, repository: Repository, patches: Sequence[Patch], also: Iterable[str] = ()
    ) -> None:
        self.repository = repository
        diffs = [(patch, diff) for patch in patches for diff in patch.diffs]
        self.makers = {diff.new_id: (patch, diff) for patch, diff in reversed(diffs) if diff.new_id}
        wanted = {diff.old_id for _, diff in diffs if diff.old_id}
        self.known = repository.blobs_here(wanted.union(also))
        self.stored = set(self.known)
        self.pending: set[str] = set()

    def read(self, id: str) -> bytes:
        """A blob of the clone."""
        if id not in self.known:
            self.load([id])
        return self.known[id]

    def can_read(self, id: str | None) -> bool:
        """Whether a blob is here, or one that a patch makes."""
        return id is None or id in self.known or id in self.makers

    def add(self, data: bytes) -> str:
        """A new blob, to be stored when it is needed there."""
        id = blob_id(data)
        self.known[id] = data
        return id

    def load(self, ids: Iterable[str]) -> None:
        """Read blobs of the clone, many at once."""
        wanted = set(ids) - self.known.keys()
        if wanted:
            self.known |= self.repository.blobs(wanted)
            self.stored |= wanted

    def base(self, patch: Patch, diff: FileDiff) -> bytes:
        """The content `diff` was made from."""
        id = diff.old_id
        if id is None:
            return b""
        if id not in self.known:
            if id not in self.makers or id in self.pending:
                raise SyncError(
                    f"{patch.name}: {diff.path}: the blob it was made from, {id}, is not in "
                    f"{self.repository.path}",
                    hint="fetch the upstream commit it was made for, or make the patch again",
                )
            self.pending.add(id)
            self.post(*self.makers[id])
            self.pending.discard(id)
        return self.known[id]

    def post(self, patch: Patch, diff: FileDiff) -> bytes:
        """The content `diff` makes, verified against the id the patch gives it."""
        content = apply_hunks(diff, self.base(patch, diff), patch.name)
        if diff.new_id is not None:
            self.known[diff.new_id] = content
        return content

    def store(self, ids: Iterable[str]) -> None:
        """Put into the clone those that are only known here."""
        new = {id for id in ids if id in self.known} - self.stored
        if new:
            self.repository.store({id: ("blob", self.known[id]) for id in new})
            self.stored |= new

    def tree(self, files: Mapping[str, tuple[str, str]]) -> str:
        """The tree of these files, path -> (mode, blob id), stored with their blobs."""
        self.store(id for _, id in files.values())
        return self.repository.write_tree(None, files)
