"""A history as charts: each model's latency, and its memory, over upstream's time."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from syncer.report.charts import Point, history
from syncer.report.history.entry import Entry
from syncer.report.history.steps import steps
from syncer.report.numbers import grouped

_BYTES = ("flash", "ram", "arena")


def charts(entries: Sequence[Entry]) -> list[tuple[str, Markup]]:
    """Every chart with its heading, latency first: none for what was the same in every roll but
    the latency's, which is always shown."""
    models = sorted({model for entry in entries for model in entry.clock_hz})
    drawn = [_latency(entries, model) for model in models]
    for model in models:
        for kind in _BYTES:
            values = {entry.figures.get(f"{model}/{kind}") for entry in entries} - {None}
            if len(values) > 1:
                drawn.append(_memory(entries, model, kind))
    return [item for item in drawn if item[1]]


def _latency(entries: Sequence[Entry], model: str) -> tuple[str, Markup]:
    heading = f"{model}: latency"
    jumps, points = steps(entries, f"{model}/cycles"), []
    for number, entry in enumerate(entries):
        cycles, ticks = entry.figures.get(f"{model}/cycles"), entry.ticks.get(model)
        time = None if ticks is None else ticks / 1000
        said = f"{time:,.3f} ms, {grouped(cycles or 0)} cycles" if time is not None else "–"
        points.append(_point(entry, time, said, jumps[number].what if number in jumps else ""))
    return heading, history(points, "ms", _title(heading, entries))


def _memory(entries: Sequence[Entry], model: str, kind: str) -> tuple[str, Markup]:
    heading = f"{model}: {'RAM' if kind == 'ram' else kind}"
    jumps, points = steps(entries, f"{model}/{kind}"), []
    for number, entry in enumerate(entries):
        size = entry.figures.get(f"{model}/{kind}")
        said = f"{grouped(size)} B" if size is not None else "–"
        points.append(_point(entry, size, said, jumps[number].what if number in jumps else ""))
    return heading, history(points, "bytes", _title(heading, entries))


def _point(entry: Entry, value: float | None, said: str, step: str) -> Point:
    title = f"{entry.date[:10]} {entry.commit[:12]}: {said} ({entry.verdict})"
    return Point(entry.date[:10], value, title, step, entry.verdict not in ("passed", "up to date"))


def _title(heading: str, entries: Sequence[Entry]) -> str:
    return f"{heading}, {len(entries)} rolls from {entries[0].date[:10]} to {entries[-1].date[:10]}"
