"""sync.lock: what was last accepted. Written on a roll's branch, or here by `sync accept`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import asdict, field
from pathlib import Path

import tomli_w
from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

from syncer.errors import SyncError
from syncer.files import read_toml
from syncer.mistakes import checked

FORMAT = 1
_HEADER = "# What was last accepted; written by sync. Move it with `sync accept`, not by hand.\n"


_CLOSED = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, config=_CLOSED)
class Anchor:
    """The figures a person last accepted knowingly: `why`, on which `date`, at which upstream
    `commit`. An accepted roll within the gates leaves it alone, so that small steps cannot add up;
    a figure that is new joins it."""

    why: str = ""
    date: str = ""
    commit: str = ""
    figures: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, config=_CLOSED)
class Lock:
    """`commits` and `written` (what upstream wrote, tag or commit) are by component, upstream's
    own name included; `overrides` maps "component:path" to the shadowed blob; `carried` maps each
    patch ("component/file") and override ("component:path") to the blob of the port's own file;
    `tools` maps a tool to its version; `figures` are deterministic ones by name (cycles, bytes);
    `kernels` maps a layer's name to the kernel functions that ran in it, those of overrides
    marked with a `*`; `tests` maps a test to the number of its cases that ran."""

    format: int = FORMAT
    commits: dict[str, str] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    overrides: dict[str, str] = field(default_factory=dict)
    carried: dict[str, str] = field(default_factory=dict)
    tools: dict[str, str] = field(default_factory=dict)
    figures: dict[str, int] = field(default_factory=dict)
    anchor: Anchor = field(default_factory=Anchor)
    kernels: dict[str, str] = field(default_factory=dict)
    tests: dict[str, int] = field(default_factory=dict)

    @property
    def anchored(self) -> dict[str, int]:
        """The anchor's figures; in a lock from before there were anchors, the accepted ones."""
        return self.anchor.figures or self.figures


_SCHEMA = TypeAdapter(Lock)


def load_lock(file: Path) -> Lock:
    """Read sync.lock; a file that is not there is the empty lock of a first roll.

    Raises:
        SyncError: it is no TOML, or not of the form this version writes.
    """
    hint = f"Restore it from git: git checkout -- {file.name}"
    if not os.path.lexists(file):
        return Lock()
    data = read_toml(file, hint=hint)
    written = data.get("format", FORMAT)
    if isinstance(written, int) and written != FORMAT:  # before keys that only it knows
        raise SyncError(
            f"{file}: format {written}; this version of sync reads format {FORMAT}",
            hint="Use the version of sync that wrote it, or a newer one.",
        )
    lock = checked(file, data, _SCHEMA, hint=hint)
    for name, commit in lock.commits.items():
        if not re.fullmatch("[0-9a-f]{40}", commit):
            raise SyncError(
                f"{file}: commits.{name}: {commit!r} is no commit of 40 digits", hint=hint
            )
    for name, figure in (*lock.figures.items(), *lock.anchor.figures.items()):
        if figure < 0:
            raise SyncError(f"{file}: figures.{name}: {figure} is less than 0", hint=hint)
    return lock


def lock_text(lock: Lock) -> str:
    """The file's text, sorted, so that two equal locks are equal to the byte."""
    data = asdict(lock)
    data["anchor"]["figures"] = _sorted(lock.anchor.figures)
    tables = {key: _sorted(data[key]) for key, value in data.items() if isinstance(value, dict)}
    return _HEADER + tomli_w.dumps(data | tables | {"anchor": data["anchor"]})


def _sorted(table: Mapping[str, object]) -> dict[str, object]:
    return dict(sorted(table.items()))
