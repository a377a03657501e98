"""What a person is told about a roll, worked out of its status document and nothing else.

Texts here are plain: the renderers escape them. Backticks mark code where a docstring says so.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from syncer.model import Verdict
from syncer.report.numbers import change, grouped, milliseconds, plural

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


def short(commit: str) -> str:
    return commit[:12]


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
    elif verdict == Verdict.CONFLICT and _stopped(document) == "tree":
        words = "The tree was edited in place"
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


def _stopped(document: Document) -> str:
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


def upstream_move(document: Document) -> Document | None:
    resolved = document["resolved"]
    if resolved is None:
        return None
    moves: list[Document] = resolved["moves"]
    return next((m for m in moves if m["name"] == resolved["upstream"]["name"]), None)


def advance(move: Document | None) -> str:
    """ "+214 commits", "first roll", or "" where nothing can be said."""
    if move is None or move["old"] == move["new"]:
        return ""
    if move["old"] is None:
        return "first roll"
    return f"+{plural(move['count'], 'commit')}" if move["count"] else ""


def reach(move: Document | None, commit: str) -> str:
    """Where upstream stood and stands."""
    if move is None:
        return short(commit)
    if move["old"] is None:
        return f"{short(commit)}, first roll"
    if move["old"] == move["new"]:
        return f"{short(commit)}, unchanged"
    said = f", {advance(move)}" if move["count"] else ""
    return f"{short(move['old'])} → {short(move['new'])}{said}"


# ---- the queue


def patches(document: Document) -> list[Document]:
    rebased = document["rebased"]
    return list(rebased["patches"]) if rebased else []


def overrides(document: Document) -> list[Document]:
    rebased = document["rebased"]
    return list(rebased["overrides"]) if rebased else []


def gone(document: Document) -> list[str]:
    """Patches and overrides that the lock has and the port has no more."""
    rebased = document["rebased"]
    return list(rebased["gone"]) if rebased else []


def conflicts(document: Document) -> list[Document]:
    return [patch for patch in patches(document) if patch["verdict"] == "conflict"]


def tally(document: Document) -> str:
    """ "7 clean, 1 merged", in the order of the queue's first occurrences."""
    counts = Counter(patch["verdict"] for patch in patches(document))
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items()) or "no patches"


# ---- tests, benchmarks, figures


def tests(document: Document) -> list[Document]:
    return list(document["tests"]["results"]) if document["tests"] else []


def failed_tests(document: Document) -> list[Document]:
    return [test for test in tests(document) if test["failed"]]


def excepted_tests(document: Document) -> list[Document]:
    return [test for test in tests(document) if test["exception"]]


def unbuilt_tests(document: Document) -> list[Document]:
    """Tests that do not build, if that is where the roll ended."""
    ended = document["build"] and document["verdict"] == Verdict.BUILD
    return list(document["build"]["unbuilt"]) if ended else []


def tests_tally(document: Document) -> str:
    """ "135 found: 133 passed, 2 excepted, 1,012 cases"."""
    ran = tests(document)
    cases = sum(1 for test in ran for case in test["cases"] if case["passed"])
    counts = (
        ("passed", sum(1 for test in ran if test["passed"])),
        ("failed", len(failed_tests(document))),
        ("excepted", len(excepted_tests(document))),
    )
    said = [f"{count:,} {what}" for what, count in counts if count or what == "passed"]
    return f"{len(ran):,} found: {', '.join([*said, plural(cases, 'case')])}"


def _test_changes(document: Document) -> list[Document]:
    changes = document["tests"]["changes"] if document["tests"] else []
    return [item for item in changes if item["before"] != item["now"]]


def test_changes(document: Document) -> list[str]:
    """What became of the accepted tests and their cases; holds code in backticks."""
    said = []
    for change_ in _test_changes(document):
        name, before, now = change_["name"], change_["before"], change_["now"]
        if before is None:
            said.append(f"`{name}` is new: {plural(now, 'case')}.")
        elif now is None:
            said.append(f"`{name}` is gone: {plural(before, 'case')} no longer run.")
        else:
            less = ": fewer than before" if now < before else ""
            said.append(f"`{name}` ran {plural(now, 'case')}, accepted were {before:,}{less}.")
    return said


def lost_tests(document: Document) -> list[str]:
    """Those of `test_changes` by which something is tested no more."""
    return [
        said
        for said, change_ in zip(test_changes(document), _test_changes(document), strict=True)
        if change_["before"] is not None and (change_["now"] or 0) < change_["before"]
    ]


