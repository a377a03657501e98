from __future__ import annotations

import io
import json
import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console
from rolls import NASTY, NEW, NN_NEW, OLD, real_roll, rolls, texts

from syncer import model
from syncer.model import Move, PatchResult, PatchVerdict, Rebased, Resolved, Roll, Verdict
from syncer.report import neutral
from syncer.report.numbers import bar, change
from syncer.report.render import LIMIT, issue, markdown, title
from syncer.report.status import Document, status_document
from syncer.report.terminal import terminal

GFM = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
# As GitHub does, what looks like an address becomes a link.
LINKING = MarkdownIt("gfm-like", {"html": True})
LINKING.linkify.set({"fuzzy_link": False, "fuzzy_email": True})
OURS = r"https://redirect\.github\.com/[\w-]+/[\w.-]+/(commit/[0-9a-f]{40}|compare/[0-9a-f.]{83})"


def document(roll: Roll) -> Document:
    return status_document(roll)


def shown(roll: Roll, width: int = 160) -> str:
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(terminal(document(roll)))
    return out.getvalue()


# ---- harmless


def assert_harmless(body: str) -> None:
    # GitHub does not look into a comment; that nothing gets out of it shows in what is left.
    body = re.sub(r"\A<!-- sync: [^<>@#]* -->", "", body)
    assert not re.search(r"@\w", body)
    assert not re.search(r"#\w", body)
    assert not re.search(r"(?i)\bgh-\d", body)
    assert not re.search(r"(?i)\b(close|fix|resolve)[sd]?e?s?:?\s+(\S*#\d|gh-\d|https?://)", body)
    links = re.findall(r"(?i)(?:\w+://|www\.)[^\s)\"]*", body)
    ours = OURS
    assert [link for link in links if not re.fullmatch(ours, link)] == []
    assert not re.search(r"<(?!/?(?:details|summary|code|pre)>|br>)", body)
    assert not re.search(r"[^\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", body)
    body.encode()


def assert_nothing_arises(body: str) -> None:
    """Rendered, it has our own links and elements and no others."""
    tokens = [child for token in LINKING.parse(body) for child in (token, *(token.children or ()))]
    links = [str(token.attrGet("href")) for token in tokens if token.type == "link_open"]
    assert [link for link in links if not re.fullmatch(OURS, link)] == []
    assert not [
        token
        for token in tokens
        if token.type in ("image", "fence", "code_block") and token.info != "sh"
    ]
    html = "".join(token.content for token in tokens if token.type.startswith("html_"))
    html = re.sub(r"\A<!-- sync: [^<>]* -->", "", html)
    assert set(re.findall(r"<[^>]*>", html)) <= {
        f"<{end}{tag}>" for tag in ("details", "summary", "code", "pre", "br") for end in ("", "/")
    }


def assert_whole_tables(body: str) -> None:
    """Every table has a heading, a rule, and as many cells in every row."""
    body = re.sub(r"<pre>\n.*?\n</pre>", "", body, flags=re.DOTALL)  # a log's lines are none
    for block in re.findall(r"(?:^\|.*\n)+", body, re.MULTILINE):
        rows = [re.sub(r"\\.", "", row) for row in block.splitlines()]
        assert all(row.endswith("|") for row in rows)
        assert len({row.count("|") for row in rows}) == 1, block
        assert re.fullmatch(r"\|(:?-+:?\|)+", rows[1])
        assert len(rows) > 2
    for tag in ("details", "summary", "pre", "code"):
        assert body.count(f"<{tag}>") == body.count(f"</{tag}>")


