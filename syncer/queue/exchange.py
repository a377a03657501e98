"""The queue in other tools' forms, and back: mails for `git am`, a branch, quilt, `.patches`.

All of them carry three lines of context and full blob ids. What comes in is applied to the very
tree it was made for, without fuzz, so that what goes out again is the same to the byte.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import policy
from email.parser import BytesParser
from enum import StrEnum
from pathlib import Path

from syncer.errors import Exit, SyncError
from syncer.git import Repository, check_path
from syncer.queue.mail import Patch, decode, parse_patch
from syncer.queue.series import SERIES
from syncer.queue.stack import Step, as_mail, commits, stack

LIST = ".patches"
OURS = ("Upstream-Status", "Drop-When")  # trailers that are the port's business alone
_NOBODY = "imported <nobody@localhost>"
_DIFF = re.compile(rb"^(diff --git |diff -|--- \S|Index: |GIT binary patch)", re.MULTILINE)


class Form(StrEnum):
    """How a queue is written down for other tools."""

    MAILS = "mails"
    QUILT = "quilt"
    ELECTRON = "electron"
    UPSTREAM = "upstream"
    BRANCH = "branch"


# ---- out


def exported(repository: Repository, steps: Sequence[Step], form: Form) -> dict[str, bytes]:
    """The files of `form`, by name.

    Raises:
        SyncError: the form cannot hold one of the patches.
    """
    width = max(4, len(str(len(steps))))
    files: dict[str, bytes] = {}
    names: list[str] = []
    # `git am *.patch` takes them in the shell's order.
    numbered = [s.name for s in steps] == sorted(s.name for s in steps if s.name[:4].isdigit())
    for number, step in enumerate(steps, 1):
        body = _for_upstream(step.body) if form is Form.UPSTREAM else step.body
        data = as_mail(repository, step, body=body).encode("utf-8", "surrogateescape")
        name = step.name
        if form is Form.UPSTREAM:
            data = data.replace(
                b"\nSubject: [PATCH] ", b"\nSubject: [PATCH %d/%d] " % (number, len(steps)), 1
            )
        elif form is Form.QUILT and b"\nGIT binary patch\n" in data:
            raise SyncError(
                f"{step.name} changes a binary file, which quilt cannot apply",
                hint="Export it as mails or as a branch.",
            )
        if form in (Form.UPSTREAM, Form.MAILS) and not numbered:
            name = f"{number:0{width}}-{name}"
        files[name] = data
        names.append(name)
    listed = "".join(f"{name}\n" for name in names).encode()
    if form is Form.ELECTRON:
        files[LIST] = listed
    elif form in (Form.QUILT, Form.MAILS):
        files[SERIES] = listed
    return files


def _for_upstream(body: str) -> str:
    """A message without the trailers that are the port's own."""
    keys = "|".join(OURS)
    text = re.sub(rf"^({keys}):.*(\n[ \t].*)*\n?", "", body + "\n", flags=re.MULTILINE | re.I)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n")


def upstream_ready(patches: Sequence[Patch]) -> tuple[tuple[Patch, ...], tuple[Patch, ...]]:
    """Those that upstream may be sent, and those that it may not: their Upstream-Status says that
    it is no business of upstream's, or that upstream has it or has refused it."""
    ready = tuple(p for p in patches if status_of(p) in ("", "pending", "submitted"))
    return ready, tuple(p for p in patches if p not in ready)


def status_of(patch: Patch) -> str:
    """The first word of its Upstream-Status, in lower case; empty if there is none."""
    found = (value for key, value in patch.trailers if key.lower() == OURS[0].lower())
    return (next(found, "").split() or [""])[0].lower()


