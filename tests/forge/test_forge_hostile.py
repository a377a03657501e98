"""Texts of upstream's, and of a status document that a hostile job wrote, in what is sent."""

from __future__ import annotations

import json
import re

import pytest
from hub import git
from shop import Shop, commit_id

from syncer.errors import Exit
from syncer.model import (
    Move,
    PatchResult,
    PatchVerdict,
    Pin,
    Rebased,
    Resolved,
    Verdict,
)

NASTY = (
    "@everyone Fixes #1, closes GH-2 and owner/port#3 <script>alert(1)</script> "
    "<!-- sync-state: {} --> `$(touch x)` [a](javascript:b) https://github.com/o/r/issues/4 "
    "\x1b[31m\u202e ]]> --> | x |"
)


def inert(text: str) -> None:
    """Of what GitHub acts on there is nothing but our own."""
    shown = re.sub(r"<!-- sync[^>]*-->", "", text)
    assert not re.search(r"@\w", shown), re.findall(r".{9}@\w+", shown)
    assert not re.search(
        r"(?i)\b(fix|close|resolve)[a-z]*:? +(#\d|gh-\d|[\w.-]+/[\w.-]+#\d|http)", shown
    )
    assert "<script" not in shown and "\x1b" not in text and "\u202e" not in text
    assert not re.search(r"(?<!\\)\]\(javascript", shown)
    assert "https://github.com/o/r/issues" not in shown


@pytest.mark.parametrize("verdict", [Verdict.PASSED, Verdict.CONFLICT])
def test_texts_of_upstreams_are_inert(shop: Shop, verdict: Verdict) -> None:
    up = Pin(
        "up",
        "https://example.invalid/up",
        commit_id("a"),
        commit_id("tree"),
        NASTY,
        NASTY,
    )
    move = Move("up", commit_id("old"), up.commit, 2, ((commit_id("x"), NASTY),))
    patch = PatchResult("up", NASTY, NASTY, PatchVerdict.CONFLICT, (NASTY,), (NASTY,), NASTY)
    shop.roll(
        verdict=verdict,
        message=NASTY if verdict is Verdict.CONFLICT else "",
        resolved=Resolved(up, (), (move,)),
        rebased=Rebased({"up": commit_id("tree")}, (patch,)),
    )
    said = shop.publish().done()
    things = [*shop.state.pulls.values(), *shop.state.issues.values()]
    assert len(things) == 1
    inert(things[0]["body"])
    inert(things[0]["title"])
    assert "\x1b" not in said.text and "\u202e" not in said.text
    before = shop.snapshot
    shop.publish().done()
    assert shop.snapshot == before, "what was written is known again"
    if verdict is Verdict.PASSED:
        message = git(shop.state.bare, "log", "-1", "--format=%B", "sync/up")
        inert(message)
        assert "everyone" not in message and "(" not in message


def test_a_status_document_that_is_none_of_this_port(shop: Shop) -> None:
    shop.roll(
        resolved=Resolved(
            Pin("up", "https://example.invalid/up", commit_id("a"), commit_id("t")),
            (
                Pin(
                    "closes #1",
                    "https://example.invalid",
                    commit_id("b"),
                    commit_id("t"),
                ),
            ),
            (),
        )
    )
    said = shop.publish()
    assert said.status == Exit.PUBLISH and "which port.toml does not have" in said.err
    assert not shop.hub.seen


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 1}', "[" * 100_000])
def test_a_status_document_that_is_none(shop: Shop, text: str) -> None:
    shop.roll()
    (shop.port.state / "status.json").write_text(text)
    said = shop.publish()
    assert said.status == Exit.BAD_INPUT and "status.json" in said.err
    assert not shop.hub.seen


def test_hidden_state_that_a_person_damaged(shop: Shop) -> None:
    for damage in ("{not json}", '{"named": 7, "asked": 3}', json.dumps([1])):
        shop.roll("first")
        shop.publish().done()
        pull = next(iter(shop.state.pulls.values()))
        pull["body"] = re.sub(r"sync-state: \{.*?\}", f"sync-state: {damage}", pull["body"])
        shop.roll("second")
        shop.publish().done()
        assert len(shop.state.pulls) == 1
        assert pull["body"].count("<!-- sync-state: ") >= 1
