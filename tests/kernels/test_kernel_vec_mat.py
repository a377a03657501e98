from __future__ import annotations

import kernel_cases as cases
import kernel_reference as reference
import numpy as np
import pytest
from kernel_library import Kernels, unaligned
from kernel_reference import Quantisation
from kernel_target import TargetKernels


def check(
    kernels: Kernels | TargetKernels, rng: np.random.Generator, rows: int, columns: int
) -> None:
    lhs = unaligned(cases.int8s(rng, (columns,)), int(rng.integers(4)))
    rhs = unaligned(cases.int8s(rng, (rows, columns)), int(rng.integers(4))).reshape(rows, columns)
    bias = cases.biases(rng, rows)
    q = cases.quantisation(rng, rows)
    per_channel = bool(rng.integers(2))
    if not per_channel:
        q = Quantisation(
            np.full(rows, q.multipliers[0], np.int32),
            np.full(rows, q.shifts[0], np.int32),
            q.input_offset,
            q.output_offset,
            q.minimum,
            q.maximum,
        )
    rhs_offset = int(rng.choice([0, 0, 1, -128, 127]))
    expected = reference.vec_mat(lhs, rhs, bias, q, rhs_offset)
    got = kernels.vec_mat(lhs, rhs, bias, q, rhs_offset, int(rng.choice([1, 1, 2, 5])), per_channel)
    assert np.array_equal(got, expected), (rows, columns, q, rhs_offset, per_channel)


@pytest.mark.parametrize("seed", range(4))
def test_random_shapes(kernels: Kernels, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(400):
        check(kernels, rng, int(rng.integers(1, 40)), int(rng.integers(1, 80)))


@pytest.mark.parametrize(
    ("rows", "columns"), [(1, 1), (1, 4000), (2, 5216), (3, 5217), (10, 640), (256, 9), (7, 6000)]
)
def test_edge_shapes(kernels: Kernels, rows: int, columns: int) -> None:
    rng = np.random.default_rng(rows)
    for _ in range(4):
        check(kernels, rng, rows, columns)


def test_on_the_target(target: TargetKernels) -> None:
    rng = np.random.default_rng(3)
    for _ in range(80):
        check(target, rng, int(rng.integers(1, 20)), int(rng.integers(1, 50)))
