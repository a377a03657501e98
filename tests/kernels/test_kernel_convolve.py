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
    image_shape: tuple[int, int, int, int],
    outputs: int,
    kernel_size: tuple[int, int],
    *,
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
    upscale: tuple[int, int] | None = None,
) -> None:
    batch, height, width, channels = image_shape
    image = cases.int8s(rng, (batch, height, width, channels * groups))
    kernel = cases.int8s(rng, (outputs * groups, *kernel_size, channels))
    bias = cases.biases(rng, outputs * groups)
    quantisation = cases.quantisation(rng, outputs * groups)
    if upscale is not None:
        height, width = height * upscale[0], width * upscale[1]
    size = tuple(
        max(1, (length + 2 * pad - (taps - 1) * dil - 1) // step + 1)
        for length, pad, taps, dil, step in zip(
            (height, width), padding, kernel_size, dilation, stride, strict=True
        )
    )
    arguments = (bias, quantisation, (size[0], size[1]), stride, padding, dilation, upscale)
    expected = reference.convolve(image, kernel, *arguments)
    shifts = rng.choice([0, 0, 1, 2, 3], 2)
    got = kernels.convolve(
        unaligned(image, int(shifts[0])).reshape(image.shape),
        unaligned(kernel, int(shifts[1])).reshape(kernel.shape),
        *arguments,
    )
    assert np.array_equal(got, expected), (image_shape, outputs, kernel_size, arguments, groups)


def random_layer(kernels: Kernels | TargetKernels, rng: np.random.Generator, side: int) -> None:
    def pair(low: int, high: int) -> tuple[int, int]:
        return int(rng.integers(low, high)), int(rng.integers(low, high))

    height, width = pair(1, side)
    upscale = pair(1, 3) if rng.integers(8) == 0 else None
    check(
        kernels,
        rng,
        (int(rng.choice([1, 1, 2])), height, width, int(rng.choice([1, 2, 3, 4, 8, 12]))),
        int(rng.integers(1, 10)),
        pair(1, 6),
        stride=pair(1, 4),
        padding=pair(0, 4),
        dilation=pair(1, 4) if rng.integers(2) else (1, 1),
        # Upstream's upscaling takes no notice of the group.
        groups=int(rng.choice([1, 1, 2, 3])) if upscale is None else 1,
        upscale=upscale,
    )


@pytest.mark.parametrize("seed", range(4))
def test_random_layers(kernels: Kernels, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(250):
        random_layer(kernels, rng, 12)


@pytest.mark.parametrize(
    ("image", "outputs", "kernel", "stride", "padding"),
    [
        ((1, 49, 10, 1), 8, (10, 8), (2, 2), (4, 3)),  # a keyword model's first layer
        ((1, 16, 16, 16), 16, (3, 3), (1, 1), (1, 1)),
        ((1, 32, 32, 3), 16, (3, 3), (2, 2), (1, 1)),
        ((1, 6, 6, 64), 5, (3, 3), (1, 1), (1, 1)),  # 576 columns
        ((1, 5, 5, 128), 3, (5, 3), (1, 1), (2, 1)),  # 1920: more than the working memory takes
        ((1, 1, 40, 4), 6, (1, 5), (1, 1), (0, 2)),
        ((1, 1, 1, 8), 4, (3, 3), (1, 1), (1, 1)),  # one output pixel
        ((1, 2, 1, 8), 4, (3, 3), (1, 1), (1, 1)),
        ((1, 2, 2, 3), 1, (3, 3), (1, 1), (1, 1)),
    ],
)
def test_layers(
    kernels: Kernels,
    image: tuple[int, int, int, int],
    outputs: int,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
) -> None:
    rng = np.random.default_rng(image[3])
    for _ in range(3):
        check(kernels, rng, image, outputs, kernel, stride=stride, padding=padding)


def test_refused(kernels: Kernels) -> None:
    quantisation = cases.quantisation(np.random.default_rng(0), 4)
    image = np.zeros((1, 3, 3, 2), np.int8)
    kernel = np.zeros((4, 1, 1, 3), np.int8)  # a group of more channels than there are
    status = kernels.convolve(image, kernel, None, quantisation, (3, 3), (1, 1), (0, 0))
    assert status == -1


def test_on_the_target(target: TargetKernels) -> None:
    rng = np.random.default_rng(11)
    for _ in range(60):
        random_layer(target, rng, 6)
    check(target, rng, (1, 8, 8, 16), 8, (3, 3), padding=(1, 1))
    check(target, rng, (1, 3, 3, 64), 2, (3, 3), padding=(1, 1))
