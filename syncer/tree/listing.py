"""Upstream's own Makefile, asked once which files make up the library."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from syncer import foreign
from syncer.errors import Exit, SyncError
from syncer.port import Tree

SOURCE_SUFFIXES = (".c", ".cc", ".cpp", ".S")
_TIMEOUT_SECONDS = 300


@dataclass(frozen=True)
class Listing:
    """Paths relative to upstream's checkout, sorted, each once."""

    sources: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(sorted((*self.sources, *self.others)))


def list_files(checkout: Path, tree: Tree, sandbox: foreign.Sandbox | None = None) -> Listing:
    """Ask upstream's Makefile, in one call, for the library's sources and headers.

    Args:
        checkout: upstream's files, with every component below its downloads folder.
        tree: names the makefile, its goals and variables, what its download step prints when it
            is satisfied (`expected_output`, regular expressions) and which files to drop.
        sandbox: what holds the makefile back; by default the strongest that works here.

    Raises:
        SyncError: make failed, said anything unexpected, or names a file that is not there.
    """
    command = ["make", "-s", "-f", tree.makefile, *tree.goals]
    command += [f"{name}={value}" for name, value in tree.variables.items()]
    # The checkout is not for it to change: what is in there is what the tree is made of.
    room = foreign.Room(checkout, readable=(checkout,))
    done = foreign.run(command, room, seconds=_TIMEOUT_SECONDS, sandbox=sandbox)
    if done.late:
        raise SyncError(
            f"{tree.makefile} did not answer within {_TIMEOUT_SECONDS} s", exit=Exit.BUILD
        )
    unexpected = [
        line
        for line in done.err.splitlines()
        if not any(re.search(pattern, line) for pattern in tree.expected_output)
    ]
    if done.status or unexpected:
        raise SyncError(
            f"{tree.makefile}: "
            + (f"exit {done.status}" if done.status else "said something unexpected"),
            hint="A component may be missing below tree.downloads, or a goal was renamed upstream.",
            exit=Exit.BUILD,
            detail="\n".join(unexpected[-20:]),
            about=(_named(unexpected), (tree.makefile,), (posixpath.dirname(tree.makefile),)),
        )
    listed = {
        path
        for path in done.out.split()
        if not any(fnmatch(path, pattern) for pattern in tree.exclude)
    }
    root = checkout.resolve()
    for path in sorted(listed):
        full = (checkout / path).resolve()
        if not full.is_relative_to(root) or not full.is_file():
            raise SyncError(
                f"{tree.makefile} lists {path}, which is no file of upstream's",
                hint="Its goals may print something else today; see tree.goals in port.toml.",
                exit=Exit.BUILD,
                about=((path,), (tree.makefile,)),
            )
    sources = sorted(path for path in listed if path.endswith(SOURCE_SUFFIXES))
    if not sources:
        raise SyncError(
            f"{tree.makefile} lists no source", exit=Exit.BUILD, about=((tree.makefile,),)
        )
    return Listing(tuple(sources), tuple(sorted(listed.difference(sources))))


def _named(output: Iterable[str]) -> tuple[str, ...]:
    """What looks like a path of upstream's in the makefile's complaints."""
    words = (word for line in output for word in re.findall(r"[^\s'\"`]+", line))
    paths = (re.sub(r"(:\d+)?[:.,]?$", "", word).rstrip("/") for word in words)
    return tuple(dict.fromkeys(p for p in paths if re.fullmatch(r"[\w.+-]+(/[\w.+-]+)+", p)))
