"""What a generated tree is known by."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path


def tree_digest(folder: Path) -> str:
    """SHA-256 over every path and content of a tree; empty if there is none."""
    if not folder.is_dir():
        return ""
    found: dict[str, bytes] = {}
    for place, _, names in os.walk(folder):
        below = Path(place).relative_to(folder).as_posix()
        for file in (Path(place, name) for name in names):
            if file.is_file():
                path = file.name if below == "." else f"{below}/{file.name}"
                found[path] = file.read_bytes()
    return files_digest(found)


def files_digest(files: Mapping[str, bytes]) -> str:
    """The same of `files`, by path."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path}\0{len(files[path])}\0".encode())
        digest.update(files[path])
    return digest.hexdigest()
