"""Figures and their limits; latency, layer by layer; outputs."""

from __future__ import annotations

from typing import Any, NamedTuple

from syncer.model import Verdict
from syncer.report.numbers import change, grouped, milliseconds, plural

Document = dict[str, Any]


def benches(document: Document) -> list[Document]:
    return list(document["benches"]["results"]) if document["benches"] else []


def models(document: Document) -> list[str]:
    """The names of the benchmarks."""
    return [bench["name"] for bench in benches(document)]


def figures(document: Document) -> dict[str, Document]:
    found = document["benches"]["figures"] if document["benches"] else []
    return {figure["name"]: figure for figure in found}


def over_limit(document: Document) -> list[Document]:
    return [figure for figure in figures(document).values() if figure["over"]]


def gated(document: Document) -> list[Document]:
    return [figure for figure in figures(document).values() if figure["limit"] is not None]


def nearest(document: Document) -> list[Document]:
    """The gated figures that have used some of what their limit allows, most of it first."""
    return sorted((f for f in gated(document) if used(f)), key=lambda figure: -used(figure))


def limited_by(figure: Document) -> str:
    """Which of the two sets a figure's limit, in words."""
    return {"accepted": "the accepted figure", "anchor": "the anchor"}.get(figure["against"], "–")


def left(document: Document) -> list[Document]:
    """Layers that silently lost their kernels."""
    return list(document["benches"]["left"]) if document["benches"] else []


def kernels(layer: Document) -> str:
    """The functions that computed a layer, an override's with a star; "–" where not known."""
    names = [kernel["name"] + "*" * kernel["override"] for kernel in layer["kernels"] or ()]
    return " ".join(names) or "–"


def amount(number: int | None, unit: str) -> str:
    """A figure with its unit; "–" where there is none."""
    if number is None:
        return "–"
    if unit == "us":
        return milliseconds(number)
    return f"{grouped(number)} B" if unit == "bytes" else grouped(number)


class Latency(NamedTuple):
    """One model's row: the changes are from the accepted figure and from the anchor's."""

    model: str
    time: str
    cycles: str
    delta: str
    anchor: str
    limit: str
    target: str
    over: bool


def latency(document: Document) -> list[Latency]:
    known, rows = figures(document), []
    for bench in benches(document):
        figure = known.get(f"{bench['name']}/cycles") or known.get(f"{bench['name']}/ticks")
        rows.append(
            Latency(
                bench["name"],
                milliseconds(bench["ticks"]),
                amount(bench["cycles"], "cycles"),
                change(figure["new"], figure["old"]) if figure else "–",
                change(figure["new"], figure["anchor"])
                if figure and figure["anchor"] is not None
                else "–",
                amount(figure["limit"], figure["unit"]) if figure else "–",
                f"{bench['target']}, {bench['clock_hz'] / 1e6:g} MHz",
                bool(figure and figure["over"]),
            )
        )
    return rows


def layer_delta(document: Document, bench: Document, layer: Document) -> str:
    figure = figures(document).get(f"{bench['name']}/layer/{layer['index']}/{layer['op']}")
    return change(figure["new"], figure["old"]) if figure else "–"


def layer_output(layer: Document) -> str:
    """ "=" where host and target agree, "≠" where not, "–" where one is not known."""
    if layer["crc"] is None or layer["host_crc"] is None:
        return "–"
    return "=" if layer["crc"] == layer["host_crc"] else "≠"


def outputs(bench: Document) -> str:
    """How a model's outputs compare to the host's, and which slow paths its kernels took."""
    slow = [f"{x['reason']} {x['count']:,}" for x in bench["slow"] if x["count"]]
    return _compared(bench) + (f"; slow paths taken: {', '.join(slow)}" if slow else "")


