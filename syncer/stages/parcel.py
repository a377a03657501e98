"""What a roll leaves behind for whoever publishes it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from syncer.forge.bundle import write_queue, write_tree
from syncer.port import Port

BUNDLES = "bundles"  # below a port's state


def bundle_file(state: Path, kind: str) -> Path:
    """Where the bundle of a kind ("queue", "tree") lies in a port's state, or in a copy of it."""
    return state / BUNDLES / f"{kind}.bundle"


def changed_places(port: Port) -> tuple[str, ...]:
    """What of the port's a roll may change, relative to its root; folders end in a slash."""
    files = (port.lock_file, port.sizes_file)
    return (
        f"{port.toml.patches.folder}/",
        *(file.relative_to(port.root).as_posix() for file in files),
    )


def known_places(port: Port) -> tuple[str, ...]:
    """What of the port's a roll is made of, beside that: port.toml and all the files it names."""
    toml = port.toml
    named = [item.from_ for item in (*toml.tree.own, *toml.tree.template)]
    named += [item.source for item in toml.override]
    own = port.file.relative_to(port.root).as_posix()
    return (own, *(f"{path}/" if port.at(path).is_dir() else path for path in named))


def leave(port: Port, changed: Mapping[str, str | None], tree: Path | None, date: str) -> None:
    """Write the bundles: of the queue where anything in it has `changed`, of the `tree` if that
    is published. Those of an earlier roll go.

    Raises:
        SyncError: they cannot be written.
    """
    discard(port)
    with tempfile.TemporaryDirectory() as scratch:
        if changed:
            before = port_files(port)
            new = ("100644", b"")
            after = {path: file for path, file in before.items() if path not in changed}
            after |= {
                path: (before.get(path, new)[0], text.encode("utf-8", "surrogateescape"))
                for path, text in changed.items()
                if text is not None
            }
            place = bundle_file(port.state, "queue")
            write_queue(place, Path(scratch) / "queue", before, after, date)
        if tree:
            place = bundle_file(port.state, "tree")
            write_tree(place, Path(scratch) / "tree", tree, date)


def discard(port: Port) -> None:
    """Remove what an earlier roll left: it must not be taken for this one's."""
    shutil.rmtree(port.state / BUNDLES, ignore_errors=True)


def port_files(port: Port) -> dict[str, tuple[str, bytes]]:
    """Mode and content of the files that a roll is made of or may change, by path."""
    found: dict[str, tuple[str, bytes]] = {}
    for name in (*changed_places(port), *known_places(port)):
        path = port.at(name)
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and ".git" not in file.parts and ".sync" not in file.parts:
                mode = "100755" if file.stat().st_mode & 0o100 else "100644"
                found[file.relative_to(port.root).as_posix()] = (mode, file.read_bytes())
    return found
