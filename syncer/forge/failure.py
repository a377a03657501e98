"""The one issue of a port whose rolls fail: opened, kept up to date, closed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from syncer.forge.marks import hidden, renewed, state_mark, state_of, with_state
from syncer.forge.protocol import Issue, Published, Site

LABEL = "sync-failure"
ACCEPTED = "bench-accepted"  # set by a person: the figures that the issue names may be so


@dataclass(frozen=True)
class Failure:
    """What is to be told of a roll that needs a person.

    Args:
        port: the port's name, by which its issue is known.
        body: begins with the report's hidden marker.
        cause: what failed; while it is the same, a person who closed the issue is not bothered.
        named: figures over the gate, with their values.
        branch: of the pull request of an earlier roll, which is told that this one failed.
    """

    port: str
    repository: str
    title: str
    body: str
    verdict: str
    cause: str
    remark: str
    branch: str = ""
    named: Mapping[str, int] = field(default_factory=dict)

    @property
    def state(self) -> dict[str, object]:
        cause = hashlib.sha256(self.cause.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        return {"verdict": self.verdict, "cause": cause, "named": dict(self.named)}


def report_failure(site: Site, failure: Failure) -> Published:
    """Open the issue, or bring it up to date."""
    marker, state = hidden("issue", failure.port), failure.state
    ours = f"{failure.body.rstrip()}\n\n{marker}\n{state_mark(state)}"
    known = [i for i in site.issues(failure.repository, LABEL) if marker in i.body]
    issue = next((i for i in known if i.open), None)
    if issue is None and known and _closed_by_person(known[0], state):
        url = known[0].url
        return Published("unchanged", url, f"{url}, which tells of just this, was closed.")
    if issue is None:
        made = site.open_issue(failure.repository, failure.title, ours, [LABEL], marker)
        _tell_pull(site, failure, made.url)
        return Published("created", made.url, f"Opened {made.url or 'the issue'}.")
    before = state_of(issue.body)
    _tell_pull(site, failure, issue.url)
    if ACCEPTED in issue.labels and before.get("named") != state["named"]:
        site.remove_label(failure.repository, issue.number, ACCEPTED)
    if before.get("verdict") != failure.verdict:
        _note(site, failure, issue.number, failure.remark)
    body = renewed(issue.body, ours)
    if (issue.title, issue.body) == (failure.title, body):
        return Published("unchanged", issue.url, f"{issue.url} is up to date.")
    site.edit_issue(failure.repository, issue, failure.title, body, True)
    return Published("updated", issue.url, f"Brought {issue.url} up to date.")


def _closed_by_person(issue: Issue, state: Mapping[str, object]) -> bool:
    before = state_of(issue.body)
    return not before.get("resolved") and before.get("cause") == state["cause"]


def _note(site: Site, failure: Failure, number: int, text: str) -> None:
    marker = hidden("note", f"{failure.state['cause']} {failure.verdict}")
    site.comment(failure.repository, number, f"{marker}\n{text}", marker)


def _tell_pull(site: Site, failure: Failure, url: str) -> None:
    """The open pull request of an earlier roll: a newer one failed. Said when it begins to."""
    pulls = site.pulls(failure.repository, failure.branch) if failure.branch else ()
    pull = next((pull for pull in pulls if pull.open), None)
    if pull is None or state_of(pull.body).get("verdict") == failure.verdict:
        return
    where = f" See {url}." if url else ""
    _note(site, failure, pull.number, f"{failure.remark}{where}")
    body = with_state(pull.body, {**state_of(pull.body), "verdict": failure.verdict})
    site.edit_pull(failure.repository, pull, pull.title, body, pull.base)


def close_failure(site: Site, port: str, repository: str, text: str) -> Published | None:
    """Close the port's issue, since a roll has passed; None where none is open."""
    marker, closed = hidden("issue", port), None
    for issue in site.issues(repository, LABEL):
        if issue.open and marker in issue.body:
            # In one request, so that it is told however often this is done.
            state = {**state_of(issue.body), "resolved": True}
            body = with_state(f"{text}\n\n{issue.body}", state)
            site.edit_issue(repository, issue, issue.title, body, False)
            closed = Published("closed", issue.url, f"Closed {issue.url}.")
    return closed


def accepted_by(site: Site, port: str, repository: str, over: Mapping[str, int]) -> Issue | None:
    """The issue by which a person lets these figures through: it names each of them, with no
    smaller a value, and bears the label for it."""
    marker = hidden("issue", port)
    for issue in site.issues(repository, LABEL):
        if issue.open and marker in issue.body and ACCEPTED in issue.labels and over:
            named = state_of(issue.body).get("named")
            if isinstance(named, dict) and all(
                isinstance(named.get(name), int) and value <= named[name]
                for name, value in over.items()
            ):
                return issue
    return None
