"""One pull request, whatever happens: publishing against the stand-in."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from hub import git
from shop import PORT, Shop

from syncer.errors import Exit
from syncer.model import Verdict
from syncer.report import status


def only_pull(shop: Shop) -> dict[str, Any]:
    assert len(shop.state.pulls) == 1, shop.state.pulls
    return next(iter(shop.state.pulls.values()))


def test_the_first_roll_opens_the_pull_request(shop: Shop) -> None:
    shop.roll()
    said = shop.publish().done()
    pull = only_pull(shop)
    assert (pull["head"], pull["base"], pull["draft"]) == ("sync/up", "main", False)
    assert pull["labels"] == ["upstream-sync"]
    assert pull["title"].startswith("Roll up to ")
    assert pull["body"].startswith("<!-- sync: {")
    assert f"/{shop.state.name}/pull/{pull['number']}" in said.out
    branch, main = shop.files("sync/up"), shop.files("main")
    assert branch["port/sync.lock"] == "to = 'first'"
    assert branch["patches/up/0001.patch"] == "for first"
    assert {path for path in main if branch.get(path) != main[path]} == {
        "port/sync.lock",
        "patches/up/0001.patch",
    }
    assert git(shop.state.bare, "rev-parse", "sync/up~1") == shop.state.tip("main")


def test_ten_runs_are_as_one(shop: Shop) -> None:
    shop.roll()
    shop.publish().done()
    before = shop.snapshot
    written = {method: len(shop.sent(method)) for method in ("POST", "PATCH", "PUT", "DELETE")}
    for _ in range(9):
        assert "up to date" in shop.publish().done().out
    assert shop.snapshot == before
    assert {method: len(shop.sent(method)) for method in written} == written


def test_upstream_moves_and_the_pull_request_follows(shop: Shop) -> None:
    shop.roll("first")
    shop.publish().done()
    first = dict(only_pull(shop))
    shop.roll("second")
    assert "up to date" in shop.publish().done().out
    pull = only_pull(shop)
    assert pull["title"] != first["title"] and pull["body"] != first["body"]
    assert shop.files("sync/up")["port/sync.lock"] == "to = 'second'"
    assert git(shop.state.bare, "rev-parse", "sync/up~1") == shop.state.tip("main")
    assert not shop.state.comments


def test_nothing_new_is_nothing_sent(shop: Shop) -> None:
    shop.roll(verdict=Verdict.UP_TO_DATE, changed={})
    before = shop.snapshot
    assert "Nothing to propose" in shop.publish().done().out
    assert shop.snapshot == before and not shop.sent("POST")
    shop.roll("first")
    shop.publish().done()
    git(shop.state.bare, "update-ref", "refs/heads/main", shop.state.tip("sync/up"))
    shop.state.pulls[1] |= {"state": "closed", "merged": True}
    before = shop.snapshot
    assert "Nothing new" in shop.publish().done().out
    assert shop.snapshot == before


def test_the_base_moves_and_nothing_need_be_sent(shop: Shop) -> None:
    shop.roll()
    shop.publish().done()
    shop.write({"README.md": "Another.\n"})
    before = shop.snapshot
    assert "up to date" in shop.publish().done().out
    assert shop.snapshot == before
    shop.roll("second")
    shop.publish().done()
    assert git(shop.state.bare, "rev-parse", "sync/up~1") == shop.state.tip("main")


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"port/sync.lock": "to = 'elsewhere'\n"}, "port/sync.lock"),
        ({"port/src/clock.cc": "int other;\n"}, "port/src/clock.cc"),
    ],
)
def test_a_roll_made_of_other_files_is_not_published(
    shop: Shop, files: dict[str, str], named: str
) -> None:
    shop.roll()
    shop.write(files)
    said = shop.publish()
    assert said.status == Exit.PUBLISH
    assert f"other files than owner/port has: {named}" in said.err and "roll again" in said.err
    assert not shop.state.tip("sync/up") and not shop.state.pulls


def test_a_comment_is_made_when_the_verdict_changes(shop: Shop) -> None:
    shop.roll("first")
    shop.publish().done()
    shop.roll("second", Verdict.NOT_CHECKED)
    for _ in range(3):
        shop.publish().done()
    assert [c["number"] for c in shop.state.comments] == [only_pull(shop)["number"]]
    assert "Not checked" in shop.state.comments[0]["body"]
    assert only_pull(shop)["draft"]
    shop.roll("third")
    for _ in range(2):
        shop.publish().done()
    assert len(shop.state.comments) == 2
    assert "Ready to merge" in shop.state.comments[1]["body"]
    assert not only_pull(shop)["draft"]


def test_a_person_who_takes_it_out_of_draft_is_not_overruled(shop: Shop) -> None:
    shop.roll("first", Verdict.NOT_CHECKED)
    shop.publish().done()
    assert only_pull(shop)["draft"]
    only_pull(shop)["draft"] = False
    shop.roll("second", Verdict.NOT_CHECKED)
    shop.publish().done()
    assert not only_pull(shop)["draft"]


def test_where_there_are_no_drafts(shop: Shop) -> None:
    shop.state.drafts = False
    shop.roll("first", Verdict.NOT_CHECKED)
    shop.publish().done()
    assert not only_pull(shop)["draft"]


def test_what_people_write_beside_it_stays(shop: Shop) -> None:
    shop.roll("first")
    shop.publish().done()
    pull = only_pull(shop)
    pull["body"] = f"Before.\r\n\r\n{pull['body']}\r\n\r\nAfter.".replace("\n", "\r\n")
    shop.roll("second")
    shop.publish().done()
    assert pull["body"].startswith("Before.") and pull["body"].endswith("After.")
    assert pull["body"].count("<!-- sync: {") == 1


def test_a_pull_request_that_a_person_closed_stays_closed(shop: Shop) -> None:
    shop.roll("first")
    shop.publish().done()
    only_pull(shop)["state"] = "closed"
    before = shop.snapshot
    assert "closed by a person" in shop.publish().done().out
    assert shop.snapshot == before
    shop.roll("second")
    shop.publish().done()
    assert [pull["state"] for pull in shop.state.pulls.values()] == ["closed", "open"]


def test_reviewers_are_asked_once(shop: Shop) -> None:
    shop.write({"port/port.toml": PORT + 'reviewers = ["someone", "organisation/team"]\n'})
    shop.roll()
    for _ in range(3):
        shop.publish().done()
    assert only_pull(shop)["reviewers"] == ["someone", "team"]


def test_a_reviewer_who_is_none_is_told_and_no_obstacle(shop: Shop) -> None:
    shop.write({"port/port.toml": PORT + 'reviewers = ["stranger"]\n'})
    shop.roll()
    said = shop.publish().done()
    assert "Opened" in said.out and "could not ask for reviews" in said.out


# ---- people's commits


def test_peoples_commits_are_kept(shop: Shop) -> None:
    shop.roll("first")
    shop.publish().done()
    theirs = shop.person("sync/up")
    assert "up to date" in shop.publish().done().out  # of the very same roll: no obstacle
    shop.roll("second")
    for _ in range(2):
        said = shop.publish()
        assert said.status == Exit.FOREIGN_COMMITS
        assert "A Person: A person's own work" in said.err and "kept" in said.err
        assert shop.state.tip("sync/up") == theirs
    assert len(shop.state.comments) == 1
    assert "not overwritten" in shop.state.comments[0]["body"]


def test_an_amended_commit_is_a_persons(shop: Shop) -> None:
    shop.roll("first")
    shop.publish().done()
    place = shop.folder / "person"
    git(
        None,
        "clone",
        "--quiet",
        "--branch",
        "sync/up",
        str(shop.state.bare),
        str(place),
    )
    (place / "README.md").write_text("Better.\n")
    git(place, "commit", "--quiet", "--all", "--amend", "--no-edit")
    git(place, "push", "--quiet", "--force", "origin", "HEAD:sync/up")
    theirs = shop.state.tip("sync/up")
    shop.roll("second")
    assert shop.publish().status == Exit.FOREIGN_COMMITS
    assert shop.state.tip("sync/up") == theirs


def test_people_who_are_quicker_are_not_overwritten(shop: Shop) -> None:
    shop.roll("first")
    shop.publish().done()
    shop.roll("second")
    theirs: list[str] = []
    shop.hub.fail("git-receive-pack", act=lambda: theirs.append(shop.person("sync/up")))
    said = shop.publish()
    assert said.status == Exit.FOREIGN_COMMITS
    assert "somebody else has pushed" in said.err
    assert shop.state.tip("sync/up") == theirs[0]


def test_a_branch_that_was_merged_may_be_taken_anew(shop: Shop) -> None:
    shop.roll("first")
    shop.publish().done()
    shop.person("sync/up")
    tip = shop.state.tip("sync/up")
    only_pull(shop).update(state="closed", merged=True, sha=tip)
    git(shop.checkout, "fetch", "--quiet", str(shop.state.bare), "sync/up")
    git(shop.checkout, "merge", "--quiet", "--squash", "FETCH_HEAD")
    shop.write({}, "Squashed")
    shop.roll("second")
    shop.publish().done()
    assert git(shop.state.bare, "rev-parse", "sync/up~1") == shop.state.tip("main")
    assert len(shop.state.pulls) == 2


# ---- broken off, or answered badly


def test_broken_off_between_push_and_pull_request(shop: Shop) -> None:
    shop.roll()
    shop.hub.fail("POST /api/v3/repos/owner/port/pulls", 403)
    said = shop.publish()
    assert said.status == Exit.PUBLISH and "pull-requests: write" in said.err
    tip = shop.state.tip("sync/up")
    assert tip and not shop.state.pulls
    shop.publish().done()
    assert only_pull(shop)["labels"] == ["upstream-sync"]
    assert shop.state.tip("sync/up") == tip


def test_broken_off_before_the_label(shop: Shop) -> None:
    shop.roll()
    shop.hub.fail("/labels", 403)
    assert "could not label" in shop.publish().done().out
    assert not only_pull(shop)["labels"]
    shop.publish().done()
    assert only_pull(shop)["labels"] == ["upstream-sync"]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("status", [502, 503])
def test_a_failing_answer_makes_no_second_pull_request(
    shop: Shop, status: int, after: bool
) -> None:
    shop.roll()
    shop.hub.fail("POST /api/v3/repos/owner/port/pulls", status, after=after)
    shop.publish().done()
    assert only_pull(shop)["labels"] == ["upstream-sync"]


def test_somebody_opens_it_meanwhile(shop: Shop) -> None:
    shop.roll()

    def opened() -> None:
        shop.state.pulls[next(shop.state.numbers)] = {
            "number": 1,
            "node_id": "PR_1",
            "title": "Mine",
            "body": "",
            "state": "open",
            "draft": False,
            "merged": False,
            "head": "sync/up",
            "base": "main",
            "sha": shop.state.tip("sync/up"),
            "labels": [],
            "reviewers": [],
        }

    shop.hub.fail("POST /api/v3/repos/owner/port/pulls", act=opened)
    shop.publish().done()
    shop.publish().done()
    assert only_pull(shop)["title"].startswith("Roll up to ")


def test_a_push_of_which_the_answer_is_lost(shop: Shop) -> None:
    shop.roll()
    shop.hub.fail("POST /owner/port.git/git-receive-pack", 502, after=True)
    shop.publish().done()
    assert shop.state.tip("sync/up") and only_pull(shop)


def test_workflows_that_the_token_may_not_write(shop: Shop) -> None:
    hook = shop.state.bare / "hooks" / "pre-receive"
    hook.write_text(
        "#!/bin/sh\necho 'refusing to allow a GitHub App to create or update workflow "
        "`.github/workflows/sync.yml` without `workflows` permission' >&2\nexit 1\n"
    )
    hook.chmod(0o755)
    shop.roll()
    said = shop.publish()
    assert said.status == Exit.PUBLISH
    assert "without `workflows` permission" in said.err and "workflows: write" in said.err


@pytest.mark.parametrize(
    ("matches", "status", "body", "words"),
    [
        (
            "GET /api/v3/repos/owner/port",
            401,
            {"message": "Bad credentials"},
            "SYNC_TOKEN",
        ),
        ("GET /api/v3/repos/owner/port", 404, {"message": "Not Found"}, "[publish]"),
        ("POST /api/v3/repos/owner/port/pulls", 409, {"message": "Conflict"}, "again"),
        (
            "POST /api/v3/repos/owner/port/pulls",
            403,
            {"message": "GitHub Actions is not permitted to create or approve pull requests."},
            "Settings, Actions, General",
        ),
        (
            "POST /api/v3/repos/owner/port/pulls",
            422,
            {
                "message": "Validation Failed",
                "errors": [{"code": "custom", "message": "odd"}],
            },
            "odd",
        ),
        ("GET /api/v3/repos/owner/port", 200, "<html>A proxy's page</html>", "answer"),
        ("GET /api/v3/repos/owner/port", 200, '{"cut": "of', "answer"),
    ],
)
def test_refusals_are_told(shop: Shop, matches: str, status: int, body: object, words: str) -> None:
    shop.roll()
    shop.hub.fail(matches, status, times=5, body=body)
    said = shop.publish()
    assert said.status in (Exit.PUBLISH, Exit.ENVIRONMENT), said
    assert "cannot " in said.err and words in said.err, said.err
    assert "Traceback" not in said.text and "bug" not in said.err


def test_a_server_that_stays_broken(shop: Shop) -> None:
    shop.roll()
    shop.hub.fail("GET /api/v3/repos/owner/port", 503, times=9)
    said = shop.publish()
    assert said.status == Exit.PUBLISH and "503" in said.err and "again" in said.err


def test_a_server_that_is_not_there(shop: Shop) -> None:
    shop.roll()
    said = shop.publish(env={"GITHUB_API_URL": "http://127.0.0.1:9/api/v3"})
    assert said.status == Exit.ENVIRONMENT and "cannot be reached" in said.err


def test_a_server_that_does_not_answer(shop: Shop) -> None:
    shop.roll()
    shop.hub.fail("GET /api/v3/repos/owner/port/pulls", silence=1.5)
    shop.timeout = 1
    shop.publish().done()
    assert only_pull(shop)


def test_a_rate_limit_is_waited_for_but_not_for_ever(shop: Shop) -> None:
    shop.roll()
    shop.hub.limit("POST /api/v3/repos/owner/port/pulls", seconds=60)
    shop.publish().done()
    assert shop.waited == [60.0]
    assert only_pull(shop)
    shop.hub.limit("GET /api/v3/repos/owner/port/pulls", seconds=3600)
    said = shop.publish()
    assert said.status == Exit.PUBLISH and "3600 s" in said.err


@pytest.mark.parametrize("status", [401, 403, 404, 503])
def test_git_is_refused(shop: Shop, status: int) -> None:
    shop.roll()
    shop.hub.fail("info/refs", status, times=9)
    said = shop.publish()
    assert said.status == Exit.PUBLISH
    words = {401: "SYNC_TOKEN", 403: "contents: write", 404: "[publish]", 503: "later"}
    assert words[status] in said.err, said.err


# ---- what is said, and with what


def test_without_a_token_it_is_only_said(shop: Shop) -> None:
    shop.roll()
    said = shop.publish(env={"SYNC_TOKEN": ""}).done()
    assert "would push " in said.out and "would open a pull request in owner/port" in said.out
    assert "nothing was sent. There is no token in SYNC_TOKEN or GITHUB_TOKEN" in said.out
    assert not shop.hub.seen


def test_a_dry_run_says_just_what_a_run_then_does(shop: Shop) -> None:
    def rehearsed() -> list[str]:
        before = shop.snapshot
        said = shop.publish("--dry-run").done()
        assert shop.snapshot == before and "nothing was sent" in said.out
        return [line for line in said.out.splitlines() if line.startswith("would ")]

    shop.roll("first")
    assert [line.split(" ")[1] for line in rehearsed()] == ["push", "open", "label"]
    commit = rehearsed()[0].split(" ")[2]
    shop.publish().done()
    assert shop.state.tip("sync/up").startswith(commit)
    assert rehearsed() == []
    shop.roll("second", Verdict.NOT_CHECKED)
    steps = rehearsed()
    assert [line.split(" ")[1] for line in steps] == [
        "push",
        "comment",
        "make",
        "change",
    ]
    shop.publish().done()
    assert rehearsed() == []


def test_what_can_be_wrong_on_the_command_line(shop: Shop) -> None:
    shop.roll()
    for arguments, env, code, words in (
        (["--token-fd", "99"], {}, Exit.USAGE, "file descriptor 99"),
        ([], {"SYNC_TOKEN": "two words"}, Exit.BAD_INPUT, "no token"),
        (["--from", "nowhere"], {}, Exit.BAD_INPUT, "no folder nowhere"),
        (["--from", str(shop.folder)], {}, Exit.BAD_INPUT, "status.json"),
        ([], {"GITHUB_SERVER_URL": "http://example.org"}, Exit.BAD_INPUT, "https"),
        ([], {"GITHUB_API_URL": "https://a:b@example.org"}, Exit.BAD_INPUT, "https"),
        (["--frm"], {}, Exit.USAGE, "No such option"),
    ):
        said = shop.publish(*arguments, env=env)
        assert said.status == code and words in said.err, (arguments, env, said)
    assert "--token-fd" in shop.sync("publish", "--help").out


def test_what_is_no_roll_to_publish(shop: Shop) -> None:
    for more, words in (
        ({"port": "other"}, "of the port 'other'"),
        ({"bare": True}, "of upstream alone"),
        ({"stages": ()}, "before it had anything to publish"),
    ):
        shop.roll(**more)
        said = shop.publish()
        assert said.status == Exit.BAD_INPUT and words in said.err, said
    shop.write({"port/port.toml": PORT.replace('repository = "owner/port"\n', "")})
    shop.roll()
    said = shop.publish(env={"GITHUB_REPOSITORY": ""})
    assert said.status == Exit.BAD_INPUT and "publish.repository" in said.err
    assert not shop.sent("POST")
    shop.publish(env={"GITHUB_REPOSITORY": "owner/port"}).done()
    assert only_pull(shop)


def test_a_token_by_a_file_descriptor(shop: Shop) -> None:
    shop.roll()
    place = shop.folder / "token"
    place.write_text(shop.hub.token + "\n")
    with place.open() as stream:
        number = os.dup(stream.fileno())
        shop.publish("--token-fd", str(number), env={"SYNC_TOKEN": ""}).done()
    assert only_pull(shop)


# ---- what the status document says of it


def published(shop: Shop) -> Any:
    document = json.loads((shop.port.state / "status.json").read_text())
    status.check(document)
    return document["published"]


def test_the_status_document_says_what_became_of_it(shop: Shop) -> None:
    shop.roll(kept=True)
    assert published(shop) is None
    shop.publish("--dry-run").done()
    assert published(shop) is None
    shop.publish().done()
    number, pull = only_pull(shop)["number"], f"{shop.hub.url}/owner/port/pull/"
    assert published(shop) == {
        "verdict": "passed",
        "items": [
            {
                "action": "created",
                "text": f"Opened {pull}{number}.",
                "url": f"{pull}{number}",
                "number": number,
            }
        ],
        "message": "",
        "hint": "",
    }
    assert f"Published: Opened {pull}{number}." in shop.sync("status").done().out
    assert json.loads(shop.sync("status", "--json").done().out)["published"] == published(shop)
    shop.roll("second", kept=True)
    assert "Published" not in shop.sync("status").done().out


def test_the_status_document_says_why_not(shop: Shop) -> None:
    shop.roll(kept=True)
    told = {"message": f"Resource not accessible with {shop.hub.token}"}
    shop.hub.fail("POST /api/v3/repos/owner/port/pulls", 403, body=told)
    assert shop.publish().status == Exit.PUBLISH
    found = published(shop)
    assert found["verdict"] == "publish" and found["items"] == []
    assert "403" in found["message"] and "pull-requests: write" in found["hint"]
    assert "Not published (12): cannot open" in shop.sync("status").done().out
    shop.publish().done()
    shop.person("sync/up")
    shop.roll("second", kept=True)
    assert shop.publish().status == Exit.FOREIGN_COMMITS
    assert published(shop)["verdict"] == "foreign commits"
    said = shop.sync("status").done().out
    assert "Not published (17): sync/up of owner/port has commits of others" in said
    for file in shop.port.state.rglob("*"):
        assert not file.is_file() or shop.hub.token.encode() not in file.read_bytes(), file


def test_the_issue_is_named_in_the_status_document(shop: Shop) -> None:
    shop.roll(verdict=Verdict.CONFLICT, message="no", kept=True)
    shop.publish().done()
    ((number, _),) = shop.state.issues.items()
    (item,) = published(shop)["items"]
    assert (item["action"], item["number"]) == ("created", number)
    assert item["url"].endswith(f"/issues/{number}")
