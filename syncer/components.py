"""Upstream and its third-party pins: bare clones under the user's cache, brought up to date once,
then read without a network."""

from __future__ import annotations

import contextlib
import hashlib
import posixpath
import re
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from platformdirs import user_cache_path, user_config_path

from syncer.errors import Exit, SyncError
from syncer.git import Repository, Touch, init_bare, ls_remote
from syncer.lock import Lock
from syncer.model import Move, Pin, Resolved
from syncer.pins import UpstreamFiles, Written, changed_by, pin_of, unreadable
from syncer.port import Component, Port

_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Source:
    """A repository as it is reached: `url` names it, `place` is where it comes from (the same, or
    a mirror), `clone` is the bare clone. `others` are those that upstream once pinned instead."""

    name: str
    url: str
    place: str
    clone: Path
    others: tuple[Source, ...] = ()


def load_mirrors(file: Path | None) -> dict[str, str]:
    """The mirrors table: URL -> URL or path to fetch from instead. Without a file, the user's own
    (mirrors.toml in the configuration folder), if there is one.

    Raises:
        SyncError: the file cannot be read or is no table of texts.
    """
    own = user_config_path("syncer") / "mirrors.toml"
    if file is None:
        if not own.is_file():
            return {}
        file = own
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8")).get("mirrors")
    except OSError as error:
        raise SyncError(f"{file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SyncError(f"{file}: not valid TOML: {error}") from None
    if not isinstance(table, dict) or not all(isinstance(v, str) for v in table.values()):
        raise SyncError(f'{file}: needs a table [mirrors] of lines "URL" = "URL or path"')
    base = file.parent.resolve()
    return {url: _placed(place, base) for url, place in table.items()}


def _placed(place: str, base: Path) -> str:
    return place if "://" in place else str((base / Path(place).expanduser()).resolve())


def sources(port: Port, mirrors: Mapping[str, str], cache: Path | None = None) -> dict[str, Source]:
    """Where each repository of a port comes from and where its clone lies, by name."""
    folder = (cache or user_cache_path("syncer")) / "clones"

    def source(name: str, url: str, others: tuple[Source, ...] = ()) -> Source:
        place = mirrors.get(url, url)
        slug = re.sub(r"[^A-Za-z0-9.]+", "-", url.split("://")[-1]).strip("-")
        # The place is part of the name: clones of two mirrors are never mixed.
        mark = hashlib.sha256(f"{url}\0{place}".encode()).hexdigest()[:8]
        return Source(name, url, place, folder / f"{slug[-80:]}-{mark}.git", others)

    result = {port.toml.upstream.name: source(port.toml.upstream.name, port.toml.upstream.url)}
    for component in port.toml.component:
        urls = dict.fromkeys(pin.url for pin in component.pin if pin.url)
        others = tuple(source(component.name, url) for url in urls if url != component.url)
        result[component.name] = source(component.name, component.url, others)
    return result


def chosen(found: Mapping[str, Source], resolved: Resolved) -> dict[str, Source]:
    """Of each repository that a roll is made of, the source that upstream pins."""
    return {pin.name: _of_url(found[pin.name], pin.url) for pin in resolved.pins}


def _of_url(source: Source, url: str) -> Source:
    return next(item for item in (source, *source.others) if item.url == url)


def resolve(port: Port, lock: Lock, found: Mapping[str, Source], ref: str | None) -> Resolved:
    """Bring the clones up to date and say which commits a roll to `ref` (a branch, tag or commit;
    None: the port's branch) is made of. When it returns, everything those commits hold is here.
    For a whole commit id that is here already, nothing is asked of upstream.

    Raises:
        SyncError: (ENVIRONMENT) a repository cannot be reached; or the ref is unknown, upstream
            no longer writes a pin where port.toml says, or its patch does not apply.
    """
    source = found[port.toml.upstream.name]
    accepted = lock.commits.get(source.name)
    commit = _upstream_commit(source, ref or port.toml.upstream.branch)
    fetch_blobs(port, source, commit)
    _fetch_accepted(source, accepted)
    repo = repository(source)
    ids = {entry.path: entry.id for entry in repo.ls_tree(commit)}
    tree = repo.rev_parse(commit, "tree")
    upstream = Pin(source.name, source.url, commit, tree)
    makefiles = posixpath.dirname(port.toml.tree.makefile)
    files = UpstreamFiles(source.name, repo, commit, ids, makefiles)
    pins = [upstream]
    for component in port.toml.component:
        written = _written(component, files, accepted, source)
        if written is not None:
            since = partial(changed_by, component, files, accepted, _fetching(source))
            pins.append(
                _component_pin(port, component, found[component.name], written, files, since)
            )
    resolved = Resolved(upstream, tuple(pins[1:]), ())
    used = chosen(found, resolved)
    for pin in resolved.components:
        _fetch_accepted(used[pin.name], lock.commits.get(pin.name))
    moves = tuple(_move(pin, lock.commits.get(pin.name), used[pin.name]) for pin in pins)
    return replace(resolved, moves=moves)


def _fetch_accepted(source: Source, commit: str | None) -> None:
    """Have the accepted commit as well where it can be had: to say what changed since."""
    if commit and not repository(source).has(commit):
        with contextlib.suppress(SyncError):
            _fetch(source, [commit])


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


def repository(source: Source) -> Repository:
    return Repository(source.clone)


def fetch_blobs(port: Port, source: Source, commit: str) -> None:
    """Make sure that every blob of a commit that a roll needs is in the clone.

    Raises:
        SyncError: (ENVIRONMENT) one is missing and cannot be fetched.
    """
    repository(source).fetch_missing(source.place, _blobs(port, source, commit))


def _blobs(port: Port, source: Source, commit: str) -> list[str]:
    entries = [entry for entry in repository(source).ls_tree(commit) if entry.type == "blob"]
    return [entry.id for entry in entries if port.needs(source.name, entry.path)]


def is_whole(port: Port, found: Mapping[str, Source], resolved: Resolved) -> bool:
    """Whether the clones have everything of what was resolved that a roll needs."""
    for pin in resolved.pins:
        source = found[pin.name]
        repo = repository(source)
        if not source.clone.is_dir() or not repo.has(pin.commit) or not repo.has(pin.tree):
            return False
        if repo.missing(_blobs(port, source, pin.commit)):
            return False
    return True


def _upstream_commit(source: Source, ref: str) -> str:
    if _COMMIT.fullmatch(ref) and init_bare(source.clone).has(ref):
        return repository(source).rev_parse(ref)  # a commit does not change
    repo = _updated(source, ref)
    for candidate in (f"refs/heads/{ref}", f"refs/tags/{ref}", ref):
        if candidate == ref and not re.fullmatch(r"[0-9a-f]{7,40}", ref):
            break
        try:
            return repo.rev_parse(candidate)
        except SyncError:
            continue
    if _COMMIT.fullmatch(ref):
        _fetch(source, [ref])
        return repo.rev_parse(ref)
    if re.fullmatch(r"[0-9a-f]{7,39}", ref):  # a short one is looked for in all branches
        _fetch(source, ["+refs/heads/*:refs/heads/*"])
        with contextlib.suppress(SyncError):
            return repo.rev_parse(ref)
    heads = ls_remote(source.place, "refs/heads/*")
    known = ", ".join(sorted(name.removeprefix("refs/heads/") for name in heads)[:8]) or "none"
    raise SyncError(
        f"{source.url} has no branch, tag or commit {ref!r}",
        hint=f"Its branches: {known}. A commit is named by at least 7 digits.",
    )


def _updated(source: Source, branch: str) -> Repository:
    repo = init_bare(source.clone)
    heads = ls_remote(source.place, f"refs/heads/{branch}")
    if heads and all(_is_at(repo, name, id) for name, id in heads.items()):
        return repo  # a branch goes before a tag of its name
    specs = [f"+{name}:{name}" for name in heads]
    _fetch(source, [*specs, "+refs/tags/*:refs/tags/*"])
    return repo


def _is_at(repo: Repository, ref: str, commit: str) -> bool:
    try:
        return repo.rev_parse(ref) == commit
    except SyncError:
        return False


def _fetch(source: Source, specs: list[str]) -> None:
    repository(source).fetch(source.place, specs, filter="blob:none")


def _component_pin(
    port: Port,
    component: Component,
    found: Source,
    written: Written,
    files: UpstreamFiles,
    since: Callable[[Callable[[Written | None], bool]], Touch | None],
) -> Pin:
    source = _of_url(found, written.place.url or component.url)
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
    return Pin(component.name, source.url, commit, tree, written.value, written.place.file)


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
    repo = init_bare(source.clone)
    rev = written if _COMMIT.fullmatch(written) else f"refs/tags/{written}"
    try:
        return repo.rev_parse(rev)  # pinned objects do not change: nothing to fetch
    except SyncError:
        _fetch(source, ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"])
    try:
        return repo.rev_parse(rev)
    except SyncError:
        if not _COMMIT.fullmatch(written):
            raise SyncError(
                f"{source.name}: {where} names {written!r}, which is no tag of {source.url}"
            ) from None
    try:
        _fetch(source, [written])
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
