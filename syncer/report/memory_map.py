"""The picture of a program's regions of memory."""

from __future__ import annotations

from typing import Any

from syncer.report.numbers import bar, grouped

_WIDTH = 32


def shown_map(document: dict[str, Any]) -> dict[str, Any] | None:
    """The map of the first benchmark's program; None where there is none."""
    built = document["build"]
    if not built:
        return None
    timed = [f["name"] for f in built["firmware"] if f["kind"] == "benchmark"]
    found: dict[str, Any] | None = next((m for m in built["maps"] if m["program"] in timed), None)
    return found


def picture(program: dict[str, Any]) -> str:
    """A map's regions, one block of lines a region: how full it is, and what is in it, largest
    first. A budget that is less than the region shows as a line in the bar."""
    return "\n".join("\n".join(_block(region)) for region in program["regions"])


def _block(region: dict[str, Any]) -> list[str]:
    length, used = region["length"], region["used"]
    allowed = region["budget"] or length
    cells = list(bar(used, length, _WIDTH).ljust(_WIDTH, "░"))
    if allowed < length:
        mark = min(_WIDTH - 1, round(allowed / length * _WIDTH))
        if cells[mark] == "░":
            cells[mark] = "│"
    head = f"0x{region['start']:08x} {region['name']:<12} {''.join(cells)} "
    head += f"{grouped(used)} of {grouped(allowed)} B"
    lines = [head]
    if region["what"]:
        lines.append(f"           {region['what']}")
    for symbol in region["symbols"]:
        lines.append(f"           {grouped(symbol['size']):>7} B  {symbol['name']}")
    return lines
