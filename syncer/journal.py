"""What a roll has done so far, on disk: what was asked, and every stage's result, keyed by its
inputs.

Files are replaced whole (written beside, synced, renamed), so that a roll killed at any moment
leaves either the old state or the new one.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from syncer.durable import clear_up, fresh_folder, put_in_place
from syncer.durable import write_whole as write_whole
from syncer.errors import Exit, SyncError
from syncer.files import unwritable
from syncer.forge.protocol import Published
from syncer.locking import LockedError, Process, is_locked, locked, now, this_process
from syncer.model import Roll
from syncer.processes import family

T = TypeVar("T")

# What says how the last roll ended; by `order.json` it is known which one that is, so it is last.
_LAST = ("roll.json", "status.json", "report.md", "order.json")
_BEFORE = "before"


def key_of(*inputs: object) -> str:
    """A stage's key: SHA-256 over its inputs, which must be plain data."""
    return hashlib.sha256(_json(inputs, sort_keys=True)).hexdigest()


def _json(value: object, *, sort_keys: bool = False) -> bytes:
    return json.dumps(value, sort_keys=sort_keys, default=_plain).encode()


def _plain(value: object) -> Any:
    """A value of those that are kept here, one level down, as JSON has it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: getattr(value, item.name) for item in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value)} is not kept in a journal")


_adapters: dict[Any, TypeAdapter[Any]] = {}


def _adapter(kind: Any) -> TypeAdapter[Any]:
    if kind not in _adapters:  # to make one takes longer than to use it
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


@dataclass(frozen=True)
class Entry:
    """One stage's stored result, as JSON."""

    key: str
    seconds: float
    result: Any


@dataclass(frozen=True)
class Left:
    """What a roll wrote for people and for publishing: `key` is that of all it tells of, `files`
    are the SHA-256 of each by path below the state, `published` is what publishing said."""

    key: str
    files: dict[str, str]
    published: Published


@dataclass(frozen=True)
class Settled:
    """The last roll that passed and was proposed, and its stages' keys: another of the same keys
    has nothing new to say."""

    roll: str
    keys: dict[str, str]
    left: Left | None = None


@dataclass(frozen=True)
class Begun:
    """A roll that was begun: what was asked (the pipeline's Order, as JSON), which commit of
    upstream that turned out to be, and how it ended; `verdict` is empty as long as it has not.
    `began` and `ended` are ISO 8601, UTC; `stage` is where it stopped; `skipped` are the patches
    ("component/file") that it goes without."""

    id: str
    began: str
    order: dict[str, Any]
    commit: str = ""
    ended: str = ""
    verdict: str = ""
    stage: str = ""
    skipped: tuple[str, ...] = ()


def new_roll(order: object) -> Begun:
    """A roll that begins now; it is the one to go on with once it is written down."""
    return Begun(secrets.token_hex(8), now(), json.loads(_json(order)))


@dataclass(frozen=True)
class Holder:
    """Who holds a port, for what ("roll", "build", "clean") and, of a roll, how far it is."""

    process: Process
    doing: str
    upstream: str = ""
    stage: str = ""
    stage_since: str = ""

    @property
    def what(self) -> str:
        to = f", to {self.upstream}" if self.upstream else ""
        return f"`sync {self.doing}`{to}" + (f", in stage {self.stage}" if self.stage else "")

    def __str__(self) -> str:
        return f"{self.what} ({self.process})"


