"""The miniature built and run: its own tests, and every layer of its models against real TFLM."""

from __future__ import annotations

import filecmp
import shutil
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
import tflite
from component_model import tflm_outputs
from history import MODELS, Histories, checkout
from history_changes import MICRO, TFLITE_MICRO
from models import sample_inputs

MAKEFILE = f"{MICRO}/tools/make/Makefile"
PROGRAM = Path(__file__).with_name("layers.cc")
NAMES = ("person_detect", "keyword", "gesture")
CMSIS_NN = "OPTIMIZED_KERNEL_DIR=cmsis_nn"
LEVELS = [f"{part}_OPTIMIZATION_LEVEL=-O1" for part in ("CORE", "KERNEL", "THIRD_PARTY_KERNEL")]

pytestmark = pytest.mark.slow


def make(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ("make", "-s", "-k", "-j2", "-f", MAKEFILE, *LEVELS, *arguments),
        cwd=tree,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=400,
    )


def layers(tree: Path, tmp_path: Path, *variables: str) -> dict[str, list[str]]:
    """What the program prints for each model: the operators' CRCs on two inputs, and the arena."""
    libraries = tree / "gen"
    for library in libraries.rglob("*.a"):
        library.unlink()  # make does not see that a source has gone
    run = make(tree, "all", *variables)
    assert run.returncode == 0, run.stdout
    (library,) = libraries.rglob("*.a")
    program = tmp_path / "layers"
    subprocess.run(
        ("g++", "-std=c++17", "-O1", f"-I{tree}", PROGRAM, library, "-o", program), check=True
    )
    printed = {}
    for name in NAMES:
        inputs = []
        for number, data in enumerate(sample_inputs(name, 2)):
            inputs.append(tmp_path / f"{name}.{number}")
            inputs[-1].write_bytes(data)
        ran = subprocess.run(
            (program, tree / MODELS / f"{name}.tflite", *inputs),
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        printed[name] = ran.stdout.splitlines()
    return printed


def update(tree: Path, to: Path) -> None:
    """Makes `tree` the same as `to`, leaving alone what is: make goes by the files' times."""
    for path in sorted(tree.rglob("*")):
        relative = path.relative_to(tree)
        if path.is_file() and relative.parts[0] != "gen" and not (to / relative).exists():
            path.unlink()
    for path in sorted(to.rglob("*")):
        target = tree / path.relative_to(to)
        if path.is_file() and not (target.exists() and filecmp.cmp(path, target, shallow=False)):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)


@pytest.mark.parametrize("variables", [[], [CMSIS_NN]], ids=["reference", "cmsis_nn"])
def test_upstream_s_own_tests_pass(
    histories: Histories, tmp_path: Path, variables: list[str]
) -> None:
    tree = checkout(histories, "pin-bumped", tmp_path)
    run = make(tree, "test", *variables)
    tests = list((tree / "gen").glob("*/bin/*_test"))
    assert run.returncode == 0, run.stdout
    assert len(tests) == len(list((tree / "tensorflow").rglob("*_test.cc"))) + 1 == 10
    assert run.stdout.count("~~~ALL TESTS PASSED~~~") == len(tests)
    assert "FAILED" not in run.stdout
    assert "warning:" not in run.stdout


def test_a_failing_test_says_so(histories: Histories, tmp_path: Path) -> None:
    tree = checkout(histories, "base", tmp_path)
    test = tree / MICRO / "kernels/reshape_test.cc"
    text = test.read_text()
    wrong = text.replace(
        "EXPECT_EQ(output[i], input[i]);", "EXPECT_EQ(output[i], 1 - input[i]);", 1
    )
    assert wrong != text
    test.write_text(wrong)
    run = make(tree, "test_kernel_reshape_test")
    assert run.returncode != 0
    assert "[  FAILED  ] ReshapeTest.KeepsEveryByte\n" in run.stdout
    assert "[       OK ] ReshapeTest.WiderTypesToo\n" in run.stdout
    assert "  Expression:  output[i] == 1 - input[i]\n" in run.stdout
    assert "  Evaluated:   -128 == 129\n" in run.stdout
    assert "[  FAILED  ] 1 tests, listed below:\n" in run.stdout
    assert "~~~ALL TESTS PASSED~~~" not in run.stdout


def test_every_layer_of_every_model_is_that_of_tflm(histories: Histories, tmp_path: Path) -> None:
    tree = checkout(histories, "base", tmp_path / "tree")
    reference = layers(tree, tmp_path)
    optimized = layers(tree, tmp_path, CMSIS_NN)
    for name in NAMES:
        model = (tree / MODELS / f"{name}.tflite").read_bytes()
        graph = tflite.Model.GetRootAs(model, 0)
        codes = {value: key for key, value in vars(tflite.BuiltinOperator).items()}
        operators = [
            graph.Subgraphs(0).Operators(i) for i in range(graph.Subgraphs(0).OperatorsLength())
        ]
        kinds = [codes[graph.OperatorCodes(op.OpcodeIndex()).BuiltinCode()] for op in operators]
        expected = [
            f"crc {i} {kinds[i]} 0x{zlib.crc32(np.ascontiguousarray(output).tobytes()):08x}"
            for outputs in tflm_outputs(model, sample_inputs(name, 2))
            for i, output in enumerate(outputs)
        ]
        assert reference[name][:-1] == expected
        assert optimized[name][:-1] == expected


def test_scenarios_build_and_only_one_changes_results(histories: Histories, tmp_path: Path) -> None:
    tree = checkout(histories, "pin-bumped", tmp_path / "tree")
    before = layers(tree, tmp_path, CMSIS_NN)
    for change in TFLITE_MICRO:
        if change.parent != "pin-bumped":
            continue
        update(tree, checkout(histories, change.name, tmp_path / change.name))
        after = layers(tree, tmp_path, CMSIS_NN)
        if change.name != "numerics-changed":
            assert after == before, change.name
            continue
        assert after["person_detect"] != before["person_detect"]
        assert after["person_detect"][-1] == before["person_detect"][-1]  # the arena
        run = make(tree, "test", CMSIS_NN)  # and the kernels' tests do not notice
        assert run.returncode == 0, run.stdout


def test_everything_compiles_for_the_cortex_m0plus(histories: Histories, tmp_path: Path) -> None:
    tree = checkout(histories, "pin-bumped", tmp_path)
    target = ("TARGET=cortex_m_generic", "TARGET_ARCH=cortex-m0plus")
    run = make(tree, "all", *target, CMSIS_NN)
    assert run.returncode == 0, run.stdout
    assert "warning:" not in run.stdout
    (library,) = (tree / "gen").rglob("*.a")
    symbols = subprocess.run(
        ("arm-none-eabi-nm", "-C", "--defined-only", library),
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for symbol in (
        "tflite::MicroInterpreter::Invoke()",
        "tflite::MicroProfiler::BeginEvent(char const*)",
        "tflite::MicroProfiler::EndEvent(unsigned long)",
        "arm_nn_mat_mult_nt_t_s8",
    ):
        assert f" T {symbol}\n" in symbols
