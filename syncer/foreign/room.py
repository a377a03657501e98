"""What a foreign command sees of the file system."""

from __future__ import annotations

import contextlib
import os
import pwd
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from syncer.files import checkout_of

# Besides homes: sockets of the system's services and of agents, other people's scratch files,
# other drives.
_HIDDEN = ("/home", "/root", "/run", "/tmp", "/var/tmp", "/mnt", "/media")


@dataclass(frozen=True)
class Room:
    """Where a foreign command works, and what it is given there.

    The whole system is there read-only, but the places of `hidden` are empty; `readable` shows
    again what lies in them, `writable` may be changed too. A protection that cannot hold files
    gives no such room: then only `folder` counts.

    Attributes:
        folder: the command's working directory, absolute. It may be changed only if `writable`
            has it.
        writable: folders that the command may change.
        readable: files and folders that it must be able to read. Python's are always among them.
    """

    folder: Path
    writable: tuple[Path, ...] = ()
    readable: tuple[Path, ...] = ()

    @cached_property
    def hidden(self) -> tuple[Path, ...]:
        """Folders that are empty to the command: homes, and the repository it works in, whose
        configuration may hold a token. None lies in another."""
        places = {Path(name) for name in _HIDDEN} | _homes()
        if repository := checkout_of(self.folder.resolve().parent):
            places.add(repository)
        real = {place.resolve() for place in places if place.is_dir()} - {Path("/")}
        return _outermost(real)

    @cached_property
    def shown(self) -> tuple[tuple[Path, bool], ...]:
        """What lies over the read-only system, as (path, whether it may be changed): outer
        before inner."""
        pythons = (Path(sys.prefix), Path(sys.base_prefix))
        readable = _named(*self.readable, self.folder, *pythons)
        kept = {path: False for path in readable if _below(path, self.hidden)}
        changed = {path for path in _named(*self.writable) if _below(path, self.hidden)}
        changed |= {path.resolve() for path in self.writable}
        return tuple(sorted((kept | dict.fromkeys(changed, True)).items()))

    @property
    def search_path(self) -> str:
        """PATH without the folders that the command does not see; one over a hidden link is
        there as what that leads to."""
        shown = tuple(path for path, _ in self.shown)
        seen: dict[str, None] = {}
        for folder in map(Path, os.environ.get("PATH", os.defpath).split(os.pathsep)):
            for path in (folder.absolute(), folder.resolve()) if folder.is_dir() else ():
                if not _below(path, self.hidden) or _below(path, shown):
                    seen[str(path)] = None
                    break
        return os.pathsep.join(seen)


def installation(program: Path) -> tuple[Path, ...]:
    """The folders of an installed program that have to be readable for it to run: its prefix, or
    of one that holds a person's other things only the parts that are programs'."""
    found: list[Path] = []
    for path in {program.absolute(), program.resolve()}:
        if path.parent.name != "bin":
            found.append(path.parent)
            continue
        prefix = path.parent.parent
        if prefix.name == ".local" or prefix.resolve() in _homes() or prefix == Path("/"):
            parts = (path.parent, prefix / "lib", prefix / "libexec")
            found += [part for part in parts if part.is_dir()]
        else:
            found.append(prefix)
    return tuple(sorted(set(found)))


def _homes() -> set[Path]:
    homes = set()
    with contextlib.suppress(RuntimeError):  # a user that the system does not know
        homes.add(Path.home())
    with contextlib.suppress(KeyError):
        homes.add(Path(pwd.getpwuid(os.getuid()).pw_dir))
    return {home.resolve() for home in homes if home.is_absolute()}


def _named(*paths: Path) -> set[Path]:
    """Each path that exists as it is given, which may lead over a link that is hidden, and as
    what it leads to."""
    found = [path for path in paths if path.exists()]
    return {path.absolute() for path in found} | {path.resolve() for path in found}


def _below(path: Path, places: Iterable[Path]) -> bool:
    return any(path.is_relative_to(place) for place in places)


def _outermost(places: set[Path]) -> tuple[Path, ...]:
    return tuple(sorted(p for p in places if not _below(p, places - {p})))
