"""`sync why`: of what moved between two rolls, what moved the cycles."""

from __future__ import annotations

import json

import pytest
from desk import Desk
from worlds import Silent, World

from syncer.cli.why import verdict
from syncer.errors import Exit, SyncError
from syncer.why import Input, Tried, Why, why

pytestmark = pytest.mark.slow


def test_upstream_moved_the_cycles_and_its_pin_did_not(small: World) -> None:
    before = (small.port.state / "status.json").read_bytes()
    found = why(small.port, small.order("slowdown"), Silent(), "base")
    assert [item.name for item in found.inputs] == ["tflite-micro", "cmsis_nn"]
    cycles = "gesture/cycles"
    upstream, pin = (found.moved_by(item.name, cycles) or 0 for item in found.inputs)
    old, new = found.old.figures[cycles], found.new.figures[cycles]
    # Convolutions clear their outputs; average pooling divides once less.
    assert upstream > 0.03 * old and -0.005 * old < pin < 0
    assert abs(new - old - upstream - pin) < 0.005 * old
    assert cycles in found.moved()
    said = verdict(found)
    assert said[0].startswith("tflite-micro ") and f"moves {cycles} by +" in said[0]
    assert said[-1] == "tflite-micro moved the cycles most."
    assert found.rolls == 4
    # What was measured is not measured again, and the last roll is as it was.
    done = Desk(small).sync("why", "base", "slowdown", "--json")
    assert done.status == Exit.OK, done.err
    again = json.loads(done.out)
    assert (again["rolls"], again["said"]) == (0, said)
    assert (small.port.state / "status.json").read_bytes() == before
    shown = Desk(small).sync("why", "base", "slowdown").out
    assert "tflite-micro moved the cycles most." in shown and cycles in shown


def test_nothing_moved_and_what_cannot_be_rolled_to(small: World) -> None:
    with pytest.raises(SyncError, match="nothing moved: both are "):
        why(small.port, small.order("pin-bumped"), Silent())
    with pytest.raises(SyncError, match="the new end does not get to its benchmarks: .* rebase: "):
        why(small.port, small.order("conflict"), Silent())
    refused = Desk(small).sync("why", "--sdk", "nowhere")
    refused.refused(Exit.BAD_INPUT, "there is no such folder")


def test_an_input_that_cannot_move_alone_is_told_by_the_others() -> None:
    inputs = (Input("up", "1" * 40, "2" * 40), Input("nn", "3" * 40, "4" * 40))
    found = Why(
        inputs,
        old=Tried({"m/cycles": 100, "m/flash": 10}),
        new=Tried({"m/cycles": 130, "m/flash": 10}),
        alone={
            "up": Tried(stage="build", message="no"),
            "nn": Tried({"m/cycles": 110, "m/flash": 10}),
        },
        without={"up": Tried({"m/cycles": 110, "m/flash": 10})},
        rolls=5,
    )
    assert [found.moved_by(name, "m/cycles") for name in ("up", "nn")] == [20, 10]
    assert found.moved() == ["m/cycles"]
    assert verdict(found) == [
        "up 111111111111 → 222222222222 (alone it ends in build; told from moving all others): "
        "moves m/cycles by +20.0 %.",
        "nn 333333333333 → 444444444444: moves m/cycles by +10.0 %.",
        "up moved the cycles most.",
    ]
