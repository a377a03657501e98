"""The commits that a roll is made of: upstream's, and those it pins."""

from __future__ import annotations

import posixpath
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from syncer.components.fetching import fetch, fetch_blobs, reaching, repository
from syncer.components.reference import COMMIT, find_commit
from syncer.components.source import Source, chosen, of_url
from syncer.errors import Exit, SyncError
from syncer.files import writing
from syncer.git import Repository, Touch, init_bare, ls_remote, redact
from syncer.lock import Lock
from syncer.model import Move, Pin, Resolved
from syncer.pins import UpstreamFiles, Written, changed_by, pin_of, unreadable
from syncer.port import Component, Port


def resolve(
    port: Port,
    lock: Lock,
    found: Mapping[str, Source],
    ref: str | None,
    instead: Mapping[str, str] = MappingProxyType({}),
) -> Resolved:
    """Bring the clones up to date and say which commits a roll to `ref` (a branch, tag or commit;
    None: the port's branch) is made of. When it returns, everything those commits hold is here.
    For one commit of upstream's, as `find_commit` gives it, it is always the same.

    Args:
        instead: commits of components, by name, in place of those that upstream pins.

    Raises:
        SyncError: (ENVIRONMENT) a repository cannot be reached; or the ref is unknown, upstream
            no longer writes a pin where port.toml says, or its patch does not apply.
    """
    source = found[port.toml.upstream.name]
    accepted = lock.commits.get(source.name)
    commit = find_commit(port, found, ref)
    fetch_blobs(port, source, commit)
    _fetch_accepted(port, source, accepted)
    repo = repository(source)
    ids = {entry.path: entry.id for entry in repo.ls_tree(commit)}
    tree = repo.rev_parse(commit, "tree")
    upstream = Pin(source.name, source.url, commit, tree, date=repo.date(commit))
    makefiles = posixpath.dirname(port.toml.tree.makefile)
    files = UpstreamFiles(source.name, repo, commit, ids, makefiles)
    pins = [upstream]
    for component in port.toml.component:
        written = _written(component, files, accepted, source)
        if written is not None:
            written = replace(written, value=instead.get(component.name, written.value))
            since = partial(changed_by, component, files, accepted, _fetching(source))
            pins.append(
                _component_pin(port, component, found[component.name], written, files, since)
            )
    resolved = Resolved(upstream, tuple(pins[1:]), ())
    used = chosen(found, resolved)
    for pin in resolved.components:
        _fetch_accepted(port, used[pin.name], lock.commits.get(pin.name), *found[pin.name].others)
    moves = tuple(_move(pin, lock.commits.get(pin.name), used[pin.name]) for pin in pins)
    return replace(resolved, moves=moves)


def _fetch_accepted(port: Port, source: Source, commit: str | None, *others: Source) -> None:
    """Have the commit that the lock names as well: to say what changed since.

    Args:
        others: where there are any, the commit may be another repository's, and need not be had.

    Raises:
        SyncError: the repository does not have it; (ENVIRONMENT) it cannot be reached.
    """
    if commit is None or repository(source).has(commit):
        return
    with reaching(source):
        ls_remote(source.place, "HEAD")
    try:
        fetch(source, [commit])
    except SyncError as error:
        if others:
            return
        raise SyncError(
            f"{port.lock_file}: commits.{source.name}: {redact(source.place)} has no commit "
            f"{commit}",
            hint="Restore sync.lock from git, or bring the mirror up to date (a shallow one lacks "
            "what is older). If that repository's history was rewritten, take the line out: the "
            "next roll then starts from nothing.",
            detail=error.detail,
        ) from None


def _written(
    component: Component, files: UpstreamFiles, accepted: str | None, source: Source
) -> Written | None:
    try:
        return pin_of(component, files)
    except SyncError as error:
        touch = changed_by(component, files, accepted, _fetching(source))
        raise unreadable(component, error, source.name, touch) from None


def _fetching(source: Source) -> Callable[[Iterable[str]], object]:
    return lambda ids: repository(source).fetch_missing(source.place, ids)


