"""What happens in the miniature's two repositories, one change after the other.

A change edits a tree, a mapping of paths to contents. The edits name the text they replace, which
must be there exactly once, so a change that no longer fits fails where it is made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Tree = dict[str, bytes]

FILES = Path(__file__).with_name("history_files")

MICRO = "tensorflow/lite/micro"
PIN_FILE = f"{MICRO}/tools/make/ext_libs/cmsis_nn_download.sh"
NO_PIN = "0" * 40  # what the base tree has in PIN_FILE

# What a port's queue touches: a patch to each repository, and two files replaced as a whole.
PROFILER = f"{MICRO}/micro_profiler.h"
WIDEN = "Source/NNSupportFunctions/arm_q7_to_q15_with_offset.c"
MATRIX = "Source/NNSupportFunctions/arm_nn_mat_mult_nt_t_s8.c"
DEPTHWISE = "Source/ConvolutionFunctions/arm_depthwise_conv_3x3_s8.c"

SUPPORT = "Include/arm_nnsupportfunctions.h"


@dataclass(frozen=True)
class Change:
    """One commit. Its parent is the change named, None for the first. `pins` is the change of
    cmsis-nn that the commit to tflite-micro pins, if it moves the pin."""

    name: str
    parent: str | None
    subject: str
    edit: Callable[[Tree], None]
    pins: str | None = None


def replace(tree: Tree, path: str, old: str, new: str) -> None:
    text = tree[path].decode()
    if text.count(old) != 1:
        raise ValueError(f"{path}: {text.count(old)} times instead of once: {old!r}")
    tree[path] = text.replace(old, new).encode()


def cut(tree: Tree, path: str, first: str, end: str) -> None:
    """Removes the text from `first` up to `end`, which stays."""
    text = tree[path].decode()
    start = text.index(first)
    replace(tree, path, text[start : text.index(end, start + len(first))], "")


def move(tree: Tree, old: str, new: str) -> None:
    tree[new] = tree.pop(old)


def add_files(tree: Tree, folder: str) -> None:
    for path in sorted((FILES / folder).rglob("*")):
        if path.is_file():
            tree[path.relative_to(FILES / folder).as_posix()] = path.read_bytes()


def nothing(tree: Tree) -> None:
    """For a commit that only moves the pin."""


# ---- main


def clean_move(tree: Tree) -> None:
    replace(
        tree,
        PROFILER,
        "// Measures how long events take, one after the other, and prints them.\n",
        "// Measures how long events take, one after the other, and prints them. What a\n"
        "// tick is depends on the platform, see micro_time.h.\n",
    )
    replace(
        tree,
        PROFILER,
        "  void ClearEvents();\n",
        "  void ClearEvents();\n\n"
        "  // How many events there have been since.\n"
        "  int num_events() const { return num_events_; }\n",
    )


def source_added(tree: Tree) -> None:
    add_files(tree, "source-added")


def average_halves_once(tree: Tree) -> None:
    path = "Source/PoolingFunctions/arm_avgpool_s8.c"
    replace(
        tree,
        path,
        "                const int32_t count = (y_end - y_start) * (x_end - x_start);\n",
        "                const int32_t count = (y_end - y_start) * (x_end - x_start);\n"
        "                const int32_t half = count / 2;\n",
    )
    replace(
        tree,
        path,
        "                    const int32_t half = sum > 0 ? count / 2 : -(count / 2);\n"
        "                    const int32_t mean = (sum + half) / count;\n",
        "                    const int32_t mean = (sum + (sum > 0 ? half : -half)) / count;\n",
    )


# ---- scenarios


def conflict(tree: Tree) -> None:
    replace(
        tree,
        PROFILER,
        "  static constexpr int kMaxEvents = 4096;\n",
        "  static constexpr int kMaxEvents = 8192;\n",
    )


def absorbed(tree: Tree) -> None:
    """To the byte what the port's patch to this file makes of it."""
    replace(
        tree,
        PROFILER,
        '#include "tensorflow/lite/micro/micro_profiler_interface.h"\n',
        '#include "tensorflow/lite/micro/micro_profiler_interface.h"\n'
        "\n"
        "// How many events a profiler has room for; each takes five words.\n"
        "#ifndef TFLM_PROFILER_MAX_EVENTS\n"
        "#define TFLM_PROFILER_MAX_EVENTS 4096\n"
        "#endif\n",
    )
    replace(
        tree,
        PROFILER,
        "  static constexpr int kMaxEvents = 4096;\n",
        "  static constexpr int kMaxEvents = TFLM_PROFILER_MAX_EVENTS;\n",
    )


