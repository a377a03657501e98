"""Files that people write and files that this program writes: whatever is amiss is said with the
path and, where there is one, the line.
"""

from __future__ import annotations

import codecs
import difflib
import errno
import hashlib
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path, user_config_path, user_log_path

from syncer.errors import Exit, SyncError

# What the machine says no with, whoever asks: no mistake of this program's.
_MACHINE = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM),
        *(errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ETXTBSY),
        *(errno.ENAMETOOLONG, errno.ESTALE, errno.ENOTDIR, errno.ELOOP, errno.EBUSY),
    }
)
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CONFLICT = re.compile(r"^(<<<<<<<|>>>>>>>|\|\|\|\|\|\|\|)( |$)", re.MULTILINE)
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(file: Path, *, hint: str = "") -> str:
    """The text of a file in UTF-8.

    Raises:
        SyncError: it cannot be read, or is not plain UTF-8 (the line is named).
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise SyncError(f"{file}: {error.strerror}", hint=hint) from None
    save = " ".join(filter(None, ("Save it as UTF-8, without a byte order mark.", hint)))
    if data.startswith(_UTF16):
        raise SyncError(f"{file}:1: is written in UTF-16", hint=save)
    if data.startswith(codecs.BOM_UTF8):
        raise SyncError(f"{file}:1: begins with a byte order mark", hint=save)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SyncError(
            f"{file}:{line}: byte 0x{data[error.start]:02x} is not UTF-8", hint=save
        ) from None


def read_toml(file: Path, *, hint: str = "") -> dict[str, Any]:
    """What a TOML file says.

    Raises:
        SyncError: it cannot be read, or is no TOML; with line and column.
    """
    text = read_text(file, hint=hint)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        if mark := _CONFLICT.search(text):
            line = text.count("\n", 0, mark.start()) + 1
            raise SyncError(
                f"{file}:{line}: not valid TOML: a merge left its conflict markers",
                hint="Resolve the conflict in git first.",
            ) from None
        place = re.search(r" \(at line (\d+), column (\d+)\)$", str(error))
        where = f"{file}:{place[1]}:{place[2]}" if place else str(file)
        what = str(error)[: place.start()] if place else str(error)
        raise SyncError(f"{where}: not valid TOML: {what}", hint=hint) from None
    except RecursionError:
        raise SyncError(f"{file}: not valid TOML: nested too deeply", hint=hint) from None


def file_digest(file: Path) -> str:
    """SHA-256 of a file; empty if it is not there."""
    if not file.is_file():
        return ""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def line_of(text: str, keys: Sequence[str | int]) -> int | None:
    """The line of a TOML text on which a key stands, or the innermost of its tables that does;
    None where not even the first is there. An int in `keys` counts an array of tables, from 0."""
    table: tuple[str | int, ...] = ()
    counts: dict[tuple[str | int, ...], int] = {}
    best, line = 0, None
    for number, content in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[(\[?)\s*([^\[\]]+?)\s*\]", content):
            table = ()
            for name in _names(header[2]):
                table += (name,) if table not in counts else (counts[table], name)
            if header[1]:
                counts[table] = counts.get(table, -1) + 1
                table += (counts[table],)
            elif table in counts:
                table += (counts[table],)
            full = table
        elif key := re.match(r"\s*([\w\"'.-]+)\s*=", content):
            full = (*table, *_names(key[1]))
        else:
            continue
        if len(full) > best and tuple(keys[: len(full)]) == full:
            best, line = len(full), number
    return line


def _names(dotted: str) -> list[str]:
    return [name.strip(" \t\"'") for name in dotted.split(".")]


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Says which path could not be written, and what to do.

    Raises:
        SyncError: (ENVIRONMENT) the disk is full, or may not be written.
    """
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from None


def unwritable(path: Path | str, error: OSError) -> SyncError:
    full = error.errno in _FULL
    return SyncError(
        f"cannot write {path}: {error.strerror or error}",
        hint="Free space on that disk; what was there before is untouched."
        if full
        else "Make that folder writable; what was there before is untouched.",
        exit=Exit.ENVIRONMENT,
    )


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """For code that writes in `folder`: names it where the operating system names no file.

    Raises:
        SyncError: (ENVIRONMENT) the disk is full, or may not be written.
    """
    try:
        yield
    except OSError as error:
        known = from_machine(error, folder)
        if known is None:
            raise
        raise known from None


def from_machine(error: Exception, folder: Path | None = None) -> SyncError | None:
    """An error of the operating system's as one for a person; None where it is something else
    than this machine saying no. `folder` is where it was at work, if it names no file."""
    if not isinstance(error, OSError):
        return None
    if error.errno == errno.ENOENT and "temporary directory" in str(error):
        return SyncError(
            "there is no folder for temporary files",
            hint="Set TMPDIR to a folder that can be written and has space.",
            exit=Exit.ENVIRONMENT,
        )
    if error.errno not in _MACHINE:
        return None
    named = isinstance(error.filename, str | bytes)
    where = os.fsdecode(error.filename) if named else str(folder or "")
    if error.errno in _FULL:
        return unwritable(where or "a file", error)
    return SyncError(
        ": ".join(filter(None, (where, error.strerror))) or str(error),
        hint="Look at that path's owner, permissions and disk.",
        exit=Exit.ENVIRONMENT,
    )


def near(word: str, known: Iterable[str], most: int = 3) -> tuple[str, ...]:
    """Those of `known` that `word` was probably meant to be, nearest first."""
    names = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.casefold(), names, n=most, cutoff=0.6)
    return tuple(names[name] for name in found)


def nearest(word: str, known: Iterable[str]) -> str:
    """The one of `known` that `word` was probably meant to be; empty if none is near."""
    return next(iter(near(word, known, 1)), "")


def checkout_of(folder: Path) -> Path | None:
    """The root of the git checkout that `folder` lies in: the nearest of it and its parents that
    has a `.git`, whole or damaged; None if it lies in none."""
    return next((place for place in (folder, *folder.parents) if (place / ".git").exists()), None)


def port_file(folder: Path) -> Path | None:
    """The port.toml of a folder: port/port.toml or port.toml in it; None if there is neither."""
    candidates = (folder / "port" / "port.toml", folder / "port.toml")
    return next((file for file in candidates if file.exists()), None)


def find_port(start: Path) -> Path | None:
    """The port.toml that a command run in `start` means: that of the folder, or of the nearest
    one above that has one; None outside a port."""
    return next(filter(None, map(port_file, (start, *start.parents))), None)


def cache_folder() -> Path:
    """The user's cache for clones, SDKs and the demo.

    Raises:
        SyncError: (ENVIRONMENT) there is no home folder to keep one in.
    """
    folder = _of_user(user_cache_path)
    if folder is None:
        raise SyncError(
            "this user has no home folder to keep a cache in",
            hint="Set HOME, or XDG_CACHE_HOME, to an absolute path.",
            exit=Exit.ENVIRONMENT,
        )
    return folder


def config_folder() -> Path | None:
    """The user's configuration; None where there is no home folder."""
    return _of_user(user_config_path)


def log_folder() -> Path | None:
    """Where a bug is written down; None where there is no home folder."""
    return _of_user(user_log_path)


def _of_user(find: Callable[[str], Path]) -> Path | None:
    try:
        folder = find("syncer")
    except RuntimeError:  # platformdirs, of a user whom the system does not know
        return None
    return folder if folder.is_absolute() else None  # an older one leaves the `~` as it is
