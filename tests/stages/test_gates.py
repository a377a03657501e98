"""From roll to roll: what is accepted, what stays anchored, and what stops a roll."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from syncer.errors import Exit, SyncError
from syncer.lock import Anchor, Lock, load_lock, lock_text
from syncer.model import (
    BenchesResult,
    BenchResult,
    BuildResult,
    Kernel,
    Layer,
    LeftKernel,
    Pin,
    Rebased,
    Resolved,
    TestsResult,
    Tool,
    Verdict,
)
from syncer.port import Port, load_port
from syncer.stages import check_benches, next_lock
from syncer.stages.gates import compared

PORT = Path(__file__).resolve().parents[2] / "ci/miniature/port.toml"
TOOLS = (Tool("arm-none-eabi-gcc", "12.2.1", "gcc"), Tool("pico-sdk", "2.1.1", "sdk"))
RESOLVED = Resolved(Pin("tflite-micro", "u", "1" * 40, "2" * 40), (), ())
REBASED = Rebased({}, carried={"cmsis_nn/0001-a.patch": "3" * 40})


@pytest.fixture
def port() -> Port:
    return load_port(PORT)


def measured(cycles: int, arena: int = 80_000) -> BenchResult:
    layers = (Layer(0, "CONV_2D", cycles // 125, cycles, kernels=(Kernel("fast", 1, True),)),)
    return BenchResult(
        *(
            "keyword",
            "emulator",
            125_000_000,
            cycles // 125,
            layers,
            cycles,
            arena,
            400_000,
            90_000,
        ),
        outputs=Verdict.PASSED,
    )


class Rolls:
    """One port's rolls, of which only figures and tools matter, and its lock on disk."""

    def __init__(self, port: Port, folder: Path) -> None:
        self.port, self.file = port, folder / "sync.lock"
        self.sizes = folder / "sizes.txt"
        self.sizes.write_text("")

    @property
    def lock(self) -> Lock:
        return load_lock(self.file)

    def roll(
        self, *results: BenchResult, tools: Sequence[Tool] = TOOLS, rebased: Rebased = REBASED
    ) -> BenchesResult:
        self.built = BuildResult(tuple(tools), (), sizes=str(self.sizes))
        self.rebased = rebased
        self.found = compared(self.port, self.built, self.lock, {}, results)
        check_benches(self.found, self.lock, rebased)
        return self.found

    def accept(self, why: str = "") -> None:
        new = next_lock(
            *(self.lock, RESOLVED, self.rebased, self.built, TestsResult(()), self.found),
            why=why,
            date="2026-01-01",
        )
        self.file.write_text(lock_text(new))


@pytest.fixture
def rolls(port: Port, tmp_path: Path) -> Rolls:
    return Rolls(port, tmp_path)


def test_twelve_accepted_rolls_of_a_little_more_each_stop(rolls: Rolls) -> None:
    cycles = first = 1_000_000
    rolls.roll(measured(cycles))
    rolls.accept()
    passed = 0
    for _ in range(12):
        cycles = cycles * 1019 // 1000
        assert cycles <= rolls.lock.figures["keyword/cycles"] * 1.02  # alone it is within the gate
        try:
            rolls.roll(measured(cycles))
        except SyncError as error:
            assert error.exit is Exit.GATE
            assert "keyword/cycles: 1,000,000" in error.message
            assert "the anchor sets it" in error.message
            assert "--why" in error.hint
            break
        rolls.accept()
        passed += 1
    assert passed == 1
    assert rolls.lock.figures["keyword/cycles"] <= first * 1.02
    assert rolls.lock.anchor.figures["keyword/cycles"] == first


def test_only_a_reason_moves_the_anchor(rolls: Rolls) -> None:
    rolls.roll(measured(1_000_000))
    rolls.accept()
    assert rolls.lock.anchor.why == "the first accepted figures"
    rolls.roll(measured(900_000))
    rolls.accept()
    assert rolls.lock.figures["keyword/cycles"] == 900_000
    assert rolls.lock.anchor.figures["keyword/cycles"] == 1_000_000
    with pytest.raises(SyncError, match="the accepted figure sets it"):
        rolls.roll(measured(950_000))
    rolls.accept(why="a better kernel, but larger")
    assert rolls.lock.anchor == Anchor(
        "a better kernel, but larger", "2026-01-01", "1" * 40, rolls.lock.figures
    )
    assert rolls.lock.anchor.figures["keyword/cycles"] == 950_000
    rolls.roll(measured(960_000))


def test_a_new_figure_joins_the_anchor_and_one_that_is_gone_leaves_it(rolls: Rolls) -> None:
    rolls.roll(measured(1_000_000))
    rolls.accept()
    rolls.roll(measured(1_010_000), replace(measured(500), name="gesture"))
    rolls.accept()
    anchored = rolls.lock.anchor.figures
    assert (anchored["keyword/cycles"], anchored["gesture/cycles"]) == (1_000_000, 500)
    with pytest.raises(SyncError, match="gesture/arena was accepted and was not measured"):
        rolls.roll(measured(1_010_000))
    rolls.accept(why="the gesture model is no longer shipped")
    assert not [name for name in rolls.lock.anchor.figures if name.startswith("gesture")]
    rolls.roll(measured(1_010_000))


def test_a_lock_without_an_anchor_gets_the_figures_it_accepted(rolls: Rolls) -> None:
    rolls.roll(measured(1_000_000))
    rolls.accept()
    rolls.file.write_text(lock_text(replace(rolls.lock, anchor=Anchor())))
    rolls.roll(measured(1_015_000))
    rolls.accept()
    assert rolls.lock.figures["keyword/cycles"] == 1_015_000
    assert rolls.lock.anchor.figures["keyword/cycles"] == 1_000_000


@pytest.mark.parametrize("name", [tool.name for tool in TOOLS])
def test_another_compiler_or_sdk_is_not_gated_and_says_so(rolls: Rolls, name: str) -> None:
    rolls.roll(measured(1_000_000))
    rolls.accept()
    tools = [replace(tool, version="99") if tool.name == name else tool for tool in TOOLS]
    found = rolls.roll(measured(2_000_000), tools=tools)
    assert found.ungated.startswith(f"{name} is 99, accepted was")
    assert {figure.limit for figure in found.figures} == {None}


def test_work_that_is_missing_stops_a_roll_and_is_named(rolls: Rolls) -> None:
    rolls.roll(measured(1_000_000))
    rolls.accept()
    assert rolls.lock.kernels == {"keyword/layer/0/CONV_2D": "fast*"}
    assert rolls.lock.carried == REBASED.carried
    (layer,) = measured(1_000_000).layers
    slow = replace(measured(1_000_000), layers=(replace(layer, kernels=(Kernel("slow", 1),)),))
    gone = replace(REBASED, carried={}, gone=("cmsis_nn/0001-a.patch",))
    with pytest.raises(SyncError) as caught:
        rolls.roll(slow, rebased=gone)
    assert caught.value.exit is Exit.GATE
    assert caught.value.message.startswith("cmsis_nn/0001-a.patch was accepted")
    assert caught.value.message.endswith("(and 1 more)")
    assert "keyword/layer/0/CONV_2D no longer runs fast; it runs slow" in caught.value.detail
    assert rolls.found.left == (LeftKernel("keyword/layer/0/CONV_2D", ("fast",), ("slow",)),)
    rolls.accept(why="upstream's is faster now")
    rolls.roll(slow, rebased=replace(gone, gone=()))
