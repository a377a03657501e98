"""What a killed git, or a power cut, leaves in a bare repository, and how it goes on from there."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from syncer.processes import at_work_in

_HEAD = "ref: refs/heads/none\n"
_WRITING_SECONDS = 3600.0  # an object takes milliseconds; one this old has no writer


def mend_bare(path: Path) -> None:
    """Remove lock files, packs and objects that no one will finish, so that the next fetch finds
    none in its way. Only for whoever alone fetches into the repository; reading and writing of
    objects may go on meanwhile.

    What was complete stays: packs count once their index is there, and that comes last; references
    are moved after their objects have come.
    """
    if not path.is_dir() or at_work_in(path):
        return  # someone's own git may be at it, which holds no lock of ours
    head = path / "HEAD"
    if not head.is_file() or not head.stat().st_size:
        head.write_text(_HEAD)
    for leaving in _leavings(path):
        if leaving.is_dir():
            shutil.rmtree(leaving, ignore_errors=True)
        else:
            leaving.unlink(missing_ok=True)


def _leavings(path: Path) -> Iterator[Path]:
    yield from path.rglob("*.lock")
    objects = path / "objects"
    yield from objects.glob("tmp_objdir-*")
    yield from objects.glob("pack/tmp_*")
    yield from (pack for pack in objects.glob("pack/*.pack") if not _indexed(pack))
    yield from (p for p in (path / "refs").rglob("*") if p.is_file() and not p.stat().st_size)
    for loose in (*objects.glob("??/*"), *objects.glob("obj*")):
        try:
            status = loose.stat()
        except OSError:
            continue  # another roll's, renamed just now
        unfinished = loose.name.startswith(("tmp_obj_", "obj"))
        old = time.time() - status.st_mtime > _WRITING_SECONDS
        # After a power cut an object may be empty, and git would take it for written.
        if old if unfinished else not status.st_size:
            yield loose


def _indexed(pack: Path) -> bool:
    return pack.with_suffix(".idx").exists()
