"""Making a port of an edited tree: find its base, split it, write the port, and roll to that base
to prove that the fork comes out again."""

from __future__ import annotations

import glob
import posixpath
import re
import shutil
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import tomli_w

from syncer import clones
from syncer.components import Source, chosen, repository, resolve, sources, with_history
from syncer.durable import write_whole
from syncer.errors import SyncError
from syncer.files import read_toml
from syncer.git import Repository, quarantine
from syncer.lock import Lock, lock_text
from syncer.model import Pin, Rebased, Resolved
from syncer.pins import written_pins
from syncer.pipeline.order import Order
from syncer.pipeline.recorder import Progress
from syncer.pipeline.rolling import roll
from syncer.port import Port, load_port
from syncer.queue.adopt import Candidates, Origins, best_bases, origins
from syncer.queue.fork import Fork, Place, Texts
from syncer.queue.mail import encode
from syncer.queue.series import SERIES
from syncer.queue.split import Group, Split, grouped, split
from syncer.queue.stack import Step, as_mail
from syncer.tree.places import in_checkout, place_of

OVERRIDES, OWN = "port/overrides", "port/own"
_SHARE = 0.1  # of the files that show a move, for it to hold for the fork's own files too
_HEADER = (
    "# Made by `sync adopt`: look through [tree], exclude, and [build]. The README says how.\n\n"
)


@dataclass(frozen=True)
class Library:
    """A third-party component in the fork: `shared` of the fork's different blobs are in the commit
    that upstream pins; `best` is the first-parent commit with more of them, if there is one."""

    name: str
    commit: str
    shared: int
    best: str = ""
    best_shared: int = 0


@dataclass(frozen=True)
class Adopted:
    """What came of it. `reproduced` is how many of the fork's files the roll gives back to the
    byte; `remainder` are the others, path and why; `beyond` are files of the tree that the fork has
    not; `proof` is the stage whose result was compared, `stopped` why it was no later one."""

    name: str
    base: str
    base_date: str
    shared: int
    of: int
    alike: int
    libraries: tuple[Library, ...]
    moves: tuple[tuple[str, str, int], ...]
    same: int
    edited: int
    overridden: int
    own: int
    patches: tuple[tuple[str, str, int], ...]
    reproduced: int
    remainder: tuple[tuple[str, str], ...]
    beyond: tuple[str, ...]
    proof: str
    stopped: str = ""


def adopt(port: Port, fork: Fork, order: Order, progress: Progress) -> Adopted:
    """Turn `fork` into the port that lies at `port`, of which there is a first port.toml only.

    Raises:
        SyncError: the fork shares no file with upstream; or anything a roll raises before its tree.
    """
    found = sources(port, order.mirrors, order.cache)
    with ExitStack() as stack:
        places = [source.clone for source in found.values()]
        stack.enter_context(clones.in_use(places[0].parent))
        stack.enter_context(clones.to_change(places, progress.note))
        work = _Work(port, fork, found, progress)
        work.find()
    work.write()
    return work.prove(order)


