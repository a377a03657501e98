"""A status document as one HTML page that needs nothing but itself: style and charts inside, no
scripts. It opens from disk, follows light and dark, and fits a phone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from syncer.report import charts, memory_map, numbers, view
from syncer.report.links import commit_page, compare_page
from syncer.report.neutral import BACKTICKED, one_line

if TYPE_CHECKING:
    from jinja2 import Environment

Document = dict[str, Any]
_LINES, _COLUMNS = 60, 300


def page(document: Document, history: Sequence[tuple[str, Markup]] = ()) -> str:
    """The whole page. Same document, same page, but for the times that stages took.

    Args:
        history: charts of earlier rolls, each with its heading.
    """
    return (
        _environment()
        .get_template("page/report.html.jinja")
        .render(doc=view.portable(document), view=view, charts=charts, history=history)
    )


def history_page(port: str, charts: Sequence[tuple[str, Markup]]) -> str:
    """A page of nothing but a history's charts."""
    template = _environment().get_template("page/history.html.jinja")
    return template.render(port=port, history=charts)


@cache
def _environment() -> Environment:
    """Everything a template prints is escaped, and without control characters."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # late, as it takes a while

    environment = Environment(
        loader=PackageLoader("syncer.report"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
        finalize=_finalize,
    )
    environment.filters |= {
        "amount": view.amount,
        "block": _block,
        "change": numbers.change,
        "code": _code,
        "commit": _commit,
        "compare": _compare,
        "duration": numbers.duration,
        "grouped": numbers.grouped,
        "memory_map": memory_map.shown_map,
        "memory_picture": memory_map.picture,
        "ms": numbers.milliseconds,
        "percent": numbers.percent,
        "plural": numbers.plural,
        "prose": _prose,
        "short": view.short,
        "trend": trend,
    }
    return environment


def _finalize(value: object) -> object:
    if isinstance(value, Markup | int | float):
        return value
    if isinstance(value, str):
        return one_line(value, 2000)
    raise TypeError(f"a template prints {value!r}")


def _code(value: str, limit: int = 300) -> Markup:
    return Markup("<code>{}</code>").format(one_line(value, limit))


def _prose(value: str, limit: int = 2000) -> Markup:
    """Our own sentences with others' names in them, which stand in backticks."""
    parts = BACKTICKED.split(one_line(value, limit))
    return Markup("").join(_code(p) if i % 2 else escape(p) for i, p in enumerate(parts))


def _block(value: str) -> Markup:
    """The last lines of a log; each keeps its indentation."""
    lines = []
    for line in value.splitlines()[-_LINES:]:
        indent = min(len(line) - len(line.lstrip(" ")), 16)
        lines.append(" " * indent + one_line(line, _COLUMNS))
    return Markup("<pre>{}</pre>").format("\n".join(lines))


def _commit(commit: str, url: str) -> Markup:
    shown = _code(view.short(commit))
    address = commit_page(url, commit)
    return Markup('<a href="{}">{}</a>').format(address, shown) if address else shown


def _compare(move: Document, url: str) -> Markup:
    old, new = move["old"], move["new"]
    shown = Markup("{} → {}").format(_code(view.short(old)), _code(view.short(new)))
    address = compare_page(url, old, new)
    return Markup('<a href="{}">{}</a>').format(address, shown) if address else shown


def trend(delta: str) -> str:
    """The class of a change: what grew is worse, for cycles and bytes alike."""
    if "<" in delta:  # less than a ten-thousandth
        return "same"
    return {"+": "worse", "−": "better"}.get(delta[:1], "same")
