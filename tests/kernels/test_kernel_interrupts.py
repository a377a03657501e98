"""The kernels on the emulated RP2040, both cores interrupted all the time."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from kernel_library import INCLUDE, SOURCES
from platformdirs import user_cache_path

from syncer.targets.emulator import EmulatorTarget

SDK = Path(os.environ.get("PICO_SDK_PATH", user_cache_path("syncer") / "pico-sdk-2.1.1"))
FIRMWARE = Path(__file__).parent / "firmware"
SAID = re.compile(
    r"^cores (\d): (\d+) layers, (\d+) wrong, (\d+) interrupts of core 0, (\d+) of core 1, "
    r"(\d+) kernels in interrupts, (\d+) of them wrong$",
    re.M,
)


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert SDK.is_dir(), "ci/setup brings the Pico SDK"
    folder = tmp_path_factory.mktemp("interrupted")
    launchers = [f"-DCMAKE_{name}_COMPILER_LAUNCHER=ccache" for name in ("C", "CXX")]
    for command in (
        [
            *("cmake", "-G", "Ninja", "-S", FIRMWARE, "-B", folder, *launchers),
            *("-DPICO_BOARD=pico", "-DPICO_NO_PICOTOOL=1"),
            *(f"-DKERNELS={SOURCES}", f"-DINCLUDE={INCLUDE}"),
        ],
        ["ninja", "-C", folder, "-j2"],
    ):
        environment = {**os.environ, "PICO_SDK_PATH": str(SDK)}
        ran = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=600
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder / "interrupted.elf"


@pytest.mark.slow
def test_results_stand(interrupted: Path) -> None:
    target = EmulatorTarget(exact=False)
    ran = target.run(interrupted, until="interrupted done", budget_cycles=1_000_000_000)
    assert not ran.failure, ran.failure + ran.output
    rounds = [[int(n) for n in match] for match in SAID.findall(ran.output.replace("\r", ""))]
    assert [cores for cores, *_ in rounds] == [2, 1], ran.output
    for cores, layers, wrong, of_core_0, of_core_1, nested, nested_wrong in rounds:
        assert layers > 100 and wrong == 0 and nested_wrong == 0, ran.output
        assert of_core_0 > 10 * layers and nested > layers, ran.output
        assert (of_core_1 > 10 * layers) == (cores == 2), ran.output
