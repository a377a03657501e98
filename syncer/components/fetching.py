"""What a roll needs of a repository, brought into its bare clone; and what is wrong with one."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from syncer.components.source import Source
from syncer.errors import Exit, SyncError
from syncer.git import GitError, Repository, ls_remote, redact
from syncer.model import Pin, Resolved
from syncer.port import Port


def repository(source: Source) -> Repository:
    return Repository(source.clone)


def fetch(source: Source, specs: list[str]) -> None:
    with reaching(source):
        repository(source).fetch(source.place, specs, filter="blob:none")


def fetch_blobs(port: Port, source: Source, commit: str) -> None:
    """Make sure that every blob of a commit that a roll needs is in the clone.

    Raises:
        SyncError: (ENVIRONMENT) one is missing and cannot be fetched.
    """
    with reaching(source):
        repository(source).fetch_missing(source.place, _blobs(port, source, commit))


def _blobs(port: Port, source: Source, commit: str) -> list[str]:
    entries = [entry for entry in repository(source).ls_tree(commit) if entry.type == "blob"]
    return [entry.id for entry in entries if port.needs(source.name, entry.path)]


def is_whole(port: Port, found: Mapping[str, Source], resolved: Resolved) -> bool:
    """Whether the clones have everything of what was resolved that a roll needs."""
    since = {move.name: [move.old] for move in resolved.moves if move.old and move.count}

    def has(pin: Pin) -> bool:
        source, old = found[pin.name], since.get(pin.name, ())
        try:
            blobs = _blobs(port, source, pin.commit)
        except SyncError:  # there is no clone, or not that commit with its folders
            return False
        return repository(source).has_all([pin.tree, *old, *blobs])

    with ThreadPoolExecutor() as pool:  # most of the time goes into starting git
        return all(pool.map(has, resolved.pins))


def fetch_those_there(source: Source, ids: Collection[str]) -> None:
    """Fetch those blobs that the repository has. A patch may name one that it never had; which
    patch that is, the rebase can tell.

    Raises:
        GitError: (ENVIRONMENT) it cannot be reached.
    """
    repo = repository(source)
    try:
        repo.fetch_missing(source.place, ids)
    except GitError:
        with reaching(source):
            ls_remote(source.place, "HEAD")
        for id in repo.missing(ids):
            with suppress(GitError):
                repo.fetch_missing(source.place, [id])


@contextmanager
def reaching(source: Source) -> Iterator[None]:
    """Says which repository git could not get something from, and through which mirror.

    Raises:
        GitError: (ENVIRONMENT) as git does.
    """
    try:
        yield
    except GitError as error:
        if error.exit is not Exit.ENVIRONMENT:
            raise
        if str(source.clone) in error.detail and not repository(source).is_sound():
            raise damaged(source, error) from None
        place = redact(source.place)
        mirror = "" if source.place == source.url else f" through its mirror {place}"
        fatal = re.search(r"^(?:remote: )?fatal: (.*\S)", error.detail, re.MULTILINE)
        hint = error.hint
        if Path(place).is_dir():
            hint = (
                f"Look at that mirror (git -C {place} fsck), or name another with --mirrors FILE."
            )
            if Path(place).stat().st_uid != os.geteuid():
                hint = f"It belongs to another user, which git does not trust. {hint}"
        raise GitError(
            f"{source.name}: cannot fetch {redact(source.url)}{mirror}: "
            + (fatal[1] if fatal else error.message),
            hint=hint,
            exit=error.exit,
            detail=error.detail,
        ) from None


@contextmanager
def sound(found: Mapping[str, Source]) -> Iterator[None]:
    """Says of an error of git's in a clone whether that clone is damaged, and how to get another.

    Raises:
        SyncError: (ENVIRONMENT) it is; else as before.
    """
    try:
        yield
    except SyncError as error:
        said = f"{error.message}\n{error.detail}"
        for source in found.values():
            if str(source.clone) not in said:
                continue
            if not repository(source).is_sound():
                raise damaged(source, error) from None
            if not error.hint:
                hint = f"git cannot do that with this commit of {source.name}; try another."
                raise error.told(error.message, hint=hint) from None
        raise


def damaged(source: Source, error: SyncError) -> SyncError:
    return SyncError(
        f"{source.name}: the clone {source.clone} is damaged",
        hint=f"Remove it, and the next roll fetches it again: rm -rf {source.clone}",
        exit=Exit.ENVIRONMENT,
        detail="\n".join(dict.fromkeys((error.message, *error.detail.splitlines()))),
    )