@dataclass(frozen=True)
class Journal:
    """The state of one port's rolls, in `folder`."""

    folder: Path

    # ---- who is at work

    @contextmanager
    def held(
        self, doing: str = "roll", upstream: str = "", note: Callable[[str], None] = lambda _: None
    ) -> Iterator[None]:
        """Hold the port: for one roll, or for whatever changes its state. What a killed process
        left is cleared up first: its children are ended, unfinished files removed. Temporary files
        go to a folder of the port's meanwhile, so that nothing stays elsewhere.

        Args:
            doing: the command, for whoever comes second.
            note: told what is cleared up.

        Raises:
            SyncError: (HELD) another process holds it.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(self.folder / "lock"))
                stack.enter_context(family(self.folder / "children", note))
                temporary = self._start(Holder(this_process(), doing, upstream))
            except LockedError as error:
                raise self._refusal(error) from None
            except OSError as error:
                raise unwritable(self.folder, error) from None
            before, tempfile.tempdir = tempfile.tempdir, str(temporary)
            try:
                yield
                with suppress(OSError):  # else it says where it was broken off
                    self._holder_file.unlink(missing_ok=True)
            finally:
                tempfile.tempdir = before
                shutil.rmtree(temporary, ignore_errors=True)

    def _start(self, holder: Holder) -> Path:
        for folder in (self.folder, self.folder / "stages"):
            clear_up(folder)
        temporary = self.folder / "tmp"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(exist_ok=True)
        self._write_holder(holder)
        return temporary

    def _refusal(self, error: LockedError) -> SyncError:
        holder = self.holder()
        if holder is None or holder.process.gone:
            who = "another process" + (f" ({error.holder})" if error.holder else "")
        else:
            who = str(holder)
        return SyncError(
            f"{self.folder} is held by {who}",
            hint="Wait for it to end, or stop it; nothing was changed.",
            exit=Exit.HELD,
        )

    def is_held(self) -> bool:
        """Whether a process holds the port now."""
        return is_locked(self.folder / "lock")

    def holder(self) -> Holder | None:
        """Who holds the port or, while none does, who was killed when it held it last."""
        return _read(self._holder_file, Holder)

    def at(self, stage: str) -> None:
        """Say which stage the process that holds the port is in."""
        if holder := self.holder():
            self._write_holder(replace(holder, stage=stage, stage_since=now()))

    @property
    def _holder_file(self) -> Path:
        return self.folder / "holder.json"

    def _write_holder(self, holder: Holder) -> None:
        # Of use only while the process lives, which ends with the power.
        write_whole(self._holder_file, _json(holder), durable=False)

    # ---- what was asked

    def begun(self) -> Begun | None:
        """The roll that was begun last; None if there is none that this version can read."""
        return _read(self.folder / "order.json", Begun)

    def write_begun(self, begun: Begun) -> None:
        """Write down that a roll has begun, or how far it came."""
        write_whole(self.folder / "order.json", _json(begun))

    def remember(self) -> None:
        """Keep what the last roll found, for `restore`; to be called before another begins."""
        before = fresh_folder(self.folder / _BEFORE)
        for name in _LAST:
            with suppress(FileNotFoundError):
                os.link(self.folder / name, before / name)  # they are only ever replaced
        put_in_place(self.folder / _BEFORE)

    def restore(self) -> None:
        """Have `begun` and `last_roll`, and what is written for people, as they were when
        `remember` was called last. It can be done again where it was broken off."""
        for name in _LAST:
            kept = self.folder / _BEFORE / name
            if kept.is_file():
                write_whole(self.folder / name, kept.read_bytes())
            else:
                (self.folder / name).unlink(missing_ok=True)

    # ---- what was found

    def store(self, stage: str, key: str, seconds: float, result: object) -> None:
        write_whole(self._stage_file(stage), _json(Entry(key, seconds, result)))

    def find(self, stage: str, key: str, kind: type[T]) -> tuple[T, float] | None:
        """The stored result of a stage for exactly these inputs, with the seconds it took."""
        entry = self._entry(stage)
        result = _as(kind, entry) if entry and entry.key == key else None
        return (result, entry.seconds) if entry and result is not None else None

    def last(self, stage: str, kind: type[T]) -> T | None:
        """The stored result of a stage, whatever it was made of."""
        return _as(kind, self._entry(stage))

    def _entry(self, stage: str) -> Entry | None:
        return _read(self._stage_file(stage), Entry)

    def _stage_file(self, stage: str) -> Path:
        return self.folder / "stages" / f"{stage}.json"

    def settle(self, settled: Settled) -> None:
        """Keep what the last whole roll was made of."""
        write_whole(self.folder / "settled.json", _json(settled))

    def settled(self) -> Settled | None:
        return _read(self.folder / "settled.json", Settled)

    def write_roll(self, roll: Roll) -> None:
        """Keep what a roll that has ended found, for `sync status` and `sync accept`."""
        write_whole(self.folder / "roll.json", _json(roll))

    def last_roll(self) -> Roll | None:
        """The last roll that ended; None if there is none that this version can read."""
        return _read(self.folder / "roll.json", Roll)


def _read(path: Path, kind: type[T]) -> T | None:
    """What a file of the journal says; None where it is not there, or damaged, or of another
    version."""
    try:
        found: T = _adapter(kind).validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None
    return found


def _as(kind: type[T], entry: Entry | None) -> T | None:
    """An entry's result; None where there is none, or it is another version's."""
    if entry is None:
        return None
    try:
        found: T = _adapter(kind).validate_python(entry.result)
    except ValidationError:
        return None
    return found