def export_branch(
    source: Repository, commit: str, tree: str, patches: Sequence[Patch], into: Repository, ref: str
) -> tuple[str, int]:
    """Put the patches, as commits on `commit`, onto the branch `ref` of another repository; the
    branch's commit, and how many there are.

    Args:
        source: the clone that has what the patches are made from.
        tree: the commit's, or, where upstream's build patches it, what that gives.
        into: a repository that has `commit`.
        ref: a full name, refs/heads/…

    Raises:
        SyncError: it has not; or there is another such branch, or it is checked out.
    """
    if not into.has(commit):
        raise SyncError(
            f"{into.path} has no commit {commit}, on which the queue stands",
            hint=f"Fetch it there first: git -C {into.path} fetch <upstream> {commit}",
        )
    base = commit
    if into.rev_parse(commit, "tree") != tree:
        changes = source.diff_tree(commit, tree, renames=None)
        blobs = source.blobs(c.new_id for c in changes if c.status != "D")
        into.store({id: ("blob", data) for id, data in blobs.items()})
        new = into.write_tree(
            commit, {c.path: None if c.status == "D" else (c.new_mode, c.new_id) for c in changes}
        )
        base = into.commit_tree(new, [commit], "What upstream's own build changes here\n")
    steps = stack(into, patches, base)
    tip = (base, *commits(into, steps, base))[-1]
    before = into.text(["for-each-ref", "--format=%(objectname)", ref])
    if before and before != tip:
        raise SyncError(
            f"{into.path} has another branch {ref.removeprefix('refs/heads/')} ({before[:12]})",
            hint="Name another with --branch, or delete that one.",
        )
    if not before:
        into.run(["update-ref", ref, tip, "0" * 40])
    return tip, len(steps)


# ---- in


@dataclass(frozen=True)
class Incoming:
    """A patch to come in: its message, and `data`, the text that has its diff."""

    name: str
    subject: str
    author: str
    date: str
    body: str
    data: bytes
    strip: int = 1


def form_of(folder: Path) -> Form:
    """What a folder holds.

    Raises:
        SyncError: neither a list of patches nor patches.
    """
    if (folder / LIST).is_file():
        return Form.ELECTRON
    if (folder / SERIES).is_file():
        return Form.QUILT
    if any(folder.glob("*.patch")):
        return Form.MAILS
    raise SyncError(
        f"{folder} holds no patches: no {LIST}, no {SERIES} and no *.patch",
        hint="Name a folder of quilt's, of Electron's form or of mails, or a repository with "
        "--branch.",
    )


def read_folder(folder: Path, form: Form) -> tuple[Incoming, ...]:
    """The patches of a folder, in order.

    Raises:
        SyncError: a file that is listed and not there, one that leads elsewhere, or no patch.
    """
    if form is Form.MAILS:
        entries = [(file.name, 1) for file in sorted(folder.glob("*.patch"))]
    else:
        entries = list(_listed(folder / (LIST if form is Form.ELECTRON else SERIES)))
    found = []
    for name, strip in entries:
        file = folder / name
        if not file.resolve().is_relative_to(folder.resolve()):
            raise SyncError(f"{file} leads outside {folder}", hint="Put the patch itself there.")
        try:
            data = file.read_bytes()
        except OSError as error:
            raise SyncError(
                f"{file}: {error.strerror}", hint="Restore it, or take it off the list."
            ) from None
        when = datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat(timespec="seconds")
        found.append(_incoming(name, data, strip, when))
    return tuple(found)


