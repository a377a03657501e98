from __future__ import annotations

import ctypes
from pathlib import Path

import kernel_reference as reference
import numpy as np
import pytest
from kernel_library import Kernels, build
from kernel_target import TargetKernels
from numpy.typing import NDArray

EDGES = np.array(
    sorted(
        {
            sign * ((1 << bit) + off)
            for sign in (-1, 1)
            for bit in range(32)
            for off in (-2, -1, 0, 1, 2)
            if -(1 << 31) <= sign * ((1 << bit) + off) < 1 << 31
        }
    ),
    np.int64,
)


Sample = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]


def grid() -> Sample:
    """Every edge value as accumulator and multiplier, with every shift."""
    multipliers = EDGES[EDGES > -(1 << 31)]
    parts = np.meshgrid(EDGES, multipliers, np.arange(-31, 31), indexing="ij")
    a, m, s = (np.ascontiguousarray(part.ravel().astype(np.int32)) for part in parts)
    return a, m, s


def test_edge_values(library: ctypes.CDLL) -> None:
    a, m, s = grid()
    assert np.array_equal(Kernels(library).scale(a, m, s), reference.scale(a, m, s))


def test_random_values(library: ctypes.CDLL) -> None:
    rng = np.random.default_rng(1)
    count = 1_000_000
    a = rng.integers(-(1 << 31), 1 << 31, count).astype(np.int32) >> rng.integers(0, 31, count)
    m = rng.integers(-(1 << 31) + 1, 1 << 31, count).astype(np.int32)
    s = rng.integers(-31, 31, count).astype(np.int32)
    a = a.astype(np.int32)
    assert np.array_equal(Kernels(library).scale(a, m, s), reference.scale(a, m, s))


# Offset, minimum, maximum; the first two are rectifiers.
LIMITS = [(-128, -128, 127), (5, 5, 90), (0, -128, 127), (-7, -100, -20), (100, 20, 30)]


def clipped(scaled: NDArray[np.int64], limits: tuple[int, int, int]) -> NDArray[np.int64]:
    offset, minimum, maximum = limits
    return np.clip(scaled + offset, minimum, maximum)


def small(rng: np.random.Generator, count: int) -> Sample:
    """Accumulators as layers have them, around those that take two products or saturate."""
    a = rng.integers(-(1 << 18), 1 << 18, count).astype(np.int32)
    a[::3] >>= 8
    a[::7] = rng.integers(65530, 65542, a[::7].size)
    m = rng.integers(1 << 30, 1 << 31, count).astype(np.int32)
    s = rng.integers(-16, 2, count).astype(np.int32)
    return a, m, s


@pytest.mark.parametrize("limits", LIMITS)
def test_outputs(library: ctypes.CDLL, limits: tuple[int, int, int]) -> None:
    for a, m, s in (grid(), small(np.random.default_rng(3), 300_000)):
        scaled = reference.scale(a, m, s)
        fits = np.abs(scaled) < (1 << 31) - 128  # beyond, CMSIS-NN's sum overflows as well
        got = Kernels(library).outputs(a[fits], m[fits], s[fits], limits)
        assert np.array_equal(got, clipped(scaled[fits], limits))


def test_fast_outputs(library: ctypes.CDLL) -> None:
    """Around every step of the output, at both its limits, and far outside them."""
    rng = np.random.default_rng(5)
    count = 700
    m = rng.integers(1 << 30, 1 << 31, count)
    m[::5] = (1 << 30) + rng.integers(0, 3, m[::5].size)
    m[1::5] = (1 << 31) - 1 - rng.integers(0, 3, m[1::5].size)
    s = rng.integers(-12, 0, count)
    middles = (np.arange(-257, 258) - 0.5) * 2.0 ** (31 - s[:, None]) / m[:, None]
    a = (np.floor(middles)[:, :, None] + np.arange(-1, 3)).astype(np.int64).reshape(count, -1)
    far = np.array([0, -1, 1, 1 << 20, -(1 << 20), (1 << 30) - (1 << 22), (1 << 22) - (1 << 30)])
    a = np.concatenate([a, np.broadcast_to(far, (count, far.size))], axis=1)
    m, s = (np.repeat(part, a.shape[1]).astype(np.int32) for part in (m, s))
    a = a.ravel().astype(np.int32)
    scaled = reference.scale(a, m, s)
    seen = set()
    for limits in [*LIMITS, (-128, -128, -128), (127, -128, 127), (3, 3, 127), (-128, -100, -3)]:
        got, kinds = Kernels(library).fast_outputs(a, m, s, limits)
        known = kinds != 0
        assert known.mean() > 0.9
        assert np.array_equal(got[known], clipped(scaled, limits)[known]), limits
        seen.update(kinds.tolist())
    assert seen == {0, 1, 2, 3, 4}


@pytest.mark.parametrize(
    ("multiplier", "shift", "limits"),
    [
        ((1 << 30) - 1, -4, (0, -128, 127)),
        (0, -4, (0, -128, 127)),
        (1 << 30, 0, (0, -128, 127)),
        (1 << 30, -13, (0, -128, 127)),
        (1 << 30, -4, (128, -128, 127)),
        (1 << 30, -4, (0, -129, 127)),
        (1 << 30, -4, (0, 5, 4)),
    ],
)
def test_not_for_the_fast_way(
    library: ctypes.CDLL, multiplier: int, shift: int, limits: tuple[int, int, int]
) -> None:
    one = np.ones(1, np.int32)
    _, kinds = Kernels(library).fast_outputs(one, one * multiplier, one * shift, limits)
    assert kinds.tolist() == [0]


def test_on_the_target(target: TargetKernels) -> None:
    a, m, s = (part[::97].copy() for part in grid())
    assert np.array_equal(target.scale(a, m, s), reference.scale(a, m, s))
    a, m, s = small(np.random.default_rng(4), 5000)
    for limits in LIMITS:
        expected = clipped(reference.scale(a, m, s), limits)
        assert np.array_equal(target.outputs(a, m, s, limits), expected)


def test_midpoints_go_away_from_zero(library: ctypes.CDLL) -> None:
    a = np.array([3, -3, 5, -5, 1, -1], np.int32)
    m = np.full(6, 1 << 30, np.int32)  # one half: 1.5, -1.5, ... round up, then halve
    s = np.full(6, -1, np.int32)
    assert Kernels(library).scale(a, m, s).tolist() == [1, -1, 2, -1, 1, 0]


def test_single_rounding(tmp_path: Path) -> None:
    library = ctypes.CDLL(str(build(tmp_path / "single.so", "-DCMSIS_NN_USE_SINGLE_ROUNDING")))
    rng = np.random.default_rng(2)
    count = 200_000
    a = rng.integers(-(1 << 20), 1 << 20, count).astype(np.int32)
    m = rng.integers(1 << 30, 1 << 31, count).astype(np.int32)
    s = rng.integers(-31, 8, count).astype(np.int32)
    expected = reference.scale_single_rounding(a, m, s)
    assert np.array_equal(Kernels(library).scale(a, m, s), expected)
    for limits in LIMITS:
        got, kinds = Kernels(library).fast_outputs(a, m, s, limits)
        known = kinds != 0
        assert np.array_equal(got[known], clipped(expected, limits)[known]), limits
