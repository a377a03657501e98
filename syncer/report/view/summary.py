"""The whole roll in a few lines."""

from __future__ import annotations

from typing import Any, NamedTuple

from syncer.model import Verdict
from syncer.report.numbers import plural
from syncer.report.view.figures import (
    benches,
    figures,
    gated,
    headroom,
    latency,
    outputs,
    over_limit,
)
from syncer.report.view.foreign import confinement, protections
from syncer.report.view.memory import memory
from syncer.report.view.queue import gone, overrides, patches, tally
from syncer.report.view.tests import lost_tests, tests_tally, unneeded_exceptions
from syncer.report.view.upstream import notable, reach, upstream_move

Document = dict[str, Any]


def summary(document: Document) -> list[tuple[str, str]]:
    """The roll in a few lines; a stage that was not reached has none."""
    rows: list[tuple[str, str]] = []
    if resolved := document["resolved"]:
        where = reach(upstream_move(document), resolved["upstream"]["commit"])
        if found := notable(document):
            where += f", {len(found)} under the port's changes"
        rows.append(("Upstream", where))
        moved = {m["name"] for m in resolved["moves"] if m["old"] != m["new"]}
        pins = [pin["name"] for pin in resolved["components"] if pin["name"] in moved]
        count = len(resolved["components"])
        said = f"{len(pins)} of {count} moved" if pins else f"{count} unmoved"
        if count:
            rows.append(("Pins", said + (f": {', '.join(pins[:8])}" if pins else "")))
    if document["rebased"]:
        own_files = overrides(document)
        drifted = sum(1 for o in own_files if o["drifted"])
        drift = f" ({drifted} drifted)" if drifted else ""
        kept = f", {plural(len(own_files), 'override')}{drift}" if own_files else ""
        rows.append(("Queue", tally(document) + kept))
    if document["tests"]:
        rows.append(("Tests", tests_tally(document)))
    if held := gated(document):
        over = len(over_limit(document))
        rows.append(("Gates", f"{plural(len(held), 'figure')} held, {over or 'none'} over"))
    if confined := confinement(document):
        rows.append(("Upstream's code", f"ran under {confined}"))
    return rows


class Glance(NamedTuple):
    """One model in one row: `headroom` is how much of its limit its cycles use."""

    model: str
    time: str
    delta: str
    headroom: str
    flash: str
    ram: str
    arena: str
    outputs: str
    over: bool


def glance(document: Document) -> list[Glance]:
    """Every model's latency, memory and outputs, beside what was accepted."""
    sizes = {row.name: row for row in memory(document)}
    known, rows = figures(document), []
    for row, bench in zip(latency(document), benches(document), strict=True):
        size = sizes.get(row.model)
        rows.append(
            Glance(
                row.model,
                row.time,
                row.delta,
                headroom(known.get(f"{row.model}/cycles")),
                size.flash if size else "–",
                size.ram if size else "–",
                size.arena if size else "–",
                outputs(bench),
                row.over or bool(size and size.over),
            )
        )
    return rows


def remarks(document: Document) -> list[str]:
    """What deserves a look even though it stopped nothing; may hold code in backticks."""
    said = []
    if document["bare"]:
        said.append("A bare roll: the port's patches and overrides were left out.")
    for patch in patches(document):
        if patch["verdict"] == "merged":
            said.append(f"`{patch['file']}` was merged with upstream's changes: read it.")
        elif patch["verdict"] in ("absorbed", "emptied", "dropped"):
            said.append(f"`{patch['file']}` leaves the queue: {patch['verdict']}.")
        elif patch["verdict"] == "resolved":
            said.append(f"`{patch['file']}` conflicts, and went in {patch['reason']}.")
        elif patch["verdict"] == "skipped":
            said.append(f"`{patch['file']}` was skipped: nothing of it is in this roll.")
    for override in overrides(document):
        if override["drifted"]:
            change_ = "is gone upstream" if override["found"] is None else "has changed upstream"
            said.append(f"`{override['path']}`, which an override shadows, {change_}.")
    for name in gone(document):
        said.append(f"`{name}` is gone from the port, and upstream has not absorbed it.")
    said += [*lost_tests(document), *unneeded_exceptions(document)]
    for bench in benches(document):
        if bench["outputs"] == Verdict.NOT_CHECKED:
            said.append(f"The outputs of `{bench['name']}` were not compared with the host's.")
    if any(not p["network"] or not p["files"] for p in protections(document).values()):
        said.append(f"Upstream's code was not confined ({confinement(document)}): `sync doctor`.")
    if document["benches"] and document["benches"]["ungated"]:
        said.append(f"No figure was gated: {document['benches']['ungated']}.")
    return said
