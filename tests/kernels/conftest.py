from __future__ import annotations

import ctypes
from collections.abc import Iterator

import pytest
from kernel_library import Kernels, build


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return ctypes.CDLL(str(build(tmp_path_factory.mktemp("kernels") / "kernels.so")))


@pytest.fixture(
    params=[(0, True), (1, True), (2, True), (1, False)],
    ids=["one-part", "two-parts", "two-parts-reversed", "no-scratch"],
)
def kernels(library: ctypes.CDLL, request: pytest.FixtureRequest) -> Iterator[Kernels]:
    """The kernels as one core runs them, as two do in either order, and without scratch."""
    made = Kernels(library)
    made.run_as(*request.param)
    yield made
    made.run_as(0, True)
