"""Random layers, with more than their share of extreme values."""

from __future__ import annotations

import numpy as np
from kernel_reference import Quantisation
from numpy.typing import NDArray


def int8s(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.int8]:
    """Any bytes, or only the two extremes, or one of them throughout."""
    kind = rng.integers(4)
    if kind == 0:
        return rng.choice(np.array([-128, 127], np.int8), shape)
    if kind == 1:
        return np.full(shape, rng.choice([-128, -127, 127]), np.int8)
    return rng.integers(-128, 128, shape, np.int8)


def biases(rng: np.random.Generator, channels: int) -> NDArray[np.int32] | None:
    if rng.integers(4) == 0:
        return None
    limit = 1 << int(rng.integers(1, 30))
    return rng.integers(-limit, limit, channels, np.int32)


def quantisation(rng: np.random.Generator, channels: int) -> Quantisation:
    """Multipliers and shifts mostly as models have them, else anywhere in their range."""
    if rng.integers(4):
        multipliers = rng.integers(1 << 30, 1 << 31, channels).astype(np.int32)
        shifts = rng.integers(-14, 2, channels, np.int32)
    else:
        multipliers = rng.integers(-(1 << 31) + 1, 1 << 31, channels).astype(np.int32)
        shifts = rng.integers(-31, 31, channels, np.int32)
    minimum, maximum = -128, 127
    if rng.integers(2):
        minimum, maximum = sorted(int(v) for v in rng.integers(-128, 128, 2))
    return Quantisation(
        multipliers,
        shifts,
        input_offset=int(rng.choice([-127, 128, int(rng.integers(-127, 129))])),
        output_offset=int(rng.choice([-128, 127, int(rng.integers(-128, 128))])),
        minimum=minimum,
        maximum=maximum,
    )
