"""A roll: the ordered stages, each cached by its inputs, and the record of how they went."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol, TypeVar

from syncer import stages
from syncer.build import build as build_tree
from syncer.build import file_digest, find_toolset
from syncer.components import Source, repository, resolve, sources
from syncer.errors import Exit, SyncError
from syncer.forge.dryrun import DryRun
from syncer.forge.protocol import Published
from syncer.git import Repository
from syncer.journal import Journal, key_of, write_whole
from syncer.lock import load_lock
from syncer.model import (
    BenchesResult,
    BuildResult,
    Proposal,
    Rebased,
    Resolved,
    Roll,
    StageRecord,
    TestsResult,
    TreeResult,
    Verdict,
)
from syncer.port import Port
from syncer.report import render, status
from syncer.targets import Target
from syncer.targets.emulator import EmulatorTarget
from syncer.tree.generate import generate, tree_digest

STAGES = ("resolve", "rebase", "tree", "build", "test", "bench", "report", "publish")

T = TypeVar("T")


@dataclass(frozen=True)
class Order:
    """What a person asked of a roll. `upstream` is a branch, tag or commit (None: the port's
    branch); `until` the last stage; `mirrors` URL -> URL or path; `cache` replaces the user's."""

    upstream: str | None = None
    until: str = STAGES[-1]
    target: str = "emulator"
    bootrom: Path | None = None
    mirrors: Mapping[str, str] = field(default_factory=dict)
    cache: Path | None = None


class Progress(Protocol):
    """Who watches a roll: a stage begins, has something to tell, is this far, ends."""

    def begin(self, stage: str) -> None: ...
    def note(self, text: str) -> None: ...
    def step(self, text: str) -> None: ...
    def end(self, record: StageRecord) -> None: ...


@dataclass(frozen=True)
class Outcome:
    """A roll and, where it got that far, what publishing it said."""

    roll: Roll
    error: SyncError | None = None
    published: Published | None = None


def verdict_of(exit: Exit) -> Verdict:
    """The verdict that goes with an exit status."""
    return {
        Exit.OK: Verdict.PASSED,
        Exit.USAGE: Verdict.BAD_INPUT,
        Exit.BAD_INPUT: Verdict.BAD_INPUT,
    }.get(exit) or Verdict[exit.name]


def roll(port: Port, order: Order, progress: Progress) -> Outcome:
    """Run the stages up to `order.until`, taking from the journal what still holds.

    Whatever happens, the status document and the report say how far it got.

    Raises:
        SyncError: (HELD) another roll holds the port; (USAGE) no such stage or target.
    """
    make_target(order.target, exact=True, bootrom=order.bootrom)
    if order.until not in STAGES:
        raise SyncError(
            f"there is no stage {order.until!r}",
            hint=f"The stages are {', '.join(STAGES)}.",
            exit=Exit.USAGE,
        )
    journal = Journal(port.state)
    with journal.held():
        return _Run(port, order, progress, journal).all()


