"""What a roll would change once it is accepted."""

from __future__ import annotations

from syncer.lock import Lock, lock_text
from syncer.model import BenchesResult, BuildResult, PatchVerdict, Rebased, Resolved
from syncer.port import Port
from syncer.queue.series import SERIES, series_text


def next_lock(
    resolved: Resolved, rebased: Rebased, built: BuildResult, benches: BenchesResult
) -> Lock:
    """What becomes accepted once this roll is merged."""
    return Lock(
        commits={pin.name: pin.commit for pin in resolved.pins},
        written={pin.name: pin.written for pin in resolved.components},
        overrides={f"{item.component}:{item.path}": item.found or "" for item in rebased.overrides},
        tools={tool.name: tool.version for tool in built.tools},
        figures={figure.name: figure.new for figure in benches.figures},
    )


def changed_files(port: Port, rebased: Rebased, lock: Lock) -> dict[str, str | None]:
    """What a roll changes in the port's repository: refreshed and dropped patches, each series,
    the lock; nothing that is so already. Paths relative to the port's root."""
    files: dict[str, str | None] = {
        port.lock_file.relative_to(port.root).as_posix(): lock_text(lock)
    }
    gone = (PatchVerdict.ABSORBED, PatchVerdict.DROPPED, PatchVerdict.EMPTIED)
    for component in sorted({patch.component for patch in rebased.patches}):
        mine = [patch for patch in rebased.patches if patch.component == component]
        folder = f"{port.toml.patches.folder}/{component}"
        for patch in mine:
            if patch.verdict in gone:
                files[f"{folder}/{patch.file}"] = None
            elif patch.refreshed is not None:
                files[f"{folder}/{patch.file}"] = patch.refreshed
        if any(patch.verdict in gone for patch in mine):
            old = port.read(f"{folder}/{SERIES}").decode()
            kept = [patch.file for patch in mine if patch.verdict not in gone]
            files[f"{folder}/{SERIES}"] = series_text(kept, old)
    return {path: text for path, text in files.items() if not _is(port, path, text)}


def _is(port: Port, path: str, text: str | None) -> bool:
    file = port.at(path)
    if text is None:
        return not file.exists()
    # A patch may hold any bytes.
    return file.is_file() and file.read_bytes() == text.encode("utf-8", "surrogateescape")
