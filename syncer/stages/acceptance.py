"""What a roll would change once it is accepted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from syncer.bench.kernels import kernel_table
from syncer.errors import SyncError
from syncer.lock import Anchor, Lock, lock_text
from syncer.model import (
    BenchesResult,
    BuildResult,
    PatchVerdict,
    Rebased,
    Resolved,
    TestsResult,
)
from syncer.port import Port
from syncer.queue.series import SERIES, series_text
from syncer.stages.conflicts import pending_texts, recorded_folder

FIRST = "the first accepted figures"


def next_lock(
    lock: Lock,
    resolved: Resolved,
    rebased: Rebased,
    built: BuildResult,
    tests: TestsResult,
    benches: BenchesResult,
    *,
    why: str = "",
    date: str = "",
) -> Lock:
    """What becomes accepted once this roll is merged.

    Args:
        lock: what is accepted now. Its anchor stays, and figures that it does not have join it.
        why: given, the anchor moves to this roll's figures, with it and with `date`.
    """
    figures = {figure.name: figure.new for figure in benches.figures}
    if why or not lock.anchored:
        anchor = Anchor(why or FIRST, date, resolved.upstream.commit, figures)
    else:
        before = lock.anchor
        if not before.figures:  # a lock from before there were anchors
            before = Anchor(FIRST, commit=lock.commits.get(resolved.upstream.name, ""))
        kept = {name: lock.anchored.get(name, new) for name, new in figures.items()}
        anchor = replace(before, figures=kept)
    return Lock(
        commits={pin.name: pin.commit for pin in resolved.pins},
        written={pin.name: pin.written for pin in resolved.components},
        overrides={f"{item.component}:{item.path}": item.found or "" for item in rebased.overrides},
        carried=rebased.carried,
        tools={tool.name: tool.version for tool in built.tools},
        figures=figures,
        anchor=anchor,
        kernels=kernel_table(benches.results),
        tests={result.name: len(result.cases) for result in tests.results},
    )


def changed_files(
    port: Port, rebased: Rebased, built: BuildResult, lock: Lock
) -> dict[str, str | None]:
    """What a roll changes in the port's repository: refreshed and dropped patches, each series,
    the lock and the sizes; nothing that is so already. Paths relative to the port's root.

    Raises:
        SyncError: the build's files are no longer there.
    """
    try:
        sizes = Path(built.sizes).read_text(encoding="utf-8")
    except OSError:
        raise SyncError(f"{built.sizes} is gone", hint="Run `sync` again first.") from None
    files: dict[str, str | None] = {port.sizes_file.relative_to(port.root).as_posix(): sizes}
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
    files |= pending_files(port)
    # Last: as long as the lock has not moved, all this can be accepted once more.
    files[port.lock_file.relative_to(port.root).as_posix()] = lock_text(lock)
    return {path: text for path, text in files.items() if not _is(port, path, text)}


def pending_files(port: Port) -> dict[str, str | None]:
    """The resolutions that rolls have taken in and the port's repository does not have yet."""
    folder = recorded_folder(port).relative_to(port.root).as_posix()
    found: dict[str, str | None] = {}
    for name, data in pending_texts(port).items():
        found[f"{folder}/{name}"] = data.decode("utf-8", "surrogateescape")
    return {path: text for path, text in found.items() if not _is(port, path, text)}


def _is(port: Port, path: str, text: str | None) -> bool:
    file = port.at(path)
    if text is None:
        return not file.exists()
    # A patch may hold any bytes.
    return file.is_file() and file.read_bytes() == text.encode("utf-8", "surrogateescape")
