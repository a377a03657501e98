"""A roll with a board beside the emulator: the emulator behind a real terminal device."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from worlds import Silent, World

from syncer.model import Roll
from syncer.pipeline import roll
from syncer.report import render, status
from syncer.report.page import page

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "emulator"))
import flasher

_FLASHER = str(Path(flasher.__file__))
_BOARD = f"""
[board]
clock_hz = 125_000_000
flash = [{sys.executable!r}, {_FLASHER!r}, "flash", "{{elf}}", "{{port}}"]
reset = [{sys.executable!r}, {_FLASHER!r}, "reset", "{{port}}"]
first_seconds = 60
"""


def with_board(shared: World, place: Path, target: str) -> Roll:
    """A roll to the benchmarks, with the emulator at `place` for a board."""
    file = shared.port.file
    file.write_text(file.read_text() + _BOARD)
    order = replace(shared.order("base", "bench"), target=target)
    try:
        outcome = roll(shared.port, order, Silent())
    finally:
        flasher.off(place)
    assert outcome.error is None, outcome.error
    return outcome.roll


@pytest.mark.slow
def test_a_board_beside_the_emulator_measures_the_same(shared: World, tmp_path: Path) -> None:
    place = tmp_path / "ttyBOARD"
    with shared.kept():
        rolled = with_board(shared, place, f"emulator,board:{place}")
    benches = rolled.benches
    assert benches
    assert [b.name for b in benches.beside] == [b.name for b in benches.results]
    for here, there in zip(benches.results, benches.beside, strict=True):
        assert there.target == f"board:{place}"
        assert there.cycles is None and there.outputs == here.outputs
        assert abs(there.ticks - here.ticks) * 100 <= here.ticks
        assert [layer.crc for layer in there.layers] == [layer.crc for layer in here.layers]
    assert not [f for f in benches.figures if f.name.endswith("/ticks")]  # only the first gates
    document = status.status_document(rolled)
    body = render.markdown(document)
    assert f"Beside it, {place}" in body.replace("board:", "") and "100.0 % |" in body
    assert "Beside board:" in page(document)


@pytest.mark.slow
def test_everything_on_the_board_alone(shared: World, tmp_path: Path) -> None:
    """Tests and benchmarks: the same results as the emulator's, and nothing gated by its clock."""
    place = tmp_path / "ttyBOARD"
    with shared.kept():
        emulated = roll(shared.port, shared.order("base", "bench"), Silent()).roll
        rolled = with_board(shared, place, f"board:{place}")
    tests, benches = rolled.tests, rolled.benches
    assert tests and emulated.tests and benches and emulated.benches
    assert [(r.name, r.passed) for r in tests.results] == [
        (r.name, r.passed) for r in emulated.tests.results
    ]
    for there, here in zip(benches.results, emulated.benches.results, strict=True):
        assert there.target == f"board:{place}" and there.cycles is None
        assert [layer.crc for layer in there.layers] == [layer.crc for layer in here.layers]
    timed = [f for f in benches.figures if f.name.endswith(("/cycles", "/ticks"))]
    assert timed and all(f.unit == "us" and f.limit is None for f in timed)
