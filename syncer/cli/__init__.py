"""The program `sync`, also installed as `tflm-sync`.

coreutils has a `sync` too, and ours may stand before it on the path. So what can only be meant
for the system's is handed on: file arguments, `-d`, `-f`, and a bare `sync` outside a port.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from syncer.errors import Exit
from syncer.files import find_port

# Each command, where it is (a module of syncer.cli and a name in it), and what it does: the list of
# commands imports none of them.
COMMANDS = {
    "roll": ("roll.command", "Bring the port to upstream's newest commit."),
    "continue": ("resume.command", "Go on with a roll that was broken off, or stopped."),
    "skip": ("resume.skip", "Go on without the patch that conflicts."),
    "abort": ("resume.abort", "Give up the roll that stopped at a conflict."),
    "tree": ("stage.tree", "Make the port's tree."),
    "build": ("stage.build", "Build the port's programs."),
    "test": ("stage.test", "Run the test programs."),
    "bench": ("stage.bench", "Run the benchmarks, or compare what two rolls measured."),
    "status": ("status.command", "Say what the last roll found, or where one stands."),
    "history": ("history.command", "Show what earlier rolls measured."),
    "why": ("why.command", "Say which input moved the cycles between two rolls."),
    "accept": ("accept.command", "Make the last roll's results the accepted ones."),
    "publish": ("publish.command", "Bring the last roll to GitHub."),
    "overrides": ("overrides.group", "Overrides whose upstream file changed."),
    "clean": ("clean.command", "Free what a roll makes again."),
    "init": ("init.command", "Write a first port.toml and CMake template."),
    "adopt": ("adopt.command", "Make a port of a tree that was edited in place."),
    "queue": ("queue.group", "The patch queue: list, check, edit, export, import."),
    "doctor": ("doctor.command", "Say what this machine lacks, and mend it."),
    "demo": ("demo.command", "Roll the miniature port."),
    "emulate": ("emulate.command", "Run a program on the emulated RP2040."),
}
_SYSTEM_OPTIONS = ("-d", "-f", "--data", "--file-system")


def main() -> None:
    """Entry point of both console scripts."""
    arguments = sys.argv[1:]
    if Path(sys.argv[0]).name == "sync":
        if not arguments and not _in_a_port():
            os.sync()
            return
        if arguments and meant_for_system(arguments):
            _run_system(arguments)
    sys.exit(ours(arguments))


def _in_a_port() -> bool:
    try:
        return find_port(Path.cwd()) is not None
    except OSError:  # the current folder is gone, or may not be looked at
        return False


def ours(arguments: list[str]) -> int:
    """Run one command line of this program and return its exit status."""
    from syncer.cli.app import run  # late: the system's sync should not wait for ours
    from syncer.cli.outlet import outlets

    with outlets() as outlet:
        status = run(arguments)
        sys.stdout.flush()
        if outlet.lost and not status:
            print(f"sync: cannot write standard output: {outlet.lost}", file=sys.stderr)
            status = Exit.ENVIRONMENT
    return status


def meant_for_system(arguments: list[str]) -> bool:
    """Whether a command line can only be one for coreutils' sync."""
    first = arguments[0]
    if first in _SYSTEM_OPTIONS:
        return True
    return not first.startswith("-") and first not in COMMANDS and Path(first).exists()


def _run_system(arguments: list[str]) -> None:
    ours = Path(sys.argv[0]).resolve().parent
    folders = [
        folder
        for folder in os.environ.get("PATH", os.defpath).split(os.pathsep)
        if folder and Path(folder).resolve() != ours
    ]
    system = shutil.which("sync", path=os.pathsep.join(folders))
    if system is None:
        sys.exit("sync: the system has no sync of its own; for ours see `tflm-sync --help`")
    os.execv(system, ["sync", *arguments])
