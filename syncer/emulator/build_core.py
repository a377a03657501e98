"""Builds the extension module `syncer.emulator._core` from the C sources under `core/`.

setuptools does it for a distribution (`cffi_modules=["syncer/emulator/build_core.py:ffibuilder"]`,
from the project's root); `python syncer/emulator/build_core.py` compiles it in place.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from cffi import FFI

_FOLDER = Path(__file__).resolve().parent
_CORE = _FOLDER / "core"

# The interpreters jump from one opcode to the next: that is not to be merged into one jump for all.
_FLAGS = ["-std=c11", "-O2", "-fno-gcse", "-fno-crossjumping", "-Wall", "-Wextra"]
_FLAGS += ["--param=max-goto-duplication-insns=40"]


def _declarations() -> str:
    """The part of core/api.h that is meant for cffi."""
    text = (_CORE / "api.h").read_text(encoding="utf-8")
    return text.split("/* cffi: begin */")[1].split("/* cffi: end */")[0]


def _builder(core: Path, start: Path) -> FFI:
    """`core`: the sources; `start`: the folder that relative paths to them begin at."""

    def relative(path: Path) -> str:
        return os.path.relpath(path, start)

    builder = FFI()
    builder.cdef(_declarations())
    builder.set_source(
        "syncer.emulator._core",
        '#include "api.h"',
        sources=[relative(path) for path in sorted(core.glob("*.c"))],
        depends=[relative(path) for path in sorted(core.glob("*.h"))],
        include_dirs=[relative(core)],
        extra_compile_args=_FLAGS + os.environ.get("SYNCER_CORE_CFLAGS", "").split(),
        extra_link_args=os.environ.get("SYNCER_CORE_LDFLAGS", "").split(),
    )
    return builder


ffibuilder = _builder(_CORE, Path.cwd())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:  # objects are left beside the sources
        core = Path(shutil.copytree(_CORE, Path(scratch, "core")))
        built = Path(_builder(core, Path(scratch)).compile(tmpdir=scratch))
        target = _FOLDER / "_core.abi3.so"  # as setuptools names it: never two of them
        # A loaded module must not be written over: put the new one in its place.
        fresh = target.with_suffix(".new")
        shutil.copyfile(built, fresh)
        fresh.replace(target)
    print(target)
