"""The processes that this one starts, and those that a killed one left behind.

Whoever has a family's file open, see `inherited_files`, is one of the family.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType

from syncer.locking import LockedError, locked

_POLL_SECONDS = 0.05
_TERM_SECONDS = 2.0  # what children get to end by themselves
_KILL_SECONDS = 30.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# What signals do is a matter of the whole process, and so are these.
_families: list[os.stat_result] = []
_stopping = threading.Event()


@contextmanager
def family(path: Path, note: Callable[[str], None] = lambda _: None) -> Iterator[None]:
    """All children that are started with `inherited_files` from here on are one family, known by
    the file `path`. Children that a killed process left behind are ended first, so that none
    writes into what this one does. Only for whoever alone may use `path`.

    Raises:
        LockedError: they cannot be ended.
        OSError: the file cannot be made or opened.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(path, inherit=True, patience=0))
        except LockedError:
            orphans = path.stat()
            names = sorted({_name(id) for id in _holders(orphans)})
            note(f"ending what a broken-off run left behind: {', '.join(names)}")
            _end(orphans)
            stack.enter_context(locked(path, inherit=True, patience=_KILL_SECONDS))
        mark = path.stat()
        _families.append(mark)
        try:
            yield
        except BaseException:
            _end(mark)  # who started them waits for them no more
            raise
        finally:
            _families.remove(mark)


def end_children() -> None:
    """End this process's families: ask, then kill, then be sure."""
    for mark in _families:
        _end(mark)


def _end(mark: os.stat_result) -> None:
    began = time.monotonic()
    while members := _holders(mark):
        took = time.monotonic() - began
        if took > _KILL_SECONDS:
            return
        for id in members:
            _signal(id, signal.SIGTERM if took < _TERM_SECONDS else signal.SIGKILL)
        time.sleep(_POLL_SECONDS)


def _signal(id: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(id, number)


def holders(path: Path) -> tuple[int, ...]:
    """The other processes that have the file `path` open, as far as this user may know."""
    try:
        return _holders(path.stat())
    except OSError:
        return ()


def _holders(mark: os.stat_result) -> tuple[int, ...]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) == os.getpid():
            continue
        with suppress(OSError):  # another user's process, or one that ends just now
            if any(_is(file, mark) for file in (folder / "fd").iterdir()):
                found.append(int(folder.name))
    return tuple(found)


def at_work_in(folder: Path) -> tuple[int, ...]:
    """The other processes whose working directory is in `folder` or that have a file open there, as
    far as this user may know."""
    root = os.path.realpath(folder)
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        with suppress(OSError):
            links = [process / "cwd", *(process / "fd").iterdir()]
            if any(_below(link, root) for link in links):
                found.append(int(process.name))
    return tuple(found)


def _below(link: Path, root: str) -> bool:
    try:
        return link.readlink().is_relative_to(root)
    except OSError:
        return False


def _is(file: Path, mark: os.stat_result) -> bool:
    try:
        return os.path.samestat(file.stat(), mark)
    except OSError:
        return False


def _name(id: int) -> str:
    try:
        return Path(f"/proc/{id}/comm").read_text().strip()
    except OSError:
        return str(id)


# ---- interrupts


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and SIGHUP end what is under way in every thread: children are asked to
    end, threads that ask `check` end, and the main thread gets a KeyboardInterrupt. A signal that
    was to be ignored when this process was started stays so."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set what a signal does
        return
    _stopping.clear()
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    before = {n: was for n, was in before.items() if was not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _stopping.clear()


def _interrupt(number: int, frame: FrameType | None) -> None:
    _stopping.set()
    for mark in _families:
        for id in _holders(mark):
            _signal(id, signal.SIGTERM)
    raise KeyboardInterrupt


def check() -> None:
    """Raises KeyboardInterrupt where the process is to end; for loops in other threads than the
    main one, which no signal reaches."""
    if _stopping.is_set():
        raise KeyboardInterrupt
