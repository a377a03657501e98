from __future__ import annotations

from dataclasses import replace

import kernel_cases as cases
import kernel_reference as reference
import numpy as np
import pytest
from kernel_library import Kernels, unaligned
from kernel_target import TargetKernels

Pair = tuple[int, int]

ARG_ERROR = -1


def output_side(size: int, kernel: int, stride: int, dilation: int, padding: int) -> int:
    """Positions of the window when both sides are padded alike."""
    reach = (kernel - 1) * dilation + 1
    return (size + 2 * padding - reach) // stride + 1


def check(
    kernels: Kernels | TargetKernels,
    rng: np.random.Generator,
    function: str,
    shape: tuple[int, int, int, int],
    kernel_shape: tuple[int, int, int],
    output_size: Pair,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
) -> None:
    image = unaligned(cases.int8s(rng, shape), int(rng.integers(8))).reshape(shape)
    kernel = cases.int8s(rng, kernel_shape)
    outputs = kernel_shape[2]
    bias = cases.biases(rng, outputs)
    quantisation = cases.quantisation(rng, outputs)
    layer = (image, kernel, bias, quantisation, output_size, stride, padding, dilation)
    got = kernels.depthwise(function, *layer)
    expected = reference.depthwise(*layer)
    assert np.array_equal(got, expected), (
        function,
        shape,
        kernel_shape,
        output_size,
        stride,
        padding,
        dilation,
        quantisation,
    )


def axis(rng: np.random.Generator, kernel: int, dilation: int, pad_limit: int) -> tuple[int, ...]:
    """Input size, output size, stride and leading padding of one axis, all consistent."""
    while True:
        size, stride = int(rng.integers(1, 13)), int(rng.integers(1, 4))
        padding = int(rng.integers(0, pad_limit + 1))
        positions = output_side(size, kernel, stride, dilation, padding)
        if positions > 0:
            # Fewer positions than fit is legal: TFLite pads more behind than in front.
            return size, int(rng.integers(1, positions + 1)), stride, padding


def random_3x3(
    kernels: Kernels | TargetKernels, rng: np.random.Generator, function: str, count: int
) -> None:
    for _ in range(count):
        height, out_h, stride_h, pad_h = axis(rng, 3, 1, 1)
        width, out_w, stride_w, pad_w = axis(rng, 3, 1, 1)
        channels = int(rng.integers(1, 12))
        check(
            kernels,
            rng,
            function,
            (1, height, width, channels),
            (3, 3, channels),
            (out_h, out_w),
            (stride_h, stride_w),
            (pad_h, pad_w),
            (1, 1),
        )


@pytest.mark.parametrize("function", ["arm_depthwise_conv_3x3_s8", "arm_depthwise_conv_s8"])
@pytest.mark.parametrize("seed", range(2))
def test_random_3x3(kernels: Kernels, function: str, seed: int) -> None:
    random_3x3(kernels, np.random.default_rng(seed), function, 300)


def test_on_the_target(target: TargetKernels) -> None:
    rng = np.random.default_rng(7)
    random_3x3(target, rng, "arm_depthwise_conv_3x3_s8", 60)
    random_general(target, rng, 60)


def random_general(kernels: Kernels | TargetKernels, rng: np.random.Generator, count: int) -> None:
    for _ in range(count):
        rows, columns = (int(rng.choice([1, 2, 3, 3, 5])) for _ in range(2))
        dilation = int(rng.integers(1, 4)), int(rng.integers(1, 4))
        height, out_h, stride_h, pad_h = axis(rng, rows, dilation[0], 3)
        width, out_w, stride_w, pad_w = axis(rng, columns, dilation[1], 3)
        batch, channels, multiplier = (int(n) for n in rng.integers(1, (4, 5, 9)))
        check(
            kernels,
            rng,
            "arm_depthwise_conv_s8",
            (batch, height, width, channels),
            (rows, columns, channels * multiplier),
            (out_h, out_w),
            (stride_h, stride_w),
            (pad_h, pad_w),
            dilation,
        )


@pytest.mark.parametrize("seed", range(2))
def test_random_general(kernels: Kernels, seed: int) -> None:
    random_general(kernels, np.random.default_rng(seed), 400)


@pytest.mark.parametrize(
    ("shape", "multiplier", "output_size", "stride", "padding"),
    [
        ((1, 96, 96, 1), 8, (48, 48), (2, 2), (0, 0)),  # padded behind only
        ((1, 48, 48, 8), 1, (48, 48), (1, 1), (1, 1)),
        ((1, 48, 48, 3), 1, (24, 24), (2, 2), (0, 0)),
        ((1, 6, 6, 33), 1, (6, 6), (1, 1), (1, 1)),
        ((1, 3, 3, 64), 1, (3, 3), (1, 1), (1, 1)),
        ((1, 1, 1, 5), 1, (1, 1), (1, 1), (1, 1)),
        ((1, 2, 2, 5), 1, (1, 1), (2, 2), (0, 0)),
        ((1, 1, 9, 3), 2, (1, 9), (1, 1), (1, 1)),
        ((1, 9, 1, 3), 2, (9, 1), (1, 1), (1, 1)),
        ((1, 3, 5, 7), 1, (9, 11), (1, 1), (4, 4)),  # windows that lie wholly outside
    ],
)
def test_edge_shapes(
    kernels: Kernels,
    shape: tuple[int, int, int, int],
    multiplier: int,
    output_size: Pair,
    stride: Pair,
    padding: Pair,
) -> None:
    rng = np.random.default_rng(sum(shape))
    kernel_shape = (3, 3, shape[3] * multiplier)
    for _ in range(3):
        check(
            kernels,
            rng,
            "arm_depthwise_conv_s8",
            shape,
            kernel_shape,
            output_size,
            stride,
            padding,
            (1, 1),
        )


@pytest.mark.parametrize("offset", [-1000, -128, -127, 128, 129, 1000])
def test_padding_of_any_value(kernels: Kernels, offset: int) -> None:
    """Padding counts as zero even where -offset is no int8."""
    rng = np.random.default_rng(0)
    image = cases.int8s(rng, (1, 4, 4, 2))
    kernel = rng.integers(-128, 128, (3, 3, 2), np.int8)
    quantisation = replace(
        cases.quantisation(rng, 2),
        multipliers=np.full(2, 1 << 30, np.int32),
        shifts=np.full(2, -11, np.int32),
        input_offset=offset,
        minimum=-128,
        maximum=127,
    )
    layer = (image, kernel, None, quantisation, (4, 4), (1, 1), (1, 1), (1, 1))
    got = kernels.depthwise("arm_depthwise_conv_3x3_s8", *layer)
    assert np.array_equal(got, reference.depthwise(*layer))


@pytest.mark.parametrize(
    ("kernel_shape", "padding"),
    [((3, 3, 8), (1, 1)), ((5, 3, 4), (1, 1)), ((3, 5, 4), (1, 1)), ((3, 3, 4), (0, 2))],
    ids=["channel multiplier", "rows", "columns", "padding"],
)
def test_3x3_refuses(kernels: Kernels, kernel_shape: tuple[int, int, int], padding: Pair) -> None:
    rng = np.random.default_rng(0)
    status = kernels.depthwise(
        "arm_depthwise_conv_3x3_s8",
        np.zeros((1, 8, 8, 4), np.int8),
        np.zeros(kernel_shape, np.int8),
        None,
        cases.quantisation(rng, kernel_shape[2]),
        (6, 6),
        (1, 1),
        padding,
    )
    assert status == ARG_ERROR
