"""dual_core.c: the RP2040's side of it on two threads, the host's side as it is."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import pytest
from kernel_library import SOURCES, WARNINGS

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("dual_core") / "driver"
    subprocess.run(
        [
            "gcc",
            "-std=gnu11",
            "-O2",
            "-g",
            "-fsanitize=undefined",
            "-fno-sanitize-recover=all",
            *WARNINGS,
            "-DPICO_ON_DEVICE=1",
            "-DPICO_RP2040=1",
            f"-I{HERE / 'sdk'}",
            f"-I{SOURCES}",
            str(SOURCES / "dual_core.c"),
            str(HERE / "dual_core_driver.c"),
            "-lpthread",
            "-o",
            str(target),
        ],
        check=True,
        timeout=120,
    )
    return target


@pytest.mark.parametrize(
    "scenario", ["both_cores", "nested", "disabled", "enabled", "from_core1", "scratch"]
)
def test_two_cores(driver: Path, scenario: str) -> None:
    ran = subprocess.run([driver, scenario], capture_output=True, text=True, timeout=120)
    assert (ran.returncode, ran.stdout) == (0, "done\n"), ran.stdout + ran.stderr


def test_one_core(tmp_path: Path) -> None:
    target = tmp_path / "dual_core.so"
    subprocess.run(
        ["gcc", "-shared", "-fPIC", *WARNINGS, str(SOURCES / "dual_core.c"), "-o", str(target)],
        check=True,
        timeout=120,
    )
    library = ctypes.CDLL(str(target))
    library.dual_core_scratch_acquire.restype = ctypes.c_void_p
    library.dual_core_scratch_release.argtypes = [ctypes.c_void_p]
    seen: list[tuple[int, int]] = []
    job = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_int)(
        lambda _arg, part, parts: seen.append((part, parts))
    )
    library.dual_core_run(job, None)
    assert seen == [(0, 1)]
    first = library.dual_core_scratch_acquire()
    assert first is not None
    assert library.dual_core_scratch_acquire() is None
    library.dual_core_scratch_release(None)
    library.dual_core_scratch_release(first)
    assert library.dual_core_scratch_acquire() == first
