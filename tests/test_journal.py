"""The journal: results come back for the same inputs only, whole or not at all."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from pathlib import Path

import pytest

from syncer.errors import Exit, SyncError
from syncer.journal import Journal, key_of, new_roll
from syncer.model import TestCase, TestResult, TestsResult
from syncer.pipeline import Order
from syncer.pipeline.order import order_of

RESULT = TestsResult((TestResult("conv", True, (TestCase("a", True),), cycles=7),))


def test_a_result_comes_back_for_its_key(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.store("test", "k1", 1.5, RESULT)
    assert journal.find("test", "k1", TestsResult) == (RESULT, 1.5)
    assert journal.find("test", "k2", TestsResult) is None
    assert journal.find("bench", "k1", TestsResult) is None


@pytest.mark.parametrize(
    "damage", [b"", b"{", b'{"key": "k1"}', b'{"key":"k1","seconds":1,"result":3}']
)
def test_a_damaged_result_is_no_result(tmp_path: Path, damage: bytes) -> None:
    journal = Journal(tmp_path)
    journal.store("test", "k1", 1.5, RESULT)
    (tmp_path / "stages" / "test.json").write_bytes(damage)
    assert journal.find("test", "k1", TestsResult) is None


def test_keys_differ_when_anything_differs() -> None:
    keys = {key_of("a", "b"), key_of("ab"), key_of(["a", "b"]), key_of("a", RESULT), key_of()}
    assert len(keys) == 5
    assert key_of({"x": 1, "y": 2}) == key_of({"y": 2, "x": 1})


def _hold(folder: Path, held: multiprocessing.synchronize.Event, done: object) -> None:
    with Journal(folder).held():
        held.set()
        done.wait(30)  # type: ignore[attr-defined]


def test_two_rolls_on_one_port(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(tmp_path, held, done))
    other.start()
    try:
        assert held.wait(30)
        assert Journal(tmp_path).is_held()
        with (
            pytest.raises(SyncError, match=f"process {other.pid}") as caught,
            Journal(tmp_path).held(),
        ):
            pass
        assert caught.value.exit is Exit.HELD
    finally:
        done.set()
        other.join(30)
    assert not Journal(tmp_path).is_held()
    with Journal(tmp_path).held():
        pass


def test_who_holds_a_port_and_how_far_it_is(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with journal.held("roll", "main"):
        journal.at("build")
        holder = journal.holder()
        assert holder and holder.process.id == os.getpid()
        assert (holder.doing, holder.upstream, holder.stage) == ("roll", "main", "build")
        with pytest.raises(SyncError) as caught, journal.held("clean"):
            pass
        assert "`sync roll`, to main, in stage build" in caught.value.message
        assert "since 20" in caught.value.message
    assert journal.holder() is None


def test_what_was_left_half_done_is_cleared_up(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "stages"):
        place.mkdir(exist_ok=True)
        (place / ".roll.json.abc.sync-part").write_text("half")
    (tmp_path / ".publish.sync-new").mkdir()
    (tmp_path / "tmp" / "left").mkdir(parents=True)
    with Journal(tmp_path).held():
        assert Path(tempfile.gettempdir()) == tmp_path / "tmp"
        assert list((tmp_path / "tmp").iterdir()) == []
        names = {path.name for path in tmp_path.rglob("*")}
        assert not any(".sync-" in name for name in names)
    assert not (tmp_path / "tmp").exists()
    assert Path(tempfile.gettempdir()) != tmp_path / "tmp"


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"id": 3', b"\x00" * 40])
def test_a_damaged_record_is_no_record(tmp_path: Path, damage: bytes) -> None:
    journal = Journal(tmp_path)
    journal.write_begun(new_roll(Order()))
    assert journal.begun()
    for name in ("order.json", "holder.json", "settled.json", "roll.json"):
        (tmp_path / name).write_bytes(damage)
    assert journal.begun() is None and journal.holder() is None
    assert journal.settled() is None and journal.last_roll() is None


def test_an_order_comes_back_as_it_was_given(tmp_path: Path) -> None:
    order = Order(
        *("main", "bench", "emulator", Path("/rom.bin"), {"https://a": "/b"}, Path("/cache"))
    )
    Journal(tmp_path).write_begun(new_roll(order))
    begun = Journal(tmp_path).begun()
    assert begun and order_of(begun) == order
