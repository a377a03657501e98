"""What the stand-in remembers of one repository, and what it answers out of it."""

from __future__ import annotations

import copy
import itertools
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from werkzeug.wrappers import Request

MOST = 65_536  # characters of a body

Reply = tuple[int, Any]


@dataclass
class State:
    """`examples` are those of GitHub's description: an answer is one of them, with what the
    stand-in knows better in its place."""

    name: str
    bare: Path
    site: str
    examples: Mapping[str, Any]
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: list[dict[str, Any]] = field(default_factory=list)
    enabled: list[str] = field(default_factory=list)
    drafts: bool = True
    has_issues: bool = True
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    @property
    def url(self) -> str:
        return f"{self.site}/api/v3/repos/{self.name}"

    def tip(self, branch: str) -> str:
        command = [
            "git",
            "-C",
            str(self.bare),
            "rev-parse",
            "-q",
            "--verify",
            f"refs/heads/{branch}",
        ]
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()

    def contains(self, base: str, head: str) -> bool:
        command = ["git", "-C", str(self.bare), "merge-base", "--is-ancestor", head, base]
        return subprocess.run(command, capture_output=True).returncode == 0

    def example(self, name: str) -> Any:
        return copy.deepcopy(self.examples[name]["value"])

    def thing(self, number: int) -> dict[str, Any] | None:
        return self.issues.get(number) or self.pulls.get(number)

    # ---- as GitHub shows them

    def label(self, name: str) -> Any:
        return {**self.example("label-items")[0], "name": name, "url": f"{self.url}/labels/{name}"}

    def pull(self, pull: dict[str, Any]) -> Any:
        shown, number = self.example("pull-request"), pull["number"]
        shown |= {
            key: pull[key] for key in ("number", "title", "body", "state", "draft", "node_id")
        }
        shown |= {
            "url": f"{self.url}/pulls/{number}",
            "html_url": f"{self.site}/{self.name}/pull/{number}",
            "issue_url": f"{self.url}/issues/{number}",
            "comments_url": f"{self.url}/issues/{number}/comments",
            "labels": [self.label(name) for name in pull["labels"]],
            "merged": pull["merged"],
            "merged_at": "2026-01-06T10:00:00Z" if pull["merged"] else None,
        }
        head = pull["sha"] if pull["state"] == "closed" else self.tip(pull["head"]) or pull["sha"]
        owner = self.name.split("/")[0]
        shown["head"] |= {"ref": pull["head"], "sha": head, "label": f"{owner}:{pull['head']}"}
        shown["base"] |= {"ref": pull["base"], "sha": self.tip(pull["base"])}
        return shown

    def pull_in_list(self, pull: dict[str, Any]) -> Any:
        shown = self.example("pull-request-simple-items")[0]
        whole = self.pull(pull)
        return shown | {key: whole[key] for key in shown if key in whole}

    def issue(self, issue: dict[str, Any]) -> Any:
        shown, number = self.example("issue"), issue["number"]
        shown |= {key: issue[key] for key in ("number", "title", "body", "state", "node_id")}
        shown |= {
            "url": f"{self.url}/issues/{number}",
            "html_url": f"{self.site}/{self.name}/issues/{number}",
            "comments_url": f"{self.url}/issues/{number}/comments",
            "labels_url": f"{self.url}/issues/{number}/labels{{/name}}",
            "labels": [self.label(name) for name in issue["labels"]],
        }
        shown.pop("pull_request", None)
        if number in self.pulls:
            pull = f"{self.url}/pulls/{number}"
            shown["pull_request"] = dict.fromkeys(
                ("url", "html_url", "diff_url", "patch_url"), pull
            )
        return shown

    def comment(self, comment: dict[str, Any]) -> Any:
        shown = self.example("issue-comment")
        url = f"{self.url}/issues/comments/{comment['id']}"
        return shown | {"id": comment["id"], "body": comment["body"], "url": url}


def error(status: int, message: str, *errors: Mapping[str, Any]) -> Reply:
    body: dict[str, Any] = {"message": message, "documentation_url": "https://docs.github.com/rest"}
    return status, {**body, "status": str(status), **({"errors": list(errors)} if errors else {})}


def invalid(resource: str, **more: Any) -> Reply:
    return error(422, "Validation Failed", {"resource": resource, **more})


def answer(states: Mapping[str, State], method: str, path: str, request: Request) -> Reply:
    """What GitHub does and says."""
    match = re.fullmatch(r"/repos/([^/]+/[^/]+)(/.*)?", path)
    state = states.get(match[1]) if match else None
    if match is None or state is None:
        return error(404, "Not Found")
    rest, body = match[2] or "", request.get_json(silent=True)
    for pattern, handlers in _ROUTES.items():
        found = re.fullmatch(pattern, rest)
        if found and method in handlers:
            words = [int(w) if w.isdigit() else w for w in found.groups()]
            reply: Reply = handlers[method](state, request.args, body, *words)
            return reply
    return error(404, "Not Found")


def _repository(state: State, *_: Any) -> Reply:
    owner, name = state.name.split("/")
    shown = state.example("full-repository-default-response")
    shown |= {"full_name": state.name, "name": name, "url": state.url, "default_branch": "main"}
    shown["owner"] |= {"login": owner}
    return 200, shown


def _list_pulls(state: State, query: Mapping[str, str], *_: Any) -> Reply:
    owner = state.name.split("/")[0]
    found = []
    for pull in sorted(state.pulls.values(), key=lambda p: -p["number"]):
        if query.get("state", "open") not in ("all", pull["state"]):
            continue
        head = query.get("head", "")
        if ":" in head and head != f"{owner}:{pull['head']}":  # without an owner it is ignored
            continue
        found.append(state.pull_in_list(pull))
    return 200, found


