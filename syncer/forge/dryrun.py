"""Publishing into a folder: everything that would be sent, to be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from syncer.durable import fresh_folder, mend, put_in_place
from syncer.errors import Exit, SyncError
from syncer.forge.protocol import Published
from syncer.model import Proposal

_MARKER = "deleted.txt"
_WRITTEN = {_MARKER, "branch.txt", "title.txt", "body.md", "files"}


@dataclass(frozen=True)
class DryRun:
    """Writes to `folder`: ``branch.txt``, ``title.txt``, ``body.md``, the files to be committed
    under ``files/`` and the paths to be deleted in ``deleted.txt``. The folder changes as a whole:
    what is there is always one proposal."""

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
        texts = {f"files/{path}": text for path, text in kept.items()} | {
            _MARKER: "".join(f"{path}\n" for path in deleted),
            "title.txt": proposal.title + "\n",
            "body.md": proposal.body,
            "branch.txt": proposal.branch + "\n",
        }
        # As git holds it: no newline changed, and bytes that are no UTF-8 come back as they were.
        wanted = {path: text.encode("utf-8", "surrogateescape") for path, text in texts.items()}
        try:
            if self._found() != wanted:
                fresh = fresh_folder(self.folder)
                for path, data in wanted.items():
                    (fresh / path).parent.mkdir(parents=True, exist_ok=True)
                    (fresh / path).write_bytes(data)
                put_in_place(self.folder, durable=True)
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

    def is_ours(self) -> bool:
        """Whether the folder holds nothing but an earlier dry run, as far as names tell."""
        found = {entry.name for entry in self.folder.iterdir()}
        return not found or (_MARKER in found and not found - _WRITTEN)

    def _found(self) -> dict[str, bytes]:
        """The files of an earlier dry run; deleted.txt marks a folder as ours."""
        mend(self.folder)
        if not self.folder.is_dir():
            return {}
        if not self.is_ours():
            raise SyncError(
                f"{self.folder} holds something that no dry run wrote",
                hint="Name a folder that is empty or not there yet.",
            )
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in files}


def _check_path(path: str) -> None:
    parts = PurePosixPath(path).parts
    bad = not parts or path.startswith("/") or ".." in parts or ".git" in parts or "\\" in path
    if bad or "\0" in path:
        raise SyncError(f"a proposal may not hold the path {path!r}", exit=Exit.BUG)