class _Run:
    """One roll under way: what it has found, and the record of each stage."""

    def __init__(self, port: Port, order: Order, progress: Progress, journal: Journal) -> None:
        self.port, self.order, self.progress, self.journal = port, order, progress, journal
        self.lock = load_lock(port.lock_file)
        self.found: dict[str, Any] = {}
        self.records: list[StageRecord] = []
        self.sources: dict[str, Source] = sources(port, order.mirrors, order.cache)

    # ---- the line

    def all(self) -> Outcome:
        error: SyncError | None = None
        published: Published | None = None
        try:
            line = (self.resolve, self.rebase, self.tree, self.build, self.test, self.bench)
            for stage in line[: STAGES.index(self.order.until) + 1]:
                stage()
        except SyncError as caught:
            error = caught
        except KeyboardInterrupt:
            self._state("interrupted", stage=STAGES[len(self.records)])
            raise
        roll = self._roll(error)
        try:
            if self._wanted("report"):
                roll = self._report(roll)
            if error is None and self._wanted("publish"):
                roll, published = self._publish(roll)
        except SyncError as caught:
            error = error or caught
            roll = self._roll(error)
        self.journal.store("roll", "", 0.0, roll)
        self._state("ended", verdict=roll.verdict)
        return Outcome(roll, error, published)

    def _wanted(self, stage: str) -> bool:
        return STAGES.index(stage) <= STAGES.index(self.order.until)

    def _roll(self, error: SyncError | None) -> Roll:
        verdict, message, hint = Verdict.PASSED, "", ""
        benches = self.found.get("benches")
        if error:
            verdict, message, hint = verdict_of(error.exit), error.message, error.hint
        elif benches and not _all_checked(benches):
            verdict = Verdict.NOT_CHECKED
        elif all(r.cached for r in self.records if r.name != "resolve") and len(self.records) > 1:
            verdict = Verdict.UP_TO_DATE
        return Roll(
            port=self.port.name,
            verdict=verdict,
            stages=self._records(),
            message=message,
            hint=hint,
            accepted=dict(self.lock.commits),
            **self.found,
        )

    def _stage(
        self,
        name: str,
        kind: type[T],
        make: Callable[[], T],
        *,
        result: str,
        key: Callable[[], str] | None = None,
        holds: Callable[[T], bool] = lambda _: True,
        check: Callable[[T], None] = lambda _: None,
        verdict: Callable[[T], Verdict] = lambda _: Verdict.PASSED,
    ) -> T:
        """Run one stage, or take its result from the journal where the key is the same and what
        the result speaks of is still there (`holds`). `check` raises if the result is a failure;
        the result is kept all the same, for the report."""
        self.progress.begin(name)
        self._state("running", stage=name)
        started = time.monotonic()
        cached = False
        try:
            digest = key() if key else ""
            kept = self.journal.find(name, digest, kind) if digest else None
            if kept and holds(kept[0]):
                value, seconds, cached = kept[0], kept[1], True
            else:
                value = make()
                seconds = time.monotonic() - started
                if digest:
                    self.journal.store(name, digest, seconds, value)
            self.found[result] = value
            check(value)
        except SyncError as error:
            seconds = time.monotonic() - started
            self._record(name, verdict_of(error.exit), seconds, cached, error.message)
            raise
        self._record(name, verdict(value), seconds, cached)
        return value

    def _record(
        self, name: str, verdict: Verdict, seconds: float, cached: bool, message: str = ""
    ) -> None:
        self.records.append(StageRecord(name, verdict, round(seconds, 3), cached, message))
        self.progress.end(self.records[-1])

    def _state(self, doing: str, **more: object) -> None:
        self.journal.write_state(doing=doing, upstream=self.order.upstream, **more)

    # ---- the stages

    def resolve(self) -> None:
        self._stage(
            "resolve",
            Resolved,
            self._resolve,
            result="resolved",
        )

    def _resolve(self) -> Resolved:
        resolved = resolve(self.port, self.lock, self.sources, self.order.upstream)
        # The last moment a network is needed: from here on every stage reads the clones alone.
        needed = stages.blobs_for_rebase(self.port, resolved, self.lock, self._repositories())
        for name, ids in needed.items():
            self._repositories()[name].fetch_missing(self.sources[name].place, ids)
        return resolved

    def rebase(self) -> None:
        toml, resolved = self.port.toml, self.found["resolved"]
        key = key_of(
            _code(),
            {pin.name: (pin.commit, pin.tree) for pin in resolved.pins},
            self.lock.commits,
            asdict(toml.patches),
            _digests(self.port, [toml.patches.folder]),
            [asdict(item) for item in toml.override],
            _digests(self.port, [item.source for item in toml.override]),
        )
        self._stage(
            "rebase",
            Rebased,
            lambda: stages.rebase(self.port, resolved, self.lock, self._repositories()),
            result="rebased",
            key=lambda: key,
            holds=lambda r: all(self._repositories()[n].has(t) for n, t in r.trees.items()),
            check=lambda r: stages.check_rebase(self.port, r, self._repositories()),
        )

    def tree(self) -> None:
        toml, rebased = self.port.toml, self.found["rebased"]
        own = [item.from_ for item in (*toml.tree.own, *toml.tree.template)]
        key = key_of(
            _code(),
            rebased.trees,
            {pin.name: (pin.commit, pin.written) for pin in self.found["resolved"].pins},
            asdict(toml),
            _digests(self.port, own),
        )
        self._stage(
            "tree",
            TreeResult,
            lambda: generate(
                self.port,
                self.found["resolved"],
                rebased,
                self._repositories(),
                self.port.state,
            ),
            result="tree",
            key=lambda: key,
            holds=lambda r: tree_digest(Path(r.path)) == r.digest,
        )

    def build(self) -> None:
        toml = self.port.toml
        toolset = cache(lambda: find_toolset(toml.build))
        self._stage(
            "build",
            BuildResult,
            lambda: build_tree(
                self.port,
                toolset(),
                Path(self.found["tree"].path),
                self.port.state / "build",
                self.progress.step,
            ),
            result="build",
            key=lambda: key_of(
                _code(),
                self.found["tree"].digest,
                asdict(toml.build),
                toolset().tools,
                toml.firmware,
            ),
            holds=lambda r: all(file_digest(Path(f.elf)) == f.sha256 for f in r.firmware),
        )

    def test(self) -> None:
        self._stage(
            "test",
            TestsResult,
            lambda: stages.test(
                self.port,
                self.found["build"],
                lambda: self._target(exact=False),
                self.progress.note,
            ),
            result="tests",
            key=lambda: key_of(_code(), *self._programs("test"), asdict(self.port.toml.budget)),
            check=stages.check_tests,
        )

    def bench(self) -> None:
        toml = self.port.toml
        key = key_of(
            _code(),
            *self._programs("benchmark", "check", "example"),
            [asdict(spec) for spec in toml.benchmark],
            asdict(toml.budget),
            asdict(toml.gates),
            self.lock.figures,
            self.lock.tools,
            self.found["build"].tools,
            self.found["rebased"].trees[toml.upstream.name],
            _version("tflite-micro"),
        )
        self._stage(
            "bench",
            BenchesResult,
            lambda: stages.bench(
                self.port,
                self.found["build"],
                self._upstream_file,
                self.lock,
                self._target(exact=True),
                self.progress.note,
            ),
            result="benches",
            key=lambda: key,
            # What TFLM on the host could not say this time, it may say the next.
            holds=_all_checked,
            verdict=lambda r: Verdict.PASSED if _all_checked(r) else Verdict.NOT_CHECKED,
            check=lambda r: stages.check_benches(r, self.lock),
        )

    # ---- what is said of it

    def _report(self, roll: Roll) -> Roll:
        self.progress.begin("report")
        started = time.monotonic()
        self._write_report(roll)
        self._record("report", Verdict.PASSED, time.monotonic() - started, False)
        return replace(roll, stages=self._records())

    def _publish(self, roll: Roll) -> tuple[Roll, Published]:
        self.progress.begin("publish")
        started = time.monotonic()
        document = status.status_document(roll)
        lock = stages.next_lock(
            self.found["resolved"],
            self.found["rebased"],
            self.found["build"],
            self.found["benches"],
        )
        proposal = Proposal(
            branch=self.port.toml.publish.branch,
            title=render.title(document),
            body=render.markdown(document),
            files=stages.changed_files(self.port, self.found["rebased"], lock),
        )
        if proposal.files:
            published = DryRun(self.port.state / "publish").publish(proposal)
        else:
            published = Published("unchanged", None, "Nothing to propose: all this is accepted.")
        self._record("publish", Verdict.PASSED, time.monotonic() - started, False)
        roll = replace(roll, stages=self._records())
        self._write_report(roll)
        return roll, published

    def _records(self) -> tuple[StageRecord, ...]:
        """Every stage in order, those that were not reached too."""
        done = {record.name: record for record in self.records}
        return tuple(done.get(name) or StageRecord(name, Verdict.NOT_RUN) for name in STAGES)

    def _write_report(self, roll: Roll) -> None:
        document = status.status_document(roll)
        write_whole(self.port.state / "status.json", status.dumps(document).encode())
        write_whole(self.port.state / "report.md", render.markdown(document).encode())

    # ---- what the stages need

    def _repositories(self) -> dict[str, Repository]:
        return {name: repository(source) for name, source in self.sources.items()}

    def _target(self, *, exact: bool) -> Target:
        return make_target(self.order.target, exact=exact, bootrom=self.order.bootrom)

    def _programs(self, *kinds: str) -> tuple[object, ...]:
        programs = {
            (f.name, f.board): f.sha256 for f in self.found["build"].firmware if f.kind in kinds
        }
        bootrom = file_digest(self.order.bootrom) if self.order.bootrom else ""
        return sorted(programs.items()), self.order.target, bootrom

    def _upstream_file(self, path: str) -> bytes:
        name = self.port.toml.upstream.name
        repo = self._repositories()[name]
        for entry in repo.ls_tree(self.found["rebased"].trees[name]):
            if entry.path == path:
                return repo.blob(entry.id)
        raise SyncError(f"upstream has no {path}", hint="Follow it in port.toml, benchmark.")


