from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.bench.compare import figures
from syncer.bench.gate import check_layers, gate, most, unmeasured
from syncer.errors import SyncError
from syncer.model import BenchResult, BuildResult, Figure, Firmware, Layer
from syncer.port import Gates, Limit, ModelGates

LAYERS = (Layer(0, "CONV_2D", 800, cycles=100_000), Layer(1, "SOFTMAX", 8, cycles=1_000))
BENCH = BenchResult(
    "vision", "emulator", 125_000_000, 808, LAYERS, 101_050, 82_308, 400_000, 90_000
)


def program(name: str, kind: str, board: str = "pico") -> Firmware:
    return Firmware(
        name=name, kind=kind, board=board, elf="", sha256="", flash=30_000, ram=5_000, sections=()
    )


def by_name(found: tuple[Figure, ...]) -> dict[str, Figure]:
    assert len({figure.name for figure in found}) == len(found)
    return {figure.name: figure for figure in found}


def test_a_first_roll_gates_nothing() -> None:
    found = figures([BENCH], None, {}, Gates())
    assert gate(found) == ()
    assert all(figure.old is None and figure.limit is None for figure in found)


def test_names_and_units() -> None:
    build = BuildResult((), (program("hello", "example"), program("vision_check", "check")))
    found = by_name(figures([BENCH], build, {}, Gates()))
    assert {name: (f.new, f.unit) for name, f in found.items()} == {
        "vision/cycles": (101_050, "cycles"),
        "vision/arena": (82_308, "bytes"),
        "vision/flash": (400_000, "bytes"),
        "vision/ram": (90_000, "bytes"),
        "vision/layer/0/CONV_2D": (100_000, "cycles"),
        "vision/layer/1/SOFTMAX": (1_000, "cycles"),
        "hello/flash": (30_000, "bytes"),
        "hello/ram": (5_000, "bytes"),
    }


def test_each_board_has_its_own_figures() -> None:
    build = BuildResult((), (program("hello", "example"), program("hello", "example", "pico_w")))
    names = by_name(figures([], build, {}, Gates()))
    assert list(names) == [
        "hello@pico/flash", "hello@pico/ram", "hello@pico_w/flash", "hello@pico_w/ram"
    ]  # fmt: skip


def test_time_that_a_board_measured_is_shown_and_does_not_gate() -> None:
    bench = BenchResult("vision", "board", 125_000_000, 825, (Layer(0, "CONV_2D", 825),))
    found = figures([bench], None, {"vision/ticks": 100}, Gates(), {"vision/ticks": 100})
    assert (found[0].name, found[0].unit, found[0].old) == ("vision/ticks", "us", 100)
    assert gate(found) == ()
    assert unmeasured(found, {"vision/cycles": 1, "vision/ticks": 1}) == ()


@pytest.mark.parametrize(
    ("old", "limit", "expected"),
    [
        (100_000, Limit(percent=2.0), 102_000),
        (149, Limit(percent=2.0), 151),  # 151.98, and a cycle is whole
        (10_000, Limit(percent=1.0, bytes=256), 10_256),  # 1 % is less than 256 B
        (25_600, Limit(percent=1.0, bytes=256), 25_856),
        (400_000, Limit(percent=1.0, bytes=256), 404_000),
        (1000, Limit(percent=1.1), 1011),  # 1000 * 1.1 / 100 is a float above 11
        (1000, Limit(), 1000),
        (0, Limit(percent=2.0, bytes=256), 256),
    ],
)
def test_over_is_more_than_both(old: int, limit: Limit, expected: int) -> None:
    assert most(old, limit) == expected


def test_the_limit_itself_is_not_over() -> None:
    accepted = {"vision/cycles": 99_069, "vision/arena": 82_308 - 823}
    found = by_name(figures([BENCH], None, accepted, Gates()))
    assert found["vision/cycles"].limit == 101_050
    assert not found["vision/cycles"].over
    assert [f.name for f in gate(found.values())] == ["vision/arena"]
    accepted = {"vision/cycles": 99_068, "vision/arena": 82_308 - 814}
    assert [f.name for f in gate(figures([BENCH], None, accepted, Gates()))] == ["vision/cycles"]


