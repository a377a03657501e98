"""Where upstream stood and stands."""

from __future__ import annotations

from typing import Any

from syncer.report.neutral import one_line
from syncer.report.numbers import plural

Document = dict[str, Any]


def short(commit: str) -> str:
    return commit[:12]


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


def notable(document: Document) -> list[Document]:
    """Upstream's commits under the port's patches and overrides."""
    rebased = document["rebased"]
    return list(rebased["notable"]) if rebased else []


def behind(document: Document) -> list[Document]:
    """Those of the notable commits that touch what now conflicts or has drifted."""
    rebased = document["rebased"]
    if not rebased:
        return []
    stuck = {(p["component"], path) for p in rebased["patches"] for path in p["conflicts"]}
    stuck |= {(o["component"], o["path"]) for o in rebased["overrides"] if o["drifted"]}
    return [
        item
        for item in rebased["notable"]
        if any((item["component"], path) in stuck for path in item["paths"])
    ]


def url(document: Document, name: str) -> str:
    """The address of a repository of the roll; empty where it is none of them."""
    resolved = document["resolved"]
    pins = [resolved["upstream"], *resolved["components"]] if resolved else []
    return next((str(pin["url"]) for pin in pins if pin["name"] == name), "")


def newest_good(document: Document) -> str:
    """Why the roll goes to less than upstream's newest commit; empty where it does not."""
    found = document["newest_good"]
    if not found:
        return ""
    said = one_line(found["message"], 300)
    return (
        f"{short(found['wanted'])} was wanted. {short(found['bad'])} ({found['date']}, "
        f"{found['subject']}) is the first commit that does not pass: {found['verdict']} in "
        f"{found['stage']}: {said}. This is the one before it; {found['tried']} of "
        f"{found['span']} were tried."
    )