def _open_pull(state: State, _: Any, body: Any) -> Reply:
    head, base = body["head"].split(":")[-1], body["base"]
    for name, branch in (("head", head), ("base", base)):
        if not state.tip(branch):
            return invalid("PullRequest", field=name, code="invalid")
    if state.contains(base, head):
        said = f"No commits between {base} and {head}"
        return invalid("PullRequest", code="custom", message=said)
    if any(p["head"] == head and p["state"] == "open" for p in state.pulls.values()):
        said = f"A pull request already exists for {state.name.split('/')[0]}:{head}."
        return invalid("PullRequest", code="custom", message=said)
    if len(body.get("body") or "") > MOST:
        said = f"body is too long (maximum is {MOST} characters)"
        return invalid("PullRequest", field="body", code="custom", message=said)
    if body.get("draft") and not state.drafts:
        return error(422, "Draft pull requests are not supported in this repository.")
    number = next(state.numbers)
    state.pulls[number] = {
        "number": number,
        "node_id": f"PR_{number}",
        "title": body["title"],
        "body": body.get("body"),
        "state": "open",
        "draft": bool(body.get("draft")),
        "merged": False,
        "head": head,
        "base": base,
        "sha": state.tip(head),
        "labels": [],
        "reviewers": [],
    }
    return 201, state.pull(state.pulls[number])


def _pull(state: State, _: Any, body: Any, number: int) -> Reply:
    pull = state.pulls.get(number)
    if pull is None:
        return error(404, "Not Found")
    if body:
        pull |= {key: body[key] for key in ("title", "body", "base") if key in body}
    return 200, state.pull(pull)


def _reviewers(state: State, _: Any, body: Any, number: int) -> Reply:
    pull = state.pulls.get(number)
    if pull is None:
        return error(404, "Not Found")
    if "stranger" in body.get("reviewers", []):
        return error(422, "Reviews may only be requested from collaborators.")
    pull["reviewers"] += [*body.get("reviewers", []), *body.get("team_reviewers", [])]
    shown = state.example("pull-request-review-request")
    return 201, shown


def _list_issues(state: State, query: Mapping[str, str], *_: Any) -> Reply:
    wanted = set(filter(None, query.get("labels", "").split(",")))
    both = sorted([*state.issues.values(), *state.pulls.values()], key=lambda i: -i["number"])
    return 200, [
        state.issue(issue)
        for issue in both
        if query.get("state", "open") in ("all", issue["state"]) and wanted <= set(issue["labels"])
    ]


def _open_issue(state: State, _: Any, body: Any) -> Reply:
    if not state.has_issues:
        return error(410, "Issues has been disabled in this repository.")
    number = next(state.numbers)
    state.issues[number] = {
        "number": number,
        "node_id": f"I_{number}",
        "title": body["title"],
        "body": body.get("body"),
        "state": "open",
        "labels": list(body.get("labels", [])),
    }
    return 201, state.issue(state.issues[number])


def _issue(state: State, _: Any, body: Any, number: int) -> Reply:
    issue = state.thing(number)
    if issue is None:
        return error(404, "Not Found")
    if body:
        issue |= {key: body[key] for key in ("title", "body", "state") if key in body}
    return 200, state.issue(issue)


def _add_labels(state: State, _: Any, body: Any, number: int) -> Reply:
    issue = state.thing(number)
    if issue is None:
        return error(404, "Not Found")
    names = body if isinstance(body, list) else body.get("labels", [])
    issue["labels"] = list(dict.fromkeys([*issue["labels"], *names]))
    return 200, [state.label(name) for name in issue["labels"]]


def _remove_label(state: State, _: Any, __: Any, number: int, name: str) -> Reply:
    issue = state.thing(number)
    if issue is None or name not in issue["labels"]:
        return error(404, "Label does not exist")
    issue["labels"].remove(name)
    return 200, [state.label(label) for label in issue["labels"]]


def _list_comments(state: State, _: Any, __: Any, number: int) -> Reply:
    return 200, [state.comment(c) for c in state.comments if c["number"] == number]


def _comment(state: State, _: Any, body: Any, number: int) -> Reply:
    comment = {"id": 100 + len(state.comments), "number": number, "body": body["body"]}
    state.comments.append(comment)
    return 201, state.comment(comment)


def _workflow(state: State, _: Any, __: Any, name: str) -> Reply:
    return 200, state.example("workflow") | {"url": f"{state.url}/actions/workflows/{name}"}


def _enable(state: State, _: Any, __: Any, name: str) -> Reply:
    state.enabled.append(name)
    return 204, None


_ROUTES: dict[str, dict[str, Any]] = {
    r"": {"GET": _repository},
    r"/pulls": {"GET": _list_pulls, "POST": _open_pull},
    r"/pulls/(\d+)": {"GET": _pull, "PATCH": _pull},
    r"/pulls/(\d+)/requested_reviewers": {"POST": _reviewers},
    r"/issues": {"GET": _list_issues, "POST": _open_issue},
    r"/issues/(\d+)": {"GET": _issue, "PATCH": _issue},
    r"/issues/(\d+)/labels": {"POST": _add_labels},
    r"/issues/(\d+)/labels/([^/]+)": {"DELETE": _remove_label},
    r"/issues/(\d+)/comments": {"GET": _list_comments, "POST": _comment},
    r"/actions/workflows/([\w.-]+)": {"GET": _workflow},
    r"/actions/workflows/([\w.-]+)/enable": {"PUT": _enable},
}