def test_the_anchor_holds_where_the_accepted_figure_has_crept() -> None:
    accepted, anchor = {"vision/cycles": 100_900}, {"vision/cycles": 99_000}
    (figure,) = gate(figures([BENCH], None, accepted, Gates(), anchor))
    assert (figure.old, figure.anchor, figure.limit) == (100_900, 99_000, 100_980)
    assert figure.against == "anchor"
    (figure,) = gate(figures([BENCH], None, anchor, Gates(), accepted))
    assert figure.against == "accepted"
    # Better than the anchor by far: it is the accepted figure that must not be lost again.
    found = by_name(figures([BENCH], None, accepted, Gates(), {"vision/cycles": 900_000}))
    assert found["vision/cycles"].against == "accepted"


def test_a_model_has_its_own_limits() -> None:
    accepted = {"vision/cycles": 100_000, "vision/arena": 82_000, "speech/cycles": 100_000}
    benches = [BENCH, replace(BENCH, name="speech")]
    own = ModelGates(cycles=Limit(percent=1.0), memory=Limit(bytes=300))
    found = by_name(figures(benches, None, accepted, Gates(model={"vision": own})))
    assert [figure.name for figure in gate(found.values())] == ["vision/cycles", "vision/arena"]
    assert found["vision/cycles"].limit == 101_000
    assert found["vision/arena"].limit == 82_300
    assert found["speech/cycles"].limit == 102_000


def test_a_layers_limit_is_its_own_or_its_operators() -> None:
    accepted = {"vision/layer/0/CONV_2D": 99_000, "vision/layer/1/SOFTMAX": 900}
    own = ModelGates(layers={"0/CONV_2D": Limit(percent=1.0), "SOFTMAX": Limit(percent=20.0)})
    gates = Gates(model={"vision": own})
    found = by_name(figures([BENCH], None, accepted, gates))
    assert found["vision/layer/1/SOFTMAX"].limit == 1_080
    assert [figure.name for figure in gate(found.values())] == ["vision/layer/0/CONV_2D"]
    check_layers([BENCH], gates)


@pytest.mark.parametrize("key", ["2/CONV_2D", "1/CONV_2D", "CONV", "0"])
def test_a_layer_that_does_not_exist_is_refused_and_those_that_do_are_named(key: str) -> None:
    gates = Gates(model={"vision": ModelGates(layers={key: Limit(percent=1.0)})})
    with pytest.raises(SyncError, match=f"gates.model.vision.layers: .*'{key}'") as caught:
        check_layers([BENCH], gates)
    assert "0/CONV_2D, 1/SOFTMAX" in caught.value.hint


def test_layers_are_compared_but_not_gated() -> None:
    found = by_name(figures([BENCH], None, {"vision/layer/1/SOFTMAX": 1}, Gates()))
    assert found["vision/layer/1/SOFTMAX"].old == 1
    assert not gate(found.values())


def test_an_accepted_figure_that_was_not_measured_is_named() -> None:
    accepted = {"vision/cycles": 1, "speech/cycles": 1, "vision/layer/9/ADD": 1}
    found = figures([BENCH], None, accepted, Gates())
    assert unmeasured(found, accepted) == ("speech/cycles",)


@settings(deadline=None)
@given(st.integers(0, 10**10), st.integers(0, 1000), st.integers(0, 10**6), st.integers(0, 10**11))
def test_over_exactly_if_beyond_percentage_and_bytes(
    old: int, tenths: int, extra: int, new: int
) -> None:
    over = new > most(old, Limit(percent=tenths / 10, bytes=extra))
    assert over == ((new - old) * 1000 > old * tenths and new - old > extra)
