"""Where the repositories of a port come from: their URLs, or the mirrors that stand for them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from syncer.errors import SyncError
from syncer.files import cache_folder, config_folder, read_toml
from syncer.model import Resolved
from syncer.port import Port


@dataclass(frozen=True)
class Source:
    """A repository as it is reached: `url` names it, `place` is where it comes from (the same, or
    a mirror), `clone` is the bare clone. `others` are those that upstream once pinned instead."""

    name: str
    url: str
    place: str
    clone: Path
    others: tuple[Source, ...] = ()


def load_mirrors(file: Path | None) -> dict[str, str]:
    """The mirrors table: URL -> URL or path to fetch from instead. Without a file, the user's own
    (mirrors.toml in the configuration folder), if there is one.

    Raises:
        SyncError: the file cannot be read or is no table of texts.
    """
    if file is None:
        folder = config_folder()
        file = folder / "mirrors.toml" if folder else None
        if file is None or not file.is_file():
            return {}
    data = read_toml(file, hint=_MIRRORS)
    table = data.get("mirrors")
    unknown = [key for key in data if key != "mirrors"]
    if unknown or not isinstance(table, dict):
        what = f"unknown table [{unknown[0]}]" if unknown else "no table [mirrors]"
        raise SyncError(f"{file}: {what}", hint=_MIRRORS)
    base = file.parent.resolve()
    places = {}
    for url, place in table.items():
        if not isinstance(place, str) or not place or "\0" in place:
            raise SyncError(f"{file}: {url!r} = {place!r}: no URL and no path", hint=_MIRRORS)
        places[_same(url)] = _placed(place, base)
    return places


_MIRRORS = 'It is a table [mirrors] of lines "URL" = "URL or path".'


def _same(url: str) -> str:
    """A URL in the one form of several that lead to the same repository."""
    return url.rstrip("/").removesuffix(".git")


def _placed(place: str, base: Path) -> str:
    if "://" in place or re.match(r"[\w.-]+@[\w.-]+:", place):
        return place
    path = Path(place)
    with suppress(RuntimeError):  # a `~` of nobody's
        path = path.expanduser()
    return str((base / path).resolve())


def sources(port: Port, mirrors: Mapping[str, str], cache: Path | None = None) -> dict[str, Source]:
    """Where each repository of a port comes from and where its clone lies, by name."""
    folder = (cache or cache_folder()) / "clones"

    def source(name: str, url: str, others: tuple[Source, ...] = ()) -> Source:
        place = mirrors.get(url) or mirrors.get(_same(url), url)
        slug = re.sub(r"[^A-Za-z0-9.]+", "-", url.split("://")[-1]).strip("-")
        # The place is part of the name: clones of two mirrors are never mixed.
        mark = hashlib.sha256(f"{url}\0{place}".encode()).hexdigest()[:8]
        return Source(name, url, place, folder / f"{slug[-80:]}-{mark}.git", others)

    result = {port.toml.upstream.name: source(port.toml.upstream.name, port.toml.upstream.url)}
    for component in port.toml.component:
        urls = dict.fromkeys(pin.url for pin in component.pin if pin.url)
        others = tuple(source(component.name, url) for url in urls if url != component.url)
        result[component.name] = source(component.name, component.url, others)
    return result


def chosen(found: Mapping[str, Source], resolved: Resolved) -> dict[str, Source]:
    """Of each repository that a roll is made of, the source that upstream pins."""
    return {pin.name: of_url(found[pin.name], pin.url) for pin in resolved.pins}


def of_url(source: Source, url: str) -> Source:
    return next(item for item in (source, *source.others) if item.url == url)
