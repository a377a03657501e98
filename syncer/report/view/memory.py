"""What programs take of each memory."""

from __future__ import annotations

from typing import Any, NamedTuple

from syncer.report.numbers import change, grouped
from syncer.report.view.figures import amount, figures

Document = dict[str, Any]


def moved_sizes(document: Document) -> dict[str, list[Document]]:
    """What moved in each program: sections first, then symbols, as the roll ordered them."""
    found: dict[str, list[Document]] = {}
    for move in document["benches"]["moved"] if document["benches"] else []:
        found.setdefault(move["program"], []).append(move)
    return found


def step(old: int, new: int) -> str:
    """How many bytes more or fewer."""
    return f"+{grouped(new - old)} B" if new > old else f"{grouped(new - old)} B"


class Memory(NamedTuple):
    """One program's row; "–" where not measured."""

    name: str
    flash: str
    ram: str
    arena: str
    over: bool


def memory(document: Document) -> list[Memory]:
    """Programs with figures; before the benchmarks have run, those the build made to be shipped."""
    found: dict[str, dict[str, tuple[str, bool]]] = {}
    for name, figure in figures(document).items():
        if figure["unit"] == "bytes":
            subject, _, kind = name.rpartition("/")
            delta = change(figure["new"], figure["old"])
            shown = f"{amount(figure['new'], 'bytes')} ({delta})"
            found.setdefault(subject, {})[kind] = (shown, figure["over"])
    if not found and document["build"]:
        for program in document["build"]["firmware"]:
            if program["kind"] in ("benchmark", "example"):
                name = f"{program['name']} ({program['board']})"
                found[name] = {k: (amount(program[k], "bytes"), False) for k in ("flash", "ram")}
    rows = []
    for subject, kinds in found.items():
        flash, ram, arena = (kinds.get(kind, ("–",))[0] for kind in ("flash", "ram", "arena"))
        rows.append(Memory(subject, flash, ram, arena, any(over for _, over in kinds.values())))
    return rows


class Part(NamedTuple):
    """A section or symbol of a program, in bytes; `share` is its percentage of the program's
    largest one, for a bar."""

    name: str
    memory: str
    old: int
    new: int
    share: float


def sections(document: Document) -> dict[str, list[Part]]:
    """Each program's sections, the largest first."""
    return _largest(document, sections=True)


def symbols(document: Document) -> dict[str, list[Part]]:
    """The symbols of each program that take most."""
    return _largest(document, sections=False)


def _largest(document: Document, *, sections: bool) -> dict[str, list[Part]]:
    found: dict[str, list[Document]] = {}
    for item in document["benches"]["largest"] if document["benches"] else []:
        if item["name"].startswith(".") is sections:
            found.setdefault(item["program"], []).append(item)
    return {
        program: [
            Part(i["name"], i["memory"], i["old"], i["new"], 100 * i["new"] / max(1, most))
            for i in items
        ]
        for program, items in found.items()
        for most in [max(item["new"] for item in items)]
    }


def pairs(parts: list[Part]) -> list[tuple[str, int]]:
    """Names and sizes alone, for a chart."""
    return [(part.name, part.new) for part in parts]
