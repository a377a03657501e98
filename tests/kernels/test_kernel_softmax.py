from __future__ import annotations

import ctypes

import kernel_cases as cases
import kernel_reference as reference
import numpy as np
import pytest
from kernel_library import Kernels
from kernel_target import TargetKernels


@pytest.fixture
def host(library: ctypes.CDLL) -> Kernels:
    """One core does it all."""
    return Kernels(library)


def scale(rng: np.random.Generator) -> tuple[int, int, int]:
    """Multiplier, shift and least difference, as TFLM makes them of an input's scale."""
    shift = int(rng.integers(12, 28))
    return int(rng.integers(1 << 30, 1 << 31)), shift, -((31 << 26) >> shift)


def check(kernels: Kernels | TargetKernels, rng: np.random.Generator, size: int) -> None:
    shape = (int(rng.integers(1, 4)), size)
    values = cases.int8s(rng, shape)
    if rng.integers(2):
        values = np.ascontiguousarray(values // int(rng.integers(1, 40)), np.int8)
    given = scale(rng)
    for dtype in (np.int8, np.int16):
        expected = reference.softmax(values, given, dtype)
        assert np.array_equal(kernels.softmax(values, given, dtype), expected), (values, given)


@pytest.mark.parametrize("seed", range(2))
def test_random_values(host: Kernels, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(400):
        check(host, rng, int(rng.integers(1, 80)))


@pytest.mark.parametrize("size", [1, 2, 32, 33, 250])
def test_edge_sizes(host: Kernels, size: int) -> None:
    rng = np.random.default_rng(size)
    for _ in range(20):
        check(host, rng, size)


def test_every_exponential(host: Kernels) -> None:
    """Two values of every distance, at every shift: one exponential each."""
    pairs = np.stack([np.full(256, 127), np.arange(-128, 128)], axis=1).astype(np.int8)
    for shift in range(12, 28):
        for multiplier in (1 << 30, 1_518_500_250, (1 << 31) - 1):
            given = (multiplier, shift, -((31 << 26) >> shift))
            expected = reference.softmax(pairs, given, np.int16)
            assert np.array_equal(host.softmax(pairs, given, np.int16), expected)


def test_on_the_target(target: TargetKernels) -> None:
    rng = np.random.default_rng(3)
    for _ in range(60):
        check(target, rng, int(rng.integers(1, 50)))
