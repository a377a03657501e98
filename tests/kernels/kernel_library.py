"""Builds the kernels for the host and calls them from numpy arrays."""

from __future__ import annotations

import ctypes
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from kernel_reference import Quantisation
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "port" / "rp2040" / "kernels"
INCLUDE = ROOT / "ci" / "miniature" / "component" / "Include"
KERNELS = (
    "arm_nn_mat_mult_nt_t_s8.c",
    "arm_convolve_s8.c",
    "arm_nn_vec_mat_mult_t_s8.c",
    "arm_nn_vec_mat_mult_t_per_ch_s8.c",
    "arm_nn_softmax_common_s8.c",
    "arm_avgpool_s8.c",
    "matmul.c",
    "matmul_channel.c",
    "matmul_pack.c",
    "matmul_wide.c",
    "vec_mat.c",
    "arm_depthwise_conv_3x3_s8.c",
    "arm_depthwise_conv_s8.c",
    "depthwise.c",
    "depthwise_bands.c",
    "depthwise_plane.c",
    "slow_path.c",
    "weight_stream.c",
)
# Empty but on a Cortex-M0+.
ASSEMBLY = ("depthwise_pack.S", "depthwise_strip.S", "depthwise_taps.S", "matmul_channel.S")
WARNINGS = ("-Wall", "-Wextra", "-Werror")

WHOLE, FORWARD, REVERSE = range(3)  # harness.c: one part; two, in order; two, the last first

GUARD = 64  # bytes around every output that a kernel must leave alone
CANARY = 0x5C


class Tile(ctypes.Structure):
    """cmsis_nn_tile."""

    _fields_ = (("w", ctypes.c_int32), ("h", ctypes.c_int32))


class Activation(ctypes.Structure):
    """cmsis_nn_activation."""

    _fields_ = (("min", ctypes.c_int32), ("max", ctypes.c_int32))


class DepthwiseParams(ctypes.Structure):
    """cmsis_nn_dw_conv_params."""

    _fields_ = (
        ("input_offset", ctypes.c_int32),
        ("output_offset", ctypes.c_int32),
        ("ch_mult", ctypes.c_int32),
        ("stride", Tile),
        ("padding", Tile),
        ("dilation", Tile),
        ("activation", Activation),
    )


class ConvolveParams(ctypes.Structure):
    """cmsis_nn_conv_params."""

    _fields_ = (
        ("input_offset", ctypes.c_int32),
        ("output_offset", ctypes.c_int32),
        ("stride", Tile),
        ("padding", Tile),
        ("dilation", Tile),
        ("activation", Activation),
    )


class Context(ctypes.Structure):
    """cmsis_nn_context."""

    _fields_ = (("buf", ctypes.c_void_p), ("size", ctypes.c_int32))


class PoolParams(ctypes.Structure):
    """cmsis_nn_pool_params."""

    _fields_ = (("stride", Tile), ("padding", Tile), ("activation", Activation))


class PerChannel(ctypes.Structure):
    """cmsis_nn_per_channel_quant_params."""

    _fields_ = (("multiplier", ctypes.c_void_p), ("shift", ctypes.c_void_p))


class Dims(ctypes.Structure):
    """cmsis_nn_dims."""

    _fields_ = tuple((name, ctypes.c_int32) for name in "nhwc")


def build(target: Path, *flags: str) -> Path:
    """A shared library of the kernels and the harness, every undefined operation fatal."""
    subprocess.run(
        [
            "gcc",
            "-std=c11",
            "-O2",
            "-g",
            "-shared",
            "-fPIC",
            *WARNINGS,
            "-fsanitize=undefined",
            "-fno-sanitize-recover=all",
            f"-I{SOURCES}",
            f"-I{INCLUDE}",
            *flags,
            *(str(SOURCES / name) for name in KERNELS),
            str(Path(__file__).with_name("harness.c")),
            "-o",
            str(target),
        ],
        check=True,
        timeout=120,
    )
    return target