# Making such a roll smaller would take many minutes.
@settings(
    suppress_health_check=[HealthCheck.too_slow],
    deadline=None,
    max_examples=60,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(rolls())
def test_any_roll_renders_and_renders_harmlessly(roll: Roll) -> None:
    found = document(roll)
    for written in (markdown, issue):
        body = written(found)
        assert body == written(found)
        assert_harmless(body)
        assert_nothing_arises(body)
        assert_whole_tables(body)
        assert len(body) <= LIMIT
    for text in (title(found), shown(roll).replace("\n", "")):
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


def inline_text(source: str) -> tuple[str, set[str]]:
    """The plain text GitHub would show for one paragraph, and the kinds of token it holds."""
    tokens = GFM.parse(source)
    kinds = {token.type for token in tokens}
    children = [child for token in tokens for child in token.children or ()]
    kinds |= {child.type for child in children if child.type not in ("text", "text_special")}
    words = "".join(child.content for child in children if child.type != "html_inline")
    return words.replace("\u200b", ""), kinds


@settings(deadline=None)
@given(texts)
def test_text_is_shown_as_it_was_written(value: str) -> None:
    words, kinds = inline_text(neutral.text(value))
    assert words == neutral.one_line(value)
    assert kinds <= {"paragraph_open", "inline", "paragraph_close"}


@settings(deadline=None)
@given(texts)
@example("a|b")
def test_code_is_code_and_shown_as_it_was_written(value: str) -> None:
    if not neutral.one_line(value):
        return
    words, kinds = inline_text(neutral.code(value))
    assert words == neutral.one_line(value)
    assert kinds & {"code_inline", "html_inline"}


@settings(deadline=None)
@given(st.lists(texts, min_size=1, max_size=3))
def test_nothing_breaks_out_of_a_table(values: list[str]) -> None:
    filters = (neutral.text, neutral.code, neutral.prose)
    for written in filters:
        cells = [written(value) for value in values]
        row = "| " + " | ".join(cells) + " |"
        source = "|" + " x |" * len(values) + "\n|" + "---|" * len(values) + "\n" + row + "\n"
        tokens = GFM.parse(source)
        assert sum(1 for token in tokens if token.type == "td_open") == len(values)
        got = [t.children or [] for t in tokens if t.type == "inline"][len(values) :]
        plain = ["".join(c.content for c in cell if c.type != "html_inline") for cell in got]
        if written is not neutral.prose:
            expected = [neutral.one_line(value) for value in values]
            assert [words.replace("\u200b", "").strip() for words in plain] == expected


@pytest.mark.parametrize("value", NASTY)
def test_known_tricks(value: str) -> None:
    for written in (neutral.text, neutral.code, neutral.prose, neutral.block):
        assert_harmless(written(value))
        assert_nothing_arises(written(value))
        if written is not neutral.block:  # which stands by itself
            said = written(value)
            assert_nothing_arises(f"- {said}\n\n## {said}\n\n| a |\n|---|\n| {said} |\n")


def test_names_stay_readable() -> None:
    assert neutral.text("person_detection v1.2 (+4.00 %)") == "person_detection v1.2 (+4.00 %)"
    assert neutral.code("port/x_y.c") == "`port/x_y.c`"
    assert neutral.prose("run `sync continue` now") == "run `sync continue` now"


# ---- what a maintainer reads


def test_a_passed_roll_says_so_first_and_has_every_part() -> None:
    body = markdown(document(real_roll()))
    lines = [line for line in body.splitlines() if line]
    marker = re.fullmatch(r"<!-- sync: (.*) -->", lines[0])
    assert marker
    assert json.loads(marker[1]) == {"port": "pico-tflmicro", "upstream": NEW}
    assert lines[1] == "## ✅ Ready to merge"
    assert lines[2].startswith("**Next:** ")
    headings = re.findall(r"^### (.*)$", body, re.MULTILINE)
    assert headings == [
        "Upstream", "Patch queue", "Overrides", "Pins", "Tests", "Latency", "Memory", "Gates",
        "How to reproduce", "Toolchain", "Layer by layer", "Test programs", "Upstream's commits",
    ]  # fmt: skip
    for part in (
        "111111111111 → 90b983c2b3f1, +214 commits",
        f"https://redirect.github.com/tensorflow/tflite-micro/compare/{OLD}...{NEW}",
        "1 clean, 1 absorbed",
        "`0002-b.patch` leaves the queue: absorbed.",
        "`Source/x.c`, which an override shadows, is gone upstream.",
        "| vision | 100.0 ms | 12,500,000 | +0.81 % | – | 12,648,000 | emulator, 125 MHz |",
        "| 0 | CONV_2D | 90.0 ms | 11,250,000 | +0.90 % | = | ████████████ |",
        "| **vision** | 100.0 ms | +0.81 % | 40 % of +2.00 % | 400,000 B (+0.25 %) |",
        "equal in 2 of 2 layers |",
        "| vision | 0 | CONV_2D | 11,150,000 | 11,250,000 | +100,000 | +0.90 % | 100 % |",
        "| vision | 400,000 B (+0.25 %) | 90,000 B (−0.11 %) | 82,308 B (=) |",
        "| hello | 30,000 B (new) | 5,000 B (new) | – |",
        NEW,
        "a" * 64,
        "- arm-none-eabi-gcc `12.2.1`",
    ):
        assert part in body
    assert "/opt/gcc" not in body
    assert "/x/tree" not in body


def test_the_same_roll_gives_the_same_body_however_long_it_took() -> None:
    roll = real_roll()
    slow = tuple(replace(stage, seconds=99.0, cached=True) for stage in roll.stages)
    assert markdown(document(replace(roll, stages=slow))) == markdown(document(roll))


def test_a_first_roll_has_nothing_to_compare_with() -> None:
    roll = real_roll(accepted={})
    body = markdown(document(roll))
    assert title(document(roll)) == "Roll tflite-micro to 90b983c2b3f1 (first roll)"
    assert "90b983c2b3f1, first roll" in body
    assert "No figure was gated: nothing was accepted before." in body
    assert "compare/" not in body
    assert "400,000 B (new)" in body


def test_a_gate_names_figure_limit_and_distance() -> None:
    roll = replace(real_roll(cycles=14_000_000), verdict=Verdict.GATE)
    body = markdown(document(roll))
    assert "## ⚠️ 1 figure over the gate" in body
    row = (
        "| `vision/cycles` | 12,400,000 | – | **14,000,000** | +12.9 % | 12,648,000 "
        "| the accepted figure |"
    )
    assert row in body
    said = "vision/cycles: 14,000,000; accepted 12,400,000, anchor –, at most 12,648,000"
    assert said in shown(roll)


def test_a_gate_says_which_of_the_two_sets_the_limit_and_what_moved() -> None:
    roll = real_roll(anchor={"vision/cycles": 12_000_000, "vision/flash": 380_000})
    assert roll.benches
    moved = (
        model.SizeMove("vision", ".text", "flash", 60_000, 80_000),
        model.SizeMove("vision", "tflite::Conv(int)", "flash", 0, 20_000),
        model.SizeMove("hello", "gone", "ram", 900, 0),
    )
    roll = replace(roll, verdict=Verdict.GATE, benches=replace(roll.benches, moved=moved))
    body, text = markdown(document(roll)), shown(roll)
    assert "## ⚠️ 2 figures over the gate" in body
    assert "| `vision/cycles` | 12,400,000 | 12,000,000 | **12,500,000** | +0.81 % " in body
    assert body.count("| 12,240,000 | the anchor |") == 2  # at the top, and among all the gates
    assert "| vision | 100.0 ms | 12,500,000 | **+0.81 %** | +4.17 % | 12,240,000 |" in body
    assert "<summary>What moved in vision</summary>" in body
    assert "| `tflite::Conv(int)` | flash | 0 B | 20,000 B | +20,000 B |" in body
    assert "| `gone` | ram | 900 B | 0 B | −900 B |" in body
    assert "at most 12,240,000, set by the anchor" in text
    assert "moved in vision: .text +20,000 B, tflite::Conv(int) +20,000 B" in text
    assert "moved in hello" not in text  # it is within its limits
    assert re.search(r"vision/cycles +12,400,000 +12,000,000 +12,240,000 +anchor", text)


def test_layers_that_left_their_kernels_and_what_is_gone_are_named() -> None:
    roll = real_roll()
    assert roll.benches and roll.rebased
    left = model.LeftKernel("vision/layer/0/CONV_2D", ("fast_conv",), ("slow_conv",))
    kernels = (model.Kernel("slow_conv", 1), model.Kernel("ours", 2, True))
    conv, softmax = roll.benches.results[0].layers
    bench = replace(roll.benches.results[0], layers=(replace(conv, kernels=kernels), softmax))
    benches = replace(roll.benches, results=(bench,), left=(left,))
    roll = replace(roll, verdict=Verdict.GATE, benches=benches)
    body = markdown(document(roll))
    assert "## ⚠️ 1 layer without the accepted kernels" in body
    assert "| `vision/layer/0/CONV_2D` | `fast_conv` | `slow_conv` |" in body
    assert "| slow_conv ours\\* |" in body
    assert "vision/layer/0/CONV_2D: no longer fast_conv; now slow_conv" in shown(roll)
    roll = replace(roll, rebased=replace(roll.rebased, gone=("cmsis_nn/0003-c.patch",)))
    body = markdown(document(roll))
    assert "## ⚠️ 1 change of the port's gone" in body
    assert "`cmsis_nn/0003-c.patch` is gone from the port" in body


def test_the_ports_changes_are_shown_where_they_ended_up() -> None:
    roll = real_roll()
    assert roll.build
    effects = (
        model.Effect(
            "nn", "x.c", ("port/x.c",), "third_party/x.c", True, 1, ("vision", "t"), ("x",)
        ),
        model.Effect("nn", "y.h", ("patches/nn/1.patch", "2.patch"), "third_party/y.h", objects=9),
        model.Effect(*("nn", "z.c", ("port/z.c",), "z.c"), displaced=("z in t comes from w.c",)),
    )
    body = markdown(document(replace(roll, build=replace(roll.build, effects=effects))))
    assert "| `port/x.c` | `third_party/x.c` | 1 object | vision and 1 more |" in body
    assert (
        "| `patches/nn/1.patch`<br>`2.patch` | `third_party/y.h` | 9 objects | **nothing** |"
        in body
    )
    assert "| **displaced**: z in t comes from w.c |" in body
    assert_whole_tables(body)


def test_a_conflict_names_patch_paths_and_the_hint() -> None:
    patch = PatchResult(
        "cmsis_nn", "0002-b.patch", "Do b", PatchVerdict.CONFLICT, ("x.c", "y.c"), ("x.c",), "why"
    )
    roll = Roll(
        port="p",
        verdict=Verdict.CONFLICT,
        stages=real_roll().stages,
        message="`0002-b.patch` does not apply",
        hint="Run `sync continue`.",
        resolved=real_roll().resolved,
        rebased=Rebased({}, (patch,)),
    )
    body = markdown(document(roll))
    assert "## ⚠️ 1 patch in conflict" in body
    assert "**Next:** Run `sync continue`." in body
    assert "| `0002-b.patch` | cmsis_nn | `x.c` | why |" in body
    assert "### Latency" not in body
    assert "0002-b.patch: x.c" in shown(roll)


def test_failed_tests_and_differing_outputs() -> None:
    failed = model.TestResult("conv_test", False, (), "printed nothing")
    roll = replace(real_roll(), verdict=Verdict.TEST, tests=model.TestsResult((failed,)))
    body = markdown(document(roll))
    assert "## ❌ 1 test program failed" in body
    assert "| `conv_test` | printed nothing |" in body
    assert "conv_test: printed nothing" in shown(roll)
    assert roll.benches
    bench = roll.benches.results[0]
    wrong = (bench.layers[0], replace(bench.layers[1], host_crc=9))
    bench = replace(bench, layers=wrong, outputs=Verdict.TEST)
    roll = replace(real_roll(), verdict=Verdict.TEST, benches=model.BenchesResult((bench,)))
    body = markdown(document(roll))
    assert "## ❌ Outputs differ from the host" in body
    assert "| differ from layer 1 (SOFTMAX) |" in body
    assert "| ≠ |" in body


def test_outputs_that_were_not_checked_never_read_as_equal() -> None:
    roll = real_roll()
    assert roll.benches
    layers = tuple(replace(layer, host_crc=None) for layer in roll.benches.results[0].layers)
    bench = replace(
        roll.benches.results[0], layers=layers, outputs=Verdict.NOT_CHECKED, note="no int16 SVDF"
    )
    body = markdown(document(replace(roll, benches=model.BenchesResult((bench,)))))
    assert "not checked: no int16 SVDF" in body
    assert "were not compared with the host's" in body
    assert "equal in" not in body


def test_a_build_that_fails_shows_the_end_of_its_log() -> None:
    log = "".join(f"line {i}\n" for i in range(100)) + "a.c:1: error: '<x>' @me #1\n"
    roll = Roll("p", Verdict.BUILD, (), build=model.BuildResult((), (), log))
    body = markdown(document(roll))
    assert "line 99" in body
    assert "line 40\n" not in body
    assert "error: '&lt;x&gt;'" in body
    assert_harmless(body)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_a_headline_and_a_next_step(verdict: Verdict) -> None:
    roll = Roll("p", verdict, ())
    body = markdown(document(roll))
    assert re.search(r"^## \S+ \S.*\n\n\*\*Next:\*\* \S.*$", body, re.MULTILINE)
    assert "Next: " in shown(roll)
    assert title(document(roll)) == f"Roll p: {verdict}"


@pytest.mark.parametrize("stage", ["resolve", "tree"])
def test_a_file_that_upstream_lacks_is_no_edit_and_no_patch(stage: str) -> None:
    record = model.StageRecord(stage, Verdict.CONFLICT)
    roll = Roll("p", Verdict.CONFLICT, (record,), message="upstream has no a.tflite")
    assert "## ⚠️ Upstream lacks what port.toml names\n" in markdown(document(roll))


@pytest.mark.parametrize(
    ("old", "count", "expected"),
    [(OLD, 214, " (+214 commits)"), (OLD, 1, " (+1 commit)"), (NEW, 0, ""), (OLD, 0, "")],
)
def test_title(old: str, count: int, expected: str) -> None:
    upstream = model.Pin("tflite-micro", "u", NEW, NN_NEW)
    moves = (Move("tflite-micro", old, NEW, count),)
    roll = Roll("p", Verdict.PASSED, (), resolved=Resolved(upstream, (), moves))
    assert title(document(roll)) == f"Roll tflite-micro to 90b983c2b3f1{expected}"


# ---- length


def test_a_body_too_long_loses_whole_sections_and_never_the_verdict() -> None:
    many = tuple(
        PatchResult("c", f"{i:04}-x.patch", "y" * 100, PatchVerdict.CONFLICT, (), ("a.c",) * 9)
        for i in range(2000)
    )
    tests = tuple(model.TestResult(f"t{i}", False, (), "r" * 300) for i in range(2000))
    roll = replace(
        real_roll(),
        verdict=Verdict.CONFLICT,
        message="m" * 100_000,
        hint="<" * 100_000,
        rebased=Rebased({}, many),
        tests=model.TestsResult(tests),
    )
    body = markdown(document(roll))
    assert LIMIT // 8 < len(body) <= LIMIT
    assert "## ⚠️ 2,000 patches in conflict" in body
    for heading in ("Patch queue", "Tests"):
        assert f"### {heading}\n\n_Left out: too long. It is in the report's HTML page" in body
    assert "### Pins\n\n| Repository" in body
    assert_whole_tables(body)


@settings(deadline=None, max_examples=30)
@given(st.integers(4000, 9000))
def test_any_limit_is_kept(limit: int) -> None:
    body = markdown(document(real_roll()), limit)
    assert len(body) <= limit
    assert_whole_tables(body)
    assert "## ✅ Ready to merge" in body


# ---- the terminal


def test_the_terminal_shows_stages_figures_and_verdict_in_this_order() -> None:
    text = shown(real_roll())
    order = ["Stage", "resolve", "publish", "Latency", "−", "Arena", "82,308 B", "Ready to merge"]
    places = [text.index(part) for part in order if part != "−"]
    assert places == sorted(places)
    assert text.rstrip().splitlines()[-1].startswith("Next: ")


def test_a_stage_that_did_not_run_shows_no_time() -> None:
    stages = (
        model.StageRecord("build", Verdict.PASSED, 0.0, cached=True),
        model.StageRecord("test", Verdict.PASSED, 192.0),
        model.StageRecord("bench", Verdict.NOT_RUN),
    )
    text = shown(Roll("p", Verdict.INTERRUPTED, stages))
    assert re.search(r"build +passed +cached", text)
    assert re.search(r"test +passed +3 min 12 s", text)
    assert re.search(r"bench +not run *\n", text)


# ---- numbers


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        (5, None, "new"),
        (5, 5, "="),
        (0, 0, "="),
        (5, 0, "+5"),
        (102, 100, "+2.00 %"),
        (19, 100, "−81.0 %"),
        (100_001, 100_000, "+<0.01 %"),
        (99_999_999, 100_000_000, "−<0.01 %"),
        (5000, 100, "+4,900.0 %"),
    ],
)
def test_change(new: int, old: int | None, expected: str) -> None:
    assert change(new, old) == expected


