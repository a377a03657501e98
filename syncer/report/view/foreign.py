"""Under what upstream's code ran."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]


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
