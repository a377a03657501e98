"""A patch of the queue: a mail as `git format-patch` writes one, with full blob ids.

Text that came from files is kept byte for byte: where it is not UTF-8 it is a `str` with surrogate
escapes, and `encode` gives the bytes back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import policy
from email.parser import Parser

from syncer.errors import SyncError
from syncer.git import Repository
from syncer.queue.binary import BEGIN
from syncer.queue.diff import FileDiff, parse_diff, split_lines, without_context

_TRAILER = re.compile(r"([A-Za-z][A-Za-z0-9-]*):\s+(\S.*)")
_PREFIX = re.compile(r"\[PATCH[^\]]*\]\s*")


@dataclass(frozen=True)
class Patch:
    """One patch. `file` is its name in the series; `author` is "Name <mail>"; `date` is the mail's;
    `body` is the message without subject; `head` is all before the first diff. `context` is how
    many lines of context its hunks are written with."""

    component: str
    file: str
    subject: str
    author: str
    date: str
    body: str
    trailers: tuple[tuple[str, str], ...]
    diffs: tuple[FileDiff, ...]
    context: int
    head: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.component}/{self.file}"

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(sorted(diff.path for diff in self.diffs))


def encode(text: str) -> bytes:
    """The bytes of a patch's text, as they belong in its file."""
    return text.encode("utf-8", "surrogateescape")


def decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def parse_patch(data: bytes, component: str, file: str, *, context: int = 3) -> Patch:
    """Read a patch.

    Args:
        data: the file's bytes.
        context: the port's setting; a patch marked as one without context has 0 whatever it says.

    Raises:
        SyncError: with the file and the line: no mail header, an encoding other than UTF-8, or
            anything `parse_diff` does not take.
    """
    name = f"{component}/{file}"
    lines = split_lines(data)
    start = next((n for n, line in enumerate(lines) if line.startswith(b"diff --git ")), len(lines))
    head = decode(b"".join(lines[:start]))
    mail = Parser(policy=policy.default).parsestr(head)
    for field in ("From", "Date", "Subject"):
        if not mail[field]:
            raise SyncError(
                f"{name}: no {field}: header", hint="a patch is a mail as git format-patch writes"
            )
    encoding = str(mail.get("Content-Transfer-Encoding", "8bit")).lower()
    if encoding not in ("7bit", "8bit") or (mail.get_content_charset("utf-8") not in _CHARSETS):
        raise SyncError(f"{name}: the mail must be plain 8-bit UTF-8, not {encoding}")
    message = head.partition("\n\n")[2]
    body = re.split(r"^---$", message, maxsplit=1, flags=re.MULTILINE)[0].strip("\n")
    diffs = parse_diff(b"".join(lines[start:]), name, start + 1)
    return Patch(
        component=component,
        file=file,
        subject=_PREFIX.sub("", str(mail["Subject"]), count=1),
        author=str(mail["From"]),
        date=str(mail["Date"]),
        body=body,
        trailers=_trailers(body),
        diffs=diffs,
        context=0 if any(diff.marked for diff in diffs) else context,
        head=head,
        text=decode(data),
    )


_CHARSETS = ("utf-8", "us-ascii")


def _trailers(body: str) -> tuple[tuple[str, str], ...]:
    """The last paragraphs of which every line is `Key: value`; an indented line continues one."""
    found: list[tuple[str, str]] = []
    for paragraph in reversed(re.split(r"\n{2,}", body)):
        unfolded = re.sub(r"\n[ \t]+", " ", paragraph)
        matches = [_TRAILER.fullmatch(line) for line in unfolded.splitlines()]
        if not all(matches):
            break
        found[:0] = [(m[1], m[2].strip()) for m in matches if m]
    return tuple(found)


def check_zero_context(patch: Patch) -> None:
    """Refuse a patch that quotes any of upstream's text.

    Raises:
        SyncError: a context or removed line, words after the second `@@`, or a changed file whose
            first hunk is not marked; the file and the hunk are named.
    """
    _check_binary(patch)
    for diff in patch.diffs:
        for number, hunk in enumerate(diff.hunks, 1):
            what = f"{patch.name}: {diff.path}: hunk {number} ({hunk.header})"
            if any(line[:1] != b"+" for line in hunk.lines):
                raise SyncError(
                    f"{what} quotes upstream's lines", hint="write the change as added lines only"
                )
            if hunk.section:
                raise SyncError(f"{what} quotes upstream after the second @@")
        if diff.hunks and diff.old_path is not None and not diff.marked:
            raise SyncError(f"{patch.name}: {diff.path}: not marked as a patch without context")


def _check_binary(patch: Patch) -> None:
    for diff in patch.diffs:
        if diff.binary is not None and diff.old_path is not None:
            raise SyncError(
                f"{patch.name}: {diff.path}: a binary change cannot be told without upstream's "
                "content",
                hint="use an override",
            )


