"""The patch queue and the overrides."""

from __future__ import annotations

from collections import Counter
from typing import Any

Document = dict[str, Any]


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


def effects(document: Document) -> list[Document]:
    return list(document["build"]["effects"]) if document["build"] else []


def descents(document: Document) -> list[Document]:
    """The patches beside the accepted ones; none where all are as they were."""
    rebased = document["rebased"]
    found = list(rebased["lineage"]) if rebased else []
    return found if any(item["mark"] != "=" for item in found) else []


_MARKS = {"=": "as they were", "!": "changed", "<": "no more", ">": "new"}


def descent_tally(document: Document) -> str:
    """ "3 as they were, 1 changed"."""
    counts = Counter(item["mark"] for item in descents(document))
    return ", ".join(f"{counts[mark]} {what}" for mark, what in _MARKS.items() if counts[mark])
