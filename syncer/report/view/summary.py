"""The whole roll in a few lines."""

from __future__ import annotations

from typing import Any

from syncer.model import Verdict
from syncer.report.numbers import plural
from syncer.report.view.figures import benches, latency, outputs
from syncer.report.view.foreign import confinement, protections
from syncer.report.view.queue import gone, overrides, patches, tally
from syncer.report.view.tests import lost_tests, tests_tally, unneeded_exceptions
from syncer.report.view.upstream import reach, upstream_move

Document = dict[str, Any]


def summary(document: Document) -> list[tuple[str, str]]:
    """The roll in a few lines; a stage that was not reached has none."""
    rows: list[tuple[str, str]] = []
    if resolved := document["resolved"]:
        rows.append(("Upstream", reach(upstream_move(document), resolved["upstream"]["commit"])))
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
    if confined := confinement(document):
        rows.append(("Upstream's code", f"ran under {confined}"))
    for row in latency(document)[:4]:
        rows.append(("Latency", f"{row.model}: {row.time} ({row.delta})"))
    for bench in benches(document)[:4]:
        rows.append(("Outputs", f"{bench['name']}: {outputs(bench)}"))
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