def create_patch(
    repository: Repository,
    base_tree: str,
    new_tree: str,
    *,
    subject: str,
    author: str,
    date: str,
    body: str = "",
    context: int = 3,
    renames: bool = True,
) -> str:
    """The text of a patch that makes `new_tree` of `base_tree`.

    Args:
        author: "Name <mail>"; date: as git reads one, with its zone; body: the message after the
            subject, trailers last.
        context: lines of context; 0 gives a marked patch, and one that deletes files by id alone.

    Raises:
        SyncError: nothing changes, a binary file does and there is no context, or the message
            cannot be told from a diff.
    """
    if repository.rev_parse(base_tree, "tree") == repository.rev_parse(new_tree, "tree"):
        raise SyncError(f"no patch can be made for {subject!r}: nothing changes")
    base = repository.commit_tree(base_tree)
    message = f"{subject}\n\n{body.strip()}\n" if body.strip() else f"{subject}\n"
    commit = repository.commit_tree(new_tree, [base], message, author, date)
    options = ["--stdout", "--no-stat", "--no-signature", "--zero-commit", "--no-thread", "--no-to"]
    options += ["--no-numbered", "--no-attach", "--no-from", "--no-base", "--no-notes", "--no-cc"]
    options += ["--encode-email-headers", "--subject-prefix=PATCH", "--no-add-header"]
    out = repository.run(["format-patch", *options, *diff_options(context, renames), "-1", commit])
    head, sections = split_sections(out, context)
    text = decode(head + b"".join(sections))
    try:
        patch = parse_patch(encode(text), "new", "patch", context=context)
        if context == 0:
            _check_binary(patch)
    except SyncError as error:
        raise SyncError(f"no patch can be made: {error.message}", hint=error.hint) from error
    if patch.subject != subject or patch.body != body.strip():
        raise SyncError(
            f"no patch can be made for {subject!r}: its message would not be read back",
            hint="one line of subject; in the body no line `---` and none that begins a diff",
        )
    return text


def refresh(repository: Repository, changed: Sequence[tuple[Patch, str, str]]) -> tuple[str, ...]:
    """Each patch's text for what it does between two trees, before and after: message and format
    as they were, and the section of a file whose blobs are the same kept verbatim."""
    texts: dict[int, str] = {}
    ways = [(patch.context, any(_renames(diff) for diff in patch.diffs)) for patch, _, _ in changed]
    for way in set(ways):
        mine = [n for n in range(len(changed)) if ways[n] == way]
        pairs = [changed[n][1:] for n in mine]
        out = repository.diff_texts(pairs, ["-r", *diff_options(*way)])
        for n, diff in zip(mine, out, strict=True):
            texts[n] = _refreshed(changed[n][0], split_sections(diff, way[0])[1])
    return tuple(texts[n] for n in range(len(changed)))


def _renames(diff: FileDiff) -> bool:
    return None not in (diff.old_path, diff.new_path) and diff.old_path != diff.new_path


def _refreshed(patch: Patch, sections: Sequence[bytes]) -> str:
    new = {diff.path: diff for diff in parse_diff(b"".join(sections), patch.name)}
    texts = []
    for old in patch.diffs:
        diff = new.pop(old.path, None)
        if diff is not None:
            texts.append(old.text if _same(old, diff) else diff.text)
    texts += [diff.text for diff in new.values()]
    return patch.head + decode(b"".join(texts))


def diff_options(context: int, renames: bool) -> list[str]:
    """Options of git's for the sections of a patch; nothing of these is left to its defaults."""
    options = ["-p", "--binary", f"-U{context}", "--full-index"]
    options += [
        "--no-color",
        "--no-ext-diff",
        "--no-textconv",
        "--src-prefix=a/",
        "--dst-prefix=b/",
        "--diff-algorithm=myers",
    ]
    options += ["--indent-heuristic", "--find-renames" if renames else "--no-renames"]
    return options if context else [*options, "--irreversible-delete"]


def split_sections(data: bytes, context: int = 3) -> tuple[bytes, list[bytes]]:
    """What precedes the first diff, and the text of each file's."""
    head, *sections = re.split(rb"^(?=diff --git )", data, flags=re.MULTILINE)
    if context == 0:
        sections = [without_context(section) for section in sections]
    return head, [section.rstrip(b"\n") + _end(section) for section in sections]


def _end(section: bytes) -> bytes:
    return b"\n\n" if b"\n" + BEGIN in section else b"\n"  # a binary hunk ends in an empty line


def _same(old: FileDiff, new: FileDiff) -> bool:
    return (old.old_path, old.old_mode, old.new_mode, old.old_id, old.new_id) == (
        new.old_path,
        new.old_mode,
        new.new_mode,
        new.old_id,
        new.new_id,
    )
