"""The miniature component against definitions in 64-bit integers and against real TFLM."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tflite
from component_library import COMPONENT, SOURCES, WARNINGS, Component, Int8, Layer, Pair, build
from component_model import Model, softmax_parameters, tflm_outputs
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[2] / "ci" / "miniature"))

import model_network
import models
from model_file import SOFTMAX, Operator, Tensor, serialise
from model_inputs import samples

# Arrays come from a seed; hypothesis shrinks the shape around it.
SEEDS = st.integers(0, 2**32 - 1)
CASES = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def component(tmp_path_factory: pytest.TempPathFactory) -> Component:
    return build(tmp_path_factory.mktemp("component"))


# ---- the definitions


def scale(acc: NDArray[np.int64], layer: Layer) -> Int8:
    """Output of accumulators whose last axis is the channel: the product is rounded to 31
    fractional bits, halves up, and after the shift again, halves away from zero."""
    shifts = layer.shifts.astype(np.int64)
    left, right = np.maximum(shifts, 0), np.maximum(-shifts, 0)
    high = ((acc << left) * layer.multipliers + (1 << 30)) >> 31
    out = np.sign(high) * ((np.abs(high) + ((1 << right) >> 1)) >> right) + layer.output_offset
    return np.asarray(np.clip(out, layer.minimum, layer.maximum), np.int8)


def taps(
    x: Int8, layer: Layer, kernel: Pair, size: Pair, stride: Pair, padding: Pair, dilation: Pair
) -> NDArray[np.int64]:
    """[kh][kw][n][out h][out w][c]: what each filter tap sees; 0 outside of the input."""
    far = [size[i] * stride[i] + kernel[i] * dilation[i] for i in (0, 1)]
    rows, columns = ((padding[i], far[i]) for i in (0, 1))
    padded = np.pad(x.astype(np.int64) + layer.input_offset, ((0, 0), rows, columns, (0, 0)))
    seen = np.zeros((*kernel, x.shape[0], *size, x.shape[3]), np.int64)
    for i, j in np.ndindex(*kernel):
        top, left = i * dilation[0], j * dilation[1]
        window = padded[:, top : top + size[0] * stride[0], left : left + size[1] * stride[1]]
        seen[i, j] = window[:, :: stride[0], :: stride[1]]
    return seen


# ---- random cases


def int8(random: np.random.Generator, shape: tuple[int, ...], low: int = -128) -> Int8:
    """Random values; one array in four holds extremes only."""
    if random.integers(4) == 0:
        return random.choice(np.array([low, 127], np.int8), shape)
    return random.integers(low, 128, shape, np.int8)


def quantisation(random: np.random.Generator, channels: int, terms: int) -> Layer:
    """Multipliers that bring sums of `terms` products into and beyond the int8 range."""
    base = -int(np.log2(terms)) - 7
    minimum = int(random.integers(-128, 0))
    return Layer(
        random.integers(1 << 30, 1 << 31, channels).astype(np.int32),
        random.integers(base - 4, base + 5, channels).astype(np.int32),
        int(random.integers(-127, 129)),
        int(random.integers(-128, 128)),
        minimum,
        int(random.integers(minimum, 128)),
    )


def biases(random: np.random.Generator, channels: int) -> NDArray[np.int32] | None:
    if random.integers(4) == 0:
        return None
    return random.integers(-(1 << 14), 1 << 14, channels).astype(np.int32)


@st.composite
def windows(draw: st.DrawFn, biggest: int = 5) -> tuple[Pair, Pair, Pair, Pair, Pair, Pair]:
    """(input, kernel, stride, padding, dilation, output), each vertical and horizontal.

    The padding stays below the kernel's reach, and the output ends within the same on the other
    side, as with SAME and VALID."""
    sides = []
    for _ in range(2):
        size = draw(st.integers(1, 9))
        kernel, stride = draw(st.integers(1, biggest)), draw(st.integers(1, 3))
        dilation = draw(st.sampled_from((1, 1, 1, 2, 3)))
        reach = (kernel - 1) * dilation
        before, after = draw(st.integers(0, reach)), draw(st.integers(0, reach))
        if size + before + after < reach + 1:
            before, after = reach, reach
        out = (size + before + after - reach - 1) // stride + 1
        sides.append((size, kernel, stride, before, dilation, out))
    a, b = sides
    return (
        (a[0], b[0]),
        (a[1], b[1]),
        (a[2], b[2]),
        (a[3], b[3]),
        (a[4], b[4]),
        (a[5], b[5]),
    )


# ---- the tests


@pytest.mark.parametrize(
    "compiler", [["gcc"], ["arm-none-eabi-gcc", "-mcpu=cortex-m0plus", "-mthumb"]], ids=str
)
def test_compiles_without_a_warning(compiler: list[str], tmp_path: Path) -> None:
    command = [*compiler, *WARNINGS, "-O3", f"-I{COMPONENT}/Include", "-c", *SOURCES]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stderr) == (0, "")
    assert len(list(tmp_path.glob("*.o"))) == len(SOURCES)


def test_headers_serve_cxx(tmp_path: Path) -> None:
    source = tmp_path / "use.cc"
    source.write_text('#include "Include/arm_nnfunctions.h"\n#include "arm_nnsupportfunctions.h"\n')
    command = ["g++", "-Wall", "-Wextra", "-Werror", f"-I{COMPONENT}", f"-I{COMPONENT}/Include"]
    subprocess.run([*command, "-fsyntax-only", source], check=True, timeout=60)


def gemmlowp_high_mult(a: int, b: int) -> int:
    """SaturatingRoundingDoublingHighMul, literally; Python's division floors, C's truncates."""
    if a == b == -(1 << 31):
        return (1 << 31) - 1
    product = a * b
    nudged = product + ((1 << 30) if product >= 0 else 1 - (1 << 30))
    return nudged >> 31 if nudged >= 0 else -(-nudged >> 31)


def gemmlowp_divide_by_pot(x: int, exponent: int) -> int:
    """RoundingDivideByPOT, literally."""
    mask = (1 << exponent) - 1
    threshold = (mask >> 1) + (1 if x < 0 else 0)
    return (x >> exponent) + (1 if (x & mask) > threshold else 0)


WORDS = st.one_of(
    st.integers(-(1 << 31), (1 << 31) - 1),
    st.integers(-(1 << 16), 1 << 16),
    st.sampled_from((-(1 << 31), 1 - (1 << 31), -1, 0, 1, 1 << 30, (1 << 31) - 1)),
)


@settings(CASES, max_examples=2000)
@given(acc=WORDS, multiplier=st.integers(0, (1 << 31) - 1), shift=st.integers(-31, 0))
@example(acc=1 << 30, multiplier=1 << 30, shift=-31)
def test_requantize_rounds_twice(
    component: Component, acc: int, multiplier: int, shift: int
) -> None:
    expected = gemmlowp_divide_by_pot(gemmlowp_high_mult(acc, multiplier), -shift)
    assert component.lib.shim_requantize(acc, multiplier, shift) == expected


@settings(CASES, max_examples=300)
@given(acc=st.integers(-(1 << 20), 1 << 20), multiplier=WORDS.map(abs), shift=st.integers(1, 11))
def test_requantize_shifts_left_first(
    component: Component, acc: int, multiplier: int, shift: int
) -> None:
    multiplier = min(multiplier, (1 << 31) - 1)
    expected = gemmlowp_high_mult(acc << shift, multiplier)
    assert component.lib.shim_requantize(acc, multiplier, shift) == expected


@settings(CASES, max_examples=300)
@given(a=WORDS, b=WORDS)
@example(a=-(1 << 31), b=-(1 << 31))
def test_high_mult_saturates(component: Component, a: int, b: int) -> None:
    assert component.lib.shim_high_mult(a, b) == gemmlowp_high_mult(a, b)


@CASES
@given(
    window=windows(),
    batch=st.integers(1, 2),
    groups=st.sampled_from((1, 1, 2, 3)),
    inputs=st.integers(1, 6),
    outputs=st.integers(1, 6),
    seed=SEEDS,
)
def test_convolve(
    component: Component,
    window: tuple[Pair, ...],
    batch: int,
    groups: int,
    inputs: int,
    outputs: int,
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    source, kernel, stride, padding, dilation, size = window
    x = int8(random, (batch, *source, groups * inputs))
    filter_ = int8(random, (groups * outputs, *kernel, inputs), -127)
    bias = biases(random, groups * outputs)
    layer = quantisation(random, groups * outputs, filter_[0].size)

    seen = taps(x, layer, kernel, size, stride, padding, dilation)
    seen = seen.reshape(*seen.shape[:5], groups, inputs)
    by_group = filter_.reshape(groups, outputs, *kernel, inputs).astype(np.int64)
    acc = np.einsum("ijnyxgc,goijc->nyxgo", seen, by_group).reshape(batch, *size, -1)
    expected = scale(acc + (0 if bias is None else bias), layer)

    for function in ("arm_convolve_s8", "arm_convolve_wrapper_s8"):
        got = component.convolve(function, x, filter_, bias, layer, size, stride, padding, dilation)
        np.testing.assert_array_equal(got, expected)


@CASES
@given(
    source=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    stride=st.sampled_from(((1, 1), (1, 1), (2, 2), (1, 3), (2, 1))),
    batch=st.integers(1, 2),
    inputs=st.integers(1, 40),
    outputs=st.integers(1, 9),
    seed=SEEDS,
)
def test_convolve_1x1(
    component: Component,
    source: Pair,
    stride: Pair,
    batch: int,
    inputs: int,
    outputs: int,
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    x = int8(random, (batch, *source, inputs))
    filter_ = int8(random, (outputs, 1, 1, inputs), -127)
    bias, layer = biases(random, outputs), quantisation(random, outputs, inputs)
    kept = x[:, :: stride[0], :: stride[1]].astype(np.int64) + layer.input_offset
    acc = kept @ filter_.reshape(outputs, inputs).T.astype(np.int64)
    expected = scale(acc + (0 if bias is None else bias), layer)
    size = (expected.shape[1], expected.shape[2])

    functions = ["arm_convolve_wrapper_s8", "arm_convolve_1x1_s8"]
    if stride == (1, 1):
        functions.append("arm_convolve_1x1_s8_fast")
    for function in functions:
        got = component.convolve(function, x, filter_, bias, layer, size, stride)
        np.testing.assert_array_equal(got, expected)


@CASES
@given(
    window=windows(),
    batch=st.integers(1, 2),
    channels=st.integers(1, 9),
    multiplier=st.sampled_from((1, 1, 1, 2, 4, 5)),
    seed=SEEDS,
)
@example(  # SAME, 3x3: the function of its own
    window=((6, 5), (3, 3), (2, 1), (1, 1), (1, 1), (3, 5)),
    batch=1,
    channels=11,
    multiplier=1,
    seed=1,
)
@example(  # narrower than the kernel
    window=((1, 1), (3, 3), (1, 1), (1, 1), (1, 1), (1, 1)),
    batch=1,
    channels=6,
    multiplier=1,
    seed=2,
)
def test_depthwise(
    component: Component,
    window: tuple[Pair, ...],
    batch: int,
    channels: int,
    multiplier: int,
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    source, kernel, stride, padding, dilation, size = window
    outputs = channels * multiplier
    x = int8(random, (batch, *source, channels))
    filter_ = int8(random, (1, *kernel, outputs), -127)
    bias, layer = biases(random, outputs), quantisation(random, outputs, kernel[0] * kernel[1])

    seen = taps(x, layer, kernel, size, stride, padding, dilation)
    repeated = np.repeat(seen, multiplier, axis=5)
    acc = np.einsum("ijnyxc,ijc->nyxc", repeated, filter_[0].astype(np.int64))
    expected = scale(acc + (0 if bias is None else bias), layer)

    functions = ["arm_depthwise_conv_wrapper_s8", "arm_depthwise_conv_s8"]
    plain = multiplier == 1 and batch == 1 and dilation == (1, 1)
    if plain and kernel == (3, 3) and max(padding) <= 1:
        functions.append("arm_depthwise_conv_3x3_s8")
    for function in functions:
        got = component.depthwise(
            function, x, filter_, bias, layer, size, stride, padding, dilation
        )
        np.testing.assert_array_equal(got, expected)


@CASES
@given(
    source=st.tuples(st.integers(1, 8), st.integers(1, 8)),
    channels=st.integers(1, 9),
    stride=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    padding=st.tuples(st.integers(0, 1), st.integers(0, 1)),
    seed=SEEDS,
)
def test_depthwise_3x3(
    component: Component, source: Pair, channels: int, stride: Pair, padding: Pair, seed: int
) -> None:
    random = np.random.default_rng(seed)
    # SAME from whichever side the padding starts.
    size = ((source[0] - 1) // stride[0] + 1, (source[1] - 1) // stride[1] + 1)
    x = int8(random, (1, *source, channels))
    filter_ = int8(random, (1, 3, 3, channels), -127)
    bias, layer = biases(random, channels), quantisation(random, channels, 9)
    seen = taps(x, layer, (3, 3), size, stride, padding, (1, 1))
    acc = np.einsum("ijnyxc,ijc->nyxc", seen, filter_[0].astype(np.int64))
    expected = scale(acc + (0 if bias is None else bias), layer)
    got = component.depthwise(
        "arm_depthwise_conv_3x3_s8", x, filter_, bias, layer, size, stride, padding
    )
    np.testing.assert_array_equal(got, expected)


@CASES
@given(
    batch=st.integers(1, 3),
    inputs=st.integers(1, 60),
    outputs=st.integers(1, 10),
    per_channel=st.booleans(),
    filter_offset=st.sampled_from((0, 0, -3, 128)),
    seed=SEEDS,
)
def test_fully_connected(
    component: Component,
    batch: int,
    inputs: int,
    outputs: int,
    per_channel: bool,
    filter_offset: int,
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    x, filter_ = int8(random, (batch, inputs)), int8(random, (outputs, inputs), -127)
    bias, layer = biases(random, outputs), quantisation(random, outputs, inputs)
    if not per_channel:
        one = (layer.multipliers[:1].copy(), layer.shifts[:1].copy())
        layer = Layer(*one, layer.input_offset, layer.output_offset, layer.minimum, layer.maximum)
    weights = filter_.T.astype(np.int64) + filter_offset
    acc = (x.astype(np.int64) + layer.input_offset) @ weights
    expected = scale(acc + (0 if bias is None else bias), layer)
    got = component.fully_connected(x, filter_, bias, layer, filter_offset)
    np.testing.assert_array_equal(got, expected)


@CASES
@given(
    rows=st.integers(1, 6),
    columns=st.integers(1, 20),
    offsets=st.tuples(st.integers(-128, 128), st.integers(-128, 128)),
    biased=st.booleans(),
    seed=SEEDS,
)
def test_vector_sum(
    component: Component, rows: int, columns: int, offsets: Pair, biased: bool, seed: int
) -> None:
    random = np.random.default_rng(seed)
    data, bias = int8(random, (rows, columns)), random.integers(-999, 999, rows).astype(np.int32)
    out = np.zeros(rows, np.int32)
    status = component.lib.arm_vector_sum_s8(
        component.pointer(out, "int32_t *"),
        columns,
        rows,
        component.pointer(data),
        *offsets,
        component.pointer(bias if biased else None, "int32_t *"),
    )
    assert status == component.lib.ARM_CMSIS_NN_SUCCESS
    expected = offsets[0] * (data.astype(np.int64) + offsets[1]).sum(axis=1) + bias * biased
    np.testing.assert_array_equal(out, expected)


@CASES
@given(window=windows(4), batch=st.integers(1, 2), channels=st.integers(1, 7), seed=SEEDS)
def test_average_pool(
    component: Component, window: tuple[Pair, ...], batch: int, channels: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    source, kernel, stride, padding, _, _ = window
    padding = (min(padding[0], kernel[0] - 1), min(padding[1], kernel[1] - 1))
    size = ((source[0] - 1) // stride[0] + 1, (source[1] - 1) // stride[1] + 1)
    x = int8(random, (batch, *source, channels))
    low = int(random.integers(-128, 0))
    got = component.average_pool(x, kernel, size, stride, padding, (low, 100))

    for n, y, x_, c in np.ndindex(*got.shape):
        top, left = y * stride[0] - padding[0], x_ * stride[1] - padding[1]
        seen = x[n, max(top, 0) : top + kernel[0], max(left, 0) : left + kernel[1], c]
        total, count = int(seen.sum(dtype=np.int64)), seen.size
        mean = (abs(total) + count // 2) // count * (1 if total > 0 else -1)
        assert got[n, y, x_, c] == min(max(mean, low), 100)


@CASES
@given(
    rows=st.integers(1, 3),
    classes=st.integers(1, 40),
    scale_log2=st.integers(-12, 3),
    seed=SEEDS,
)
def test_softmax_is_within_a_step_of_the_real_one(
    component: Component, rows: int, classes: int, scale_log2: int, seed: int
) -> None:
    scale_in = 2.0**scale_log2 * 1.37
    x = int8(np.random.default_rng(seed), (rows, classes))
    parameters = softmax_parameters(1.0, scale_in)
    powers = np.exp((x - x.max(axis=1, keepdims=True).astype(float)) * scale_in)
    real = powers / powers.sum(axis=1, keepdims=True)
    got = component.softmax(x, *parameters).astype(float)
    assert np.abs(got - np.clip(real * 256 - 128, -128, 127)).max() <= 1
    wide = component.softmax_int16(x, *parameters).astype(float)
    assert np.abs(wide - np.clip(real * 65536 - 32768, -32768, 32767)).max() <= 1


def test_arguments_that_no_kernel_serves(component: Component) -> None:
    lib, ffi = component.lib, component.ffi
    params = ffi.new("cmsis_nn_conv_params *", {"stride": (2, 2), "dilation": (1, 1)})
    one = component.dims(1, 1, 1, 1)
    context = ffi.new("cmsis_nn_context *")
    null = ffi.NULL
    start = (context, params, null, one, null, one, null, one, null)
    assert lib.arm_convolve_1x1_s8_fast(*start, one, null) == lib.ARM_CMSIS_NN_ARG_ERROR
    # General convolution without the scratch it asked for.
    assert lib.arm_convolve_s8(*start, null, one, null) == lib.ARM_CMSIS_NN_ARG_ERROR
    assert lib.arm_convolve_s8_get_buffer_size(one, component.dims(1, 3, 3, 1)) == 2 * 12 * 2


# ---- real TFLM


@pytest.mark.parametrize("make", [models.person_detect, models.keyword, models.gesture])
def test_every_operator_equals_tflm(component: Component, make: type) -> None:
    network = make()
    data = network.serialise()
    inputs = models.sample_inputs(network.name, 4)
    size = len(inputs[0])
    random = np.random.default_rng(7)
    inputs += [bytes([0x80]) * size, bytes([0x7F]) * size, random.bytes(size)]
    model = Model(data)
    for given_, expected in zip(inputs, tflm_outputs(data, inputs), strict=True):
        got = model.run(component, given_)
        assert len(got) == len(expected) == len(network.operators)
        for index, (ours, theirs) in enumerate(zip(got, expected, strict=True)):
            np.testing.assert_array_equal(ours, theirs, f"operator {index}")


@pytest.mark.parametrize("scale_log2", range(-9, 2))
def test_softmax_equals_tflm(component: Component, scale_log2: int) -> None:
    """Scales of many sizes, which the three models do not have, and outputs of 16 bits."""
    shape, scale_in = (1, 29), 1.37 * 2.0**scale_log2
    wide, narrow = (
        serialise(
            [
                Tensor("input", shape, (scale_in,), -5),
                Tensor("output", shape, (0.5**bits,), -(1 << (bits - 1)), type=kind),
            ],
            [Operator(SOFTMAX, (0,), 1, {"Beta": 1.0})],
            "softmax",
        )
        for bits, kind in ((16, tflite.TensorType.INT16), (8, tflite.TensorType.INT8))
    )
    random = np.random.default_rng(scale_log2 + 100)
    inputs = [int8(random, shape) for _ in range(60)]
    data = [x.tobytes() for x in inputs]
    # The same constants as the interpreter's, from the scale as the file has it.
    parameters = softmax_parameters(1.0, float(np.float32(scale_in)))
    for x, expected in zip(inputs, tflm_outputs(narrow, data), strict=True):
        np.testing.assert_array_equal(component.softmax(x, *parameters), expected[0])
    for x, expected in zip(inputs, tflm_outputs(wide, data), strict=True):
        np.testing.assert_array_equal(component.softmax_int16(x, *parameters), expected[0])


def test_tflm_rounds_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host's TFLM is built for double rounding: single rounding gives other outputs."""

    def layer() -> model_network.Network:
        values = samples("person_detect", 4)
        network = model_network.Network.start("rounding", values, 1.0 / 256.0, -1)
        network.depthwise(stride=2, multiplier=8)
        return network

    def single(acc: NDArray[np.int64], reals: list[float]) -> NDArray[np.int64]:
        pairs = np.array([model_network.quantize_multiplier(real) for real in reals])
        total = 31 - pairs[:, 1]
        return np.asarray((acc * pairs[:, 0] + (np.int64(1) << (total - 1))) >> total)

    twice = layer()
    monkeypatch.setattr(model_network, "requantize", single)
    once = layer()
    assert twice.serialise() == once.serialise()
    inputs = models.sample_inputs("person_detect", 4)
    outputs = np.concatenate([found[0] for found in tflm_outputs(twice.serialise(), inputs)])
    np.testing.assert_array_equal(outputs, twice.values)
    assert (outputs != once.values).any()


def test_activations_of_the_models_cover_the_ways_to_clamp() -> None:
    kinds = tflite.ActivationFunctionType
    found = {
        operator.options["FusedActivationFunction"]
        for make in (models.person_detect, models.keyword, models.gesture)
        for operator in make().operators
        if "FusedActivationFunction" in operator.options
    }
    assert found == {kinds.NONE, kinds.RELU, kinds.RELU6}
