"""Running what is upstream's: its makefiles, compilers on its sources, its models.

A foreign command gets an environment of our choosing, no network, a file system that is read-only
but for what it is given and shows nobody's home, and it ends as a whole: when its time is over,
when we end, and with every process it started. How much of that this machine can do is found out
by doing it; what was in force is a `Protection`, and every result that rests on foreign code
carries it.
"""

from syncer.foreign.command import Done, run
from syncer.foreign.room import Room, installation
from syncer.foreign.sandbox import MEND, MODES, Sandbox, all_sandboxes, choose

__all__ = [
    "MEND",
    "MODES",
    "Done",
    "Room",
    "Sandbox",
    "all_sandboxes",
    "choose",
    "installation",
    "run",
]
