"""Unified diffs as git writes them: parsed, and applied to the very blob they were made from.

A hunk is placed by its line numbers alone and every line it names must be there: no offset, no
fuzz. That is what makes a patch without context safe here, and unsafe for anything else; so the
first hunk of each file such a patch changes begins with `MARK`, a line that is none of a hunk's
(` `, `+`, `-`, `\\`) and at which git apply, git am and GNU patch give up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NoReturn

from syncer.errors import SyncError
from syncer.git import blob_id, check_path
from syncer.queue.binary import BEGIN, BinaryError, BinaryHunk, parse_hunk

MARK = b"! zero context: only sync applies this\n"

_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@(.*)\n?")
_INDEX = re.compile(r"([0-9a-f]+)\.\.([0-9a-f]+)(?: ([0-7]{6}))?")
_HEADER = re.compile(rb"^(@@ -\S+ \+\S+ @@).*$", re.MULTILINE)
_ESCAPE = re.compile(r"\\([0-7]{3}|.)")
_ESCAPES = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}
_MODES = ("100644", "100755", "120000")


@dataclass(frozen=True)
class Hunk:
    """One hunk. `lines` keep their first character; one that ends the file without a newline has
    none. `section` is what stood after the second `@@`. Of a `counted` one the lines that it
    removes are not there: `old_count` says how many."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int
    section: bytes
    lines: tuple[bytes, ...]
    counted: bool = False

    @property
    def header(self) -> str:
        return f"@@ -{self.old_start},{self.old_count} +{self.new_start},{self.new_count} @@"


@dataclass(frozen=True)
class FileDiff:
    """What a patch does to one file.

    `old_path` is None for an added file and `new_path` for a deleted one; they differ for a
    rename. Ids and modes are None on the side that is absent, and both ids are None where the
    content is not the patch's business (a rename or a mode alone). `binary` stands in place of
    hunks. `text` is the section verbatim.
    """

    old_path: str | None
    new_path: str | None
    old_mode: str | None = None
    new_mode: str | None = None
    old_id: str | None = None
    new_id: str | None = None
    hunks: tuple[Hunk, ...] = ()
    binary: BinaryHunk | None = None
    marked: bool = False
    text: bytes = b""

    @property
    def path(self) -> str:
        return self.new_path or self.old_path or ""

    @property
    def only_deletes(self) -> bool:
        """Whether it takes lines, or the whole file, away and adds nothing."""
        if self.new_path is None:
            return True
        return bool(self.hunks) and not any(self.runs(b"+"))

    def runs(self, kind: bytes) -> Iterator[tuple[bytes, ...]]:
        """The uninterrupted runs of added (`+`) or removed (`-`) lines, without that character."""
        for hunk in self.hunks:
            run: list[bytes] = []
            for line in (*hunk.lines, b" "):
                if line[:1] == kind:
                    run.append(line[1:])
                elif run:
                    yield tuple(run)
                    run = []


def split_lines(data: bytes) -> list[bytes]:
    """Lines with their newline; only `\\n` ends one."""
    return re.findall(rb"[^\n]*\n|[^\n]+", data)


def without_context(section: bytes) -> bytes:
    """A section made with no context, without what git adds after the second `@@`, and marked."""
    section = _HEADER.sub(rb"\1", section)
    head, at, rest = section.partition(b"\n@@ ")
    if not at or b"\nnew file mode " in head or b"\ndeleted file mode " in head:
        return section
    first, newline, rest = rest.partition(b"\n")
    return head + at + first + newline + MARK + rest


def without_removed(section: bytes) -> bytes:
    """A section made with no context, without the lines that it removes: their count is in the
    hunks' headers. Marked as `without_context` does."""
    head, at, rest = section.partition(b"\n@@ ")
    kept, removed = [], False
    for line in split_lines(at + rest):
        removed = line.startswith(b"-") or (removed and line.startswith(b"\\"))
        if not removed:
            kept.append(line)
    return without_context(head + b"".join(kept))


def apply_hunks(diff: FileDiff, base: bytes, where: str) -> bytes:
    """The file's content after `diff`, from the very content it was made from.

    Raises:
        SyncError: a hunk does not fit exactly, or the result is not the blob the patch names;
            `where` (the patch) and the file are named.
    """
    if diff.new_path is None and not diff.hunks:
        return b""  # a deletion by id alone, as patches without context have it
    content = _placed(diff, base, where) if diff.binary is None else _binary(diff, base, where)
    if diff.new_path is None and content:
        raise SyncError(f"{where}: {diff.path}: its hunks leave lines of a file it deletes")
    if diff.new_id is not None and blob_id(content) != diff.new_id:
        count = len(diff.hunks)
        raise SyncError(
            f"{where}: {diff.path}: its hunks (1 to {count}) give blob {blob_id(content)}, "
            f"but its index line says {diff.new_id}",
            hint="the patch was edited by hand: make it again",
        )
    return content


