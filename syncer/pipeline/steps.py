"""The stages of a roll: what each is made of, what its key is, when it has failed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from syncer import clones, foreign, stages
from syncer.build.left import distrust, is_built
from syncer.build.tools import Toolset, find_toolset
from syncer.components import (
    Source,
    chosen,
    fetch_those_there,
    find_commit,
    is_whole,
    repository,
    resolve,
    sound,
    sources,
)
from syncer.durable import sync_disk
from syncer.errors import SyncError
from syncer.files import file_digest
from syncer.forge.protocol import Published
from syncer.git import Repository
from syncer.journal import Begun, key_of, new_roll
from syncer.lock import Lock, load_lock
from syncer.model import (
    BenchesResult,
    BuildResult,
    Rebased,
    Resolved,
    Roll,
    StageRecord,
    TestsResult,
    TreeResult,
    Verdict,
)
from syncer.pipeline.inputs import code_digest, file_digests, package_version
from syncer.pipeline.order import STAGES, Order, make_target, target_names
from syncer.pipeline.recorder import Recorder, verdict_of
from syncer.port import Port
from syncer.targets import Target
from syncer.tree.digest import tree_digest

CACHED = STAGES[1:6]  # those that find something out, of which the journal keeps what


class Steps:
    """The stages of one roll, each a method that adds to what is `found`: the fields of a Roll.

    Args:
        begun: the roll as it stands in the journal; None: a new one. Where it has been resolved
            already, it goes on from the commit that was found then.
    """

    def __init__(
        self, port: Port, order: Order, recorder: Recorder, begun: Begun | None = None
    ) -> None:
        self.port, self.order, self.recorder = port, order, recorder
        self.begun = begun or new_roll(order)
        self._holding = ExitStack()
        self.lock = load_lock(port.lock_file)
        if port.bare:  # all else in it is of what a bare roll leaves out
            self.lock = Lock(commits=self.lock.commits)
        self.sources: dict[str, Source] = sources(port, order.mirrors, order.cache)
        self.found: dict[str, Any] = {}
        self._there: dict[str, str] = {}  # trees that were found in the clones
        self.published: Published | None = None

    def _note(self, **more: Any) -> None:
        self.begun = replace(self.begun, **more)
        self.recorder.journal.write_begun(self.begun)

    def so_far(self, error: SyncError | None = None) -> Roll:
        """The roll as far as it has come, and how it ended where there is an `error`."""
        records = {record.name: record for record in self.recorder.records}
        verdict, message, hint, detail = Verdict.PASSED, "", "", ""
        if error:
            verdict, detail = verdict_of(error.exit), error.detail
            message, hint = error.message, error.hint
        elif "bench" in records and records["bench"].verdict is Verdict.NOT_CHECKED:
            verdict = Verdict.NOT_CHECKED
        elif len(records) > 1 and self._is_settled():
            verdict = Verdict.UP_TO_DATE
        return Roll(
            port=self.port.name,
            verdict=verdict,
            stages=tuple(
                records.get(name) or StageRecord(name, Verdict.NOT_RUN) for name in STAGES
            ),
            message=message,
            hint=hint,
            accepted=dict(self.lock.commits),
            bare=self.port.bare,
            detail=detail,
            newest_good=self.order.newest_good,
            **self.found,
        )

    def _is_settled(self) -> bool:
        """Whether an earlier roll was made of the very same and ended well."""
        settled, keys = self.recorder.journal.settled(), self.recorder.keys
        if settled is None or settled.roll == self.begun.id:
            return False
        return all(keys[name] == settled.keys.get(name) for name in CACHED if name in keys)

    # ---- the stages

    def resolve(self) -> None:
        toml, note = self.port.toml, self.recorder.progress.note
        with self.recorder.stage("resolve") as course, sound(self.sources):
            every = (s for source in self.sources.values() for s in (source, *source.others))
            places = [source.clone for source in every]
            self._holding.enter_context(clones.in_use(places[0].parent))
            with clones.to_change(places, note):
                commit = self.begun.commit
                commit = commit or find_commit(self.port, self.sources, self.order.upstream)
                resolved = self.found["resolved"] = self.recorder.kept(
                    course,
                    Resolved,
                    key_of(
                        code_digest(),
                        commit,
                        asdict(toml.upstream),
                        [asdict(item) for item in toml.component],
                        toml.tree.makefile,
                        self.lock.commits,
                        self.order.pins,
                    ),
                    lambda: resolve(self.port, self.lock, self.sources, commit, self.order.pins),
                    holds=lambda r: is_whole(self.port, chosen(self.sources, r), r),
                )
                self.sources = chosen(self.sources, resolved)
                if self.begun.commit != commit:
                    self._note(commit=commit)
                    course.kept_seconds = None  # upstream was asked, and that took what it took
                stages.check_folders(self.port, resolved)
                kept = self.recorder.journal.find("rebase", self._rebase_key(), Rebased)
                if kept and self._has_trees(kept[0]):
                    return
                # The last moment a network is needed: from here on only the clones are read.
                needed = stages.blobs_for_rebase(self.port, resolved, self.lock, self.repositories)
                for name, ids in needed.items():
                    fetch_those_there(self.sources[name], ids)

    def _rebase_key(self) -> str:
        toml = self.port.toml
        return key_of(
            code_digest(),
            {pin.name: (pin.commit, pin.tree) for pin in self.found["resolved"].pins},
            self.lock.commits,
            self.lock.carried,
            asdict(toml.patches),
            file_digests(self.port, [toml.patches.folder]),
            {name: text.hex() for name, text in stages.pending_texts(self.port).items()},
            sorted(self.begun.skipped),
            [asdict(item) for item in toml.override],
            file_digests(self.port, [item.source for item in toml.override]),
        )

    def _has_trees(self, rebased: Rebased) -> bool:
        if self._there != rebased.trees:  # else it was asked before
            with ThreadPoolExecutor() as pool:
                has = pool.map(lambda t: self.repositories[t[0]].has(t[1]), rebased.trees.items())
                self._there = rebased.trees if all(has) else {}
        return self._there == rebased.trees

    def rebase(self) -> None:
        with self.recorder.stage("rebase") as course, sound(self.sources):
            rebased = self.found["rebased"] = self.recorder.kept(
                course,
                Rebased,
                self._rebase_key(),
                self._rebased,
                holds=self._has_trees,
            )
            stages.check_carried(self.port, rebased)
            stages.check_rebase(self.port, rebased, self._since(), self.begun.skipped)

    def tree(self) -> None:
        toml, resolved = self.port.toml, self.found["resolved"]
        with (
            self.recorder.stage("tree") as course,
            sound(self.sources),
            stages.blamed(self._since()),
        ):
            own = [item.from_ for item in (*toml.tree.own, *toml.tree.template)]
            key = key_of(
                code_digest(),
                self.found["rebased"].trees,
                {pin.name: (pin.commit, pin.tree, pin.written) for pin in resolved.pins},
                asdict(toml),
                file_digests(self.port, own),
            )
            self.found["tree"] = self.recorder.kept(
                course,
                TreeResult,
                key,
                self._generated,
                holds=lambda r: self._confined(r) and tree_digest(Path(r.path)) == r.digest,
            )
            stages.check_exceptions(self.port, self.found["tree"], self.lock)

    def build(self) -> None:
        toml, tree = self.port.toml, self.found["tree"]
        resolved, rebased = self.found["resolved"], self.found["rebased"]
        folder = self.port.state / "build"
        blamed = stages.blamed(self._since(), tree=Path(tree.path), log=folder / "build.log")
        with self.recorder.stage("build") as course, blamed:
            toolset = find_toolset(toml.build)
            key = key_of(
                code_digest(),
                tree.digest,
                asdict(toml.build),
                toolset.tools,
                tree.programs,
                # What the port changes, and where to look for it.
                rebased.trees,
                {pin.name: pin.tree for pin in resolved.pins},
                [(item.component, item.file, item.paths) for item in rebased.patches],
                [asdict(item) for item in toml.override],
            )
            built = self.found["build"] = self.recorder.kept(
                course,
                BuildResult,
                key,
                lambda: self._built(toolset, folder),
                holds=lambda r: (
                    self._confined(r)
                    # A test that did not build may have lacked something of this machine's.
                    and not stages.unexcepted(self.port, r)
                    and self._still_built(r, folder)
                ),
            )
            stages.check_effects(self.port, built)
            stages.check_build(self.port, built, tree.programs)

    def test(self) -> None:
        built, note = self.found["build"], self.recorder.progress.note
        with self.recorder.stage("test") as course:
            programs = self.found["tree"].programs
            ran = self.recorder.kept(
                course,
                TestsResult,
                key_of(
                    code_digest(),
                    *self._programs("test", "example"),
                    programs,
                    built.unbuilt,
                    asdict(self.port.toml.budget),
                    self.port.toml.firmware,
                ),
                lambda: stages.test(
                    self.port, built, programs, lambda: self._target(exact=False), note
                ),
            )
            tests = self.found["tests"] = stages.judge_tests(self.port, ran, self.lock)
            stages.check_tests(tests)

    def bench(self) -> None:
        toml, built = self.port.toml, self.found["build"]
        with self.recorder.stage("bench") as course:
            key = key_of(
                code_digest(),
                *self._programs("benchmark", "check", "example"),
                [asdict(spec) for spec in toml.benchmark],
                asdict(toml.budget),
                asdict(toml.gates),
                self.lock.figures,
                self.lock.anchored,
                self.lock.kernels,
                self.lock.tools,
                file_digest(self.port.sizes_file),
                built.tools,
                built.effects,
                self.found["rebased"].trees[toml.upstream.name],
                package_version("tflite-micro"),
            )
            benches = self.found["benches"] = self.recorder.kept(
                course,
                BenchesResult,
                key,
                self._measured,
                # What TFLM on the host could not say this time, it may say the next.
                holds=lambda r: self._confined(r) and _all_checked(r),
            )
            if not _all_checked(benches):
                course.verdict = Verdict.NOT_CHECKED
            stages.check_benches(benches, self.lock, self.found["rebased"])

    # ---- what the stages need

    def _rebased(self) -> Rebased:
        rebased = stages.rebase(
            *(self.port, self.found["resolved"], self.lock, self.repositories), self.begun.skipped
        )
        # git leaves it to the system when single objects reach the disk.
        sync_disk(next(iter(self.sources.values())).clone.parent)
        return rebased

    def _generated(self) -> TreeResult:
        from syncer.stages.generation import tree

        made_of = (self.found["resolved"], self.found["rebased"], self.repositories)
        return tree(self.port, *made_of, self.port.state, self._sandbox())

    def _built(self, toolset: Toolset, folder: Path) -> BuildResult:
        from syncer.stages.building import build

        found, step = self.found, self.recorder.progress.step
        made_of = (found["resolved"], found["rebased"], found["tree"], self.repositories)
        return build(self.port, toolset, *made_of, folder, step, self._sandbox())

    def _measured(self) -> BenchesResult:
        from syncer.stages.firmware import bench

        tree, note = Path(self.found["tree"].path), self.recorder.progress.note
        made_of = (self.found["build"], tree, self._upstream_file, self.lock)
        target, beside = self._target(exact=True), self._beside()
        return bench(self.port, *made_of, target, note, self._sandbox(), beside)

    def _still_built(self, built: BuildResult, folder: Path) -> bool:
        if is_built(built) and Path(built.sizes).is_file():
            return True
        # What was built of the very same is no more as it was: none of it can be trusted.
        distrust(folder)
        return False

    @cached_property
    def repositories(self) -> dict[str, Repository]:
        return {name: repository(source) for name, source in self.sources.items()}

    def _since(self) -> stages.Since:
        return stages.Since(self.port, self.found["resolved"], self.lock, self.repositories)

    def _target(self, *, exact: bool) -> Target:
        name = target_names(self.order.target)[0]
        return make_target(name, self.port, exact=exact, bootrom=self.order.bootrom)

    def _beside(self) -> Target | None:
        names = target_names(self.order.target)[1:]
        return make_target(names[0], self.port, exact=True) if names else None

    def _sandbox(self) -> foreign.Sandbox:
        return foreign.choose(self.order.sandbox)

    def _confined(self, result: TreeResult | BuildResult | BenchesResult) -> bool:
        """Whether a stored result was come by under the protection that is asked for now; what is
        required has to be possible here, though nothing need be run."""
        if self.order.sandbox != "required":
            return True
        self._sandbox()
        return result.protection is not None and result.protection.whole

    def _programs(self, *kinds: str) -> tuple[object, ...]:
        programs = {
            (f.name, f.board): f.sha256 for f in self.found["build"].firmware if f.kind in kinds
        }
        bootrom = file_digest(self.order.bootrom) if self.order.bootrom else ""
        return sorted(programs.items()), self.order.target, bootrom

    def _upstream_file(self, path: str) -> bytes:
        name = self.port.toml.upstream.name
        repo = self.repositories[name]
        for entry in repo.ls_tree(self.found["rebased"].trees[name]):
            if entry.path == path:
                return repo.blob(entry.id)
        raise SyncError(f"upstream has no {path}", hint="Follow it in port.toml, benchmark.")


def _all_checked(benches: BenchesResult) -> bool:
    """Whether every model's outputs were compared with TFLM's on the host."""
    return all(bench.outputs is not Verdict.NOT_CHECKED for bench in benches.results)
