from __future__ import annotations

import ctypes
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import kernel_library
import kernel_target
import pytest
from kernel_library import FORWARD, REVERSE, WHOLE, Kernels
from kernel_target import TargetKernels


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    target = tmp_path_factory.mktemp("kernels") / "kernels.so"
    return ctypes.CDLL(str(kernel_library.build(target)))


@pytest.fixture(
    params=[(WHOLE, True), (FORWARD, True), (REVERSE, True), (FORWARD, False)],
    ids=["one-part", "two-parts", "two-parts-reversed", "no-scratch"],
)
def kernels(library: ctypes.CDLL, request: pytest.FixtureRequest) -> Iterator[Kernels]:
    """The kernels as one core runs them, as two do in either order, and without scratch."""
    made = Kernels(library)
    made.run_as(*request.param)
    yield made
    made.run_as(WHOLE, True)


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    assert shutil.which("arm-none-eabi-gcc"), "install gcc-arm-none-eabi"

    @cache
    def built(core: str) -> Path:
        return kernel_target.build(tmp_path_factory.mktemp(core) / "kernels.elf", core)

    return built


@pytest.fixture(
    params=[("cortex-m0plus", FORWARD), ("cortex-m0plus", REVERSE), ("cortex-m33", FORWARD)],
    ids=["two-parts", "two-parts-reversed", "cortex-m33"],
)
def target(programs: Callable[[str], Path], request: pytest.FixtureRequest) -> TargetKernels:
    """The kernels as the Cortex-M0+ runs them, and the Cortex-M33."""
    core, order = request.param
    return TargetKernels(programs(core), core, order)
