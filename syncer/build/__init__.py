"""Toolchain and SDK discovery, cmake + ninja, and what the linked programs take."""

from syncer.build.effects import effects
from syncer.build.elf import file_digest, measure, symbols_starting
from syncer.build.failure import located
from syncer.build.linked import read_program
from syncer.build.regions import check_regions
from syncer.build.run import build, distrust, is_built
from syncer.build.symbols import demangled, program_sizes
from syncer.build.tools import (
    Lack,
    Toolset,
    find_sdk,
    find_tool,
    find_toolset,
    missing_tools,
    sdk_version,
)
from syncer.build.uf2 import uf2

__all__ = [
    "Lack",
    "Toolset",
    "build",
    "check_regions",
    "demangled",
    "distrust",
    "effects",
    "file_digest",
    "find_sdk",
    "find_tool",
    "find_toolset",
    "is_built",
    "located",
    "measure",
    "missing_tools",
    "program_sizes",
    "read_program",
    "sdk_version",
    "symbols_starting",
    "uf2",
]
