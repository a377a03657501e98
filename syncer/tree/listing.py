"""Upstream's own Makefile, asked once which files make up the library."""

from __future__ import annotations

import os
import posixpath
import re
import subprocess
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

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


def list_files(checkout: Path, tree: Tree) -> Listing:
    """Ask upstream's Makefile, in one call, for the library's sources and headers.

    Args:
        checkout: upstream's files, with every component below its downloads folder.
        tree: names the makefile, its goals and variables, what its download step prints when it
            is satisfied (`expected_output`, regular expressions) and which files to drop.

    Raises:
        SyncError: make failed, said anything unexpected, or names a file that is not there.
    """
    command = ["make", "-s", "-f", tree.makefile, *tree.goals]
    command += [f"{name}={value}" for name, value in tree.variables.items()]
    try:
        done = subprocess.run(
            command,
            cwd=checkout,
            # Upstream's code sees a path and a locale; nothing of the user's environment.
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": str(checkout)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise SyncError(
            "make is not installed", hint="sync doctor", exit=Exit.ENVIRONMENT
        ) from None
    except subprocess.TimeoutExpired:
        raise SyncError(
            f"{tree.makefile} did not answer within {_TIMEOUT_SECONDS} s", exit=Exit.BUILD
        ) from None
    unexpected = [
        line
        for line in done.stderr.splitlines()
        if not any(re.search(pattern, line) for pattern in tree.expected_output)
    ]
    if done.returncode or unexpected:
        raise SyncError(
            f"{tree.makefile}: "
            + (f"exit {done.returncode}" if done.returncode else "said something unexpected"),
            hint="A component may be missing below tree.downloads, or a goal was renamed upstream.",
            exit=Exit.BUILD,
            detail="\n".join(unexpected[-20:]),
            about=((tree.makefile,), (posixpath.dirname(tree.makefile),)),
        )
    listed = {
        path
        for path in done.stdout.split()
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
