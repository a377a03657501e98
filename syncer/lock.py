"""sync.lock: what was last accepted. Written on a roll's branch, or here by `sync accept`."""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict, field
from pathlib import Path

import tomli_w
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from syncer.errors import SyncError

FORMAT = 1
_HEADER = "# What was last accepted; written by sync. Move it with `sync accept`, not by hand.\n"


@dataclass(frozen=True, config=ConfigDict(extra="forbid", strict=True))
class Lock:
    """`commits` and `written` (what upstream wrote, tag or commit) are by component, upstream's
    own name included; `overrides` maps "component:path" to the shadowed blob; `tools` maps a
    tool to its version; `figures` are deterministic ones by name (cycles, bytes)."""

    format: int = FORMAT
    commits: dict[str, str] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    overrides: dict[str, str] = field(default_factory=dict)
    tools: dict[str, str] = field(default_factory=dict)
    figures: dict[str, int] = field(default_factory=dict)


_SCHEMA = TypeAdapter(Lock)


def load_lock(file: Path) -> Lock:
    """Read sync.lock; a file that is not there is the empty lock of a first roll.

    Raises:
        SyncError: it is no TOML, or not of the form this version writes.
    """
    hint = f"Restore it from git: git checkout -- {file.name}"
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
        lock = _SCHEMA.validate_json(json.dumps(data, default=str))
    except FileNotFoundError:
        return Lock()
    except OSError as error:
        raise SyncError(f"{file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SyncError(f"{file}: not valid TOML: {error}", hint=hint) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SyncError(f"{file}: {where}: {first['msg']}", hint=hint) from None
    if lock.format != FORMAT:
        raise SyncError(
            f"{file}: format {lock.format}; this version of sync reads format {FORMAT}",
            hint="Use the version of sync that wrote it, or a newer one.",
        )
    return lock


def lock_text(lock: Lock) -> str:
    """The file's text, sorted, so that two equal locks are equal to the byte."""
    data = {
        key: dict(sorted(value.items())) if isinstance(value, dict) else value
        for key, value in asdict(lock).items()
    }
    return _HEADER + tomli_w.dumps(data)