def renamed(tree: Tree) -> None:
    move(tree, WIDEN, "Source/NNSupportFunctions/arm_s8_to_s16_with_offset.c")


def renamed_shadowed(tree: Tree) -> None:
    move(tree, DEPTHWISE, "Source/ConvolutionFunctions/arm_depthwise_conv_s8_3x3.c")


def deleted(tree: Tree) -> None:
    """The function moves into the header, as an inline one."""
    del tree[WIDEN]
    prototype = (
        "void arm_q7_to_q15_with_offset"
        "(const int8_t *src, int16_t *dst, int32_t block_size, int16_t offset)"
    )
    replace(
        tree,
        SUPPORT,
        f"{prototype};\n",
        f"__STATIC_INLINE {prototype}\n"
        "{\n"
        "    for (int32_t i = 0; i < block_size; i++)\n"
        "    {\n"
        "        dst[i] = (int16_t)(src[i] + offset);\n"
        "    }\n"
        "}\n",
    )


def deleted_shadowed(tree: Tree) -> None:
    """3x3 filters take the way of all others."""
    del tree[DEPTHWISE]
    wrapper = "Source/ConvolutionFunctions/arm_depthwise_conv_wrapper_s8.c"
    cut(tree, wrapper, "    const bool three_by_three =", "    if (plain && three_by_three)")
    cut(tree, wrapper, "    if (plain && three_by_three)", "    if (plain)\n")
    cut(tree, "Include/arm_nnfunctions.h", "/* 3x3 filter, channel multiplier 1,", "/* ")


def shadowed_changed(tree: Tree) -> None:
    replace(
        tree,
        MATRIX,
        "    (void)row_address_offset;\n",
        "    (void)row_address_offset;\n"
        "\n"
        "    if (rhs_cols < 1)\n"
        "    {\n"
        "        return ARM_CMSIS_NN_ARG_ERROR;\n"
        "    }\n",
    )


def signature_changed(tree: Tree) -> None:
    """A platform's clock has another type than it used to."""
    narrow = "uint32_t GetCurrentTimeTicks()"
    wide = "uint64_t GetCurrentTimeTicks()"
    replace(tree, f"{MICRO}/micro_time.h", f"{narrow};", f"{wide};")
    replace(
        tree,
        f"{MICRO}/micro_time.h",
        "// A platform's clock. Ticks may wrap around.\n",
        "// A platform's clock. Ticks do not wrap around.\n",
    )
    replace(
        tree,
        f"{MICRO}/micro_time.cc",
        f"{narrow} {{ return static_cast<uint32_t>(std::clock()); }}",
        f"{wide} {{ return static_cast<uint64_t>(std::clock()); }}",
    )
    replace(tree, f"{MICRO}/micro_time.cc", f"{narrow} {{ return 0; }}", f"{wide} {{ return 0; }}")
    generic = f"{MICRO}/cortex_m_generic/micro_time.cc"
    replace(tree, generic, f"{narrow} {{\n", f"{wide} {{\n")
    replace(tree, generic, f"{narrow} {{ return 0; }}", f"{wide} {{ return 0; }}")
    profiler = f"{MICRO}/micro_profiler.cc"
    for array in ("start_ticks_[event]", "end_ticks_[event_handle]"):
        replace(
            tree,
            profiler,
            f"{array} = GetCurrentTimeTicks();",
            f"{array} = static_cast<uint32_t>(GetCurrentTimeTicks());",
        )


def numerics_changed(tree: Tree) -> None:
    """Single precision instead of double: the multipliers lose their last bits. The kernel tests,
    whose scales are powers of two, do not notice."""
    path = "tensorflow/lite/kernels/kernel_util.cc"
    replace(
        tree,
        path,
        "  // In double, in this order: the result is rounded to 31 bits and another\n"
        "  // order would sometimes round to another value.\n"
        "  const auto input_scale = static_cast<double>(input->params.scale);\n"
        "  const auto output_scale = static_cast<double>(output->params.scale);\n",
        "  // In single precision, which is faster where there is no hardware for either.\n"
        "  const float input_scale = input->params.scale;\n"
        "  const float output_scale = output->params.scale;\n",
    )
    replace(
        tree,
        path,
        "    const auto filter_scale =\n"
        "        static_cast<double>(affine->scale->data[is_per_channel ? i : 0]);\n",
        "    const float filter_scale = affine->scale->data[is_per_channel ? i : 0];\n",
    )
    replace(
        tree,
        path,
        "        QuantizeScale(context, input_scale * filter_scale / output_scale,\n"
        "                      &per_channel_multiplier[i], &per_channel_shift[i]));\n",
        "        QuantizeScale(context,\n"
        "                      static_cast<double>(input_scale * filter_scale / output_scale),\n"
        "                      &per_channel_multiplier[i], &per_channel_shift[i]));\n",
    )