def test_bars() -> None:
    assert bar(12, 12) == "█" * 12
    assert bar(6, 12) == "█" * 6
    assert bar(1, 10**9) == "▏"
    assert bar(0, 12) == bar(0, 0) == ""


@settings(deadline=None)
@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_a_longer_part_never_has_a_shorter_bar(one: int, two: int) -> None:
    order = " ▏▎▍▌▋▊▉█"
    whole = max(one, two)
    small, large = sorted((one, two))
    length = [sum(order.index(c) for c in bar(part, whole)) for part in (small, large)]
    assert length[0] <= length[1] == 96


# ---- foreign code


def held(tree: model.Protection, build: model.Protection | None) -> Roll:
    roll = real_roll()
    assert roll.tree and roll.build
    return replace(
        roll, tree=replace(roll.tree, protection=tree), build=replace(roll.build, protection=build)
    )


def test_one_line_says_what_held_upstreams_code_back() -> None:
    whole = model.Protection("bubblewrap 0.8.0", network=True, files=True, processes=True)
    none = model.Protection("environment only", network=False, files=False, processes=False)
    assert "ran under bubblewrap 0.8.0 |" in markdown(document(held(whole, whole)))
    assert "Upstream's code was not confined" not in markdown(document(held(whole, whole)))

    mixed = markdown(document(held(whole, none)))
    assert "ran under bubblewrap 0.8.0 (tree); environment only: it could" in mixed
    assert "Upstream's code was not confined" in mixed
    assert "Upstream's code was not confined" in shown(held(none, none))
    assert "Upstream's code |" not in markdown(document(real_roll()))