def pointer(array: NDArray[Any] | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(None if array is None else array.ctypes.data)


def unaligned(array: NDArray[np.int8], shift: int) -> NDArray[np.int8]:
    """The same bytes at an address of the form 8 * n + shift."""
    store = np.zeros(array.size + 16, np.int8)
    start = (shift - store.ctypes.data) % 8
    view = store[start : start + array.size]
    view[:] = array.ravel()
    return view


@dataclass(frozen=True)
class Kernels:
    """The library, in one of its ways of running: parts in which order, scratch or none."""

    library: ctypes.CDLL

    def run_as(self, order: int, scratch: bool) -> None:
        ctypes.c_int.in_dll(self.library, "harness_order").value = order
        ctypes.c_int.in_dll(self.library, "harness_has_scratch").value = int(scratch)

    def scale(
        self,
        accumulators: NDArray[np.int32],
        multipliers: NDArray[np.int32],
        shifts: NDArray[np.int32],
    ) -> NDArray[np.int32]:
        out = np.empty_like(accumulators)
        self.library.harness_scale(
            pointer(accumulators),
            pointer(multipliers),
            pointer(shifts),
            pointer(out),
            accumulators.size,
        )
        return out

    def outputs(
        self,
        accumulators: NDArray[np.int32],
        multipliers: NDArray[np.int32],
        shifts: NDArray[np.int32],
        limits: tuple[int, int, int],
    ) -> NDArray[np.int8]:
        """limits: output offset, minimum, maximum."""
        out = np.empty(accumulators.size, np.int8)
        self.library.harness_outputs(
            pointer(accumulators),
            pointer(multipliers),
            pointer(shifts),
            pointer(out),
            accumulators.size,
            *limits,
        )
        return out

    def fast_outputs(
        self,
        accumulators: NDArray[np.int32],
        multipliers: NDArray[np.int32],
        shifts: NDArray[np.int32],
        limits: tuple[int, int, int],
    ) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
        """The outputs, and each one's requantize_kind: 0 has none."""
        out = np.empty(accumulators.size, np.int8)
        kinds = np.empty(accumulators.size, np.int32)
        self.library.harness_fast_outputs(
            pointer(accumulators),
            pointer(multipliers),
            pointer(shifts),
            pointer(out),
            pointer(kinds),
            accumulators.size,
            *limits,
        )
        return out, kinds

    def matmul(
        self,
        lhs: NDArray[np.int8],
        lhs_rows: int,
        lhs_stride: int,
        rhs: NDArray[np.int8],
        bias: NDArray[np.int32] | None,
        quantisation: Quantisation,
    ) -> NDArray[np.int8]:
        """lhs: flat, rows lhs_stride apart."""
        channels, columns = rhs.shape
        q = quantisation
        out = _Output(lhs_rows * channels)
        status = self.library.arm_nn_mat_mult_nt_t_s8(
            pointer(lhs),
            pointer(rhs),
            pointer(bias),
            out.pointer,
            pointer(q.multipliers),
            pointer(q.shifts),
            lhs_rows,
            channels,
            columns,
            q.input_offset,
            q.output_offset,
            q.minimum,
            q.maximum,
            channels,
            lhs_stride,
        )
        assert status == 0
        self._check_scratch()
        return out.take((lhs_rows, channels))

    def vec_mat(
        self,
        lhs: NDArray[np.int8],
        rhs: NDArray[np.int8],
        bias: NDArray[np.int32] | None,
        quantisation: Quantisation,
        rhs_offset: int,
        step: int,
        per_channel: bool,
    ) -> NDArray[np.int8]:
        """One row of outputs; step: bytes from output to output."""
        rows, columns = rhs.shape
        q = quantisation
        function = self.library.arm_nn_vec_mat_mult_t_s8
        multiplier, shift = ctypes.c_int32(int(q.multipliers[0])), ctypes.c_int32(int(q.shifts[0]))
        scales: tuple[Any, Any] = (multiplier, shift)
        if per_channel:
            function = self.library.arm_nn_vec_mat_mult_t_per_ch_s8
            scales = (pointer(q.multipliers), pointer(q.shifts))
        out = _Output((rows - 1) * step + 1)
        status = function(
            pointer(lhs),
            pointer(rhs),
            None,
            pointer(bias),
            out.pointer,
            q.input_offset,
            q.output_offset,
            *scales,
            columns,
            rows,
            q.minimum,
            q.maximum,
            step,
            rhs_offset,
        )
        assert status == 0
        self._check_scratch()
        return out.take(((rows - 1) * step + 1,))[::step]

    def softmax(
        self, values: NDArray[np.int8], scale: tuple[int, int, int], dtype: type[np.signedinteger]
    ) -> NDArray[Any]:
        """values: [rows][size]; scale: multiplier, shift, and the least difference that counts."""
        rows, size = values.shape
        out = _Output(values.size * np.dtype(dtype).itemsize)
        self.library.arm_nn_softmax_common_s8(
            pointer(values), rows, size, *scale, ctypes.c_bool(dtype is np.int16), out.pointer
        )
        return out.take((values.size * np.dtype(dtype).itemsize,)).view(dtype).reshape(rows, size)

    def convolve(
        self,
        image: NDArray[np.int8],
        kernel: NDArray[np.int8],
        bias: NDArray[np.int32] | None,
        quantisation: Quantisation,
        output_size: tuple[int, int],
        stride: tuple[int, int],
        padding: tuple[int, int],
        dilation: tuple[int, int] = (1, 1),
        upscale: tuple[int, int] | None = None,
    ) -> NDArray[np.int8] | int:
        """The output, or the status if it is not 0. Pairs are (vertical, horizontal)."""
        q = quantisation
        batch, height, width, channels = image.shape
        outputs, rows, columns, kernel_channels = kernel.shape
        if upscale is not None:
            height, width = height * upscale[0], width * upscale[1]
        shape = (batch, *output_size, outputs)
        params = ConvolveParams(
            q.input_offset,
            q.output_offset,
            Tile(stride[1], stride[0]),
            Tile(padding[1], padding[0]),
            Tile(dilation[1], dilation[0]),
            Activation(q.minimum, q.maximum),
        )
        # What arm_convolve_s8_get_buffer_size() asks for.
        size = 4 * ((rows * columns * kernel_channels + 3) & ~3)
        buffer = _Output(size)
        context = Context(buffer.pointer, size)
        per_channel = PerChannel(q.multipliers.ctypes.data, q.shifts.ctypes.data)
        out = _Output(int(np.prod(shape)))
        status = self.library.arm_convolve_s8(
            ctypes.byref(context),
            ctypes.byref(params),
            ctypes.byref(per_channel),
            ctypes.byref(Dims(batch, height, width, channels)),
            pointer(image),
            ctypes.byref(Dims(outputs, rows, columns, kernel_channels)),
            pointer(kernel),
            ctypes.byref(Dims(1, 1, 1, outputs)),
            pointer(bias),
            None if upscale is None else ctypes.byref(Dims(1, upscale[0], upscale[1], 1)),
            ctypes.byref(Dims(*shape)),
            out.pointer,
        )
        buffer.take((size,))
        self._check_scratch()
        return out.take(shape) if status == 0 else int(status)

    def average_pool(
        self,
        image: NDArray[np.int8],
        filter_size: tuple[int, int],
        output_size: tuple[int, int],
        stride: tuple[int, int],
        padding: tuple[int, int],
        limits: tuple[int, int],
    ) -> NDArray[np.int8] | int:
        """The output, or the status if it is not 0. Pairs are (vertical, horizontal); limits:
        minimum, maximum."""
        shape = (image.shape[0], *output_size, image.shape[3])
        params = PoolParams(
            Tile(stride[1], stride[0]), Tile(padding[1], padding[0]), Activation(*limits)
        )
        out = _Output(int(np.prod(shape)))
        status = self.library.arm_avgpool_s8(
            ctypes.byref(Context(None, 0)),
            ctypes.byref(params),
            ctypes.byref(Dims(*image.shape)),
            pointer(image),
            ctypes.byref(Dims(1, *filter_size, 1)),
            ctypes.byref(Dims(*shape)),
            out.pointer,
        )
        return out.take(shape) if status == 0 else int(status)

    def depthwise(
        self,
        function: str,
        image: NDArray[np.int8],
        kernel: NDArray[np.int8],
        bias: NDArray[np.int32] | None,
        quantisation: Quantisation,
        output_size: tuple[int, int],
        stride: tuple[int, int],
        padding: tuple[int, int],
        dilation: tuple[int, int] = (1, 1),
    ) -> NDArray[np.int8] | int:
        """The output, or the status if it is not 0. Pairs are (vertical, horizontal)."""
        q = quantisation
        batch, _, _, channels = image.shape
        rows, columns, outputs = kernel.shape
        shape = (batch, *output_size, outputs)
        params = DepthwiseParams(
            q.input_offset,
            q.output_offset,
            outputs // channels,
            Tile(stride[1], stride[0]),
            Tile(padding[1], padding[0]),
            Tile(dilation[1], dilation[0]),
            Activation(q.minimum, q.maximum),
        )
        per_channel = PerChannel(q.multipliers.ctypes.data, q.shifts.ctypes.data)
        out = _Output(int(np.prod(shape)))
        status = getattr(self.library, function)(
            None,
            ctypes.byref(params),
            ctypes.byref(per_channel),
            ctypes.byref(Dims(*image.shape)),
            pointer(image),
            ctypes.byref(Dims(1, rows, columns, outputs)),
            pointer(kernel),
            ctypes.byref(Dims(1, 1, 1, outputs)),
            pointer(bias),
            ctypes.byref(Dims(*shape)),
            out.pointer,
        )
        self._check_scratch()
        return out.take(shape) if status == 0 else int(status)

    def _check_scratch(self) -> None:
        for name in ("harness_held", "harness_overruns"):
            assert ctypes.c_int.in_dll(self.library, name).value == 0, name


class _Output:
    """Room for an output between two guards."""

    def __init__(self, size: int) -> None:
        self._store = np.full(GUARD + size + GUARD, CANARY, np.int8)
        assert self._store.ctypes.data % 4 == 0
        self._size = size
        self.pointer = ctypes.c_void_p(self._store.ctypes.data + GUARD)

    def take(self, shape: tuple[int, ...]) -> NDArray[np.int8]:
        assert (self._store[:GUARD] == CANARY).all(), "written before the output"
        assert (self._store[GUARD + self._size :] == CANARY).all(), "written after the output"
        return self._store[GUARD : GUARD + self._size].reshape(shape)
