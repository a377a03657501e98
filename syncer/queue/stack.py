"""The queue as a stack: patch by patch, the tree before it and the tree it makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parseaddr

from syncer.errors import Exit, SyncError
from syncer.git import Files, Repository
from syncer.model import PatchVerdict
from syncer.queue.contents import Contents
from syncer.queue.diff import FileDiff
from syncer.queue.mail import Patch, create_patch, encode, parse_patch
from syncer.queue.rebase import rebase_component

LEAVING = (PatchVerdict.ABSORBED, PatchVerdict.DROPPED, PatchVerdict.EMPTIED)


@dataclass(frozen=True)
class Step:
    """A change as git knows one: a message, an author, and the trees before and after it. `name` is
    the file of the series that it is, or is to be."""

    name: str
    subject: str
    author: str
    date: str
    body: str
    before: str
    after: str


def settled(
    repository: Repository, patches: Sequence[Patch], commit: str, base_commit: str | None = None
) -> tuple[Patch, ...]:
    """The patches as they are once carried to `commit`: refreshed, without those it made needless.

    Raises:
        SyncError: (CONFLICT) one conflicts there; or anything `rebase_component` raises.
    """
    _, results = rebase_component(repository, patches, commit, base_commit=base_commit)
    kept = []
    for patch, result in zip(patches, results, strict=False):
        if result.verdict is PatchVerdict.CONFLICT:
            raise SyncError(
                f"{patch.name} conflicts with {commit[:12]} in {', '.join(result.conflicts)}",
                hint="Roll to that commit first, and resolve it there: sync --until rebase",
                exit=Exit.CONFLICT,
                detail=result.reason,
            )
        if result.verdict not in LEAVING:
            kept.append(patch if result.refreshed is None else _again(patch, result.refreshed))
    return tuple(kept)


def _again(patch: Patch, text: str) -> Patch:
    return parse_patch(encode(text), patch.component, patch.file, context=patch.context)


def stack(repository: Repository, patches: Sequence[Patch], commit: str) -> tuple[Step, ...]:
    """Each of the patches on `commit` and those before it; the trees are stored in `repository`.

    Raises:
        SyncError: (CONFLICT) one was made from other files than are there; see `settled`.
    """
    writer = repository.tree_writer(commit)
    files = repository.files(commit)
    contents = Contents(repository, patches)
    tree = repository.rev_parse(commit, "tree")
    steps = []
    for patch in patches:
        changes: dict[str, tuple[str, str] | None] = {}
        for diff in patch.diffs:
            if diff.old_path is not None:
                changes.setdefault(diff.old_path, None)
            if diff.new_path is not None:
                changes[diff.new_path] = _made(contents, patch, diff, files)
            elif (files.get(diff.old_path or "") or ("", ""))[1] != diff.old_id:
                raise _unfit(patch, diff)
        contents.store(new[1] for new in changes.values() if new)
        after = writer.write(changes)
        repository.store(writer.made)
        files.change(changes)
        steps.append(
            Step(patch.file, patch.subject, patch.author, patch.date, patch.body, tree, after)
        )
        tree = after
    return tuple(steps)


def _made(contents: Contents, patch: Patch, diff: FileDiff, files: Files) -> tuple[str, str]:
    """Mode and blob of the file that `diff` makes."""
    mode, id = files.get(diff.old_path, ("", "")) if diff.old_path else ("", "")
    if diff.old_path is not None and (not id or (diff.old_id and diff.old_id != id)):
        raise _unfit(patch, diff)
    if diff.new_id is None:  # a rename or a mode alone
        return diff.new_mode or mode, id
    contents.post(patch, diff)
    return diff.new_mode or mode, diff.new_id


def _unfit(patch: Patch, diff: FileDiff) -> SyncError:
    return SyncError(
        f"{patch.name}: {diff.old_path} is not the file that the patch was made from",
        hint="Carry it there first: sync --until rebase, then sync accept",
        exit=Exit.CONFLICT,
    )


def commits(repository: Repository, steps: Sequence[Step], commit: str) -> tuple[str, ...]:
    """The steps as commits on `commit`. The same steps give the same ids."""
    made = []
    for step in steps:
        message = f"{step.subject}\n\n{step.body}\n" if step.body else f"{step.subject}\n"
        commit = repository.commit_tree(
            step.after, [commit], message, plain_author(step.author), step.date
        )
        made.append(commit)
    return tuple(made)


def plain_author(author: str) -> str:
    """ "Name <mail>" as git wants it, without a mail header's quotes."""
    name, mail = parseaddr(author)
    return f"{name or mail} <{mail}>"


def as_mail(
    repository: Repository, step: Step, *, context: int = 3, body: str | None = None
) -> str:
    """The step as a patch's text.

    Args:
        context: lines of context; 0 gives the marked form that only this program applies.
        body: in place of the step's own.

    Raises:
        SyncError: as of `create_patch`.
    """
    return create_patch(
        repository,
        step.before,
        step.after,
        subject=step.subject,
        author=plain_author(step.author),
        date=step.date,
        body=step.body if body is None else body,
        context=context,
    )
