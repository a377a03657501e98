from __future__ import annotations

import kernel_cases as cases
import kernel_reference as reference
import numpy as np
import pytest
from kernel_library import Kernels, unaligned
from kernel_target import TargetKernels


def check(
    kernels: Kernels | TargetKernels,
    rng: np.random.Generator,
    rows: int,
    channels: int,
    columns: int,
    gap: int,
) -> None:
    lhs = cases.int8s(rng, (rows, columns + gap))
    rhs = cases.int8s(rng, (channels, columns))
    bias = cases.biases(rng, channels)
    quantisation = cases.quantisation(rng, channels)
    expected = reference.matmul(lhs[:, :columns], rhs, bias, quantisation)
    # The last row ends with its last column: nothing behind it may be read into the result.
    flat = unaligned(lhs.ravel()[: lhs.size - gap], int(rng.choice([0, 4, 1, 2, 3])))
    weights = unaligned(rhs, int(rng.choice([0, 4, 1, 2, 3]))).reshape(rhs.shape)
    got = kernels.matmul(flat, rows, columns + gap, weights, bias, quantisation)
    assert np.array_equal(got, expected), (rows, channels, columns, gap, quantisation)


@pytest.mark.parametrize("seed", range(4))
def test_random_shapes(kernels: Kernels, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(400):
        rows, channels = (int(n) for n in rng.integers(1, 24, 2))
        columns = int(rng.integers(1, 70))
        check(kernels, rng, rows, channels, columns, int(rng.choice([0, 0, 0, 1, 4, 7])))


@pytest.mark.parametrize(
    ("rows", "channels", "columns"),
    [
        (1, 1, 1),
        (1, 1, 256),
        (1, 64, 8),
        (2, 1, 3),
        (700, 1, 8),  # several tiles
        (700, 16, 8),
        (144, 24, 64),
        (37, 32, 128),
        (9, 64, 256),
        (9, 3, 508),
        (9, 3, 511),
        (9, 3, 512),  # the largest that is packed
        (9, 3, 513),
        (4, 2, 1500),
        (3, 0, 4),
        (0, 3, 4),
    ],
)
def test_edge_shapes(kernels: Kernels, rows: int, channels: int, columns: int) -> None:
    rng = np.random.default_rng(rows * 1_000_000 + channels * 1000 + columns)
    for _ in range(3):
        check(kernels, rng, rows, channels, columns, 0)


@pytest.mark.parametrize("columns", [508, 512, 516, 520, 600, 640])
@pytest.mark.parametrize("weight", [-127, 127])
def test_sums_of_long_rows(kernels: Kernels, columns: int, weight: int) -> None:
    quantisation = reference.Quantisation(
        multipliers=np.full(2, 1 << 30, np.int32),
        shifts=np.full(2, -16, np.int32),
        input_offset=128,
        output_offset=0,
        minimum=-128,
        maximum=127,
    )
    lhs = unaligned(np.full((4, columns), 127, np.int8), 0)
    rhs = unaligned(np.full((2, columns), weight, np.int8), 0).reshape(2, columns)
    expected = reference.matmul(lhs.reshape(4, columns), rhs, None, quantisation)
    assert np.array_equal(kernels.matmul(lhs, 4, columns, rhs, None, quantisation), expected)


def test_weights_of_minus_128(kernels: Kernels) -> None:
    """Every placement of -128 against inputs of -128, where packed products could overflow."""
    rng = np.random.default_rng(0)
    columns = 8
    rhs = np.array(
        [[-128 if mask >> i & 1 else 127 for i in range(columns)] for mask in range(256)], np.int8
    )
    lhs = np.full((4, columns), -128, np.int8)
    lhs[1, ::2] = 127
    lhs[2] = 127
    lhs[3] = 0
    quantisation = reference.Quantisation(
        multipliers=np.full(256, (1 << 31) - 1, np.int32),
        shifts=rng.integers(-11, -9, 256).astype(np.int32),
        input_offset=0,
        output_offset=0,
        minimum=-128,
        maximum=127,
    )
    expected = reference.matmul(lhs, rhs, None, quantisation)
    assert np.array_equal(kernels.matmul(lhs, 4, columns, rhs, None, quantisation), expected)


def test_zero_weights_give_the_bias(kernels: Kernels) -> None:
    quantisation = reference.Quantisation(
        multipliers=np.full(5, 1 << 30, np.int32),
        shifts=np.full(5, 1, np.int32),
        input_offset=128,
        output_offset=3,
        minimum=-128,
        maximum=127,
    )
    bias = np.array([-2, -1, 0, 1, 2], np.int32)
    lhs = np.full((2, 6), 127, np.int8)
    got = kernels.matmul(lhs, 2, 6, np.zeros((5, 6), np.int8), bias, quantisation)
    assert got.tolist() == [[1, 2, 3, 4, 5]] * 2


def test_on_the_target(target: TargetKernels) -> None:
    rng = np.random.default_rng(7)
    for _ in range(60):
        rows, channels = (int(n) for n in rng.integers(1, 12, 2))
        check(target, rng, rows, channels, int(rng.integers(1, 40)), int(rng.choice([0, 1, 4])))
    check(target, rng, 120, 8, 16, 0)
    check(target, rng, 9, 16, 256, 0)
