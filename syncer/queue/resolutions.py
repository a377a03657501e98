"""Recorded resolutions: how a person brought a patch over an upstream that it conflicts with.

`<patches>/resolutions/<component>/<patch>.<commit>.resolution` is a mail's header and sections of a
diff. The header names the patch by the blobs it was made from and makes (`Of:`), who resolved it
and when, and from which upstream commit to which. The sections lead from what was there (upstream
and the patches before) to the person's result, by blob ids and by lines that were put in; what was
taken out is only counted. So a resolution is the same patch made from newer blobs, and is carried
on as one where upstream has moved again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from email import policy
from email.header import Header
from email.parser import Parser
from email.utils import parsedate_to_datetime
from pathlib import Path

from syncer.errors import SyncError
from syncer.git import NO_BLOB, Repository
from syncer.queue.diff import FileDiff, parse_diff, split_lines, without_removed
from syncer.queue.mail import Patch, decode, diff_options, split_sections

FOLDER = "resolutions"
SUFFIX = ".resolution"

_COMMIT = re.compile(r"[0-9a-f]{40}|unknown")
_HINT = "Restore it from git, or remove it and resolve the conflict again."


@dataclass(frozen=True)
class Resolution:
    """One resolution of the patch `component`/`patch`. `of` are the patch's own blobs (see
    `identity`); `from_commit` is the upstream commit that the patch was last accepted on
    ("unknown" if it never was), `to_commit` the one it was brought to."""

    component: str
    patch: str
    by: str
    date: str
    from_commit: str
    to_commit: str
    of: tuple[str, ...]
    diffs: tuple[FileDiff, ...]
    text: str

    @property
    def file(self) -> str:
        return f"{self.patch.removesuffix('.patch')}.{self.to_commit[:12]}{SUFFIX}"

    @property
    def name(self) -> str:
        """Where it belongs in a folder of resolutions."""
        return f"{self.component}/{self.file}"

    def is_of(self, patch: Patch) -> bool:
        same = (self.component, self.patch) == (patch.component, patch.file)
        return same and self.of == identity(patch)

    def as_patch(self, patch: Patch) -> Patch:
        """The patch it stands for, made from newer blobs."""
        return replace(patch, file=self.file, diffs=self.diffs, context=0)


@dataclass(frozen=True)
class Decisions:
    """What people have decided of patches that conflict: their resolutions, and those that this
    roll goes without ("component/file")."""

    resolutions: tuple[Resolution, ...] = ()
    skipped: frozenset[str] = field(default_factory=frozenset)

    def of(self, patch: Patch) -> tuple[Resolution, ...]:
        """The patch's resolutions, newest first."""
        mine = [item for item in self.resolutions if item.is_of(patch)]
        return tuple(sorted(mine, key=lambda item: parsedate_to_datetime(item.date), reverse=True))


NONE = Decisions()


def identity(patch: Patch) -> tuple[str, ...]:
    """What a patch changes, by blobs: the same for every way to write it down."""
    return tuple(
        sorted(
            f"{diff.old_id or NO_BLOB}..{diff.new_id or NO_BLOB} {diff.path}"
            for diff in patch.diffs
        )
    )


def resolution_text(
    repository: Repository,
    patch: Patch,
    before: str,
    after: str,
    *,
    by: str,
    date: str,
    from_commit: str,
    to_commit: str,
) -> str:
    """The file that says that `patch` is resolved as `after`, from the tree `before`.

    Args:
        repository: has both trees.
        by: "Name <mail>"; date: as a mail's.

    Raises:
        SyncError: nothing of the patch is left.
    """
    trees = [(repository.rev_parse(before, "tree"), repository.rev_parse(after, "tree"))]
    (diff,) = repository.diff_texts(trees, ["-r", *diff_options(0, True)])
    sections = [without_removed(section) for section in split_sections(diff)[1]]
    if not sections:
        raise SyncError(
            f"{patch.name}: nothing of it is left in the resolution",
            hint="Go without it by `sync skip`, or take it out of the series.",
        )
    lines = [
        f"Resolution: {patch.name}",
        f"By: {Header(by, 'utf-8').encode() if not by.isascii() else by}",
        f"Date: {date}",
        f"From-Commit: {from_commit}",
        f"To-Commit: {to_commit}",
        *(f"Of: {line}" for line in identity(patch)),
    ]
    return "\n".join(lines) + "\n\n" + decode(b"".join(sections))


def parse_resolution(data: bytes, name: str) -> Resolution:
    """Read a resolution; `name` is the file's, for messages.

    Raises:
        SyncError: a header that is missing, or anything `parse_diff` does not take.
    """
    lines = split_lines(data)
    start = next((n for n, line in enumerate(lines) if line.startswith(b"diff --git ")), len(lines))
    mail = Parser(policy=policy.default).parsestr(decode(b"".join(lines[:start])))
    for key in ("Resolution", "By", "Date", "From-Commit", "To-Commit", "Of"):
        if not mail[key]:
            raise SyncError(f"{name}: no {key}: header", hint=_HINT)
    component, _, patch = str(mail["Resolution"]).partition("/")
    commits = str(mail["From-Commit"]), str(mail["To-Commit"])
    if not patch or "/" in patch or not all(map(_COMMIT.fullmatch, commits)):
        raise SyncError(f"{name}: its header names no patch, or no commit", hint=_HINT)
    try:
        parsedate_to_datetime(str(mail["Date"]))
    except ValueError:
        raise SyncError(f"{name}: {mail['Date']} is no date of a mail", hint=_HINT) from None
    try:
        diffs = parse_diff(b"".join(lines[start:]), name, start + 1, counted=True)
    except SyncError as error:
        raise error.told(error.message, hint=_HINT) from None
    # Surrogates, of names that are not UTF-8, only survive outside of the mail parser.
    head = decode(b"".join(lines[:start])).splitlines()
    of = tuple(sorted(line[4:] for line in head if line.startswith("Of: ")))
    return Resolution(
        component, patch, str(mail["By"]), str(mail["Date"]), *commits, of, diffs, decode(data)
    )


def read_resolutions(folders: Iterable[Path], component: str) -> tuple[Resolution, ...]:
    """A component's resolutions in the folders of all resolutions, oldest commit's file first
    in each; one of a later folder stands for one of the same name in an earlier.

    Raises:
        SyncError: one that is not as `resolution_text` writes it, or belongs elsewhere.
    """
    found: dict[str, Resolution] = {}
    for folder in folders:
        place = folder / component
        for path in sorted(place.glob(f"*{SUFFIX}")) if place.is_dir() else ():
            if not path.resolve().is_relative_to(folder.resolve()):
                raise SyncError(f"{path} leads outside {folder}", hint="Put the file itself there.")
            try:
                resolution = parse_resolution(path.read_bytes(), str(path))
            except OSError as error:
                raise SyncError(f"{path}: {error.strerror}", hint=_HINT) from None
            if resolution.name != f"{component}/{path.name}":
                raise SyncError(
                    f"{path} is the resolution {resolution.name}",
                    hint="Give it that place and name.",
                )
            found.pop(path.name, None)
            found[path.name] = resolution
    return tuple(found.values())
