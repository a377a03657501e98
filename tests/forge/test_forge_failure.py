"""The one issue of a port whose rolls fail."""

from __future__ import annotations

from typing import Any

import pytest
from shop import Shop

from syncer.model import Verdict

OVER = {"m/cycles": 2_000}


def issues(shop: Shop, state: str = "open") -> list[dict[str, Any]]:
    return [issue for issue in shop.state.issues.values() if issue["state"] == state]


@pytest.mark.parametrize("verdict", [Verdict.CONFLICT, Verdict.GATE, Verdict.BUILD, Verdict.TEST])
def test_a_roll_that_needs_a_person_opens_one_issue(shop: Shop, verdict: Verdict) -> None:
    shop.roll("first", verdict, message="up: 0001.patch conflicts in a.cc")
    for _ in range(3):
        shop.publish().done()
    (issue,) = issues(shop)
    assert issue["labels"] == ["sync-failure"]
    assert "0001.patch conflicts in a.cc" in issue["body"]
    shop.roll("second", verdict, message="up: 0001.patch conflicts in a.cc")
    shop.publish().done()
    assert issues(shop) == [issue] and not shop.state.comments
    assert not shop.state.pulls and not shop.state.tip("sync/up")


@pytest.mark.parametrize(
    "verdict", [Verdict.ENVIRONMENT, Verdict.HELD, Verdict.INTERRUPTED, Verdict.BUG]
)
def test_what_no_commit_mends_is_no_issue(shop: Shop, verdict: Verdict) -> None:
    shop.roll("first", verdict, message="no network")
    assert "Nothing to publish" in shop.publish().done().out
    assert not shop.hub.seen


def test_the_fix_closes_it(shop: Shop) -> None:
    shop.roll("first", Verdict.CONFLICT, message="0001.patch conflicts")
    shop.publish().done()
    shop.roll("second")
    said = shop.publish().done()
    (issue,) = issues(shop, "closed")
    assert f"Closed {shop.hub.url}/owner/port/issues/{issue['number']}" in said.out
    assert "A later roll has passed. See " in issue["body"]
    before = shop.snapshot
    assert "Closed" not in shop.publish().done().out
    assert shop.snapshot == before
    shop.roll("third", Verdict.CONFLICT, message="0001.patch conflicts")
    shop.publish().done()
    assert len(issues(shop)) == 1, "what was mended and fails again is told again"


def test_another_failure_is_told_in_the_same_issue(shop: Shop) -> None:
    shop.roll("first", Verdict.CONFLICT, message="0001.patch conflicts")
    shop.publish().done()
    shop.roll("second", Verdict.BUILD, message="a.cc does not compile")
    for _ in range(2):
        shop.publish().done()
    (issue,) = issues(shop)
    assert "does not compile" in issue["body"] and "conflicts" not in issue["body"]
    assert [c["number"] for c in shop.state.comments] == [issue["number"]]


def test_an_issue_that_a_person_closed_stays_closed_for_the_same(shop: Shop) -> None:
    shop.roll("first", Verdict.BUILD, message="a.cc does not compile")
    shop.publish().done()
    issues(shop)[0]["state"] = "closed"
    shop.roll("second", Verdict.BUILD, message="a.cc does not compile")
    assert "was closed" in shop.publish().done().out
    assert not issues(shop)
    shop.roll("third", Verdict.BUILD, message="b.cc does not compile")
    shop.publish().done()
    assert len(issues(shop)) == 1


def test_the_open_pull_request_is_told_once(shop: Shop) -> None:
    shop.roll("first")
    shop.publish().done()
    shop.roll("second", Verdict.CONFLICT, message="0001.patch conflicts")
    for _ in range(3):
        shop.publish().done()
    (comment,) = shop.state.comments
    pull = next(iter(shop.state.pulls))
    assert comment["number"] == pull
    assert f"/issues/{issues(shop)[0]['number']}" in comment["body"]
    shop.roll("third")
    for _ in range(2):
        shop.publish().done()
    assert [c["number"] for c in shop.state.comments] == [pull, pull]
    assert not issues(shop)


def test_where_issues_are_turned_off(shop: Shop) -> None:
    shop.state.has_issues = False
    shop.roll("first", Verdict.BUILD, message="a.cc does not compile")
    said = shop.publish()
    assert said.status == 12 and "Turn the repository's issues on" in said.err


@pytest.mark.parametrize("after", [False, True])
def test_a_failing_answer_makes_no_second_issue(shop: Shop, after: bool) -> None:
    shop.roll("first", Verdict.BUILD, message="a.cc does not compile")
    shop.hub.fail("POST /api/v3/repos/owner/port/issues", 502, after=after)
    shop.publish().done()
    assert len(issues(shop)) == 1


def test_the_label_lets_named_figures_through(shop: Shop) -> None:
    def rolled(to: str, **over: int) -> None:
        names = {f"m/{name}": value for name, value in over.items()}
        shop.roll(to, Verdict.GATE, message="over the gate", over=names)

    rolled("first", cycles=2000)
    shop.publish().done()
    (issue,) = issues(shop)
    assert "bench-accepted" in issue["body"] and not shop.state.pulls
    issue["labels"].append("bench-accepted")
    for _ in range(2):
        shop.publish().done()
    (pull,) = shop.state.pulls.values()
    assert pull["labels"] == ["upstream-sync", "bench-accepted"] and not pull["draft"]
    assert f"on #{issue['number']} lets these figures through" in pull["body"]
    rolled("second", cycles=1990)  # not worse than what was accepted
    assert "up to date" in shop.publish().done().out
    assert not shop.state.comments


@pytest.mark.parametrize("over", [{"m/cycles": 2_001}, {"m/cycles": 2_000, "m/flash": 9_000}])
def test_the_label_holds_for_no_other_figure(shop: Shop, over: dict[str, int]) -> None:
    shop.roll("first", Verdict.GATE, message="over the gate", over=OVER)
    shop.publish().done()
    issues(shop)[0]["labels"].append("bench-accepted")
    shop.roll("second", Verdict.GATE, message="over the gate", over=over)
    for _ in range(2):
        shop.publish().done()
    assert not shop.state.pulls
    assert issues(shop)[0]["labels"] == ["sync-failure"]


def test_no_label_lets_other_failures_through(shop: Shop) -> None:
    shop.roll("first", Verdict.GATE, message="over the gate", over=OVER)
    shop.publish().done()
    issues(shop)[0]["labels"].append("bench-accepted")
    shop.roll("second", Verdict.BUILD, message="a.cc does not compile")
    shop.publish().done()
    assert not shop.state.pulls and issues(shop)[0]["labels"] == ["sync-failure"]
