"""What upstream did between the accepted roll and this one, for the message of what stops it.

Only the bare clones are read. A clone without blobs has every commit and tree, and the few blobs
that are needed besides (what upstream wrote as pins) are named by `pin_blobs`, to be fetched while
there is a network.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from syncer.errors import SyncError
from syncer.git import Repository, Touch, moved_to, touches
from syncer.lock import Lock
from syncer.model import Resolved
from syncer.pins import written_pins
from syncer.port import Component, Port

_MOST = 8


@dataclass(frozen=True)
class Since:
    """The accepted commits (the lock's), this roll's, and the clones that have both."""

    port: Port
    resolved: Resolved
    lock: Lock
    repositories: Mapping[str, Repository]

    @property
    def upstream(self) -> str:
        return self.port.toml.upstream.name

    def commit(self, name: str) -> str:
        """This roll's commit of a repository."""
        return next(pin.commit for pin in self.resolved.pins if pin.name == name)

    def touches(self, name: str, paths: Collection[str]) -> tuple[Touch, ...]:
        return touches(
            self.repositories[name], self.lock.commits.get(name), self.commit(name), paths
        )

    def touches_of(self, name: str, path: str, blob: str | None) -> tuple[Touch, ...]:
        """The changes to `path` that lead from the blob that a person knew to today's: since the
        accepted commit, or, where that one had another, since the commit that made the blob."""
        repo, new = self.repositories[name], self.commit(name)
        old = self.lock.commits.get(name)
        if blob is not None and not (old and _blob_at(repo, old, path) == blob):
            made = (t.commit for t in touches(repo, None, new, [path]) if t.after == blob)
            old = next(made, old)
        return touches(repo, old, new, [path])

    def pinned_by(self, name: str, touch: Touch) -> Touch | None:
        """The upstream commit whose pin brought a component's commit (or, where this roll goes
        back, will bring it); None where that cannot be told."""
        if name == self.upstream:
            return touch
        component = next(c for c in self.port.toml.component if c.name == name)
        upstream, repo = self.repositories[self.upstream], self.repositories[name]
        bumps = self.touches(self.upstream, {place.file for place in component.pin})
        same_way = [bump for bump in bumps if bump.gained is touch.gained]
        for bump in reversed(same_way) if touch.gained else same_way:
            pinned = _pinned(component, upstream, repo, bump.commit)
            if pinned and repo.is_ancestor(touch.commit, pinned):
                return bump
        return None

    def pin_blobs(self, names: Iterable[str]) -> tuple[str, ...]:
        """The blobs of upstream's that `pinned_by` reads for these components."""
        files = {
            place.file
            for component in self.port.toml.component
            if component.name in set(names)
            for place in component.pin
        }
        return tuple(t.after for t in self.touches(self.upstream, files) if t.after)

    # ---- in words

    def named(self, name: str, touch: Touch) -> str:
        """A commit and, for a component's, the upstream commit that pins it."""
        bump = self.pinned_by(name, touch)
        if name == self.upstream or bump is None:
            return f"{name} {touch}"
        return f"{name} {touch}, which {self.upstream} pins since {bump}"

    def detail(self, name: str, found: Collection[Touch]) -> str:
        """The commits as lines, nearest first; `-` before one that this roll has not."""
        lines = list(dict.fromkeys(f"{'+-'[not t.gained]} {name} {t}" for t in found))
        more = [f"… and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
        return "\n".join([*lines[:_MOST], *more])

    def roll_to(self, name: str, touch: Touch) -> str:
        """What to do about a commit that this upstream has not yet."""
        bump = self.pinned_by(name, touch)
        if bump is None:
            return f"Roll to an upstream that has {name} {touch.commit[:12]}"
        return f"Roll to --upstream {bump.commit[:12]} or newer"

    def gone(self, name: str, path: str) -> tuple[Touch, str | None] | None:
        """The commit that deleted a file (or a pattern's last one), or, where this roll goes back,
        the one that first added it; and where the file went."""
        for touch in self.touches(name, [path]):
            if (touch.after if touch.gained else touch.before) is None:
                return touch, moved_to(self.repositories[name], touch)
        return None


def _blob_at(repo: Repository, commit: str, path: str) -> str | None:
    try:
        return repo.rev_parse(f"{commit}:{path}", "blob")
    except SyncError:
        return None


def _pinned(
    component: Component, upstream: Repository, repo: Repository, commit: str
) -> str | None:
    """The component's commit that an upstream commit pins, as far as it can be told here."""

    def read(path: str) -> str | None:
        blob = _blob_at(upstream, commit, path)
        if blob is None or upstream.missing([blob]):
            return None
        return upstream.blob(blob).decode("utf-8", "replace")

    for written in written_pins(component, read):
        rev = written.value
        if not re.fullmatch("[0-9a-f]{40}", rev):
            rev = f"refs/tags/{rev}"
        try:
            return repo.rev_parse(rev)
        except SyncError:
            continue
    return None
