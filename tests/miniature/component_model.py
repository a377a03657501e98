"""Runs a .tflite model operator by operator: on the component, with TFLM's int8 semantics, and
on TFLM itself.

Sources: TFLM's kernel_util.cc (multipliers, activation ranges), padding.h, quantization_util.cc,
and kernels/cmsis_nn/*.cc for what is handed to the component.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tflite
from component_library import Component, Int8, Layer, Pair
from numpy.typing import NDArray
from tflite_micro import runtime

SOFTMAX_INTEGER_BITS = 5  # of the scaled input differences


class Model:
    """One .tflite file with a single chain of operators."""

    def __init__(self, data: bytes) -> None:
        self.model = tflite.Model.GetRootAs(data, 0)
        self.graph = self.model.Subgraphs(0)
        self.operators = [self.graph.Operators(i) for i in range(self.graph.OperatorsLength())]

    def tensor(self, index: int) -> Any:
        return self.graph.Tensors(index)

    def shape(self, index: int) -> tuple[int, ...]:
        return tuple(int(size) for size in self.tensor(index).ShapeAsNumpy())

    def area(self, index: int) -> Pair:
        _, height, width, _ = self.shape(index)
        return height, width

    def constant(self, index: int, kind: type[np.generic]) -> NDArray[Any]:
        raw = self.model.Buffers(self.tensor(index).Buffer()).DataAsNumpy()
        return np.array(raw.view(kind).reshape(self.shape(index)))

    def scales(self, index: int) -> NDArray[np.float32]:
        return np.asarray(self.tensor(index).Quantization().ScaleAsNumpy(), np.float32)

    def zero_point(self, index: int) -> int:
        return int(self.tensor(index).Quantization().ZeroPoint(0))

    def options(self, operator: Any, table: str) -> Any:
        options = getattr(tflite, table)()
        union = operator.BuiltinOptions()
        options.Init(union.Bytes, union.Pos)
        return options

    def kind(self, operator: Any) -> int:
        return int(self.model.OperatorCodes(operator.OpcodeIndex()).BuiltinCode())

    def run(self, component: Component, data: bytes) -> list[Int8]:
        """The output of every operator, each fed with the one before."""
        source = self.graph.Inputs(0)
        values = np.frombuffer(data, np.int8).reshape(self.shape(source))
        outputs = []
        for operator in self.operators:
            assert operator.Inputs(0) == source, "the operators are not a chain"
            values = self.step(component, operator, np.ascontiguousarray(values))
            source = operator.Outputs(0)
            assert values.shape == self.shape(source)
            outputs.append(values)
        return outputs

    def step(self, component: Component, operator: Any, x: Int8) -> Int8:
        """One operator."""
        kind, out = self.kind(operator), operator.Outputs(0)
        ops = tflite.BuiltinOperator
        if kind == ops.RESHAPE:
            return x.reshape(self.shape(out))
        if kind == ops.SOFTMAX:
            beta = self.options(operator, "SoftmaxOptions").Beta()
            scale = float(self.scales(operator.Inputs(0))[0])
            return component.softmax(x, *softmax_parameters(beta, scale))
        if kind == ops.AVERAGE_POOL_2D:
            options = self.options(operator, "Pool2DOptions")
            assert options.FusedActivationFunction() == tflite.ActivationFunctionType.NONE
            kernel = (options.FilterHeight(), options.FilterWidth())
            stride, padding = self.window(options, x, kernel, self.area(out))
            return component.average_pool(x, kernel, self.area(out), stride, padding)

        filter_ = self.constant(operator.Inputs(1), np.int8)
        bias = self.constant(operator.Inputs(2), np.int32)
        if kind == ops.FULLY_CONNECTED:
            options = self.options(operator, "FullyConnectedOptions")
            layer = self.layer(operator, options, single_precision=True)
            return component.fully_connected(x.reshape(1, -1), filter_, bias, layer)
        table, function = {
            ops.CONV_2D: ("Conv2DOptions", "arm_convolve_wrapper_s8"),
            ops.DEPTHWISE_CONV_2D: ("DepthwiseConv2DOptions", "arm_depthwise_conv_wrapper_s8"),
        }[kind]
        options = self.options(operator, table)
        kernel = self.area(operator.Inputs(1))
        stride, padding = self.window(options, x, kernel, self.area(out))
        call = component.convolve if kind == ops.CONV_2D else component.depthwise
        layer = self.layer(operator, options)
        return call(function, x, filter_, bias, layer, self.area(out), stride, padding)

    def window(self, options: Any, x: Int8, kernel: Pair, out: Pair) -> tuple[Pair, Pair]:
        """(stride, padding before). SAME and VALID differ in the output's shape; of an odd total
        the smaller half comes first."""
        stride = (options.StrideH(), options.StrideW())
        totals = [(out[i] - 1) * stride[i] + kernel[i] - x.shape[i + 1] for i in (0, 1)]
        return stride, (max(totals[0], 0) // 2, max(totals[1], 0) // 2)

    def layer(self, operator: Any, options: Any, single_precision: bool = False) -> Layer:
        """Quantisation of a layer with weights, one multiplier for each scale of the filter."""
        source, weights, out = operator.Inputs(0), operator.Inputs(1), operator.Outputs(0)
        scale_in, scale_out = self.scales(source)[0], self.scales(out)[0]
        if single_precision:
            products = [float(scale_in * scale) for scale in self.scales(weights)]
        else:
            products = [float(scale_in) * float(scale) for scale in self.scales(weights)]
        pairs = [quantize_multiplier(product / float(scale_out)) for product in products]
        zero = self.zero_point(out)
        activation, kinds = options.FusedActivationFunction(), tflite.ActivationFunctionType
        low, high = -128, 127
        if activation in (kinds.RELU, kinds.RELU6):
            low = max(low, zero)
        if activation == kinds.RELU6:
            high = min(high, zero + math.floor(float(np.float32(6) / scale_out) + 0.5))
        return Layer(
            np.array([multiplier for multiplier, _ in pairs], np.int32),
            np.array([shift for _, shift in pairs], np.int32),
            -self.zero_point(source),
            zero,
            low,
            high,
        )


def quantize_multiplier(real: float) -> tuple[int, int]:
    """(multiplier, shift) with real = multiplier / 2^31 * 2^shift."""
    mantissa, shift = math.frexp(real)
    multiplier = math.floor(mantissa * (1 << 31) + 0.5)
    if multiplier == 1 << 31:
        return multiplier // 2, shift + 1
    return multiplier, shift


def softmax_parameters(beta: float, scale: float) -> tuple[int, int, int]:
    """(multiplier, shift, diff_min) of a softmax over int8 inputs of that scale."""
    fraction = 31 - SOFTMAX_INTEGER_BITS
    multiplier, shift = quantize_multiplier(min(beta * scale * (1 << fraction), 2.0**31 - 1))
    radius = math.floor(((1 << SOFTMAX_INTEGER_BITS) - 1) * (1 << fraction) / (1 << shift))
    return multiplier, shift, -radius


def tflm_outputs(model: bytes, inputs: list[bytes]) -> list[list[Int8]]:
    """Every operator's output for every input, by the interpreter with the reference kernels."""
    graph = Model(model)
    interpreter = runtime.Interpreter.from_bytes(
        model,
        arena_size=len(model) * 10 + (1 << 20),
        intrepreter_config=runtime.InterpreterConfig.kPreserveAllTensors,
    )
    results = []
    for data in inputs:
        shape = graph.shape(graph.graph.Inputs(0))
        interpreter.set_input(np.frombuffer(data, np.int8).reshape(shape), 0)
        interpreter.invoke()
        indices = [operator.Outputs(0) for operator in graph.operators]
        results.append([interpreter.GetTensor(i, 0)["tensor_data"].copy() for i in indices])
    return results
