"""How a roll ended, and what to do next."""

from __future__ import annotations

import re
from typing import Any

from syncer.model import EDITED, Verdict
from syncer.report.numbers import plural
from syncer.report.view.figures import benches, left, over_limit
from syncer.report.view.queue import conflicts, gone, overrides
from syncer.report.view.tests import failed_tests, unbuilt_tests

Document = dict[str, Any]


GOOD = frozenset({Verdict.PASSED, Verdict.UP_TO_DATE})


ASKS = frozenset({Verdict.CONFLICT, Verdict.GATE, Verdict.HELD, Verdict.FOREIGN_COMMITS})


_HEADLINES = {
    Verdict.PASSED: "Ready to merge",
    Verdict.UP_TO_DATE: "Up to date",
    Verdict.NOT_RUN: "Not run",
    Verdict.NOT_CHECKED: "Not checked",
    Verdict.BAD_INPUT: "Cannot start",
    Verdict.CONFLICT: "The queue conflicts",
    Verdict.GATE: "Over the gate",
    Verdict.PUBLISH: "Could not publish",
    Verdict.BUILD: "Does not build",
    Verdict.TEST: "Tests fail",
    Verdict.ENVIRONMENT: "This machine lacks something",
    Verdict.HELD: "Held",
    Verdict.FOREIGN_COMMITS: "The branch has commits of others",
    Verdict.INTERRUPTED: "Interrupted",
    Verdict.BUG: "A bug in sync",
}


_NEXT = {
    Verdict.PASSED: "Read what is listed here and merge. Merging accepts the pins and the figures.",
    Verdict.UP_TO_DATE: "Nothing to do.",
    Verdict.NOT_RUN: "Roll again.",
    Verdict.NOT_CHECKED: "Decide whether what was not checked matters, then merge or roll again.",
    Verdict.BAD_INPUT: "Mend what the message names, then roll again.",
    Verdict.CONFLICT: "Resolve these patches, then go on with `sync continue`.",
    Verdict.GATE: "Find out what moved these figures. Mend it, or accept them knowingly.",
    Verdict.PUBLISH: "The roll itself is done. Mend the access, then publish again.",
    Verdict.BUILD: "Mend the port for the new upstream: the first error says where.",
    Verdict.TEST: "Find out why, and mend the port or hold this upstream back.",
    Verdict.ENVIRONMENT: "Mend what the message names, then go on with `sync continue`.",
    Verdict.HELD: "Wait for the other roll to end, then go on with `sync continue`.",
    Verdict.FOREIGN_COMMITS: "Take those commits over or move them away, then roll again.",
    Verdict.INTERRUPTED: "Go on with `sync continue`: finished stages are kept.",
    Verdict.BUG: "Report it with the log file.",
}


_STATE = re.compile(r"(?<![\w./-])/[^\s'\"`│]*?/(?=\.sync/)")


def portable(document: Document) -> Document:
    """The document with paths below the port's root as they are from there: whoever reads it may
    be on another machine."""
    said = {key: _STATE.sub("", document[key]) for key in ("message", "hint", "detail")}
    stages = [s | {"message": _STATE.sub("", s["message"])} for s in document["stages"]]
    return document | said | {"stages": stages}


def symbol(document: Document) -> str:
    verdict = Verdict(document["verdict"])
    if verdict in GOOD and not partial(document):
        return "✅"
    asks = verdict in ASKS or verdict == Verdict.NOT_CHECKED or partial(document)
    return "⚠️" if asks else "❌"


def partial(document: Document) -> bool:
    """Whether a roll that met no obstacle was told to stop before it had measured anything."""
    return Verdict(document["verdict"]) in GOOD and document["benches"] is None


def headline(document: Document) -> str:
    """The verdict in a few words."""
    verdict = Verdict(document["verdict"])
    words = _HEADLINES[verdict]
    if partial(document):
        return "Passed as far as it went"
    if document["bare"] and verdict in GOOD:
        return "Upstream alone passes"
    if verdict == Verdict.CONFLICT and (patches := conflicts(document)):
        words = f"{plural(len(patches), 'patch', 'patches')} in conflict"
    elif verdict == Verdict.CONFLICT and EDITED in document["message"]:
        words = "The tree was edited in place"
    elif verdict == Verdict.CONFLICT and stopped(document) in ("resolve", "tree"):
        words = "Upstream lacks what port.toml names"
    elif verdict == Verdict.CONFLICT and any(o["drifted"] for o in overrides(document)):
        words = "Upstream changed under an override"
    elif verdict == Verdict.GATE and (lost := gone(document)):
        words = f"{plural(len(lost), 'change')} of the port's gone"
    elif verdict == Verdict.GATE and (layers := left(document)):
        words = f"{plural(len(layers), 'layer')} without the accepted kernels"
    elif verdict == Verdict.GATE and (over := over_limit(document)):
        words = f"{plural(len(over), 'figure')} over the gate"
    elif verdict == Verdict.BUILD and (failed := unbuilt_tests(document)):
        words = f"{plural(len(failed), 'test')} of upstream's not built"
    elif verdict == Verdict.TEST and (failed := failed_tests(document)):
        words = f"{plural(len(failed), 'test program')} failed"
    elif verdict == Verdict.TEST and any(b["outputs"] == Verdict.TEST for b in benches(document)):
        words = "Outputs differ from the host"
    return words


def stopped(document: Document) -> str:
    """The stage whose verdict is the roll's; empty if there is none."""
    verdict = document["verdict"]
    return next((s["name"] for s in document["stages"] if s["verdict"] == verdict), "")


def next_step(document: Document) -> str:
    """What to do, in one or two sentences; may hold code in backticks."""
    if partial(document):
        return "Run `sync` without --until for the rest."
    step = document["hint"] or _NEXT[Verdict(document["verdict"])]
    if not document["bare"]:
        return step
    if document["verdict"] in GOOD:
        return "Nothing to merge. What stops the port and not this comes from its own changes."
    return f"{step} None of the port's patches and overrides is in this."
