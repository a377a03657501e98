"""Models and inputs that port.toml names are looked at before anything is built."""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import tflite

from syncer.errors import SyncError
from syncer.port import Benchmark
from syncer.tree import models
from syncer.tree.models import benchmark_inputs, check_model, noise

sys.path.insert(0, str(Path(__file__).parents[2] / "ci" / "miniature"))

import model_file

# One softmax over 16 int8.
MODEL = model_file.serialise(
    [
        model_file.Tensor("input", (1, 16), (0.25,)),
        model_file.Tensor("output", (1, 16), (1.0 / 256.0,), -128),
    ],
    [model_file.Operator(model_file.SOFTMAX, (0,), 1, {"Beta": 1.0})],
    "one operator",
)


def benchmark(*inputs: str) -> Benchmark:
    return Benchmark("toy", "toy", "t", 0, "end", "check", "m.tflite", inputs)


def refusal(files: dict[str, bytes], *inputs: str) -> SyncError:
    with pytest.raises(SyncError) as caught:
        benchmark_inputs(benchmark(*inputs), lambda path, _: files[path])
    return caught.value


def test_a_model_with_its_input_passes() -> None:
    files = {"m.tflite": MODEL, "in": bytes(16)}
    assert benchmark_inputs(benchmark("in"), lambda path, _: files[path]) == [bytes(16)]


def of_type(kind: int) -> bytes:
    tensors = [
        model_file.Tensor("input", (1, 6), (0.25,), type=kind),
        model_file.Tensor("output", (1, 6), (1.0 / 256.0,), -128),
    ]
    softmax = model_file.Operator(model_file.SOFTMAX, (0,), 1, {"Beta": 1.0})
    return model_file.serialise(tensors, [softmax], "one operator")


def test_noise_has_the_inputs_size() -> None:
    model = of_type(tflite.TensorType.INT16)
    given = benchmark_inputs(replace(benchmark(), seed=7), lambda path, _: model)
    assert given == [noise(7, 12)]
    # As the port's program computes it: x -> 1664525 * x + 1013904223, the upper byte.
    assert given[0][0] == (7 * 1_664_525 + 1_013_904_223) % 2**32 >> 24
    assert len(set(noise(1, 4096))) == 256


def test_noise_is_no_number_in_floating_point() -> None:
    model = of_type(tflite.TensorType.FLOAT32)
    with pytest.raises(SyncError, match="cannot be noise") as caught:
        benchmark_inputs(replace(benchmark(), seed=7), lambda path, _: model)
    assert "benchmark.toy.inputs" in caught.value.hint


def test_what_does_not_fit_is_told_with_its_key() -> None:
    said = refusal({"m.tflite": MODEL, "in": bytes(15)}, "in")
    assert said.message == "in has 15 bytes, input 0 of m.tflite takes 16"
    assert "benchmark.toy.inputs" in said.hint
    said = refusal({"m.tflite": MODEL})
    assert said.message == "m.tflite has 1 input, benchmark.toy.inputs names 0"
    said = refusal({"m.tflite": b"no model, but long enough to be one", "in": bytes(16)}, "in")
    assert said.message == "m.tflite is no TensorFlow Lite model"
    assert "benchmark.toy.model" in said.hint
    with pytest.raises(SyncError, match="is no TensorFlow Lite model"):
        check_model("short.tflite", b"TFL3", "tree.array")


def test_a_broken_model_never_ends_in_a_traceback() -> None:
    draw = random.Random(7)
    files = {"in": bytes(16)}
    refused = 0
    for _ in range(2000):
        broken = bytearray(MODEL[: draw.randrange(8, len(MODEL) + 1)])
        for _ in range(draw.randrange(4)):
            broken[draw.choice([*range(4), *range(8, len(broken))])] = draw.randrange(256)
        files["m.tflite"] = bytes(broken)
        try:
            benchmark_inputs(benchmark("in"), lambda path, _: files[path])
        except SyncError:
            refused += 1
    assert refused > 500


def test_the_types_are_the_schemas() -> None:
    for name in ("FLOAT32", "INT32", "UINT8", "INT64", "BOOL", "INT16", "INT8"):
        assert getattr(models, f"_{name}") == getattr(tflite.TensorType, name)


def test_a_model_that_is_known_is_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "models.json"
    files = {"m.tflite": MODEL, "in": bytes(16)}

    def inputs() -> list[bytes]:
        return benchmark_inputs(benchmark("in"), lambda path, _: files[path], kept)

    assert inputs() == [bytes(16)]
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "tflite", None)  # importing it fails
        assert inputs() == [bytes(16)]
        files["in"] = bytes(15)
        with pytest.raises(SyncError, match="in has 15 bytes, input 0 of m.tflite takes 16"):
            inputs()
        files["m.tflite"] = MODEL + b"\0"
        with pytest.raises(ImportError):
            inputs()
    files["in"] = bytes(16)
    assert inputs() == [bytes(16)]
    for damaged in ("", "[]", "{"):
        kept.write_text(damaged)
        assert inputs() == [bytes(16)]