# ---- the issue


def stuck(**more: object) -> Roll:
    patch = PatchResult(
        "tflite-micro", "0001-a.patch", "Do a", PatchVerdict.CONFLICT, ("a.h",), ("a.h",), "moved"
    )
    notable = (
        model.Notable("tflite-micro", OLD, "2026-01-06", "Move it, @you", ("a.h",), (patch.file,)),
        model.Notable("tflite-micro", NEW, "2026-01-07", "Else", ("b.h",), ("port/b.h",)),
    )
    roll = Roll(
        port="pico-tflmicro",
        verdict=Verdict.CONFLICT,
        stages=(
            model.StageRecord("resolve", Verdict.PASSED, 1.0),
            model.StageRecord("rebase", Verdict.CONFLICT, 1.0),
        ),
        message="tflite-micro: 0001-a.patch conflicts in a.h",
        hint="Bring the patch over by hand.",
        detail="+ tflite-micro 1111 (2026-01-06, Move it, @you)\n  → do this",
        resolved=real_roll().resolved,
        rebased=Rebased({}, (patch,), notable=notable),
    )
    return replace(roll, **more)


def test_an_issue_says_what_failed_who_is_behind_it_what_to_do_and_how_to_see_it() -> None:
    body = issue(document(stuck()))
    lines = [line for line in body.splitlines() if line]
    assert lines[0].startswith("<!-- sync: ")
    assert lines[1:4] == [
        "## ⚠️ 1 patch in conflict",
        "**What to do:** Bring the patch over by hand.",
        "**What failed:** stage rebase: tflite-micro: 0001-a.patch conflicts in a.h",
    ]
    web = "https://redirect.github.com/tensorflow/tflite-micro/commit"
    row = f"| [`111111111111`]({web}/{OLD}) | 2026-01-06 | Move it, @\u200byou | `0001-a.patch` |"
    assert row in body.partition("### Upstream")[0]  # not the other notable commit
    assert f"| [`{NEW[:12]}`]({web}/{NEW}) | 2026-01-07 | Else | `b.h` | `port/b.h` |" in body
    assert "+ tflite-micro 1111" in body
    assert f"sync roll --upstream {NEW}\nsync continue " in body
    assert_harmless(body)
    assert_nothing_arises(body)
    assert "### Latency" not in body


