"""rp2040js, the emulator in JavaScript that others use: fetched once into the user's cache, run on
one program by _rp2040js.mjs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from syncer.emulator import bootrom, image

VERSION = "1.4.1"
FLASH_BASE, FLASH_BYTES = 0x10000000, 2 << 20


def installed() -> Path:
    """The folder whose node_modules has rp2040js; ends the bench where it cannot be had."""
    folder = user_cache_path("syncer") / f"rp2040js-{VERSION}"
    if not (folder / "node_modules/rp2040js").is_dir():
        for tool in ("node", "npm"):
            if shutil.which(tool) is None:
                sys.exit(f"{tool} is missing: apt-get install nodejs npm")
        folder.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--prefix", str(folder), f"rp2040js@{VERSION}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"npm install rp2040js ended with {done.returncode}\n{done.stderr}")
    return folder


def run(
    firmware: Path, *, rounds: int = 1, most: int = 10**9, until: str = "", count: int = 1
) -> list[dict[str, Any]]:
    """Each round's instructions, CPU seconds, why it was over (fifo, line or nothing), and text."""
    folder = installed()
    flash = bytearray(b"\xff" * FLASH_BYTES)
    for segment in image.read(firmware, FLASH_BYTES).segments:
        start = segment.address - FLASH_BASE
        if 0 <= start < FLASH_BYTES:
            flash[start : start + len(segment.data)] = segment.data
    with tempfile.TemporaryDirectory() as scratch:
        rom_file, flash_file = Path(scratch, "rom"), Path(scratch, "flash")
        rom_file.write_bytes(bootrom.load())
        flash_file.write_bytes(flash)
        script = Path(__file__).with_suffix(".mjs")
        command = ["node", str(script), str(folder), str(rom_file), str(flash_file)]
        command += [str(rounds), str(most), until, str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"rp2040js ended with {done.returncode}\n{done.stderr[-2000:]}")
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found