def slowdown(tree: Tree) -> None:
    """Every convolution first writes its whole output for nothing."""
    for kernel in ("conv", "depthwise_conv"):
        replace(
            tree,
            f"{MICRO}/kernels/cmsis_nn/{kernel}.cc",
            "  const cmsis_nn_context scratch =\n",
            "  cmsis_nn::ClearOutput(output);\n\n  const cmsis_nn_context scratch =\n",
        )
    header = f"{MICRO}/kernels/cmsis_nn/scratch.h"
    replace(
        tree,
        header,
        '#include "tensorflow/lite/c/common.h"\n',
        '#include "tensorflow/lite/c/common.h"\n'
        '#include "tensorflow/lite/micro/kernels/kernel_util.h"\n',
    )
    replace(
        tree,
        header,
        "inline TfLiteStatus ToStatus(",
        "// So that no half of an old result is ever taken for a new one.\n"
        "inline void ClearOutput(TfLiteEvalTensor* output) {\n"
        "  volatile int8_t* values = micro::GetTensorData<int8_t>(output);\n"
        "  const int count = micro::GetTensorShape(output).FlatSize();\n"
        "  for (int i = 0; i < count; ++i) values[i] = 0;\n"
        "}\n"
        "\n"
        "inline TfLiteStatus ToStatus(",
    )


def test_fails(tree: Tree) -> None:
    """One test for each way in which a test can fail to pass."""
    add_files(tree, "test-fails")


def test_unbuilt(tree: Tree) -> None:
    """A test that only another compiler takes, and one that is too large for small memories."""
    add_files(tree, "test-unbuilt")


def test_removed(tree: Tree) -> None:
    """A test is gone, and a case of another one."""
    del tree[f"{MICRO}/memory_planner/greedy_memory_planner_test.cc"]
    path = f"{MICRO}/kernels/reshape_test.cc"
    cut(tree, path, "TEST(ReshapeTest, WiderTypesToo)", "TEST(ReshapeTest, RejectsAnother")


def scenario(name: str, subject: str, edit: Callable[[Tree], None]) -> Change:
    return Change(name, "pin-bumped", subject, edit)


CMSIS_NN = (
    Change("base", None, "First release", nothing),
    Change("pin-bumped", "base", "Average pooling: halve the count once", average_halves_once),
    scenario("renamed", "Name the widening after its types", renamed),
    scenario("renamed-shadowed", "Name all depthwise kernels alike", renamed_shadowed),
    scenario("deleted", "Make the widening inline", deleted),
    scenario("deleted-shadowed", "Drop the 3x3 depthwise kernel", deleted_shadowed),
    scenario("shadowed-changed", "Refuse a product of empty rows", shadowed_changed),
)

TFLITE_MICRO = (
    Change("base", None, "First release", nothing, pins="base"),
    Change("clean-move", "base", "Profiler: tell the number of events", clean_move),
    Change("source-added", "clean-move", "Add hexdump", source_added),
    Change("pin-bumped", "source-added", "Move CMSIS-NN", nothing, pins="pin-bumped"),
    scenario("conflict", "Profiler: room for twice as many events", conflict),
    scenario("absorbed", "Profiler: let the build choose the number of events", absorbed),
    *(
        Change(change.name, "pin-bumped", "Move CMSIS-NN", nothing, pins=change.name)
        for change in CMSIS_NN
        if change.parent == "pin-bumped"
    ),
    scenario("signature-changed", "Clock: ticks that do not wrap around", signature_changed),
    scenario("numerics-changed", "Scales in single precision", numerics_changed),
    scenario("slowdown", "Clear the outputs of convolutions first", slowdown),
    scenario("test-fails", "Tests that do not pass", test_fails),
    scenario("test-unbuilt", "Tests for larger machines", test_unbuilt),
    scenario("test-removed", "Planner: no test any more", test_removed),
)
