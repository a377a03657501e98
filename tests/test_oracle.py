"""The host's TFLM as reference: on the miniature models, and where it cannot be one."""

from __future__ import annotations

import os
import sys
import venv
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tflite
from tflite_micro import runtime

from syncer import foreign
from syncer.bench.oracle import OperatorCrc, OracleUnavailable, operator_crcs
from syncer.errors import Exit, SyncError

sys.path.insert(0, str(Path(__file__).parents[1] / "ci" / "miniature"))

import model_file
import models
from model_network import Network

MAKERS = (models.person_detect, models.keyword, models.gesture)


def tiny(
    kind: model_file.Kind = model_file.SOFTMAX, scale: float = 0.25, **options: float
) -> bytes:
    """One operator from [1][4] to [1][4]."""
    tensors = [
        model_file.Tensor("input", (1, 4), (scale,)),
        model_file.Tensor("output", (1, 4), (1.0 / 256.0,), -128),
    ]
    operator = model_file.Operator(kind, (0,), 1, options or {"Beta": 1.0})
    return model_file.serialise(tensors, [operator], "one operator")


@pytest.mark.parametrize("make", MAKERS)
def test_every_operator_has_the_crc_of_its_outputs(make: Callable[[], Network]) -> None:
    network = make()
    data = network.serialise()
    given = models.sample_inputs(network.name, 1)
    found = operator_crcs(data, given)

    interpreter = runtime.Interpreter.from_bytes(
        data,
        arena_size=1 << 22,
        intrepreter_config=runtime.InterpreterConfig.kPreserveAllTensors,
    )
    shape = network.tensors[0].shape
    interpreter.set_input(np.frombuffer(given[0], np.int8).reshape(shape), 0)
    interpreter.invoke()
    names = {
        "Conv2DOptions": "CONV_2D",
        "DepthwiseConv2DOptions": "DEPTHWISE_CONV_2D",
        "FullyConnectedOptions": "FULLY_CONNECTED",
        "Pool2DOptions": "AVERAGE_POOL_2D",
        "ReshapeOptions": "RESHAPE",
        "SoftmaxOptions": "SOFTMAX",
    }
    assert found == tuple(
        OperatorCrc(
            index,
            names[operator.kind.table],
            zlib.crc32(interpreter.GetTensor(operator.output, 0)["tensor_data"].tobytes()),
        )
        for index, operator in enumerate(network.operators)
    )
    assert zlib.crc32(interpreter.get_output(0).tobytes()) == found[-1].crc


def test_another_input_changes_every_operator() -> None:
    data = models.person_detect().serialise()
    one, other = models.sample_inputs("person_detect", 2)
    pairs = zip(operator_crcs(data, [one]), operator_crcs(data, [other]), strict=True)
    assert all(a.crc != b.crc for a, b in pairs)


@pytest.mark.parametrize("layer", [0, 11, 28])
def test_a_changed_weight_shows_from_its_layer_on(layer: int) -> None:
    network = models.person_detect()
    given = models.sample_inputs("person_detect", 1)
    before = operator_crcs(network.serialise(), given)

    index = network.operators[layer].inputs[1]
    tensor = network.tensors[index]
    data = bytearray(tensor.data)
    for position in range(0, len(data), 3):  # enough of them to outlive the rounding
        data[position] ^= 0x14
    changed = model_file.Tensor(
        tensor.name, tensor.shape, tensor.scales, axis=tensor.axis, data=bytes(data)
    )
    network.tensors[index] = changed
    after = operator_crcs(network.serialise(), given)

    assert before[:layer] == after[:layer]
    assert all(a.crc != b.crc for a, b in zip(before[layer:], after[layer:], strict=True))


def test_a_large_tensor_in_a_small_model_has_room() -> None:
    """The interpreter's own guess at the arena is ten times the file."""
    network = Network.start("large", np.zeros((1, 400, 400, 8), np.int64), 0.5, 0)
    network.average_pool(2, stride=2)
    data = network.serialise()
    assert len(data) < 2000
    (found,) = operator_crcs(data, [bytes(400 * 400 * 8)])
    assert found == OperatorCrc(0, "AVERAGE_POOL_2D", zlib.crc32(bytes(200 * 200 * 8)))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "has 1 inputs, 0 given"),
        ([bytes(4), bytes(4)], "has 1 inputs, 2 given"),
        ([bytes(5)], "input 0 of the model has 4 bytes, 5 given"),
    ],
)
def test_inputs_that_do_not_fit(given: list[bytes], said: str) -> None:
    with pytest.raises(SyncError, match=said) as caught:
        operator_crcs(tiny(), given)
    assert not isinstance(caught.value, OracleUnavailable)
    assert caught.value.exit is Exit.BAD_INPUT


