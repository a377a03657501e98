"""Files and folders that change whole or not at all, and leave nothing behind when a process is
killed half way.

A file is written beside its place and renamed into it; so is a folder. What a killed process left
unfinished has a name that says so, and `mend` clears it up.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
from pathlib import Path

from syncer.errors import Exit, SyncError

# What a process puts beside the place of NAME is called .NAME.<one of these>.
_PART = ".sync-part"  # a file not yet whole
# A folder not yet whole; one that is being replaced; one that is being removed.
_NEW, _OLD, _GONE = ".sync-new", ".sync-old", ".sync-gone"


def _beside(final: Path, suffix: str) -> Path:
    return final.with_name(f".{final.name}{suffix}")


def write_whole(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replace a file so that no reader and no crash ever sees a part of it.

    Args:
        durable: survive a power cut too. Without it the file may be lost then, or empty.

    Raises:
        SyncError: (ENVIRONMENT) the disk is full or may not be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(_PART, f".{path.name}.", path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        if durable:
            _sync_folder(path.parent)
    except OSError as error:
        raise SyncError(
            f"cannot write {path}: {error.strerror}",
            hint="Free space, or make the folder writable; what was there before is untouched.",
            exit=Exit.ENVIRONMENT,
        ) from None


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def fresh_folder(final: Path) -> Path:
    """An empty folder in which to make what `put_in_place` will put at `final`.

    Raises:
        OSError: it cannot be made, or what an earlier run left there cannot be removed.
    """
    fresh = _beside(final, _NEW)
    if fresh.is_dir():
        shutil.rmtree(fresh)
    fresh.mkdir(parents=True)
    return fresh


def put_in_place(final: Path, *, durable: bool = False) -> None:
    """Replace the folder `final` by the one that `fresh_folder` gave. A process killed meanwhile
    leaves the old one or the new one, whole; perhaps under another name, until `mend`. `durable`:
    a power cut does, too."""
    fresh, old = _beside(final, _NEW), _beside(final, _OLD)
    mend(final)
    if durable:
        sync_disk(fresh)
    if final.exists():
        final.rename(old)
    fresh.rename(final)
    mend(final)


def remove_folder(folder: Path) -> None:
    """Remove a folder; one that is half removed has its name no more.

    Raises:
        OSError: it cannot be renamed. What cannot be removed after that is left to `clear_up`.
    """
    gone = _beside(folder, _GONE)
    shutil.rmtree(gone, ignore_errors=True)
    folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def mend(final: Path) -> None:
    """Put the old folder back where `put_in_place` was broken off between its two renames, and
    remove it where it was broken off later."""
    old = _beside(final, _OLD)
    if old.exists():
        if final.exists():
            remove_folder(old)
        else:
            old.rename(final)


def clear_up(folder: Path) -> None:
    """Finish or undo, in `folder` itself, everything that a killed process left half done."""
    if not folder.is_dir():
        return
    for entry in folder.glob(".*.sync-*"):
        if entry.suffix == _PART:
            entry.unlink(missing_ok=True)
        elif entry.suffix == _OLD:
            mend(folder / entry.stem.removeprefix("."))
        elif entry.suffix in (_NEW, _GONE):
            shutil.rmtree(entry, ignore_errors=True)


def sync_disk(path: Path) -> None:
    """Have everything on `path`'s file system written to the disk, so that what is recorded
    afterwards speaks of what a power cut cannot take away (syncfs(2); else sync(2))."""
    handle = os.open(path, os.O_RDONLY)
    try:
        if ctypes.CDLL(None).syncfs(handle):
            os.sync()
    except AttributeError:  # not Linux
        os.sync()
    finally:
        os.close(handle)
