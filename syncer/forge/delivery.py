"""A branch and the pull request for it, brought to where a roll left them. Whatever is so already
is left alone: any number of runs, whole or broken off, end in one pull request."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from syncer.errors import Exit, SyncError
from syncer.forge.bundle import Contents, changes, read
from syncer.forge.marks import (
    commit_ours,
    describe,
    hidden,
    is_ours,
    names_in,
    renewed,
    state_mark,
    state_of,
    with_state,
)
from syncer.forge.protocol import Published, Pull, Site
from syncer.git import Change, Repository

LIMIT = 65_536  # characters GitHub takes in a body
STATE_ROOM = 2_048  # of them, what `state_mark` may need


@dataclass(frozen=True)
class Delivery:
    """What is to be published, and where.

    Args:
        kind: the queue's files, or the generated tree.
        base: the branch that a pull request asks to merge into, "" for the default one; None:
            there is no pull request, and the commit goes onto `branch` itself.
        folder: where the files belong in the repository; "." is its root.
        message: the commit's.
        body: begins with the report's hidden marker.
        verdict: the roll's, as far as it makes a difference to a reader.
        remark: what a comment says when the verdict is another than before.
        changed, known: what a queue may change, and what it may have been made of; see
            `bundle.changes`.
    """

    kind: Literal["queue", "tree"]
    bundle: Path
    repository: str
    branch: str
    base: str | None
    folder: str
    message: str
    author: str
    title: str = ""
    body: str = ""
    verdict: str = ""
    remark: str = ""
    draft: bool = False
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    known: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Made:
    """The commit that is wanted on the branch, what it changes, and a name for that."""

    commit: str
    changes: tuple[Change, ...]

    @property
    def print(self) -> str:
        return _print(self.changes)


def deliver(site: Site, delivery: Delivery, scratch: Repository) -> Published:
    """Publish. `scratch` is an empty bare repository.

    Raises:
        SyncError: (FOREIGN_COMMITS) people's commits are on the branch, and are left there;
            (PUBLISH) the bundle is not sound, the base has moved, or the site refuses.
    """
    what, branch = delivery.repository, delivery.branch
    base = site.default_branch(what) if delivery.base == "" else delivery.base
    tips = site.tips(what, [name for name in (base, branch) if name])
    contents = read(scratch, delivery.bundle, delivery.kind)
    site.fetch(what, scratch, sorted(tips))
    parent = tips.get(base if base is not None else branch)
    if base and not parent and site.reads:
        raise _no_base(delivery, base)
    made = _made(delivery, scratch, contents, parent)
    if made is None:
        return Published("unchanged", None, f"Nothing new: {what} has all this already.")
    if base is None:
        return _onto(site, delivery, scratch, made, tips)
    pulls = site.pulls(what, branch)
    pull = next((pull for pull in pulls if pull.open), None)
    if pull is None and (closed := _declined(pulls, made)):
        return Published(
            "unchanged", closed.url, f"{closed.url} with just this was closed by a person."
        )
    tip = tips.get(branch, "")
    pushes = not _has(scratch, tip, made)
    if pushes and tip and not (is_ours(scratch, tip) or _is_merged(scratch, tip, parent, pulls)):
        raise _foreign(site, delivery, scratch, tip, pull)
    if pushes:
        site.push(what, scratch, made.commit, branch, tip)
    if pull is None:
        return _opened(site, delivery, made, base)
    return _brought_up(site, delivery, made, pull, base, pushes)


# ---- the commit


def _made(
    delivery: Delivery, scratch: Repository, contents: Contents, parent: str | None
) -> _Made | None:
    """The commit on top of `parent`; None where that has all of it."""
    folder = "" if delivery.folder == "." else f"{delivery.folder}/"
    files = {e.path: (e.mode, e.id) for e in scratch.ls_tree(parent)} if parent else {}
    wanted: dict[str, tuple[str, str] | None] = {}
    known: dict[str, str] = {}
    if delivery.kind == "queue":
        found = changes(scratch, contents, delivery.bundle, delivery.changed, delivery.known)
        known = {folder + path: id for path, (_, id) in found.known.items()}
        for change in found.changed:
            gone = change.status == "D"
            wanted[folder + change.path] = None if gone else (change.new_mode, change.new_id)
    else:
        # All that is in the way of the new tree goes, but for the repository's own workflows.
        wanted |= {
            path: None
            for path in files
            if path.startswith(folder) and not path.startswith(".github/")
        }
        wanted |= {folder + e.path: (e.mode, e.id) for e in scratch.ls_tree(contents.tree)}
    tree = scratch.write_tree(parent, wanted)
    if parent and tree == scratch.rev_parse(parent, "tree"):
        return None
    if parent:
        _check_base(delivery, known, files)
    commit = commit_ours(scratch, tree, parent, delivery.message, delivery.author, contents.date)
    return _Made(commit, _changes_of(scratch, commit))


def _changes_of(scratch: Repository, commit: str) -> tuple[Change, ...]:
    """What a commit changes; of one without a parent that is here, all it holds."""
    old = scratch.describe(commit, "%P").split(" ")[0]
    if not old or not scratch.has(old):
        old = scratch.write_tree(None, {})
    return scratch.diff_tree(old, commit, renames=None)


def _print(found: Sequence[Change]) -> str:
    text = "\0".join(f"{change.new_mode} {change.new_id} {change.path}" for change in found)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _check_base(
    delivery: Delivery, known: dict[str, str], files: dict[str, tuple[str, str]]
) -> None:
    moved = [path for path, id in known.items() if files.get(path, ("", ""))[1] != id]
    if moved:
        more = f" and {len(moved) - 1} more" if len(moved) > 1 else ""
        raise SyncError(
            f"the roll was made of other files than {delivery.repository} has: {moved[0]}{more}",
            hint="Commit and push what is only here, take over what is only there, and roll again.",
            exit=Exit.PUBLISH,
            detail="\n".join(moved[:20]),
        )


def _no_base(delivery: Delivery, base: str) -> SyncError:
    return SyncError(
        f"{delivery.repository} has no branch {base}",
        hint="Correct `base` in [publish] of port.toml; of a tree, leave it out to publish "
        "without a pull request.",
        exit=Exit.PUBLISH,
    )


# ---- the branch


def _has(scratch: Repository, tip: str, made: _Made) -> bool:
    """Whether the branch has all this: as its newest commit, or below commits of people's."""
    if not tip:
        return False
    history = scratch.text(["rev-list", "--max-count=20", "--end-of-options", tip]).split()
    return made.commit in history or any(
        is_ours(scratch, commit) and _print(_changes_of(scratch, commit)) == made.print
        for commit in history
    )


