"""Random memory as code in a build with sanitizers, both cores; and ahead as in turns.

SYNC_FUZZ_SEEDS=100000 runs more; SYNC_FUZZ_FIRST=1000000 begins elsewhere.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import syncer.emulator

CORE = Path(syncer.emulator.__file__).parent / "core"
DRIVER = Path(__file__).with_name("fuzz_core.c")
FIRST = os.environ.get("SYNC_FUZZ_FIRST", "1")
SEEDS = os.environ.get("SYNC_FUZZ_SEEDS", "60")


@pytest.fixture(scope="module")
def fuzz(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The driver with the whole core, each file compiled on its own so that ccache knows it."""
    folder = tmp_path_factory.mktemp("fuzz")
    compiler = [*filter(None, [shutil.which("ccache")]), "gcc"]
    flags = ["-std=c11", "-O1", "-fno-gcse", f"-I{CORE}"]
    flags += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    objects = []
    for source in (*sorted(CORE.glob("*.c")), DRIVER):
        objects.append(folder / f"{source.stem}.o")
        subprocess.run([*compiler, *flags, "-c", source, "-o", objects[-1]], check=True)
    program = folder / "fuzz"
    subprocess.run(["gcc", *flags, *objects, "-o", program], check=True)
    return program


@pytest.mark.slow
def test_random_memory_as_code_harms_nothing(fuzz: Path) -> None:
    done = subprocess.run(
        [fuzz, FIRST, SEEDS], capture_output=True, text=True, timeout=36000, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
