"""UF2, the form in which a board takes a program from a USB drive.

The format is https://github.com/microsoft/uf2, README.md: blocks of 512 bytes, each with 256 bytes
of the program, its address and a family that says which chip it is for.
"""

from __future__ import annotations

import struct
from pathlib import Path

from elftools.elf.elffile import ELFFile

from syncer.errors import Exit, SyncError

_MAGIC = (0x0A324655, 0x9E5D5157, 0x0AB16F30)
_FAMILY_GIVEN = 0x2000
_PAYLOAD = 256
_BLOCK = struct.Struct("<8I476sI")


def uf2(elf: Path, family: int) -> bytes:
    """A program as UF2: every page of 256 bytes that it touches, in order of address. A page
    that it fills only in part is padded with zeros.

    Raises:
        SyncError: (BUILD) two segments lie on one another, or there is nothing to load.
    """
    with elf.open("rb") as file:
        loaded = sorted(
            (int(segment["p_paddr"]), segment.data())
            for segment in ELFFile(file).iter_segments()
            if segment["p_type"] == "PT_LOAD" and segment["p_filesz"]
        )
    pages: dict[int, bytearray] = {}
    end = 0
    for start, data in loaded:
        if start < end:
            raise SyncError(f"{elf}: two segments load address {start:#x}", exit=Exit.BUILD)
        end = start + len(data)
        for page in range(start - start % _PAYLOAD, end, _PAYLOAD):
            first, last = max(start, page), min(end, page + _PAYLOAD)
            filled = pages.setdefault(page, bytearray(_PAYLOAD))
            filled[first - page : last - page] = data[first - start : last - start]
    if not pages:
        raise SyncError(f"{elf} has nothing to load", exit=Exit.BUILD)
    blocks = (
        _BLOCK.pack(
            *(_MAGIC[0], _MAGIC[1], _FAMILY_GIVEN, address, _PAYLOAD, number, len(pages), family),
            bytes(pages[address]),
            _MAGIC[2],
        )
        for number, address in enumerate(sorted(pages))
    )
    return b"".join(blocks)
