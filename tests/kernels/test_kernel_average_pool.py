from __future__ import annotations

import kernel_cases as cases
import kernel_reference as reference
import numpy as np
import pytest
from kernel_library import Kernels, unaligned
from kernel_target import TargetKernels

ARGUMENT_ERROR = -1  # ARM_CMSIS_NN_ARG_ERROR


def pair(rng: np.random.Generator, low: int, high: int) -> tuple[int, int]:
    return int(rng.integers(low, high)), int(rng.integers(low, high))


def check(kernels: Kernels | TargetKernels, rng: np.random.Generator, largest: int) -> None:
    channels = int(rng.choice([1, 2, 3, 4, 5, 8, 12, 20, 33]))
    shape = (int(rng.integers(1, 3)), *pair(rng, 1, largest), channels)
    image = unaligned(cases.int8s(rng, shape), int(rng.integers(2)) * int(rng.integers(4)))
    image = image.reshape(shape)
    filter_size, stride, padding = pair(rng, 1, largest + 2), pair(rng, 1, 4), pair(rng, 0, 3)
    size = pair(rng, 1, 6)
    low, high = sorted(int(v) for v in rng.integers(-128, 128, 2))
    limits = (low, high) if rng.integers(2) else (-128, 127)
    given = (image, filter_size, size, stride, padding, limits)
    expected, got = reference.average_pool(*given), kernels.average_pool(*given)
    if expected is None:
        assert got == ARGUMENT_ERROR
    else:
        assert np.array_equal(np.asarray(got), expected), given[1:]


@pytest.mark.parametrize("seed", range(2))
def test_random_shapes(kernels: Kernels, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(300):
        check(kernels, rng, 9)


def test_large_windows(kernels: Kernels) -> None:
    """Of up to 256 pixels and more, of which the two ways to divide and to add up take turns."""
    rng = np.random.default_rng(5)
    for sides in ((16, 16), (1, 257), (13, 20), (255, 1), (17, 16), (2, 128)):
        for value in (-128, 127, None):
            shape = (1, *sides, 8)
            image = cases.int8s(rng, shape) if value is None else np.full(shape, value, np.int8)
            given = (image, sides, (1, 1), (1, 1), (0, 0), (-128, 127))
            assert np.array_equal(
                np.asarray(kernels.average_pool(*given)), reference.average_pool(*given)
            )


def test_every_mean(kernels: Kernels) -> None:
    """Every sum that up to 12 pixels can have, in four channels at once."""
    for count in range(1, 13):
        sums = np.arange(-128 * count, 127 * count + 1)
        pixels = np.stack([(sums + i) // count for i in range(count)])
        assert (pixels.sum(axis=0) == sums).all()
        padded = np.zeros((count, -(-len(sums) // 4) * 4), np.int64)
        padded[:, : len(sums)] = pixels
        image = padded.astype(np.int8).reshape(1, 1, count, -1)
        given = (image, (1, count), (1, 1), (1, 1), (0, 0), (-128, 127))
        assert np.array_equal(
            np.asarray(kernels.average_pool(*given)), reference.average_pool(*given)
        )


def test_on_the_target(target: TargetKernels) -> None:
    rng = np.random.default_rng(3)
    for _ in range(60):
        check(target, rng, 7)
