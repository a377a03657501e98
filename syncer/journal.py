"""What a roll has done so far, on disk: every stage's result, keyed by its inputs.

Files are replaced whole (written beside, synced, renamed), so that a roll killed at any moment
leaves either the old state or the new one.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from syncer.errors import Exit, SyncError
from syncer.model import Roll

T = TypeVar("T")


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file so that no reader and no crash ever sees a part of it.

    Raises:
        SyncError: (ENVIRONMENT) the disk is full or may not be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SyncError(
            f"cannot write {path}: {error.strerror}",
            hint="Free space, or make the folder writable; what was there before is untouched.",
            exit=Exit.ENVIRONMENT,
        ) from None


def key_of(*inputs: object) -> str:
    """A stage's key: SHA-256 over its inputs, which must be plain data."""
    text = json.dumps(inputs, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> Any:
    return TypeAdapter(type(value)).dump_python(value, mode="json")


@dataclass(frozen=True)
class Entry:
    """One stage's stored result, as JSON."""

    key: str
    seconds: float
    result: Any


@dataclass(frozen=True)
class Journal:
    """The state of one port's rolls, in `folder`."""

    folder: Path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the port for one roll.

        Raises:
            SyncError: (HELD) another roll holds it.
        """
        owner = self.folder / "owner"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / "lock")
            lock.acquire(timeout=0)
        except Timeout:
            who = owner.read_text() if owner.is_file() else "another process"
            raise SyncError(
                f"{self.folder} is held by {who}",
                hint="Wait for it to end, or stop it; nothing was changed.",
                exit=Exit.HELD,
            ) from None
        except OSError as error:
            raise SyncError(
                f"cannot use {self.folder}: {error.strerror}", exit=Exit.ENVIRONMENT
            ) from None
        try:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            write_whole(owner, f"process {os.getpid()} since {now}".encode())
            yield
        finally:
            owner.unlink(missing_ok=True)
            lock.release()

    def is_held(self) -> bool:
        """Whether a roll holds the port now."""
        try:
            with FileLock(self.folder / "lock", timeout=0):
                return False
        except Timeout:
            return True
        except OSError:
            return False

    def store(self, stage: str, key: str, seconds: float, result: object) -> None:
        entry = {"key": key, "seconds": seconds, "result": _plain(result)}
        write_whole(self.folder / "stages" / f"{stage}.json", json.dumps(entry).encode())

    def find(self, stage: str, key: str, kind: type[T]) -> tuple[T, float] | None:
        """The stored result of a stage for exactly these inputs, with the seconds it took."""
        try:
            entry = Entry(**json.loads((self.folder / "stages" / f"{stage}.json").read_bytes()))
            if entry.key != key:
                return None
            result = TypeAdapter(kind).validate_json(json.dumps(entry.result))
        except (OSError, ValueError, TypeError, ValidationError):
            return None  # a result of another version is no result
        return result, entry.seconds

    def write_roll(self, roll: Roll) -> None:
        """Keep what a roll that has ended found, for `sync status` and `sync accept`."""
        write_whole(self.folder / "roll.json", json.dumps(_plain(roll)).encode())

    def last_roll(self) -> Roll | None:
        """The last roll that ended; None if there is none that this version can read."""
        try:
            return TypeAdapter(Roll).validate_json((self.folder / "roll.json").read_bytes())
        except (OSError, ValidationError):
            return None

    def write_state(self, **state: object) -> None:
        """What the current roll is doing, for `sync status`."""
        write_whole(self.folder / "state.json", json.dumps(state, default=str).encode())

    def read_state(self) -> dict[str, Any]:
        try:
            state = json.loads((self.folder / "state.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}
