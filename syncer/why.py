"""Which of the inputs that moved between two rolls moved the cycles and the sizes.

Upstream, each component that it pins, the SDK and the compiler move together. Here they move one at
a time: from all as they were, one of them as it is now, up to the benchmarks. What each moves alone
and what they move together may differ; both are told.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from syncer.build.tools import find_toolset, sdk_version
from syncer.durable import write_whole
from syncer.errors import Exit, SyncError
from syncer.journal import key_of
from syncer.lock import load_lock
from syncer.pipeline import Order, Progress, roll
from syncer.pipeline.inputs import code_digest, file_digests
from syncer.port import Port

ACCEPTED = "accepted"
SDK, COMPILER = "sdk", "compiler"
_LAYER = "/layer/"
_FAULTS = (Exit.CONFLICT, Exit.GATE, Exit.BUILD, Exit.TEST)


@dataclass(frozen=True)
class Input:
    """Something that moved: `old` and `new` are commits, or folders of an SDK or a compiler."""

    name: str
    old: str
    new: str


@dataclass(frozen=True)
class Tried:
    """What a roll of some inputs as they are now and all others as they were came to: figures by
    name or, without its benchmarks, the `stage` that it ended in, and why."""

    figures: Mapping[str, int] = field(default_factory=dict)
    stage: str = ""
    message: str = ""


@dataclass(frozen=True)
class Why:
    """`alone` has, by input, what moving it and nothing else comes to; where that does not get to
    the benchmarks, `without` has what moving all others comes to. `rolls` were made for it; the
    others were known."""

    inputs: tuple[Input, ...]
    old: Tried
    new: Tried
    alone: Mapping[str, Tried]
    without: Mapping[str, Tried]
    rolls: int

    def moved_by(self, name: str, figure: str) -> int | None:
        """By how much an input moves a figure; None where that could not be told."""
        one, all_but = self.alone[name], self.without.get(name)
        first, last = self.old.figures, self.new.figures
        if figure in one.figures and figure in first:
            return one.figures[figure] - first[figure]
        if all_but and figure in all_but.figures and figure in last:
            return last[figure] - all_but.figures[figure]
        return None

    def moved(self, *, layers: bool = False) -> list[str]:
        """The figures that are not what they were, or that one of the inputs moves."""
        names = sorted({*self.old.figures, *self.new.figures})
        return [
            name
            for name in names
            if (layers or _LAYER not in name)
            and (
                self.old.figures.get(name) != self.new.figures.get(name)
                or any(self.moved_by(item.name, name) for item in self.inputs)
            )
        ]


def why(
    port: Port,
    order: Order,
    progress: Progress,
    old: str = ACCEPTED,
    *,
    sdk: Path | None = None,
    compiler: Path | None = None,
) -> Why:
    """Move everything from `old` (a commit of upstream's, or what was accepted) to the order's
    upstream, one thing at a time.

    Args:
        sdk, compiler: folders of another SDK and of another compiler's programs, to be moved to.

    Raises:
        SyncError: nothing was accepted; nothing moved; or one of the two ends does not get to its
            benchmarks.
        Interrupted: as of `roll`.
    """
    search = _Search(port.on_trial(), order, progress)
    before = search.commits(old) if old != ACCEPTED else dict(load_lock(port.lock_file).commits)
    if not before:
        raise SyncError(
            f"{port.lock_file} names no commits: nothing was accepted yet",
            hint="Name two commits of upstream's: sync why OLD NEW",
        )
    after = search.commits(order.upstream)
    moved = [
        Input(name, before[name], after[name])
        for name in after
        if name in before and before[name] != after[name]
    ]
    if sdk is not None and port.toml.build.sdk is not None:
        moved.append(Input(SDK, os.environ.get(port.toml.build.sdk.variable, ""), str(sdk)))
    if compiler is not None:
        moved.append(Input(COMPILER, "", str(compiler)))
    if not moved:
        raise SyncError(
            f"nothing moved: both are {before[port.toml.upstream.name][:12]}, with the same pins",
            hint="Name two commits of upstream's, or another --sdk or --compiler.",
        )
    return search.told(before, tuple(moved))


class _Search:
    """Rolls in a state of their own, whose figures are kept by what they were made of."""

    def __init__(self, port: Port, order: Order, progress: Progress) -> None:
        self.port, self.order, self.progress = port, order, progress
        self.file = port.state / "figures.json"
        self.rolls = 0

    def commits(self, ref: str | None) -> dict[str, str]:
        """Upstream's commit and what it pins there, by name."""
        order = replace(self.order, upstream=ref, until="resolve")
        outcome = roll(self.port, order, self.progress)
        if outcome.error:
            raise outcome.error
        assert outcome.roll.resolved is not None
        return {pin.name: pin.commit for pin in outcome.roll.resolved.pins}

    def told(self, before: Mapping[str, str], inputs: tuple[Input, ...]) -> Why:
        every = frozenset(item.name for item in inputs)

        def tried(names: frozenset[str]) -> Tried:
            new = {item.name: item.new for item in inputs if item.name in names}
            return self.tried({**before, **new}, ", ".join(sorted(names)) or "nothing")

        ends = []
        for which, names in (("new", every), ("old", frozenset[str]())):
            end = tried(names)
            if not end.figures:
                raise SyncError(
                    f"the {which} end does not get to its benchmarks: it ends in {end.stage}: "
                    f"{end.message}",
                    hint="Name commits whose rolls do; `sync --newest-good` finds the newest.",
                )
            ends.append(end)
        last, first = ends
        alone = {
            item.name: last if len(inputs) == 1 else tried(frozenset({item.name}))
            for item in inputs
        }
        failed = [name for name, one in alone.items() if not one.figures]
        without = {name: tried(every - {name}) for name in failed}
        return Why(inputs, first, last, alone, without, self.rolls)

    def tried(self, setting: Mapping[str, str], what: str) -> Tried:
        """The figures of a roll to these commits, with this SDK and compiler."""
        name = self.port.toml.upstream.name
        pins = {n: c for n, c in setting.items() if n not in (name, SDK, COMPILER)}
        with self._tools(setting) as port:
            key = self._key(port, setting)
            known = self._known()
            if key in known:
                return known[key]
            self.progress.note(f"why: moved to the new one: {what}")
            order = replace(self.order, upstream=setting[name], pins=pins, until="bench")
            outcome = roll(port, order, self.progress)
        self.rolls += 1
        error, benches = outcome.error, outcome.roll.benches
        if error and error.exit not in _FAULTS:
            raise error
        if benches:
            found = Tried({figure.name: figure.new for figure in benches.figures})
        else:
            assert error is not None
            found = Tried(stage=outcome.stopped_in, message=error.message)
        write_whole(
            self.file,
            json.dumps({k: asdict(v) for k, v in {**known, key: found}.items()}).encode(),
        )
        return found

    def _known(self) -> dict[str, Tried]:
        try:
            data = json.loads(self.file.read_text(encoding="utf-8"))
            return {key: Tried(**value) for key, value in data.items()}
        except (OSError, ValueError, TypeError):
            return {}

    def _key(self, port: Port, setting: Mapping[str, str]) -> str:
        toml = port.toml
        own = [item.from_ for item in (*toml.tree.own, *toml.tree.template)]
        own += [toml.patches.folder, *(item.source for item in toml.override)]
        return key_of(
            code_digest(),
            setting,
            asdict(toml),
            file_digests(port, own),
            find_toolset(toml.build).tools,
        )

    @contextmanager
    def _tools(self, setting: Mapping[str, str]) -> Iterator[Port]:
        """The port for the SDK and compiler of a setting, which are found by the environment."""
        new, port = {}, self.port
        if compiler := setting.get(COMPILER):
            new["PATH"] = f"{compiler}{os.pathsep}{os.environ['PATH']}"
        if (folder := setting.get(SDK)) and port.toml.build.sdk:
            sdk = port.toml.build.sdk
            new[sdk.variable] = folder
            wanted = replace(sdk, version=sdk_version(sdk, Path(folder)))
            build = replace(port.toml.build, sdk=wanted)
            port = replace(port, toml=replace(port.toml, build=build))
        old = {name: os.environ.get(name) for name in new}
        os.environ.update(new)
        try:
            yield port
        finally:
            for name, value in old.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
