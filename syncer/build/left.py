"""What an earlier build has left, and whether it can be taken for what it was."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from syncer.files import file_digest
from syncer.model import BuildResult

MADE_WITH = "made-with.txt"  # in the folder of each board


def is_built(built: BuildResult) -> bool:
    """Whether the programs of an earlier build are there as they were made."""
    if not all(Path(item.uf2).is_file() for item in built.firmware if item.uf2):
        return False
    with ThreadPoolExecutor() as pool:  # hashing needs no interpreter
        digests = pool.map(file_digest, (Path(item.elf) for item in built.firmware))
        return all(d == item.sha256 for d, item in zip(digests, built.firmware, strict=True))


def distrust(folder: Path) -> None:
    """Have the next build in `folder` take nothing of what is there."""
    for made_with in folder.glob(f"*/{MADE_WITH}"):
        made_with.unlink()
