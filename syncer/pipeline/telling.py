"""The last stages of a roll: what it writes for people, and leaves for whoever publishes it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cached_property
from typing import Any

from syncer import stages
from syncer.durable import write_whole
from syncer.errors import SyncError
from syncer.files import file_digest
from syncer.forge.dryrun import DryRun
from syncer.forge.protocol import Forge, Published
from syncer.journal import Left, Settled, key_of
from syncer.model import Proposal, Roll, Verdict
from syncer.pipeline.inputs import code_digest
from syncer.pipeline.leaving import leave, leave_for_acceptance
from syncer.pipeline.steps import Steps
from syncer.report import history, render, status
from syncer.report.page import page

_PROPOSAL = "publish"  # below a port's state
_LEFT = ("report.md", "report.html", _PROPOSAL, stages.BUNDLES)


class Telling(Steps):
    """The stages of a roll, with those that tell what was found.

    A roll that found nothing to do would write the very same once more, but for the stages' times,
    and those are in the status document. So the report, the proposal and the bundles of the roll
    before stay as they are, where they are known to be just what this one would write.
    """

    standing: Left | None = None  # they are; known once the report is begun

    def report(self, error: SyncError | None) -> None:
        with self.recorder.stage("report"):
            roll = self.so_far(error)
            if roll.verdict is Verdict.UP_TO_DATE:
                self.standing = self._standing()
            if not self.standing:
                stages.discard(self.port)
                self._write_report(roll)

    def publish(self) -> None:
        with self.recorder.stage("publish"):
            self.published = self.standing.published if self.standing else self._propose()

    def _propose(self) -> Published:
        document = status.proposing(status.status_document(self.so_far()))
        found = (self.found[name] for name in ("resolved", "rebased", "build", "tests", "benches"))
        lock = stages.next_lock(self.lock, *found)
        proposal = Proposal(
            branch=self.port.toml.publish.branch,
            title=render.title(document),
            body=render.markdown(document),
            files=stages.changed_files(self.port, self.found["rebased"], self.found["build"], lock),
        )
        leave(self.port, self.found, self.repositories, proposal.files)
        forge: Forge = DryRun(self.port.state / _PROPOSAL)
        nothing = Published("unchanged", None, "Nothing to propose: all this is accepted.")
        return forge.publish(proposal) if proposal.files else nothing

    def offer(self) -> None:
        """Of a roll that ended at the gate: what a person may let through."""
        leave_for_acceptance(self.port, self.found, self.repositories, self.lock)

    def _write_report(self, roll: Roll) -> None:
        document = status.status_document(roll)
        write_whole(self.port.state / "status.json", status.dumps(document).encode())
        if self.standing and roll.verdict is Verdict.UP_TO_DATE:
            return
        document = status.proposing(document)
        write_whole(self.port.state / "report.md", render.markdown(document).encode())
        if found := history.entry_of(document):
            history.store(self.port.state / history.FOLDER, found)
        earlier = self._history()
        drawn = history.charts(earlier) if len(earlier) > 1 else ()
        write_whole(self.port.state / "report.html", page(document, drawn).encode())

    def _history(self) -> tuple[history.Entry, ...]:
        branch = self.port.toml.publish.history or history.BRANCH
        folder = self.port.state / history.FOLDER
        return history.load(folder, self.port.root, branch, self.port.name)

    def settle(self, roll: Roll) -> None:
        """Keep what a roll was made of and what it wrote, so that it need not be written again."""
        if self.standing or not self.published:
            return
        journal, left = self.recorder.journal, Left(self._key, self._files(), self.published)
        if roll.verdict is Verdict.PASSED:
            journal.settle(Settled(self.begun.id, self.recorder.keys, left))
        elif roll.verdict is Verdict.UP_TO_DATE and (settled := journal.settled()):
            journal.settle(replace(settled, left=left))

    # ---- what was written before

    def _standing(self) -> Left | None:
        """What the roll before wrote, if this one would write just that, and it is there."""
        settled = self.recorder.journal.settled()
        left = settled.left if settled else None
        return left if left and left.key == self._key and left.files == self._files() else None

    @cached_property
    def _key(self) -> str:
        """The key of all that is written of a roll that passed: its findings, the port's files as
        they go into a bundle, the rolls before it as they go into a chart."""
        document: dict[str, Any] = status.status_document(self.so_far())
        own = {
            path: (mode, hashlib.sha256(data).hexdigest())
            for path, (mode, data) in stages.port_files(self.port).items()
        }
        of_this_run = {"verdict", "exit", "stages"}
        said = {name: value for name, value in document.items() if name not in of_this_run}
        return key_of(code_digest(), said, own, self._history())

    def _files(self) -> dict[str, str]:
        """The SHA-256 of every file there is of what a roll writes, but for its status document."""
        places = [self.port.state / name for name in _LEFT]
        files = [file for place in places for file in (place, *place.rglob("*")) if file.is_file()]
        return {file.relative_to(self.port.state).as_posix(): file_digest(file) for file in files}
