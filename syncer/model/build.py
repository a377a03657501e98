"""What was built, and what the programs hold."""

from __future__ import annotations

from dataclasses import dataclass

from syncer.model.protection import Protection


@dataclass(frozen=True)
class Section:
    name: str
    address: int
    size: int
    memory: str  # "flash", "ram", "flash+ram" (initialised data) or "other"


@dataclass(frozen=True)
class Firmware:
    """One linked program. `kind` is "benchmark", "check", "test" or "example"; `sha256` is its
    ELF file's; `uf2` is the file to give to a board's USB drive, of an example."""

    name: str
    kind: str
    board: str
    elf: str
    sha256: str
    flash: int
    ram: int
    sections: tuple[Section, ...] = ()
    uf2: str | None = None


@dataclass(frozen=True)
class Placed:
    """A symbol of a linked program."""

    name: str
    address: int
    size: int


@dataclass(frozen=True)
class RegionUse:
    """What a program has in a region of port.toml's: `used` bytes of `length`, of which `budget`
    (0: all) are allowed; `symbols` are the largest of those that are meant to be there."""

    name: str
    what: str
    start: int
    length: int
    budget: int
    used: int
    symbols: tuple[Placed, ...]


@dataclass(frozen=True)
class MemoryMap:
    """A program's regions, in port.toml's order."""

    program: str
    regions: tuple[RegionUse, ...]


@dataclass(frozen=True)
class Effect:
    """What became of one `Changed` source or header. `objects` is how many were compiled of it or
    with it; `programs` are those that run and hold code of it; `functions` those it defines, by
    linker name; `displaced` says which of them another file's definition took the place of, and
    in which program."""

    component: str
    path: str
    by: tuple[str, ...]
    place: str
    override: bool = False
    objects: int = 0
    programs: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    displaced: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tool:
    name: str
    version: str
    path: str


@dataclass(frozen=True)
class Unbuilt:
    """A test of upstream's that does not compile or link, and the compiler's or linker's words."""

    name: str
    reason: str


@dataclass(frozen=True)
class BuildResult:
    """`effects` follows the port's changes into the programs; `sizes` is the file that holds the
    programs' sizes by section and symbol, as `sync accept` keeps it. `protection` is what held
    back the compilers, and what CMake and ninja run. `maps` are the programs' regions, but for
    upstream's tests."""

    tools: tuple[Tool, ...]
    firmware: tuple[Firmware, ...]
    log: str = ""
    effects: tuple[Effect, ...] = ()
    sizes: str = ""
    protection: Protection | None = None
    unbuilt: tuple[Unbuilt, ...] = ()
    maps: tuple[MemoryMap, ...] = ()
