"""A profile as collapsed stacks, and as SVG: a flame graph and a two-core timeline."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from html import escape

from syncer.emulator.profile import Cost, Profile

_WIDTH = 1200
_ROW = 18
_NARROWEST = 0.3  # pixels of a frame that is still drawn
_FONT = 'font-family="ui-monospace, DejaVu Sans Mono, monospace" font-size="11"'
_IDLE, _WAIT, _STALL = "#e3e6ea", "#b9c3cf", "#d64545"


def collapsed(profile: Profile) -> str:
    """A line for each stack, `core 0;main;work 1234`: cycles, sleep as a frame of its own. It is
    what flamegraph.pl and speedscope read."""
    lines = []
    for names, cost in profile.stacks():
        stack = ";".join(name.replace(";", ":") for name in names)
        if cost.cycles:
            lines.append(f"{stack} {cost.cycles}")
        if cost.idle:
            lines.append(f"{stack};(asleep) {cost.idle}")
    return "\n".join(lines) + "\n" if lines else ""


@dataclass
class _Frame:
    name: str
    own: Cost = field(default_factory=Cost)
    whole: int = 0
    below: dict[str, _Frame] = field(default_factory=dict)


def _tree(profile: Profile) -> _Frame:
    root = _Frame("both cores")
    for names, cost in profile.stacks():
        frames = [root]
        for name in names:
            frames.append(frames[-1].below.setdefault(name, _Frame(name)))
        frames[-1].own += cost
        for frame in frames:
            frame.whole += cost.cycles + cost.idle
        if cost.idle:
            asleep = frames[-1].below.setdefault("(asleep)", _Frame("(asleep)"))
            asleep.whole += cost.idle
    return root


def _depth(frame: _Frame) -> int:
    return 1 + max((_depth(child) for child in frame.below.values()), default=0)


def _colour(name: str) -> str:
    """Warm, and the same for a name in every graph."""
    if name == "(asleep)":
        return _IDLE
    mix = zlib.crc32(name.encode())
    return f"hsl({10 + mix % 45}, {60 + mix // 64 % 25}%, {62 + mix // 4096 % 14}%)"


def flame_graph(profile: Profile, title: str, clock_hz: int) -> str:
    """Width is cycles, sleep included; a frame stands on its caller. Each has a tooltip."""
    root = _tree(profile)
    height = (_depth(root) + 2) * _ROW + 10
    parts = [_head(height, title)]
    _draw(parts, root, 0.0, height - _ROW - 6, root.whole or 1, clock_hz)
    return "\n".join([*parts, "</svg>", ""])


def _draw(parts: list[str], frame: _Frame, x: float, y: float, whole: int, clock_hz: int) -> None:
    width = frame.whole / whole * _WIDTH
    if width < _NARROWEST:
        return
    share = frame.whole / whole
    tip = (
        f"{frame.name}: {frame.whole:,} cycles, {frame.whole / clock_hz * 1000:.3f} ms, {share:.2%}"
    )
    if frame.own.cycles:
        own = frame.own
        stalls = f"flash {own.fill:,}, port {own.port:,}, bank {own.bank:,}, SIO {own.sio:,}"
        tip += f"; itself {own.cycles:,} (waiting: {stalls})"
    parts.append(
        f'<g><title>{escape(tip)}</title><rect x="{x:.2f}" y="{y:.1f}" width="{width:.2f}" '
        f'height="{_ROW - 1}" rx="1.5" fill="{_colour(frame.name)}"/>'
    )
    if room := int((width - 6) // 6.7):
        parts.append(
            f'<text x="{x + 3:.2f}" y="{y + 12.5:.1f}">{escape(_fit(frame.name, room))}</text>'
        )
    parts.append("</g>")
    for child in sorted(frame.below.values(), key=lambda child: child.name):
        _draw(parts, child, x, y - _ROW, whole, clock_hz)
        x += child.whole / whole * _WIDTH


def _fit(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…" if room > 2 else ""


def _head(height: float, title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height:.0f}" '
        f'viewBox="0 0 {_WIDTH} {height:.0f}" {_FONT}>\n<rect width="100%" height="100%" '
        f'fill="#fff"/>\n<text x="{_WIDTH / 2}" y="15" text-anchor="middle" font-size="13">'
        f"{escape(title)}</text>"
    )


_LANE = 70


def timeline(profile: Profile, title: str, clock_hz: int) -> str:
    """Who ran what, when: a lane for each core, coloured by the function that had most of each
    stretch; above it in grey the share that it turned round for the other core or slept, in red
    what it waited for flash or memory."""
    count = max(len(lane) for lane in profile.timeline)
    step = _WIDTH / max(count, 1)
    legend = _most(profile)
    colours = {
        name: f"hsl({40 + (160 + index * 137) % 290}, 50%, 62%)"
        for index, name in enumerate(legend)
    }
    rows = (len(legend) + 3 + 2) // 3
    height = 40 + 2 * (_LANE + 34) + rows * 16 + 14
    parts = [_head(height, title)]
    for core, lane in enumerate(profile.timeline):
        top = 30 + core * (_LANE + 34)
        parts.append(f'<text x="4" y="{top + 10}">core {core}</text>')
        top += 16
        parts.append(f'<rect x="0" y="{top}" width="{_WIDTH}" height="{_LANE}" fill="{_IDLE}"/>')
        for index, stretch in enumerate(lane):
            whole = max(profile.stretch_cycles, stretch.busy + stretch.idle)
            waiting = min(stretch.waiting, stretch.busy - stretch.stalled)
            working = stretch.busy - waiting - stretch.stalled
            tip = (
                f"{index * profile.stretch_cycles / clock_hz * 1000:.3f} ms: {stretch.function}, "
                f"busy {stretch.busy:,}, stalled {stretch.stalled:,}, waiting {stretch.waiting:,}, "
                f"asleep {stretch.idle:,}"
            )
            bottom = float(top + _LANE)
            parts.append(f"<g><title>{escape(tip)}</title>")
            fill = colours.get(stretch.function, "#9aa7b5")
            parts_of_it = (
                (working, fill),
                (stretch.stalled, _STALL),
                (waiting, _WAIT),
            )
            for cycles, colour in parts_of_it:
                tall = cycles / whole * _LANE
                bottom -= tall
                if tall > 0.05:
                    parts.append(
                        f'<rect x="{index * step:.2f}" y="{bottom:.2f}" width="{step + 0.05:.2f}" '
                        f'height="{tall:.2f}" fill="{colour}"/>'
                    )
            parts.append("</g>")
    top = 30 + 2 * (_LANE + 34) - 4
    end = count * profile.stretch_cycles / clock_hz * 1000
    for n in range(11):
        x = min(max(n * _WIDTH / 10, 30), _WIDTH - 34)
        parts.append(
            f'<text x="{x:.0f}" y="{top}" text-anchor="middle">{end * n / 10:.2f} ms</text>'
        )
    keys = [*colours.items(), ("stalled: flash, port, bank", _STALL), ("waiting for SIO", _WAIT)]
    keys.append(("asleep", _IDLE))
    for index, (name, colour) in enumerate(keys):
        x, y = index % 3 * (_WIDTH // 3) + 6, top + 12 + index // 3 * 16
        parts.append(f'<rect x="{x}" y="{y}" width="11" height="11" fill="{colour}"/>')
        parts.append(f'<text x="{x + 16}" y="{y + 10}">{escape(_fit(name, 55))}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _most(profile: Profile, limit: int = 15) -> list[str]:
    """The functions that lead the most stretches."""
    led: dict[str, int] = {}
    for lane in profile.timeline:
        for stretch in lane:
            if stretch.busy:
                led[stretch.function] = led.get(stretch.function, 0) + stretch.busy
    return sorted(led, key=lambda name: (-led[name], name))[:limit]