def test_a_body_has_no_path_of_the_machine() -> None:
    where = "/home/me/a-port/.sync/p/conflict/x/work"
    roll = stuck(hint=f"Resolve it in {where}, then go on.", message=f"see `{where}`", detail=where)
    body = issue(document(roll))
    assert "/home/me" not in body
    assert "Resolve it in .sync/p/conflict/x/work, then" in body
    assert "see `.sync/p/conflict/x/work`" in body
    assert where in shown(roll, width=400)  # here it can be gone to


def test_a_pull_request_names_the_upstream_commits_under_the_ports_changes() -> None:
    body = markdown(document(stuck(verdict=Verdict.PASSED)))
    assert "| **Upstream** | 111111111111 → 90b983c2b3f1, +214 commits, 2 under the port's" in body
    assert "2 commits under what the port patches or shadows:" in body


def test_the_largest_symbols_are_shown_by_program() -> None:
    roll = real_roll()
    assert roll.benches
    largest = (
        model.SizeMove("vision", ".text", "flash", 60_000, 61_000),
        model.SizeMove("vision", "weights", "flash", 300_000, 300_000),
        model.SizeMove("hello", ".text", "flash", 9, 9),
    )
    body = markdown(document(replace(roll, benches=replace(roll.benches, largest=largest))))
    assert "| `.text` | flash | 61,000 B | +1.67 % | ████████████ |" in body
    assert "| `weights` | flash | 300,000 B | = | ████████████ |" in body
    assert "<summary>hello</summary>" not in body  # of the benchmarks only
