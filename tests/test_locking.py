"""Locks: one holder at a time, known by name, and what a killed one leaves."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from syncer import locking
from syncer.locking import LockedError, Process, is_locked, locked, scratch, this_process


def test_a_lock_is_one_processs_at_a_time(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "lock"
    with locked(file):
        assert is_locked(file)
        with pytest.raises(LockedError) as caught, locked(file, patience=0.1):
            pass
        assert caught.value.holder and caught.value.holder.id == os.getpid()
    assert not is_locked(file)
    with locked(file) as left:
        assert not left


def test_shared_locks_keep_exclusive_ones_out(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with locked(file, shared=True), locked(file, shared=True):
        with pytest.raises(LockedError), locked(file, patience=0.1):
            pass
        assert not is_locked(file)  # exclusively
    with locked(file), pytest.raises(LockedError), locked(file, shared=True, patience=0.1):
        pass


def test_asking_whether_it_is_locked_is_in_no_ones_way(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            is_locked(file)
            time.sleep(0.001)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(20):
            with locked(file):
                pass
    finally:
        stop.set()
        asking.join()


def test_who_waits_is_told_for_whom_and_gets_it_then(tmp_path: Path) -> None:
    file, told = tmp_path / "lock", []
    entered, free = threading.Event(), threading.Event()

    def hold() -> None:
        with locked(file):
            entered.set()
            free.wait(30)

    def waiting(holder: Process | None) -> None:
        told.append(holder)
        free.set()

    other = threading.Thread(target=hold)
    other.start()
    assert entered.wait(30)
    with locked(file, patience=30, waiting=waiting):
        assert [holder and holder.id for holder in told] == [os.getpid()]
    other.join()


def test_a_lock_file_that_was_removed_locks_no_one_out(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with locked(file):
        file.unlink()
        with locked(file, patience=0.1):  # another file, and all who come now see that one
            pass


@pytest.mark.parametrize("how", ["raised", "restarted"])
def test_the_next_is_told_that_the_last_did_not_let_go(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "lock"
    with locked(file):
        pass
    if how == "raised":
        with pytest.raises(ZeroDivisionError), locked(file):
            raise ZeroDivisionError
    else:
        monkeypatch.setattr(locking, "boot", lambda: "another start of this machine")
    with locked(file) as left:
        assert left
    with locked(file) as left:
        assert not left


def test_scratch_of_a_killed_process_is_removed_and_no_one_elses(tmp_path: Path) -> None:
    old = time.time() - 3600
    with scratch(tmp_path) as mine:
        abandoned = tmp_path / f"{mine.name[:-3]}xyz"
        (abandoned / "sub").mkdir(parents=True)
        theirs = tmp_path / "other-tools-folder"
        theirs.mkdir()
        for folder in (mine, abandoned, theirs):
            os.utime(folder, (old, old))
        with scratch(tmp_path) as another:
            assert sorted(tmp_path.iterdir()) == sorted((mine, theirs, another))
    assert list(tmp_path.iterdir()) == [theirs]


def test_of_a_process_it_is_known_whether_it_is_gone() -> None:
    me = this_process()
    assert not me.gone
    assert Process(me.id, me.host, "another start of this machine", me.since).gone
    assert not Process(me.id, "elsewhere", "", me.since).gone
    child = subprocess.Popen(["true"])
    child.wait()
    assert Process(child.pid, me.host, me.boot, me.since).gone
    assert str(me.id) in str(me) and me.since in str(me)
