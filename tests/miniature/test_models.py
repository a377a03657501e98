"""The models and two images: the same bytes everywhere, and every layer of them alive."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tflite
from component_library import Int8
from component_model import Model, tflm_outputs
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2] / "ci" / "miniature"))

import model_inputs
import model_network
import models

SCRIPT = Path(__file__).parents[2] / "ci" / "miniature" / "models.py"

# A change of these is a change of every figure measured with the models.
DIGESTS = {
    "person_detect.tflite": "612d8cfce53274fc2015adcb2e4672662e57eb945e244d3de742cc3c02eb9241",
    "keyword.tflite": "93d242bf48a236598c6734c201aef9b70b4b0ad4e94355577e13495981e19653",
    "gesture.tflite": "d148686f2e60b8c999c335c7990bce0300a48ad43e4e02f3b011a25e1caddf51",
    "hello_world_int8.tflite": "616461e19a0d6668ad11ae8dc8a3f4c4a88320038331c0dce8525a1117bdf6be",
    "person.bmp": "a9dffda299af967af7907964cc82ce16457d2592832c0898703c09b175b97dc0",
    "no_person.bmp": "1828192ef06d58dd864febb54ab77e91a0594fbfdc054c0c4b9c4f737081c9af",
    "keyword_input.bin": "22a2167da11218c279244211347d0b1a3493beef5c8af52befe291d96c45a747",
    "gesture_input.bin": "753fc14698ceb186e985ac530cb8844988d5bdee70e60bc12e8f51cb88893c60",
}
MAKERS = [models.person_detect, models.keyword, models.gesture]
Maker = Callable[[], model_network.Network]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models")
    models.write_models(path)
    models.write_sine(path)
    models.write_images(path)
    models.write_inputs(path)
    return path


def digests(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def test_the_bytes_are_the_recorded_ones(folder: Path) -> None:
    assert digests(folder) == DIGESTS


def test_the_command_writes_the_same_in_another_process(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    command = [sys.executable, str(SCRIPT), str(out)]
    environment = {**os.environ, "PYTHONHASHSEED": "12345", "LC_ALL": "C"}
    run = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert sorted(run.stdout.split()) == sorted(str(path) for path in out.iterdir())
    assert digests(out) == digests(folder)


def test_the_command_without_a_folder_says_how() -> None:
    command = [sys.executable, str(SCRIPT)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert run.returncode == 2
    assert "FOLDER" in run.stderr


def test_person_detect_has_the_layers_of_the_benchmark() -> None:
    model = Model(models.person_detect().serialise())
    ops = tflite.BuiltinOperator
    pairs = [ops.DEPTHWISE_CONV_2D, ops.CONV_2D] * 13
    tail = [ops.AVERAGE_POOL_2D, ops.CONV_2D, ops.RESHAPE, ops.SOFTMAX]
    assert [model.kind(o) for o in model.operators] == [ops.DEPTHWISE_CONV_2D, *pairs, *tail]
    assert model.shape(model.graph.Inputs(0)) == (1, 96, 96, 1)
    assert model.shape(model.graph.Outputs(0)) == (1, 2)

    macs = 0
    for operator in model.operators[:27]:
        weights, out = operator.Inputs(1), operator.Outputs(0)
        depthwise = model.kind(operator) == ops.DEPTHWISE_CONV_2D
        channels = model.shape(out)[3]
        assert model.tensor(weights).Quantization().QuantizedDimension() == (3 if depthwise else 0)
        assert len(set(model.scales(weights).tolist())) > channels // 2
        assert np.abs(model.constant(weights, np.int8).astype(int)).max() == 127
        assert model.zero_point(out) == -128
        table = "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions"
        activation = model.options(operator, table).FusedActivationFunction()
        assert activation == tflite.ActivationFunctionType.RELU6
        per_output = int(np.prod(model.shape(weights))) // channels
        macs += int(np.prod(model.shape(out))) * per_output
    assert macs == 7_157_376  # of MobileNetV1 0.25 at 96x96x1, less the classifier's 512


@pytest.mark.parametrize("make", MAKERS)
def test_weights_lie_where_they_can_be_read_in_place(make: Maker) -> None:
    data = make().serialise()
    model = tflite.Model.GetRootAs(data, 0)
    starts = [
        buffer._tab.Vector(buffer._tab.Offset(4))
        for buffer in map(model.Buffers, range(model.BuffersLength()))
        if buffer.DataLength()
    ]
    assert starts
    assert all(start % 16 == 0 for start in starts)
    assert len(data) % 16 == 0


def spread(outputs: Int8) -> tuple[int, float]:
    """(distinct values, the share of values at one of the two ends of int8)."""
    ends = max(np.mean(outputs == -128), np.mean(outputs == 127))
    return len(np.unique(outputs)), float(ends)


@pytest.mark.parametrize("make", MAKERS)
def test_every_layer_is_alive(make: Maker) -> None:
    network = make()
    data = network.serialise()
    inputs = models.sample_inputs(network.name, 8)
    by_layer = list(zip(*tflm_outputs(data, inputs), strict=True))
    for index, outputs in enumerate(by_layer):
        where = f"{network.name} operator {index}"
        distinct, ends = spread(np.stack(outputs))
        size = outputs[0].size
        assert distinct >= (100 if size >= 500 else 50 if size >= 40 else 7), where
        assert ends <= 0.3, where
        # No output depends on its place alone, and few on nothing.
        dead = np.all(np.stack(outputs) == outputs[0], axis=0)
        assert dead.mean() <= 0.05, where
    assert len({outputs.tobytes() for outputs in by_layer[-1]}) >= 7


@pytest.mark.parametrize("make", MAKERS)
def test_a_small_change_of_the_input_reaches_every_layer(make: Maker) -> None:
    network = make()
    data = network.serialise()
    before = models.sample_inputs(network.name, 1)[0]
    values = np.frombuffer(before, np.int8).astype(int).reshape(network.tensors[0].shape)
    for part in (slice(0, 12), slice(-4, None)):
        changed = values.copy()
        if changed.ndim == 4:
            changed[:, part, 8:20] += 9
        else:
            changed[:, part] += 9
        after = np.clip(changed, -128, 127).astype(np.int8).tobytes()
        one, other = tflm_outputs(data, [before, after])
        for index, (a, b) in enumerate(zip(one, other, strict=True)):
            assert (a != b).any(), f"{network.name} operator {index}"


def test_hello_world_knows_the_sine() -> None:
    """On every input that it has: within 0.01, of which a step of the output is 0.008."""
    data = models.sine()
    model = Model(data)
    graph = model.graph
    (step,), (unit,) = model.scales(graph.Inputs(0)), model.scales(graph.Outputs(0))
    inputs = [np.int8(value).tobytes() for value in range(-128, 128)]
    said = [outputs[-1].item() * unit for outputs in tflm_outputs(data, inputs)]
    angles = [(value + 128) * step for value in range(-128, 128)]
    assert abs(angles[-1] - 2 * math.pi) < 1e-5
    assert max(abs(s - math.sin(a)) for s, a in zip(said, angles, strict=True)) < 0.01


def test_the_two_images_are_told_apart(folder: Path) -> None:
    model = (folder / "person_detect.tflite").read_bytes()
    names = ("person.bmp", "no_person.bmp")
    pixels = [Image.open(folder / name) for name in names]
    assert [(image.mode, image.size) for image in pixels] == [("L", (96, 96))] * 2
    inputs = [image.tobytes() for image in pixels]
    assert inputs == models.sample_inputs("person_detect", 2)
    person, no_person = (outputs[-1][0] for outputs in tflm_outputs(model, inputs))
    assert person[1] > person[0]
    assert no_person[0] > no_person[1]


def test_images_have_their_first_row_on_top(folder: Path) -> None:
    pixels = np.asarray(Image.open(folder / "person.bmp"))
    np.testing.assert_array_equal(pixels, model_inputs.image(person=True))
    assert pixels[30, 48] > pixels[28, 48] + 80  # the hair is above the forehead
