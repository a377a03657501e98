"""Which commit of upstream a branch, a tag or an id is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress

from syncer.components.fetching import damaged, fetch, reaching, repository
from syncer.components.source import Source
from syncer.errors import SyncError
from syncer.files import near, writing
from syncer.git import Repository, init_bare, ls_remote, redact
from syncer.port import Port

COMMIT = re.compile(r"[0-9a-f]{40}")
_NAME = re.compile(r"(?!.*@\{)[^\s~^:?*\[\\]+")  # of a branch or tag, by git-check-ref-format(1)


def find_commit(port: Port, found: Mapping[str, Source], ref: str | None) -> str:
    """The commit of upstream's that `ref` (as of `resolve`) is now, which the clone then has. For a
    whole commit id that is here already, nothing is asked of upstream.

    Raises:
        SyncError: there is none; (ENVIRONMENT) upstream cannot be reached.
    """
    source = found[port.toml.upstream.name]
    return upstream_commit(source, port.toml.upstream.branch if ref is None else ref)


def with_history(source: Source, ref: str) -> tuple[Repository, str]:
    """The clone with all commits and trees of a branch, tag or commit, without files; and which
    commit that is.

    Raises:
        SyncError: there is none of that name; (ENVIRONMENT) the repository cannot be reached.
    """
    commit = upstream_commit(source, ref)
    return repository(source), commit


def upstream_commit(source: Source, ref: str) -> str:
    if COMMIT.fullmatch(ref) and init_bare(source.clone).has(ref):
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
    if COMMIT.fullmatch(ref):
        with suppress(SyncError):  # it was reached a moment ago: the commit is what is wrong
            fetch(source, [ref])
            return repo.rev_parse(ref)
    if re.fullmatch(r"[0-9a-f]{7,39}", ref):  # a short one is looked for in all branches
        fetch(source, ["+refs/heads/*:refs/heads/*"])
        with suppress(SyncError):
            return repo.rev_parse(ref)
    with reaching(source):
        found = ls_remote(source.place, "refs/heads/*", "refs/tags/*")
    names = sorted({re.sub(r"^refs/(heads|tags)/|\^\{\}$", "", name) for name in found})
    if ref in names:  # and yet it could not be read here
        raise damaged(source, SyncError(f"{ref} is not in it"))
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
    fetch(source, [*specs, "+refs/tags/*:refs/tags/*"])
    return repo


def _is_at(repo: Repository, ref: str, commit: str) -> bool:
    try:
        return repo.rev_parse(ref) == commit
    except SyncError:
        return False
