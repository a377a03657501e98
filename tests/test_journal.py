"""The journal: results come back for the same inputs only, whole or not at all."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from syncer.errors import Exit, SyncError
from syncer.journal import Journal, key_of, write_whole
from syncer.model import TestCase, TestResult, TestsResult

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


def test_a_file_is_replaced_whole_or_not(tmp_path: Path) -> None:
    target = tmp_path / "folder" / "file"
    write_whole(target, b"one")
    write_whole(target, b"two")
    assert target.read_bytes() == b"two"
    assert [p.name for p in target.parent.iterdir()] == ["file"]
    (tmp_path / "blocked").write_text("")
    with pytest.raises(SyncError) as caught:
        write_whole(tmp_path / "blocked" / "file", b"x")
    assert caught.value.exit is Exit.ENVIRONMENT
