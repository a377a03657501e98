"""Any two sets of figures beside one another."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from syncer.errors import SyncError
from syncer.files import near
from syncer.lock import load_lock
from syncer.report import status
from syncer.report.history.entry import Entry, read_entry

_LAYER = "/layer/"


@dataclass(frozen=True)
class Compared:
    """A figure in both, or in one of them: `unit` is "cycles" or "bytes"."""

    name: str
    unit: str
    old: int | None
    new: int | None


def figures_of(named: str, entries: Sequence[Entry], lock_file: Path) -> Mapping[str, int]:
    """The figures that `named` names: "accepted" (the lock's), "last" (the newest entry), the
    start of an entry's upstream commit, or a file: an entry, a status document or a sync.lock.

    Raises:
        SyncError: it names none of these, or a file that is none.
    """
    if named == "accepted":
        return _some(load_lock(lock_file).figures, str(lock_file))
    if named == "last" and entries:
        return entries[-1].figures
    file = Path(named)
    if file.is_file():
        return _some(_of_file(file), named)
    found = [entry for entry in entries if entry.commit.startswith(named) and len(named) >= 4]
    commits = {entry.commit for entry in found}
    if len(commits) > 1:
        raise SyncError(
            f"{named} is the start of {len(commits)} commits of the history",
            hint=f"Name more digits: {', '.join(sorted(commit[:16] for commit in commits))}.",
        )
    if found:
        return found[-1].figures
    known = list(dict.fromkeys(entry.commit[:12] for entry in entries))
    similar = ", ".join(near(named, known)) or ", ".join(known[-6:]) or "none yet"
    raise SyncError(
        f"{named!r} is no roll of the history and no file",
        hint="Name accepted, last, the start of a commit that was rolled to (there is: "
        f"{similar}), or a file: a status document, a sync.lock, a history's entry.",
    )


def _of_file(file: Path) -> Mapping[str, int]:
    if file.suffix in (".lock", ".toml"):
        return load_lock(file).figures
    try:
        text = file.read_text(encoding="utf-8")
        data = json.loads(text)
    except (OSError, ValueError) as error:
        raise SyncError(
            f"{file}: is no JSON: {error}",
            hint="Name a status document, a sync.lock or a history's entry.",
        ) from None
    if isinstance(data, dict) and "schema" in data:
        document = status.loads(text, str(file))
        benches = document["benches"]
        return {f["name"]: f["new"] for f in benches["figures"]} if benches else {}
    return read_entry(text, str(file)).figures


def _some(figures: Mapping[str, int], where: str) -> Mapping[str, int]:
    if not figures:
        raise SyncError(f"{where}: has no figures", hint="Name a roll that has run its benchmarks.")
    return figures


def compare(
    old: Mapping[str, int], new: Mapping[str, int], *, layers: bool = False
) -> tuple[Compared, ...]:
    """Every figure of either, by name; those of layers where asked for."""
    names = [name for name in sorted({*old, *new}) if layers or _LAYER not in name]
    return tuple(Compared(name, _unit(name), old.get(name), new.get(name)) for name in names)


def _unit(name: str) -> str:
    counted = _LAYER in name or name.endswith("/cycles")
    return "cycles" if counted else "us" if name.endswith("/ticks") else "bytes"
