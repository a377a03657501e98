"""Publishing into a folder: everything that would be sent, to be looked at."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from syncer.errors import Exit, SyncError
from syncer.forge.protocol import Published
from syncer.model import Proposal

_MARKER = "deleted.txt"
_WRITTEN = {_MARKER, "branch.txt", "title.txt", "body.md", "files"}


@dataclass(frozen=True)
class DryRun:
    """Writes to `folder`: ``branch.txt``, ``title.txt``, ``body.md``, the files to be committed
    under ``files/`` and the paths to be deleted in ``deleted.txt``."""

    folder: Path

    def publish(self, proposal: Proposal) -> Published:
        """Write `proposal`, in place of an earlier dry run's.

        Raises:
            SyncError: a path leads out of the repository, `folder` holds something that no dry
                run wrote, or it cannot be written.
        """
        for path in proposal.files:
            _check_path(path)
        kept = {p: t for p, t in proposal.files.items() if t is not None}
        deleted = sorted(p for p, t in proposal.files.items() if t is None)
        try:
            self._clear()
            _write(self.folder / _MARKER, "".join(f"{path}\n" for path in deleted))
            for path, text in kept.items():
                _write(self.folder / "files" / path, text)
            _write(self.folder / "title.txt", proposal.title + "\n")
            _write(self.folder / "body.md", proposal.body)
            _write(self.folder / "branch.txt", proposal.branch + "\n")
        except OSError as error:
            raise SyncError(
                f"cannot write the dry run to {self.folder}: {error.strerror}",
                hint="Name a folder that can be written.",
                exit=Exit.ENVIRONMENT,
            ) from None
        gone = f" and delete {len(deleted)}" if deleted else ""
        files = "1 file" if len(kept) == 1 else f"{len(kept)} files"
        return Published(
            action="would-create",
            url=None,
            text=f"Dry run, nothing was sent: would propose {proposal.title!r} on branch "
            f"{proposal.branch}, write {files}{gone}. It is all in {self.folder}.",
        )

    def _clear(self) -> None:
        """Remove an earlier dry run's files. Written first, deleted.txt marks a folder as ours,
        also when the dry run was broken off."""
        self.folder.mkdir(parents=True, exist_ok=True)
        found = {entry.name for entry in self.folder.iterdir()}
        if found and (_MARKER not in found or found - _WRITTEN):
            raise SyncError(
                f"{self.folder} holds something that no dry run wrote",
                hint="Name a folder that is empty or not there yet.",
            )
        if "files" in found:
            shutil.rmtree(self.folder / "files")


def _check_path(path: str) -> None:
    parts = PurePosixPath(path).parts
    bad = not parts or path.startswith("/") or ".." in parts or ".git" in parts or "\\" in path
    if bad or "\0" in path:
        raise SyncError(f"a proposal may not hold the path {path!r}", exit=Exit.BUG)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # As git holds it: no newline is changed, and bytes that are no UTF-8 come back as they were.
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
