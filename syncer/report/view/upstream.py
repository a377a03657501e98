"""Where upstream stood and stands."""

from __future__ import annotations

from typing import Any

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
