"""C arrays, taken from the tree that is there as long as nothing that makes them has changed.

Beside the tree lies a list (arrays.json) of what each was made from, with the SHA-256 of its files.
A file that is not as the list has it is made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

from syncer.port import Array
from syncer.tree import arrays
from syncer.tree.lists import load_list, save_list

_LIST = "arrays.json"


def all_arrays(
    wanted: Iterable[Array],
    ids: Callable[[str], str | None],
    read: Callable[[Array], bytes],
    tree: Path,
) -> dict[str, bytes]:
    """The files of the `wanted` arrays, by path in the tree.

    Args:
        ids: names the content of one of upstream's files; None if that is not known.
        read: what an array is made from.
        tree: where the last one is, if there is one; the list lies beside it.

    Raises:
        SyncError: as `arrays.array_files` and `read`.
    """
    list_file = tree.with_name(_LIST)
    had, kept, files = load_list(list_file), {}, dict[str, bytes]()
    by = hashlib.sha256(Path(arrays.__file__).read_bytes()).hexdigest()
    for array in wanted:
        made_from = json.dumps([by, ids(array.from_), asdict(array)])
        made = _as_listed(tree, had.get(made_from, {})) if ids(array.from_) else {}
        if not made:
            made = arrays.array_files(array, read(array))
        kept[made_from] = {path: _digest(data) for path, data in made.items()}
        files |= made
    save_list(list_file, kept)
    return files


def _as_listed(tree: Path, listed: Mapping[str, str]) -> dict[str, bytes]:
    """The files of the tree that are listed; none if one of them is another."""
    files = {}
    for path, digest in listed.items():
        file = tree / path
        files[path] = file.read_bytes() if file.is_file() else b""
        if _digest(files[path]) != digest:
            return {}
    return files


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