class _Work:
    """One adoption under way."""

    def __init__(
        self, port: Port, fork: Fork, found: Mapping[str, Source], progress: Progress
    ) -> None:
        self.port, self.fork, self.sources, self.progress = port, fork, found, progress
        self.upstream = port.toml.upstream.name

    # ---- where it came from

    def find(self) -> None:
        source = self.sources[self.upstream]
        self.progress.note(f"{self.upstream}: its history")
        repo, tip = with_history(source, self.port.toml.upstream.branch)
        ids = {id for _, id in self.fork.files.values()}
        read = Texts(self.fork, {})
        ids |= {read.plain_id(id) for id in ids}
        self.candidates = best_bases(repo, tip, ids)
        if not self.candidates.shared:
            raise SyncError(
                f"the fork has no file that {source.url} ever had on {tip[:12]}'s first parents",
                hint="Name the repository it was made from with --upstream URL.",
            )
        commit = self._of_alike(repo, ids)
        self.progress.note(f"{self.upstream}: {commit[:12]} it is; its files")
        self.resolved = resolve(self.port, Lock(), self.sources, commit)
        self.used = chosen(self.sources, self.resolved)
        self.repositories = {name: repository(source) for name, source in self.used.items()}
        self.tree = dict(self._tree())
        self.read = Texts(self.fork, self.repositories)
        self.origins: Origins = origins(self.fork, self.tree, self.read)
        self.split: Split = split(self.fork, self.tree, self.origins.places, self.read)
        self.libraries = tuple(self._library(pin, ids) for pin in self.resolved.components)

    def _of_alike(self, repo: Repository, ids: set[str]) -> str:
        """Of the commits that share as much, that whose pinned libraries do most; of those the
        newest that is no younger than the fork."""
        commits = self.candidates.commits
        older = [id for id, date in commits if not self.fork.date or date <= self.fork.date]
        alike = older or [commits[-1][0]]
        pins = {id: self._pinned(repo, id) for id in alike[:50]}
        if len(set(pins.values())) < 2:
            return alike[0]
        rated = {pinned: self._shared(pinned, ids) for pinned in set(pins.values())}
        return max(pins, key=lambda id: (rated[pins[id]], -alike.index(id)))

    def _pinned(self, repo: Repository, commit: str) -> tuple[tuple[str, str], ...]:
        entries = {entry.path: entry.id for entry in repo.ls_tree(commit)}
        files = {p.file for c in self.port.toml.component for p in c.pin if p.file in entries}
        repo.fetch_missing(self.sources[self.upstream].place, [entries[f] for f in files])

        def text(path: str) -> str | None:
            return repo.blob(entries[path]).decode("utf-8", "replace") if path in files else None

        return tuple(
            (component.name, written.value)
            for component in self.port.toml.component
            for written in written_pins(component, text)[:1]
        )

    def _shared(self, pinned: tuple[tuple[str, str], ...], ids: set[str]) -> int:
        count = 0
        for name, value in pinned:
            source = self.sources[name]
            try:
                repo, _ = with_history(source, "main")
            except SyncError:
                continue
            for rev in (value, f"refs/tags/{value}"):
                if repo.has(rev):
                    count += len(ids & {entry.id for entry in repo.ls_tree(rev)})
                    break
        return count

    def _tree(self) -> Iterable[tuple[str, Place]]:
        for pin in self.resolved.pins:
            for entry in self.repositories[pin.name].ls_tree(pin.tree):
                if entry.type == "blob" and self.port.needs(pin.name, entry.path):
                    place = Place(pin.name, entry.path, entry.mode, entry.id)
                    yield place_of(self.port, pin.name, entry.path), place

    def _library(self, pin: Pin, ids: set[str]) -> Library:
        repo = self.repositories[pin.name]
        shared = len(ids & {entry.id for entry in repo.ls_tree(pin.commit)})
        best = Candidates(0, 0, ())
        for branch in ("main", "master"):
            try:
                best = best_bases(repo, repo.rev_parse(f"refs/heads/{branch}"), ids)
                break
            except SyncError:
                continue
        if best.shared > shared:
            return Library(pin.name, pin.commit, shared, best.commits[0][0], best.shared)
        return Library(pin.name, pin.commit, shared)

    # ---- the port

    def write(self) -> None:
        """The queue, the overrides and the fork's own files, and port.toml."""
        came, at = self.origins.places, self.port.root
        groups = grouped(self.fork, self.split.edits, self.tree, came, self.read)
        self.patches: list[tuple[str, str, int]] = []
        for pin in self.resolved.pins:
            self._write_queue(pin, [group for group in groups if group.component == pin.name])
        self.overrides = []
        for path in self.split.overrides:
            item = self.tree[came[path]]
            source = f"{OVERRIDES}/{item.component}/{item.path}"
            write_whole(at / source, self.read.ours(self.fork.files[path][1]))
            self.overrides.append(
                {"component": item.component, "path": item.path}
                | {"source": source, "shadows": item.id}
            )
        self.own = self._own_places()
        for path, place in self.own.items():
            write_whole(at / OWN / place, self.read.ours(self.fork.files[path][1]))
        self._write_toml({}, (), own=False)

    def _write_queue(self, pin: Pin, groups: list[Group]) -> None:
        folder = self.port.root / self.port.toml.patches.folder / pin.name
        names = []
        with quarantine(self.repositories[pin.name]) as work:
            for number, group in enumerate(groups, 1):
                slug = re.sub(r"[^a-z0-9]+", "-", group.subject.lower()).strip("-")[:48].strip("-")
                name = f"{number:04}-{slug or 'change'}.patch"
                changes: dict[str, tuple[str, str] | None] = {}
                for path in group.paths:
                    item, id = self.tree[self.origins.places[path]], self.fork.files[path][1]
                    work.write_blob(self.read.ours(id))
                    changes[item.path] = (item.mode, id)
                step = Step(
                    *(name, group.subject, group.author, group.date, group.body),
                    before=pin.tree,
                    after=work.write_tree(pin.tree, changes),
                )
                text = as_mail(work, step, context=self.port.toml.patches.context)
                write_whole(folder / name, encode(text))
                names.append(name)
                self.patches.append((f"{pin.name}/{name}", group.subject, len(group.paths)))
        if names:
            write_whole(folder / SERIES, "".join(f"{name}\n" for name in names).encode())

    def _own_places(self) -> dict[str, str]:
        """Where the fork's own files go in the tree: as upstream's files beside them went."""
        total = sum(count for _, count in self.origins.rules) or 1
        moves = [move for move, count in self.origins.rules if count / total >= _SHARE]
        taken = set(self.origins.places.values())
        found: dict[str, str] = {}
        for path in self.split.own:
            if self.fork.files[path][0] == "120000":
                continue  # a link's text is no content
            old, new = max(
                (m for m in moves if not m[0] or path.startswith(f"{m[0]}/")),
                key=lambda m: len(m[0]),
                default=("", ""),
            )
            place = posixpath.join(new, path[len(old) :].lstrip("/"))
            place = path if place in taken else place
            if place not in taken:
                found[path] = place
                taken.add(place)
        return found

    def _write_toml(
        self, tree: Mapping[str, Any], unlisted: Iterable[str], *, own: bool = True
    ) -> None:
        data = read_toml(self.port.file)
        changed = {item["component"] for item in self.overrides}
        changed |= {name.partition("/")[0] for name, _, _ in self.patches}
        for component in data.get("component", ()):
            if component["name"] in changed:
                component.pop("optional", None)
            if component["name"] in unlisted:
                component["listed"] = False
        data["override"] = self.overrides
        data["tree"] |= tree
        tops = sorted({place.split("/")[0] for place in self.own.values() if own})
        data["tree"]["own"] = [{"from": f"{OWN}/{top}", "to": top} for top in tops]
        made = set(self.own.values())
        templates = [t for t in data["tree"].get("template", ()) if t["to"] not in made]
        data["tree"]["template"] = templates
        write_whole(self.port.file, (_HEADER + tomli_w.dumps(data)).encode())
        self.port = load_port(self.port.file)

    # ---- the proof

    def prove(self, order: Order) -> Adopted:
        order = replace(order, upstream=self.resolved.upstream.commit)
        stopped = ""
        if order.until == "tree":
            stopped = self._list(order)
        if stopped or order.until != "tree":
            self._write_toml({}, ())
        until = "rebase" if stopped else order.until
        done = roll(self.port, replace(order, until=until), self.progress)
        if done.error and done.roll.rebased and done.roll.tree is None:
            stopped = stopped or done.error.message
        elif done.error:
            raise done.error
        assert done.roll.rebased and done.roll.resolved
        self._write_lock(done.roll.resolved, done.roll.rebased)
        if done.roll.tree:
            return self._compared("tree", self._on_disk(Path(done.roll.tree.path)), stopped)
        return self._compared("rebase", self._in_clones(done.roll.rebased), stopped)

    def _list(self, order: Order) -> str:
        """Have in the tree what the fork has of upstream's, and nothing that it left out; why that
        could not be found out, if so."""
        done = roll(self.port, replace(order, bare=True, until="tree"), self.progress)
        if done.error or done.roll.tree is None:
            return done.error.message if done.error else "no tree"
        listed = {
            path.relative_to(done.roll.tree.path).as_posix()
            for path in Path(done.roll.tree.path).rglob("*")
            if path.is_file()
        } & self.tree.keys()
        wanted = set(self.origins.places.values())
        used = {self.tree[place].component for place in listed & wanted}
        left = {p for p in listed - wanted if self.tree[p].component in used}
        keep = {p for p in left if posixpath.basename(p).startswith(("LICENSE", "COPYING"))}
        keep -= set(self.own.values())
        extra = [self._pattern(place) for place in sorted(wanted - listed)]
        exclude = [self._pattern(place) for place in sorted(left - keep)]
        unlisted = {pin.name for pin in self.resolved.components} - used
        self._write_toml(
            {"extra": extra, "exclude": [*self.port.toml.tree.exclude, *exclude]}, unlisted
        )
        shutil.rmtree(self.port.stripped().state, ignore_errors=True)
        return ""

    def _pattern(self, place: str) -> str:
        """A pattern for the file that upstream's checkout has for this place."""
        item = self.tree[place]
        if item.component == self.upstream:
            return glob.escape(item.path)
        return glob.escape(in_checkout(self.port.toml.tree, place))

    def _write_lock(self, resolved: Resolved, rebased: Rebased) -> None:
        lock = Lock(
            commits={pin.name: pin.commit for pin in resolved.pins},
            written={pin.name: pin.written for pin in resolved.components},
            overrides={f"{o.component}:{o.path}": o.found or "" for o in rebased.overrides},
            carried=rebased.carried,
        )
        write_whole(self.port.lock_file, lock_text(lock).encode())

    def _on_disk(self, folder: Path) -> dict[str, bytes]:
        files = (path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

    def _in_clones(self, rebased: Rebased) -> dict[str, bytes]:
        """What the queue and the overrides leave, before any of it is chosen for a tree."""
        wanted = set(self.origins.places.values())
        found: dict[str, bytes] = {}
        for name, tree in rebased.trees.items():
            repo = self.repositories[name]
            places = {place_of(self.port, name, e.path): e.id for e in repo.ls_tree(tree)}
            blobs = repo.blobs(id for place, id in places.items() if place in wanted)
            found |= {place: blobs[id] for place, id in places.items() if place in wanted}
        own = self.port.root / OWN
        return found | {place: (own / place).read_bytes() for place in self.own.values()}

    def _compared(self, proof: str, files: Mapping[str, bytes], stopped: str) -> Adopted:
        places = {**self.origins.places, **self.own}
        remainder = []
        for path, (mode, id) in sorted(self.fork.files.items()):
            place = places.get(path)
            if place is None:
                link = "a symbolic link" if mode == "120000" else "another file has its place"
                remainder.append((path, link))
            elif place not in files:
                remainder.append((path, f"{place} is not in the tree"))
            elif files[place] != self.read.ours(id):
                same = self.read.ours(id).replace(b"\r\n", b"\n") == files[place]
                remainder.append((path, "other line ends" if same else f"{place} differs"))
        beyond = sorted(files.keys() - set(places.values())) if proof == "tree" else []
        base = self.resolved.upstream.commit
        return Adopted(
            name=self.port.name,
            base=base,
            base_date=dict(self.candidates.commits)[base],
            shared=self.candidates.shared,
            of=self.candidates.of,
            alike=len(self.candidates.commits),
            libraries=self.libraries,
            moves=tuple((old, new, count) for (old, new), count in self.origins.rules),
            same=len(self.split.same),
            edited=len(self.split.edits),
            overridden=len(self.split.overrides),
            own=len(self.own),
            patches=tuple(self.patches),
            reproduced=len(self.fork.files) - len(remainder),
            remainder=tuple(remainder),
            beyond=tuple(beyond),
            proof=proof,
            stopped=stopped,
        )


def as_json(adopted: Adopted) -> dict[str, Any]:
    """For a file beside port.toml."""
    return asdict(adopted)
