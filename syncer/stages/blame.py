"""Errors of the tree and the build, with the upstream commits that they may come from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from syncer.build.failure import located
from syncer.errors import Exit, SyncError
from syncer.git import Touch
from syncer.stages.since import Since

_THIRD_PARTY = "third_party/"


@contextmanager
def blamed(since: Since, *, tree: Path | None = None, log: Path | None = None) -> Iterator[None]:
    """Whatever error is raised inside names the upstream commit that deleted, moved or changed
    what it is about, as far as that can be told.

    Args:
        tree, log: the generated tree and the log of a build of it.
    """
    try:
        yield
    except SyncError as error:
        if tree and log and error.exit is Exit.BUILD:
            error = located(error, log, tree, since.port.toml.tree.include_dirs)
        raise _blamed(since, error) from None


def _blamed(since: Since, error: SyncError) -> SyncError:
    for group in error.about:
        places: dict[str, list[str]] = {}
        for path in filter(_plain, group):
            name, inner = _owner(since, path)
            places.setdefault(name, []).append(inner)
        for name, paths in places.items():
            for path in paths:
                if not _there(since, name, path) and (gone := since.gone(name, path)):
                    return _gone(since, error, name, *gone)
                if _there(since, name, path) and not since.port.needs(name, path):
                    return _left_out(since, error, name, path)
        found = {name: since.touches(name, paths) for name, paths in places.items()}
        found = {name: touches for name, touches in found.items() if touches}
        if found:
            return _touched(since, error, found)
    return error


def _plain(path: str) -> bool:
    """Whether it can be a path of a repository; one that leads out of it was never in one."""
    return not path.startswith("/") and ".." not in path.split("/")


def _owner(since: Since, path: str) -> tuple[str, str]:
    """The repository that a path of upstream's checkout or of the tree comes from, and its path
    there; our own files belong to none, and no commit will be found for them."""
    inner = path.removeprefix(f"{since.port.toml.tree.downloads}/").removeprefix(_THIRD_PARTY)
    if inner != path:
        there = {pin.name for pin in since.resolved.pins}  # an optional component may be absent
        holding = [
            c
            for c in since.port.toml.component
            if c.name in there and inner.startswith(f"{c.path}/")
        ]
        if holding:
            owner = max(holding, key=lambda component: len(component.path))
            return owner.name, inner.removeprefix(f"{owner.path}/")
    return since.upstream, path


def _there(since: Since, name: str, path: str) -> bool:
    entries = since.repositories[name].ls_tree(since.commit(name))
    return any(e.path == path or PurePosixPath(e.path).match(path) for e in entries) or any(
        e.path.startswith(f"{path}/") for e in entries
    )


def _gone(since: Since, error: SyncError, name: str, touch: Touch, moved: str | None) -> SyncError:
    if touch.gained:
        message = f"{error.message}; it was deleted with {since.named(name, touch)}"
        hint = f"It may be {moved} now; follow it in port.toml." if moved else error.hint
    else:
        message = f"{error.message}; it came with {since.named(name, touch)}"
        hint = f"{since.roll_to(name, touch)}, or describe older upstreams too in port.toml."
    return SyncError(message, hint=hint, exit=Exit.CONFLICT, detail=error.detail)


def _left_out(since: Since, error: SyncError, name: str, path: str) -> SyncError:
    key = "upstream.only" if name == since.upstream else f"component.{name}.only"
    return SyncError(
        f"{error.message}; {path} is {name}'s, but {key} leaves it out",
        hint=f"Add it to {key} in port.toml.",
        exit=error.exit,
        detail=error.detail,
    )


def _touched(since: Since, error: SyncError, found: dict[str, tuple[Touch, ...]]) -> SyncError:
    name, touches = next(iter(found.items()))
    count = len({touch.commit for each in found.values() for touch in each}) - 1
    more = f" and {count} more commit{'s' if count > 1 else ''}" if count else ""
    near = touches[0]
    if near.gained:
        message = f"{error.message}; upstream changed {near.path} with {since.named(name, near)}"
        hint = error.hint
    else:
        message = f"{error.message}; {near.path} is without {since.named(name, near)}"
        hint = f"{since.roll_to(name, near)}, or make the port fit this one. {error.hint}"
    details = [error.detail, *(since.detail(name, each) for name, each in found.items())]
    return SyncError(
        message + more,
        hint=hint,
        exit=error.exit,
        detail="\n".join(filter(None, details)),
    )
