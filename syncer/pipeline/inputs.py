"""What stages' keys are made of, beyond what stages hand to one another."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import metadata
from pathlib import Path

from syncer.files import file_digest
from syncer.port import Port


@cache
def code_digest() -> str:
    """A digest of this program, so that a stored result of other code is never taken."""
    digest = hashlib.sha256()
    folder = Path(__file__).parents[1]
    suffixes = {".py", ".c", ".h", ".jinja", ".css", ".json"}
    for path in sorted(p for p in folder.rglob("*") if p.suffix in suffixes and p.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def package_version(package: str) -> str:
    """The installed version of a Python package; empty if there is none."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def file_digests(port: Port, paths: list[str]) -> dict[str, str]:
    """SHA-256 of each file, those below folders included, by path."""
    found: dict[str, str] = {}
    for name in paths:
        path = port.at(name)
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        found |= {str(f.relative_to(port.root)): file_digest(f) for f in files if f.is_file()}
    return found
