"""What becomes of children whose parent is killed, or is asked to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from syncer import processes
from syncer.processes import holders

# Holds a family, starts a child that outlives everything, says so, and waits.
PARENT = """
import subprocess, sys
from pathlib import Path
from syncer.locking import inherited_files
from syncer.processes import family, interruptible
with interruptible(), family(Path(sys.argv[1])):
    child = subprocess.Popen(sys.argv[2:], pass_fds=inherited_files(), start_new_session=True)
    print(child.pid, flush=True)
    child.wait()
"""
SLEEP = ("sleep", "300")
DEAF = (sys.executable, "-c", "import signal; signal.signal(15, signal.SIG_IGN); signal.pause()")


def parent(mark: Path, *child: str) -> tuple[subprocess.Popen[str], int]:
    """A process with a family, and its child's id."""
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(mark), *child], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def runs(id: int) -> bool:
    try:
        return Path(f"/proc/{id}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def ended(id: int) -> bool:
    for _ in range(200):
        if not runs(id):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("child", [SLEEP, DEAF], ids=["obedient", "deaf"])
def test_children_of_a_killed_parent_are_ended_by_the_next(
    tmp_path: Path, child: tuple[str, ...]
) -> None:
    mark = tmp_path / "children"
    process, id = parent(mark, *child)
    process.kill()
    process.wait()
    assert runs(id)
    assert holders(mark) == (id,)
    notes: list[str] = []
    with processes.family(mark, notes.append):
        assert ended(id)
    assert len(notes) == 1 and "left behind" in notes[0]
    assert holders(mark) == ()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("child", [SLEEP, DEAF], ids=["obedient", "deaf"])
def test_a_signal_ends_the_children_too(
    tmp_path: Path, number: signal.Signals, child: tuple[str, ...]
) -> None:
    process, id = parent(tmp_path / "children", *child)
    process.send_signal(number)
    assert process.wait(30) != 0
    assert ended(id)


def test_a_signal_ends_loops_in_other_threads() -> None:
    seen: list[str] = []

    def loop() -> None:
        try:
            while True:
                processes.check()
                time.sleep(0.01)
        except KeyboardInterrupt:
            seen.append("ended")

    with pytest.raises(KeyboardInterrupt), processes.interruptible():
        other = threading.Thread(target=loop)
        other.start()
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(30)
        finally:
            other.join(30)
    assert seen == ["ended"]
    processes.check()  # and nothing of it is left


def test_a_signal_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with processes.interruptible():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
