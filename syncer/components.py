"""Upstream and its third-party pins: bare clones under the user's cache, brought up to date once,
then read without a network."""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from syncer.errors import Exit, SyncError
from syncer.files import cache_folder, config_folder, near, read_toml, writing
from syncer.git import GitError, Repository, Touch, init_bare, ls_remote, redact
from syncer.lock import Lock
from syncer.model import Move, Pin, Resolved
from syncer.pins import UpstreamFiles, Written, changed_by, pin_of, unreadable
from syncer.port import Component, Port

_COMMIT = re.compile(r"[0-9a-f]{40}")
_NAME = re.compile(r"(?!.*@\{)[^\s~^:?*\[\\]+")  # of a branch or tag, by git-check-ref-format(1)


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
    if file is None:
        folder = config_folder()
        file = folder / "mirrors.toml" if folder else None
        if file is None or not file.is_file():
            return {}
    data = read_toml(file, hint=_MIRRORS)
    table = data.get("mirrors")
    unknown = [key for key in data if key != "mirrors"]
    if unknown or not isinstance(table, dict):
        what = f"unknown table [{unknown[0]}]" if unknown else "no table [mirrors]"
        raise SyncError(f"{file}: {what}", hint=_MIRRORS)
    base = file.parent.resolve()
    places = {}
    for url, place in table.items():
        if not isinstance(place, str) or not place or "\0" in place:
            raise SyncError(f"{file}: {url!r} = {place!r}: no URL and no path", hint=_MIRRORS)
        places[_same(url)] = _placed(place, base)
    return places


_MIRRORS = 'It is a table [mirrors] of lines "URL" = "URL or path".'


def _same(url: str) -> str:
    """A URL in the one form of several that lead to the same repository."""
    return url.rstrip("/").removesuffix(".git")


def _placed(place: str, base: Path) -> str:
    if "://" in place or re.match(r"[\w.-]+@[\w.-]+:", place):
        return place
    path = Path(place)
    with suppress(RuntimeError):  # a `~` of nobody's
        path = path.expanduser()
    return str((base / path).resolve())


def sources(port: Port, mirrors: Mapping[str, str], cache: Path | None = None) -> dict[str, Source]:
    """Where each repository of a port comes from and where its clone lies, by name."""
    folder = (cache or cache_folder()) / "clones"

    def source(name: str, url: str, others: tuple[Source, ...] = ()) -> Source:
        place = mirrors.get(url) or mirrors.get(_same(url), url)
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


def find_commit(port: Port, found: Mapping[str, Source], ref: str | None) -> str:
    """The commit of upstream's that `ref` (as of `resolve`) is now, which the clone then has. For a
    whole commit id that is here already, nothing is asked of upstream.

    Raises:
        SyncError: there is none; (ENVIRONMENT) upstream cannot be reached.
    """
    source = found[port.toml.upstream.name]
    return _upstream_commit(source, port.toml.upstream.branch if ref is None else ref)


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
        _fetch(source, [commit])
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


def repository(source: Source) -> Repository:
    return Repository(source.clone)


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
            raise _damaged(source, error) from None
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


def _upstream_commit(source: Source, ref: str) -> str:
    if _COMMIT.fullmatch(ref) and init_bare(source.clone).has(ref):
        return repository(source).rev_parse(ref)  # a commit does not change
    repo = _updated(source, ref)
    # Not what git would take for an expression: `main^`, say, or `main@{1}`.
    named = (f"refs/heads/{ref}", f"refs/tags/{ref}") if _NAME.fullmatch(ref) else ()
    for candidate in (*named, ref):
        if candidate == ref and not re.fullmatch(r"[0-9a-f]{7,40}", ref):
            break
        try:
            return repo.rev_parse(candidate)
        except SyncError:
            continue
    if _COMMIT.fullmatch(ref):
        with suppress(SyncError):  # it was reached a moment ago: the commit is what is wrong
            _fetch(source, [ref])
            return repo.rev_parse(ref)
    if re.fullmatch(r"[0-9a-f]{7,39}", ref):  # a short one is looked for in all branches
        _fetch(source, ["+refs/heads/*:refs/heads/*"])
        with suppress(SyncError):
            return repo.rev_parse(ref)
    with reaching(source):
        found = ls_remote(source.place, "refs/heads/*", "refs/tags/*")
    names = sorted({re.sub(r"^refs/(heads|tags)/|\^\{\}$", "", name) for name in found})
    if ref in names:  # and yet it could not be read here
        raise _damaged(source, SyncError(f"{ref} is not in it"))
    if similar := near(ref, names):
        known = f"Near it: {', '.join(similar)}"
    elif len(names) > 8:
        known = "`git ls-remote` lists those it has"
    else:
        known = f"It has {', '.join(names) or 'none'}"
    raise SyncError(
        f"{source.name}: {redact(source.url)} has no branch, tag or commit {ref!r}",
        hint=f"{known}. A commit is named by at least 7 digits, one that no branch or "
        "tag leads to by all 40.",
    )


def _updated(source: Source, branch: str) -> Repository:
    with writing(source.clone):
        repo = init_bare(source.clone)
    # What cannot be a branch's name might be a pattern there.
    plain = branch if _NAME.fullmatch(branch) else "/"
    with reaching(source):
        heads = ls_remote(source.place, f"refs/heads/{plain}")
    if heads and all(_is_at(repo, name, id) for name, id in heads.items()):
        return repo  # a branch goes before a tag of its name
    specs = [f"+{name}:{name}" for name in heads]
    _fetch(source, [*specs, "+refs/tags/*:refs/tags/*"])
    return repo


def with_history(source: Source, ref: str) -> tuple[Repository, str]:
    """The clone with all commits and trees of a branch, tag or commit, without files; and which
    commit that is.

    Raises:
        SyncError: there is none of that name; (ENVIRONMENT) the repository cannot be reached.
    """
    commit = _upstream_commit(source, ref)
    return repository(source), commit


def _is_at(repo: Repository, ref: str, commit: str) -> bool:
    try:
        return repo.rev_parse(ref) == commit
    except SyncError:
        return False


def _fetch(source: Source, specs: list[str]) -> None:
    with reaching(source):
        repository(source).fetch(source.place, specs, filter="blob:none")


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
                raise _damaged(source, error) from None
            if not error.hint:
                hint = f"git cannot do that with this commit of {source.name}; try another."
                raise error.told(error.message, hint=hint) from None
        raise


def _damaged(source: Source, error: SyncError) -> SyncError:
    return SyncError(
        f"{source.name}: the clone {source.clone} is damaged",
        hint=f"Remove it, and the next roll fetches it again: rm -rf {source.clone}",
        exit=Exit.ENVIRONMENT,
        detail="\n".join(dict.fromkeys((error.message, *error.detail.splitlines()))),
    )


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
                f"{source.name}: {where} names {written!r}, which is no tag of {source.url}",
                hint="Look at component.pin.pattern in port.toml: its group must be the pin alone. "
                "A mirror may be behind.",
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
