"""Publishing without sending: what a roll proposes in a folder, and a site to which everything that
would be sent is only noted down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from syncer.durable import fresh_folder, mend, put_in_place
from syncer.errors import Exit, SyncError
from syncer.forge.protocol import Issue, Published, Pull, Site
from syncer.git import Repository
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


@dataclass(frozen=True)
class Rehearsal:
    """A site of which only reading is passed on to `site`; what would be changed there is noted
    in `steps`, in the order in which it would be done. Without a site (None: there is no token to
    ask with) nothing is there: no branch, no pull request, no issue."""

    site: Site | None = None
    steps: list[str] = field(default_factory=list)

    @property
    def reads(self) -> bool:
        return self.site is not None

    # ---- git

    def default_branch(self, repository: str) -> str:
        return self.site.default_branch(repository) if self.site else ""

    def tips(self, repository: str, branches: Sequence[str]) -> dict[str, str]:
        return self.site.tips(repository, branches) if self.site else {}

    def fetch(self, repository: str, into: Repository, branches: Sequence[str]) -> None:
        if self.site:
            self.site.fetch(repository, into, branches)

    def push(
        self, repository: str, source: Repository, commit: str, branch: str, expected: str
    ) -> None:
        was = f", which is at {expected[:12]}" if expected else ", which is new"
        self.steps.append(f"push {commit[:12]} to {branch} of {repository}{was}")

    # ---- pull requests

    def pulls(self, repository: str, branch: str) -> tuple[Pull, ...]:
        return self.site.pulls(repository, branch) if self.site else ()

    def open_pull(
        self, repository: str, branch: str, base: str, title: str, body: str, draft: bool
    ) -> Pull | None:
        kind = "draft pull request" if draft else "pull request"
        where = f"from {branch} to {base or 'its default branch'}"
        self.steps.append(f"open a {kind} in {repository} {where}: {title}")
        return Pull(0, "", title, body, base, draft=draft)

    def edit_pull(self, repository: str, pull: Pull, title: str, body: str, base: str) -> None:
        news = {"title": (pull.title, title), "text": (pull.body, body), "base": (pull.base, base)}
        changed = [name for name, (old, new) in news.items() if old != new]
        self.steps.append(f"change {' and '.join(changed)} of {repository}#{pull.number}")

    def set_draft(self, repository: str, pull: Pull, draft: bool) -> None:
        what = "make {} a draft" if draft else "mark {} ready for review"
        self.steps.append(what.format(f"{repository}#{pull.number}"))

    def request_reviews(self, repository: str, pull: Pull, reviewers: Sequence[str]) -> None:
        self.steps.append(f"ask {', '.join(reviewers)} to review")

    # ---- issues

    def issues(self, repository: str, label: str) -> tuple[Issue, ...]:
        return self.site.issues(repository, label) if self.site else ()

    def open_issue(
        self, repository: str, title: str, body: str, labels: Sequence[str], marker: str
    ) -> Issue:
        self.steps.append(f"open an issue in {repository}, labelled {', '.join(labels)}: {title}")
        return Issue(0, "", title, body, labels=tuple(labels))

    def edit_issue(self, repository: str, issue: Issue, title: str, body: str, open: bool) -> None:
        what = "change" if open == issue.open else "reopen" if open else "close"
        self.steps.append(f"{what} {repository}#{issue.number}: {title}")

    def add_labels(self, repository: str, number: int, labels: Sequence[str]) -> None:
        self.steps.append(f"label it {', '.join(labels)}")

    def remove_label(self, repository: str, number: int, label: str) -> None:
        self.steps.append(f"take the label {label} from {repository}#{number}")

    def comment(self, repository: str, number: int, body: str, marker: str) -> bool:
        lines = [line for line in body.splitlines() if line and not line.startswith("<!--")]
        self.steps.append(f"comment on {repository}#{number}: {' '.join(lines)}")
        return True
