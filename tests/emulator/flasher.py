"""A board for tests, and its flasher: the emulator behind a terminal device.

`flasher.py flash ELF PORT` puts a program onto it, `flasher.py reset PORT` starts that; PORT
becomes a link to the device on which it prints, as a board's USB port comes back with a reset.
`flasher.py off PORT` ends it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path


def flash(elf: str, port: Path) -> None:
    off(port)
    _beside(port, "elf").write_text(elf)


def reset(port: Path) -> None:
    off(port)
    said = _beside(port, "said")
    with said.open("w") as stream:
        board = subprocess.Popen(
            [
                *(sys.executable, "-m", "syncer", "emulate", _beside(port, "elf").read_text()),
                *("--serial", "pty"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stream,
            start_new_session=True,
        )
    _beside(port, "pid").write_text(str(board.pid))
    for _ in range(6000):
        if device := re.search(r"serial port: (\S+)", said.read_text()):
            port.symlink_to(device[1])
            return
        if board.poll() is not None:
            sys.exit(f"the board does not start: {said.read_text()}")
        time.sleep(0.01)
    sys.exit("the board does not start")


def off(port: Path) -> None:
    port.unlink(missing_ok=True)
    with suppress(OSError, ValueError):
        os.killpg(int(_beside(port, "pid").read_text()), signal.SIGKILL)
    _beside(port, "pid").unlink(missing_ok=True)


def _beside(port: Path, kind: str) -> Path:
    return port.with_name(f"{port.name}.{kind}")


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "flash":
        flash(rest[0], Path(rest[1]))
    elif what == "reset":
        reset(Path(rest[0]))
    else:
        off(Path(rest[0]))