def _is_merged(scratch: Repository, tip: str, parent: str | None, pulls: Sequence[Pull]) -> bool:
    """Whether the base has what the branch has, so that nothing is lost with it."""
    merged = any(pull.merged and pull.head == tip for pull in pulls)
    return merged or (parent is not None and scratch.is_ancestor(tip, parent))


def _foreign(
    site: Site, delivery: Delivery, scratch: Repository, tip: str, pull: Pull | None
) -> SyncError:
    """People's commits: said once to them too, on their pull request."""
    commits = []
    for commit in scratch.text(
        ["rev-list", "--max-count=20", "--end-of-options", tip]
    ).splitlines():
        if is_ours(scratch, commit):
            break
        commits.append(describe(scratch, commit))
    if pull:
        marker = hidden("note", f"foreign {tip}")
        text = (
            "A newer roll is ready, and waits: this branch has commits that it did not make, and "
            "they are not overwritten. Merge them, or move them to a branch of their own and "
            "delete this one; the next run goes on from there."
        )
        site.comment(delivery.repository, pull.number, f"{marker}\n{text}", marker)
    return SyncError(
        f"{delivery.branch} of {delivery.repository} has commits of others: {commits[0]}",
        hint="They are kept. Merge them, or move them to another branch and delete this one; then "
        "run `sync publish` again.",
        exit=Exit.FOREIGN_COMMITS,
        detail="\n".join(commits),
    )


