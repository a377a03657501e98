"""Builds the extension module `syncer.emulator._core` from the C sources under `core/`.

setuptools does it for a distribution (`cffi_modules=["syncer/emulator/build_core.py:ffibuilder"]`,
from the project's root); `python syncer/emulator/build_core.py` compiles it in place.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from cffi import FFI

_FOLDER = Path(__file__).resolve().parent
_CORE = _FOLDER / "core"

# The interpreter jumps from one opcode to the next; -fgcse would merge those jumps into one.
_FLAGS = ["-std=c11", "-O3", "-fno-gcse", "-Wall", "-Wextra"]


def _declarations() -> str:
    """The part of core/api.h that is meant for cffi."""
    text = (_CORE / "api.h").read_text(encoding="utf-8")
    return text.split("/* cffi: begin */")[1].split("/* cffi: end */")[0]


def _builder(start: Path) -> FFI:
    """`start`: the folder that relative paths to the sources begin at."""

    def relative(path: Path) -> str:
        return os.path.relpath(path, start)

    builder = FFI()
    builder.cdef(_declarations())
    builder.set_source(
        "syncer.emulator._core",
        '#include "api.h"',
        sources=[relative(path) for path in sorted(_CORE.glob("*.c"))],
        depends=[relative(path) for path in sorted(_CORE.glob("*.h"))],
        include_dirs=[relative(_CORE)],
        extra_compile_args=_FLAGS + os.environ.get("SYNCER_CORE_CFLAGS", "").split(),
        extra_link_args=os.environ.get("SYNCER_CORE_LDFLAGS", "").split(),
    )
    return builder


ffibuilder = _builder(Path.cwd())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        built = Path(_builder(Path(scratch)).compile(tmpdir=scratch))
        target = _FOLDER / built.name
        # A loaded module must not be written over: replace it.
        target.unlink(missing_ok=True)
        target.write_bytes(built.read_bytes())
    print(target)