def _binary(diff: FileDiff, base: bytes, where: str) -> bytes:
    assert diff.binary is not None
    try:
        return diff.binary.apply(base)
    except BinaryError as error:
        raise SyncError(f"{where}: {diff.path}: {error} (blob {diff.old_id})") from None


def _placed(diff: FileDiff, base: bytes, where: str) -> bytes:
    source = split_lines(base)
    result: list[bytes] = []
    position = 0
    for number, hunk in enumerate(diff.hunks, 1):
        what = f"{where}: {diff.path}: hunk {number} ({hunk.header})"
        start = hunk.old_start - (hunk.old_count > 0)
        if not position <= start <= len(source):
            raise SyncError(f"{what} lies outside its base blob {diff.old_id} or overlaps another")
        result += source[position:start]
        position = start
        if hunk.counted:
            if position + hunk.old_count > len(source):
                raise SyncError(f"{what} removes more than its base blob {diff.old_id} has")
            position += hunk.old_count
        if len(result) != hunk.new_start - (hunk.new_count > 0):
            raise SyncError(f"{what} would begin at line {len(result) + 1} of the new file")
        for line in hunk.lines:
            if line[:1] != b"+":
                if source[position : position + 1] != [line[1:]]:
                    raise SyncError(
                        f"{what} does not match line {position + 1} of its base blob {diff.old_id}"
                    )
                position += 1
            if line[:1] != b"-":
                result.append(line[1:])
    return b"".join(result + source[position:])


def parse_diff(
    data: bytes, where: str, first_line: int = 1, *, counted: bool = False
) -> tuple[FileDiff, ...]:
    """The sections of a patch, from its first `diff --git` line on.

    Args:
        where: the patch's name, for messages.
        first_line: the number of the first line of `data` in that file.
        counted: the marked sections are as `without_removed` makes them.

    Raises:
        SyncError: anything that is not understood to the last line, with file and line:
            copies, abbreviated ids, unsafe paths, hunks that are cut short.
    """
    parser = _Parser(split_lines(data), where, first_line, counted)
    diffs: list[FileDiff] = []
    while parser.peek().startswith(b"diff --git "):
        diffs.append(parser.section())
    if parser.peek().strip() not in (b"", b"--"):  # "-- " begins a mail's signature
        parser.fail("unexpected line after the last hunk")
    paths = [path for diff in diffs for path in {diff.old_path, diff.new_path} - {None}]
    for path in paths:
        if paths.count(path) > 1:
            raise SyncError(f"{where}: {path} is changed twice, or changes its type")
    made = [diff.new_path for diff in diffs if diff.new_path]
    for path in made:
        below = next((other for other in made if other.startswith(f"{path}/")), None)
        if below:
            raise SyncError(f"{where}: {below} lies below {path}, which is no folder")
    return tuple(diffs)


