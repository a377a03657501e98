"""What resolve finds: the commits that a roll is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pin:
    """One repository at one commit. `tree` is that commit's, with upstream's own patch for it
    applied. `written` is what upstream wrote (a tag or a commit) and `file` where; both are
    empty for upstream itself. `date` is the commit's, by its committer, in UTC."""

    name: str
    url: str
    commit: str
    tree: str
    written: str = ""
    file: str = ""
    date: str = ""


@dataclass(frozen=True)
class Move:
    """What lies between the accepted commit and the new one. `old` is None on a first roll;
    `commits` are (id, subject), newest first, at most 200; `count` is the true number."""

    name: str
    old: str | None
    new: str
    count: int = 0
    commits: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Resolved:
    upstream: Pin
    components: tuple[Pin, ...]
    moves: tuple[Move, ...]

    @property
    def pins(self) -> tuple[Pin, ...]:
        return (self.upstream, *self.components)
