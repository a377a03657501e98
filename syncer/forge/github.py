"""GitHub, and what speaks its API: PyGithub for the API, git over HTTPS for the branch."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlsplit

from syncer.errors import Exit, SyncError
from syncer.forge.calls import Calls
from syncer.forge.protocol import Issue, Pull
from syncer.forge.token import Token
from syncer.git import GitError, Rejected, Repository, ls_remote, push

T = TypeVar("T")

_WEB, _API = "https://github.com", "https://api.github.com"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_DEPTH = 20  # commits of a branch: enough to name those that people put on ours
_LOOK = 100  # how many of the newest pull requests and issues are looked at
_PASSING = re.compile(
    r"returned error: (?:5\d\d|429)|RPC failed|early EOF|timed out|[Cc]onnection|hung up|too slow"
)


def places(web: str = "", api: str = "") -> tuple[str, str]:
    """Where GitHub is and where its API is, as Actions tells it in GITHUB_SERVER_URL and
    GITHUB_API_URL; of a GitHub Enterprise Server, the API is below the same host.

    Raises:
        SyncError: a token must not go there: no https, and not this machine.
    """
    web = (web or _WEB).rstrip("/")
    api = (api or (_API if web == _WEB else f"{web}/api/v3")).rstrip("/")
    for name, url in (("GITHUB_SERVER_URL", web), ("GITHUB_API_URL", api)):
        parts = urlsplit(url)
        here = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if not parts.hostname or "@" in parts.netloc or not (parts.scheme == "https" or here):
            raise SyncError(
                f"{name} is no https:// address of a server",
                hint=f"Unset it for {_WEB}, or name your GitHub Enterprise Server.",
            )
    return web, api


@dataclass
class GitHub:
    """A `Site`.

    Args:
        web, api: as `places` returns them.
        patience: the most seconds that are waited for GitHub in all.
        timeout: seconds after which a request is given up.
        writes: least seconds between two requests that change something, as GitHub asks for.
    """

    token: Token
    web: str = _WEB
    api: str = _API
    patience: float = 120.0
    timeout: int = 30
    writes: float = 1.0
    sleep: Callable[[float], None] = time.sleep
    reads: ClassVar[bool] = True
    _calls: Calls = field(init=False)

    def __post_init__(self) -> None:
        self._calls = Calls(self.token, self.patience, sleep=self.sleep)
        for name in ("github.Requester", "urllib3.connectionpool"):
            logging.getLogger(name).addFilter(self._masked)

    def _masked(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self.token.mask(record.getMessage()), None
        return True

    # ---- git

    @property
    def _git(self) -> dict[str, str]:
        """What git gets in its environment, and nothing else does: the header for this one host,
        after those that it may have been given for it are taken away."""
        parts = urlsplit(self.web)
        header = f"http.{parts.scheme}://{parts.netloc}/.extraheader"
        settings = (
            ("http.followRedirects", "false"),
            (header, ""),
            (header, self.token.header),
        )
        pairs = [
            (f"GIT_CONFIG_{part}_{number}", word)
            for number, setting in enumerate(settings)
            for part, word in zip(("KEY", "VALUE"), setting, strict=True)
        ]
        return {**dict(pairs), "GIT_CONFIG_COUNT": str(len(settings))}

    @property
    def _protocols(self) -> tuple[str, ...]:
        return (urlsplit(self.web).scheme,)

    def _url(self, repository: str) -> str:
        return f"{self.web}/{repository}.git"

    def tips(self, repository: str, branches: Sequence[str]) -> dict[str, str]:
        refs = {f"refs/heads/{branch}": branch for branch in branches}
        found = self._asked(
            f"read the branches of {repository}",
            lambda: ls_remote(
                self._url(repository), *refs, protocols=self._protocols, env=self._git
            ),
        )
        return {refs[ref]: id for ref, id in found.items() if ref in refs}

    def fetch(self, repository: str, into: Repository, branches: Sequence[str]) -> None:
        specs = [f"refs/heads/{name}:refs/remotes/site/{name}" for name in branches]
        if specs:
            self._asked(
                f"fetch {', '.join(branches)} of {repository}",
                lambda: into.fetch(
                    self._url(repository),
                    specs,
                    depth=_DEPTH,
                    protocols=self._protocols,
                    env=self._git,
                ),
            )

    def push(
        self, repository: str, source: Repository, commit: str, branch: str, expected: str
    ) -> None:
        what = f"push to {branch} of {repository}"

        def send() -> None:
            try:
                push(
                    *(source, self._url(repository), commit, branch, expected),
                    env=self._git,
                    protocols=self._protocols,
                )
            except GitError:
                # The answer may have been lost after the branch was set.
                if self.tips(repository, [branch]).get(branch) != commit:
                    raise

        try:
            self._asked(what, send)
        except Rejected as error:
            if error.stale:
                raise SyncError(
                    f"cannot {what}: somebody else has pushed to it meanwhile",
                    hint="Nothing of theirs was overwritten. Run `sync publish` again.",
                    exit=Exit.FOREIGN_COMMITS,
                ) from None
            reason = self.token.mask(error.reason)
            hint = "Look at the rules for that branch in the repository's settings."
            if "workflow" in reason:
                hint = "The branch it starts from has workflows that GitHub does not let this "
                hint += "token write: give it workflows: write, or the token of a GitHub App."
            raise SyncError(f"cannot {what}: {reason}", hint=hint, exit=Exit.PUBLISH) from None

    def _asked(self, what: str, ask: Callable[[], T]) -> T:
        """Ask git, again where the network or GitHub failed."""
        for pause in (1.0, 3.0, None):
            try:
                return ask()
            except Rejected:
                raise
            except GitError as error:
                if pause is None or not _PASSING.search(error.detail):
                    raise self._told(what, error) from None
                self.sleep(pause)
        raise AssertionError

    def _told(self, what: str, error: GitError) -> SyncError:
        """git's error, by what the server said to it."""
        said = self.token.mask(error.detail)
        exit, reason, hint = Exit.PUBLISH, "", ""
        if re.search(r"Authentication failed|could not read Username|error: 401", said):
            reason = "GitHub does not know the token"
            hint = "Give a token that is valid and has not expired, in SYNC_TOKEN."
        elif re.search(r"error: 403|Permission to .* denied|Write access", said):
            reason, hint = "GitHub says 403", "The token needs contents: write in that repository."
        elif re.search(r"not found|error: 404", said):
            reason = "GitHub has no such repository, or the token may not see it"
            hint = "Look at [publish] in port.toml."
        elif re.search(r"redirect", said):
            reason = "the repository has another name now"
            hint = "Correct it in [publish] of port.toml: a token does not follow."
        elif re.search(r"error: (5\d\d|429)", said):
            reason, hint = "GitHub does not answer as it should", "Run `sync publish` again later."
        else:
            exit, reason = Exit.ENVIRONMENT, self.token.mask(error.message)
            hint = error.hint or "Look at the network, and run `sync publish` again."
        return SyncError(f"cannot {what}: {reason}", hint=hint, exit=exit, detail=said)

    # ---- the API

    @cached_property
    def _client(self) -> Any:
        import github  # late, as it takes a while and few commands need it

        return github.Github(
            base_url=self.api,
            auth=github.Auth.Token(self.token.secret),
            timeout=self.timeout,
            user_agent="syncer",
            lazy=True,  # ask only for what is looked at
            retry=None,  # its own would repeat what creates something
            seconds_between_requests=0,
            seconds_between_writes=self.writes,
        )

    def _repository(self, repository: str) -> Any:
        return self._client.get_repo(repository)

    def default_branch(self, repository: str) -> str:
        name: str = self._calls.do(
            f"look at {repository}", lambda: self._client.get_repo(repository).default_branch
        )
        return name

    def pulls(self, repository: str, branch: str) -> tuple[Pull, ...]:
        owner = repository.partition("/")[0]

        def ask() -> tuple[Pull, ...]:
            found = self._repository(repository).get_pulls(
                state="all", head=f"{owner}:{branch}", sort="created", direction="desc"
            )
            # Without the owner, or where it does not know the branch, GitHub ignores `head`.
            mine = (pull for pull in islice(found, _LOOK) if pull.head.ref == branch)
            return tuple(_pull(pull) for pull in mine)

        return self._calls.do(f"look for the pull request in {repository}", ask)

    def open_pull(
        self, repository: str, branch: str, base: str, title: str, body: str, draft: bool
    ) -> Pull | None:
        def create() -> Pull | None:
            import github

            try:
                return _pull(
                    self._repository(repository).create_pull(
                        base=base, head=branch, title=title, body=body, draft=draft
                    )
                )
            except github.GithubException as error:
                said = str(error.data)
                if error.status == 422 and "already exists" in said and (known := there()):
                    return known
                if error.status == 422 and "No commits between" in said:
                    return None
                if error.status == 422 and draft and "raft pull requests are not sup" in said:
                    return self.open_pull(repository, branch, base, title, body, False)
                raise

        def there() -> Pull | None:
            return next((pull for pull in self.pulls(repository, branch) if pull.open), None)

        return self._calls.do(f"open a pull request in {repository}", create, landed=there)

    def edit_pull(self, repository: str, pull: Pull, title: str, body: str, base: str) -> None:
        news = {"title": (pull.title, title), "body": (pull.body, body), "base": (pull.base, base)}
        changed = {name: new for name, (old, new) in news.items() if old != new}
        self._calls.do(
            f"change {repository}#{pull.number}",
            lambda: self._repository(repository).get_pull(pull.number).edit(**changed),
        )

    def set_draft(self, repository: str, pull: Pull, draft: bool) -> None:
        def change() -> None:
            found = self._repository(repository).get_pull(pull.number)
            if draft:
                found.convert_to_draft()
            else:
                found.mark_ready_for_review()

        self._calls.do(f"change whether {repository}#{pull.number} is a draft", change)

    def request_reviews(self, repository: str, pull: Pull, reviewers: Sequence[str]) -> None:
        people = [name for name in reviewers if "/" not in name]
        teams = [name.partition("/")[2] for name in reviewers if "/" in name]
        self._calls.do(
            f"ask for reviews of {repository}#{pull.number}",
            lambda: (
                self._repository(repository)
                .get_pull(pull.number)
                .create_review_request(reviewers=people, team_reviewers=teams)
            ),
        )

    def issues(self, repository: str, label: str) -> tuple[Issue, ...]:
        def ask() -> tuple[Issue, ...]:
            found = self._repository(repository).get_issues(
                state="all", labels=[label], sort="created", direction="desc"
            )
            return tuple(_issue(i) for i in islice(found, _LOOK) if i.pull_request is None)

        return self._calls.do(f"look for issues in {repository}", ask)

    def open_issue(
        self, repository: str, title: str, body: str, labels: Sequence[str], marker: str
    ) -> Issue:
        def there() -> Issue | None:
            known = (i for i in self.issues(repository, labels[0]) if i.open and marker in i.body)
            return next(known, None)

        return self._calls.do(
            f"open an issue in {repository}",
            lambda: _issue(
                self._repository(repository).create_issue(
                    title=title, body=body, labels=list(labels)
                )
            ),
            landed=there,
        )

    def edit_issue(self, repository: str, issue: Issue, title: str, body: str, open: bool) -> None:
        def edit() -> None:
            changed = {"title": title, "body": body}
            if open != issue.open:
                changed["state"] = "open" if open else "closed"
            self._repository(repository).get_issue(issue.number).edit(**changed)

        self._calls.do(f"change {repository}#{issue.number}", edit)

    def add_labels(self, repository: str, number: int, labels: Sequence[str]) -> None:
        self._calls.do(
            f"label {repository}#{number}",
            lambda: self._repository(repository).get_issue(number).add_to_labels(*labels),
        )

    def remove_label(self, repository: str, number: int, label: str) -> None:
        def remove() -> None:
            issue = self._repository(repository).get_issue(number)
            if any(known.name == label for known in issue.labels):
                issue.remove_from_labels(label)

        self._calls.do(f"take a label from {repository}#{number}", remove)

    def comment(self, repository: str, number: int, body: str, marker: str) -> bool:
        def known() -> bool | None:
            found = self._repository(repository).get_issue(number).get_comments()
            return True if any(marker in (comment.body or "") for comment in found) else None

        what = f"comment on {repository}#{number}"
        if self._calls.do(what, known):
            return False
        self._calls.do(
            what,
            lambda: self._repository(repository).get_issue(number).create_comment(body),
            landed=known,
        )
        return True


def _pull(pull: Any) -> Pull:
    return Pull(
        number=pull.number,
        url=pull.html_url,
        title=pull.title,
        body=_text(pull.body),
        base=pull.base.ref,
        head=pull.head.sha,
        open=pull.state == "open",
        merged=pull.merged_at is not None,
        draft=bool(pull.draft),
        labels=tuple(label.name for label in pull.labels),
    )


def _issue(issue: Any) -> Issue:
    return Issue(
        number=issue.number,
        url=issue.html_url,
        title=issue.title,
        body=_text(issue.body),
        open=issue.state == "open",
        labels=tuple(label.name for label in issue.labels),
    )


def _text(body: str | None) -> str:
    """A body as it was sent: what is edited in a browser comes with its line ends."""
    return (body or "").replace("\r\n", "\n")
