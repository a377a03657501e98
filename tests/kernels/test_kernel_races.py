from __future__ import annotations

import subprocess
from pathlib import Path

from kernel_library import INCLUDE, KERNELS, SOURCES, WARNINGS


def test_parts_share_nothing_they_write(tmp_path: Path) -> None:
    target = tmp_path / "races"
    subprocess.run(
        [
            "gcc",
            "-std=gnu11",
            "-O1",
            "-g",
            "-fsanitize=thread",
            *WARNINGS,
            f"-I{SOURCES}",
            f"-I{INCLUDE}",
            *(str(SOURCES / name) for name in KERNELS),
            str(Path(__file__).with_name("races.c")),
            "-lpthread",
            "-o",
            str(target),
        ],
        check=True,
        timeout=120,
    )
    # A fixed memory layout: some systems randomise addresses beyond what the sanitizer can map.
    ran = subprocess.run(
        ["setarch", "-R", target], capture_output=True, text=True, errors="replace", timeout=120
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