def _all_checked(benches: BenchesResult) -> bool:
    """Whether every model's outputs were compared with TFLM's on the host."""
    return all(bench.outputs is not Verdict.NOT_CHECKED for bench in benches.results)


def make_target(name: str, *, exact: bool, bootrom: Path | None = None) -> Target:
    """The target that `--target` names.

    Raises:
        SyncError: (USAGE) there is none of that name; or there is no such boot ROM.
    """
    if bootrom and not bootrom.is_file():
        raise SyncError(f"there is no boot ROM {bootrom}")
    if name != "emulator":
        raise SyncError(
            f"there is no target {name!r}", hint="The targets are: emulator.", exit=Exit.USAGE
        )
    return EmulatorTarget(exact=exact, bootrom=bootrom)


@cache
def _code() -> str:
    """A digest of this program, so that a stored result of other code is never taken."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    suffixes = {".py", ".c", ".h", ".jinja", ".json"}
    for path in sorted(p for p in folder.rglob("*") if p.suffix in suffixes and p.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _digests(port: Port, paths: list[str]) -> dict[str, str]:
    """SHA-256 of each file, those below folders included, by path."""
    found: dict[str, str] = {}
    for name in paths:
        path = port.at(name)
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        found |= {str(f.relative_to(port.root)): file_digest(f) for f in files if f.is_file()}
    return found
