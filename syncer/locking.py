"""Locks on files, which say who holds them.

A file is locked with flock(2), which belongs to the open file and not to the process: children that
get it (`inherited_files`) hold the lock as long as the last of them lives, however their parent
ended.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

_POLL_SECONDS = 0.05
_SCRATCH, _IN_USE = "syncer-scratch-", "in-use"
_BEGIN_SECONDS = 60.0

# Open files are a matter of the whole process, and so is this.
_inherited: list[int] = []


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def seconds_since(moment: str) -> float:
    """Seconds since what `now` once said; 0 where that cannot be read."""
    try:
        return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
    except (ValueError, TypeError):
        return 0.0


def boot() -> str:
    """What tells this start of the machine from every other; empty where the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


@dataclass(frozen=True)
class Process:
    """A process that holds something: where it runs and since when it holds it (UTC)."""

    id: int
    host: str
    boot: str
    since: str

    def __str__(self) -> str:
        return f"process {self.id} on {self.host}, since {self.since}"

    @property
    def gone(self) -> bool:
        """Whether it surely runs no more; of another host's processes nothing is known."""
        if self.host != socket.gethostname():
            return False
        if self.boot != boot():
            return True
        try:
            os.kill(self.id, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass
        return False


def this_process() -> Process:
    return Process(os.getpid(), socket.gethostname(), boot(), now())


class LockedError(Exception):
    """A file is locked by another process: `holder`, if that is known."""

    def __init__(self, path: Path, holder: Process | None) -> None:
        super().__init__(f"{path} is locked by {holder or 'another process'}")
        self.path, self.holder = path, holder


@contextmanager
def locked(
    path: Path,
    *,
    shared: bool = False,
    inherit: bool = False,
    patience: float = 0.5,
    waiting: Callable[[Process | None], None] = lambda _: None,
) -> Iterator[bool]:
    """Hold a lock on `path`, a file of its own that stays there. Gives whether the last holder
    ended without letting go, or before the machine was started again: then what it was at work on
    may need mending. Not known, hence False, of a shared lock.

    Args:
        shared: with others that hold it shared.
        inherit: children hold it too, see `inherited_files`.
        patience: seconds to wait for it. Not 0: whoever only asks whether it is locked has it for
            a moment.
        waiting: told once, if it has to be waited for, who holds it.

    Raises:
        LockedError: it was not to be had in that time.
        OSError: the file cannot be made or opened.
    """
    handle = _open_locked(path, shared, patience, waiting)
    listed = False
    try:
        left = not shared and _was_left(handle)
        if not shared:
            _sign(handle, this_process())
        if inherit:
            _inherited.append(handle)
            listed = True
        yield left
        if not shared:
            _sign(handle, None)
    finally:
        if listed:
            _inherited.remove(handle)
        os.close(handle)  # a child that still has it open goes on holding it


def _open_locked(
    path: Path, shared: bool, patience: float, waiting: Callable[[Process | None], None]
) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + patience
    told = False
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            if _same(os.fstat(handle), path):
                return handle  # else someone has removed the file since it was opened
        except BlockingIOError:
            holder = _signature(handle)[0]
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
        if time.monotonic() >= end:
            raise LockedError(path, None if holder is None or holder.gone else holder)
        if not told and time.monotonic() >= end - patience + 1:
            told = True
            waiting(holder)
        time.sleep(_POLL_SECONDS)


def _same(status: os.stat_result, path: Path | str) -> bool:
    try:
        return os.path.samestat(status, Path(path).stat())
    except OSError:
        return False


def is_locked(path: Path) -> bool:
    """Whether some process holds `path` exclusively now."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _sign(handle: int, holder: Process | None) -> None:
    """Write into a lock file who holds it, or that it was let go; which boot this is, always."""
    record = json.dumps({"boot": boot(), "holder": asdict(holder) if holder else None}).encode()
    with suppress(OSError):  # on a full disk the lock itself still holds
        os.ftruncate(handle, 0)
        os.pwrite(handle, record, 0)


def _signature(handle: int) -> tuple[Process | None, str]:
    try:
        record = json.loads(os.pread(handle, 10_000, 0))
        holder = Process(**record["holder"]) if record["holder"] else None
        return holder, record["boot"]
    except (OSError, ValueError, TypeError, KeyError):
        return None, ""


def _was_left(handle: int) -> bool:
    holder, then = _signature(handle)
    return holder is not None or then != boot()


@contextmanager
def scratch(place: Path) -> Iterator[Path]:
    """A temporary folder in a place that many share, memory for one. Those that killed processes
    left there are removed first."""
    for left in place.glob(f"{_SCRATCH}*"):
        with suppress(OSError):
            status = left.stat()
            begun = time.time() - status.st_mtime < _BEGIN_SECONDS  # and not yet locked, perhaps
            if status.st_uid == os.getuid() and not begun and not is_locked(left / _IN_USE):
                shutil.rmtree(left, ignore_errors=True)
    with (
        tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=place) as name,
        locked(Path(name) / _IN_USE),
    ):
        yield Path(name)


def inherited_files() -> tuple[int, ...]:
    """The open files to hand to every child (`pass_fds` of Popen): by them it is known."""
    return tuple(_inherited)