class _Parser:
    def __init__(self, lines: list[bytes], where: str, first_line: int, counted: bool) -> None:
        self.lines = lines
        self.where = where
        self.first_line = first_line
        self.counted = counted
        self.position = 0

    def fail(self, message: str, hint: str = "") -> NoReturn:
        raise SyncError(f"{self.where}:{self.first_line + self.position}: {message}", hint=hint)

    def peek(self) -> bytes:
        return self.lines[self.position] if self.position < len(self.lines) else b""

    def take(self) -> bytes:
        line = self.peek()
        self.position += 1
        return line

    def section(self) -> FileDiff:
        start = self.position
        header = self.headers()
        old = new = self.same_path(header.pop("diff --git"))
        if "rename from" in header and "rename to" in header:
            old, new = self.unquote(header["rename from"]), self.unquote(header["rename to"])
        try:
            check_path(old)
            check_path(new)
        except SyncError as error:
            self.fail(error.message)
        diff = FileDiff(old, new, header.get("old mode"), header.get("new mode"))
        if "new file mode" in header:
            diff = replace(diff, old_path=None, new_mode=header["new file mode"])
        elif "deleted file mode" in header:
            diff = replace(diff, new_path=None, old_mode=header["deleted file mode"])
        if "index" in header:
            diff = self.ids(diff, header["index"])
        self.check_names(diff, header)
        for mode in (diff.old_mode, diff.new_mode):
            if mode is not None and mode not in _MODES:
                self.fail(f"mode {mode} is not supported ({', '.join(_MODES)} are)")
        hunks = []
        marked = False
        while self.peek().startswith(b"@@ -"):
            hunks.append(self.hunk())
            if self.peek() == MARK:
                self.fail("the mark of a patch without context stands in the wrong place")
            marked = marked or self.marked
        if self.peek() == BEGIN:
            diff = replace(diff, binary=self.binary())
        if (hunks or diff.binary) and diff.old_id is None and diff.new_id is None:
            self.fail("no index line", hint="git format-patch --full-index")
        text = b"".join(self.lines[start : self.position])
        return replace(diff, hunks=tuple(hunks), marked=marked, text=text)

    def headers(self) -> dict[str, str]:
        """The lines before the first hunk, by their first words."""
        found: dict[str, str] = {}
        known: tuple[str, ...] = (
            "old mode",
            "new mode",
            "new file mode",
            "deleted file mode",
            "similarity index",
        )
        known += ("rename from", "rename to", "index", "---", "+++", "diff --git")
        while line := self.peek().decode("utf-8", "surrogateescape"):
            if line.endswith("\r\n"):
                self.fail(
                    "the patch file has CRLF line ends",
                    hint="*.patch -text in .gitattributes keeps them as they are",
                )
            if line.startswith("Binary files "):
                self.fail("the binary content was left out", hint="git format-patch --binary")
            if line.startswith("copy "):
                self.fail("copies are not supported", hint="git format-patch without -C")
            key = next((word for word in known if line.startswith(word + " ")), None)
            if key is None or (key == "diff --git" and found):
                break
            found[key] = line[len(key) + 1 :].removesuffix("\n")
            self.position += 1
        return found

    def same_path(self, names: str) -> str:
        """The path of `a/<path> b/<path>`, both quoted or neither; "" if they differ (a rename)."""
        half = len(names) // 2
        old, new = self.unquote(names[:half]), self.unquote(names[half + 1 :])
        if old.startswith("a/") and new.startswith("b/") and old[2:] == new[2:]:
            return old[2:]
        return ""

    def unquote(self, name: str) -> str:
        """A path as git writes it: as it is, or in quotes with C's escapes for its bytes."""
        if not (len(name) > 1 and name[0] == name[-1] == '"'):
            return name
        raw = name[1:-1].encode("utf-8", "surrogateescape").decode("latin-1")

        def byte(match: re.Match[str]) -> str:
            code = match[1]
            value = int(code, 8) if code.isdigit() else _ESCAPES.get(code)
            if value is None or value > 255:
                self.fail(f"bad escape in {name}")
            return chr(value)

        return _ESCAPE.sub(byte, raw).encode("latin-1").decode("utf-8", "surrogateescape")

    def ids(self, diff: FileDiff, index: str) -> FileDiff:
        match = _INDEX.fullmatch(index)
        if match is None or len(match[1]) != 40 or len(match[2]) != 40:
            self.fail("an index line needs two full blob ids", hint="git format-patch --full-index")
        if diff.old_path is not None:
            diff = replace(diff, old_id=match[1], old_mode=diff.old_mode or match[3])
        if diff.new_path is not None:
            diff = replace(diff, new_id=match[2], new_mode=diff.new_mode or match[3])
        return diff

    def check_names(self, diff: FileDiff, header: dict[str, str]) -> None:
        """`---` and `+++` must say what the other lines say."""
        for key, prefix, path in (("---", "a/", diff.old_path), ("+++", "b/", diff.new_path)):
            if key in header:
                # git ends a name with spaces in a tab
                name = self.unquote(header[key].removesuffix("\t"))
                if name != ("/dev/null" if path is None else prefix + path):
                    self.fail(f"{key} names {name}, the lines before it {path or '/dev/null'}")

    def binary(self) -> BinaryHunk:
        """The forward hunk; the one back, if there is one, is passed over."""
        self.position += 1
        hunks: list[BinaryHunk] = []
        while len(hunks) < 2 and self.peek().startswith((b"literal ", b"delta ")):
            try:
                hunk, count = parse_hunk(self.lines[self.position :])
            except BinaryError as error:
                self.position += error.line
                self.fail(str(error))
            hunks.append(hunk)
            self.position += count
        if not hunks:
            self.fail("no binary hunk")
        return hunks[0]

    def hunk(self) -> Hunk:
        match = _HUNK.fullmatch(self.peek())
        if match is None:
            self.fail("not a hunk header")
        self.position += 1
        old_left, new_left = int(match[2] or b"1"), int(match[4] or b"1")
        hunk = Hunk(int(match[1]), old_left, int(match[3]), new_left, match[5].strip(), ())
        self.marked = self.peek() == MARK
        if self.marked:
            self.position += 1
        if self.counted:
            hunk, old_left = replace(hunk, counted=True), 0
        lines: list[bytes] = []
        while old_left or new_left or self.peek().startswith(b"\\"):
            line = self.peek()
            kind = line[:1]
            if kind == b"\\" and lines:
                lines[-1] = lines[-1].removesuffix(b"\n")
            elif kind in (b" ", b"\n", b"-", b"+"):
                lines.append(b" \n" if kind == b"\n" else line)
                old_left -= kind != b"+"
                new_left -= kind != b"-"
            if kind not in (b" ", b"\n", b"-", b"+", b"\\") or min(old_left, new_left) < 0:
                self.fail(f"hunk {hunk.header} is cut short or too long")
            self.position += 1
        return replace(hunk, lines=tuple(lines))
