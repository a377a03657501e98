"""What a generated tree is known by."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path


def tree_digest(folder: Path) -> str:
    """SHA-256 over every path and content of a tree; empty if there is none."""
    if not folder.is_dir():
        return ""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return files_digest({p.relative_to(folder).as_posix(): p.read_bytes() for p in paths})


def files_digest(files: Mapping[str, bytes]) -> str:
    """The same of `files`, by path."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path}\0{len(files[path])}\0".encode())
        digest.update(files[path])
    return digest.hexdigest()
