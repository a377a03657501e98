"""Charts as inline SVG: no scripts, colours from the page's style sheet, so that they follow light
and dark. Each has a title that says in words what it shows.

Bars have no view box: widths are percentages, so that they fit any screen with their text's size
unchanged. `history` has one, and is to stand where it can be scrolled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from syncer.report.neutral import one_line

_WIDTH, _HEIGHT = 760, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 74, 18, 16, 44


def bar(new: float, old: float | None, most: float, title: str) -> Markup:
    """`new` of `most` as a bar, with a mark where it was accepted."""
    share = _share(new, most)
    mark = ""
    if old is not None:
        at = min(_share(old, most), 99.6)
        mark = f'<rect class="mark" x="{at:.2f}%" y="0" width="2" height="14"/>'
    return _svg(14, title, f'<rect class="bar" y="2" width="{share:.2f}%" height="10"/>{mark}')


def gauge(used: float, title: str) -> Markup:
    """How much of a limit is used; over it, the whole bar in the colour of failure."""
    kind = "over" if used > 1 else "bar"
    return _svg(
        8,
        title,
        '<rect class="track" width="100%" height="8"/>'
        f'<rect class="{kind}" width="{100 * min(max(used, 0.0), 1.0):.2f}%" height="8"/>',
    )


def stack(parts: Sequence[tuple[str, int]], title: str) -> Markup:
    """Parts of a whole side by side, in order; the style sheet colours them s0, s1, …, s7."""
    whole = sum(size for _, size in parts) or 1
    at, drawn = 0.0, []
    for number, (name, size) in enumerate(parts):
        share = 100 * size / whole
        drawn.append(
            f'<rect class="s{min(number, 7)}" x="{at:.2f}%" width="{share:.2f}%" height="22">'
            f"<title>{_text(name)}: {size:,} B</title></rect>"
        )
        at += share
    return _svg(22, title, "".join(drawn))


@dataclass(frozen=True)
class Point:
    """One roll in a history: its `value`, None where it has none; what to call it (`label`, on the
    axis) and what to say of it (`title`); `step` names what happened where the line jumps."""

    label: str
    value: float | None
    title: str
    step: str = ""
    failed: bool = False


def history(points: Sequence[Point], unit: str, title: str) -> Markup:
    """A line over the rolls, oldest first, from a little below the least value to a little above
    the most; steps are named in the drawing, and every point says more where it is pointed at."""
    known = [point.value for point in points if point.value is not None]
    if not known:
        return Markup("")
    low, high = min(known), max(known)
    spare = max((high - low) * 0.15, high * 0.005, 1e-9)
    low, high = max(0.0, low - spare), high + spare

    def x(number: int) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (number + 0.5) / len(points)

    def y(value: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - (value - low) / (high - low))

    drawn = []
    for tick in range(5):
        value = low + (high - low) * tick / 4
        drawn.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(value):.1f}" '
            f'y2="{y(value):.1f}"/><text class="axis" x="{_LEFT - 8}" y="{y(value) + 4:.1f}" '
            f'text-anchor="end">{_number(value, high - low)}</text>'
        )
    line = [(x(n), y(p.value), p) for n, p in enumerate(points) if p.value is not None]
    path = " ".join(f"{'ML'[n > 0]}{px:.1f} {py:.1f}" for n, (px, py, _) in enumerate(line))
    drawn.append(f'<path class="line" d="{path}"/>')
    every = max(1, -(-len(points) // 8))
    for number, point in enumerate(points):
        if number % every == 0 or number == len(points) - 1:
            drawn.append(
                f'<text class="axis" x="{x(number):.1f}" y="{_HEIGHT - _BOTTOM + 18}" '
                f'text-anchor="middle">{_text(point.label)}</text>'
            )
    for px, py, point in line:
        kind = "dot failed" if point.failed else "dot"
        drawn.append(
            f'<circle class="{kind}" cx="{px:.1f}" cy="{py:.1f}" r="4">'
            f"<title>{_text(point.title)}</title></circle>"
        )
        if point.step:
            above = py > _TOP + 30
            drawn.append(
                f'<text class="step" x="{min(max(px, 150), _WIDTH - 150):.1f}" '
                f'y="{py - 10 if above else py + 20:.1f}" text-anchor="middle">'
                f"{_text(point.step, 44)}</text>"
            )
    drawn.append(f'<text class="axis" x="4" y="{_TOP - 4}">{_text(unit)}</text>')
    return Markup(
        f'<svg class="history" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{_text(title)}" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{_text(title)}</title>{''.join(drawn)}</svg>"
    )


def _svg(height: int, title: str, drawn: str) -> Markup:
    return Markup(
        f'<svg width="100%" height="{height}" role="img" aria-label="{_text(title)}">'
        f"<title>{_text(title)}</title>{drawn}</svg>"
    )


def _share(part: float, whole: float) -> float:
    """In percent; what is more than nothing can be seen."""
    if part <= 0 or whole <= 0:
        return 0.0
    return max(0.3, min(100.0, 100 * part / whole))


def _text(value: str, limit: int = 200) -> Markup:
    return escape(one_line(value, limit))


def _number(value: float, span: float) -> str:
    digits = 0 if span >= 40 else 1 if span >= 4 else 2
    return f"{value:,.{digits}f}"
