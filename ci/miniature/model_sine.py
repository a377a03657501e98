"""The model of hello_world: the sine over one period, as an int8 network.

Two fully connected layers make a line of 32 straight pieces: hidden unit k is how far the input
lies beyond knot k, and the output's weights are how much the slope changes there. All of it is
integers in the input's own steps, so the network computes the line exactly.

Needs numpy, flatbuffers and tflite.
"""

from __future__ import annotations

import math

import numpy as np
import tflite
from model_file import ACTIVATIONS, FULLY_CONNECTED, Operator, Tensor, serialise

STEPS = 255  # of the int8 input over one period
PIECES = 32
LENGTH = 8  # of a piece, in steps
STEEPEST = 120  # the output's weight that stands for a slope of 1
STEP = float(np.float32(2 * math.pi / STEPS))


def sine() -> bytes:
    """The .tflite file: [1][1] in, 0 to 2π, to [1][1], -1 to 1."""
    knots = [LENGTH * piece for piece in range(PIECES)]
    amplitude = STEEPEST / STEP
    changes, slope, height = [], 0, 0
    for knot in knots:
        # Each piece makes up for what rounding cost the ones before.
        target = amplitude * math.sin((knot + LENGTH) * STEP)
        steeper = round((target - height) / LENGTH)
        changes.append(steeper - slope)
        slope, height = steeper, height + LENGTH * steeper

    def weights(name: str, shape: tuple[int, int], values: list[int], scale: float) -> Tensor:
        return Tensor(name, shape, (scale,), data=np.array(values, np.int8).tobytes())

    def bias(name: str, values: list[int], scale: float) -> Tensor:
        data = np.array(values, "<i4").tobytes()
        return Tensor(name, (len(values),), (scale,), data=data, type=tflite.TensorType.INT32)

    per_weight = float(np.float32(1 / STEEPEST))
    tensors = [
        Tensor("input", (1, 1), (STEP,), -128),
        weights("hidden/weights", (PIECES, 1), [1] * PIECES, 1.0),
        bias("hidden/bias", [-knot for knot in knots], STEP),
        Tensor("hidden", (1, PIECES), (STEP,), -128),
        weights("output/weights", (1, PIECES), changes, per_weight),
        bias("output/bias", [0], float(np.float32(STEP) * np.float32(per_weight))),
        Tensor("output", (1, 1), (float(np.float32(1 / 127)),)),
    ]
    operators = [
        Operator(FULLY_CONNECTED, (0, 1, 2), 3, {"FusedActivationFunction": ACTIVATIONS["relu"]}),
        Operator(FULLY_CONNECTED, (3, 4, 5), 6, {"FusedActivationFunction": ACTIVATIONS["none"]}),
    ]
    return serialise(tensors, operators, "Miniature hello_world, a sine")