def _onto(
    site: Site, delivery: Delivery, scratch: Repository, made: _Made, tips: dict[str, str]
) -> Published:
    """The commit on top of a branch that people use; theirs stay beneath it."""
    tip = tips.get(delivery.branch, "")
    site.push(delivery.repository, scratch, made.commit, delivery.branch, tip)
    return Published(
        "updated" if tip else "created",
        None,
        f"{delivery.branch} of {delivery.repository} is at {made.commit[:12]}.",
    )


# ---- the pull request


def _declined(pulls: Sequence[Pull], made: _Made) -> Pull | None:
    """The newest one, where a person closed it with just this in it."""
    newest = pulls[0] if pulls else None
    if newest and not newest.merged and state_of(newest.body).get("print") == made.print:
        return newest
    return None


def _ours(delivery: Delivery, made: _Made, asked: Sequence[str]) -> str:
    state = {
        "asked": sorted(asked),
        "draft": delivery.draft,
        "print": made.print,
        "verdict": delivery.verdict,
    }
    return f"{delivery.body.rstrip()}\n\n{state_mark(state)}"


def _opened(site: Site, delivery: Delivery, made: _Made, base: str) -> Published:
    body = _ours(delivery, made, ())
    what = delivery.repository
    pull = site.open_pull(what, delivery.branch, base, delivery.title, body, delivery.draft)
    if pull is None:
        return Published("unchanged", None, f"Nothing new: {what} has all this already.")
    notes = _complete(site, delivery, pull)
    return Published("created", pull.url, f"Opened {pull.url or 'the pull request'}.{notes}")


def _brought_up(
    site: Site, delivery: Delivery, made: _Made, pull: Pull, base: str, pushed: bool
) -> Published:
    state, notes = state_of(pull.body), ""
    if state.get("verdict", delivery.verdict) != delivery.verdict:
        marker = hidden("note", f"{made.print} {delivery.verdict}")
        site.comment(delivery.repository, pull.number, f"{marker}\n{delivery.remark}", marker)
    if delivery.draft not in (state.get("draft"), pull.draft):
        notes += _attempt(lambda: site.set_draft(delivery.repository, pull, delivery.draft))
    body = renewed(pull.body, _ours(delivery, made, names_in(state, "asked")))
    if len(body) > LIMIT:  # people wrote so much that both do not fit
        body = _ours(delivery, made, names_in(state, "asked"))
    edited = (pull.title, pull.body, pull.base) != (delivery.title, body, base)
    if edited:
        site.edit_pull(delivery.repository, pull, delivery.title, body, base)
        pull = replace(pull, title=delivery.title, body=body, base=base)
    notes += _complete(site, delivery, pull)
    if pushed or edited:
        return Published("updated", pull.url, f"Brought {pull.url} up to date.{notes}")
    return Published("unchanged", pull.url, f"{pull.url} is up to date.{notes}")


def _complete(site: Site, delivery: Delivery, pull: Pull) -> str:
    """Its labels and reviewers, where they are not there yet; what did not work, to be told."""
    notes, what = "", delivery.repository
    if missing := [label for label in delivery.labels if label not in pull.labels]:
        notes += _attempt(lambda: site.add_labels(what, pull.number, missing))
    state = state_of(pull.body)
    if unasked := [name for name in delivery.reviewers if name not in names_in(state, "asked")]:
        notes += _attempt(lambda: site.request_reviews(what, pull, unasked))
        asked = sorted({*names_in(state, "asked"), *unasked})
        body = with_state(pull.body, {**state, "asked": asked})
        site.edit_pull(what, pull, pull.title, body, pull.base)
    return notes


def _attempt(act: object) -> str:
    """Do what a pull request is as good without; where it fails, that is told."""
    assert callable(act)
    try:
        act()
    except SyncError as error:
        if error.exit is not Exit.PUBLISH:
            raise
        return f" But it {error.message.replace('cannot', 'could not', 1)}."
    return ""