def _listed(file: Path) -> list[tuple[str, int]]:
    entries = []
    for number, line in enumerate(file.read_text("utf-8", "surrogateescape").splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        strip = next((w for w in words[1:] if re.fullmatch(r"-p\d", w)), "-p1")
        if len(words) > 1 and words[1:] != [strip]:
            raise SyncError(f"{file}:{number}: {line.strip()!r} is not understood")
        try:
            check_path(words[0])
        except SyncError as error:
            raise SyncError(f"{file}:{number}: {error.message}") from None
        entries.append((words[0], int(strip[2:])))
    return entries


def _incoming(name: str, data: bytes, strip: int, when: str) -> Incoming:
    start = _DIFF.search(data)
    if start is None:
        raise SyncError(f"{name}: there is no diff in it", hint="Take it off the list.")
    head = data[: start.start()]
    mail = BytesParser(policy=policy.default).parsebytes(head)
    text = decode(head)
    if mail["Subject"] and mail["From"]:
        subject = re.sub(r"\[PATCH[^\]]*\]\s*", "", str(mail["Subject"]), count=1)
        body = re.split(r"^---$", text.partition("\n\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
        author, date = str(mail["From"]), str(mail["Date"] or when)
    else:  # quilt's own headers are free text; Debian's are DEP-3
        author = str(mail["Author"] or mail["From"] or _NOBODY)
        said = str(mail["Subject"] or mail["Description"] or "") or text
        lines = [line.strip() for line in said.strip().splitlines()]
        subject = next((line for line in lines if line), Path(name).stem)
        body, date = "", when
    if "<" not in author:
        author = f"{author.strip() or 'imported'} <nobody@localhost>"
    subject = " ".join(subject.split())
    stem = Path(name).stem if name.endswith((".patch", ".diff")) else Path(name).name
    file = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-.") or "patch"
    return Incoming(f"{file}.patch", subject, author, date, body.strip("\n"), data, strip)


def apply_all(
    repository: Repository, incoming: Sequence[Incoming], commit: str
) -> tuple[Step, ...]:
    """Each of the patches applied to `commit` and those before it, without fuzz.

    Raises:
        SyncError: (CONFLICT) one does not apply.
    """
    tree = repository.rev_parse(commit, "tree")
    steps = []
    for item in incoming:
        after = _exactly(repository, item, tree) or _git_apply(repository, item, tree)
        steps.append(Step(item.name, item.subject, item.author, item.date, item.body, tree, after))
        tree = after
    return tuple(steps)


def _exactly(repository: Repository, item: Incoming, tree: str) -> str | None:
    """As this queue's own form is applied; None where it is not of that, or from other files."""
    try:
        patch = parse_patch(item.data, "import", item.name)
        (step,) = stack(repository, [patch], tree)
    except SyncError:
        return None
    return step.after


def _git_apply(repository: Repository, item: Incoming, tree: str) -> str:
    with tempfile.TemporaryDirectory(prefix="syncer-") as folder:
        index = {"GIT_INDEX_FILE": os.path.join(folder, "index")}  # noqa: PTH118
        repository.run(["read-tree", tree], env=index)
        command = ["apply", "--cached", "--whitespace=nowarn", f"-p{item.strip}", "-"]
        try:
            repository.run(command, input=item.data, env=index)
        except SyncError as error:
            raise SyncError(
                f"{item.name} does not apply",
                hint="Name the commit that the patches were made for with --base.",
                exit=Exit.CONFLICT,
                detail=error.detail,
            ) from None
        return repository.text(["write-tree", "--missing-ok"], env=index)


def read_branch(repository: Repository, base: str, tip: str) -> tuple[Step, ...]:
    """The commits that `tip` has and `base` has not, as steps.

    Raises:
        SyncError: one is a merge, or `base` is none of the branch's.
    """
    if not repository.is_ancestor(base, tip):
        raise SyncError(
            f"{repository.path}: {tip[:12]} does not stand on {base[:12]}",
            hint="Name the commit that the branch stands on with --base.",
        )
    command = ["log", "-z", "--reverse", "--format=%H%x01%P%x01%an <%ae>%x01%ad%x01%s%x01%b"]
    out = repository.run([*command, "--date=raw", f"{base}..{tip}", "--"])
    steps, before, names = [], base, set[str]()
    for record in filter(None, decode(out).split("\0")):
        id, parents, author, date, subject, body = record.split("\x01", 5)
        if parents.split() != [before]:
            raise SyncError(
                f"{repository.path}: {id[:12]} ({subject}) is a merge, or what it merges",
                hint="Make the branch one line first: git rebase.",
            )
        if repository.rev_parse(id, "tree") != repository.rev_parse(before, "tree"):
            name = _slug(subject, names)
            names.add(name)
            trees = (repository.rev_parse(before, "tree"), repository.rev_parse(id, "tree"))
            steps.append(Step(name, subject, author, date, body.strip("\n"), *trees))
        before = id
    return tuple(steps)


def _slug(subject: str, taken: set[str]) -> str:
    """A stable file name: of the subject alone, so that a patch before it does not change it."""
    stem = re.sub(r"[^a-z0-9]+", "-", subject.lower()).strip("-")[:48].rstrip("-") or "patch"
    name, number = f"{stem}.patch", 2
    while name in taken:
        name, number = f"{stem}-{number}.patch", number + 1
    return name


def named_as_before(steps: Sequence[Step], known: Sequence[Patch]) -> tuple[Step, ...]:
    """The steps under the file names that the queue has for patches of the same subject."""
    names: dict[str, list[str]] = {}
    for patch in known:
        names.setdefault(patch.subject, []).append(patch.file)
    found = []
    for step in steps:
        mine = names.get(step.subject)
        found.append(replace(step, name=mine.pop(0)) if mine else step)
    return tuple(found)
