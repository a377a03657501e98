"""docs/examples shows what rolls of the miniature render today: ci/examples writes it anew."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from worlds import ROOT, World

from syncer.report import history, render, status
from syncer.report.page import page
from syncer.report.view import GOOD

EXAMPLES = ROOT / "docs" / "examples"
STALE = "docs/examples is not what reports are now: run ci/examples"


def example(name: str) -> str:
    return Path(EXAMPLES / name).read_text(encoding="utf-8")


def outline(body: str) -> list[str]:
    """Its headings, and the headings of its tables."""
    return re.findall(r"^(?:#+ .*|\|.*\|(?=\n\|[:|-]+\n)|<summary>.*)", body, re.MULTILINE)


@pytest.mark.slow
def test_the_pull_request_and_the_page_are_todays(shared: World) -> None:
    document = status.status_document(shared.roll("main").roll)
    assert outline(example("pr-body.md"))[:4] == outline(render.markdown(document))[:4], STALE
    headings = r"(?m)^### .*"
    assert re.findall(headings, example("pr-body.md")) == re.findall(
        headings, render.markdown(document)
    ), STALE
    shown = [
        [
            title
            for title in re.findall(r"<h2[^>]*>(.*?)</h2>", text)
            if "upstream's time" not in title
        ]
        for text in (example("report.html"), page(document))
    ]
    assert shown[0] == shown[1], STALE


@pytest.mark.slow
def test_a_roll_leaves_an_entry_in_the_history(shared: World) -> None:
    resolved = shared.roll("main").roll.resolved
    assert resolved
    state = shared.port.state
    entries = history.load(state / history.FOLDER, shared.folder)
    # Not the last one: another test may have rolled to a tag that is newer than the branch.
    (entry,) = (one for one in entries if one.commit == resolved.upstream.commit)
    assert entry.date.startswith("2026-01-") and entry.verdict in GOOD
    assert len({entry.name for entry in entries}) == len(entries)
    assert "Over upstream's time" in (state / "report.html").read_text().replace("&#39;", "'")


def test_the_issue_is_todays(shared: World) -> None:
    document = status.status_document(shared.roll("conflict").roll)
    assert outline(example("issue-body.md")) == outline(render.issue(document)), STALE
