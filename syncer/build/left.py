"""What an earlier build has left, and whether it can be taken for what it was."""

from __future__ import annotations

from pathlib import Path

from syncer.files import file_digest
from syncer.model import BuildResult

MADE_WITH = "made-with.txt"  # in the folder of each board


def is_built(built: BuildResult) -> bool:
    """Whether the programs of an earlier build are there as they were made."""
    for firmware in built.firmware:
        if file_digest(Path(firmware.elf)) != firmware.sha256:
            return False
        if firmware.uf2 and not Path(firmware.uf2).is_file():
            return False
    return True


def distrust(folder: Path) -> None:
    """Have the next build in `folder` take nothing of what is there."""
    for made_with in folder.glob(f"*/{MADE_WITH}"):
        made_with.unlink()
