"""The regions of memory that port.toml describes, as the linked programs fill them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from syncer.build.symtab import read_symbols
from syncer.errors import Exit, SyncError
from syncer.model import Firmware, MemoryMap, Placed, RegionUse
from syncer.port import Region

_MOST = 8  # symbols that a region's picture names


def check_regions(regions: Sequence[Region], programs: Sequence[Firmware]) -> tuple[MemoryMap, ...]:
    """What each region holds in each program.

    Args:
        programs: those built for the board that the regions are of.

    Raises:
        SyncError: (BUILD) a symbol that is meant for a region lies elsewhere, a region holds more
            than its budget, or a pattern fits no symbol of any program.
    """
    if not regions or not programs:
        return ()
    unmatched = {(region.name, pattern) for region in regions for pattern in region.symbols}
    maps = []
    for firmware in programs:
        with Path(firmware.elf).open("rb") as file:
            image = ELFFile(file)
            symbols = sorted(_symbols(image), key=lambda s: (s.address, s.name))
            spans = list(_spans(image))
        for region in regions:
            for pattern in region.symbols:
                meant = [s for s in symbols if fnmatchcase(s.name, pattern)]
                if meant:
                    unmatched.discard((region.name, pattern))
                _all_inside(firmware.name, region, meant)
        uses = tuple(_use(region, symbols, spans) for region in regions)
        for use in uses:
            if use.budget and use.used > use.budget:
                largest = max(use.symbols, key=lambda s: s.size, default=None)
                raise SyncError(
                    f"{firmware.name}: {use.used:,} bytes in {use.name}, which has a budget of "
                    f"{use.budget:,}" + (f"; {largest.name} has most of it" if largest else ""),
                    hint="Make it smaller, move something elsewhere, or raise region.budget.",
                    exit=Exit.BUILD,
                )
        maps.append(MemoryMap(firmware.name, uses))
    if unmatched:
        name, pattern = sorted(unmatched)[0]
        raise SyncError(
            f"region {name}: no program has a symbol {pattern!r}",
            hint="It was renamed or optimised away; follow it in region.symbols.",
            exit=Exit.BUILD,
        )
    return tuple(maps)


def _all_inside(program: str, region: Region, symbols: Sequence[Placed]) -> None:
    for symbol in symbols:
        if not region.start <= symbol.address < region.start + region.length:
            raise SyncError(
                f"{program}: {symbol.name} lies at 0x{symbol.address:08x}, outside {region.name} "
                f"(0x{region.start:08x}, {region.length:,} bytes)",
                hint="Its section's name decides; or port.toml's region.symbols means another.",
                exit=Exit.BUILD,
            )


def _use(region: Region, symbols: Sequence[Placed], spans: Sequence[tuple[int, int]]) -> RegionUse:
    end = region.start + region.length
    used = sum(max(0, min(end, b) - max(region.start, a)) for a, b in spans)
    inside = [s for s in symbols if region.start <= s.address < end and s.size]
    meant = [s for s in inside if any(fnmatchcase(s.name, p) for p in region.symbols)]
    largest = sorted({*meant} or {*inside}, key=lambda s: (-s.size, s.name))[:_MOST]
    return RegionUse(
        region.name,
        region.what,
        region.start,
        region.length,
        region.budget or 0,
        used,
        tuple(largest),
    )


def _symbols(image: ELFFile) -> Iterator[Placed]:
    for symbol in read_symbols(image):
        if symbol.defined:
            address = symbol.value & (~1 if symbol.kind == "function" else ~0)
            yield Placed(symbol.name, address, symbol.size)


def _spans(image: ELFFile) -> Iterator[tuple[int, int]]:
    for section in image.iter_sections():
        if section["sh_flags"] & SH_FLAGS.SHF_ALLOC:
            yield section["sh_addr"], section["sh_addr"] + section["sh_size"]
