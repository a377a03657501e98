"""Overrides whose upstream file is another than the one they were written against: what changed
there, and what a person decides of it.
"""

from __future__ import annotations

from collections.abc import Collection
from difflib import unified_diff
from pathlib import Path

from syncer.durable import write_whole
from syncer.errors import Exit, SyncError
from syncer.files import read_text
from syncer.functions import changed_callers, changed_signatures, definitions
from syncer.git import Repository, quarantine
from syncer.model import OverrideResult
from syncer.port import Port
from syncer.queue.conflict import MARKER

_MOST_LINES, _MOST_CALLERS = 60, 12
_C = (".c", ".h", ".cc", ".cpp", ".hpp", ".S")


def what_changed(
    repository: Repository, override: OverrideResult, old: str | None, new: str
) -> list[str]:
    """Lines for a person: upstream's change to the file (the shadowed blob to today's), functions
    of it that look different, and functions elsewhere that call it in another way.

    Args:
        old, new: the component's accepted commit and this roll's.
    """
    found = override.found
    if found is None or repository.missing([override.shadowed, found]):
        return []
    texts = repository.blobs([override.shadowed, found])
    before, after = texts[override.shadowed], texts[found]
    lines = _diff(before, after, override.path)
    more = len(lines) - _MOST_LINES
    lines = lines[:_MOST_LINES] + ([f"… {more} more lines"] if more > 0 else [])
    for name, was, now in changed_signatures(before, after):
        lines.append(f"signature of {name}: {was or 'not there'} → {now or 'gone'}")
    if old is not None and repository.has(old):
        lines += _callers(repository, override, definitions(before), old, new)
    return lines


def _diff(before: bytes, after: bytes, path: str) -> list[str]:
    old, new = (data.decode("utf-8", "replace").split("\n") for data in (before, after))
    lines = unified_diff(old, new, f"{path} (shadowed)", f"{path} (now)", lineterm="")
    return ["".join(c if c.isprintable() else " " for c in line) for line in lines]


def _callers(
    repository: Repository, override: OverrideResult, names: Collection[str], old: str, new: str
) -> list[str]:
    changes = [
        change
        for change in repository.diff_tree(old, new, renames=None)
        if change.path.endswith(_C) and change.path != override.path and change.status == "M"
    ]
    absent = set(repository.missing([i for c in changes for i in (c.old_id, c.new_id)]))
    changes = [c for c in changes if not absent & {c.old_id, c.new_id}]
    blobs = repository.blobs([i for c in changes for i in (c.old_id, c.new_id)])
    found = [
        f"{change.path}: {name or 'outside of functions'}"
        for change in changes
        for name in changed_callers(blobs[change.old_id], blobs[change.new_id], names)
    ]
    more = len(found) - _MOST_CALLERS
    said = [f"calls it in another way now: {place}" for place in found[:_MOST_CALLERS]]
    return said + ([f"… and {more} more callers"] if more > 0 else [])


# ---- decisions


def pin(port: Port, override: OverrideResult, blob: str, path: str | None = None) -> None:
    """Write into port.toml, which keeps its comments, that an override shadows `blob` (and, given
    `path`, stands for that file).

    Raises:
        SyncError: port.toml has no such override any more, or cannot be written.
    """
    import tomlkit  # late: few commands write port.toml
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(read_text(port.file))
    except TOMLKitError as error:
        raise SyncError(f"{port.file}: {error}", hint="Mend it first.") from None
    for table in document.get("override", []):
        if (table["component"], table["path"]) == (override.component, override.path):
            table["shadows"] = blob
            if path:
                table["path"] = path
            write_whole(port.file, tomlkit.dumps(document).encode())
            return
    raise SyncError(
        f"{port.file} has no override of {override.component}'s {override.path}",
        hint="Run `sync` again first.",
    )


def merged_file(port: Port, override: OverrideResult) -> Path:
    """Where `merge` leaves its result."""
    return port.state / "overrides" / override.component / override.path


def merge(port: Port, repository: Repository, override: OverrideResult) -> bool:
    """Merge upstream's change to the file into the port's, in `merged_file`; whether that went
    without a conflict. One that is there already is replaced.

    Raises:
        SyncError: upstream's file is gone, or a blob is not in the clone.
    """
    if override.found is None:
        raise SyncError(
            f"upstream no longer has {override.path}: there is nothing to merge",
            hint="`sync overrides accept PATH --moved-to NEW` follows it.",
        )
    with quarantine(repository) as work:
        blobs = [override.shadowed, work.write_blob(port.read(override.source)), override.found]
        base, ours, theirs = (
            work.write_tree(None, {override.path: ("100644", blob)}) for blob in blobs
        )
        absent = work.missing(blobs)
        if absent:
            raise SyncError(
                f"blob {absent[0]} of {override.path} is not in the clone",
                hint="Roll again where upstream can be reached: `sync --until rebase`.",
                exit=Exit.ENVIRONMENT,
            )
        (result,) = work.merge_trees([(base, ours, theirs)])
        entry = next(e for e in work.ls_tree(result.tree) if e.path == override.path)
        data = work.blob(entry.id)
    write_whole(merged_file(port, override), data)
    return result.clean


def take(port: Port, override: OverrideResult) -> None:
    """Put what `merge` left, and a person may have edited, in place of the port's file, and pin
    upstream's new blob.

    Raises:
        SyncError: there is none, or it has conflict markers (the line is named).
    """
    file = merged_file(port, override)
    if not file.is_file() or override.found is None:
        raise SyncError(
            f"{override.path} has not been merged",
            hint=f"Run `sync overrides merge {override.path}` first.",
        )
    data = file.read_bytes()
    if marker := MARKER.search(data):
        line = data.count(b"\n", 0, marker.start()) + 1
        raise SyncError(
            f"{file}:{line}: conflict marker",
            hint="Edit that file, then take it.",
            exit=Exit.CONFLICT,
        )
    write_whole(port.at(override.source), data)
    pin(port, override, override.found)
    file.unlink()