def _component_pin(
    port: Port,
    component: Component,
    found: Source,
    written: Written,
    files: UpstreamFiles,
    since: Callable[[Callable[[Written | None], bool]], Touch | None],
) -> Pin:
    source = of_url(found, written.place.url or component.url)
    where = f"{written.place.file} in {files}"
    try:
        commit = _pinned_commit(source, written.value, where)
        fetch_blobs(port, source, commit)
    except SyncError as error:
        if source is found or error.exit is not Exit.ENVIRONMENT:
            raise
        touch = since(lambda pin: bool(pin and pin.place.url == written.place.url))
        raise _unreached(error, found, source, files, touch) from None
    tree = repository(source).rev_parse(commit, "tree")
    if component.patch:
        path = _patch_path(component, files)
        patch = files.repository.blob(files.ids[path])
        tree = _patched(repository(source), tree, patch, f"{path} in {files}")
    date = repository(source).date(commit)
    return Pin(component.name, source.url, commit, tree, written.value, written.place.file, date)


def _unreached(
    error: SyncError, found: Source, source: Source, files: UpstreamFiles, touch: Touch | None
) -> SyncError:
    """An error of a repository that this upstream pins instead of the usual one."""
    message = f"{source.name}: {files} pins {source.url}, which cannot be reached"
    hint = "Name a mirror of it with --mirrors FILE"
    if touch and not touch.gained:
        message += f"; since {files.name} {touch} it is {found.url}"
        hint += f", or roll to {touch.commit[:12]} or newer"
    elif touch:
        message += f"; until {files.name} {touch} it was {found.url}"
    detail = "\n".join(filter(None, (error.message, error.detail)))
    return SyncError(message, hint=f"{hint}.", exit=Exit.ENVIRONMENT, detail=detail)


def _patch_path(component: Component, files: UpstreamFiles) -> str:
    there = [path for path in component.patch if path in files.ids]
    if len(there) == 1:
        return there[0]
    named = " nor ".join(component.patch)
    raise SyncError(
        f"{component.name}: there is no {named} in {files}"
        if not there
        else f"{component.name}: {files} has both {' and '.join(there)}",
        hint="Upstream moved or deleted its patch; follow it in port.toml, component.patch.",
    )


def _patched(repo: Repository, tree: str, patch: bytes, name: str) -> str:
    """`tree` with upstream's own patch for the component, as its download step applies it."""
    with tempfile.TemporaryDirectory(prefix="syncer-") as folder:
        index = {"GIT_INDEX_FILE": f"{folder}/index"}
        repo.run(["read-tree", tree], env=index)
        try:
            repo.run(["apply", "--cached", "--whitespace=nowarn", "-"], input=patch, env=index)
        except SyncError as error:
            raise SyncError(
                f"{name} does not apply to {repo.path}",
                hint="Upstream's patch and pin disagree; look whether its own build works.",
                detail=error.detail,
            ) from None
        return repo.text(["write-tree", "--missing-ok"], env=index)  # `only` leaves blobs out


def _pinned_commit(source: Source, written: str, where: str) -> str:
    with writing(source.clone):
        repo = init_bare(source.clone)
    rev = written if COMMIT.fullmatch(written) else f"refs/tags/{written}"
    try:
        return repo.rev_parse(rev)  # pinned objects do not change: nothing to fetch
    except SyncError:
        fetch(source, ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"])
    try:
        return repo.rev_parse(rev)
    except SyncError:
        if not COMMIT.fullmatch(written):
            raise SyncError(
                f"{source.name}: {where} names {written!r}, which is no tag of {source.url}",
                hint="Look at component.pin.pattern in port.toml: its group must be the pin alone. "
                "A mirror may be behind.",
            ) from None
    try:
        fetch(source, [written])
    except SyncError as error:
        raise SyncError(
            f"{source.name}: {source.place} does not have {written}, which {where} names",
            hint="A mirror may be behind; bring it up to date.",
            exit=Exit.ENVIRONMENT,
            detail=error.detail,
        ) from None
    return repo.rev_parse(written)


def _move(pin: Pin, old: str | None, source: Source) -> Move:
    repo = repository(source)
    if old is None or old == pin.commit or not repo.has(old):
        return Move(pin.name, old, pin.commit)
    count, commits = repo.log(old, pin.commit)
    return Move(pin.name, old, pin.commit, count, commits)
