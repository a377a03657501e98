"""One command of sync's on a machine that runs short of something: in a mount namespace of its
own, so run it as `unshare -m python short_of.py PLACE HOW STAGE ARGUMENT...`.

PLACE is a folder that becomes a small file system of its own with what it held; HOW is what is
wrong with that: "full" or "read-only"; it is once the stage STAGE has ended ("-": from the start).
With HOW "limit", no file may grow beyond a few bytes instead, and no namespace is needed.

Afterwards the place is put in order, a roll to `base` is made, and its status is printed last.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import syncer.cli.roll
from syncer.cli.app import run

ROOM = 1 << 30


def mount(*words: str | Path) -> None:
    subprocess.run(["mount", *map(str, words)], check=True)


def enclose(place: Path) -> None:
    """A file system of its own for the place, with what it holds."""
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        mount("-t", "tmpfs", "-o", f"size={ROOM}", "none", scratch)
        shutil.copytree(place, scratch, dirs_exist_ok=True, symlinks=True)
        mount("--move", scratch, place)


def spoil(place: Path, how: str) -> None:
    if how == "full":
        with suppress(OSError), (place / "filler").open("wb", buffering=0) as filler:
            while filler.write(bytes(1 << 16)):
                pass
    elif how == "read-only":
        mount("-o", "remount,ro", place)
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (16, resource.RLIM_INFINITY))


def mend(place: Path, how: str) -> None:
    if how == "full":
        (place / "filler").unlink(missing_ok=True)
    elif how == "read-only":
        mount("-o", "remount,rw", place)
    else:
        unlimited = resource.RLIM_INFINITY
        resource.setrlimit(resource.RLIMIT_FSIZE, (unlimited, unlimited))


def main(place: Path, how: str, stage: str, arguments: list[str]) -> None:
    class Watch(syncer.cli.roll.Watch):
        def end(self, record: Any) -> None:
            super().end(record)
            if record.name == stage:
                spoil(place, how)

    syncer.cli.roll.Watch = Watch  # type: ignore[misc]
    if how != "limit":
        enclose(place)
    if stage == "-":
        spoil(place, how)
    status = run(arguments)
    sys.stdout.flush()
    mend(place, how)
    stage = ""
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 1)
        again = run(["roll", "--upstream", "base", *arguments[1:3]])
        sys.stdout.flush()
        said.seek(0)
        print(f"\nstatus {status}, then {again}", file=sys.stderr)
        if again:
            print(said.read().decode(), file=sys.stderr)
    sys.exit(status)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:])
