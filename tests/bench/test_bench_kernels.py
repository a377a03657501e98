"""Which kernels ran in each layer, and which layers left theirs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncer.bench.kernels import kernel_table, layer_kernels, left_kernels
from syncer.model import BenchResult, Kernel, Layer

LAYERS = (Layer(0, "CONV_2D", 800), Layer(1, "SOFTMAX", 8), Layer(2, "RESHAPE", 1))
FAST, WRAPPER, SOFTMAX = Kernel("fast", 0, True), Kernel("wrapper", 0), Kernel("softmax", 0)
FUNCTIONS = {0x100: FAST, 0x200: WRAPPER, 0x300: SOFTMAX}
# Of the marks, 0 ends the preparation; 1 to 6 are the layers' begins and ends.
SPANS = ((1, 2), (3, 4), (5, 6))
COUNTS = ({0x300: 9}, {}, {0x200: 1, 0x100: 3, 0x999: 5}, {0x100: 7}, {0x300: 1}, {}, {})


def bench(*layers: Layer, name: str = "vision") -> BenchResult:
    return BenchResult(name, "emulator", 125_000_000, 809, layers)


def measured() -> tuple[Layer, ...]:
    return layer_kernels(LAYERS, SPANS, COUNTS, FUNCTIONS)


def test_a_layer_has_what_ran_between_its_marks() -> None:
    conv, softmax, reshape = measured()
    assert conv.kernels == (Kernel("fast", 3, True), Kernel("wrapper", 1))
    assert softmax.kernels == (Kernel("softmax", 1),)
    assert reshape.kernels == ()


def test_the_lock_keeps_names_and_marks_those_of_overrides() -> None:
    table = kernel_table([bench(*measured()), bench(*LAYERS, name="unknown")])
    assert table == {"vision/layer/0/CONV_2D": "fast* wrapper", "vision/layer/1/SOFTMAX": "softmax"}
    assert left_kernels([bench(*measured())], table) == ()


@pytest.mark.parametrize(
    ("now", "missing"),
    [
        ((Kernel("wrapper", 1),), ("fast",)),
        ((), ("fast",)),
        ((Kernel("fast", 3), Kernel("wrapper", 1)), ("fast",)),  # upstream's of the same name
        ((Kernel("fast", 1, True), Kernel("other", 1)), ()),  # upstream renamed its wrapper
        ((Kernel("fast", 1, True),), ()),
    ],
)
def test_an_overrides_kernel_that_does_not_run_is_named(
    now: tuple[Kernel, ...], missing: tuple[str, ...]
) -> None:
    conv, *others = measured()
    table = kernel_table([bench(*measured())])
    left = left_kernels([bench(replace(conv, kernels=now), *others)], table)
    assert [item.kernels for item in left] == ([missing] if missing else [])
    if left:
        assert left[0].layer == "vision/layer/0/CONV_2D"
        assert left[0].now == tuple(kernel.name for kernel in now)


def test_a_layer_that_leaves_the_component_for_reference_kernels_is_named() -> None:
    conv, softmax, reshape = measured()
    table = kernel_table([bench(*measured())])
    left = left_kernels([bench(conv, replace(softmax, kernels=()), reshape)], table)
    assert [(item.layer, item.kernels, item.now) for item in left] == [
        ("vision/layer/1/SOFTMAX", ("softmax",), ())
    ]


def test_a_layer_that_is_gone_has_left_its_kernels() -> None:
    conv, softmax, reshape = measured()
    table = kernel_table([bench(*measured())])
    left = left_kernels([bench(replace(conv, op="PAD_CONV"), softmax, reshape)], table)
    assert [item.layer for item in left] == ["vision/layer/0/CONV_2D"]


def test_what_cannot_tell_accuses_nobody() -> None:
    table = kernel_table([bench(*measured())])
    assert left_kernels([bench(*LAYERS)], table) == ()  # a target without marks
    assert left_kernels([bench(*measured(), name="speech")], table) == ()  # the gate says so
