"""An int8 network that is built layer by layer, each calibrated on what the last one gives.

Weights come out of SHAKE-256, so a network knows nothing; what matters is that every layer is
alive. Biases and scales are therefore set from the integer results on a few calibration inputs:
each channel is centred and stretched over most of the int8 range. Everything that decides a byte
is integer arithmetic or a single IEEE operation, hence the same on every machine.

Needs numpy, flatbuffers and tflite.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tflite
from model_file import (
    ACTIVATIONS,
    AVERAGE_POOL_2D,
    CONV_2D,
    DEPTHWISE_CONV_2D,
    FULLY_CONNECTED,
    PADDINGS,
    RESHAPE,
    SOFTMAX,
    Kind,
    Operator,
    Tensor,
    serialise,
)
from model_inputs import Array, noise

RELU6_SCALE = float(np.float32(6.0) / np.float32(255.0))
SOFTMAX_SCALE = 1.0 / 256.0


def weights(name: str, shape: tuple[int, ...], axis: int | None) -> Array:
    """Weights of -127..127 that reach the limit in every slice along `axis` (None: once)."""
    values = noise(name, math.prod(shape)).reshape(shape)
    others = tuple(i for i in range(len(shape)) if i != axis)
    top = np.abs(values).max(axis=others, keepdims=True)
    return np.asarray(np.sign(values) * ((254 * np.abs(values) + top) // (2 * top)))


def quantize_multiplier(real: float) -> tuple[int, int]:
    """(multiplier, shift) with real = multiplier / 2^31 * 2^shift (TFLite's quantization_util)."""
    mantissa, shift = math.frexp(real)
    multiplier = math.floor(mantissa * 2**31 + 0.5)
    return (multiplier // 2, shift + 1) if multiplier == 2**31 else (multiplier, shift)


def requantize(acc: Array, reals: Sequence[float]) -> Array:
    """acc * real, one `real` per last index, rounded after the product and after the shift as
    TFLM's MultiplyByQuantizedMultiplier does."""
    pairs = np.array([quantize_multiplier(real) for real in reals], np.int64)
    multiplier, shift = pairs[:, 0], pairs[:, 1]
    left, right = np.maximum(shift, 0), np.maximum(-shift, 0)
    high = ((acc << left) * multiplier + (1 << 30)) >> 31
    mask = (np.int64(1) << right) - 1
    return np.asarray((high >> right) + ((high & mask) > (mask >> 1) + (high < 0)))


def padding_of(size: int, kernel: int, stride: int, padding: str) -> tuple[int, int]:
    """Padding before and after one dimension; an odd total has the larger half after."""
    if padding == "valid":
        return 0, 0
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def patches(x: Array, kernel: int, stride: int, padding: str) -> Array:
    """[n][out h][out w][c][kernel][kernel] windows of an NHWC array, padded with 0."""
    rows, columns = (padding_of(size, kernel, stride, padding) for size in x.shape[1:3])
    padded = np.pad(x, ((0, 0), rows, columns, (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(1, 2))
    return windows[:, ::stride, ::stride]


def product(left: Array, right: Array) -> Array:
    """left @ right. In float64, where every partial sum is exact (below 2^53) and BLAS is fast."""
    exact = np.matmul(left.astype(np.float64), right.astype(np.float64))
    return np.asarray(exact, np.int64)


@dataclass(frozen=True)
class Output:
    """How a layer with weights ends. `activation` is "none", "relu" or "relu6"."""

    activation: str = "relu6"
    scale: float = RELU6_SCALE
    zero_point: int = -128

    def clamp(self, values: Array) -> Array:
        low = -128 if self.activation == "none" else max(-128, self.zero_point)
        high = self.zero_point + round(6.0 / self.scale) if self.activation == "relu6" else 127
        return np.clip(values, low, min(high, 127))


RELU6 = Output()


@dataclass
class Network:
    """A chain of operators. `values` are the last one's outputs for the calibration inputs, for
    which [n][...] replaces the batch of 1 in the tensors' shapes."""

    name: str
    values: Array
    tensors: list[Tensor] = field(default_factory=list)
    operators: list[Operator] = field(default_factory=list)

    @classmethod
    def start(cls, name: str, values: Array, scale: float, zero_point: int) -> Network:
        """A network with an input of that quantisation and no operator yet."""
        shape = (1, *values.shape[1:])
        return cls(name, values, [Tensor("input", shape, (scale,), zero_point)])

    @property
    def last(self) -> Tensor:
        """The tensor that the next operator reads."""
        return self.tensors[self.operators[-1].output if self.operators else 0]

    @property
    def layer(self) -> str:
        """The name of the layer that comes next; seeds its weights."""
        return f"{self.name}/{len(self.operators)}"

    def serialise(self) -> bytes:
        """The .tflite file."""
        return serialise(self.tensors, self.operators, f"Miniature {self.name}, random weights")

    def _append(
        self, kind: Kind, constants: Sequence[Tensor], out: Tensor, values: Array, **options: Any
    ) -> None:
        first = len(self.tensors)
        inputs = (self.tensors.index(self.last), *range(first, first + len(constants)))
        self.tensors += [*constants, out]
        self.operators.append(Operator(kind, inputs, len(self.tensors) - 1, options))
        self.values = values

    def _weighted(
        self, kind: Kind, filter_: Array, axis: int | None, acc: Array, out: Output, **options: Any
    ) -> None:
        """Appends a layer with weights; chooses bias and weight scales from its raw sums `acc`.

        With a ReLU each channel's 15th percentile goes to zero and its 98th to 110..209 steps
        above; without, the median goes to the zero point and the span from the 2nd to the 98th
        takes 180 steps. `axis` is the filter's dimension with a scale per index; None: one scale.
        """
        layer, channels = self.layer, acc.shape[-1]
        ordered = np.sort(acc.reshape(-1, channels), axis=0)

        def percentile(p: int) -> Array:
            return np.asarray(ordered[(len(ordered) - 1) * p // 100])

        if out.activation == "none":
            bias, steps = -percentile(50), np.full(channels, 180)
            span = percentile(98) - percentile(2)
        else:
            bias, steps = -percentile(15), 110 + noise(f"{layer}/steps", channels) % 100
            span = percentile(98) - percentile(15)
        if axis is None:
            span, steps = span.max(keepdims=True), np.array([180])

        source = self.last.scales[0]
        ratios = steps * out.scale / (source * np.maximum(span, 1))
        scales = tuple(float(scale) for scale in ratios.astype(np.float32))
        bias_scales = tuple(float(np.float32(source) * np.float32(scale)) for scale in scales)
        reals = [source * scale / out.scale for scale in scales]
        if axis is None:  # the runtime multiplies per-tensor scales in single precision
            reals = [bias_scales[0] / out.scale] * channels

        self._append(
            kind,
            (
                Tensor(
                    f"{layer}/weights",
                    filter_.shape,
                    scales,
                    axis=axis or 0,
                    data=filter_.astype(np.int8).tobytes(),
                ),
                Tensor(
                    f"{layer}/bias",
                    (channels,),
                    bias_scales,
                    data=bias.astype("<i4").tobytes(),
                    type=tflite.TensorType.INT32,
                ),
            ),
            Tensor(f"{layer}/output", (1, *acc.shape[1:]), (out.scale,), out.zero_point),
            out.clamp(requantize(acc + bias, reals) + out.zero_point),
            FusedActivationFunction=ACTIVATIONS[out.activation],
            **options,
        )

    def _centred(self) -> Array:
        return self.values - self.last.zero_point

    def conv(
        self,
        channels: int,
        kernel: int = 1,
        stride: int = 1,
        padding: str = "same",
        out: Output = RELU6,
    ) -> None:
        """Convolution to `channels`, with a square kernel."""
        x = self._centred()
        filter_ = weights(self.layer, (channels, kernel, kernel, x.shape[3]), 0)
        windows = patches(x, kernel, stride, padding).transpose(0, 1, 2, 4, 5, 3)
        columns = windows.reshape(*windows.shape[:3], -1)
        acc = product(columns, filter_.reshape(channels, -1).T)
        options = {"Padding": PADDINGS[padding], "StrideW": stride, "StrideH": stride}
        self._weighted(CONV_2D, filter_, 0, acc, out, **options)

    def depthwise(
        self,
        kernel: int = 3,
        stride: int = 1,
        multiplier: int = 1,
        padding: str = "same",
        out: Output = RELU6,
    ) -> None:
        """Depthwise convolution with a square kernel, `multiplier` outputs to a channel."""
        x = np.repeat(self._centred(), multiplier, axis=3)
        filter_ = weights(self.layer, (1, kernel, kernel, x.shape[3]), 3)
        windows = patches(x, kernel, stride, padding)
        acc = np.zeros(windows.shape[:4], np.int64)
        for i, j in np.ndindex(kernel, kernel):
            acc += windows[..., i, j] * filter_[0, i, j]
        options = {"Padding": PADDINGS[padding], "StrideW": stride, "StrideH": stride}
        self._weighted(
            DEPTHWISE_CONV_2D, filter_, 3, acc, out, DepthMultiplier=multiplier, **options
        )

    def fully_connected(self, outputs: int, out: Output) -> None:
        """Fully connected layer over everything that comes in, with one scale for its weights."""
        x = self._centred().reshape(len(self.values), -1)
        filter_ = weights(self.layer, (outputs, x.shape[1]), None)
        self._weighted(FULLY_CONNECTED, filter_, None, product(x, filter_.T), out)

    def average_pool(self, kernel: int, stride: int) -> None:
        """Average pooling without padding."""
        total = patches(self.values, kernel, stride, "valid").sum(axis=(4, 5))
        count = kernel * kernel
        values = np.sign(total) * ((np.abs(total) + count // 2) // count)
        name, shape = f"{self.layer}/output", (1, *values.shape[1:])
        self._append(
            AVERAGE_POOL_2D,
            (),
            Tensor(name, shape, self.last.scales, self.last.zero_point),
            values,
            Padding=PADDINGS["valid"],
            StrideW=stride,
            StrideH=stride,
            FilterWidth=kernel,
            FilterHeight=kernel,
        )

    def reshape(self, shape: tuple[int, ...]) -> None:
        """Reshape to `shape`, whose first entry is the batch of 1."""
        data = np.array(shape, "<i4").tobytes()
        self._append(
            RESHAPE,
            (
                Tensor(
                    f"{self.layer}/shape", (len(shape),), data=data, type=tflite.TensorType.INT32
                ),
            ),
            Tensor(f"{self.layer}/output", shape, self.last.scales, self.last.zero_point),
            self.values.reshape(-1, *shape[1:]),
            NewShape=shape,
        )

    def softmax(self) -> None:
        """Softmax, the end of the network: `values` stay its inputs."""
        out = Tensor("output", self.last.shape, (SOFTMAX_SCALE,), -128)
        self._append(SOFTMAX, (), out, self.values, Beta=1.0)
