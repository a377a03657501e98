"""What the kernels must compute, in 64-bit integers, straight from the definitions.

Sources: gemmlowp's SaturatingRoundingDoublingHighMul and RoundingDivideByPOT, as TFLite's
MultiplyByQuantizedMultiplier composes them; CMSIS-NN's headers for layouts and offsets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.signedinteger[Any]]


def wrap32(values: Ints) -> NDArray[np.int64]:
    """The values as a 32-bit register would hold them."""
    return ((values.astype(np.int64) + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)


def scale(accumulators: Ints, multipliers: Ints, shifts: Ints) -> NDArray[np.int64]:
    """Accumulator * multiplier / 2^31 * 2^shift, rounded after each of the two divisions.

    The first rounds midpoints up, the second away from zero.
    """
    left, right = np.maximum(shifts, 0).astype(np.int64), np.maximum(-shifts, 0).astype(np.int64)
    shifted = wrap32(accumulators.astype(np.int64) << left)
    high = (shifted * multipliers.astype(np.int64) + (1 << 30)) >> 31
    half = (1 << right) >> 1
    return np.where(high < 0, -((half - high) >> right), (high + half) >> right)


def scale_single_rounding(accumulators: Ints, multipliers: Ints, shifts: Ints) -> NDArray[np.int64]:
    """The same with one rounding, midpoints up."""
    total = 31 - shifts.astype(np.int64)
    product = accumulators.astype(np.int64) * multipliers.astype(np.int64)
    return (product + (np.int64(1) << (total - 1))) >> total


@dataclass(frozen=True)
class Quantisation:
    """Per-channel requantisation and the offsets and limits of a layer."""

    multipliers: NDArray[np.int32]
    shifts: NDArray[np.int32]
    input_offset: int
    output_offset: int
    minimum: int
    maximum: int

    def output(self, accumulators: NDArray[np.int64]) -> NDArray[np.int8]:
        """Outputs for accumulators whose last axis is the channel."""
        scaled = scale(accumulators, self.multipliers, self.shifts) + self.output_offset
        return np.clip(scaled, self.minimum, self.maximum).astype(np.int8)


def matmul(
    lhs: NDArray[np.int8],
    rhs: NDArray[np.int8],
    bias: NDArray[np.int32] | None,
    quantisation: Quantisation,
) -> NDArray[np.int8]:
    """lhs [rows, columns] times transposed rhs [channels, columns]: [rows, channels]."""
    products = (lhs.astype(np.int64) + quantisation.input_offset) @ rhs.astype(np.int64).T
    return quantisation.output(products if bias is None else products + bias)


def vec_mat(
    lhs: NDArray[np.int8],
    rhs: NDArray[np.int8],
    bias: NDArray[np.int32] | None,
    quantisation: Quantisation,
    rhs_offset: int,
) -> NDArray[np.int8]:
    """lhs [columns] times transposed rhs [rows, columns], all of whose offsets count: [rows]."""
    left = lhs.astype(np.int64) + quantisation.input_offset
    products = (rhs.astype(np.int64) + rhs_offset) @ left
    return quantisation.output(products if bias is None else products + bias)


def convolve(
    image: NDArray[np.int8],
    kernel: NDArray[np.int8],
    bias: NDArray[np.int32] | None,
    quantisation: Quantisation,
    output_size: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int] = (1, 1),
    upscale: tuple[int, int] | None = None,
) -> NDArray[np.int8]:
    """Batch [n, h, w, g * c] convolved with [o, kh, kw, c] in g groups; pairs are (vertical, ...).

    upscale: rows and columns of zeros (of -input_offset, that is) are put between the image's.
    """
    offset = image.astype(np.int64) + quantisation.input_offset
    if upscale is not None:
        batch, height, width, channels = image.shape
        wide = np.zeros((batch, height * upscale[0], width * upscale[1], channels), np.int64)
        wide[:, :: upscale[0], :: upscale[1]] = offset
        offset = wide
    batch, height, width, channels = offset.shape
    outputs, rows, columns, kernel_channels = kernel.shape
    bottom = max(0, (output_size[0] - 1) * stride[0] + (rows - 1) * dilation[0] + 1 - height)
    right = max(0, (output_size[1] - 1) * stride[1] + (columns - 1) * dilation[1] + 1 - width)
    padded = np.pad(offset, ((0, 0), (padding[0], bottom), (padding[1], right), (0, 0)))
    groups = channels // kernel_channels
    total = np.zeros((batch, *output_size, outputs), np.int64)
    if bias is not None:
        total += bias
    for i in range(rows):
        for j in range(columns):
            y, x = i * dilation[0], j * dilation[1]
            taps = padded[
                :,
                y : y + (output_size[0] - 1) * stride[0] + 1 : stride[0],
                x : x + (output_size[1] - 1) * stride[1] + 1 : stride[1],
            ]
            for group in range(groups):
                ins = slice(group * kernel_channels, (group + 1) * kernel_channels)
                outs = slice(group * (outputs // groups), (group + 1) * (outputs // groups))
                total[..., outs] += taps[..., ins] @ kernel[outs, i, j].astype(np.int64).T
    return quantisation.output(total)


def depthwise(
    image: NDArray[np.int8],
    kernel: NDArray[np.int8],
    bias: NDArray[np.int32] | None,
    quantisation: Quantisation,
    output_size: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
) -> NDArray[np.int8]:
    """Batch [n, h, w, c] convolved depthwise with [kh, kw, c * m]; pairs are (vertical, ...)."""
    batch, height, width, channels = image.shape
    rows, columns, outputs = kernel.shape
    bottom = max(0, (output_size[0] - 1) * stride[0] + (rows - 1) * dilation[0] + 1 - height)
    right = max(0, (output_size[1] - 1) * stride[1] + (columns - 1) * dilation[1] + 1 - width)
    padded = np.zeros(
        (batch, padding[0] + height + bottom, padding[1] + width + right, channels), np.int64
    )
    padded[:, padding[0] : padding[0] + height, padding[1] : padding[1] + width] = (
        image.astype(np.int64) + quantisation.input_offset
    )
    padded = padded.repeat(outputs // channels, axis=3)
    total = np.zeros((batch, *output_size, outputs), np.int64)
    if bias is not None:
        total += bias
    for i in range(rows):
        for j in range(columns):
            y, x = i * dilation[0], j * dilation[1]
            taps = padded[
                :,
                y : y + (output_size[0] - 1) * stride[0] + 1 : stride[0],
                x : x + (output_size[1] - 1) * stride[1] + 1 : stride[1],
            ]
            total += taps * kernel[i, j].astype(np.int64)
    return quantisation.output(total)


def high_product(a: Ints, b: Ints) -> NDArray[np.int64]:
    """The doubling high product of two int32, rounded to nearest, midpoints away from zero."""
    product = np.asarray(a, np.int64) * np.asarray(b, np.int64)
    nudged = product + np.where(product < 0, 1 - (1 << 30), 1 << 30)
    return np.where(nudged < 0, -(-nudged >> 31), nudged >> 31)


def divide(a: Ints, exponent: int) -> NDArray[np.int64]:
    """a / 2^exponent, rounded to nearest, midpoints away from zero."""
    a = np.asarray(a, np.int64)
    half = (1 << exponent) >> 1
    return np.where(a < 0, -((-a + half) >> exponent), (a + half) >> exponent)


def exp_of_negative(value: Ints) -> NDArray[np.int64]:
    """exp of Q5.26 numbers, at most 0, as Q0.31: gemmlowp's, step by step."""
    value = np.asarray(value, np.int64)
    rest = (value & ((1 << 24) - 1)) - (1 << 24)
    x = (rest << 5) + (1 << 28)
    x2 = high_product(x, x)
    inner = divide(high_product(x2, x2), 2) + high_product(x2, x)
    series = x + divide(high_product(inner, 715_827_883) + x2, 1)
    result = 1_895_147_668 + high_product(1_895_147_668, series)
    for bit in range(7):
        factor = round(2**31 * np.exp(-(2.0 ** (bit - 2))))
        chosen = (rest - value) >> (24 + bit) & 1
        result = np.where(chosen, high_product(result, factor), result)
    return np.where(value == 0, (1 << 31) - 1, result)


