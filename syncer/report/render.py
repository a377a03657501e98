"""A status document as the body of a pull request or of an issue, and their titles.

One template per section, so that a body that is too long loses whole sections and never half a
table: details first. Stage times are left out on purpose: the same roll must give the same body.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from syncer.report import memory_map, neutral, numbers, view
from syncer.report.links import commit_page, compare_page
from syncer.report.neutral import Markdown, one_line

if TYPE_CHECKING:
    from jinja2 import Environment

# GitHub counts code points, as Python does: a body of 65,536 of them is taken, whether ASCII or
# emoji, and one more is refused ("maximum is 65536 characters"); measured for pull requests in
# github.com/dead-claudia/github-limits, pull request 13. Issues take at least as much.
LIMIT = 65_536

Document = dict[str, Any]

# In the order they are read, each with its heading.
SECTIONS = {
    "verdict": "",
    "upstream": "Upstream",
    "queue": "Patch queue",
    "lineage": "The queue since it was accepted",
    "overrides": "Overrides",
    "pins": "Pins",
    "tests": "Tests",
    "latency": "Latency",
    "memory": "Memory",
    "gates": "Gates",
    "reproduce": "How to reproduce",
    "toolchain": "Toolchain",
    "layers": "Layer by layer",
    "sizes": "Sections and largest symbols",
    "effects": "The port's changes in the programs",
    "programs": "Test programs",
    "commits": "Upstream's commits",
}
# What goes first when a body is too long. What is not here goes last, from the end.
_LEAST = (
    *("lineage", "sizes", "layers", "commits", "programs", "effects", "gates", "latency"),
    *("upstream", "tests", "queue", "overrides", "pins", "memory"),
)
# Of a roll that failed, what helps to mend it.
_ISSUE = (
    *("issue", "upstream", "queue", "overrides", "pins", "tests", "latency", "memory", "gates"),
    *("reproduce", "toolchain", "layers", "commits"),
)


def title(document: Document) -> str:
    """One plain line, e.g. ``Roll tflite-micro to 90b983c2b3f1 (+214 commits)``."""
    resolved = document["resolved"]
    if resolved is None:
        return one_line(f"Roll {document['port']}: {document['verdict']}")
    upstream = resolved["upstream"]
    far = view.advance(view.upstream_move(document))
    name, commit = upstream["name"], view.short(upstream["commit"])
    return one_line(f"Roll {name} to {commit}" + (f" ({far})" if far else ""))


def markdown(document: Document, limit: int = LIMIT) -> str:
    """The body of a pull request, at most `limit` characters (code points) unless the verdict
    alone, which always stays, is longer. The first line is a hidden marker with the port and the
    upstream commit."""
    return _body(document, tuple(SECTIONS), limit)


def issue(document: Document, limit: int = LIMIT) -> str:
    """The body of the issue about a roll that failed: what failed, the upstream commit behind it,
    what to do, how to reproduce it. Marker and `limit` as in `markdown`."""
    return _body(document, _ISSUE, limit)


def _body(document: Document, names: tuple[str, ...], limit: int) -> str:
    environment = _environment()
    document = view.portable(document)
    given = {"doc": document, "view": view, "stage": view.stopped(document)}
    parts = {
        name: environment.get_template(f"{name}.md.jinja").render(given).strip() for name in names
    }
    whole = _join(document, parts)
    for name in (*_LEAST, *reversed(names)):
        if len(whole) <= limit:
            break
        if parts.get(name) and SECTIONS.get(name):
            said = "_Left out: too long. It is in the report's HTML page and the status document._"
            parts[name] = f"### {SECTIONS[name]}\n\n{said}"
            whole = _join(document, parts)
    return whole


def _join(document: Document, parts: dict[str, str]) -> str:
    body = "\n\n".join([_marker(document), *(part for part in parts.values() if part)])
    return re.sub(r"\n{3,}", "\n\n", body) + "\n"


def _marker(document: Document) -> str:
    resolved = document["resolved"]
    known = {
        "port": document["port"],
        "upstream": resolved["upstream"]["commit"] if resolved else None,
    }
    said = json.dumps(known, separators=(",", ":"))
    for char in "<>@#&":  # nothing in it may end the comment, or be taken for a reference
        said = said.replace(char, f"\\u{ord(char):04x}")
    return f"<!-- sync: {said} -->"


@cache
def _environment() -> Environment:
    """Everything a template prints is neutralised, unless it is `Markdown` or a number."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # late, as it takes a while

    environment = Environment(
        loader=PackageLoader("syncer.report"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
        finalize=_finalize,
    )
    environment.filters |= {
        "amount": view.amount,
        "bar": numbers.bar,
        "block": neutral.block,
        "change": numbers.change,
        "code": neutral.code,
        "commit": _commit,
        "compare": _compare,
        "grouped": numbers.grouped,
        "memory_map": memory_map.shown_map,
        "memory_picture": memory_map.picture,
        "ms": numbers.milliseconds,
        "percent": numbers.percent,
        "plural": numbers.plural,
        "prose": neutral.prose,
        "short": view.short,
        "text": neutral.text,
    }
    return environment


def _finalize(value: object) -> object:
    if isinstance(value, Markdown | int):
        return value
    if isinstance(value, str):
        return neutral.text(value)
    raise TypeError(f"a template prints {value!r}")


def _commit(commit: str, url: str) -> Markdown:
    shown = neutral.code(view.short(commit))
    page = commit_page(url, commit)
    return Markdown(f"[{shown}]({page})") if page else shown


def _compare(move: Document, url: str) -> Markdown:
    """ "old → new", linked to GitHub's comparison where it can be."""
    old, new = move["old"], move["new"]
    shown = f"{neutral.code(view.short(old))} → {neutral.code(view.short(new))}"
    page = compare_page(url, old, new)
    return Markdown(f"[{shown}]({page})" if page else shown)