def unneeded_exceptions(document: Document) -> list[str]:
    """Exceptions that port.toml no longer needs; holds code in backticks."""
    found = document["tests"]["unneeded"] if document["tests"] else []
    return [
        f"The exception for `{item['name']}` is not needed any more: {item['why']}."
        for item in found
    ]


def benches(document: Document) -> list[Document]:
    return list(document["benches"]["results"]) if document["benches"] else []


def figures(document: Document) -> dict[str, Document]:
    found = document["benches"]["figures"] if document["benches"] else []
    return {figure["name"]: figure for figure in found}


def over_limit(document: Document) -> list[Document]:
    return [figure for figure in figures(document).values() if figure["over"]]


def gated(document: Document) -> list[Document]:
    return [figure for figure in figures(document).values() if figure["limit"] is not None]


def nearest(document: Document) -> list[Document]:
    """The gated figures that have used some of what their limit allows, most of it first."""
    used = {}
    for figure in gated(document):
        base = figure["old"] if figure["against"] == "accepted" else figure["anchor"]
        if base is not None and figure["new"] > base:
            used[figure["name"]] = (figure["new"] - base) / max(1, figure["limit"] - base)
    known = figures(document)
    return [known[name] for name in sorted(used, key=lambda name: -used[name])]


def limited_by(figure: Document) -> str:
    """Which of the two sets a figure's limit, in words."""
    return {"accepted": "the accepted figure", "anchor": "the anchor"}.get(figure["against"], "–")


def left(document: Document) -> list[Document]:
    """Layers that silently lost their kernels."""
    return list(document["benches"]["left"]) if document["benches"] else []


def moved_sizes(document: Document) -> dict[str, list[Document]]:
    """What moved in each program: sections first, then symbols, as the roll ordered them."""
    found: dict[str, list[Document]] = {}
    for move in document["benches"]["moved"] if document["benches"] else []:
        found.setdefault(move["program"], []).append(move)
    return found


def step(old: int, new: int) -> str:
    """How many bytes more or fewer."""
    return f"+{grouped(new - old)} B" if new > old else f"{grouped(new - old)} B"


def kernels(layer: Document) -> str:
    """The functions that computed a layer, an override's with a star; "–" where not known."""
    names = [kernel["name"] + "*" * kernel["override"] for kernel in layer["kernels"] or ()]
    return " ".join(names) or "–"


def effects(document: Document) -> list[Document]:
    return list(document["build"]["effects"]) if document["build"] else []


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


def layer_delta(document: Document, bench: Document, layer: Document) -> str:
    figure = figures(document).get(f"{bench['name']}/layer/{layer['index']}/{layer['op']}")
    return change(figure["new"], figure["old"]) if figure else "–"


def layer_output(layer: Document) -> str:
    """ "=" where host and target agree, "≠" where not, "–" where one is not known."""
    if layer["crc"] is None or layer["host_crc"] is None:
        return "–"
    return "=" if layer["crc"] == layer["host_crc"] else "≠"


def outputs(bench: Document) -> str:
    """How a model's outputs compare to the host's."""
    marks = [layer_output(layer) for layer in bench["layers"]]
    if bench["outputs"] == Verdict.PASSED:
        return f"equal in {marks.count('=')} of {plural(len(marks), 'layer')}"
    if bench["outputs"] == Verdict.NOT_CHECKED:
        return "not checked" + (f": {bench['note']}" if bench["note"] else "")
    first = next((x for x, mark in zip(bench["layers"], marks, strict=True) if mark == "≠"), None)
    where = f" from layer {first['index']} ({first['op']})" if first else ""
    return f"differ{where}" + (f": {bench['note']}" if bench["note"] else "")


# ---- foreign code


def protections(document: Document) -> dict[str, Document]:
    """What held upstream's code back, by stage."""
    places = {"tree": "tree", "build": "build", "bench": "benches"}
    found = {stage: (document[key] or {}).get("protection") for stage, key in places.items()}
    return {stage: protection for stage, protection in found.items() if protection}


def confinement(document: Document) -> str:
    """Under what upstream's code ran, and what that leaves open; empty where none ran."""
    found = protections(document)
    names = {stage: _open(protection) for stage, protection in found.items()}
    if len(set(names.values())) == 1:
        return next(iter(names.values()))
    return "; ".join(f"{text} ({stage})" for stage, text in names.items())


def _open(protection: Document) -> str:
    told = {
        "network": "use the network",
        "files": "read your files",
        "processes": "leave processes behind",
    }
    could = [text for key, text in told.items() if not protection[key]]
    return str(protection["name"]) + (f": it could {', '.join(could)}" if could else "")


# ---- the whole


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
