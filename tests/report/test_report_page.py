from __future__ import annotations

import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from rolls import NASTY, NEW, OLD, real_roll, rolls

from syncer import model
from syncer.model import Roll, Verdict
from syncer.report.charts import Point, bar, gauge, history, stack
from syncer.report.page import page
from syncer.report.status import status_document

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "ci"))
import look

VOID = {"meta", "br", "rect", "line", "path", "circle"}
OURS = {
    "html", "head", "title", "style", "body", "main", "header", "h1", "h2", "h3", "p", "strong",
    "dl", "dt", "dd", "div", "article", "section", "span", "table", "thead", "tbody", "tr", "th",
    "td", "ul", "li", "details", "summary", "code", "pre", "a", "footer", "svg", "text", "meta",
    "br", "rect", "line", "path", "circle",
}  # fmt: skip


class Page(HTMLParser):
    """What a page holds: every element is closed where it was opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.ids: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes |= {name for name, _ in attrs}
        given = dict(attrs)
        self.links += [str(given[name]) for name in ("href", "src") if name in given]
        self.ids += [str(given["id"])] if "id" in given else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words += data


def assert_sound(text: str) -> Page:
    found = Page(text)
    assert set(found.seen) <= OURS
    assert not [name for name in found.attributes if name.startswith("on")]
    web = (
        r"https://redirect\.github\.com/[\w-]+/[\w.-]+/(commit/[0-9a-f]{40}|compare/[0-9a-f.]{83})"
    )
    assert [link for link in found.links if not re.fullmatch(web, link)] == []
    assert len(set(found.ids)) == len(found.ids)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    levels = [int(tag[1]) for tag in found.seen if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    return found


@settings(
    suppress_health_check=[HealthCheck.too_slow],
    deadline=None,
    max_examples=30,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(rolls())
def test_any_roll_makes_a_sound_page(roll: Roll) -> None:
    text = page(status_document(roll))
    assert text == page(status_document(roll))
    assert_sound(text)


def hostile_roll() -> Roll:
    """Every name and text of others' is a trick."""
    roll = real_roll()
    assert roll.resolved and roll.benches and roll.tests and roll.rebased
    trick = " ".join(NASTY[:9])
    moves = tuple(
        replace(move, commits=tuple((OLD, text) for text in NASTY)) for move in roll.resolved.moves
    )
    patches = tuple(
        model.PatchResult(text, text, text, model.PatchVerdict.MERGED, (), (text,), text)
        for text in NASTY
    )
    notable = tuple(
        model.Notable("tflite-micro", NEW, text, text, (text,), (text,)) for text in NASTY
    )
    tests = tuple(model.TestResult(text, False, (), text) for text in NASTY)
    bench = roll.benches.results[0]
    layers = tuple(replace(layer, op=trick) for layer in bench.layers)
    sizes = tuple(model.SizeMove(text, text, text, 1, 2) for text in NASTY)
    return replace(
        roll,
        port=trick,
        verdict=Verdict.TEST,
        message=trick,
        detail="\n".join(NASTY),
        resolved=replace(roll.resolved, moves=moves),
        rebased=replace(roll.rebased, patches=patches, notable=notable),
        tests=model.TestsResult(tests),
        benches=replace(
            roll.benches,
            results=(replace(bench, name=trick, layers=layers, target=trick),),
            moved=sizes,
            largest=sizes,
        ),
    )


def test_hostile_names_stay_text() -> None:
    found = assert_sound(page(status_document(hostile_roll())))
    assert "<script>alert(1)</script>" in found.words
    assert "{{ doc }}" in found.words


def test_a_page_needs_nothing_but_itself() -> None:
    text = page(status_document(real_roll()))
    assert "default-src 'none'" in text
    assert not re.search(r"(?i)<script|<link|<img|@import|url\(", text)
    assert "prefers-color-scheme: dark" in text
    assert 'name="viewport"' in text


def test_a_page_says_what_the_body_says() -> None:
    words = assert_sound(page(status_document(real_roll()))).words
    for part in (
        "Ready to merge", "111111111111 → 90b983c2b3f1, +214 commits", "100.0 ms", "+0.81 %",
        "gate: 40 % of +2.00 % used", "400,000 B (+0.25 %)", "equal in 2 of 2 layers",
        "Fix #12 for @someone", "arm-none-eabi-gcc", NEW,
    ):  # fmt: skip
        assert part in words
    assert "/x/tree" not in words


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_a_page(verdict: Verdict) -> None:
    assert_sound(page(status_document(Roll("p", verdict, ()))))


# ---- charts


def test_bars_are_as_long_as_what_they_show() -> None:
    assert 'width="50.00%"' in bar(5, None, 10, "x")
    assert 'class="mark" x="40.00%"' in bar(5, 4, 10, "x")
    assert 'width="0.30%"' in bar(1, None, 10**9, "x")
    assert 'class="over" width="100.00%"' in gauge(1.2, "x")
    assert 'class="bar" width="25.00%"' in gauge(0.25, "x")
    assert re.findall(r'x="([\d.]+)%" width="([\d.]+)%"', stack([("a", 30), ("b", 10)], "x")) == [
        ("0.00", "75.00"), ("75.00", "25.00"),
    ]  # fmt: skip


def test_a_history_rises_where_its_values_do_and_names_its_steps() -> None:
    points = [
        Point("a", 100, "first"), Point("b", None, "nothing"), Point("c", 120, "third", "c: slower")
    ]  # fmt: skip
    drawn = history(points, "ms", "Latency of x")
    (_, y1), (_, y2) = re.findall(r'<circle class="dot" cx="([\d.]+)" cy="([\d.]+)"', drawn)
    assert float(y2) < float(y1)
    assert "c: slower" in drawn and 'aria-label="Latency of x"' in drawn
    assert history([Point("a", None, "x")], "ms", "t") == ""
    assert "&lt;b&gt;" in history([Point("<b>", 1.0, "<b>", "<b>")], "<b>", "<b>")


# ---- in a browser


@pytest.mark.slow
@pytest.mark.parametrize("width, dark", [(1180, False), (1180, True), (390, False), (390, True)])
def test_a_browser_shows_it_legibly_and_no_wider_than_the_window(width: int, dark: bool) -> None:
    assert look.browser(), "ci/setup installs chromium-headless-shell"
    for roll in (real_roll(), hostile_roll()):
        found = look.probe(page(status_document(roll)), width, dark)
        assert found.dark is dark
        assert found.view == width
        assert found.width <= found.view
        assert found.faint == []