def test_an_abort_in_native_code_is_an_answer() -> None:
    """TFLM aborts, and does not return an error, on a softmax with so small an input scale."""
    assert len(operator_crcs(tiny(), [bytes(4)])) == 1
    with pytest.raises(OracleUnavailable, match="SIGABRT") as caught:
        operator_crcs(tiny(scale=1e-9), [bytes(4)])
    assert caught.value.exit is Exit.ENVIRONMENT


def test_an_operator_that_tflm_does_not_have() -> None:
    kind = model_file.Kind(tflite.BuiltinOperator.UNIQUE, 1, "SoftmaxOptions")
    with pytest.raises(OracleUnavailable, match="could not compute the reference") as caught:
        operator_crcs(tiny(kind), [bytes(4)])
    assert "UNIQUE" in caught.value.detail + caught.value.message


@pytest.mark.parametrize("data", [b"", b"no model at all", tiny()[:300]])
def test_bytes_that_are_no_model(data: bytes) -> None:
    with pytest.raises(OracleUnavailable):
        operator_crcs(data, [bytes(4)])


def test_without_the_package_the_hint_has_the_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv.create(tmp_path / "bare", symlinks=True)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare" / "bin" / "python"))
    with pytest.raises(OracleUnavailable, match="tflite-micro cannot be imported") as caught:
        operator_crcs(tiny(), [bytes(4)])
    assert "pip install --pre --no-deps tflite-micro" in caught.value.hint
    assert "No module named" in caught.value.message


def test_a_worker_that_takes_too_long() -> None:
    with pytest.raises(OracleUnavailable, match=r"more than 0\.001 s"):
        operator_crcs(tiny(), [bytes(4)], timeout=0.001)


def asked(
    kept: Path, data: bytes, given: list[bytes], **options: foreign.Sandbox
) -> tuple[tuple[OperatorCrc, ...], bool]:
    """The answer, and whether TFLM was asked for it."""
    with pytest.MonkeyPatch.context() as patch:
        runs = []
        real = foreign.run

        def counted(*arguments: Any, **more: Any) -> foreign.Done:
            runs.append(arguments)
            return real(*arguments, **more)

        patch.setattr(foreign, "run", counted)
        return operator_crcs(data, given, kept=kept, **options), bool(runs)


def test_an_answer_is_kept_for_the_same_question_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, given = tmp_path / "kept", [bytes(4)]
    first, was_asked = asked(kept, tiny(), given)
    assert was_asked
    assert asked(kept, tiny(), given) == (first, False)
    assert operator_crcs(tiny(), given) == first
    assert asked(kept, tiny(), [b"\1\2\3\4"])[1]
    assert asked(kept, tiny(Beta=0.5), given)[1]
    for sandbox in foreign.all_sandboxes()[0][1:]:
        assert asked(kept, tiny(), given, sandbox=sandbox)[1]
    monkeypatch.setattr("importlib.metadata.version", lambda _: "another")
    assert asked(kept, tiny(), given) == (first, True)


@pytest.mark.parametrize("content", ["", "[[", "{}x", "[1, 2]", '[["SOFTMAX"]]'])
def test_a_damaged_answer_is_asked_again(tmp_path: Path, content: str) -> None:
    first, _ = asked(tmp_path, tiny(), [bytes(4)])
    (file,) = tmp_path.iterdir()
    file.write_text(content)
    assert asked(tmp_path, tiny(), [bytes(4)]) == (first, True)
    assert asked(tmp_path, tiny(), [bytes(4)]) == (first, False)


def test_what_could_not_be_answered_is_asked_again(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(OracleUnavailable):
            operator_crcs(b"no model at all", [bytes(4)], kept=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_old_answers_go(tmp_path: Path) -> None:
    for number in range(70):
        (tmp_path / f"{number}.json").write_text("[]")
        os.utime(tmp_path / f"{number}.json", (number, number))
    assert asked(tmp_path, tiny(), [bytes(4)])[1]
    names = {file.name for file in tmp_path.iterdir()}
    assert len(names) == 64 and "69.json" in names and "0.json" not in names
    assert not asked(tmp_path, tiny(), [bytes(4)])[1]
