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
