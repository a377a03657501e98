from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from kernel_library import ASSEMBLY, INCLUDE, KERNELS, SOURCES, WARNINGS

SDK = Path(__file__).parent / "sdk"
ON_DEVICE = ("-DPICO_ON_DEVICE=1", "-DPICO_RP2040=1", "-DKERNELS_WEIGHTS_BY_DMA=0")


@pytest.mark.parametrize(
    "flags",
    [
        ("-O3",),
        ("-O3", *ON_DEVICE),
        ("-Os", *ON_DEVICE, "-DCMSIS_NN_USE_SINGLE_ROUNDING"),
    ],
    ids=["plain", "on-device", "single-rounding"],
)
def test_clean_for_the_target(tmp_path: Path, flags: tuple[str, ...]) -> None:
    for name in (*KERNELS, *ASSEMBLY, "dual_core.c", "dual_core_stack.S"):
        subprocess.run(
            [
                "arm-none-eabi-gcc",
                "-mcpu=cortex-m0plus",
                "-mthumb",
                "-std=c11",
                *WARNINGS,
                *flags,
                f"-I{SOURCES}",
                f"-I{INCLUDE}",
                f"-I{SDK}",
                "-c",
                str(SOURCES / name),
                "-o",
                str(tmp_path / "object.o"),
            ],
            check=True,
            timeout=60,
        )


def test_headers_serve_cpp(tmp_path: Path) -> None:
    source = tmp_path / "all.cc"
    headers = ("depthwise.h", "depthwise_plane.h", "dual_core.h", "requantize.h", "slow_path.h")
    source.write_text("".join(f'#include "{header}"\n' for header in headers))
    subprocess.run(
        ["g++", "-std=c++17", *WARNINGS, f"-I{SOURCES}", f"-I{INCLUDE}", "-fsyntax-only", source],
        check=True,
        timeout=60,
    )
