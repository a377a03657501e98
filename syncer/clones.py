"""The bare clones in the user's cache, which all ports share: who may change them, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from syncer.errors import Exit, SyncError
from syncer.git import mend_bare
from syncer.locking import LockedError, Process, locked
from syncer.processes import holders

_IN_USE = "in-use"
# As long as a first fetch of the largest repository may take.
_PATIENCE_SECONDS = 900.0

Note = Callable[[str], None]


@contextmanager
def in_use(folder: Path) -> Iterator[None]:
    """While a roll reads the clones in `folder`, no one gets them `to_remove`. Any number may.

    Raises:
        SyncError: (HELD) they are being removed; (ENVIRONMENT) the cache cannot be written.
    """
    with _held(folder / _IN_USE, f"the cache {folder}", shared=True, patience=60.0):
        yield


@contextmanager
def to_remove(folder: Path) -> Iterator[None]:
    """While no roll has the clones in `folder` in use.

    Raises:
        SyncError: (HELD) one has; (ENVIRONMENT) the cache cannot be written.
    """
    with _held(folder / _IN_USE, f"the cache {folder}"):
        yield


@contextmanager
def to_change(clones: Iterable[Path], note: Note = lambda _: None) -> Iterator[None]:
    """Hold the clones for fetching, which one process at a time may do in each, and mend what a
    killed one left in them.

    Args:
        note: told whom it waits for.

    Raises:
        SyncError: (HELD) another process has one for too long; (ENVIRONMENT) the cache cannot be
            written.
    """
    with ExitStack() as stack:
        # All in one order, so that no two rolls wait for each other.
        for clone in sorted(set(clones)):
            lock, what = clone.with_name(clone.name + ".lock"), f"the clone {clone}"
            if stack.enter_context(_held(lock, what, patience=_PATIENCE_SECONDS, note=note)):
                mend_bare(clone)
        yield


@contextmanager
def _held(
    lock: Path,
    what: str,
    *,
    shared: bool = False,
    patience: float = 0.5,
    note: Note = lambda _: None,
) -> Iterator[bool]:
    def waiting(holder: Process | None) -> None:
        note(f"waiting for {what}, held by {holder or 'another process'}")

    with ExitStack() as stack:
        try:
            left = stack.enter_context(
                # git holds it, too: the fetch of a killed roll may go on for a while.
                locked(lock, shared=shared, inherit=not shared, patience=patience, waiting=waiting)
            )
        except LockedError as error:
            others = ", ".join(map(str, holders(lock))) or "unknown"
            raise SyncError(
                f"{what} is held by {error.holder or f'another roll (process {others})'}"
                + (f"; waited {patience / 60:.0f} minutes" if patience > 60 else ""),
                hint="Wait for it to end, or stop it.",
                exit=Exit.HELD,
            ) from None
        except OSError as error:
            raise SyncError(
                f"cannot use {lock.parent}: {error.strerror}",
                hint="Make that folder writable, or free space there.",
                exit=Exit.ENVIRONMENT,
            ) from None
        yield left
