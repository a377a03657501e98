"""Where upstream writes a component's pin, and what it says when it does so no more."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from syncer.errors import Exit, SyncError
from syncer.git import Repository, Touch, touches, turning_point
from syncer.port import Component, PinPlace


@dataclass(frozen=True)
class Written:
    """A pin as upstream writes it, and where."""

    value: str
    place: PinPlace


def written_pins(component: Component, read: Callable[[str], str | None]) -> tuple[Written, ...]:
    """The values that the component's places hold, in order.

    Args:
        read: the text of a file of upstream's, None where there is none.
    """
    return tuple(
        Written(value, place)
        for place in component.pin
        for value in _values(place, read(place.file))
    )


def _values(place: PinPlace, text: str | None) -> tuple[str, ...]:
    matches = re.finditer(place.pattern, text or "", re.MULTILINE)
    return tuple(dict.fromkeys(match[1] for match in matches))


@dataclass(frozen=True)
class UpstreamFiles:
    """Upstream's files at one commit: `ids` are all its blobs by path, those of which a roll has
    need of are here. `makefiles` is the folder that upstream's build lies in."""

    name: str
    repository: Repository
    commit: str
    ids: Mapping[str, str]
    makefiles: str
    texts: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name} at {self.commit[:12]}"

    def text(self, path: str) -> str | None:
        if path not in self.ids:
            return None
        if path not in self.texts:
            self.texts[path] = self.repository.blob(self.ids[path]).decode("utf-8", "replace")
        return self.texts[path]

    @cached_property
    def build(self) -> dict[str, str]:
        """The texts of upstream's makefiles and what lies beside them."""
        folder = f"{self.makefiles}/" if self.makefiles else ""
        ids = {path: id for path, id in self.ids.items() if path.startswith(folder)}
        here = set(ids.values()).difference(self.repository.missing(ids.values()))
        blobs = self.repository.blobs(here)
        return {p: blobs[id].decode("utf-8", "replace") for p, id in ids.items() if id in here}

    def uses(self, file: str) -> bool:
        """Whether another file of upstream's build names this one."""
        name = re.compile(rf"(?<![\w.-]){re.escape(posixpath.basename(file))}(?![\w-])")
        return any(name.search(text) for path, text in self.build.items() if path != file)

    def mentions(self, component: Component) -> str | None:
        """A file of upstream's build that names one of the component's repositories."""
        urls = {component.url, *(place.url for place in component.pin if place.url)}
        names = {"/".join(re.split("[/:]", url.removesuffix(".git"))[-2:]) for url in urls}
        found = (p for p, text in sorted(self.build.items()) if any(name in text for name in names))
        return next(found, None)


def pin_of(component: Component, upstream: UpstreamFiles) -> Written | None:
    """The component's pin; None for an optional one that upstream does not use.

    Of several places, those whose file upstream's own build no longer names hold nothing: it may
    have been left behind.

    Raises:
        SyncError: not exactly one value is written.
    """
    several = len(component.pin) > 1
    found: dict[tuple[str, str], Written] = {}
    said = []
    for place in component.pin:
        values = _values(place, upstream.text(place.file))
        where = f"{place.file} in {upstream}"
        if place.file not in upstream.ids:
            said.append(f"there is no {where}")
        elif values and several and not upstream.uses(place.file):
            said.append(f"{where} is named by no makefile of upstream's")
        else:
            said.append(f"{where} has {len(values) or 'no'} matches of {place.pattern!r}")
            found |= {(value, place.url or ""): Written(value, place) for value in values}
    if len(found) == 1:
        return next(iter(found.values()))
    if not found and component.optional and upstream.mentions(component) is None:
        return None
    raise SyncError(
        f"{component.name}: {'; '.join(said)}",
        hint="Exactly one value must match; mend component.pin in port.toml.",
    )


def changed_by(
    component: Component,
    upstream: UpstreamFiles,
    accepted: str | None,
    fetch: Callable[[Iterable[str]], object],
    holds: Callable[[Written | None], bool] = lambda _: True,
) -> Touch | None:
    """The upstream commit nearest to this one with which it changed whether the pin can be read
    and `holds` is true of it; None where nothing was accepted that could be compared with.

    Args:
        fetch: brings blobs into upstream's clone.
    """
    repo = upstream.repository
    places = {upstream.makefiles, *(place.file for place in component.pin)}
    found = touches(repo, accepted, upstream.commit, places) if accepted else ()
    fetch(id for touch in found for id in (touch.before, touch.after) if id)

    def readable(commit: str) -> bool:
        ids = {entry.path: entry.id for entry in repo.ls_tree(commit)}
        fetch(ids[place.file] for place in component.pin if place.file in ids)
        try:
            return holds(pin_of(component, replace(upstream, commit=commit, ids=ids, texts={})))
        except SyncError:
            return False

    return turning_point(repo, found, readable)


def unreadable(component: Component, error: SyncError, name: str, touch: Touch | None) -> SyncError:
    """The error of `pin_of`, with the upstream commit that made it so."""
    if touch is None:
        return error
    if touch.gained:
        said = f"{error.message}. It was until {name} {touch}."
        hint = f"Look at {touch.commit}: where upstream writes it now goes to component.pin in "
        hint += "port.toml, which may be a list of places."
    else:
        said = f"{error.message}. It is only since {name} {touch}, which this upstream has not."
        hint = f"Roll to {touch.commit[:12]} or newer, or add where older upstreams write it to "
        hint += "component.pin in port.toml, which may be a list of places."
    return SyncError(said, hint=hint, exit=Exit.CONFLICT, detail=error.detail)
