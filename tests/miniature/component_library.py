"""Builds the miniature component for the host and calls it from numpy arrays.

The C declarations are read from the component's own headers, so a changed signature shows here.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cffi
import numpy as np
from numpy.typing import NDArray

COMPONENT = Path(__file__).parents[2] / "ci" / "miniature" / "component"
SOURCES = sorted(str(path) for path in (COMPONENT / "Source").rglob("*.c"))
WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror")
SANITIZER = ("-fsanitize=undefined", "-fno-sanitize-recover=all")

GUARD = 64  # bytes behind every output and scratch buffer that must stay as they are
CANARY = 0x5C

# Inline functions have no symbol of their own.
SHIM = """
#include "arm_nnsupportfunctions.h"
int32_t shim_requantize(int32_t val, int32_t multiplier, int32_t shift);
int32_t shim_requantize(int32_t val, int32_t multiplier, int32_t shift)
{
    return arm_nn_requantize(val, multiplier, shift);
}
int32_t shim_high_mult(int32_t a, int32_t b);
int32_t shim_high_mult(int32_t a, int32_t b)
{
    return arm_nn_doubling_high_mult(a, b);
}
"""

Int8 = NDArray[np.int8]
Int32 = NDArray[np.int32]
Pair = tuple[int, int]  # vertical, horizontal


@dataclass(frozen=True)
class Layer:
    """Quantisation of a layer; `multipliers` and `shifts` one per output channel (or one)."""

    multipliers: Int32
    shifts: Int32
    input_offset: int
    output_offset: int
    minimum: int = -128
    maximum: int = 127


def build(folder: Path) -> Component:
    """Compiles into `folder`; undefined behaviour ends the process with a message."""
    shim = folder / "shim.c"
    shim.write_text(SHIM)
    library = folder / "component.so"
    command = ["gcc", *WARNINGS, *SANITIZER, "-O2", "-shared", "-fPIC", f"-I{COMPONENT}/Include"]
    subprocess.run([*command, "-o", library, shim, *SOURCES], check=True, timeout=120)

    # cffi knows the C types; the system's headers would only bring what it cannot parse. Nor can
    # it parse inline functions, so of the support header it gets the one function called here.
    for name in ("limits.h", "stddef.h", "stdint.h", "string.h", "stdbool.h"):
        (folder / name).write_text("")
    include = COMPONENT / "Include"
    text = subprocess.run(
        ["gcc", "-E", "-P", "-nostdinc", f"-I{folder}", include / "arm_nnfunctions.h"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    support = (include / "arm_nnsupportfunctions.h").read_text()
    softmax = re.search(r"^void arm_nn_softmax_common_s8\([^)]*\);", support, re.M)
    assert softmax is not None
    shims = re.findall(r"^int32_t shim_.*;$", SHIM, re.M)
    ffi = cffi.FFI()
    ffi.cdef("\n".join([text, softmax[0], *shims]))
    return Component(ffi, ffi.dlopen(str(library)))


class Component:
    """The functions of the component. Shapes are NHWC; each asserts success and intact guards."""

    def __init__(self, ffi: Any, lib: Any) -> None:
        self.ffi = ffi
        self.lib = lib

    def pointer(self, array: NDArray[Any] | None, kind: str = "int8_t *") -> Any:
        if array is None:
            return self.ffi.NULL
        assert array.flags.c_contiguous
        return self.ffi.cast(kind, array.ctypes.data)

    def dims(self, n: int, h: int, w: int, c: int) -> Any:
        return self.ffi.new("cmsis_nn_dims *", (n, h, w, c))

    def scratch(self, size: int) -> tuple[Any, NDArray[np.uint8]]:
        store = np.full(size + GUARD, CANARY, np.uint8)
        buffer = self.ffi.cast("void *", store.ctypes.data) if size else self.ffi.NULL
        return self.ffi.new("cmsis_nn_context *", (buffer, size)), store[size:]

    def _call(
        self, function: Any, before: Sequence[Any], shape: tuple[int, ...], size: int = 0
    ) -> Int8:
        """Calls function(context, *before, output)."""
        context, behind = self.scratch(size)
        count = int(np.prod(shape))
        store = np.full(count + GUARD, CANARY, np.int8)
        status = function(context, *before, self.pointer(store))
        assert status == self.lib.ARM_CMSIS_NN_SUCCESS
        assert (behind == CANARY).all(), "written behind the scratch buffer"
        assert (store[count:] == CANARY).all(), "written behind the output"
        return store[:count].reshape(shape)

    def convolve(
        self,
        function: str,
        x: Int8,
        filter_: Int8,
        bias: Int32 | None,
        layer: Layer,
        size: Pair,
        stride: Pair = (1, 1),
        padding: Pair = (0, 0),
        dilation: Pair = (1, 1),
    ) -> Int8:
        """filter_: [out][h][w][in of a group]; `size`: of the output."""
        params = self.ffi.new("cmsis_nn_conv_params *")
        quant = self._spatial(params, layer, stride, padding, dilation)
        out = (x.shape[0], *size, filter_.shape[0])
        dims = [self.dims(*x.shape), self.dims(*filter_.shape), self.dims(*out)]
        if function == "arm_convolve_wrapper_s8":
            scratch = self.lib.arm_convolve_wrapper_s8_get_buffer_size(params, *dims)
        elif function == "arm_convolve_s8":
            scratch = self.lib.arm_convolve_s8_get_buffer_size(dims[0], dims[1])
        else:
            scratch = 0
        upscale = [self.ffi.NULL] if function == "arm_convolve_s8" else []
        before = [
            params,
            quant,
            dims[0],
            self.pointer(x),
            dims[1],
            self.pointer(filter_),
            self.dims(1, 1, 1, out[3]),
            self.pointer(bias, "int32_t *"),
            *upscale,
            dims[2],
        ]
        return self._call(getattr(self.lib, function), before, out, scratch)

    def depthwise(
        self,
        function: str,
        x: Int8,
        filter_: Int8,
        bias: Int32 | None,
        layer: Layer,
        size: Pair,
        stride: Pair = (1, 1),
        padding: Pair = (0, 0),
        dilation: Pair = (1, 1),
    ) -> Int8:
        """filter_: [1][h][w][out]; `size`: of the output."""
        params = self.ffi.new("cmsis_nn_dw_conv_params *")
        quant = self._spatial(params, layer, stride, padding, dilation)
        params.ch_mult = filter_.shape[3] // x.shape[3]
        out = (x.shape[0], *size, filter_.shape[3])
        dims = [self.dims(*x.shape), self.dims(*filter_.shape), self.dims(*out)]
        scratch = self.lib.arm_depthwise_conv_wrapper_s8_get_buffer_size(params, *dims)
        before = [
            params,
            quant,
            dims[0],
            self.pointer(x),
            dims[1],
            self.pointer(filter_),
            self.dims(1, 1, 1, out[3]),
            self.pointer(bias, "int32_t *"),
            dims[2],
        ]
        return self._call(getattr(self.lib, function), before, out, scratch)

    def fully_connected(
        self, x: Int8, filter_: Int8, bias: Int32 | None, layer: Layer, filter_offset: int = 0
    ) -> Int8:
        """x: [n][in]; filter_: [out][in]; per channel when there is more than one multiplier."""
        outputs, inputs = filter_.shape
        params = self.ffi.new("cmsis_nn_fc_params *")
        params.input_offset, params.output_offset = layer.input_offset, layer.output_offset
        params.filter_offset = filter_offset
        params.activation = {"min": layer.minimum, "max": layer.maximum}
        quant = self.ffi.new("cmsis_nn_quant_params *")
        quant.multiplier = self.pointer(layer.multipliers, "int32_t *")
        quant.shift = self.pointer(layer.shifts, "int32_t *")
        quant.is_per_channel = layer.multipliers.size > 1
        filter_dims = self.dims(inputs, 1, 1, outputs)
        before = [
            params,
            quant,
            self.dims(len(x), 1, 1, inputs),
            self.pointer(x),
            filter_dims,
            self.pointer(filter_),
            self.dims(1, 1, 1, outputs),
            self.pointer(bias, "int32_t *"),
            self.dims(len(x), 1, 1, outputs),
        ]
        size = self.lib.arm_fully_connected_s8_get_buffer_size(filter_dims)
        return self._call(self.lib.arm_fully_connected_wrapper_s8, before, (len(x), outputs), size)

    def average_pool(
        self,
        x: Int8,
        kernel: Pair,
        size: Pair,
        stride: Pair = (1, 1),
        padding: Pair = (0, 0),
        limits: Pair = (-128, 127),
    ) -> Int8:
        params = self.ffi.new("cmsis_nn_pool_params *")
        params.stride = {"h": stride[0], "w": stride[1]}
        params.padding = {"h": padding[0], "w": padding[1]}
        params.activation = {"min": limits[0], "max": limits[1]}
        out = (x.shape[0], *size, x.shape[3])
        before = [
            params,
            self.dims(*x.shape),
            self.pointer(x),
            self.dims(1, *kernel, 1),
            self.dims(*out),
        ]
        scratch = self.lib.arm_avgpool_s8_get_buffer_size(size[1], x.shape[3])
        return self._call(self.lib.arm_avgpool_s8, before, out, scratch)

    def softmax(self, x: Int8, multiplier: int, shift: int, diff_min: int) -> Int8:
        """x: [rows][classes]."""
        store = np.full(x.size + GUARD, CANARY, np.int8)
        arguments = (*x.shape, multiplier, shift, diff_min, self.pointer(store))
        self.lib.arm_softmax_s8(self.pointer(x), *arguments)
        assert (store[x.size :] == CANARY).all(), "written behind the output"
        return store[: x.size].reshape(x.shape)

    def softmax_int16(
        self, x: Int8, multiplier: int, shift: int, diff_min: int
    ) -> NDArray[np.int16]:
        out = np.zeros(x.shape, np.int16)
        arguments = (*x.shape, multiplier, shift, diff_min, True, self.pointer(out, "void *"))
        self.lib.arm_nn_softmax_common_s8(self.pointer(x), *arguments)
        return out

    def _spatial(
        self, params: Any, layer: Layer, stride: Pair, padding: Pair, dilation: Pair
    ) -> Any:
        params.input_offset, params.output_offset = layer.input_offset, layer.output_offset
        params.activation = {"min": layer.minimum, "max": layer.maximum}
        for name, value in (("stride", stride), ("padding", padding), ("dilation", dilation)):
            setattr(params, name, {"h": value[0], "w": value[1]})
        quant = self.ffi.new("cmsis_nn_per_channel_quant_params *")
        quant.multiplier = self.pointer(layer.multipliers, "int32_t *")
        quant.shift = self.pointer(layer.shifts, "int32_t *")
        return quant