def softmax(
    values: NDArray[np.int8], scale: tuple[int, int, int], dtype: type[np.signedinteger]
) -> NDArray[Any]:
    """values: [rows][size]; scale: multiplier, shift, and the least difference that counts."""
    multiplier, shift, least = scale
    difference = values.astype(np.int64) - values.max(axis=1, keepdims=True)
    powers = exp_of_negative(high_product(difference << shift, multiplier))
    powers = np.where(difference >= least, powers, 0)
    sums = divide(powers, 12).sum(axis=1)
    limits = np.iinfo(dtype)
    out = np.full(values.shape, limits.min, np.int64)
    for row, total in enumerate(int(x) for x in sums):
        headroom = 32 - total.bit_length()
        half = (((total << headroom) - (1 << 31)) + (1 << 31)) // 2
        guess = 1_515_870_810 + high_product(half, -1_010_580_540)
        for _ in range(3):
            error = (1 << 29) - high_product(half, guess)
            guess = guess + 4 * high_product(guess, error)
        reciprocal = np.minimum(2 * guess, (1 << 31) - 1)
        right = 12 - headroom + 31 - limits.bits
        scaled = divide(high_product(reciprocal, powers[row]), right) + limits.min
        out[row] = np.where(difference[row] >= least, scaled, limits.min)
    return np.clip(out, limits.min, limits.max).astype(dtype)


def average_pool(
    image: NDArray[np.int8],
    filter_size: tuple[int, int],
    output_size: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    limits: tuple[int, int],
) -> NDArray[np.int8] | None:
    """The means of what of each window is inside; None where one holds nothing."""
    out = np.empty((image.shape[0], *output_size, image.shape[3]), np.int8)
    for y, x in np.ndindex(*output_size):
        top, left = y * stride[0] - padding[0], x * stride[1] - padding[1]
        window = image[
            :,
            max(top, 0) : max(top + filter_size[0], 0),
            max(left, 0) : max(left + filter_size[1], 0),
        ]
        count = window.shape[1] * window.shape[2]
        if count == 0:
            return None
        sums = window.astype(np.int64).sum(axis=(1, 2))
        means = np.sign(sums) * ((np.abs(sums) + count // 2) // count)
        out[:, y, x] = np.minimum(np.maximum(means, limits[0]), limits[1])
    return out
