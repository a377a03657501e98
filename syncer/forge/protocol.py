"""What publishing is, wherever it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from syncer.git import Repository
from syncer.model import Proposal

Action = Literal["created", "updated", "unchanged", "closed", "would-create"]


@dataclass(frozen=True)
class Published:
    """What came of a proposal. `url` is where a person finds it, None where nothing was sent;
    `text` says in a sentence what was done."""

    action: Action
    url: str | None
    text: str


class Forge(Protocol):
    """Takes a proposal to where a maintainer sees it. Doing so twice changes nothing more."""

    def publish(self, proposal: Proposal) -> Published:
        """Publish `proposal`.

        Raises:
            SyncError: it could not be published; what to mend is in the hint.
        """
        ...


@dataclass(frozen=True)
class Pull:
    """A pull request. `open` is False once it is closed; `merged`: it was by merging. `head` is
    its newest commit, as it was then if it is closed."""

    number: int
    url: str
    title: str
    body: str
    base: str
    head: str = ""
    open: bool = True
    merged: bool = False
    draft: bool = False
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Issue:
    number: int
    url: str
    title: str
    body: str
    open: bool = True
    labels: tuple[str, ...] = ()


class Site(Protocol):
    """A site that holds repositories ("owner/name"), pull requests and issues. Each method raises
    SyncError where the site refuses or does not answer, with what to mend in the hint. One that
    makes something looks first whether an attempt before it has, so all can be repeated."""

    @property
    def reads(self) -> bool:
        """Whether it knows what is there."""
        ...

    # ---- git

    def default_branch(self, repository: str) -> str: ...

    def tips(self, repository: str, branches: Sequence[str]) -> dict[str, str]:
        """The commits of those of `branches` that are there."""
        ...

    def fetch(self, repository: str, into: Repository, branches: Sequence[str]) -> None:
        """Bring the branches' newest commits to refs/remotes/site/<branch> of `into`."""
        ...

    def push(
        self, repository: str, source: Repository, commit: str, branch: str, expected: str
    ) -> None:
        """Set `branch` to `commit`, if it still is at `expected` (empty: it is not there).

        Raises:
            SyncError: (FOREIGN_COMMITS) somebody else was quicker.
        """
        ...

    # ---- pull requests

    def pulls(self, repository: str, branch: str) -> tuple[Pull, ...]:
        """Those from `branch`, newest first, open or closed."""
        ...

    def open_pull(
        self, repository: str, branch: str, base: str, title: str, body: str, draft: bool
    ) -> Pull | None:
        """None: the site sees nothing to pull, so somebody has merged it meanwhile."""
        ...

    def edit_pull(self, repository: str, pull: Pull, title: str, body: str, base: str) -> None: ...

    def set_draft(self, repository: str, pull: Pull, draft: bool) -> None: ...

    def request_reviews(self, repository: str, pull: Pull, reviewers: Sequence[str]) -> None: ...

    # ---- issues; a pull request is one too

    def issues(self, repository: str, label: str) -> tuple[Issue, ...]:
        """Those with a label, newest first, open or closed, no pull requests."""
        ...

    def open_issue(
        self, repository: str, title: str, body: str, labels: Sequence[str], marker: str
    ) -> Issue:
        """`marker` is a part of the body by which it is known again."""
        ...

    def edit_issue(
        self, repository: str, issue: Issue, title: str, body: str, open: bool
    ) -> None: ...

    def add_labels(self, repository: str, number: int, labels: Sequence[str]) -> None: ...

    def remove_label(self, repository: str, number: int, label: str) -> None: ...

    def comment(self, repository: str, number: int, body: str, marker: str) -> bool:
        """Say something once: no comment where there is one with `marker` already."""
        ...
