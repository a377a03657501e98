"""Firmware images: ELF, UF2 and raw flash contents, checked before a byte of them is used."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

from syncer.errors import SyncError

FLASH_BASE = 0x10000000
SRAM_BASE = 0x20000000
SRAM_SIZE = 0x42000

# The second boot stage takes the first 256 bytes of flash (RP2040 datasheet 2.8.1.3.1).
_FLASH_VECTORS = FLASH_BASE + 0x100
_LARGEST_FILE = 256 << 20
_MOST_SEGMENTS = 256

# https://github.com/microsoft/uf2 ; the family is the RP2040's.
_UF2_BLOCK = struct.Struct("<8I476sI")
_UF2_MAGIC = (0x0A324655, 0x9E5D5157, 0x0AB16F30)
_UF2_NOT_FLASH, _UF2_HAS_FAMILY, _UF2_FAMILY = 0x1, 0x2000, 0xE48BFF56


@dataclass(frozen=True)
class Segment:
    address: int
    data: bytes

    def covers(self, address: int) -> bool:
        return self.address <= address < self.address + len(self.data)


@dataclass(frozen=True)
class Image:
    """What goes to which address, and where the vector table is. `elf` is the whole file if it is
    one, for its symbols."""

    name: str
    segments: tuple[Segment, ...]
    vector_table: int
    elf: bytes | None = None


def read(path: str | Path, flash_bytes: int) -> Image:
    """Reads an image for a board with that much flash.

    Raises:
        SyncError: the file cannot be read, is of no known kind, is damaged, or does not fit.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise SyncError(f"{path} is larger than {_LARGEST_FILE >> 20} MB; that is no firmware")
        content = path.read_bytes()
    except OSError as error:
        raise SyncError(f"cannot read the firmware {path}: {error.strerror}") from error
    elf = None
    if content.startswith(b"\x7fELF"):
        segments, elf = _elf_segments(path, content), content
    elif content.startswith(struct.pack("<I", _UF2_MAGIC[0])):
        segments = tuple(_uf2_segments(path, content))
    elif path.suffix == ".bin":
        segments = (Segment(FLASH_BASE, content),)
    else:
        raise SyncError(f"{path} is neither an ELF file nor UF2, nor named *.bin")
    for segment in segments:
        _check_fits(path, segment, flash_bytes)
    return Image(str(path), segments, _vector_table(path, segments), elf)


def _elf_segments(path: Path, content: bytes) -> tuple[Segment, ...]:
    try:
        elf = ELFFile(io.BytesIO(content))
        if (elf.elfclass, elf.little_endian, elf["e_machine"], elf["e_type"]) != (
            32,
            True,
            "EM_ARM",
            "ET_EXEC",
        ):
            raise SyncError(f"{path} is not a linked 32-bit Arm program")
        if elf.num_segments() > _MOST_SEGMENTS:
            raise SyncError(f"{path} has {elf.num_segments()} segments; that is no firmware")
        headers = [segment.header for segment in elf.iter_segments()]
    except SyncError:
        raise
    except Exception as error:  # the parser has no one exception for a damaged file
        raise SyncError(f"{path} is a damaged ELF file: {error}") from error
    segments = []
    for header in headers:
        if header["p_type"] != "PT_LOAD" or header["p_filesz"] == 0:
            continue
        start, size = header["p_offset"], header["p_filesz"]
        if start + size > len(content):
            raise SyncError(
                f"{path} is truncated: a segment ends at byte {start + size} of {len(content)}"
            )
        segments.append(Segment(header["p_paddr"], content[start : start + size]))
    return tuple(segments)


def _uf2_segments(path: Path, content: bytes) -> Iterator[Segment]:
    if len(content) % _UF2_BLOCK.size:
        raise SyncError(f"{path} is truncated: UF2 comes in blocks of {_UF2_BLOCK.size} bytes")
    for number, block in enumerate(_UF2_BLOCK.iter_unpack(content)):
        first, second, flags, address, size, _, _, family, data, last = block
        if (first, second, last) != _UF2_MAGIC or size > len(data):
            raise SyncError(f"{path} is a damaged UF2 file: block {number}")
        if flags & _UF2_NOT_FLASH or (flags & _UF2_HAS_FAMILY and family != _UF2_FAMILY):
            continue  # meant for something else
        yield Segment(address, data[:size])


def _check_fits(path: Path, segment: Segment, flash_bytes: int) -> None:
    end = segment.address + len(segment.data)
    for base, size in ((FLASH_BASE, flash_bytes), (SRAM_BASE, SRAM_SIZE)):
        if base <= segment.address and end <= base + size:
            return
    raise SyncError(
        f"{path}: 0x{segment.address:08x} to 0x{end:08x} is neither in {flash_bytes >> 10} KB of "
        f"flash at 0x{FLASH_BASE:08x} nor in {SRAM_SIZE >> 10} KB of SRAM at 0x{SRAM_BASE:08x}"
    )


def _vector_table(path: Path, segments: tuple[Segment, ...]) -> int:
    """Flash programs start behind the second boot stage, RAM-only ones at the start of SRAM."""
    for address in (_FLASH_VECTORS, SRAM_BASE):
        if any(segment.covers(address) and segment.covers(address + 7) for segment in segments):
            return address
    raise SyncError(
        f"{path} has no vector table, neither at 0x{_FLASH_VECTORS:08x} nor at 0x{SRAM_BASE:08x}"
    )