def _compared(bench: Document) -> str:
    marks = [layer_output(layer) for layer in bench["layers"]]
    if bench["outputs"] == Verdict.PASSED:
        return f"equal in {marks.count('=')} of {plural(len(marks), 'layer')}"
    if bench["outputs"] == Verdict.NOT_CHECKED:
        return "not checked" + (f": {bench['note']}" if bench["note"] else "")
    first = next((x for x, mark in zip(bench["layers"], marks, strict=True) if mark == "≠"), None)
    where = f" from layer {first['index']} ({first['op']})" if first else ""
    return f"differ{where}" + (f": {bench['note']}" if bench["note"] else "")


class Mover(NamedTuple):
    """A layer whose cycles moved: by how many, and which share (in percent) that is of all that
    moved in its model, up and down together."""

    number: int
    op: str
    old: int
    new: int
    share: float

    @property
    def step(self) -> int:
        return self.new - self.old


def movers(document: Document, bench: Document, most: int = 5) -> list[Mover]:
    """The layers of a model that moved most since they were accepted, the furthest first."""
    known = figures(document)
    moved: list[tuple[Document, Document]] = []
    for layer in bench["layers"]:
        figure = known.get(f"{bench['name']}/layer/{layer['index']}/{layer['op']}")
        if figure and figure["old"] is not None and figure["new"] != figure["old"]:
            moved.append((layer, figure))
    whole = sum(abs(figure["new"] - figure["old"]) for _, figure in moved)
    moved.sort(key=lambda item: (-abs(item[1]["new"] - item[1]["old"]), item[0]["index"]))
    return [
        Mover(
            layer["index"],
            layer["op"],
            figure["old"],
            figure["new"],
            100 * abs(figure["new"] - figure["old"]) / whole,
        )
        for layer, figure in moved[:most]
    ]


def used(figure: Document) -> float:
    """Which part of what its limit allows a gated figure has used: 0 where it did not grow, above
    1 where it is over."""
    base = figure["old"] if figure["against"] == "accepted" else figure["anchor"]
    if figure["limit"] is None or base is None or figure["new"] <= base:
        return 0.0
    return float((figure["new"] - base) / max(1, figure["limit"] - base))


def headroom(figure: Document | None) -> str:
    """How much of its limit a figure uses: "12 % of +2.00 %"; "–" where it is not gated."""
    if figure is None or figure["limit"] is None:
        return "–"
    base = figure["old"] if figure["against"] == "accepted" else figure["anchor"]
    return f"{100 * used(figure):.0f} % of {change(figure['limit'], base)}"


class Beside(NamedTuple):
    """A model, or a layer of it (`number`, `op`), on the first target and on the second: times in
    microseconds, the second's part of the first's in percent, whether the outputs are equal."""

    model: str
    number: str
    op: str
    first: int
    second: int
    ratio: float
    outputs: str


def beside(document: Document, *, layers: bool = False) -> list[Beside]:
    """Emulator beside board, where both were run: models, or the layers of all of them."""
    found = document["benches"]["beside"] if document["benches"] else []
    others, rows = {bench["name"]: bench for bench in found}, []
    for bench in benches(document):
        other = others.get(bench["name"])
        if other and not layers:
            rows.append(_beside(bench, "", "", bench, other, outputs(other)))
        for one, two in zip(bench["layers"], other["layers"], strict=False) if other else ():
            if layers and one["op"] == two["op"]:
                same = {True: "=", False: "≠"}[one["crc"] == two["crc"]]
                number = str(one["index"])
                rows.append(_beside(bench, number, one["op"], one, two, same))
    return rows


def _beside(
    bench: Document, number: str, op: str, one: Document, two: Document, same: str
) -> Beside:
    ratio = 100 * two["ticks"] / max(1, one["ticks"])
    return Beside(bench["name"], number, op, one["ticks"], two["ticks"], ratio, same)


def second_target(document: Document) -> str:
    """The second target's name; empty where there was none."""
    found = document["benches"]["beside"] if document["benches"] else []
    return str(found[0]["target"]) if found else ""
