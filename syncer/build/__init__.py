"""Toolchain and SDK discovery, cmake + ninja, and what the linked programs take."""

from syncer.build.elf import file_digest, measure, symbols_starting
from syncer.build.failure import located
from syncer.build.run import build
from syncer.build.tools import Toolset, find_sdk, find_tool, find_toolset, missing_tools
from syncer.build.uf2 import uf2

__all__ = [
    "Toolset",
    "build",
    "file_digest",
    "find_sdk",
    "find_tool",
    "find_toolset",
    "located",
    "measure",
    "missing_tools",
    "symbols_starting",
    "uf2",
]
